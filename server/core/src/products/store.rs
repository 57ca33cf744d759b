use super::{
    ProductInput,
    catalogue::{CatalogueProduct, CatalogueSpecification, CatalogueVersion},
};
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{PortalId, ProductId, VersionId},
    labels::Labels,
    paging::{Page, PageRequest},
};
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;
use uuid::Uuid;

/// An API product.
#[derive(Clone, Debug, FromRow)]
pub struct Product {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    #[sqlx(json)]
    pub labels: Labels,
    /// Developers see these.
    #[sqlx(json)]
    pub public_labels: Labels,
    pub version_count: i64,
    /// The portals that it is in.
    #[sqlx(json)]
    pub portals: Vec<ProductPortal>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A portal that a product is in.
#[derive(Clone, Debug, Deserialize)]
pub struct ProductPortal {
    pub id: PortalId,
    pub name: String,
    /// How many of the product's versions are published there.
    pub version_count: i64,
}

/// What products are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("name", "product.name", Kind::Text),
    Attribute::sort("created_at", "product.created_at"),
    Attribute::sort("updated_at", "product.updated_at"),
    Attribute::filter("labels", "product.labels", Kind::Labels),
    Attribute::filter("public_labels", "product.public_labels", Kind::Labels),
];

/// What the products of a portal are filtered and ordered by.
pub const ATTRIBUTES_IN_PORTAL: &[Attribute] = &[
    Attribute::filter("id", "product.id", Kind::Uuid),
    Attribute::new("name", "product.name", Kind::Text),
    Attribute::new("description", "product.description", Kind::Text),
    Attribute::sort("created_at", "product.created_at"),
];

const COLUMNS: &str = "select product.id, product.name, product.description, product.labels, product.public_labels,
        product.created_at, product.updated_at,
        (select count(*) from version where product_id = product.id) as version_count,
        (select coalesce(jsonb_agg(jsonb_build_object('id', portal.id, 'name', portal.name, 'version_count',
             (select count(*) from publication join version on version.id = publication.version_id
              where publication.portal_id = portal.id and publish_status = 'published' and version.product_id = product.id))
             order by lower(portal.name)), '[]')
         from portal_product join portal on portal.id = portal_product.portal_id
         where portal_product.product_id = product.id) as portals
    from product ";

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: ProductId,
    product: &ProductInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into product (id, name, description, labels, public_labels, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(&product.name)
    .bind(&product.description)
    .bind(Json(&product.labels))
    .bind(Json(&product.public_labels))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: ProductId,
    product: &ProductInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update product set name = $2, description = $3, labels = $4, public_labels = $5, updated_at = $6 where id = $1")
        .bind(id)
        .bind(&product.name)
        .bind(&product.description)
        .bind(Json(&product.labels))
        .bind(Json(&product.public_labels))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a product is in these portals and no others.
pub(super) async fn is_in(connection: &mut PgConnection, id: ProductId, portals: &[PortalId]) -> Result<bool> {
    let is_in = sqlx::query_scalar(
        "select array(select portal_id from portal_product where product_id = $1 order by portal_id)
             = array(select distinct portal from unnest($2) as portal order by portal)",
    );
    Ok(is_in.bind(id).bind(portals).fetch_one(connection).await?)
}

/// Puts a product into these portals and no others.
pub(super) async fn set_portals(connection: &mut PgConnection, id: ProductId, portals: &[PortalId]) -> Result<()> {
    sqlx::query("delete from portal_product where product_id = $1 and portal_id <> all($2)")
        .bind(id)
        .bind(portals)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "insert into portal_product (portal_id, product_id) select distinct portal, $1 from unnest($2) as portal
         on conflict on constraint portal_product_pkey do nothing",
    )
    .bind(id)
    .bind(portals)
    .execute(connection)
    .await?;
    Ok(())
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

pub(super) async fn add_to_portal(connection: &mut PgConnection, id: ProductId, portal: PortalId) -> Result<()> {
    sqlx::query(
        "insert into portal_product (portal_id, product_id) values ($2, $1)
         on conflict on constraint portal_product_pkey do nothing",
    )
    .bind(id)
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

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Product>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where name ilike ");
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

pub(super) async fn list_by(pool: &PgPool, portal: Option<PortalId>, listing: &Listing) -> Result<Listed<Product>> {
    let scope = |query: &mut QueryBuilder<Postgres>| match portal {
        Some(portal) => {
            query.push(" where exists (select from portal_product where product_id = product.id and portal_id = ");
            query.push_bind(portal).push(")");
        }
        None => _ = query.push(" where true"),
    };
    listing.fetch(pool, Source { select: COLUMNS, table: "product" }, scope).await
}

pub(super) async fn find(connection: &mut PgConnection, id: ProductId) -> Result<Option<Product>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where product.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
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

pub(super) async fn catalogue(
    pool: &PgPool,
    portal: PortalId,
    reader: Option<Uuid>,
    request: &PageRequest,
) -> Result<Page<CatalogueProduct>> {
    let pattern = request.pattern();
    let items = sqlx::query_as(
        "select product.id, product.name, product.description, published.latest_version, published.version_count
         from portal_product
         join portal on portal.id = portal_product.portal_id
         join product on product.id = portal_product.product_id
         cross join lateral (
             select (array_agg(version.name order by version.created_at desc))[1] as latest_version, count(*) as version_count
             from publication join version on version.id = publication.version_id
             where publication.portal_id = portal_product.portal_id and publication.publish_status = 'published'
               and version.product_id = product.id
         ) published
         where portal_product.portal_id = $1 and published.version_count > 0 and may_see_product($5, portal, product.id)
           and (product.name ilike $2 or product.description ilike $2)
         order by lower(product.name), product.id limit $3 offset $4",
    )
    .bind(portal)
    .bind(&pattern)
    .bind(request.limit())
    .bind(request.offset())
    .bind(reader)
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar(
        "select count(*) from portal_product join portal on portal.id = portal_product.portal_id
         join product on product.id = portal_product.product_id
         where portal_product.portal_id = $1 and may_see_product($3, portal, product.id) and (product.name ilike $2 or product.description ilike $2)
           and exists (select from publication join version on version.id = publication.version_id
                       where publication.portal_id = $1 and publication.publish_status = 'published'
                         and version.product_id = product.id)",
    )
    .bind(portal)
    .bind(&pattern)
    .bind(reader)
    .fetch_one(pool)
    .await?;
    Ok(request.page(items, total))
}

/// The published versions that a reader sees; more conditions may follow.
fn catalogue_version_query(portal: PortalId, reader: Option<Uuid>) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select version.id, product.id as product_id, product.name as product_name,
            product.description as product_description, version.name, publication.deprecated,
            publication.application_registration_enabled and may_consume_product(",
    );
    query.push_bind(reader).push(
        ", portal, product.id) as registration_enabled,
            publication.auto_approve_registration as auto_approve,
            publication.no_authentication, auth_strategy.id as strategy_id,
            auth_strategy.display_name as strategy_display_name,
            auth_strategy.strategy_type, auth_strategy.key_names, auth_strategy.openid_connect,
            gateway_service.host as gateway_host, gateway_service.path_prefix as gateway_path_prefix
        from publication
        join portal on portal.id = publication.portal_id
        join version on version.id = publication.version_id
        join product on product.id = version.product_id
        join portal_product on portal_product.portal_id = publication.portal_id and portal_product.product_id = product.id
        left join auth_strategy on auth_strategy.id = publication.auth_strategy_id
        left join gateway_service on gateway_service.id = version.gateway_service_id
        where publication.publish_status = 'published' and publication.portal_id = ",
    );
    query.push_bind(portal).push(" and may_see_product(").push_bind(reader).push(", portal, product.id)");
    query
}

pub(super) async fn catalogue_versions(
    pool: &PgPool,
    portal: PortalId,
    reader: Option<Uuid>,
    product: ProductId,
) -> Result<Vec<CatalogueVersion>> {
    let mut query = catalogue_version_query(portal, reader);
    query.push(" and product.id = ").push_bind(product);
    query.push(" order by version.created_at desc, version.id desc limit 200");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn catalogue_version(
    pool: &PgPool,
    portal: PortalId,
    reader: Option<Uuid>,
    id: VersionId,
) -> Result<Option<CatalogueVersion>> {
    let mut query = catalogue_version_query(portal, reader);
    query.push(" and version.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}
