//! An OpenID provider that signs whatever a test wants, so also what no real one would.

use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::get};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
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

/// A provider on loopback.
#[derive(Clone)]
pub struct Issuer {
    pub url: String,
    keys: Arc<Mutex<Vec<Value>>>,
    /// What it answers instead of its metadata.
    instead: Arc<Mutex<Option<(StatusCode, String)>>>,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    pub async fn start(keys: &[SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a provider for tests");
        let issuer = Self {
            url: format!("http://{}", listener.local_addr().expect("a provider for tests")),
            keys: Arc::default(),
            instead: Arc::default(),
            fetches: Arc::default(),
        };
        issuer.publish(keys.iter().map(SigningKey::public).collect());
        let (metadata, published) = (issuer.clone(), issuer.clone());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async move { metadata.metadata() }))
            .route("/keys", get(|| async move { published.answer_keys() }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        issuer
    }

    /// What it answers when it is asked for its metadata, from now on.
    pub fn answer(&self, status: StatusCode, body: &str) {
        *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = Some((status, body.to_owned()));
    }

    /// Replaces the published keys.
    pub fn publish(&self, keys: Vec<Value>) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    pub fn go(&self, down: bool) {
        let instead = down.then(|| (StatusCode::SERVICE_UNAVAILABLE, "down for maintenance".to_owned()));
        *self.instead.lock().unwrap_or_else(PoisonError::into_inner) = instead;
    }

    /// How often it was asked for its metadata.
    pub fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    fn metadata(&self) -> axum::response::Response {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        if let Some(instead) = self.instead.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return instead.into_response();
        }
        Json(json!({
            "issuer": self.url,
            "authorization_endpoint": format!("{}/authorize", self.url),
            "token_endpoint": format!("{}/token", self.url),
            "jwks_uri": format!("{}/keys", self.url),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }))
        .into_response()
    }

    fn answer_keys(&self) -> axum::response::Response {
        Json(json!({ "keys": *self.keys.lock().unwrap_or_else(PoisonError::into_inner) })).into_response()
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
