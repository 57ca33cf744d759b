use crate::Result;
use portico_model::ids::{ApplicationId, CredentialId};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// An API key, without the key.
#[derive(Clone, Debug, FromRow)]
pub struct Credential {
    pub id: CredentialId,
    pub display_name: String,
    /// The beginning of the key, by which people recognise it.
    pub key_id: String,
    pub created_at: OffsetDateTime,
    /// Follows the last call within seconds.
    pub last_used_at: Option<OffsetDateTime>,
}

pub(super) async fn count(connection: &mut PgConnection, application: ApplicationId) -> Result<i64> {
    let count = sqlx::query_scalar("select count(*) from credential where application_id = $1")
        .bind(application)
        .fetch_one(connection)
        .await?;
    Ok(count)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: CredentialId,
    application: ApplicationId,
    display_name: &str,
    key_id: &str,
    secret_digest: &[u8],
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into credential (id, application_id, display_name, key_id, secret_digest, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(application)
    .bind(display_name)
    .bind(key_id)
    .bind(secret_digest)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn rename(
    connection: &mut PgConnection,
    application: ApplicationId,
    id: CredentialId,
    display_name: &str,
) -> Result<bool> {
    let done = sqlx::query("update credential set display_name = $3 where id = $1 and application_id = $2")
        .bind(id)
        .bind(application)
        .bind(display_name)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete(connection: &mut PgConnection, application: ApplicationId, id: CredentialId) -> Result<bool> {
    let done = sqlx::query("delete from credential where id = $1 and application_id = $2")
        .bind(id)
        .bind(application)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list(pool: &PgPool, application: ApplicationId) -> Result<Vec<Credential>> {
    let credentials = sqlx::query_as(
        "select id, display_name, key_id, created_at, last_used_at from credential where application_id = $1
         order by created_at, id limit 100",
    )
    .bind(application)
    .fetch_all(pool)
    .await?;
    Ok(credentials)
}
