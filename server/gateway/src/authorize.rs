//! The decision for gateways that people already run: nginx, Caddy, HAProxy and Traefik ask by HTTP whether a call may
//! pass, and learn what to tell the upstream.

use crate::{
    Allowed, Call, Gateway, Refusal, Refused,
    decision::Authorization,
    proxy::told_upstream,
    record::{REQUEST_ID, Record},
};
use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use portico_model::ids::GatewayId;

/// Where gateways ask.
const PATH: &str = "/gateway/authorize";

/// The gateway's own token, in each question.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("x-portico-token");
/// The caller's own method is of no account: who may call, may call with any.
const FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Names of headers that carried a key, which the upstream should not see.
pub(crate) const HIDE: HeaderName = HeaderName::from_static("x-portico-hide");
/// The refusal's one sentence, for gateways that cannot pass on a body.
pub(crate) const MESSAGE: HeaderName = HeaderName::from_static("x-portico-message");

/// Answers gateways, on the gateway's listener.
pub(crate) fn router(gateway: Gateway) -> Router {
    Router::new().route(PATH, any(authorize)).with_state(gateway)
}

async fn authorize(State(gateway): State<Gateway>, request: Request) -> Response {
    let headers = request.headers();
    // Whoever has no token learns no more than from any other path.
    let Some(id) = only(headers, &TOKEN).and_then(|token| gateway.gateway_of(token)) else {
        return Refusal::NoService.into_response();
    };
    let target = only(headers, &FORWARDED_URI).and_then(|uri| uri.parse::<Uri>().ok());
    let (Some(target), Some(host)) = (target, asked_host(headers)) else {
        let message = "Send the call's path in X-Forwarded-Uri and its host in X-Forwarded-Host, once each";
        return (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "message": message }))).into_response();
    };
    let call = Call { host, path: target.path(), query: target.query(), headers, gateway: Some(id) };
    let decided = gateway.decide(&call).await;
    let request_id = gateway.request_id(decided.as_ref());
    let mut response = match &decided {
        Ok(allowed) => allow(allowed, headers),
        Err(refused) => refuse(refused),
    };
    if let Some(request_id) = request_id {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    response
}

impl Gateway {
    /// The gateway that a token is of.
    pub(crate) fn gateway_of(&self, token: &str) -> Option<GatewayId> {
        self.view().gateway_of(token)
    }

    /// The id of a call that was decided, as a header's value.
    pub(crate) fn request_id(&self, decided: Result<&Allowed, &Refused>) -> Option<HeaderValue> {
        let id = Record::of(decided, self.core.now()).seal(&self.core)?;
        HeaderValue::from_str(&id).ok()
    }
}

/// A header's value, where it is there once: of two, one could be the caller's.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

/// The host that the call asks, without a port.
fn asked_host(headers: &HeaderMap) -> Option<&str> {
    let name = if headers.contains_key(&FORWARDED_HOST) { &FORWARDED_HOST } else { &header::HOST };
    let host = only(headers, name)?;
    Some(host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name))
}

/// What the upstream is to be told. Gateways replace what the caller sent by it, and remove what is not here.
fn allow(allowed: &Allowed, sent: &HeaderMap) -> Response {
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    for (name, value) in told_upstream(allowed) {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let carries_key = allowed.service.key_names.iter().any(|name| name.eq_ignore_ascii_case(header::AUTHORIZATION.as_str()));
    if allowed.authorization == Authorization::AsSent
        && !carries_key
        && let Some(authorization) = sent.get(header::AUTHORIZATION)
    {
        headers.insert(header::AUTHORIZATION, authorization.clone());
    }
    if let Ok(names) = HeaderValue::from_str(&allowed.service.key_names.join(", ")) {
        headers.insert(HIDE, names);
    }
    response
}

fn refuse(refused: &Refused) -> Response {
    let mut response = refused.reason.into_response();
    response.headers_mut().insert(MESSAGE, HeaderValue::from_static(refused.reason.message()));
    response
}
