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
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

fn check(name: &str, description: &str) -> Result<(String, String)> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, NAME_MAX);
    let description = fields.text("description", description, DESCRIPTION_MAX);
    fields.finish()?;
    Ok((name, description))
}

/// Creates an application with one of the portal's strategies, or its default one. For developers.
pub async fn create(
    core: &Core,
    actor: Actor,
    portal: &Portal,
    name: &str,
    description: &str,
    strategy: Option<AuthStrategyId>,
) -> Result<ApplicationId> {
    let developer = actor.require_developer(portal.id)?;
    let (name, description) = check(name, description)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    let not_offered = |rule| Problem::field("auth_strategy", rule);
    let strategy = strategy.or(portal.default_auth_strategy_id).ok_or_else(|| not_offered(Rule::Required))?;
    if !store::is_offered(&mut tx, portal.id, strategy).await? {
        return Err(not_offered(Rule::NotOffered).into());
    }
    store::insert(&mut tx, id, portal.id, developer, strategy, &name, &description, core.now())
        .await
        .taken("application_name_per_developer_key", "name")?;
    audit::record(core, &mut tx, actor, Some(portal.id), "application.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes name and description; the strategy never changes. For the developer whose it is.
pub async fn update(core: &Core, actor: Actor, portal: PortalId, id: ApplicationId, name: &str, description: &str) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let (name, description) = check(name, description)?;
    let mut tx = core.begin().await?;
    let found = store::update(&mut tx, developer, id, &name, &description, core.now())
        .await
        .taken("application_name_per_developer_key", "name")?;
    found.then_some(()).or_not_found()?;
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
