//! Whether a call may pass. Answers as Kong's key-auth and acl plugins do.

use crate::view::{Key, Service, View};
use http::{HeaderMap, StatusCode};
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
    pub credential_id: CredentialId,
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
    /// The key is good, but its application has no approved registration for this version.
    NotRegistered,
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotReady => StatusCode::SERVICE_UNAVAILABLE,
            Self::AmbiguousPath => StatusCode::BAD_REQUEST,
            Self::PathTooLong => StatusCode::URI_TOO_LONG,
            Self::NoService => StatusCode::NOT_FOUND,
            Self::NoKey | Self::DuplicateKey | Self::UnknownKey => StatusCode::UNAUTHORIZED,
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
            Self::UnknownKey => "Unauthorized",
            Self::Closed | Self::NotRegistered => "You cannot consume this service",
        }
    }
}

pub(crate) fn decide(view: &View, secrets: &Secrets, now: OffsetDateTime, call: &Call<'_>) -> Result<Allowed, Refusal> {
    if !view.is_loaded() {
        return Err(Refusal::NotReady);
    }
    let service = find_service(view, call)?;
    if service.openings.is_empty() {
        return Err(Refusal::Closed);
    }
    let sent = find_key(&service.key_names, call)?;
    let key = ApiKey::prefix_of(&sent).and_then(|key_id| view.key(key_id)).ok_or(Refusal::UnknownKey)?;
    if !secrets.matches(&sent, &key.secret_digest) {
        return Err(Refusal::UnknownKey);
    }
    admit(view, service, key, now)
}

/// As [`decide`] for a call with the key that begins so, to the service of a version; `path` follows the service's
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
    let opened = service.openings.iter().any(|o| o.portal == application.portal && o.strategy == application.strategy);
    let is_registered = service.version.is_some_and(|version| application.versions.contains(&version));
    if !opened || !is_registered {
        return Err(Refusal::NotRegistered);
    }
    Ok(Allowed {
        service: Arc::clone(service),
        application_id: key.application,
        application_name: application.name.clone(),
        credential_id: key.credential,
    })
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
fn find_key(names: &[String], call: &Call<'_>) -> Result<String, Refusal> {
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
            return if key.is_empty() { Err(Refusal::NoKey) } else { Ok(key.into_owned()) };
        }
    }
    Err(Refusal::NoKey)
}

fn only<T>(mut values: impl Iterator<Item = T>) -> Result<Option<T>, Refusal> {
    let first = values.next();
    if values.next().is_some() { Err(Refusal::DuplicateKey) } else { Ok(first) }
}
