//! Admins.

pub mod store;

pub use store::{Admin, Roles};

use crate::{
    Actor, Core, Error, Result, attempts, audit,
    error::{OnConstraint, OrNotFound},
    secrets::{Plain, sha256},
};
use portico_model::{
    access::{Permission, Permissions},
    ids::AdminId,
    paths,
    problem::{Conflict, Problem, Rule},
    states::AdminRole,
    text::Fields,
};

/// Creates an admin. For the operator, at the command line.
pub async fn create(core: &Core, actor: Actor, email: &str, password: Plain) -> Result<AdminId> {
    require_operator(actor)?;
    let mut fields = Fields::new();
    let email = fields.email("email", email);
    fields.new_password(password.expose(), password.expose());
    fields.finish()?;
    let hash = core.passwords.hash(password).await?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &email, &hash, core.now()).await.taken("admin_email_key", "email")?;
    store::delete_set_up(&mut tx).await?;
    audit::record(core, &mut tx, actor, None, "admin.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// A link at which the first admin sets a password, while there is no admin; it replaces an earlier one.
/// For the operator, at start.
pub async fn offer_set_up(core: &Core, actor: Actor) -> Result<Option<Plain>> {
    require_operator(actor)?;
    let mut tx = core.begin().await?;
    if store::any(&mut tx).await? {
        return Ok(None);
    }
    let (token, digest) = core.new_token("");
    store::put_set_up(&mut tx, &digest, core.now()).await?;
    tx.commit().await?;
    Ok(Some(Plain::new(format!("{}{}?token={}", core.site.origin(), paths::admin::SET_UP, token.expose()))))
}

/// Whether a set-up link works. For anyone.
pub async fn check_set_up(core: &Core, token: &Plain) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let known = store::is_set_up(&mut connection, &sha256(token.expose())).await?;
    known.then_some(()).ok_or_else(|| Problem::field("token", Rule::Link).into())
}

/// Makes the first admin. For anyone with the link, once.
pub async fn set_up(core: &Core, token: &Plain, email: &str, password: Plain, again: &Plain) -> Result<AdminId> {
    let mut fields = Fields::new();
    let email = fields.email("email", email);
    fields.new_password(password.expose(), again.expose());
    fields.finish()?;
    check_set_up(core, token).await?;
    let hash = core.passwords.hash(password).await?;
    let id: AdminId = core.new_id();
    let mut tx = core.begin().await?;
    if !store::use_set_up(&mut tx, &sha256(token.expose())).await? || store::any(&mut tx).await? {
        return Err(Problem::Conflict(Conflict::AlreadySetUp).into());
    }
    store::insert(&mut tx, id, &email, &hash, core.now()).await.taken("admin_email_key", "email")?;
    audit::record(core, &mut tx, Actor::Admin { id, permissions: Permissions::ALL }, None, "admin.set_up", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Whose password this is. For anyone; `address` is the network address, for the limit.
pub async fn sign_in(core: &Core, email: &str, password: Plain, address: &str) -> Result<AdminId> {
    attempts::count(core, &attempts::SIGN_IN_PER_ADDRESS, address).await?;
    attempts::count(core, &attempts::SIGN_IN_PER_ACCOUNT, &format!("admin/{}", email.trim())).await?;
    let known = store::find_password(&core.pool, email.trim()).await?;
    let hash = known.as_ref().map(|(_, hash)| hash.clone());
    let right = core.passwords.verify(password, hash).await?;
    let (id, _) = known.filter(|_| right).ok_or(Error::Problem(Problem::WrongPassword))?;
    let mut tx = core.begin().await?;
    audit::record(core, &mut tx, Actor::Admin { id, permissions: Permissions::ALL }, None, "admin.signed_in", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Everybody who runs this deployment. For whoever decides who may do what.
pub async fn list(core: &Core, actor: Actor) -> Result<Vec<Admin>> {
    actor.require(Permission::Administer)?;
    store::list(&core.pool).await
}

/// Decides what an admin may do, at once and for their tokens too. For whoever decides who may do what.
///
/// # Errors
///
/// `Conflict` with `LastAdmin` where nobody would be left who may do everything.
pub async fn set_roles(core: &Core, actor: Actor, id: AdminId, roles: &[AdminRole]) -> Result<()> {
    actor.require(Permission::Administer)?;
    let mut tx = core.begin().await?;
    let others = store::lock_other_admins(&mut tx, id).await?;
    if others == 0 && !roles.contains(&AdminRole::Admin) {
        return Err(Problem::Conflict(Conflict::LastAdmin).into());
    }
    store::set_roles(&mut tx, id, roles).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "admin.roles_set", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The signed-in admin. For admins.
pub async fn me(core: &Core, actor: Actor) -> Result<Admin> {
    let Actor::Admin { id, .. } = actor else { return Err(Problem::Unauthenticated.into()) };
    store::find(&core.pool, id).await?.or_not_found()
}

fn require_operator(actor: Actor) -> Result<()> {
    if actor == Actor::System { Ok(()) } else { Err(Problem::NotFound.into()) }
}
