//! Applications: what developers register to versions. Each has one auth strategy for life.

pub mod store;

pub use store::{ATTRIBUTES, Application, StrategyChoice};

use crate::{
    Actor, Core, Result, audit, dcr_clients,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    portals::Portal,
};
use portico_model::{
    access::Permission,
    ids::{ApplicationId, AuthStrategyId, PortalId},
    paging::{Page, PageRequest},
    problem::{Problem, Rule},
    states::StrategyType,
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// An application has at most this many redirect URIs.
pub const REDIRECT_URIS_MAX: usize = 10;

/// What a developer decides about an application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationInput {
    pub name: String,
    pub description: String,
    /// What another system calls it; for a strategy with an OpenID provider, the client id that this gave. Unique among
    /// the applications of a strategy. A DCR provider gives it itself.
    pub reference_id: Option<String>,
    /// Where people come back to after they have signed in at the OpenID provider.
    pub redirect_uris: Vec<String>,
    /// Those of the strategy's that the application asks for, where its developer may choose.
    pub scopes: Option<Vec<String>>,
}

/// What an application may be, by its strategy.
struct Terms<'a> {
    strategy_type: StrategyType,
    /// Whether a DCR provider registers its client.
    has_dcr: bool,
    /// What a developer may choose from; none where there is no choice.
    available_scopes: Option<&'a [String]>,
}

fn check(input: &ApplicationInput, terms: &Terms<'_>) -> Result<ApplicationInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    let reference_id = fields.optional_line("reference_id", input.reference_id.as_deref().unwrap_or_default(), NAME_MAX);
    if terms.has_dcr && !reference_id.is_empty() {
        fields.reject("reference_id", Rule::GivenByProvider);
    } else if !terms.has_dcr && reference_id.is_empty() && terms.strategy_type == StrategyType::OpenidConnect {
        fields.reject("reference_id", Rule::Required);
    }
    let redirect_uris = redirect_uris(&mut fields, &input.redirect_uris);
    let scopes = match (terms.available_scopes, &input.scopes) {
        (Some(available), Some(chosen)) if chosen.iter().any(|scope| !available.contains(scope)) => {
            fields.reject("scopes", Rule::NotOffered);
            None
        }
        (Some(_), chosen) => chosen.clone(),
        (None, _) => None,
    };
    fields.finish()?;
    let reference_id = Some(reference_id).filter(|id| !id.is_empty());
    Ok(ApplicationInput { name, description, reference_id, redirect_uris, scopes })
}

fn redirect_uris(fields: &mut Fields, given: &[String]) -> Vec<String> {
    let mut uris: Vec<String> = Vec::new();
    for uri in given.iter().map(|uri| uri.trim()).filter(|uri| !uri.is_empty()) {
        let uri = fields.optional_line("redirect_uris", uri, NAME_MAX);
        if !is_redirect_uri(&uri) {
            fields.reject("redirect_uris", Rule::RedirectUri);
        } else if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    if uris.len() > REDIRECT_URIS_MAX {
        fields.reject("redirect_uris", Rule::MaxItems(REDIRECT_URIS_MAX));
    }
    uris
}

/// Absolute and without a fragment (RFC 6749, section 3.1.2). Scripts and data are no places to go to.
fn is_redirect_uri(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else { return false };
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_executed = matches!(url.scheme(), "javascript" | "data" | "vbscript" | "blob" | "file" | "about");
    url.fragment().is_none() && !is_executed && (!is_web || url.host().is_some())
}

/// Creates an application with one of the portal's strategies, or its default one. Where the strategy names a DCR provider,
/// its client is made in the background. For developers.
pub async fn create(
    core: &Core,
    actor: Actor,
    portal: &Portal,
    input: &ApplicationInput,
    strategy: Option<AuthStrategyId>,
) -> Result<ApplicationId> {
    let developer = actor.require_developer(portal.id)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    let not_offered = |rule| Problem::field("auth_strategy", rule);
    let strategy = strategy.or(portal.default_auth_strategy_id).ok_or_else(|| not_offered(Rule::Required))?;
    let offered = store::offered(&mut tx, portal.id, strategy).await?;
    let offered = offered.ok_or_else(|| not_offered(Rule::NotOffered))?;
    let terms = Terms {
        strategy_type: offered.strategy_type,
        has_dcr: offered.dcr_provider_id.is_some(),
        available_scopes: offered.available_scopes.as_deref(),
    };
    let input = check(input, &terms)?;
    unique(store::insert(&mut tx, id, portal.id, developer, strategy, &input, core.now()).await)?;
    if let Some(provider) = offered.dcr_provider_id {
        dcr_clients::create(core, &mut tx, id, provider, &input.name).await?;
    }
    audit::record(core, &mut tx, actor, Some(portal.id), "application.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

fn unique<T>(result: Result<T>) -> Result<T> {
    result.taken("application_name_per_developer_key", "name").taken("application_reference_id_key", "reference_id")
}

/// Changes an application; the strategy never changes. Calls with a former client id stop at once. For the developer
/// whose it is.
pub async fn update(core: &Core, actor: Actor, portal: PortalId, id: ApplicationId, input: &ApplicationInput) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    let strategy = store::lock_own(&mut tx, developer, id).await?.or_not_found()?;
    let terms = Terms {
        strategy_type: strategy.strategy_type,
        has_dcr: strategy.has_dcr,
        available_scopes: strategy.available_scopes.as_deref(),
    };
    let mut input = check(input, &terms)?;
    if strategy.has_dcr {
        input.reference_id = strategy.reference_id;
    }
    unique(store::update(&mut tx, id, &input, core.now()).await)?;
    audit::record(core, &mut tx, actor, Some(portal), "application.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes an application with its keys and registrations, and its client at the DCR provider. For the developer whose it is.
pub async fn delete(core: &Core, actor: Actor, portal: PortalId, id: ApplicationId) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    store::lock_own(&mut tx, developer, id).await?.or_not_found()?;
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, Some(portal), "application.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes anybody's application with its keys and registrations. For admins.
pub async fn delete_as_admin(core: &Core, actor: Actor, id: ApplicationId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let portal = store::delete(&mut tx, id).await?.or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "application.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The signed-in developer's applications. For developers.
pub async fn list_own(core: &Core, actor: Actor, portal: PortalId, request: &PageRequest) -> Result<Page<Application>> {
    let developer = actor.require_developer(portal)?;
    store::list(&core.pool, Some(developer), request).await
}

/// Everybody's applications. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Application>> {
    actor.require(Permission::ReadPeople)?;
    store::list(&core.pool, None, request).await
}

/// Some of the applications of a portal, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, portal: PortalId, listing: &Listing) -> Result<Listed<Application>> {
    actor.require(Permission::ReadPeople)?;
    store::list_by(&core.pool, portal, listing).await
}

/// Anybody's application. For admins.
pub async fn get_as_admin(core: &Core, actor: Actor, id: ApplicationId) -> Result<Application> {
    actor.require(Permission::ReadPeople)?;
    store::find(&core.pool, id).await?.or_not_found()
}

/// One application. For the developer whose it is.
pub async fn get(core: &Core, actor: Actor, portal: PortalId, id: ApplicationId) -> Result<Application> {
    let developer = actor.require_developer(portal)?;
    store::find_own(&core.pool, developer, id).await?.or_not_found()
}

/// The strategies that versions published in a portal ask for: what an application can choose. For developers.
pub async fn strategy_choices(core: &Core, actor: Actor, portal: PortalId) -> Result<Vec<StrategyChoice>> {
    actor.require_developer(portal)?;
    store::strategy_choices(&core.pool, portal).await
}
