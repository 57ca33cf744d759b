use crate::Result;
use portico_model::ids::AdminId;
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// Somebody who runs this deployment.
#[derive(Clone, Debug, FromRow)]
pub struct Admin {
    pub id: AdminId,
    pub email: String,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: AdminId,
    email: &str,
    hash: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into admin (id, email, password_hash, created_at) values ($1, $2, $3, $4)")
        .bind(id)
        .bind(email)
        .bind(hash)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn any(connection: &mut PgConnection) -> Result<bool> {
    Ok(sqlx::query_scalar("select exists (select from admin)").fetch_one(connection).await?)
}

pub(super) async fn find(pool: &PgPool, id: AdminId) -> Result<Option<Admin>> {
    Ok(sqlx::query_as("select id, email from admin where id = $1").bind(id).fetch_optional(pool).await?)
}

pub(super) async fn find_password(pool: &PgPool, email: &str) -> Result<Option<(AdminId, String)>> {
    let row = sqlx::query_as("select id, password_hash from admin where lower(email) = lower($1)")
        .bind(email)
        .fetch_optional(pool)
        .await?;
    Ok(row)
}

pub(crate) async fn lock_by_email(connection: &mut PgConnection, email: &str) -> Result<Option<AdminId>> {
    let id = sqlx::query_scalar("select id from admin where lower(email) = lower($1) for update")
        .bind(email)
        .fetch_optional(connection)
        .await?;
    Ok(id)
}

pub(super) async fn put_set_up(connection: &mut PgConnection, digest: &[u8], now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "insert into admin_set_up (token_digest, created_at) values ($1, $2)
         on conflict on constraint admin_set_up_pkey do update set token_digest = $1, created_at = $2",
    )
    .bind(digest)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn is_set_up(connection: &mut PgConnection, digest: &[u8]) -> Result<bool> {
    let known = sqlx::query_scalar("select exists (select from admin_set_up where token_digest = $1)")
        .bind(digest)
        .fetch_one(connection)
        .await?;
    Ok(known)
}

pub(super) async fn use_set_up(connection: &mut PgConnection, digest: &[u8]) -> Result<bool> {
    let done = sqlx::query("delete from admin_set_up where token_digest = $1").bind(digest).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_set_up(connection: &mut PgConnection) -> Result<()> {
    sqlx::query("delete from admin_set_up").execute(connection).await?;
    Ok(())
}

/// Locks an admin; whether there is one.
pub(crate) async fn lock(connection: &mut PgConnection, id: AdminId) -> Result<bool> {
    let found: Option<AdminId> =
        sqlx::query_scalar("select id from admin where id = $1 for update").bind(id).fetch_optional(connection).await?;
    Ok(found.is_some())
}
