//! DCR providers: identity providers at which Portico registers the clients of applications.

pub mod connectors;
pub mod store;

pub use connectors::{Abilities, Call, Comparison, Recovery, Rotation};
pub use store::{ATTRIBUTES, DcrProvider, ListedProvider, ProviderChoice, ProviderUse};

use crate::{
    Actor, Core, Result, audit, dcr_clients,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    openid,
    secrets::Plain,
};
use connectors::Provider;
use portico_model::{
    access::Permission,
    ids::DcrProviderId,
    labels::Labels,
    paging::{Page, PageRequest},
    problem::{FieldProblem, IssuerFault, Problem, Rule},
    states::ProviderType,
    text::Fields,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

/// Longest name, address, id and secret of a provider, in characters.
const TEXT_MAX: usize = 256;
/// Shortest key of a bridge, in characters.
const BRIDGE_KEY_MIN: usize = 12;

/// What of a provider is neither secret nor common to all. Written as the REST contract's `dcr_config`, with two
/// additions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DcrConfig {
    /// The client with which Portico asks for admin tokens: `auth0`, `azureAd`, `curity`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub initial_client_id: String,
    /// `auth0` behind a domain of one's own: the Management API's identifier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub initial_client_audience: String,
    /// `auth0`: developers choose among the strategy's scopes.
    #[serde(skip_serializing_if = "is_false")]
    pub use_developer_managed_scopes: bool,
    /// `http`: where the bridge is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dcr_base_url: String,
    #[serde(skip_serializing_if = "is_false")]
    pub disable_event_hooks: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub disable_refresh_secret: bool,
    /// Where clients are registered, instead of the address that derives from the issuer.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_url: String,
    /// Where admin tokens are had, likewise.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_url: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// What an admin decides about a provider.
#[derive(Clone, Debug)]
pub struct DcrProviderInput {
    /// For admins.
    pub name: String,
    /// For developers.
    pub display_name: String,
    /// For life.
    pub provider_type: ProviderType,
    pub issuer: String,
    /// Fields that are not of this type are passed over.
    pub config: DcrConfig,
    /// Okta's API token, the initial client's secret, the bridge's key or the initial access token. None to keep the one
    /// that is there, as long as it goes to the same place.
    pub secret: Option<Plain>,
    /// None to keep those that are there.
    pub labels: Option<Labels>,
}

struct Checked {
    name: String,
    display_name: String,
    provider_type: ProviderType,
    issuer: String,
    config: DcrConfig,
    new_secret: Option<Plain>,
    labels: Option<Labels>,
}

impl Checked {
    /// The sealed secret to keep: the new one, or the one that is there, which nobody else may learn.
    fn secret(&self, core: &Core, id: DcrProviderId, before: Option<&DcrProvider>) -> Result<Option<Vec<u8>>> {
        if let Some(secret) = &self.new_secret {
            return Ok(Some(core.secrets.seal(&core.random, &seal_context(id), secret.expose().as_bytes())?));
        }
        let kept = before.filter(|before| destination(&before.issuer, &before.config) == destination(&self.issuer, &self.config));
        let kept = kept.and_then(|before| before.secret.clone());
        let had_one = before.is_some_and(|before| before.secret.is_some());
        if kept.is_none() && (had_one || self.provider_type != ProviderType::Oidc) {
            return Err(Problem::field("secret", Rule::Required).into());
        }
        Ok(kept)
    }
}

/// Where the secret goes, and with which name.
fn destination<'a>(issuer: &'a str, config: &'a DcrConfig) -> [&'a str; 5] {
    [issuer, &config.initial_client_id, &config.dcr_base_url, &config.api_url, &config.token_url]
}

fn check(input: DcrProviderInput) -> Result<Checked, Problem> {
    use ProviderType::{Auth0, AzureAd, Curity, Http};
    let mut fields = Fields::new();
    let provider_type = input.provider_type;
    let name = fields.line("name", &input.name, TEXT_MAX);
    let display_name = fields.line("display_name", &input.display_name, TEXT_MAX);
    let issuer = fields.line("issuer", &input.issuer, TEXT_MAX);
    let is_url = fields.must_be_base_url("issuer", &issuer);
    if is_url && provider_type == AzureAd && connectors::tenant(&issuer).is_none() {
        fields.reject("issuer", Rule::Tenant);
    }
    let mut config = DcrConfig::default();
    let given = input.config;
    if matches!(provider_type, Auth0 | AzureAd | Curity) {
        config.initial_client_id = fields.line("initial_client_id", &given.initial_client_id, TEXT_MAX);
        config.token_url = optional_url(&mut fields, "token_url", &given.token_url);
    }
    if provider_type == Auth0 {
        config.initial_client_audience =
            fields.optional_line("initial_client_audience", &given.initial_client_audience, TEXT_MAX);
        config.use_developer_managed_scopes = given.use_developer_managed_scopes;
    }
    if provider_type == Http {
        config.dcr_base_url = fields.line("dcr_base_url", &given.dcr_base_url, TEXT_MAX);
        fields.must_be_base_url("dcr_base_url", &config.dcr_base_url);
        config.disable_event_hooks = given.disable_event_hooks;
        config.disable_refresh_secret = given.disable_refresh_secret;
    } else {
        config.api_url = optional_url(&mut fields, "api_url", &given.api_url);
    }
    let new_secret = input.secret.filter(|secret| !secret.expose().is_empty());
    if let Some(secret) = &new_secret {
        fields.optional_line("secret", secret.expose(), TEXT_MAX);
        if provider_type == Http && !is_bridge_key(secret.expose()) {
            fields.reject("secret", Rule::BridgeKey);
        }
    }
    if let Some(labels) = &input.labels {
        fields.labels("labels", labels);
    }
    fields.finish()?;
    Ok(Checked { name, display_name, provider_type, issuer, config, new_secret, labels: input.labels })
}

fn optional_url(fields: &mut Fields, field: &str, value: &str) -> String {
    let value = fields.optional_line(field, value, TEXT_MAX);
    fields.must_be_base_url(field, &value);
    value
}

fn is_bridge_key(key: &str) -> bool {
    key.len() >= BRIDGE_KEY_MIN && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Asks those providers that say themselves where clients are registered, so that a mistyped issuer is told now.
async fn ask_issuer(core: &Core, checked: &Checked) -> Result<()> {
    let asks = matches!(checked.provider_type, ProviderType::Curity | ProviderType::Oidc) && checked.config.api_url.is_empty();
    if !asks {
        return Ok(());
    }
    let issuer = checked.issuer.trim_end_matches(connectors::DISCOVERY);
    let found = openid::discover(&core.outgoing, issuer).await.map_err(|unusable| Problem::field("issuer", unusable.into()))?;
    match found.registration {
        Some(_) => Ok(()),
        None => {
            let rule = Rule::Issuer { fault: IssuerFault::NoEndpoint, told: "registration_endpoint".to_owned() };
            Err(Problem::Invalid(vec![FieldProblem { field: "issuer".to_owned(), rule }]).into())
        }
    }
}

fn seal_context(id: DcrProviderId) -> String {
    format!("dcr_provider/secret/{id}")
}

/// Creates a provider. For admins.
///
/// # Errors
///
/// `Invalid`; with [`Rule::Issuer`] for an issuer that names no place to register clients.
pub async fn create(core: &Core, actor: Actor, input: DcrProviderInput) -> Result<DcrProviderId> {
    actor.require(Permission::CreateProviders)?;
    let checked = check(input)?;
    let id = core.new_id();
    let secret = checked.secret(core, id, None)?;
    ask_issuer(core, &checked).await?;
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &settings(&checked, secret.as_deref()), core.now())
        .await
        .taken("dcr_provider_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "dcr_provider.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a provider; what it refused is tried again. Its type stays. For admins.
///
/// # Errors
///
/// As [`create`]; a secret is wanted anew where the old one would go somewhere else.
pub async fn update(core: &Core, actor: Actor, id: DcrProviderId, input: DcrProviderInput) -> Result<()> {
    save(core, actor, id, input, None).await.map(|_| ())
}

/// Changes a provider from what it is to what `decide` makes of that. Since its issuer is asked in between, that is done
/// anew where somebody else changed it meanwhile. For admins.
///
/// # Errors
///
/// As [`update`].
pub async fn change(
    core: &Core,
    actor: Actor,
    id: DcrProviderId,
    decide: impl Fn(&DcrProvider) -> Result<DcrProviderInput>,
) -> Result<()> {
    loop {
        let seen = get(core, actor, id).await?;
        if save(core, actor, id, decide(&seen)?, Some(&seen)).await? {
            return Ok(());
        }
    }
}

/// Saves unless the provider is not as it was seen; whether it did.
async fn save(core: &Core, actor: Actor, id: DcrProviderId, input: DcrProviderInput, seen: Option<&DcrProvider>) -> Result<bool> {
    actor.require(Permission::MaintainProviders)?;
    let checked = check(input)?;
    ask_issuer(core, &checked).await?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id).await?.filter(|p| p.provider_type == checked.provider_type).or_not_found()?;
    if seen.is_some_and(|seen| !seen.has_same_settings(&before)) {
        return Ok(false);
    }
    must_stay(&mut tx, &before, &checked).await?;
    let secret = checked.secret(core, id, Some(&before))?;
    store::update(&mut tx, id, &settings(&checked, secret.as_deref()), core.now())
        .await
        .taken("dcr_provider_name_key", "name")?;
    dcr_clients::store::retry_refused(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, None, "dcr_provider.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(true)
}

/// Clients are where they were made: asked for them elsewhere, another provider would say that they are gone.
async fn must_stay(connection: &mut PgConnection, before: &DcrProvider, checked: &Checked) -> Result<()> {
    let is_addressed_by_api = matches!(before.provider_type, ProviderType::Okta | ProviderType::Auth0 | ProviderType::AzureAd);
    let fields = [
        ("issuer", before.issuer != checked.issuer),
        ("dcr_base_url", before.config.dcr_base_url != checked.config.dcr_base_url),
        // With the RFCs each client says itself where it is managed.
        ("api_url", is_addressed_by_api && before.config.api_url != checked.config.api_url),
    ];
    match fields.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) if store::has_clients(connection, before.id).await? => {
            Err(Problem::field(field, Rule::FixedByClients).into())
        }
        _ => Ok(()),
    }
}

fn settings<'a>(checked: &'a Checked, secret: Option<&'a [u8]>) -> store::Settings<'a> {
    store::Settings {
        name: &checked.name,
        display_name: &checked.display_name,
        provider_type: checked.provider_type,
        issuer: &checked.issuer,
        config: &checked.config,
        secret,
        labels: checked.labels.as_ref(),
    }
}

/// Deletes a provider that nothing uses. For admins.
///
/// # Errors
///
/// `Conflict` with [`Conflict::ProviderInUse`], which lists the uses.
pub async fn delete(core: &Core, actor: Actor, id: DcrProviderId) -> Result<()> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, id).await?.or_not_found()?;
    if let Some(uses) = store::uses(&mut tx, id).await? {
        return Err(Problem::Conflict(uses).into());
    }
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, None, "dcr_provider.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The strategies that name a provider. For admins.
pub async fn strategies(core: &Core, actor: Actor, id: DcrProviderId) -> Result<Vec<ProviderUse>> {
    actor.require(Permission::ReadProviders)?;
    store::strategies(&core.pool, id).await
}

/// The providers. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<ListedProvider>> {
    actor.require(Permission::ReadProviders)?;
    store::list(&core.pool, request).await
}

/// Some of the providers, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, listing: &Listing) -> Result<Listed<DcrProvider>> {
    actor.require(Permission::ReadProviders)?;
    store::list_by(&core.pool, listing).await
}

/// Every provider by name, to choose one. For admins.
pub async fn choices(core: &Core, actor: Actor) -> Result<Vec<ProviderChoice>> {
    actor.require(Permission::ReadProviders)?;
    store::choices(&core.pool).await
}

/// One provider. For admins.
pub async fn get(core: &Core, actor: Actor, id: DcrProviderId) -> Result<DcrProvider> {
    actor.require(Permission::ReadProviders)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

impl DcrProvider {
    /// The issuer as its discovery document names it, where an admin gave that document's address.
    pub fn discovered_issuer(&self) -> &str {
        self.issuer.trim_end_matches(connectors::DISCOVERY)
    }

    /// What this provider can do.
    pub fn abilities(&self) -> Abilities {
        self.with_secret(Plain::new("")).connector().abilities()
    }

    /// Ready to be called.
    pub(crate) fn open(&self, core: &Core) -> anyhow::Result<Provider> {
        let secret = match &self.secret {
            Some(sealed) => String::from_utf8(core.secrets.open(&seal_context(self.id), sealed)?)?,
            None => String::new(),
        };
        Ok(self.with_secret(Plain::new(secret)))
    }

    fn with_secret(&self, secret: Plain) -> Provider {
        Provider {
            id: self.id,
            provider_type: self.provider_type,
            issuer: self.issuer.clone(),
            config: self.config.clone(),
            secret,
            updated_at: self.updated_at,
        }
    }
}
