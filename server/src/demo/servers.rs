//! What the demo's gateway leads to, and who vouches for its callers.

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use portico_core::clock::{Clock, SystemClock};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The one client that the demo's identity provider knows, and its secret.
pub const CLIENT: (&str, &str) = ("demo-client", "demo-secret");

/// How long the provider's tokens live, in seconds.
const TOKEN_LIFETIME: i64 = 600;

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

/// An identity provider for the demo alone: an issuer for each name under its origin, with one client and a key that
/// lives as long as the process.
///
/// # Errors
///
/// When no key can be made.
pub fn provider(origin: String) -> anyhow::Result<Router> {
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| anyhow::anyhow!("the demo's provider has no key"))?;
    let provider = Arc::new(Provider { origin, key: EncodingKey::from_ec_der(key.as_ref()) });
    Ok(Router::new()
        .route("/{issuer}/.well-known/openid-configuration", get(metadata))
        .route("/{issuer}/keys", get(keys))
        .route("/{issuer}/token", post(token))
        .with_state(provider))
}

struct Provider {
    origin: String,
    key: EncodingKey,
}

async fn metadata(State(provider): State<Arc<Provider>>, Path(issuer): Path<String>) -> Json<Value> {
    let issuer = format!("{}/{issuer}", provider.origin);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
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
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1)));
    if headers.get(header::AUTHORIZATION).is_none_or(|sent| sent.as_bytes() != expected.as_bytes()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let now = SystemClock.now().unix_timestamp();
    let issuer = format!("{}/{issuer}", provider.origin);
    let claims = json!({ "iss": issuer, "sub": CLIENT.0, "client_id": CLIENT.0, "iat": now, "exp": now + TOKEN_LIFETIME });
    match encode(&Header::new(Algorithm::ES256), &claims, &provider.key) {
        Ok(token) => Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFETIME })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
