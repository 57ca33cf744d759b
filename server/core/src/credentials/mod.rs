//! API keys of a key-auth application. Only a digest is kept; the key is shown once.

pub mod store;

pub use store::Credential;

use crate::{
    Actor, Core, Result, applications, audit,
    error::OrNotFound,
    secrets::{ApiKey, Plain},
};
use portico_model::{
    ids::{ApplicationId, CredentialId, PortalId},
    problem::{Conflict, Problem},
    states::StrategyType,
    text::{Fields, NAME_MAX},
};

/// An application has at most this many credentials.
pub const MAX_PER_APPLICATION: i64 = 20;

/// Creates a key; the only time it can be read. For the developer whose application it is.
pub async fn create(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
    display_name: &str,
) -> Result<(CredentialId, Plain)> {
    let developer = actor.require_developer(portal)?;
    let display_name = check(display_name)?;
    let mut tx = core.begin().await?;
    let (_, strategy_type) = applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    match strategy_type {
        StrategyType::KeyAuth => {}
    }
    if store::count(&mut tx, application).await? >= MAX_PER_APPLICATION {
        return Err(Problem::Conflict(Conflict::TooManyCredentials).into());
    }
    let id: CredentialId = core.new_id();
    let key = ApiKey::generate(&core.site.region, &core.random);
    let digest = core.secrets.digest(key.key.expose());
    store::insert(&mut tx, id, application, &display_name, &key.prefix, &digest, core.now()).await?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok((id, key.key))
}

/// Renames a key. For the developer whose application it is.
pub async fn rename(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
    id: CredentialId,
    display_name: &str,
) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let display_name = check(display_name)?;
    let mut tx = core.begin().await?;
    applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    store::rename(&mut tx, application, id, &display_name).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.renamed", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Revokes a key for good; gateways refuse it at once. For the developer whose application it is.
pub async fn revoke(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId, id: CredentialId) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    store::delete(&mut tx, application, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.revoked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The keys of an application, oldest first. For the developer whose application it is.
pub async fn list(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId) -> Result<Vec<Credential>> {
    applications::get(core, actor, portal, application).await?;
    store::list(&core.pool, application).await
}

fn check(display_name: &str) -> Result<String> {
    let mut fields = Fields::new();
    let display_name = fields.line("display_name", display_name, NAME_MAX);
    fields.finish()?;
    Ok(display_name)
}
