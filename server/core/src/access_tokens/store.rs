use crate::Result;
use portico_model::ids::{AccessTokenId, AdminId};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A token, without what makes it one.
#[derive(Clone, Debug, FromRow)]
pub struct AccessToken {
    pub id: AccessTokenId,
    pub name: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// To the minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// Whose a token is.
#[derive(FromRow)]
pub(super) struct Found {
    pub id: AccessTokenId,
    pub admin_id: AdminId,
    pub last_used_at: Option<OffsetDateTime>,
}

pub(super) async fn count(connection: &mut PgConnection, admin: AdminId, now: OffsetDateTime) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from access_token where admin_id = $1 and expires_at > $2");
    Ok(count.bind(admin).bind(now).fetch_one(connection).await?)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: AccessTokenId,
    admin: AdminId,
    name: &str,
    digest: &[u8],
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into access_token (id, admin_id, name, token_digest, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(admin)
    .bind(name)
    .bind(digest)
    .bind(now)
    .bind(expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes an admin's own token; whether there was one.
pub(super) async fn delete(connection: &mut PgConnection, admin: AdminId, id: AccessTokenId) -> Result<bool> {
    let done = sqlx::query("delete from access_token where id = $1 and admin_id = $2").bind(id).bind(admin);
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn list(pool: &PgPool, admin: AdminId) -> Result<Vec<AccessToken>> {
    let tokens = sqlx::query_as(
        "select id, name, created_at, expires_at, last_used_at from access_token
         where admin_id = $1 order by created_at, id limit 200",
    )
    .bind(admin)
    .fetch_all(pool)
    .await?;
    Ok(tokens)
}

/// A token that has not expired.
pub(super) async fn find(pool: &PgPool, digest: &[u8], now: OffsetDateTime) -> Result<Option<Found>> {
    let found = sqlx::query_as("select id, admin_id, last_used_at from access_token where token_digest = $1 and expires_at > $2");
    Ok(found.bind(digest).bind(now).fetch_optional(pool).await?)
}

pub(super) async fn note_use(pool: &PgPool, id: AccessTokenId, now: OffsetDateTime) -> Result<()> {
    sqlx::query("update access_token set last_used_at = $2 where id = $1").bind(id).bind(now).execute(pool).await?;
    Ok(())
}

pub(super) async fn delete_expired(pool: &PgPool, before: OffsetDateTime) -> Result<()> {
    sqlx::query("delete from access_token where expires_at < $1").bind(before).execute(pool).await?;
    Ok(())
}
