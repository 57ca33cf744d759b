use crate::Result;
use portico_model::{ids::AdminId, states::AdminRole};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// Somebody who runs this deployment.
#[derive(Clone, Debug, FromRow)]
pub struct Admin {
    pub id: AdminId,
    pub email: String,
    #[sqlx(try_from = "Vec<String>")]
    pub roles: Roles,
    pub created_at: OffsetDateTime,
}

/// Roles as they are kept: as words. One that nobody knows gives nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(pub Vec<AdminRole>);

impl From<Vec<String>> for Roles {
    fn from(words: Vec<String>) -> Self {
        Self(words.iter().filter_map(|word| AdminRole::parse(word)).collect())
    }
}

impl Roles {
    /// The words of some roles.
    pub(crate) fn words(roles: &[AdminRole]) -> Vec<&'static str> {
        roles.iter().map(|role| role.as_str()).collect()
    }
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: AdminId,
    email: &str,
    hash: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into admin (id, email, password_hash, roles, created_at) values ($1, $2, $3, '{admin}', $4)")
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
    let found = sqlx::query_as("select id, email, roles, created_at from admin where id = $1");
    Ok(found.bind(id).fetch_optional(pool).await?)
}

pub(super) async fn list(pool: &PgPool) -> Result<Vec<Admin>> {
    Ok(sqlx::query_as("select id, email, roles, created_at from admin order by lower(email) limit 500").fetch_all(pool).await?)
}

pub(crate) async fn roles(connection: &mut PgConnection, id: AdminId) -> Result<Option<Vec<AdminRole>>> {
    let words: Option<Vec<String>> =
        sqlx::query_scalar("select roles from admin where id = $1").bind(id).fetch_optional(connection).await?;
    Ok(words.map(|words| Roles::from(words).0))
}

/// Locks everybody who may do everything, so that not all of them lose that at once; how many there are besides one.
pub(super) async fn lock_other_admins(connection: &mut PgConnection, id: AdminId) -> Result<usize> {
    let locked = sqlx::query_scalar("select id from admin where 'admin' = any(roles) or id = $1 order by id for update");
    let all: Vec<AdminId> = locked.bind(id).fetch_all(connection).await?;
    Ok(all.iter().filter(|other| **other != id).count())
}

pub(super) async fn set_roles(connection: &mut PgConnection, id: AdminId, roles: &[AdminRole]) -> Result<bool> {
    let done = sqlx::query("update admin set roles = $2 where id = $1").bind(id).bind(Roles::words(roles));
    Ok(done.execute(connection).await?.rows_affected() == 1)
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
