use super::{
    catalogue::{CatalogueProduct, CatalogueSpecification, CatalogueVersion},
    reference,
    specification::Specification,
};
use crate::Result;
use portico_model::{
    ids::{GatewayServiceId, PortalId, ProductId, VersionId},
    paging::{Page, PageRequest},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// An API product.
#[derive(Clone, Debug, FromRow)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub version_count: i64,
    pub created_at: OffsetDateTime,
}

/// A version of an API product.
#[derive(Clone, Debug, FromRow)]
pub struct Version {
    pub id: VersionId,
    pub product_id: ProductId,
    pub product_name: String,
    pub name: String,
    pub gateway_service_id: Option<GatewayServiceId>,
    pub specification_name: Option<String>,
    pub specification_title: Option<String>,
    pub operation_count: i64,
    /// In how many portals it is published.
    pub publication_count: i64,
    pub created_at: OffsetDateTime,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: ProductId,
    name: &str,
    description: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into product (id, name, description, created_at, updated_at) values ($1, $2, $3, $4, $4)")
        .bind(id)
        .bind(name)
        .bind(description)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: ProductId,
    name: &str,
    description: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query("update product set name = $2, description = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(name)
        .bind(description)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Locks a product, so that what belongs to it changes one after the other.
pub(crate) async fn lock(connection: &mut PgConnection, id: ProductId) -> Result<Option<ProductId>> {
    let found = sqlx::query_scalar("select id from product where id = $1 for update").bind(id).fetch_optional(connection).await?;
    Ok(found)
}

pub(super) async fn delete(connection: &mut PgConnection, id: ProductId) -> Result<bool> {
    let done = sqlx::query("delete from product where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn add_to_portal(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<()> {
    sqlx::query(
        "insert into portal_product (portal_id, product_id) select $2, product_id from version where id = $1
         on conflict on constraint portal_product_pkey do nothing",
    )
    .bind(version)
    .bind(portal)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn remove_from_portal(connection: &mut PgConnection, id: ProductId, portal: PortalId) -> Result<bool> {
    let done = sqlx::query("delete from portal_product where product_id = $1 and portal_id = $2")
        .bind(id)
        .bind(portal)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn portals(pool: &PgPool, id: ProductId) -> Result<Vec<(PortalId, String)>> {
    let portals = sqlx::query_as(
        "select portal.id, portal.name from portal_product join portal on portal.id = portal_product.portal_id
         where product_id = $1 order by lower(portal.name) limit 500",
    )
    .bind(id)
    .fetch_all(pool)
    .await?;
    Ok(portals)
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Product>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(
        "select id, name, description, created_at,
             (select count(*) from version where product_id = product.id) as version_count
         from product where name ilike ",
    );
    query.push_bind(&pattern).push(" or description ilike ").push_bind(&pattern);
    query.push(match request.sort.as_str() {
        "-name" => " order by lower(name) desc, id",
        "created_at" => " order by created_at, id",
        "-created_at" => " order by created_at desc, id",
        _ => " order by lower(name), id",
    });
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let total = sqlx::query_scalar("select count(*) from product where name ilike $1 or description ilike $1")
        .bind(&pattern)
        .fetch_one(pool)
        .await?;
    Ok(request.page(items, total))
}

pub(super) async fn find(pool: &PgPool, id: ProductId) -> Result<Option<Product>> {
    let product = sqlx::query_as(
        "select id, name, description, created_at,
             (select count(*) from version where product_id = product.id) as version_count
         from product where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    Ok(product)
}

pub(super) async fn insert_version(
    connection: &mut PgConnection,
    id: VersionId,
    product: ProductId,
    name: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into version (id, product_id, name, created_at, updated_at) values ($1, $2, $3, $4, $4)")
        .bind(id)
        .bind(product)
        .bind(name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn rename_version(
    connection: &mut PgConnection,
    id: VersionId,
    name: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query("update version set name = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn link_service(
    connection: &mut PgConnection,
    id: VersionId,
    service: Option<GatewayServiceId>,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query("update version set gateway_service_id = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(service)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_version(connection: &mut PgConnection, id: VersionId) -> Result<bool> {
    let done = sqlx::query("delete from version where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

const VERSION: &str = "select version.id, version.product_id, product.name as product_name, version.name,
        version.gateway_service_id, version.created_at,
        specification.name as specification_name, specification.title as specification_title,
        (select count(*) from operation where operation.version_id = version.id) as operation_count,
        (select count(*) from publication where publication.version_id = version.id
             and publish_status = 'published') as publication_count
    from version
    join product on product.id = version.product_id
    left join specification on specification.version_id = version.id ";

pub(super) async fn versions(pool: &PgPool, product: ProductId) -> Result<Vec<Version>> {
    let mut query = QueryBuilder::<Postgres>::new(VERSION);
    query.push("where version.product_id = ").push_bind(product);
    query.push(" order by version.created_at desc, version.id desc limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(crate) async fn find_version(connection: &mut PgConnection, id: VersionId) -> Result<Option<Version>> {
    let mut query = QueryBuilder::<Postgres>::new(VERSION);
    query.push("where version.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn put_specification(
    connection: &mut PgConnection,
    version: VersionId,
    name: &str,
    specification: &Specification,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("delete from specification where version_id = $1").bind(version).execute(&mut *connection).await?;
    sqlx::query(
        "insert into specification (version_id, name, content, title, description, uploaded_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(version)
    .bind(name)
    .bind(&specification.content)
    .bind(&specification.title)
    .bind(&specification.description)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    reference::store::put(connection, version, specification).await
}

pub(super) async fn specification_description(pool: &PgPool, version: VersionId) -> Result<String> {
    let description = sqlx::query_scalar("select description from specification where version_id = $1")
        .bind(version)
        .fetch_optional(pool)
        .await?;
    Ok(description.unwrap_or_default())
}

pub(super) async fn specification(pool: &PgPool, version: VersionId) -> Result<Option<CatalogueSpecification>> {
    let specification = sqlx::query_as("select name, content from specification where version_id = $1")
        .bind(version)
        .fetch_optional(pool)
        .await?;
    Ok(specification)
}

pub(super) async fn catalogue(pool: &PgPool, portal: PortalId, request: &PageRequest) -> Result<Page<CatalogueProduct>> {
    let pattern = request.pattern();
    let items = sqlx::query_as(
        "select product.id, product.name, product.description, published.latest_version, published.version_count
         from portal_product
         join product on product.id = portal_product.product_id
         cross join lateral (
             select (array_agg(version.name order by version.created_at desc))[1] as latest_version, count(*) as version_count
             from publication join version on version.id = publication.version_id
             where publication.portal_id = portal_product.portal_id and publication.publish_status = 'published'
               and version.product_id = product.id
         ) published
         where portal_product.portal_id = $1 and published.version_count > 0
           and (product.name ilike $2 or product.description ilike $2)
         order by lower(product.name), product.id limit $3 offset $4",
    )
    .bind(portal)
    .bind(&pattern)
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar(
        "select count(*) from portal_product join product on product.id = portal_product.product_id
         where portal_product.portal_id = $1 and (product.name ilike $2 or product.description ilike $2)
           and exists (select from publication join version on version.id = publication.version_id
                       where publication.portal_id = $1 and publication.publish_status = 'published'
                         and version.product_id = product.id)",
    )
    .bind(portal)
    .bind(&pattern)
    .fetch_one(pool)
    .await?;
    Ok(request.page(items, total))
}

const CATALOGUE_VERSION: &str = "select version.id, product.id as product_id, product.name as product_name,
        product.description as product_description, version.name, publication.deprecated,
        publication.application_registration_enabled as registration_enabled,
        publication.auto_approve_registration as auto_approve,
        publication.no_authentication, auth_strategy.id as strategy_id, auth_strategy.display_name as strategy_display_name,
        auth_strategy.strategy_type, auth_strategy.key_names, auth_strategy.openid_connect,
        gateway_service.host as gateway_host, gateway_service.path_prefix as gateway_path_prefix
    from publication
    join version on version.id = publication.version_id
    join product on product.id = version.product_id
    join portal_product on portal_product.portal_id = publication.portal_id and portal_product.product_id = product.id
    left join auth_strategy on auth_strategy.id = publication.auth_strategy_id
    left join gateway_service on gateway_service.id = version.gateway_service_id
    where publication.publish_status = 'published' and publication.portal_id = ";

pub(super) async fn catalogue_versions(pool: &PgPool, portal: PortalId, product: ProductId) -> Result<Vec<CatalogueVersion>> {
    let mut query = QueryBuilder::<Postgres>::new(CATALOGUE_VERSION);
    query.push_bind(portal).push(" and product.id = ").push_bind(product);
    query.push(" order by version.created_at desc, version.id desc limit 200");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn catalogue_version(pool: &PgPool, portal: PortalId, id: VersionId) -> Result<Option<CatalogueVersion>> {
    let mut query = QueryBuilder::<Postgres>::new(CATALOGUE_VERSION);
    query.push_bind(portal).push(" and version.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}
