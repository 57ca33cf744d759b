//! Identity providers: where the developers of a portal sign in instead of here. At most one of a type, and at most one
//! that is enabled.

pub mod store;

pub use store::IdentityProvider;

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    portals,
    secrets::Plain,
};
use portico_model::{
    access::Permission,
    ids::{IdentityProviderId, PortalId},
    problem::{Problem, Rule},
    states::IdentityProviderType,
    text::Fields,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// Longest address, id, secret, scope and claim, in characters.
const TEXT_MAX: usize = 1024;
/// Largest metadata of a SAML provider, in characters.
const METADATA_MAX: usize = 200_000;
/// An OpenID provider is asked for at most so many scopes.
const SCOPES_MAX: usize = 50;

/// Which claims of a token say what of a developer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimMappings {
    pub name: String,
    pub email: String,
    pub groups: String,
}

impl Default for ClaimMappings {
    fn default() -> Self {
        Self { name: "name".to_owned(), email: "email".to_owned(), groups: "groups".to_owned() }
    }
}

/// What of a provider is not secret. Written as the REST contract's `config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Config {
    Oidc {
        issuer_url: String,
        client_id: String,
        scopes: Vec<String>,
        claim_mappings: ClaimMappings,
    },
    /// One of both.
    Saml {
        #[serde(skip_serializing_if = "Option::is_none")]
        idp_metadata_url: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        idp_metadata_xml: Option<String>,
    },
}

/// The scopes that are asked for unless others are named.
pub fn default_scopes() -> Vec<String> {
    ["email", "openid", "profile"].map(str::to_owned).to_vec()
}

/// What an admin decides about a provider.
#[derive(Clone, Debug)]
pub struct IdentityProviderInput {
    pub enabled: bool,
    pub config: Config,
    /// Of our client at an OpenID provider; none to keep the one that is there, as long as issuer and client stay.
    pub client_secret: Option<Plain>,
}

impl Config {
    pub fn provider_type(&self) -> IdentityProviderType {
        match self {
            Self::Oidc { .. } => IdentityProviderType::Oidc,
            Self::Saml { .. } => IdentityProviderType::Saml,
        }
    }

    fn check(&self, fields: &mut Fields) {
        match self {
            Self::Oidc { issuer_url, client_id, scopes, claim_mappings } => {
                fields.line("config.issuer_url", issuer_url, TEXT_MAX);
                fields.must_be_base_url("config.issuer_url", issuer_url);
                fields.line("config.client_id", client_id, TEXT_MAX);
                if scopes.len() > SCOPES_MAX {
                    fields.reject("config.scopes", Rule::MaxItems(SCOPES_MAX));
                }
                scopes.iter().for_each(|scope| _ = fields.line("config.scopes", scope, TEXT_MAX));
                if !scopes.iter().any(|scope| scope == "openid") {
                    fields.reject("config.scopes", Rule::OneOf(vec!["openid".to_owned()]));
                }
                for claim in [&claim_mappings.name, &claim_mappings.email, &claim_mappings.groups] {
                    fields.line("config.claim_mappings", claim, TEXT_MAX);
                }
            }
            Self::Saml { idp_metadata_url, idp_metadata_xml } => {
                let is_given = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
                if is_given(idp_metadata_url) == is_given(idp_metadata_xml) {
                    fields.reject("config.idp_metadata_url", Rule::Required);
                }
                if let Some(url) = idp_metadata_url {
                    fields.must_be_url("config.idp_metadata_url", url);
                }
                fields.text("config.idp_metadata_xml", idp_metadata_xml.as_deref().unwrap_or_default(), METADATA_MAX);
            }
        }
    }

    /// Who learns the secret, and with which name.
    fn destination(&self) -> Option<(&str, &str)> {
        match self {
            Self::Oidc { issuer_url, client_id, .. } => Some((issuer_url, client_id)),
            Self::Saml { .. } => None,
        }
    }
}

fn seal_context(id: IdentityProviderId) -> String {
    format!("identity_provider/client_secret/{id}")
}

fn check(
    core: &Core,
    id: IdentityProviderId,
    input: &IdentityProviderInput,
    before: Option<&IdentityProvider>,
) -> Result<Option<Vec<u8>>> {
    let mut fields = Fields::new();
    input.config.check(&mut fields);
    let new_secret = input.client_secret.as_ref().filter(|secret| !secret.expose().is_empty());
    if let Some(secret) = new_secret {
        fields.optional_line("config.client_secret", secret.expose(), TEXT_MAX);
    }
    fields.finish()?;
    if let Some(secret) = new_secret {
        return Ok(Some(core.secrets.seal(&core.random, &seal_context(id), secret.expose().as_bytes())?));
    }
    let stays = before.filter(|before| before.config.destination() == input.config.destination());
    Ok(stays.and_then(|before| before.client_secret.clone()))
}

fn named<T>(result: Result<T>) -> Result<T> {
    result.taken("identity_provider_type_per_portal_key", "type").taken("identity_provider_enabled_per_portal_key", "enabled")
}

/// Creates a provider of a portal. For admins.
pub async fn create(core: &Core, actor: Actor, portal: PortalId, input: IdentityProviderInput) -> Result<IdentityProviderId> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let id = insert(core, &mut tx, actor, portal, &input).await?;
    tx.commit().await?;
    Ok(id)
}

async fn insert(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    portal: PortalId,
    input: &IdentityProviderInput,
) -> Result<IdentityProviderId> {
    let id = core.new_id();
    let secret = check(core, id, input, None)?;
    named(store::insert(connection, id, portal, input, secret.as_deref(), core.now()).await)?;
    audit::record(core, connection, actor, Some(portal), "identity_provider.created", Some(id.0)).await?;
    Ok(id)
}

/// Changes a provider, from what it is to what `decide` makes of that while nobody else changes it; its type stays. For
/// admins.
pub async fn update(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    id: IdentityProviderId,
    decide: impl FnOnce(&IdentityProvider) -> IdentityProviderInput,
) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let settings = portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let before = store::find(&mut tx, portal, id).await?.or_not_found()?;
    let input = decide(&before);
    change(core, &mut tx, actor, &before, &input).await?;
    must_have_a_way_in(&mut tx, portal, settings.basic_auth_enabled).await?;
    tx.commit().await?;
    Ok(())
}

async fn change(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    before: &IdentityProvider,
    input: &IdentityProviderInput,
) -> Result<()> {
    if input.config.provider_type() != before.provider_type {
        return Err(Problem::field("config", Rule::NotOffered).into());
    }
    let secret = check(core, before.id, input, Some(before))?;
    named(store::update(connection, before.id, input, secret.as_deref(), core.now()).await)?;
    audit::record(core, connection, actor, Some(before.portal_id), "identity_provider.updated", Some(before.id.0)).await
}

/// Deletes a provider. For admins.
///
/// # Errors
///
/// `Invalid` for the only way into a portal.
pub async fn delete(core: &Core, actor: Actor, portal: PortalId, id: IdentityProviderId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let settings = portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    store::delete(&mut tx, portal, id).await?.then_some(()).or_not_found()?;
    must_have_a_way_in(&mut tx, portal, settings.basic_auth_enabled).await?;
    audit::record(core, &mut tx, actor, Some(portal), "identity_provider.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

async fn must_have_a_way_in(connection: &mut PgConnection, portal: PortalId, basic_auth_enabled: bool) -> Result<()> {
    let has_one = basic_auth_enabled || store::list(connection, portal).await?.iter().any(|provider| provider.enabled);
    has_one.then_some(()).ok_or_else(|| Problem::field("basic_auth_enabled", Rule::Required).into())
}

/// The providers of a portal. For admins.
pub async fn list(core: &Core, actor: Actor, portal: PortalId) -> Result<Vec<IdentityProvider>> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    store::list(&mut connection, portal).await
}

/// One provider of a portal. For admins.
pub async fn get(core: &Core, actor: Actor, portal: PortalId, id: IdentityProviderId) -> Result<IdentityProvider> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, portal, id).await?.or_not_found()
}

/// What somebody changes of how developers sign in; none to leave it.
#[derive(Clone, Debug, Default)]
pub struct AuthenticationChange {
    pub basic_auth_enabled: Option<bool>,
    pub oidc_auth_enabled: Option<bool>,
    pub saml_auth_enabled: Option<bool>,
    pub idp_mapping_enabled: Option<bool>,
    pub konnect_mapping_enabled: Option<bool>,
    pub oidc_issuer: Option<String>,
    pub oidc_client_id: Option<String>,
    pub oidc_client_secret: Option<Plain>,
    pub oidc_scopes: Option<Vec<String>>,
    pub oidc_claim_mappings: Option<ClaimMappings>,
}

impl AuthenticationChange {
    fn names_oidc(&self) -> bool {
        self.makes_oidc() || self.oidc_scopes.is_some() || self.oidc_claim_mappings.is_some()
    }

    /// Scopes and claims alone, which clients fill in with the contract's defaults, are no provider.
    fn makes_oidc(&self) -> bool {
        self.oidc_auth_enabled == Some(true)
            || self.oidc_issuer.is_some()
            || self.oidc_client_id.is_some()
            || self.oidc_client_secret.is_some()
    }

    /// What becomes of the OpenID provider.
    fn oidc(&self, before: Option<&IdentityProvider>) -> IdentityProviderInput {
        let known = before.map(|before| before.config.clone());
        let (issuer, client, scopes, claims) = match known {
            Some(Config::Oidc { issuer_url, client_id, scopes, claim_mappings }) => {
                (issuer_url, client_id, scopes, claim_mappings)
            }
            _ => (String::new(), String::new(), default_scopes(), ClaimMappings::default()),
        };
        IdentityProviderInput {
            enabled: self.oidc_auth_enabled.unwrap_or(before.is_some_and(|before| before.enabled)),
            config: Config::Oidc {
                issuer_url: self.oidc_issuer.clone().unwrap_or(issuer),
                client_id: self.oidc_client_id.clone().unwrap_or(client),
                scopes: self.oidc_scopes.clone().unwrap_or(scopes),
                claim_mappings: self.oidc_claim_mappings.clone().unwrap_or(claims),
            },
            client_secret: self.oidc_client_secret.clone(),
        }
    }
}

/// Changes how the developers of a portal sign in; its OpenID provider is made when it is named first. For admins.
///
/// # Errors
///
/// `Invalid` where no way in would be left, or two providers would be enabled.
pub async fn configure(core: &Core, actor: Actor, portal: PortalId, change_of: &AuthenticationChange) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let settings = portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let providers = store::list(&mut tx, portal).await?;
    let of = |kind: IdentityProviderType| providers.iter().find(|provider| provider.provider_type == kind);
    let (oidc, saml) = (of(IdentityProviderType::Oidc), of(IdentityProviderType::Saml));
    // What is switched off first makes room for what is switched on.
    match (change_of.saml_auth_enabled, saml) {
        (Some(false), Some(saml)) => store::enable(&mut tx, saml.id, false, core.now()).await?,
        (Some(true), None) => return Err(Problem::field("saml_auth_enabled", Rule::NotOffered).into()),
        _ => {}
    }
    match oidc {
        Some(oidc) if change_of.names_oidc() || change_of.oidc_auth_enabled.is_some() => {
            change(core, &mut tx, actor, oidc, &change_of.oidc(Some(oidc))).await?;
        }
        None if change_of.makes_oidc() => {
            insert(core, &mut tx, actor, portal, &change_of.oidc(None)).await?;
        }
        _ => {}
    }
    if let (Some(true), Some(saml)) = (change_of.saml_auth_enabled, saml) {
        named(store::enable(&mut tx, saml.id, true, core.now()).await)?;
    }
    let basic_auth_enabled = change_of.basic_auth_enabled.unwrap_or(settings.basic_auth_enabled);
    store::set_authentication(
        &mut tx,
        portal,
        basic_auth_enabled,
        change_of.idp_mapping_enabled.unwrap_or(settings.idp_mapping_enabled),
        change_of.konnect_mapping_enabled.unwrap_or(settings.konnect_mapping_enabled),
    )
    .await?;
    must_have_a_way_in(&mut tx, portal, basic_auth_enabled).await?;
    audit::record(core, &mut tx, actor, Some(portal), "portal.authentication_updated", Some(portal.0)).await?;
    tx.commit().await?;
    Ok(())
}
