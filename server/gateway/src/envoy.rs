//! The decision for Envoy: its external authorization, over gRPC (`envoy.service.auth.v3.Authorization`).

use crate::{
    Allowed, Call, Gateway, Refused,
    authorize::{MESSAGE, TOKEN},
    decision::Authorization,
    proxy::told_upstream,
    record::REQUEST_ID,
};
use axum::Router;
use envoy_types::{
    ext_authz::v3::{
        CheckRequestExt, CheckResponseExt, DeniedHttpResponseBuilder, OkHttpResponseBuilder,
        pb::{Authorization as Service, AuthorizationServer, CheckRequest, CheckResponse, HttpStatusCode},
    },
    pb::envoy::config::core::v3::header_value_option::HeaderAppendAction,
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use tonic::{Request, Response, Status, service::Routes};

/// Answers Envoys, on the gateway's listener.
pub(crate) fn router(gateway: Gateway) -> Router {
    Routes::new(AuthorizationServer::new(Checks(gateway))).prepare().into_axum_router()
}

struct Checks(Gateway);

#[tonic::async_trait]
impl Service for Checks {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let token = request.metadata().get(TOKEN.as_str()).and_then(|token| token.to_str().ok());
        let gateway = token.and_then(|token| self.0.gateway_of(token));
        let gateway = gateway.ok_or_else(|| Status::unauthenticated("no token of a gateway"))?;
        let request = request.into_inner();
        let http = request.attributes.as_ref().and_then(|attributes| attributes.request.as_ref()?.http.as_ref());
        let http = http.ok_or_else(|| Status::invalid_argument("no HTTP request"))?;
        let target: Uri = http.path.parse().map_err(|_| Status::invalid_argument("the path cannot be read"))?;
        let headers = headers(request.get_client_headers().into_iter().flatten());
        let host = http.host.rsplit_once(':').map_or(http.host.as_str(), |(name, _)| name);
        let call = Call { host, path: target.path(), query: target.query(), headers: &headers, gateway: Some(gateway) };
        let decided = self.0.decide(&call).await;
        let request_id = self.0.request_id(decided.as_ref());
        let request_id = request_id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or_default();
        Ok(Response::new(match &decided {
            Ok(allowed) => allow(allowed, request_id),
            Err(refused) => refuse(refused, request_id),
        }))
    }
}

/// Envoy joins a header that was sent twice, so that the two are seen as one that nobody knows.
fn headers<'a>(sent: impl Iterator<Item = (&'a String, &'a String)>) -> HeaderMap {
    let readable = |(name, value): (&String, &String)| {
        Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?))
    };
    sent.filter_map(readable).collect()
}

fn allow(allowed: &Allowed, request_id: &str) -> CheckResponse {
    let mut answer = OkHttpResponseBuilder::new();
    for (name, value) in told_upstream(allowed) {
        match value.as_ref().and_then(|value| std::str::from_utf8(value.as_bytes()).ok()) {
            Some(value) => answer.add_header(name.as_str(), value, Some(HeaderAppendAction::OverwriteIfExistsOrAdd), false),
            None => answer.remove_header(name.as_str()),
        };
    }
    for name in &allowed.service.key_names {
        answer.remove_header(name.to_lowercase());
    }
    if allowed.authorization == Authorization::Hidden {
        answer.remove_header(header::AUTHORIZATION.as_str());
    }
    answer.add_response_header(REQUEST_ID.as_str(), request_id, Some(HeaderAppendAction::OverwriteIfExistsOrAdd), false);
    let mut response = CheckResponse::with_status(Status::ok(""));
    response.set_http_response(answer);
    response
}

fn refuse(refused: &Refused, request_id: &str) -> CheckResponse {
    let reason = refused.reason;
    let mut answer = DeniedHttpResponseBuilder::new();
    answer.set_http_status(HttpStatusCode::try_from(i32::from(reason.status().as_u16())).unwrap_or(HttpStatusCode::Forbidden));
    answer.set_body(serde_json::json!({ "message": reason.message() }).to_string());
    let overwrite = Some(HeaderAppendAction::OverwriteIfExistsOrAdd);
    answer.add_header(header::CONTENT_TYPE.as_str(), "application/json", overwrite, false);
    answer.add_header(MESSAGE.as_str(), reason.message(), overwrite, false);
    answer.add_header(REQUEST_ID.as_str(), request_id, overwrite, false);
    for challenge in reason.challenges() {
        answer.add_header(header::WWW_AUTHENTICATE.as_str(), challenge, Some(HeaderAppendAction::AppendIfExistsOrAdd), false);
    }
    let mut response = CheckResponse::with_status(Status::permission_denied(reason.message()));
    response.set_http_response(answer);
    response
}
