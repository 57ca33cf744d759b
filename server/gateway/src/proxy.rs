//! The built-in gateway: matches, decides, strips the key, and streams to the upstream and back.

use crate::{Allowed, AllowedNetworks, Call, Gateway, Refusal, networks::GuardedConnector};
use anyhow::Context;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use axum_reverse_proxy::{ProxyPolicy, ReverseProxy};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use std::time::Duration;

/// How long an upstream may take to begin its answer. Bodies stream without a deadline.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const CONSUMER_ID: HeaderName = HeaderName::from_static("x-consumer-id");
const CONSUMER_CUSTOM_ID: HeaderName = HeaderName::from_static("x-consumer-custom-id");
const CONSUMER_USERNAME: HeaderName = HeaderName::from_static("x-consumer-username");
const CREDENTIAL_IDENTIFIER: HeaderName = HeaderName::from_static("x-credential-identifier");
/// Headers that upstreams trust, so whatever a caller sent in them goes.
const TRUSTED: [HeaderName; 6] = [
    CONSUMER_ID,
    CONSUMER_CUSTOM_ID,
    CONSUMER_USERNAME,
    CREDENTIAL_IDENTIFIER,
    HeaderName::from_static("x-consumer-groups"),
    HeaderName::from_static("x-anonymous-consumer"),
];

type Upstreams = Client<HttpsConnector<GuardedConnector>, Body>;

#[derive(Clone)]
struct Proxy {
    gateway: Gateway,
    upstreams: Upstreams,
}

/// The built-in gateway as a router for a listener of its own. It connects to public upstreams and to those in
/// allowed networks.
///
/// # Errors
///
/// When the machine's certificate authorities cannot be read.
pub fn router(gateway: Gateway, allowed: AllowedNetworks) -> anyhow::Result<Router> {
    let http = GuardedConnector::new(allowed, |http| {
        http.set_nodelay(true);
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
    });
    let https = HttpsConnectorBuilder::new()
        .with_native_roots()
        .context("the machine's certificate authorities cannot be read")?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let upstreams = Client::builder(TokioExecutor::new()).build(https);
    Ok(Router::new().fallback(forward).with_state(Proxy { gateway, upstreams }))
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let call =
        Call { host: host(&request), path: request.uri().path(), query: request.uri().query(), headers: request.headers() };
    match proxy.gateway.decide(&call) {
        Ok(allowed) => proxy.pass(request, &allowed).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// The host that a request asks, without a port.
pub fn host(request: &Request) -> &str {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or_else(|| request.uri().host()).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Proxy {
    async fn pass(&self, mut request: Request, allowed: &Allowed) -> Response {
        hide_key(&mut request, &allowed.service.key_names);
        forget_nominations(request.headers_mut());
        identify(request.headers_mut(), allowed);
        let prefix = allowed.service.path_prefix.trim_end_matches('/');
        let policy = ProxyPolicy::new().with_upstream_timeout(UPSTREAM_TIMEOUT).with_via("portico");
        let upstream = &allowed.service.upstream_url;
        match ReverseProxy::new_with_client(prefix, upstream, self.upstreams.clone())
            .with_policy(policy)
            .proxy_request(request)
            .await
        {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Removes the key under each of its names, from headers and query.
fn hide_key(request: &mut Request, names: &[String]) {
    for name in names {
        request.headers_mut().remove(name.as_str());
    }
    let Some(query) = request.uri().query() else { return };
    let kept: Vec<&str> = query.split('&').filter(|pair| !carries(pair, names)).collect();
    if kept.len() == query.split('&').count() {
        return;
    }
    let path = request.uri().path();
    let target = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

fn carries(pair: &str, names: &[String]) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(parameter, _)| names.iter().any(|name| parameter == name.as_str()))
}

/// A header that `Connection` names ends here (RFC 9110, section 7.6.1). Done before the gateway sets headers of
/// its own, so that no caller can name those.
fn forget_nominations(headers: &mut HeaderMap) {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let upgrades = named.iter().any(|name| name == "upgrade");
    for name in named.iter().filter(|name| *name != "upgrade") {
        headers.remove(name.as_str());
    }
    headers.remove(header::CONNECTION);
    if upgrades {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Tells the upstream who calls.
fn identify(headers: &mut HeaderMap, allowed: &Allowed) {
    for name in TRUSTED {
        headers.remove(name);
    }
    let application = allowed.application_id.to_string();
    let identity = [
        (CONSUMER_ID, application.as_str()),
        (CONSUMER_CUSTOM_ID, application.as_str()),
        (CONSUMER_USERNAME, allowed.application_name.as_str()),
        (CREDENTIAL_IDENTIFIER, &allowed.credential_id.to_string()),
    ];
    for (name, value) in identity {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(name, value);
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = axum::Json(serde_json::json!({ "message": self.message() }));
        let mut response = (self.status(), body).into_response();
        if self.status() == http::StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Key realm=\"portico\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
