use super::PortalInput;
use crate::Result;
use portico_model::ids::{AuthStrategyId, PortalId};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A portal.
#[derive(Clone, Debug, FromRow)]
pub struct Portal {
    pub id: PortalId,
    pub slug: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub is_public: bool,
    pub auto_approve_developers: bool,
    pub auto_approve_applications: bool,
    pub custom_domain: Option<String>,
    pub default_auth_strategy_id: Option<AuthStrategyId>,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: PortalId,
    portal: &PortalInput,
    custom_domain: Option<&str>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into portal (id, slug, name, display_name, description, is_public, auto_approve_developers,
             auto_approve_applications, custom_domain, default_auth_strategy_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
    )
    .bind(id)
    .bind(&portal.slug)
    .bind(&portal.name)
    .bind(&portal.display_name)
    .bind(&portal.description)
    .bind(portal.is_public)
    .bind(portal.auto_approve_developers)
    .bind(portal.auto_approve_applications)
    .bind(custom_domain)
    .bind(portal.default_auth_strategy)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: PortalId,
    portal: &PortalInput,
    custom_domain: Option<&str>,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query(
        "update portal set slug = $2, name = $3, display_name = $4, description = $5, is_public = $6,
             auto_approve_developers = $7, auto_approve_applications = $8, custom_domain = $9,
             default_auth_strategy_id = $10, updated_at = $11
         where id = $1",
    )
    .bind(id)
    .bind(&portal.slug)
    .bind(&portal.name)
    .bind(&portal.display_name)
    .bind(&portal.description)
    .bind(portal.is_public)
    .bind(portal.auto_approve_developers)
    .bind(portal.auto_approve_applications)
    .bind(custom_domain)
    .bind(portal.default_auth_strategy)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete(connection: &mut PgConnection, id: PortalId) -> Result<()> {
    sqlx::query("delete from portal where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Locks a portal; whether there is one.
pub(super) async fn lock(connection: &mut PgConnection, id: PortalId) -> Result<bool> {
    let found: Option<PortalId> =
        sqlx::query_scalar("select id from portal where id = $1 for update").bind(id).fetch_optional(connection).await?;
    Ok(found.is_some())
}

pub(super) async fn is_in_use(connection: &mut PgConnection, id: PortalId) -> Result<bool> {
    let used = sqlx::query_scalar(
        "select exists (select from developer where portal_id = $1) or exists (select from publication where portal_id = $1)",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    Ok(used)
}

pub(crate) async fn find(connection: &mut PgConnection, id: PortalId) -> Result<Option<Portal>> {
    let portal = sqlx::query_as(
        "select id, slug, name, display_name, description, is_public, auto_approve_developers,
             auto_approve_applications, custom_domain, default_auth_strategy_id
         from portal where id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(portal)
}

pub(super) async fn find_at_host(pool: &PgPool, slug: &str, host: &str) -> Result<Option<Portal>> {
    let portal = sqlx::query_as(
        "select id, slug, name, display_name, description, is_public, auto_approve_developers,
             auto_approve_applications, custom_domain, default_auth_strategy_id
         from portal where slug = $1 or custom_domain = $2 limit 1",
    )
    .bind(slug)
    .bind(host)
    .fetch_optional(pool)
    .await?;
    Ok(portal)
}

pub(super) async fn list(pool: &PgPool) -> Result<Vec<Portal>> {
    let portals = sqlx::query_as(
        "select id, slug, name, display_name, description, is_public, auto_approve_developers,
             auto_approve_applications, custom_domain, default_auth_strategy_id
         from portal order by lower(display_name), id limit 500",
    )
    .fetch_all(pool)
    .await?;
    Ok(portals)
}
