use super::SystemAccountInput;
use crate::{Result, admins::Roles};
use portico_model::ids::SystemAccountId;
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// A program with tokens of its own.
#[derive(Clone, Debug, FromRow)]
pub struct SystemAccount {
    pub id: SystemAccountId,
    pub name: String,
    pub description: String,
    #[sqlx(try_from = "Vec<String>")]
    pub roles: Roles,
    pub token_count: i64,
    pub created_at: OffsetDateTime,
}

const COLUMNS: &str = "select id, name, description, roles, created_at,
        (select count(*) from access_token where system_account_id = system_account.id) as token_count
    from system_account ";

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: SystemAccountId,
    account: &SystemAccountInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into system_account (id, name, description, roles, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)",
    )
    .bind(id)
    .bind(&account.name)
    .bind(&account.description)
    .bind(Roles::words(&account.roles))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: SystemAccountId,
    account: &SystemAccountInput,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query("update system_account set name = $2, description = $3, roles = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(&account.name)
        .bind(&account.description)
        .bind(Roles::words(&account.roles))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete(connection: &mut PgConnection, id: SystemAccountId) -> Result<bool> {
    let done = sqlx::query("delete from system_account where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list(pool: &PgPool) -> Result<Vec<SystemAccount>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("order by lower(name) limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn find(connection: &mut PgConnection, id: SystemAccountId) -> Result<Option<SystemAccount>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Finds and locks, so that its tokens are made one after the other.
pub(crate) async fn lock(connection: &mut PgConnection, id: SystemAccountId) -> Result<Option<SystemAccountId>> {
    let found = sqlx::query_scalar("select id from system_account where id = $1 for update");
    Ok(found.bind(id).fetch_optional(connection).await?)
}
