//! Access tokens: how an admin's automation shows at the management API who it is. Only a digest is kept.

pub mod store;

pub use store::AccessToken;

use crate::{
    Actor, Core, Result, admins, audit,
    error::{OnConstraint, OrNotFound},
    secrets::{Plain, sha256},
};
use portico_model::{
    ids::{AccessTokenId, AdminId},
    problem::{Conflict, Problem, Rule},
    text::{Fields, NAME_MAX},
};
use sqlx::PgConnection;
use time::Duration;

/// The longest life of a token, in days.
pub const LIFETIME_DAYS_MAX: u32 = 365;
/// An admin has at most this many that have not expired.
pub const MAX_PER_ADMIN: i64 = 10;
/// What a token begins with, so that scanners recognise one that has leaked.
const PREFIX: &str = "pta_";
/// How exactly it is known when a token was used last.
const USE_PRECISION: Duration = Duration::minutes(1);
/// How long one that has expired is still shown.
const RETENTION: Duration = Duration::days(30);

/// Creates a token of the signed-in admin, shown once. For admins.
///
/// # Errors
///
/// `Invalid`, and `Conflict` with `TooManyAccessTokens`.
pub async fn create(core: &Core, actor: Actor, name: &str, lifetime_days: u32) -> Result<Plain> {
    let admin = require_person(actor)?;
    let mut tx = core.begin().await?;
    admins::store::lock(&mut tx, admin).await?.then_some(()).or_not_found()?;
    let token = insert(core, &mut tx, actor, admin, name, lifetime_days).await?;
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
    let token = insert(core, &mut tx, actor, admin, name, LIFETIME_DAYS_MAX).await?;
    tx.commit().await?;
    Ok(token)
}

async fn insert(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    admin: AdminId,
    name: &str,
    lifetime_days: u32,
) -> Result<Plain> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, NAME_MAX);
    if !(1..=LIFETIME_DAYS_MAX).contains(&lifetime_days) {
        fields.reject("lifetime_days", Rule::Number(1, LIFETIME_DAYS_MAX));
    }
    fields.finish()?;
    let (now, id): (_, AccessTokenId) = (core.now(), core.new_id());
    if store::count(connection, admin, now).await? >= MAX_PER_ADMIN {
        return Err(Problem::Conflict(Conflict::TooManyAccessTokens).into());
    }
    let (token, digest) = core.new_token(PREFIX);
    let expires_at = now + Duration::days(lifetime_days.into());
    store::insert(connection, id, admin, &name, &digest, now, expires_at)
        .await
        .taken("access_token_name_per_admin_key", "name")?;
    audit::record(core, connection, actor, None, "access_token.created", Some(id.0)).await?;
    Ok(token)
}

/// Takes back a token of the signed-in admin; it is refused at once. For admins.
pub async fn revoke(core: &Core, actor: Actor, id: AccessTokenId) -> Result<()> {
    let admin = require_person(actor)?;
    let mut tx = core.begin().await?;
    store::delete(&mut tx, admin, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "access_token.revoked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The tokens of the signed-in admin. For admins.
pub async fn list(core: &Core, actor: Actor) -> Result<Vec<AccessToken>> {
    store::list(&core.pool, require_person(actor)?).await
}

/// Who a token is. For anyone with the token.
pub async fn actor_of(core: &Core, token: &Plain) -> Result<Actor> {
    let now = core.now();
    let found = store::find(&core.pool, &sha256(token.expose()), now).await?.ok_or(Problem::Unauthenticated)?;
    if found.last_used_at.is_none_or(|at| now - at >= USE_PRECISION) {
        store::note_use(&core.pool, found.id, now).await?;
    }
    Ok(Actor::Admin { id: found.admin_id })
}

/// Forgets those that expired a while ago.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    store::delete_expired(&core.pool, core.now() - RETENTION).await
}

/// An admin in person: the operator has no tokens.
fn require_person(actor: Actor) -> Result<AdminId> {
    actor.require_admin()?;
    match actor {
        Actor::Admin { id } => Ok(id),
        _ => Err(Problem::NotFound.into()),
    }
}
