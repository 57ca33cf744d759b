//! What the demo's gateway leads to, and who vouches for its callers.

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use portico_core::{
    Core,
    clock::{Clock, SystemClock},
    secrets::Secrets,
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::net::TcpListener;
use uuid::Uuid;

/// The one client that the demo's identity provider always knows, and its secret.
pub const CLIENT: (&str, &str) = ("demo-client", "demo-secret");

/// What lets register further clients there.
pub const INITIAL_ACCESS_TOKEN: &str = "demo-initial-access-token";

/// How long the provider's tokens live, in seconds.
const TOKEN_LIFETIME: i64 = 600;

/// Where the provider was before, if it was: the clients that it has registered are asked for there.
pub async fn listen_again(issuer: Option<&str>) -> anyhow::Result<(String, TcpListener)> {
    let issuer = issuer.and_then(|issuer| url::Url::parse(issuer).ok());
    if let Some(port) = issuer.and_then(|issuer| issuer.port())
        && let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await
    {
        return Ok((format!("http://127.0.0.1:{port}"), listener));
    }
    listen().await
}

/// Listens on a port that is free, and says at which origin.
pub async fn listen() -> anyhow::Result<(String, TcpListener)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    Ok((format!("http://{}", listener.local_addr()?), listener))
}

/// Answers every call with what it was.
pub fn echo() -> Router {
    Router::new().fallback(|request: Request| async move {
        let headers: Map<String, Value> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into()))
            .collect();
        Json(json!({
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query(),
            "headers": headers,
        }))
    })
}

/// An identity provider for the demo alone: an issuer for each name under its origin, with one client, those that are
/// registered (RFC 7591, RFC 7592), and a key that lives as long as the process.
///
/// # Errors
///
/// When no key can be made.
pub fn provider(core: &Core, origin: String) -> anyhow::Result<Router> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| anyhow::anyhow!("the demo's provider has no key"))?;
    let secrets = Arc::clone(&core.secrets);
    let provider = Arc::new(Provider { origin, key: EncodingKey::from_ec_der(key.as_ref()), secrets, clients: Mutex::default() });
    Ok(Router::new()
        .route("/{issuer}/.well-known/openid-configuration", get(metadata))
        .route("/{issuer}/keys", get(keys))
        .route("/{issuer}/token", post(token))
        .route("/{issuer}/clients", post(register))
        .route("/{issuer}/clients/{client}", put(change).get(read).delete(forget))
        .with_state(provider))
}

struct Provider {
    origin: String,
    key: EncodingKey,
    /// A client's secret and token follow from its id, so that they outlive the process.
    secrets: Arc<Secrets>,
    /// What is known of clients since the process began; none for one that was deleted.
    clients: Mutex<HashMap<String, Option<Map<String, Value>>>>,
}

impl Provider {
    fn derived(&self, what: &str, client: &str) -> String {
        let digest = self.secrets.digest(&format!("demo/{what}/{client}"));
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Map<String, Value>>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client that signs in with HTTP Basic.
    fn client(&self, headers: &HeaderMap) -> Option<String> {
        let basic = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let (client, secret) = pair.split_once(':')?;
        let is_deleted = matches!(self.clients().get(client), Some(None));
        let is_registered = client.starts_with(REGISTERED) && !is_deleted && secret == self.derived("secret", client);
        (is_registered || (client, secret) == CLIENT).then(|| client.to_owned())
    }

    /// A client as its registration is answered.
    fn registered(&self, issuer: &str, client: &str, mut metadata: Map<String, Value>) -> Value {
        let uri = format!("{}/{issuer}/clients/{client}", self.origin);
        let facts = [
            ("client_id", json!(client)),
            ("client_secret", json!(self.derived("secret", client))),
            ("client_secret_expires_at", json!(0)),
            ("registration_client_uri", json!(uri)),
            ("registration_access_token", json!(self.derived("registration", client))),
        ];
        metadata.extend(facts.map(|(name, value)| (name.to_owned(), value)));
        self.clients().insert(client.to_owned(), Some(metadata.clone()));
        Value::Object(metadata)
    }

    fn may_manage(&self, client: &str, headers: &HeaderMap) -> bool {
        let is_deleted = matches!(self.clients().get(client), Some(None));
        !is_deleted && is_bearer(headers, &self.derived("registration", client))
    }
}

/// What the ids of registered clients begin with.
const REGISTERED: &str = "demo-app-";

fn is_bearer(headers: &HeaderMap, token: &str) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|sent| sent.as_bytes() == format!("Bearer {token}").as_bytes())
}

fn invalid_token() -> Response {
    (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_token" }))).into_response()
}

async fn register(
    State(provider): State<Arc<Provider>>,
    Path(issuer): Path<String>,
    headers: HeaderMap,
    Json(metadata): Json<Map<String, Value>>,
) -> Response {
    if !is_bearer(&headers, INITIAL_ACCESS_TOKEN) {
        return invalid_token();
    }
    let random: [u8; 16] = portico_core::clock::Random::from_system().bytes();
    let client = format!("{REGISTERED}{}", Uuid::from_bytes(random).simple());
    (StatusCode::CREATED, Json(provider.registered(&issuer, &client, metadata))).into_response()
}

async fn change(
    State(provider): State<Arc<Provider>>,
    Path((issuer, client)): Path<(String, String)>,
    headers: HeaderMap,
    Json(metadata): Json<Map<String, Value>>,
) -> Response {
    match provider.may_manage(&client, &headers) {
        true => Json(provider.registered(&issuer, &client, metadata)).into_response(),
        false => invalid_token(),
    }
}

async fn read(State(provider): State<Arc<Provider>>, Path((_, client)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let known = provider.clients().get(&client).cloned().flatten();
    match known.filter(|_| provider.may_manage(&client, &headers)) {
        Some(metadata) => Json(Value::Object(metadata)).into_response(),
        None => invalid_token(),
    }
}

async fn forget(
    State(provider): State<Arc<Provider>>,
    Path((_, client)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !provider.may_manage(&client, &headers) {
        return invalid_token();
    }
    provider.clients().insert(client, None);
    StatusCode::NO_CONTENT.into_response()
}

async fn metadata(State(provider): State<Arc<Provider>>, Path(issuer): Path<String>) -> Json<Value> {
    let issuer = format!("{}/{issuer}", provider.origin);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "registration_endpoint": format!("{issuer}/clients"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "grant_types_supported": ["client_credentials"],
    }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Response {
    match Jwk::from_encoding_key(&provider.key, Algorithm::ES256) {
        Ok(key) => Json(json!({ "keys": [key] })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A token for the client's own id and secret (RFC 6749, section 4.4).
async fn token(State(provider): State<Arc<Provider>>, Path(issuer): Path<String>, headers: HeaderMap) -> Response {
    let Some(client) = provider.client(&headers) else {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    };
    let now = SystemClock.now().unix_timestamp();
    let issuer = format!("{}/{issuer}", provider.origin);
    let claims = json!({ "iss": issuer, "sub": client, "client_id": client, "iat": now, "exp": now + TOKEN_LIFETIME });
    match encode(&Header::new(Algorithm::ES256), &claims, &provider.key) {
        Ok(token) => Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
