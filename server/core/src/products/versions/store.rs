use super::VersionInput;
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{GatewayId, GatewayServiceId, PortalId, ProductId, VersionId},
    labels::Labels,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;

/// A version of an API product.
#[derive(Clone, Debug, FromRow)]
pub struct Version {
    pub id: VersionId,
    pub product_id: ProductId,
    pub product_name: String,
    pub name: String,
    #[sqlx(json)]
    pub labels: Labels,
    pub gateway_service_id: Option<GatewayServiceId>,
    /// The gateway of that service.
    pub gateway_id: Option<GatewayId>,
    pub specification_name: Option<String>,
    pub specification_title: Option<String>,
    pub operation_count: i64,
    /// In how many portals it is published.
    pub publication_count: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What the versions of a product are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::new("name", "version.name", Kind::Text),
    Attribute::filter("publish_status", PUBLISH_STATUS, Kind::Text),
    Attribute::filter("gateway_service_id", "version.gateway_service_id", Kind::Uuid),
    Attribute::sort("created_at", "version.created_at"),
    Attribute::sort("updated_at", "version.updated_at"),
];

/// Published if it is in one portal.
const PUBLISH_STATUS: &str = "(case when exists (select from publication where publication.version_id = version.id
    and publication.publish_status = 'published') then 'published' else 'unpublished' end)";

const COLUMNS: &str = "select version.id, version.product_id, product.name as product_name, version.name, version.labels,
        version.gateway_service_id, gateway_service.gateway_id, version.created_at, version.updated_at,
        specification.name as specification_name, specification.title as specification_title,
        (select count(*) from operation where operation.version_id = version.id) as operation_count,
        (select count(*) from publication where publication.version_id = version.id
             and publish_status = 'published') as publication_count
    from version
    join product on product.id = version.product_id
    left join gateway_service on gateway_service.id = version.gateway_service_id
    left join specification on specification.version_id = version.id ";

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: VersionId,
    product: ProductId,
    version: &VersionInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into version (id, product_id, name, labels, gateway_service_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(product)
    .bind(&version.name)
    .bind(Json(&version.labels))
    .bind(version.gateway_service)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: VersionId,
    version: &VersionInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update version set name = $2, labels = $3, gateway_service_id = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(&version.name)
        .bind(Json(&version.labels))
        .bind(version.gateway_service)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: VersionId) -> Result<bool> {
    let done = sqlx::query("delete from version where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Locks a version, so that two changes at once come one after the other.
pub(super) async fn lock(connection: &mut PgConnection, id: VersionId) -> Result<Option<Version>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where version.id = ").push_bind(id).push(" for no key update of version");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Every portal that the version's product is in, or that the version is published in.
pub(super) async fn portals(connection: &mut PgConnection, id: VersionId) -> Result<Vec<PortalId>> {
    let portals = sqlx::query_scalar(
        "select portal_id from publication where version_id = $1
         union select portal_id from portal_product join version on version.product_id = portal_product.product_id
             where version.id = $1
         order by portal_id",
    );
    Ok(portals.bind(id).fetch_all(connection).await?)
}

pub(super) async fn of_product(pool: &PgPool, product: ProductId) -> Result<Vec<Version>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where version.product_id = ").push_bind(product);
    query.push(" order by version.created_at desc, version.id desc limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn list(pool: &PgPool, product: ProductId, listing: &Listing) -> Result<Listed<Version>> {
    let source = Source { select: COLUMNS, table: "version" };
    listing.fetch(pool, source, |query| _ = query.push(" where version.product_id = ").push_bind(product)).await
}

pub(crate) async fn find(connection: &mut PgConnection, id: VersionId) -> Result<Option<Version>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where version.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}
