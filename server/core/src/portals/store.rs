use super::PortalInput;
use crate::Result;
use portico_model::{
    ids::{AuthStrategyId, PortalId},
    paging::{Page, PageRequest},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
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
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn find_at_host(pool: &PgPool, slug: &str, host: &str) -> Result<Option<Portal>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where slug = ").push_bind(slug).push(" or custom_domain = ").push_bind(host).push(" limit 1");
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

const COLUMNS: &str = "select id, slug, name, display_name, description, is_public, auto_approve_developers,
        auto_approve_applications, custom_domain, default_auth_strategy_id
    from portal ";

pub(super) async fn choices(pool: &PgPool) -> Result<Vec<Portal>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("order by lower(display_name), id limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Portal>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where name ilike ").push_bind(&pattern).push(" or display_name ilike ").push_bind(&pattern);
    query.push(" or slug ilike ").push_bind(&pattern);
    query.push(match request.sort.as_str() {
        "-name" => " order by lower(name) desc, id",
        "display_name" => " order by lower(display_name), id",
        "-display_name" => " order by lower(display_name) desc, id",
        _ => " order by lower(name), id",
    });
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let total = sqlx::query_scalar("select count(*) from portal where name ilike $1 or display_name ilike $1 or slug ilike $1")
        .bind(&pattern)
        .fetch_one(pool)
        .await?;
    Ok(request.page(items, total))
}
