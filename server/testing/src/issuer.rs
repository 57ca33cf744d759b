//! An OpenID provider that signs whatever a test wants, so also what no real one would.

use crate::clock::START;
use axum::{
    Form, Json, Router,
    http::{HeaderMap, StatusCode, header},
    response::IntoResponse,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use time::OffsetDateTime;
use tokio::net::TcpListener;

/// Keys for tests and nothing else.
pub const RSA: SigningKey = SigningKey { id: "rsa", algorithm: Algorithm::RS256, der: include_bytes!("keys/rsa1.der") };
pub const OTHER_RSA: SigningKey = SigningKey { id: "other", algorithm: Algorithm::RS256, der: include_bytes!("keys/rsa2.der") };
pub const EC: SigningKey = SigningKey { id: "ec", algorithm: Algorithm::ES256, der: include_bytes!("keys/ec.der") };
pub const ED: SigningKey = SigningKey { id: "ed", algorithm: Algorithm::EdDSA, der: include_bytes!("keys/ed.der") };

#[derive(Clone, Copy)]
pub struct SigningKey {
    pub id: &'static str,
    pub algorithm: Algorithm,
    der: &'static [u8],
}

impl SigningKey {
    fn encoding(&self) -> EncodingKey {
        match self.algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_der(self.der),
            Algorithm::ES256 => EncodingKey::from_ec_der(self.der),
            _ => EncodingKey::from_ed_der(self.der),
        }
    }

    /// As a provider publishes it.
    pub fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.encoding(), self.algorithm).expect("a provider for tests");
        jwk.common.key_id = Some(self.id.to_owned());
        serde_json::to_value(jwk).expect("a provider for tests")
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) };
        self.sign_with(&header, claims)
    }

    pub fn sign_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.encoding()).expect("a provider for tests")
    }
}

#[derive(Clone)]
struct Instead(StatusCode, String);

impl Instead {
    fn answer(self) -> axum::response::Response {
        (self.0, [(header::CONTENT_TYPE, "application/json")], self.1).into_response()
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A provider on loopback.
#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    keys: Arc<Mutex<Vec<Value>>>,
    /// What it answers instead of its metadata.
    instead: Arc<Mutex<Option<Instead>>>,
    fetches: Arc<AtomicUsize>,
    /// The forms that its token and introspection endpoints were sent.
    asked: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    /// What the token endpoint gives; a signed token of the client without.
    token: Arc<Mutex<Option<String>>>,
    /// Tokens that are active, and what they say.
    active: Arc<Mutex<BTreeMap<String, Value>>>,
}

/// The clients of every such provider, with their secrets; and a person, with a password.
pub const CLIENTS: [(&str, &str); 3] = [("ada", "ada's secret: +/%"), ("bob", "bob's secret"), ("gateway", "gateway's secret")];
pub const PERSON: (&str, &str) = ("grace", "grace's password: ü");

impl Issuer {
    pub async fn start(keys: &[SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a provider for tests");
        let issuer = Self {
            url: format!("http://{}", listener.local_addr().expect("a provider for tests")),
            keys: Arc::default(),
            instead: Arc::default(),
            fetches: Arc::default(),
            asked: Arc::default(),
            token: Arc::default(),
            active: Arc::default(),
        };
        issuer.publish(keys.iter().map(SigningKey::public).collect());
        let (metadata, published, tokens, introspection) = (issuer.clone(), issuer.clone(), issuer.clone(), issuer.clone());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async move { metadata.metadata() }))
            .route("/keys", get(|| async move { published.answer_keys() }))
            .route("/token", post(|headers, form| async move { tokens.answer_token(&headers, form) }))
            .route("/introspection", post(|headers, form| async move { introspection.answer_introspection(&headers, form) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// What it answers when it is asked for its metadata, from now on.
    pub fn answer(&self, status: StatusCode, body: &str) {
        *lock(&self.instead) = Some(Instead(status, body.to_owned()));
    }

    /// Replaces the published keys.
    pub fn publish(&self, keys: Vec<Value>) {
        *lock(&self.keys) = keys;
    }

    pub fn go(&self, down: bool) {
        let instead = down.then(|| Instead(StatusCode::SERVICE_UNAVAILABLE, "down for maintenance".to_owned()));
        *lock(&self.instead) = instead;
    }

    /// What its token and introspection endpoints were asked.
    pub fn asked(&self) -> Vec<BTreeMap<String, String>> {
        lock(&self.asked).clone()
    }

    /// Gives this token from now on, whoever asks.
    pub fn give(&self, token: &str) {
        *lock(&self.token) = Some(token.to_owned());
    }

    /// Says so much of a token when it is asked about it.
    pub fn activate(&self, token: &str, claims: Value) {
        lock(&self.active).insert(token.to_owned(), claims);
    }

    /// Takes a token back.
    pub fn deactivate(&self, token: &str) {
        lock(&self.active).remove(token);
    }

    /// The client that a request proves to be (RFC 6749, section 2.3.1).
    fn client(headers: &HeaderMap) -> Option<String> {
        let login = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
        let login = String::from_utf8(STANDARD.decode(login).ok()?).ok()?;
        let (id, secret) = login.split_once(':')?;
        let decoded = |text: &str| form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next();
        let (id, secret) = (decoded(id)?, decoded(secret)?);
        CLIENTS.contains(&(id.as_str(), secret.as_str())).then_some(id)
    }

    fn answer_token(&self, headers: &HeaderMap, Form(form): Form<BTreeMap<String, String>>) -> axum::response::Response {
        lock(&self.asked).push(form.clone());
        if let Some(instead) = lock(&self.instead).clone() {
            return instead.answer();
        }
        let refused = |status: StatusCode, error: &str| (status, Json(json!({ "error": error }))).into_response();
        let Some(client) = Self::client(headers) else { return refused(StatusCode::UNAUTHORIZED, "invalid_client") };
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let known: HashSet<&str> = HashSet::from(["grant_type", "scope", "audience", "username", "password"]);
        match field("grant_type") {
            _ if !form.keys().all(|name| known.contains(name.as_str())) => {
                return refused(StatusCode::BAD_REQUEST, "invalid_request");
            }
            "client_credentials" => {}
            "password" if (field("username"), field("password")) == PERSON => {}
            "password" => return refused(StatusCode::BAD_REQUEST, "invalid_grant"),
            _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        }
        let signed = || RSA.sign(&self.claims(&client, START));
        let token = lock(&self.token).clone().unwrap_or_else(signed);
        Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 })).into_response()
    }

    fn answer_introspection(&self, headers: &HeaderMap, Form(form): Form<BTreeMap<String, String>>) -> axum::response::Response {
        lock(&self.asked).push(form.clone());
        if let Some(instead) = lock(&self.instead).clone() {
            return instead.answer();
        }
        if Self::client(headers).is_none() {
            return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
        }
        let token = form.get("token").cloned().unwrap_or_default();
        let said = lock(&self.active).get(&token).cloned().unwrap_or_else(|| json!({ "active": false }));
        Json(said).into_response()
    }

    /// How often it was asked for its metadata.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn metadata(&self) -> axum::response::Response {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if let Some(instead) = lock(&self.instead).clone() {
            return instead.answer();
        }
        Json(json!({
            "issuer": self.url,
            "authorization_endpoint": format!("{}/authorize", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "introspection_endpoint": format!("{}/introspection", self.url),
            "jwks_uri": format!("{}/keys", self.url),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }))
        .into_response()
    }

    fn answer_keys(&self) -> axum::response::Response {
        Json(json!({ "keys": *lock(&self.keys) })).into_response()
    }

    /// What a good token of a client says.
    pub fn claims(&self, client_id: &str, now: OffsetDateTime) -> Value {
        json!({
            "iss": self.url,
            "client_id": client_id,
            "aud": ["https://api.example.com", "other"],
            "nbf": now.unix_timestamp() - 60,
            "exp": now.unix_timestamp() + 600,
        })
    }
}
