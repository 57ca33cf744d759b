//! Calls to a provider: what is sent, what came back, and what that means for the client.

use crate::{
    Core,
    openid::{self, Endpoints, Unusable, said},
    outgoing::Fault,
    secrets::Plain,
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portico_model::problem::IssuerFault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// The longest patience that a provider is given at once.
const RETRY_AFTER_MAX: f64 = 3600.0;

/// What a failed call means for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Nothing was done; the same again may work.
    NotNow,
    /// Nothing was done, and the same again would not be; `is_request` when what was asked for is at fault, rather than
    /// who asked.
    Refused { is_request: bool },
    /// It may have been done or not.
    Unknown,
    /// It was done, and the answer does not tell what.
    Unreadable,
    /// There is no such client.
    Missing,
    /// The provider does not take our word about this client any more.
    Unmanageable,
}

/// Why a call did not do what it should.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub meaning: Meaning,
    /// None when there was no answer.
    pub status: Option<StatusCode>,
    /// In the provider's own words, for the admin.
    pub told: String,
    pub retry_after: Option<Duration>,
}

impl Failure {
    pub fn new(meaning: Meaning, told: impl Into<String>) -> Self {
        Self { meaning, status: None, told: told.into(), retry_after: None }
    }

    /// An answer that says it was done, but not what.
    pub fn unreadable(what: &str) -> Self {
        Self::new(Meaning::Unreadable, format!("the answer has no {what}"))
    }

    /// The same failure, where only so much could go wrong.
    pub fn but(self, meaning: Meaning) -> Self {
        Self { meaning, ..self }
    }
}

/// One call, as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Such as `POST https://example.okta.com/oauth2/v1/clients`.
    pub request: String,
    /// None when there was no answer.
    pub status: Option<u16>,
    /// What was wrong, in the provider's words; empty when nothing was.
    pub told: String,
}

/// A good answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// The answer as JSON. It may hold a secret, so it is never quoted.
    pub fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| Failure::new(Meaning::Unreadable, "the answer is no JSON"))
    }
}

/// How a call shows who we are.
pub(crate) enum Auth<'a> {
    None,
    Bearer(&'a Plain),
    /// Okta's API tokens.
    Ssws(&'a Plain),
    ApiKey(&'a Plain),
    Basic(&'a str, &'a Plain),
}

/// What a call carries.
#[derive(Clone, Copy)]
pub(crate) enum Body<'a> {
    None,
    Json(&'a Value),
    Form(&'a [(&'a str, &'a str)]),
}

/// Writes down that something is about to be done at the provider; `false` where somebody else is doing it.
pub(crate) type Announcement<'a> = Box<dyn Fn() -> BoxFuture<'a, crate::Result<bool>> + Send + Sync + 'a>;

/// Makes calls, and remembers them.
pub(crate) struct Calls<'a> {
    pub core: &'a Core,
    /// Made before the first call that changes anything.
    announcement: Option<Announcement<'a>>,
    /// Why that could not be written down.
    broken: Option<crate::Error>,
    made: Vec<Call>,
}

impl<'a> Calls<'a> {
    /// Calls that change nothing.
    pub fn new(core: &'a Core) -> Self {
        Self { core, announcement: None, broken: None, made: Vec::new() }
    }

    /// Calls of which the first that changes anything is announced: a process that dies leaves that behind.
    pub fn announced(core: &'a Core, announcement: Announcement<'a>) -> Self {
        Self { announcement: Some(announcement), ..Self::new(core) }
    }

    /// What was sent, in order.
    ///
    /// # Errors
    ///
    /// When the announcement could not be written down, and nothing was sent therefore.
    pub fn into_made(self) -> crate::Result<Vec<Call>> {
        self.broken.map_or(Ok(self.made), Err)
    }

    async fn announce(&mut self) -> Result<(), Failure> {
        let Some(announcement) = self.announcement.take() else { return Ok(()) };
        let untold = match announcement().await {
            Ok(true) => return Ok(()),
            Ok(false) => anyhow::anyhow!("another process has taken the client over").into(),
            Err(error) => error,
        };
        self.broken = Some(untold);
        Err(Failure::new(Meaning::NotNow, "the call could not be written down"))
    }

    /// Sends one request. Whatever is not 2xx is a failure.
    pub async fn send(&mut self, method: Method, url: &str, auth: Auth<'_>, body: Body<'_>) -> Result<Answer, Failure> {
        self.send_with(method, url, auth, body, &[]).await
    }

    /// As [`Calls::send`], with further headers.
    pub async fn send_with(
        &mut self,
        method: Method,
        url: &str,
        auth: Auth<'_>,
        body: Body<'_>,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        if method != Method::GET {
            self.announce().await?;
        }
        self.ask(method, url, auth, body, headers).await
    }

    /// Sends a request that changes nothing, whatever its method.
    pub async fn ask(
        &mut self,
        method: Method,
        url: &str,
        auth: Auth<'_>,
        body: Body<'_>,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, Failure> {
        let line = format!("{method} {url}");
        let secrets = secrets(&auth, body);
        let outcome = match request(method, url, auth, body, headers) {
            Ok(request) => self.core.outgoing.send(request).await,
            Err(_) => Err(Fault::Unreachable),
        };
        let now = self.core.now();
        let (status, result) = match outcome {
            Err(fault) => (None, Err(Failure::new(meaning_of(fault), fault.to_string()))),
            Ok(answer) => {
                let (parts, body) = answer.into_parts();
                (Some(parts.status.as_u16()), judge(parts.status, parts.headers, body, &secrets, now))
            }
        };
        let told = result.as_ref().err().map(|failure| failure.told.clone()).unwrap_or_default();
        self.made.push(Call { at: now, request: line, status, told });
        result
    }

    /// A provider's endpoints. Nothing is done by asking.
    pub async fn discover(&mut self, issuer: &str) -> Result<Endpoints, Failure> {
        let found = openid::discover(&self.core.outgoing, issuer).await;
        let told = found.as_ref().err().map(in_words).unwrap_or_default();
        let status = match &found {
            Ok(_) => Some(200),
            Err(Unusable { fault: IssuerFault::Status(status), .. }) => Some(*status),
            Err(_) => None,
        };
        let request = format!("GET {issuer}/.well-known/openid-configuration");
        self.made.push(Call { at: self.core.now(), request, status, told: told.clone() });
        found.map_err(|_| Failure::new(Meaning::NotNow, told))
    }
}

fn in_words(unusable: &Unusable) -> String {
    let fault = match unusable.fault {
        IssuerFault::NotAllowed => Fault::NotAllowed.to_string(),
        IssuerFault::Timeout => Fault::Timeout.to_string(),
        IssuerFault::Unreachable => Fault::Unreachable.to_string(),
        IssuerFault::Status(status) => format!("status {status}"),
        IssuerFault::Document => "no discovery document".to_owned(),
        IssuerFault::OtherIssuer => "the discovery document is of another issuer".to_owned(),
        IssuerFault::NoEndpoint => "the discovery document lacks an endpoint".to_owned(),
    };
    if unusable.told.is_empty() { fault } else { format!("{fault}: {}", unusable.told) }
}

/// A query, with its question mark.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// A dot stays none: two of them would lead elsewhere.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A client's id in a path.
pub(super) fn segment(client_id: &str) -> String {
    utf8_percent_encode(client_id, SEGMENT).to_string()
}

fn request(
    method: Method,
    url: &str,
    auth: Auth<'_>,
    body: Body<'_>,
    headers: &[(&'static str, &str)],
) -> http::Result<Request<Vec<u8>>> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut request = Request::builder().method(method).uri(url).header(header::ACCEPT, "application/json");
    request = match auth {
        Auth::None => request,
        Auth::Bearer(token) => request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose())),
        Auth::Ssws(token) => request.header(header::AUTHORIZATION, format!("SSWS {}", token.expose())),
        Auth::ApiKey(key) => request.header("x-api-key", key.expose()),
        Auth::Basic(client_id, secret) => {
            // Each part form-encoded first (RFC 6749, section 2.3.1).
            let encode = |part: &str| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
            request.header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)))
        }
    };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match body {
        Body::None => request.body(Vec::new()),
        Body::Json(value) => request.header(header::CONTENT_TYPE, "application/json").body(value.to_string().into_bytes()),
        Body::Form(pairs) => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.into_bytes())
        }
    }
}

/// What of a call must not come back in words.
fn secrets(auth: &Auth<'_>, body: Body<'_>) -> Vec<Plain> {
    let sent = match auth {
        Auth::None => None,
        Auth::Bearer(secret) | Auth::Ssws(secret) | Auth::ApiKey(secret) | Auth::Basic(_, secret) => Some((*secret).clone()),
    };
    let in_form = match body {
        Body::Form(pairs) => pairs.iter().find(|(name, _)| *name == "client_secret").map(|(_, value)| Plain::new(*value)),
        Body::None | Body::Json(_) => None,
    };
    sent.into_iter().chain(in_form).collect()
}

fn meaning_of(fault: Fault) -> Meaning {
    match fault {
        Fault::NotAllowed | Fault::Unreachable => Meaning::NotNow,
        Fault::Timeout | Fault::Broken | Fault::TooLarge => Meaning::Unknown,
    }
}

fn judge(
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
    secrets: &[Plain],
    now: OffsetDateTime,
) -> Result<Answer, Failure> {
    if status.is_success() {
        return Ok(Answer { status, headers, body });
    }
    let meaning = match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::TOO_EARLY => Meaning::NotNow,
        StatusCode::REQUEST_TIMEOUT => Meaning::Unknown,
        StatusCode::NOT_FOUND | StatusCode::GONE => Meaning::Missing,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Meaning::Refused { is_request: true },
        status if status.is_server_error() => Meaning::Unknown,
        _ => Meaning::Refused { is_request: false },
    };
    let mut told = format!("{}: {}", status.as_u16(), words(&body));
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        told = told.replace(secret.expose(), "[secret]");
    }
    Err(Failure { meaning, status: Some(status), told, retry_after: retry_after(&headers, now) })
}

/// What an error says: as OAuth has it (RFC 6749, section 5.2), or as one of the vendors does.
fn words(body: &[u8]) -> String {
    let Ok(error) = serde_json::from_slice::<Value>(body) else { return said(body) };
    let text = |pointer: &str| error.pointer(pointer).and_then(Value::as_str);
    let code = text("/error").or(text("/error/code")).or(text("/errorCode"));
    let description = text("/error_description").or(text("/error/message")).or(text("/errorSummary")).or(text("/message"));
    let cause = text("/errorCauses/0/errorSummary");
    let words: Vec<&str> = [code, description, cause].into_iter().flatten().collect();
    if words.is_empty() { said(body) } else { said(words.join(": ").as_bytes()) }
}

/// How long a provider asks to be left alone: in seconds, whole or not, as a date, or as the time at which a limit ends.
fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let date = |text: &str| OffsetDateTime::parse(text, &Rfc2822).ok();
    // Their clock, as far as they tell it.
    let there = text("date").and_then(date).unwrap_or(now);
    let until = |at: OffsetDateTime| (at - there).as_seconds_f64();
    let asked =
        text("retry-after").and_then(|text| text.parse::<f64>().ok().or_else(|| date(text).map(until))).or_else(|| {
            let reset = text("x-rate-limit-reset").or(text("x-ratelimit-reset"))?.parse().ok()?;
            OffsetDateTime::from_unix_timestamp(reset).ok().map(until)
        })?;
    // Of a non-number and of the past nothing is left.
    (asked > 0.0).then(|| Duration::from_secs_f64(asked.min(RETRY_AFTER_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn asked(headers: &[(&'static str, &str)]) -> Option<f64> {
        let headers = headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        retry_after(&headers, datetime!(2026-01-01 00:00:00 UTC)).map(|duration| duration.as_secs_f64())
    }

    #[test]
    fn patience_is_read_in_every_form_and_bounded() {
        assert_eq!(asked(&[("retry-after", "7")]), Some(7.0));
        assert_eq!(asked(&[("retry-after", "2.128")]), Some(2.128));
        assert_eq!(asked(&[("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT")]), Some(30.0));
        assert_eq!(asked(&[("x-rate-limit-reset", "1767225640"), ("date", "Thu, 01 Jan 2026 00:00:30 GMT")]), Some(10.0));
        assert_eq!(asked(&[("x-ratelimit-reset", "1767225605")]), Some(5.0));
        assert_eq!(asked(&[("retry-after", "86400")]), Some(3600.0));
        for nonsense in ["-1", "soon", "NaN", "Thu, 01 Jan 2009 00:00:30 GMT"] {
            assert_eq!(asked(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn an_error_is_told_in_the_words_of_each_vendor_without_our_secret() {
        let told = |body: &str| {
            let secret = Plain::new("s3cret");
            let status = StatusCode::BAD_REQUEST;
            judge(status, HeaderMap::new(), body.as_bytes().to_vec(), &[secret], OffsetDateTime::UNIX_EPOCH).unwrap_err().told
        };
        assert_eq!(told(r#"{"error": "invalid_redirect_uri", "error_description": "no"}"#), "400: invalid_redirect_uri: no");
        assert_eq!(told(r#"{"error": {"code": "Request_BadRequest", "message": "no"}}"#), "400: Request_BadRequest: no");
        let okta =
            r#"{"errorCode": "E0000001", "errorSummary": "Api validation failed", "errorCauses": [{"errorSummary": "name"}]}"#;
        assert_eq!(told(okta), "400: E0000001: Api validation failed: name");
        assert_eq!(told(r#"{"statusCode": 403, "error": "Forbidden", "message": "scope"}"#), "400: Forbidden: scope");
        assert_eq!(told("<html>\n<h1>s3cret</h1>"), "400: <html> <h1>[secret]</h1>");
    }
}
