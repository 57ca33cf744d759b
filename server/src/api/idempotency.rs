//! `Idempotency-Key`: a POST that is sent again with the same key gets the answer of the first one, for 24 hours.

use super::{body::BODY_MAX, problem::Refusal};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use portico_core::{
    Actor, Core,
    idempotency::{self, Given},
    secrets::sha256_of,
};
use portico_model::problem::{Problem, Rule};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says of an answer that it was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Runs a request, unless it is one that was answered before.
pub async fn run(core: &Core, actor: Actor, request: Request, next: Next) -> Response {
    let key = match request.headers().get(KEY) {
        Some(key) if request.method() == Method::POST => key.to_str().unwrap_or_default().to_owned(),
        _ => return next.run(request).await,
    };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return Refusal::from(Problem::field("body", Rule::TooLarge(BODY_MAX))).into_response();
    };
    // A client that hangs up drops the future of its request; what it asked for is done all the same, and noted.
    let core = core.clone();
    let running = tokio::spawn(async move { run_once(&core, actor, &key, parts, body, next).await });
    match running.await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(error) => Refusal::from(portico_core::Error::Internal(error.into())).into_response(),
    }
}

async fn run_once(core: &Core, actor: Actor, key: &str, parts: Parts, body: Bytes, next: Next) -> Result<Response, Refusal> {
    // Whoever may do something else now than at the first request learns nothing of its answer.
    let digest = sha256_of(&[parts.uri.to_string().as_bytes(), format!("{actor:?}").as_bytes(), &body]);
    let begun = match idempotency::begin(core, actor, key, &digest).await? {
        Ok(begun) => begun,
        Err(given) => return Ok(replayed(given)),
    };
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    // Only what was done is remembered: what was refused can be mended and sent again with the same key.
    if !response.status().is_success() {
        idempotency::forget(core, &begun).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| portico_core::Error::Internal(error.into()))?;
    let given = Given { status: parts.status.as_u16(), body: body.to_vec() };
    idempotency::finish(core, &begun, &given).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replayed(given: Given) -> Response {
    let status = StatusCode::from_u16(given.status).unwrap_or(StatusCode::OK);
    let has_body = !given.body.is_empty();
    let mut response = (status, given.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    if has_body {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
