use super::Owner;
use crate::{Result, admins::Roles};
use portico_model::{
    ids::{AccessTokenId, AdminId, SystemAccountId},
    states::AdminRole,
};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A token, without what makes it one.
#[derive(Clone, Debug, FromRow)]
pub struct AccessToken {
    pub id: AccessTokenId,
    pub name: String,
    /// The words of what it may do of what its owner may; none for all of that.
    pub roles: Option<Vec<String>>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// To the minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// A token to be.
pub(super) struct NewToken<'a> {
    pub id: AccessTokenId,
    pub owner: Owner,
    pub name: &'a str,
    pub digest: &'a [u8],
    pub roles: Option<&'a [AdminRole]>,
    pub expires_at: OffsetDateTime,
}

/// Whose a token is, and what both may do.
#[derive(FromRow)]
pub(super) struct Found {
    pub id: AccessTokenId,
    pub admin_id: Option<AdminId>,
    pub system_account_id: Option<SystemAccountId>,
    #[sqlx(try_from = "Vec<String>")]
    pub owner_roles: Roles,
    pub roles: Option<Vec<String>>,
    pub last_used_at: Option<OffsetDateTime>,
}

impl Owner {
    fn split(self) -> (Option<AdminId>, Option<SystemAccountId>) {
        match self {
            Self::Admin(id) => (Some(id), None),
            Self::SystemAccount(id) => (None, Some(id)),
        }
    }
}

pub(super) async fn count(connection: &mut PgConnection, owner: Owner, now: OffsetDateTime) -> Result<i64> {
    let (admin, account) = owner.split();
    let count = sqlx::query_scalar(
        "select count(*) from access_token where (admin_id = $1 or system_account_id = $2) and expires_at > $3",
    );
    Ok(count.bind(admin).bind(account).bind(now).fetch_one(connection).await?)
}

pub(super) async fn insert(connection: &mut PgConnection, token: &NewToken<'_>, now: OffsetDateTime) -> Result<()> {
    let (admin, account) = token.owner.split();
    sqlx::query(
        "insert into access_token (id, admin_id, system_account_id, name, token_digest, roles, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(token.id)
    .bind(admin)
    .bind(account)
    .bind(token.name)
    .bind(token.digest)
    .bind(token.roles.map(Roles::words))
    .bind(now)
    .bind(token.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes an owner's token; whether there was one.
pub(super) async fn delete(connection: &mut PgConnection, owner: Owner, id: AccessTokenId) -> Result<bool> {
    let (admin, account) = owner.split();
    let done = sqlx::query("delete from access_token where id = $1 and (admin_id = $2 or system_account_id = $3)");
    Ok(done.bind(id).bind(admin).bind(account).execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn list(pool: &PgPool, owner: Owner) -> Result<Vec<AccessToken>> {
    let (admin, account) = owner.split();
    let tokens = sqlx::query_as(
        "select id, name, roles, created_at, expires_at, last_used_at from access_token
         where admin_id = $1 or system_account_id = $2 order by created_at, id limit 200",
    )
    .bind(admin)
    .bind(account)
    .fetch_all(pool)
    .await?;
    Ok(tokens)
}

/// A token that has not expired.
pub(super) async fn find(pool: &PgPool, digest: &[u8], now: OffsetDateTime) -> Result<Option<Found>> {
    let found = sqlx::query_as(
        "select access_token.id, admin_id, system_account_id, coalesce(admin.roles, system_account.roles) as owner_roles,
             access_token.roles, last_used_at
         from access_token
         left join admin on admin.id = admin_id
         left join system_account on system_account.id = system_account_id
         where token_digest = $1 and expires_at > $2",
    );
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
