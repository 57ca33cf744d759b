//! Whether a call may pass. Answers as Kong's key-auth and acl plugins do.

use crate::{
    openid::TokenFault,
    view::{Application, Key, Opening, Service, View},
};
use http::{HeaderMap, StatusCode, header};
use portico_core::secrets::{ApiKey, Secrets};
use portico_model::ids::{ApplicationId, CredentialId, VersionId};
use std::sync::Arc;
use time::OffsetDateTime;

/// Longest path that is taken, in bytes.
const PATH_MAX: usize = 8 * 1024;

/// What the decision depends on.
pub struct Call<'a> {
    /// Without a port.
    pub host: &'a str,
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
}

/// A call that may pass, and on whose behalf.
#[derive(Clone)]
pub struct Allowed {
    pub(crate) service: Arc<Service>,
    pub application_id: ApplicationId,
    pub application_name: String,
    pub credential: CallersCredential,
    /// Whether the upstream is not to see the `Authorization` header.
    pub(crate) hides_authorization: bool,
}

/// What a call was allowed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallersCredential {
    Key(CredentialId),
    /// A client of an OpenID provider, by the id that this gave.
    Client(String),
}

impl std::fmt::Display for CallersCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(id) => id.fmt(f),
            Self::Client(id) => id.fmt(f),
        }
    }
}

/// What the view alone can say of a call.
pub(crate) enum Judged {
    Allowed(Allowed),
    /// It depends on a token, which is to be checked for each opening that takes tokens of its issuer.
    Token(Arc<Service>, String),
}

impl std::fmt::Debug for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Allowed").field("application_id", &self.application_id).finish_non_exhaustive()
    }
}

/// Why a call may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The view is not loaded yet.
    NotReady,
    /// A path that the upstream could understand otherwise than the gateway.
    AmbiguousPath,
    PathTooLong,
    /// No service matches host and path.
    NoService,
    /// No publication with a strategy opens the service.
    Closed,
    NoKey,
    /// A key was sent twice under one name.
    DuplicateKey,
    /// Mistyped, never made here, revoked or expired.
    UnknownKey,
    /// The service takes tokens only, and none was sent.
    NoToken,
    /// The service takes keys and tokens, and neither was sent.
    NoCredential,
    BadToken(TokenFault),
    /// Whether the token is good cannot be told now.
    ProviderDown,
    /// The key or token is good, but its application has no approved registration for this version.
    NotRegistered,
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotReady | Self::ProviderDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::AmbiguousPath => StatusCode::BAD_REQUEST,
            Self::PathTooLong => StatusCode::URI_TOO_LONG,
            Self::NoService => StatusCode::NOT_FOUND,
            Self::NoKey | Self::DuplicateKey | Self::UnknownKey | Self::NoToken | Self::NoCredential | Self::BadToken(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Closed | Self::NotRegistered => StatusCode::FORBIDDEN,
        }
    }

    /// The body's one field.
    pub fn message(self) -> &'static str {
        match self {
            Self::NotReady => "The gateway is starting",
            Self::AmbiguousPath => "The path has dot segments, double slashes or an encoded prefix",
            Self::PathTooLong => "The path is too long",
            Self::NoService => "no Route matched with those values",
            Self::NoKey => "No API key found in request",
            Self::DuplicateKey => "Duplicate API key found",
            Self::UnknownKey | Self::NoToken | Self::NoCredential | Self::BadToken(_) => "Unauthorized",
            Self::ProviderDown => "The identity provider cannot be reached",
            Self::Closed | Self::NotRegistered => "You cannot consume this service",
        }
    }
}

/// What a caller may try next (RFC 9110, section 11.6.1; RFC 6750, section 3).
impl Refusal {
    pub fn challenges(self) -> &'static [&'static str] {
        const KEY: &str = "Key realm=\"portico\"";
        const BEARER: &str = "Bearer realm=\"portico\"";
        match self {
            Self::NoKey | Self::DuplicateKey | Self::UnknownKey => &[KEY],
            Self::NoToken => &[BEARER],
            Self::NoCredential => &[KEY, BEARER],
            Self::BadToken(_) => &["Bearer realm=\"portico\", error=\"invalid_token\""],
            _ => &[],
        }
    }
}

pub(crate) fn judge(view: &View, secrets: &Secrets, now: OffsetDateTime, call: &Call<'_>) -> Result<Judged, Refusal> {
    if !view.is_loaded() {
        return Err(Refusal::NotReady);
    }
    let service = find_service(view, call)?;
    if service.openings.is_empty() {
        return Err(Refusal::Closed);
    }
    let sent = match find_key(&service.key_names, call)? {
        Some(key) => key,
        None if service.takes_tokens() => {
            let neither = if service.key_names.is_empty() { Refusal::NoToken } else { Refusal::NoCredential };
            return Ok(Judged::Token(Arc::clone(service), find_token(call)?.ok_or(neither)?));
        }
        None => return Err(Refusal::NoKey),
    };
    let key = ApiKey::prefix_of(&sent).and_then(|key_id| view.key(key_id)).ok_or(Refusal::UnknownKey)?;
    if !secrets.matches(&sent, &key.secret_digest) {
        return Err(Refusal::UnknownKey);
    }
    admit(view, service, key, now).map(Judged::Allowed)
}

/// As [`judge`] for a call with the key that begins so, to the service of a version; `path` follows the service's
/// prefix. For callers who know that the key is whose call it is.
pub(crate) fn decide_for_key(
    view: &View,
    now: OffsetDateTime,
    version: VersionId,
    path: &str,
    key_id: &str,
) -> Result<Allowed, Refusal> {
    if !view.is_loaded() {
        return Err(Refusal::NotReady);
    }
    let service = view.service_of(version).ok_or(Refusal::NoService)?;
    let path = format!("{}{path}", service.path_prefix.trim_end_matches('/'));
    let call = Call { host: &service.host, path: &path, query: None, headers: &HeaderMap::new() };
    if find_service(view, &call)?.id != service.id {
        return Err(Refusal::AmbiguousPath);
    }
    if service.openings.is_empty() {
        return Err(Refusal::Closed);
    }
    admit(view, service, view.key(key_id).ok_or(Refusal::UnknownKey)?, now)
}

/// Whether a key that is known to be the caller's opens a service.
fn admit(view: &View, service: &Arc<Service>, key: &Key, now: OffsetDateTime) -> Result<Allowed, Refusal> {
    if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(Refusal::UnknownKey);
    }
    let application = view.application(key.application).ok_or(Refusal::UnknownKey)?;
    if !service.openings.iter().any(|opening| opening.is_for(application)) || !is_registered(service, application) {
        return Err(Refusal::NotRegistered);
    }
    Ok(Allowed {
        service: Arc::clone(service),
        application_id: key.application,
        application_name: application.name.clone(),
        credential: CallersCredential::Key(key.credential),
        hides_authorization: false,
    })
}

/// Whether the client of a good token opens a service through one of its openings.
pub(crate) fn admit_client(view: &View, service: &Arc<Service>, opening: &Opening, client_id: &str) -> Option<Allowed> {
    let id = view.client(opening.strategy, client_id)?;
    let application = view.application(id).filter(|a| opening.is_for(a) && is_registered(service, a))?;
    Some(Allowed {
        service: Arc::clone(service),
        application_id: id,
        application_name: application.name.clone(),
        credential: CallersCredential::Client(client_id.to_owned()),
        hides_authorization: opening.openid_connect.as_ref().is_some_and(|config| config.hide_credentials),
    })
}

fn is_registered(service: &Service, application: &Application) -> bool {
    service.version.is_some_and(|version| application.versions.contains(&version))
}

/// The service for host and path. An upstream may decode and normalise what is matched here as it was sent, so
/// a path that would then belong to another service, or to none, is refused.
fn find_service<'a>(view: &'a View, call: &Call<'_>) -> Result<&'a Arc<Service>, Refusal> {
    if call.path.len() > PATH_MAX {
        return Err(Refusal::PathTooLong);
    }
    let decoded = percent_encoding::percent_decode_str(call.path).decode_utf8_lossy();
    let is_dot = |segment: &str| matches!(segment, "." | "..");
    if decoded.split(['/', '\\']).any(is_dot) || decoded.contains("//") || decoded.contains('\\') {
        return Err(Refusal::AmbiguousPath);
    }
    let as_sent = view.service(call.host, call.path);
    let as_decoded = view.service(call.host, &decoded);
    if as_sent.map(|service| service.id) != as_decoded.map(|service| service.id) {
        return Err(Refusal::AmbiguousPath);
    }
    as_sent.ok_or(Refusal::NoService)
}

/// The key under the first name that has one: in a header, else in the query.
fn find_key(names: &[String], call: &Call<'_>) -> Result<Option<String>, Refusal> {
    for name in names {
        let in_headers = only(call.headers.get_all(name.as_str()).iter().map(|value| String::from_utf8_lossy(value.as_bytes())))?;
        let found = match in_headers {
            Some(key) => Some(key),
            None => {
                let parameters = form_urlencoded::parse(call.query.unwrap_or_default().as_bytes());
                only(parameters.filter(|(parameter, _)| parameter == name.as_str()).map(|(_, value)| value))?
            }
        };
        if let Some(key) = found {
            return Ok(Some(key.into_owned()).filter(|key| !key.is_empty()));
        }
    }
    Ok(None)
}

/// The token of an `Authorization` header (RFC 6750, section 2.1).
fn find_token(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    let mut sent = call.headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Refusal::BadToken(TokenFault::Malformed));
    }
    let (scheme, token) = first.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned()).filter(|token| !token.is_empty()))
}

fn only<T>(mut values: impl Iterator<Item = T>) -> Result<Option<T>, Refusal> {
    let first = values.next();
    if values.next().is_some() { Err(Refusal::DuplicateKey) } else { Ok(first) }
}
