//! Browser sessions, found by the digest of their cookie.

use crate::{Actor, Core, Result, admins};
use portico_model::{
    access::Permissions,
    ids::{AdminId, DeveloperId, PortalId},
};
use serde_json::Value;
use time::OffsetDateTime;

/// One browser's session.
pub struct Session {
    pub admin: Option<AdminId>,
    pub developer: Option<DeveloperId>,
    pub data: Value,
    pub expires_at: OffsetDateTime,
}

/// Stores a new session; `false` when the id is taken.
pub async fn create(core: &Core, id_digest: &[u8], session: &Session) -> Result<bool> {
    let done = sqlx::query(
        "insert into session (id_digest, admin_id, developer_id, data, expires_at) values ($1, $2, $3, $4, $5)
         on conflict on constraint session_pkey do nothing",
    )
    .bind(id_digest)
    .bind(session.admin)
    .bind(session.developer)
    .bind(&session.data)
    .bind(session.expires_at)
    .execute(&core.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stores a session that exists. One that was ended meanwhile stays ended.
pub async fn save(core: &Core, id_digest: &[u8], session: &Session) -> Result<()> {
    sqlx::query("update session set admin_id = $2, developer_id = $3, data = $4, expires_at = $5 where id_digest = $1")
        .bind(id_digest)
        .bind(session.admin)
        .bind(session.developer)
        .bind(&session.data)
        .bind(session.expires_at)
        .execute(&core.pool)
        .await?;
    Ok(())
}

/// The data of a live session and when it ends.
pub async fn load(core: &Core, id_digest: &[u8]) -> Result<Option<(Value, OffsetDateTime)>> {
    let row = sqlx::query_as("select data, expires_at from session where id_digest = $1 and expires_at > $2")
        .bind(id_digest)
        .bind(core.now())
        .fetch_optional(&core.pool)
        .await?;
    Ok(row)
}

pub async fn delete(core: &Core, id_digest: &[u8]) -> Result<()> {
    sqlx::query("delete from session where id_digest = $1").bind(id_digest).execute(&core.pool).await?;
    Ok(())
}

/// Forgets sessions that have ended.
pub async fn sweep(core: &Core) -> Result<()> {
    sqlx::query("delete from session where expires_at <= $1").bind(core.now()).execute(&core.pool).await?;
    Ok(())
}

/// Who a session's developer is now: nobody once an admin has revoked them or made the portal public.
pub async fn developer_actor(core: &Core, id: DeveloperId) -> Result<Actor> {
    let portal: Option<PortalId> = sqlx::query_scalar(
        "select portal_id from developer join portal on portal.id = developer.portal_id
         where developer.id = $1 and status = 'approved' and not portal.is_public",
    )
    .bind(id)
    .fetch_optional(&core.pool)
    .await?;
    Ok(portal.map_or(Actor::Anonymous, |portal| Actor::Developer { id, portal }))
}

/// Who a session's admin is now, and what they may do.
pub async fn admin_actor(core: &Core, id: AdminId) -> Result<Actor> {
    let mut connection = core.pool.acquire().await?;
    let roles = admins::store::roles(&mut connection, id).await?;
    Ok(roles.map_or(Actor::Anonymous, |roles| Actor::Admin { id, permissions: Permissions::of_roles(&roles) }))
}
