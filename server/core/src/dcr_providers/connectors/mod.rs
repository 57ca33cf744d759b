//! How each kind of provider registers clients. One trait, one file a kind.

mod auth0;
mod azure_ad;
mod calls;
mod curity;
mod http_bridge;
mod oidc;
mod okta;
mod registered;
mod tokens;

pub(crate) use azure_ad::tenant;
pub use calls::Call;
pub(crate) use calls::{Announcement, Calls, Failure, Meaning};
pub(crate) use curity::DISCOVERY;
pub use tokens::AdminTokens;

use super::DcrConfig;
use crate::secrets::Plain;
use async_trait::async_trait;
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, DcrClientId, DcrProviderId, DeveloperId, PortalId, VersionId},
    states::{AuthMethod, ProviderType},
};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// A provider with its secret opened.
pub(crate) struct Provider {
    pub id: DcrProviderId,
    pub provider_type: ProviderType,
    pub issuer: String,
    pub config: DcrConfig,
    pub secret: Plain,
    /// Changes whenever the provider does.
    pub updated_at: OffsetDateTime,
}

impl Provider {
    pub fn connector(self) -> Box<dyn Connector> {
        match self.provider_type {
            ProviderType::Okta => Box::new(okta::Okta(self)),
            ProviderType::Auth0 => Box::new(auth0::Auth0(self)),
            ProviderType::AzureAd => Box::new(azure_ad::AzureAd(self)),
            ProviderType::Curity => Box::new(curity::Curity(self)),
            ProviderType::Http => Box::new(http_bridge::HttpBridge(self)),
            ProviderType::Oidc => Box::new(oidc::Oidc(self)),
        }
    }

    /// The overriding address, or the one that derives from the issuer; without a slash at its end.
    fn address(&self, overriding: &str, derived: impl FnOnce(&str) -> String) -> String {
        let address = if overriding.is_empty() { derived(self.issuer.trim_end_matches('/')) } else { overriding.to_owned() };
        address.trim_end_matches('/').to_owned()
    }
}

/// Everything of a client that a provider may be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    pub name: String,
    pub description: String,
    pub redirect_uris: Vec<String>,
    pub auth_methods: Vec<AuthMethod>,
    pub scopes: Vec<String>,
    pub audience: Option<String>,
    /// Those that the application may call, in order.
    pub versions: Vec<VersionId>,
    pub owner: Owner,
}

/// Whose client it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    pub client: DcrClientId,
    pub provider: DcrProviderId,
    pub application: ApplicationId,
    pub developer: DeveloperId,
    pub portal: PortalId,
    pub strategy: AuthStrategyId,
}

impl Owner {
    /// What our clients are found by.
    pub fn tag(&self) -> String {
        format!("{}{}", tag_prefix(self.provider), self.client.0.simple())
    }
}

/// What the tags of all clients of a provider begin with. Another deployment at the same provider has another.
pub(crate) fn tag_prefix(provider: DcrProviderId) -> String {
    let id = provider.0.simple().to_string();
    let (_, random) = id.split_at(20);
    format!("portico-{random}-")
}

/// The client whose tag this is.
pub(crate) fn tagged(provider: DcrProviderId, tag: &str) -> Option<DcrClientId> {
    tag.strip_prefix(&tag_prefix(provider))?.parse().ok()
}

impl Wanted {
    /// Whether people sign in with it, so that it needs more than its secret.
    fn signs_in(&self) -> bool {
        !self.redirect_uris.is_empty()
    }

    /// Client credentials for machines; for people the code too (RFC 6749, section 4).
    fn grant_types(&self) -> Vec<&'static str> {
        if self.signs_in() {
            vec!["client_credentials", "authorization_code", "refresh_token"]
        } else {
            vec!["client_credentials"]
        }
    }

    /// The beginning of the name.
    fn short_name(&self, max: usize) -> String {
        self.name.chars().take(max).collect()
    }
}

/// What a provider was told of a client before.
#[derive(Clone, Copy)]
pub(crate) struct Before<'a> {
    /// What it is known to have; none where that is not known.
    pub applied: Option<&'a Wanted>,
    /// What it may have besides: an update that did not come to a good end.
    pub attempted: Option<&'a Wanted>,
}

impl Before<'_> {
    /// Whether the provider may have something else than is wanted now.
    fn may_differ<T: PartialEq>(&self, wanted: &Wanted, part: impl Fn(&Wanted) -> T) -> bool {
        self.attempted.is_some() || self.applied.is_none_or(|applied| part(applied) != part(wanted))
    }

    /// Whether it is known what the provider has.
    fn is_certain(&self) -> bool {
        self.applied.is_some() && self.attempted.is_none()
    }

    /// The versions that it may have been told of.
    fn versions(&self) -> Vec<VersionId> {
        self.versions_and([self.applied, self.attempted])
    }

    /// Those that it may have been told of once it is told of these.
    pub fn versions_with(&self, wanted: &Wanted) -> Vec<VersionId> {
        self.versions_and([self.attempted, Some(wanted)])
    }

    fn versions_and(&self, told: [Option<&Wanted>; 2]) -> Vec<VersionId> {
        let mut versions: Vec<VersionId> = told.into_iter().flatten().flat_map(|wanted| wanted.versions.clone()).collect();
        versions.sort();
        versions.dedup();
        versions
    }
}

/// What a provider says of a client.
#[derive(Debug)]
pub(crate) struct Given {
    pub client_id: String,
    pub secret: Option<Plain>,
    pub secret_expires_at: Option<OffsetDateTime>,
    /// What this one client is managed with.
    pub management: Option<Plain>,
}

impl Given {
    fn nothing_new(known: &Known) -> Self {
        Self { client_id: known.client_id.clone(), secret: None, secret_expires_at: None, management: None }
    }
}

/// A client that exists.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub client_id: String,
    pub management: Option<Plain>,
    /// Since it was created: a provider may need a while to know of it everywhere.
    pub age: Duration,
    /// Since it was first asked to delete it, where no answer came and nothing else can be the reason if it does not know it.
    pub deletion_sent: Option<Duration>,
}

/// When the old secret stops after a new one was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    AtOnce,
    /// After so long at most.
    Within(Duration),
    /// There are no new secrets, but a new client, with which the old one stops at once.
    NewClient,
    /// Switched off.
    Never,
}

/// How the client of a lost answer is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Creating again finds it.
    Repeat,
    /// By its tag, once this long has passed: a search may lag behind.
    Search(Duration),
    /// Not at all.
    None,
}

/// What a kind of provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    pub recovery: Recovery,
    pub rotation: Rotation,
    /// Whether changing a client gives it a new secret.
    pub update_renews_secret: bool,
    /// Whether it tells of the clients that it has.
    pub comparison: Comparison,
}

/// How both sides are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It lists its clients.
    List,
    /// Each client is asked for.
    Each,
    /// Not at all: asking would change the client, or there is nothing to ask.
    None,
}

/// A client as the provider has it.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub client_id: String,
    pub name: String,
    /// Ours, where it carries a tag of ours.
    pub client: Option<DcrClientId>,
    /// As far as they are told.
    pub redirect_uris: Option<Vec<String>>,
}

/// Some of a provider's clients.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub clients: Vec<Remote>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
}

/// A kind of provider. Every method may be repeated after an answer was lost, but for `create`, for which
/// [`Abilities::recovery`] says what to do first.
#[async_trait]
pub(crate) trait Connector: Send + Sync {
    fn abilities(&self) -> Abilities;

    /// Makes the client with a single call that matters; access to versions is given by `update`.
    async fn create(&self, calls: &mut Calls<'_>, wanted: &Wanted) -> Result<Given, Failure>;

    /// Finds the client by its tag, for [`Recovery::Search`].
    async fn find(&self, calls: &mut Calls<'_>, tag: &str) -> Result<Option<Given>, Failure>;

    /// Makes the client what is wanted, whatever was done of it before.
    async fn update(&self, calls: &mut Calls<'_>, known: &Known, before: Before<'_>, wanted: &Wanted) -> Result<Given, Failure>;

    /// A new secret for the client, unless [`Abilities::rotation`] says otherwise.
    async fn rotate(&self, calls: &mut Calls<'_>, known: &Known, wanted: &Wanted) -> Result<Given, Failure>;

    /// Deletes the client; one that is gone already is a success.
    async fn delete(&self, calls: &mut Calls<'_>, known: &Known) -> Result<(), Failure>;

    /// Some of the clients that carry a tag of ours, for [`Comparison::List`].
    async fn list(&self, calls: &mut Calls<'_>, from: Option<&str>) -> Result<Listing, Failure>;

    /// One client, for [`Comparison::Each`]; none when it is gone.
    async fn read(&self, calls: &mut Calls<'_>, known: &Known) -> Result<Option<(Remote, Given)>, Failure>;
}

/// A method that the abilities of a provider exclude.
fn not_offered() -> Failure {
    Failure::new(Meaning::Refused { is_request: false }, "this provider does not offer that")
}
