//! Access tokens: how a program shows at the management API who it is. Only a digest is kept.

pub mod store;

pub use store::AccessToken;

use crate::{
    Actor, Core, Result,
    admins::{self, Roles},
    audit,
    error::{OnConstraint, OrNotFound},
    secrets::{Plain, sha256},
    system_accounts,
};
use portico_model::{
    access::{Permission, Permissions},
    ids::{AccessTokenId, AdminId, SystemAccountId},
    problem::{Conflict, Problem, Rule},
    states::AdminRole,
    text::{Fields, NAME_MAX},
};
use sqlx::PgConnection;
use time::Duration;

/// The longest life of a token, in days.
pub const LIFETIME_DAYS_MAX: u32 = 365;
/// An admin or a system account has at most this many that have not expired.
pub const MAX_PER_OWNER: i64 = 10;
/// What a token begins with, so that scanners recognise one that has leaked.
const PREFIX: &str = "pta_";
/// How exactly it is known when a token was used last.
const USE_PRECISION: Duration = Duration::minutes(1);
/// How long one that has expired is still shown.
const RETENTION: Duration = Duration::days(30);

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Admin(AdminId),
    SystemAccount(SystemAccountId),
}

/// What is decided about a token.
#[derive(Clone, Debug, Default)]
pub struct AccessTokenInput {
    pub name: String,
    /// 1 to [`LIFETIME_DAYS_MAX`].
    pub lifetime_days: u32,
    /// What the token may do of what its owner may; none for all of that.
    pub roles: Option<Vec<AdminRole>>,
}

/// Creates a token of the signed-in admin, shown once. For admins.
///
/// # Errors
///
/// `Invalid`, and `Conflict` with `TooManyAccessTokens`.
pub async fn create(core: &Core, actor: Actor, input: &AccessTokenInput) -> Result<Plain> {
    let admin = require_person(actor)?;
    let mut tx = core.begin().await?;
    admins::store::lock(&mut tx, admin).await?.then_some(()).or_not_found()?;
    let token = insert(core, &mut tx, actor, Owner::Admin(admin), input).await?;
    tx.commit().await?;
    Ok(token)
}

/// Creates a token of a system account, shown once. For whoever decides who may do what.
///
/// # Errors
///
/// As [`create`].
pub async fn create_of(core: &Core, actor: Actor, account: SystemAccountId, input: &AccessTokenInput) -> Result<Plain> {
    actor.require(Permission::Administer)?;
    let mut tx = core.begin().await?;
    system_accounts::store::lock(&mut tx, account).await?.or_not_found()?;
    let token = insert(core, &mut tx, actor, Owner::SystemAccount(account), input).await?;
    tx.commit().await?;
    Ok(token)
}

/// Creates a token of an admin that lives as long as one may, shown once. For the operator, at the command line.
pub async fn create_for(core: &Core, actor: Actor, email: &str, name: &str) -> Result<Plain> {
    if actor != Actor::System {
        return Err(Problem::NotFound.into());
    }
    let mut tx = core.begin().await?;
    let admin = admins::store::lock_by_email(&mut tx, email).await?;
    let admin = admin.ok_or_else(|| Problem::field("admin", Rule::NotOffered))?;
    let input = AccessTokenInput { name: name.to_owned(), lifetime_days: LIFETIME_DAYS_MAX, roles: None };
    let token = insert(core, &mut tx, actor, Owner::Admin(admin), &input).await?;
    tx.commit().await?;
    Ok(token)
}

async fn insert(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    owner: Owner,
    input: &AccessTokenInput,
) -> Result<Plain> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    if !(1..=LIFETIME_DAYS_MAX).contains(&input.lifetime_days) {
        fields.reject("lifetime_days", Rule::Number(1, LIFETIME_DAYS_MAX));
    }
    fields.finish()?;
    let (now, id) = (core.now(), core.new_id());
    if store::count(connection, owner, now).await? >= MAX_PER_OWNER {
        return Err(Problem::Conflict(Conflict::TooManyAccessTokens).into());
    }
    let (token, digest) = core.new_token(PREFIX);
    let expires_at = now + Duration::days(input.lifetime_days.into());
    let new = store::NewToken { id, owner, name: &name, digest: &digest, roles: input.roles.as_deref(), expires_at };
    store::insert(connection, &new, now)
        .await
        .taken("access_token_name_per_admin_key", "name")
        .taken("access_token_name_per_system_account_key", "name")?;
    audit::record(core, connection, actor, None, "access_token.created", Some(id.0)).await?;
    Ok(token)
}

/// Takes back a token of the signed-in admin; it is refused at once. For admins.
pub async fn revoke(core: &Core, actor: Actor, id: AccessTokenId) -> Result<()> {
    let admin = require_person(actor)?;
    delete(core, actor, Owner::Admin(admin), id).await
}

/// Takes back a token of a system account; it is refused at once. For whoever decides who may do what.
pub async fn revoke_of(core: &Core, actor: Actor, account: SystemAccountId, id: AccessTokenId) -> Result<()> {
    actor.require(Permission::Administer)?;
    delete(core, actor, Owner::SystemAccount(account), id).await
}

async fn delete(core: &Core, actor: Actor, owner: Owner, id: AccessTokenId) -> Result<()> {
    let mut tx = core.begin().await?;
    store::delete(&mut tx, owner, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "access_token.revoked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The tokens of the signed-in admin. For admins.
pub async fn list(core: &Core, actor: Actor) -> Result<Vec<AccessToken>> {
    store::list(&core.pool, Owner::Admin(require_person(actor)?)).await
}

/// The tokens of a system account. For whoever decides who may do what.
pub async fn list_of(core: &Core, actor: Actor, account: SystemAccountId) -> Result<Vec<AccessToken>> {
    actor.require(Permission::Administer)?;
    store::list(&core.pool, Owner::SystemAccount(account)).await
}

/// Who a token is, and what it may do. For anyone with the token.
pub async fn actor_of(core: &Core, token: &Plain) -> Result<Actor> {
    let now = core.now();
    let found = store::find(&core.pool, &sha256(token.expose()), now).await?.ok_or(Problem::Unauthenticated)?;
    if found.last_used_at.is_none_or(|at| now - at >= USE_PRECISION) {
        store::note_use(&core.pool, found.id, now).await?;
    }
    let mut permissions = Permissions::of_roles(&found.owner_roles.0);
    if let Some(roles) = found.roles {
        permissions = permissions.and(Permissions::of_roles(&Roles::from(roles).0));
    }
    match (found.admin_id, found.system_account_id) {
        (Some(id), _) => Ok(Actor::Admin { id, permissions }),
        (None, Some(id)) => Ok(Actor::SystemAccount { id, permissions }),
        (None, None) => Err(Problem::Unauthenticated.into()),
    }
}

/// Forgets those that expired a while ago.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    store::delete_expired(&core.pool, core.now() - RETENTION).await
}

/// An admin in person: the operator has no tokens, and a system account's are made for it.
fn require_person(actor: Actor) -> Result<AdminId> {
    actor.require_admin()?;
    match actor {
        Actor::Admin { id, .. } => Ok(id),
        _ => Err(Problem::NotFound.into()),
    }
}
