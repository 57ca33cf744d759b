//! What every request passes through.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use portico_core::Core;
use std::time::Instant;
use tracing::Instrument;

/// A request's id: in the log, in the answer, and in whatever went wrong.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id and logs one line when it is answered: no header, no body, no query.
pub async fn trace(core: Core, mut request: Request, next: Next) -> Response {
    let id = core.new_id::<uuid::Uuid>().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    async move {
        let begun = Instant::now();
        let mut response = next.run(request).await;
        let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
        tracing::info!(status = response.status().as_u16(), milliseconds, "answered");
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

/// Headers that keep a browser on the safe side. Pages set their own content security policy.
pub async fn safe_headers(is_https: bool, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A form without JavaScript finds its way back by the referrer.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    response
}
