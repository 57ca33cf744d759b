//! Whether a call may pass.

use crate::{
    openid::{Login, Shown, TokenFault, Trust, claims::named_issuer},
    refusal::{Refusal, Refused},
    view::{Application, Key, Opening, Service, View},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use portico_core::secrets::{ApiKey, Plain, Secrets};
use portico_model::{
    ids::{ApplicationId, CredentialId, GatewayId, VersionId},
    states::AuthMethod,
};
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
    /// The gateway whose services alone are meant; every gateway's without one.
    pub gateway: Option<GatewayId>,
}

/// A call that may pass, and on whose behalf.
#[derive(Clone)]
pub struct Allowed {
    pub(crate) service: Arc<Service>,
    /// `None` where anybody may call.
    pub consumer: Option<Consumer>,
    pub(crate) authorization: Authorization,
}

/// The application that calls.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub application_id: ApplicationId,
    pub application_name: String,
    pub credential: CallersCredential,
}

/// What the upstream sees as `Authorization`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    AsSent,
    Hidden,
    /// The token that the provider gave for a login or a session.
    Token(String),
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
    /// It depends on what an OpenID provider says of a credential.
    AskProvider(Arc<Service>, Sent),
}

/// A credential of an OpenID provider, as it was sent.
pub(crate) enum Sent {
    Token(String),
    Login(String, Plain),
}

impl std::fmt::Debug for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Allowed").field("consumer", &self.consumer).finish_non_exhaustive()
    }
}

pub(crate) fn judge(view: &View, secrets: &Secrets, now: OffsetDateTime, call: &Call<'_>) -> Result<Judged, Refused> {
    if !view.is_loaded() {
        return Err(Refusal::NotReady.into());
    }
    let service = find_service(view, call)?;
    let at = |refusal: Refusal| refusal.at(service.id);
    if service.is_open {
        return Ok(Judged::Allowed(Allowed {
            service: Arc::clone(service),
            consumer: None,
            authorization: Authorization::AsSent,
        }));
    }
    if service.openings.is_empty() {
        return Err(at(Refusal::Closed));
    }
    let Some(sent) = find_key(&service.key_names, call).map_err(at)? else {
        let takes = service.takes();
        if !takes.tokens && !takes.logins && !takes.sessions {
            return Err(at(Refusal::NoKey));
        }
        let sent = find_authorization(call).map_err(at)?.ok_or_else(|| at(Refusal::NoCredential(takes)))?;
        let is_taken = if matches!(sent, Sent::Token(_)) { takes.tokens } else { takes.logins };
        return if is_taken { Ok(Judged::AskProvider(Arc::clone(service), sent)) } else { Err(at(Refusal::NoCredential(takes))) };
    };
    let key = ApiKey::prefix_of(&sent).and_then(|key_id| view.key(key_id)).ok_or_else(|| at(Refusal::UnknownKey))?;
    if !secrets.matches(&sent, &key.secret_digest) {
        return Err(at(Refusal::UnknownKey));
    }
    admit(view, service, key, now).map(Judged::Allowed)
}

/// The openings of a service that are asked about what was sent, and what each is shown. A signed token names its issuer;
/// a client's login is shown to the issuers of the strategies that have the client. Of what names nobody, only the first
/// issuer that takes such things learns.
pub(crate) fn candidates<'a>(view: &View, service: &'a Service, sent: &Sent) -> Vec<(&'a Opening, Arc<Trust>, Shown)> {
    let trusts = || service.openings.iter().filter_map(|opening| Some((opening, opening.trust.as_ref()?)));
    let mut found: Vec<(&Opening, Arc<Trust>, Shown)> = Vec::new();
    let names_issuer = match sent {
        Sent::Token(token) => {
            let issuer = named_issuer(token);
            for (opening, trust) in trusts().filter(|(_, trust)| trust.config.takes_tokens()) {
                if issuer.as_ref().is_none_or(|issuer| *issuer == trust.config.issuer) {
                    found.push((opening, Arc::clone(trust), Shown::Token(token.clone())));
                }
            }
            issuer.is_some()
        }
        Sent::Login(name, password) => {
            let is_client = |opening: &Opening, trust: &Trust| {
                trust.config.takes(AuthMethod::ClientCredentials) && view.client(opening.strategy, name).is_some()
            };
            let is_any_client = trusts().any(|(opening, trust)| is_client(opening, trust));
            for (opening, trust) in trusts() {
                let is_client = is_client(opening, trust);
                if is_client || (!is_any_client && trust.config.takes(AuthMethod::Password)) {
                    let login = Login { name: name.clone(), password: password.clone(), is_client };
                    found.push((opening, Arc::clone(trust), Shown::Login(login)));
                }
            }
            false
        }
    };
    if !names_issuer && let Some(first) = found.first().map(|(_, trust, _)| trust.config.issuer.clone()) {
        found.retain(|(_, trust, _)| trust.config.issuer == first);
    }
    found
}

/// As [`judge`] for a call with the key that begins so, to the service of a version; `path` follows the service's
/// prefix. For callers who know that the key is whose call it is.
pub(crate) fn decide_for_key(
    view: &View,
    now: OffsetDateTime,
    version: VersionId,
    path: &str,
    key_id: &str,
) -> Result<Allowed, Refused> {
    if !view.is_loaded() {
        return Err(Refusal::NotReady.into());
    }
    let service = view.service_of(version).ok_or(Refusal::NoService)?;
    let path = format!("{}{path}", service.path_prefix.trim_end_matches('/'));
    let call = Call { host: &service.host, path: &path, query: None, headers: &HeaderMap::new(), gateway: None };
    if find_service(view, &call)?.id != service.id {
        return Err(Refusal::AmbiguousPath.at(service.id));
    }
    if service.openings.is_empty() {
        return Err(Refusal::Closed.at(service.id));
    }
    admit(view, service, view.key(key_id).ok_or_else(|| Refusal::UnknownKey.at(service.id))?, now)
}

/// Whether a key that is known to be the caller's opens a service.
fn admit(view: &View, service: &Arc<Service>, key: &Key, now: OffsetDateTime) -> Result<Allowed, Refused> {
    let refused = |reason| Refused { reason, service: Some(service.id), application: Some(key.application) };
    if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(refused(Refusal::UnknownKey));
    }
    let application = view.application(key.application).ok_or_else(|| refused(Refusal::UnknownKey))?;
    if !service.openings.iter().any(|opening| opening.is_for(application)) || !is_registered(service, application) {
        return Err(refused(Refusal::NotRegistered));
    }
    let credential = CallersCredential::Key(key.credential);
    let consumer = Consumer { application_id: key.application, application_name: application.name.clone(), credential };
    Ok(Allowed { service: Arc::clone(service), consumer: Some(consumer), authorization: Authorization::AsSent })
}

/// Whether a client that a provider vouched for opens a service through one of its openings.
pub(crate) fn admit_client(
    view: &View,
    service: &Arc<Service>,
    opening: &Opening,
    client_id: &str,
    token: Option<String>,
) -> Result<Allowed, Refused> {
    let id = view.client(opening.strategy, client_id);
    let refused = Refused { reason: Refusal::NotRegistered, service: Some(service.id), application: id };
    let application = id.and_then(|id| view.application(id)).filter(|a| opening.is_for(a) && is_registered(service, a));
    let (Some(id), Some(application)) = (id, application) else { return Err(refused) };
    let hides = opening.trust.as_ref().is_some_and(|trust| trust.config.hide_credentials);
    let authorization = match token {
        _ if hides => Authorization::Hidden,
        Some(token) => Authorization::Token(token),
        None => Authorization::AsSent,
    };
    let credential = CallersCredential::Client(client_id.to_owned());
    let consumer = Consumer { application_id: id, application_name: application.name.clone(), credential };
    Ok(Allowed { service: Arc::clone(service), consumer: Some(consumer), authorization })
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
    let as_sent = view.service(call.gateway, call.host, call.path);
    let as_decoded = view.service(call.gateway, call.host, &decoded);
    // Some gateways and upstreams match paths whatever their case.
    let whatever_case = view.service_whatever_case(call.gateway, call.host, &decoded);
    let id = |service: Option<&Arc<Service>>| service.map(|service| service.id);
    if id(as_sent) != id(as_decoded) || id(as_sent) != id(whatever_case) {
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

/// What an `Authorization` header has for an OpenID provider: a token (RFC 6750, section 2.1), or a name and a
/// password (RFC 7617).
fn find_authorization(call: &Call<'_>) -> Result<Option<Sent>, Refusal> {
    let mut sent = call.headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Refusal::BadToken(TokenFault::Malformed));
    }
    let (scheme, value) = first.to_str().ok().and_then(|value| value.split_once(' ')).unwrap_or_default();
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !value.is_empty() {
        return Ok(Some(Sent::Token(value.to_owned())));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let login = STANDARD.decode(value).ok().and_then(|login| String::from_utf8(login).ok()).ok_or(Refusal::BadLogin)?;
    let (name, password) = login.split_once(':').ok_or(Refusal::BadLogin)?;
    Ok(Some(Sent::Login(name.to_owned(), Plain::new(password))))
}

fn only<T>(mut values: impl Iterator<Item = T>) -> Result<Option<T>, Refusal> {
    let first = values.next();
    if values.next().is_some() { Err(Refusal::DuplicateKey) } else { Ok(first) }
}
