use super::PortalInput;
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{AuthStrategyId, PortalId},
    labels::Labels,
    paging::{Page, PageRequest},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
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
    pub custom_client_domain: Option<String>,
    pub default_auth_strategy_id: Option<AuthStrategyId>,
    pub rbac_enabled: bool,
    /// Whether developers sign in by a password that is kept here.
    pub basic_auth_enabled: bool,
    /// Whether the groups of the identity provider decide about teams; whether admins do.
    pub idp_mapping_enabled: bool,
    pub konnect_mapping_enabled: bool,
    #[sqlx(json)]
    pub labels: Labels,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A portal, with how much there is of what belongs to it.
#[derive(Clone, Debug, FromRow)]
pub struct ListedPortal {
    #[sqlx(flatten)]
    pub portal: Portal,
    pub application_count: i64,
    /// Whose address is confirmed.
    pub developer_count: i64,
    pub published_product_count: i64,
}

/// What portals are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::filter("id", "portal.id", Kind::Uuid),
    Attribute::new("name", "portal.name", Kind::Text),
    Attribute::new("description", "portal.description", Kind::Text),
    Attribute::new("is_public", "portal.is_public", Kind::Boolean),
    Attribute::new("rbac_enabled", "portal.rbac_enabled", Kind::Boolean),
    Attribute::new("auto_approve_applications", "portal.auto_approve_applications", Kind::Boolean),
    Attribute::new("auto_approve_developers", "portal.auto_approve_developers", Kind::Boolean),
    Attribute::new("default_domain", "portal.slug", Kind::Text),
    Attribute::new("custom_domain", "portal.custom_domain", Kind::Text),
    Attribute::new("custom_client_domain", "portal.custom_client_domain", Kind::Text),
    Attribute::sort("created_at", "portal.created_at"),
    Attribute::sort("updated_at", "portal.updated_at"),
];

pub(super) async fn insert(connection: &mut PgConnection, id: PortalId, portal: &PortalInput, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "insert into portal (id, slug, name, display_name, description, is_public, auto_approve_developers,
             auto_approve_applications, custom_domain, custom_client_domain, default_auth_strategy_id, rbac_enabled, labels,
             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, nullif($9, ''), nullif($10, ''), $11, $12, $13, $14, $14)",
    )
    .bind(id)
    .bind(&portal.slug)
    .bind(&portal.name)
    .bind(&portal.display_name)
    .bind(&portal.description)
    .bind(portal.is_public)
    .bind(portal.auto_approve_developers)
    .bind(portal.auto_approve_applications)
    .bind(&portal.custom_domain)
    .bind(&portal.custom_client_domain)
    .bind(portal.default_auth_strategy)
    .bind(portal.rbac_enabled)
    .bind(Json(&portal.labels))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(connection: &mut PgConnection, id: PortalId, portal: &PortalInput, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "update portal set slug = $2, name = $3, display_name = $4, description = $5, is_public = $6,
             auto_approve_developers = $7, auto_approve_applications = $8, custom_domain = nullif($9, ''),
             custom_client_domain = nullif($10, ''), default_auth_strategy_id = $11, rbac_enabled = $12, labels = $13,
             updated_at = $14
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
    .bind(&portal.custom_domain)
    .bind(&portal.custom_client_domain)
    .bind(portal.default_auth_strategy)
    .bind(portal.rbac_enabled)
    .bind(Json(&portal.labels))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: PortalId) -> Result<()> {
    sqlx::query("delete from portal where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// A slug, or the first that is nobody's with a number after it.
pub(super) async fn free_slug(connection: &mut PgConnection, slug: &str) -> Result<String> {
    let free = sqlx::query_scalar(
        "select slug from (select $1 as slug, 1 as number
                           union all select $1 || '-' || number, number from generate_series(2, 1000) as number) as candidate
         where not exists (select from portal where portal.slug = candidate.slug) order by number limit 1",
    )
    .bind(slug)
    .fetch_one(connection)
    .await?;
    Ok(free)
}

/// Deletes a portal's developers, with all that is theirs, and its publications.
pub(super) async fn empty(connection: &mut PgConnection, id: PortalId) -> Result<()> {
    sqlx::query("delete from developer where portal_id = $1").bind(id).execute(&mut *connection).await?;
    sqlx::query("delete from publication where portal_id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// Finds and locks, so that two changes at once come one after the other.
pub(crate) async fn lock(connection: &mut PgConnection, id: PortalId) -> Result<Option<Portal>> {
    let mut query = select();
    query.push("where id = ").push_bind(id).push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
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
    let mut query = select();
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn find_at_host(pool: &PgPool, slug: &str, host: &str) -> Result<Option<Portal>> {
    let mut query = select();
    query.push("where slug = ").push_bind(slug).push(" or custom_domain = ").push_bind(host).push(" limit 1");
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

macro_rules! columns {
    () => {
        "select portal.id, portal.slug, portal.name, portal.display_name, portal.description, portal.is_public,
             portal.auto_approve_developers, portal.auto_approve_applications, portal.custom_domain,
             portal.custom_client_domain, portal.default_auth_strategy_id, portal.rbac_enabled, portal.labels,
             portal.basic_auth_enabled, portal.idp_mapping_enabled, portal.konnect_mapping_enabled,
             portal.created_at, portal.updated_at"
    };
}

fn select() -> QueryBuilder<Postgres> {
    QueryBuilder::new(concat!(columns!(), " from portal "))
}

const LISTED: &str = concat!(
    columns!(),
    ", (select count(*) from application where application.portal_id = portal.id) as application_count,
       (select count(*) from developer where developer.portal_id = portal.id and confirmed_at is not null) as developer_count,
       (select count(*) from portal_product where portal_product.portal_id = portal.id) as published_product_count
     from portal"
);

pub(super) async fn find_listed(pool: &PgPool, id: PortalId) -> Result<Option<ListedPortal>> {
    let mut query = QueryBuilder::<Postgres>::new(LISTED);
    query.push(" where portal.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn list_by(pool: &PgPool, listing: &Listing) -> Result<Listed<ListedPortal>> {
    listing.fetch(pool, Source { select: LISTED, table: "portal" }, |query| _ = query.push(" where true")).await
}

pub(super) async fn choices(pool: &PgPool) -> Result<Vec<Portal>> {
    let mut query = select();
    query.push("order by lower(display_name), id limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Portal>> {
    let pattern = request.pattern();
    let mut query = select();
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
