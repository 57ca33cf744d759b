//! Applications: what developers register to versions. Each has one auth strategy for life.

pub mod store;

pub use store::{Application, StrategyChoice};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    portals::Portal,
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, PortalId},
    paging::{Page, PageRequest},
    problem::{Problem, Rule},
    states::StrategyType,
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// What a developer decides about an application.
#[derive(Clone, Debug, Default)]
pub struct ApplicationInput {
    pub name: String,
    pub description: String,
    /// What another system calls it; for a strategy with an OpenID provider, the client id that this gave. Unique among
    /// the applications of a strategy.
    pub reference_id: Option<String>,
}

fn check(input: &ApplicationInput, strategy: StrategyType) -> Result<ApplicationInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    let reference_id = fields.optional_line("reference_id", input.reference_id.as_deref().unwrap_or_default(), NAME_MAX);
    if reference_id.is_empty() && strategy == StrategyType::OpenidConnect {
        fields.reject("reference_id", Rule::Required);
    }
    fields.finish()?;
    Ok(ApplicationInput { name, description, reference_id: Some(reference_id).filter(|id| !id.is_empty()) })
}

/// Creates an application with one of the portal's strategies, or its default one. For developers.
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
    let strategy_type = offered.ok_or_else(|| not_offered(Rule::NotOffered))?;
    let input = check(input, strategy_type)?;
    unique(store::insert(&mut tx, id, portal.id, developer, strategy, &input, core.now()).await)?;
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
    let input = check(input, strategy.strategy_type)?;
    unique(store::update(&mut tx, id, &input, core.now()).await)?;
    audit::record(core, &mut tx, actor, Some(portal), "application.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes an application with its keys and registrations. For the developer whose it is.
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
    actor.require_admin()?;
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
    actor.require_admin()?;
    store::list(&core.pool, None, request).await
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
