//! OpenID providers: what their discovery document says.

use crate::outgoing::{Fault, Outgoing};
use openidconnect::{
    AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata,
    core::{
        CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
        CoreSubjectIdentifierType,
    },
};
use portico_model::problem::{IssuerFault, Rule};
use serde::{Deserialize, Serialize};

/// Most of a provider's own words that are shown, in characters.
const TOLD_MAX: usize = 300;

/// What OAuth adds to OpenID's metadata (RFC 8414, section 2).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OauthMetadata {
    introspection_endpoint: Option<String>,
}

impl AdditionalProviderMetadata for OauthMetadata {}

type Metadata = ProviderMetadata<
    OauthMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Where a provider does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    pub issuer: String,
    pub jwks: String,
    pub authorization: String,
    pub token: Option<String>,
    pub introspection: Option<String>,
    /// Where clients are registered (RFC 7591).
    pub registration: Option<String>,
}

/// Why a provider cannot be used, with what it said itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    pub fault: IssuerFault,
    pub told: String,
}

impl From<Unusable> for Rule {
    fn from(unusable: Unusable) -> Self {
        Self::Issuer { fault: unusable.fault, told: unusable.told }
    }
}

/// Asks an issuer for its metadata and keys (OpenID Connect Discovery 1.0, section 4).
pub async fn discover(outgoing: &Outgoing, issuer: &str) -> Result<Endpoints, Unusable> {
    let url = IssuerUrl::new(issuer.to_owned()).map_err(|_| Unusable { fault: IssuerFault::Document, told: String::new() })?;
    let client = |request| {
        let outgoing = outgoing.clone();
        async move { outgoing.send(request).await }
    };
    let metadata = Metadata::discover_async(url, &client).await.map_err(unusable)?;
    Ok(Endpoints {
        issuer: metadata.issuer().to_string(),
        jwks: metadata.jwks_uri().to_string(),
        authorization: metadata.authorization_endpoint().to_string(),
        token: metadata.token_endpoint().map(ToString::to_string),
        introspection: metadata.additional_metadata().introspection_endpoint.clone(),
        registration: metadata.registration_endpoint().map(ToString::to_string),
    })
}

fn unusable(error: DiscoveryError<Fault>) -> Unusable {
    let (fault, told) = match error {
        DiscoveryError::Request(Fault::NotAllowed) => (IssuerFault::NotAllowed, String::new()),
        DiscoveryError::Request(Fault::Timeout) => (IssuerFault::Timeout, String::new()),
        DiscoveryError::Request(Fault::Unreachable | Fault::Broken | Fault::TooLarge) => {
            (IssuerFault::Unreachable, String::new())
        }
        DiscoveryError::Response(status, body, _) if !status.is_success() => (IssuerFault::Status(status.as_u16()), said(&body)),
        DiscoveryError::Response(_, body, _) => (IssuerFault::Document, said(&body)),
        DiscoveryError::Validation(told) => (IssuerFault::OtherIssuer, told),
        DiscoveryError::Parse(error) => (IssuerFault::Document, error.to_string()),
        error => (IssuerFault::Document, error.to_string()),
    };
    Unusable { fault, told }
}

/// The beginning of an answer, on one line.
pub(crate) fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TOLD_MAX).collect()
}
