//! The built-in gateway: matches, decides, strips the key, and streams to the upstream and back.

#[cfg(feature = "envoy")]
use crate::envoy;
use crate::{
    Allowed, Call, Gateway, Refusal, Refused, authorize,
    decision::Authorization,
    record::REQUEST_ID,
    sign_in::{Cookies, hide_cookies, refuse_cookies},
};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use axum_reverse_proxy::{ProxyPolicy, ReverseProxy};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use http_body_util::BodyExt;
use hyper_rustls::HttpsConnector;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use portico_core::{
    outgoing::{self, GuardedConnector},
    secrets::ApiKey,
};
use portico_model::ids::VersionId;
use std::time::{Duration, Instant};

/// How long an upstream may take to begin its answer. Bodies stream without a deadline.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

const CONSUMER_ID: HeaderName = HeaderName::from_static("x-consumer-id");
const CONSUMER_CUSTOM_ID: HeaderName = HeaderName::from_static("x-consumer-custom-id");
const CONSUMER_USERNAME: HeaderName = HeaderName::from_static("x-consumer-username");
const CREDENTIAL_IDENTIFIER: HeaderName = HeaderName::from_static("x-credential-identifier");
const CONSUMER_GROUPS: HeaderName = HeaderName::from_static("x-consumer-groups");
const ANONYMOUS_CONSUMER: HeaderName = HeaderName::from_static("x-anonymous-consumer");

/// How long a call that is tried may take in all, and how much of its answer is read, in bytes.
const TRY_TIMEOUT: Duration = Duration::from_secs(30);
const TRY_MAX: usize = 64 * 1024;

/// What a call that was tried brought.
#[derive(Debug)]
pub struct Tried {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the body was longer.
    pub is_cut: bool,
    pub took: Duration,
}

/// As much of a body as is shown.
async fn read(mut body: Body) -> (Bytes, bool) {
    let mut read = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend_from_slice(frame.data_ref().map_or(&[], |data| data.as_ref()));
        if read.len() > TRY_MAX {
            read.truncate(TRY_MAX);
            return (read.freeze(), true);
        }
    }
    (read.freeze(), false)
}

type Upstreams = Client<HttpsConnector<GuardedConnector>, Body>;

/// Decides calls and passes them on. Cheap to clone.
#[derive(Clone)]
pub struct Proxy {
    gateway: Gateway,
    upstreams: Upstreams,
    cookies: Cookies,
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if let Some(answer) = proxy.gateway.answer_browser(&parts, proxy.cookies).await {
        return answer;
    }
    let call = Call {
        host: without_port(&parts.headers, &parts.uri),
        path: parts.uri.path(),
        query: parts.uri.query(),
        headers: &parts.headers,
        gateway: None,
    };
    let mut decided = proxy.gateway.decide(&call).await;
    let mut cookies = Vec::new();
    if let Err(refused @ Refused { reason: Refusal::NoCredential(takes), .. }) = &decided
        && takes.sessions
    {
        match proxy.gateway.recognise(refused, &parts.headers, proxy.cookies).await {
            Some(Ok(recognised)) => {
                decided = Ok(recognised.allowed);
                cookies = recognised.cookies;
            }
            Some(Err(refused)) => decided = Err(refused),
            None => {
                if let Some(led) = proxy.gateway.lead_to_sign_in(refused, &parts, proxy.cookies).await {
                    return led;
                }
            }
        }
    }
    let request_id = proxy.gateway.request_id(decided.as_ref());
    let mut response = match decided {
        Ok(allowed) => {
            let mut response = proxy.pass(Request::from_parts(parts, body), &allowed).await;
            refuse_cookies(response.headers_mut());
            response
        }
        Err(refused) => refused.reason.into_response(),
    };
    if let Some(request_id) = request_id {
        response.headers_mut().insert(REQUEST_ID, request_id);
    }
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The host that a request asks, without a port.
pub fn host(request: &Request) -> &str {
    without_port(request.headers(), request.uri())
}

fn without_port<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> &'a str {
    let header = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = header.or_else(|| uri.host()).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Proxy {
    /// Connects to public upstreams and to those in allowed networks. `is_https` says whether callers reach it by TLS.
    ///
    /// # Errors
    ///
    /// When the machine's certificate authorities cannot be read.
    pub fn new(gateway: Gateway, is_https: bool) -> anyhow::Result<Self> {
        let allowed = gateway.core.outgoing.allowed();
        let upstreams = Client::builder(TokioExecutor::new()).build(outgoing::connector(allowed, CONNECT_TIMEOUT)?);
        Ok(Self { gateway, upstreams, cookies: Cookies { is_https } })
    }

    /// What decides.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The built-in gateway and the answers to other gateways, for a listener of their own.
    pub fn router(self) -> Router {
        let others = authorize::router(self.gateway.clone());
        #[cfg(feature = "envoy")]
        let others = others.merge(envoy::router(self.gateway.clone()));
        others.fallback_service(Router::new().fallback(forward).with_state(self))
    }

    /// Makes a call to a version with the key that begins so, as if it had come with the whole key, and waits for
    /// the answer. The request's path follows the service's prefix. For callers who know that the key is whose
    /// call it is.
    pub async fn try_call(&self, version: VersionId, key_id: &str, request: Request) -> Tried {
        let begun = Instant::now();
        let answering = async {
            let answer = match self.call_with_key(version, key_id, request).await {
                Ok(answer) => answer,
                Err(refused) => refused.reason.into_response(),
            };
            let (parts, body) = answer.into_parts();
            let (body, is_cut) = read(body).await;
            Tried { status: parts.status, headers: parts.headers, body, is_cut, took: begun.elapsed() }
        };
        tokio::time::timeout(TRY_TIMEOUT, answering).await.unwrap_or_else(|_| Tried {
            status: StatusCode::GATEWAY_TIMEOUT,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            is_cut: false,
            took: begun.elapsed(),
        })
    }

    async fn call_with_key(&self, version: VersionId, key_id: &str, mut request: Request) -> Result<Response, Refused> {
        let allowed = self.gateway.decide_for_key(version, request.uri().path(), key_id)?;
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let target = format!("{}{target}", allowed.service.path_prefix.trim_end_matches('/'));
        *request.uri_mut() = target.parse().map_err(|_| Refusal::AmbiguousPath)?;
        Ok(self.pass(request, &allowed).await)
    }

    async fn pass(&self, mut request: Request, allowed: &Allowed) -> Response {
        hide_key(&mut request, &allowed.service.key_names);
        hide_any_key(request.headers_mut());
        hide_cookies(request.headers_mut());
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

/// Removes whole keys under whatever name: where anybody may call, no strategy says where they would be.
fn hide_any_key(headers: &mut HeaderMap) {
    let is_key = |value: &HeaderValue| value.to_str().is_ok_and(|value| ApiKey::prefix_of(value).is_some());
    let names: Vec<HeaderName> = headers.iter().filter(|(_, value)| is_key(value)).map(|(name, _)| name.clone()).collect();
    for name in names {
        headers.remove(name);
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
    for (name, value) in told_upstream(allowed) {
        match value {
            Some(value) => headers.insert(name, value),
            None => headers.remove(name),
        };
    }
}

/// The headers by which an upstream learns who calls, each once; without a value for those that must not reach it.
pub(crate) fn told_upstream(allowed: &Allowed) -> Vec<(HeaderName, Option<HeaderValue>)> {
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).ok();
    let consumer = allowed.consumer.as_ref();
    let application = consumer.and_then(|consumer| value(&consumer.application_id.to_string()));
    let mut told = vec![
        (CONSUMER_ID, application.clone()),
        (CONSUMER_CUSTOM_ID, application),
        (CONSUMER_USERNAME, consumer.and_then(|consumer| value(&consumer.application_name))),
        (CREDENTIAL_IDENTIFIER, consumer.and_then(|consumer| value(&consumer.credential.to_string()))),
        (CONSUMER_GROUPS, None),
        (ANONYMOUS_CONSUMER, None),
    ];
    match &allowed.authorization {
        Authorization::AsSent => {}
        Authorization::Hidden => told.push((header::AUTHORIZATION, None)),
        Authorization::Token(token) => told.push((header::AUTHORIZATION, value(&format!("Bearer {token}")))),
    }
    told
}
