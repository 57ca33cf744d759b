//! Why a call may not pass, as Kong's key-auth, openid-connect and acl plugins tell it.

use crate::openid::{TokenFault, Untaken};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_model::ids::{ApplicationId, GatewayServiceId};
use serde::{Deserialize, Serialize};

/// Why a call may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The view is not loaded yet.
    NotReady,
    /// A path that the upstream could understand otherwise than the gateway.
    AmbiguousPath,
    PathTooLong,
    /// No service matches host and path.
    NoService,
    /// No publication opens the service.
    Closed,
    NoKey,
    /// A key was sent twice under one name.
    DuplicateKey,
    /// Mistyped, never made here, revoked or expired.
    UnknownKey,
    /// The service takes more or other than keys, and nothing of it was sent.
    NoCredential(Takes),
    BadToken(TokenFault),
    /// The provider does not know the name with the password.
    BadLogin,
    /// Whether the credential is good cannot be told now.
    ProviderDown,
    /// The credential is good, but its application has no approved registration for this version.
    NotRegistered,
}

/// What callers of a service may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takes {
    pub keys: bool,
    pub tokens: bool,
    /// A name and a password, by HTTP Basic.
    pub logins: bool,
    /// A browser's session, which only the built-in gateway knows.
    pub sessions: bool,
}

/// A call that may not pass, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub reason: Refusal,
    pub service: Option<GatewayServiceId>,
    pub application: Option<ApplicationId>,
}

impl From<Refusal> for Refused {
    fn from(reason: Refusal) -> Self {
        Self { reason, service: None, application: None }
    }
}

impl From<Untaken> for Refusal {
    fn from(untaken: Untaken) -> Self {
        match untaken {
            Untaken::BadToken(fault) => Self::BadToken(fault),
            Untaken::BadLogin => Self::BadLogin,
            Untaken::ProviderDown => Self::ProviderDown,
        }
    }
}

impl Refusal {
    pub fn at(self, service: GatewayServiceId) -> Refused {
        Refused { service: Some(service), ..self.into() }
    }

    /// How far a call with a credential of a provider came: the further, the more its refusal tells.
    pub(crate) fn progress(self) -> u8 {
        match self {
            Self::NotRegistered => 2,
            Self::ProviderDown => 1,
            _ => 0,
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            Self::NotReady | Self::ProviderDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::AmbiguousPath => StatusCode::BAD_REQUEST,
            Self::PathTooLong => StatusCode::URI_TOO_LONG,
            Self::NoService => StatusCode::NOT_FOUND,
            Self::NoKey | Self::DuplicateKey | Self::UnknownKey | Self::NoCredential(_) | Self::BadToken(_) | Self::BadLogin => {
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
            Self::UnknownKey | Self::NoCredential(_) | Self::BadToken(_) | Self::BadLogin => "Unauthorized",
            Self::ProviderDown => "The identity provider cannot be reached",
            Self::Closed | Self::NotRegistered => "You cannot consume this service",
        }
    }

    /// What a caller may try next (RFC 9110, section 11.6.1; RFC 6750, section 3; RFC 7617, section 2).
    pub fn challenges(self) -> Vec<&'static str> {
        const KEY: &str = "Key realm=\"portico\"";
        const BEARER: &str = "Bearer realm=\"portico\"";
        const BASIC: &str = "Basic realm=\"portico\", charset=\"UTF-8\"";
        const SESSION: &str = "Session realm=\"portico\"";
        match self {
            Self::NoKey | Self::DuplicateKey | Self::UnknownKey => vec![KEY],
            Self::NoCredential(takes) => {
                let offered = [(takes.keys, KEY), (takes.tokens, BEARER), (takes.logins, BASIC), (takes.sessions, SESSION)];
                offered.into_iter().filter(|(is_taken, _)| *is_taken).map(|(_, challenge)| challenge).collect()
            }
            Self::BadToken(_) => vec!["Bearer realm=\"portico\", error=\"invalid_token\""],
            Self::BadLogin => vec![BASIC],
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = axum::Json(serde_json::json!({ "message": self.message() }));
        let mut response = (self.status(), body).into_response();
        for challenge in self.challenges() {
            response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
