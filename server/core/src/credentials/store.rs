use crate::Result;
use portico_model::ids::{ApplicationId, CredentialId, DeveloperId, PortalId, VersionId};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, Row};
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
    /// Calls are refused from then on.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether a new key was made in its place.
    pub was_replaced: bool,
}

/// A key that can be chosen by its name.
#[derive(Clone, Debug, FromRow)]
pub struct UsableCredential {
    pub id: CredentialId,
    pub display_name: String,
    pub key_id: String,
    pub application_name: String,
}

/// A key as it is kept.
pub(super) struct NewCredential<'a> {
    pub id: CredentialId,
    pub application: ApplicationId,
    pub display_name: &'a str,
    pub key_id: &'a str,
    pub secret_digest: Vec<u8>,
    pub expires_at: Option<OffsetDateTime>,
    pub expiry_mail_at: Option<OffsetDateTime>,
}

/// A key whose owner is to be told that it expires.
#[derive(FromRow)]
pub(super) struct Expiring {
    pub id: CredentialId,
    pub display_name: String,
    pub key_id: String,
    pub expires_at: OffsetDateTime,
    pub application_id: ApplicationId,
    pub application_name: String,
    pub developer_id: DeveloperId,
    pub developer_name: String,
    pub developer_email: String,
    pub portal_id: PortalId,
    pub portal_slug: String,
    pub portal_display_name: String,
    pub portal_custom_domain: Option<String>,
}

const COLUMNS: &str = "select id, display_name, key_id, created_at, last_used_at, expires_at,
        replaced_by_id is not null as was_replaced, secret_digest
    from credential where application_id = ";

pub(super) async fn count_live(connection: &mut PgConnection, application: ApplicationId, now: OffsetDateTime) -> Result<i64> {
    let count = sqlx::query_scalar(
        "select count(*) from credential where application_id = $1 and (expires_at is null or expires_at > $2)",
    )
    .bind(application)
    .bind(now)
    .fetch_one(connection)
    .await?;
    Ok(count)
}

pub(super) async fn insert(connection: &mut PgConnection, credential: &NewCredential<'_>, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "insert into credential
             (id, application_id, display_name, key_id, secret_digest, created_at, expires_at, expiry_mail_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(credential.id)
    .bind(credential.application)
    .bind(credential.display_name)
    .bind(credential.key_id)
    .bind(&credential.secret_digest)
    .bind(now)
    .bind(credential.expires_at)
    .bind(credential.expiry_mail_at)
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

/// Lets a key end soon, for another in its place. Its owner knows, so no mail tells of it.
pub(super) async fn replace(
    connection: &mut PgConnection,
    id: CredentialId,
    replacement: CredentialId,
    ends_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update credential set replaced_by_id = $2, expires_at = $3, expiry_mail_at = null where id = $1")
        .bind(id)
        .bind(replacement)
        .bind(ends_at)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, application: ApplicationId, id: CredentialId) -> Result<bool> {
    let done = sqlx::query("delete from credential where id = $1 and application_id = $2")
        .bind(id)
        .bind(application)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn find(
    connection: &mut PgConnection,
    application: ApplicationId,
    id: CredentialId,
) -> Result<Option<Credential>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push_bind(application).push(" and id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// A key by its beginning, with the digest of the whole.
pub(super) async fn find_by_key_id(
    connection: &mut PgConnection,
    application: ApplicationId,
    key_id: &str,
) -> Result<Option<(Credential, Vec<u8>)>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push_bind(application).push(" and key_id = ").push_bind(key_id);
    let Some(row) = query.build().fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some((Credential::from_row(&row)?, row.try_get("secret_digest")?)))
}

pub(super) async fn list(pool: &PgPool, application: ApplicationId) -> Result<Vec<Credential>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push_bind(application).push(" order by created_at, id limit 200");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

/// Live keys of the developer's applications with an approved registration.
pub(super) async fn usable_for(
    pool: &PgPool,
    developer: DeveloperId,
    version: VersionId,
    now: OffsetDateTime,
) -> Result<Vec<UsableCredential>> {
    let credentials = sqlx::query_as(
        "select credential.id, credential.display_name, credential.key_id, application.name as application_name
         from registration
         join application on application.id = registration.application_id
         join credential on credential.application_id = application.id
         where application.developer_id = $1 and registration.version_id = $2 and registration.status = 'approved'
             and (credential.expires_at is null or credential.expires_at > $3)
         order by lower(application.name), lower(credential.display_name), credential.id limit 200",
    )
    .bind(developer)
    .bind(version)
    .bind(now)
    .fetch_all(pool)
    .await?;
    Ok(credentials)
}

pub(super) async fn key_id(pool: &PgPool, developer: DeveloperId, id: CredentialId) -> Result<Option<String>> {
    let key_id = sqlx::query_scalar(
        "select key_id from credential join application on application.id = credential.application_id
         where credential.id = $1 and application.developer_id = $2",
    )
    .bind(id)
    .bind(developer)
    .fetch_optional(pool)
    .await?;
    Ok(key_id)
}

/// Keys that are due to be told of; those that another process tells of are passed over.
pub(super) async fn lock_expiring(connection: &mut PgConnection, now: OffsetDateTime, limit: i64) -> Result<Vec<Expiring>> {
    let expiring = sqlx::query_as(
        "select credential.id, credential.display_name, credential.key_id, credential.expires_at,
             application.id as application_id, application.name as application_name,
             developer.id as developer_id, developer.full_name as developer_name, developer.email as developer_email,
             portal.id as portal_id, portal.slug as portal_slug, portal.display_name as portal_display_name,
             portal.custom_domain as portal_custom_domain
         from credential
         join application on application.id = credential.application_id
         join developer on developer.id = application.developer_id
         join portal on portal.id = application.portal_id
         where expiry_mail_at <= $1 and expires_at > $1
         order by expiry_mail_at limit $2 for update of credential skip locked",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(expiring)
}

pub(super) async fn mark_announced(connection: &mut PgConnection, ids: &[CredentialId]) -> Result<()> {
    sqlx::query("update credential set expiry_mail_at = null where id = any($1)").bind(ids).execute(connection).await?;
    Ok(())
}

pub(super) async fn delete_expired(pool: &PgPool, before: OffsetDateTime) -> Result<()> {
    sqlx::query("delete from credential where expires_at <= $1").bind(before).execute(pool).await?;
    Ok(())
}
