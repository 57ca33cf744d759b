//! System accounts: programs with access tokens of their own, so that none depends on a person who may leave.

pub mod store;

pub use store::SystemAccount;

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    access::Permission,
    ids::SystemAccountId,
    states::AdminRole,
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// What is decided about a system account.
#[derive(Clone, Debug, Default)]
pub struct SystemAccountInput {
    pub name: String,
    pub description: String,
    pub roles: Vec<AdminRole>,
}

fn check(input: SystemAccountInput) -> Result<SystemAccountInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    fields.finish()?;
    Ok(SystemAccountInput { name, description, roles: input.roles })
}

/// Creates a system account. For whoever decides who may do what.
pub async fn create(core: &Core, actor: Actor, input: SystemAccountInput) -> Result<SystemAccountId> {
    actor.require(Permission::Administer)?;
    let input = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &input, core.now()).await.taken("system_account_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "system_account.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a system account, and at once what its tokens may do. For whoever decides who may do what.
pub async fn update(core: &Core, actor: Actor, id: SystemAccountId, input: SystemAccountInput) -> Result<()> {
    actor.require(Permission::Administer)?;
    let input = check(input)?;
    let mut tx = core.begin().await?;
    let found = store::update(&mut tx, id, &input, core.now()).await.taken("system_account_name_key", "name")?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "system_account.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a system account with its tokens. For whoever decides who may do what.
pub async fn delete(core: &Core, actor: Actor, id: SystemAccountId) -> Result<()> {
    actor.require(Permission::Administer)?;
    let mut tx = core.begin().await?;
    store::delete(&mut tx, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "system_account.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The system accounts by name. For whoever decides who may do what.
pub async fn list(core: &Core, actor: Actor) -> Result<Vec<SystemAccount>> {
    actor.require(Permission::Administer)?;
    store::list(&core.pool).await
}

/// One system account. For whoever decides who may do what.
pub async fn get(core: &Core, actor: Actor, id: SystemAccountId) -> Result<SystemAccount> {
    actor.require(Permission::Administer)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}
