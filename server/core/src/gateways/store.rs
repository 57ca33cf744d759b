use super::{GatewayInput, ServiceInput};
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{GatewayId, GatewayServiceId, ProductId, VersionId},
    labels::Labels,
    paging::{Page, PageRequest},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;

/// A gateway (a control plane).
#[derive(Clone, Debug, FromRow)]
pub struct Gateway {
    pub id: GatewayId,
    pub name: String,
    pub description: String,
    #[sqlx(json)]
    pub labels: Labels,
    pub service_count: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What gateways are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::filter("id", "gateway.id", Kind::Uuid),
    Attribute::new("name", "gateway.name", Kind::Text),
    Attribute::sort("created_at", "gateway.created_at"),
    Attribute::filter("labels", "gateway.labels", Kind::Labels),
];

/// What the services of a gateway are filtered and ordered by.
pub const SERVICE_ATTRIBUTES: &[Attribute] = &[Attribute::new("name", "gateway_service.name", Kind::Text)];

/// A service of a gateway, and the version that links to it.
#[derive(Clone, Debug, FromRow)]
pub struct GatewayService {
    pub id: GatewayServiceId,
    pub gateway_id: GatewayId,
    pub gateway_name: String,
    pub name: String,
    pub host: String,
    pub path_prefix: String,
    pub upstream_url: String,
    pub product_id: Option<ProductId>,
    pub product_name: Option<String>,
    pub version_id: Option<VersionId>,
    pub version_name: Option<String>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: GatewayId,
    gateway: &GatewayInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into gateway (id, name, description, labels, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)")
        .bind(id)
        .bind(&gateway.name)
        .bind(&gateway.description)
        .bind(Json(&gateway.labels))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: GatewayId,
    gateway: &GatewayInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update gateway set name = $2, description = $3, labels = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(&gateway.name)
        .bind(&gateway.description)
        .bind(Json(&gateway.labels))
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: GatewayId) -> Result<bool> {
    let done = sqlx::query("delete from gateway where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Locks a gateway; whether there is one.
pub(super) async fn lock(connection: &mut PgConnection, id: GatewayId) -> Result<bool> {
    let found = sqlx::query("select from gateway where id = $1 for update").bind(id).fetch_optional(connection).await?;
    Ok(found.is_some())
}

pub(super) async fn insert_service(
    connection: &mut PgConnection,
    id: GatewayServiceId,
    gateway: GatewayId,
    service: &ServiceInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into gateway_service (id, gateway_id, name, host, path_prefix, upstream_url, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(gateway)
    .bind(&service.name)
    .bind(&service.host)
    .bind(&service.path_prefix)
    .bind(&service.upstream_url)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update_service(
    connection: &mut PgConnection,
    id: GatewayServiceId,
    service: &ServiceInput,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query(
        "update gateway_service set name = $2, host = $3, path_prefix = $4, upstream_url = $5, updated_at = $6 where id = $1",
    )
    .bind(id)
    .bind(&service.name)
    .bind(&service.host)
    .bind(&service.path_prefix)
    .bind(&service.upstream_url)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_service(connection: &mut PgConnection, id: GatewayServiceId) -> Result<bool> {
    let done = sqlx::query("delete from gateway_service where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

const GATEWAY: &str = "select id, name, description, labels, created_at, updated_at,
        (select count(*) from gateway_service where gateway_id = gateway.id) as service_count
    from gateway ";

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Gateway>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(GATEWAY);
    query.push("where name ilike ").push_bind(&pattern);
    query.push(match request.sort.as_str() {
        "-name" => " order by lower(name) desc, id",
        _ => " order by lower(name), id",
    });
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let total = sqlx::query_scalar("select count(*) from gateway where name ilike $1").bind(&pattern).fetch_one(pool).await?;
    Ok(request.page(items, total))
}

pub(super) async fn find(connection: &mut PgConnection, id: GatewayId) -> Result<Option<Gateway>> {
    let mut query = QueryBuilder::<Postgres>::new(GATEWAY);
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn list_by(pool: &PgPool, listing: &Listing) -> Result<Listed<Gateway>> {
    listing.fetch(pool, Source { select: GATEWAY, table: "gateway" }, |query| _ = query.push(" where true")).await
}

pub(super) async fn list_services(pool: &PgPool, gateway: GatewayId, listing: &Listing) -> Result<Listed<GatewayService>> {
    let source = Source { select: SERVICE, table: "gateway_service" };
    listing.fetch(pool, source, |query| _ = query.push(" where gateway_service.gateway_id = ").push_bind(gateway)).await
}

pub(super) async fn find_service(pool: &PgPool, gateway: GatewayId, id: GatewayServiceId) -> Result<Option<GatewayService>> {
    let mut query = QueryBuilder::<Postgres>::new(SERVICE);
    query.push("where gateway_service.gateway_id = ").push_bind(gateway).push(" and gateway_service.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

const SERVICE: &str = "select gateway_service.id, gateway_service.gateway_id, gateway_service.created_at,
        gateway_service.updated_at, gateway.name as gateway_name, gateway_service.name, host, path_prefix,
        upstream_url, version.id as version_id, version.name as version_name, product.id as product_id,
        product.name as product_name
    from gateway_service
    join gateway on gateway.id = gateway_service.gateway_id
    left join version on version.gateway_service_id = gateway_service.id
    left join product on product.id = version.product_id ";

pub(super) async fn services(pool: &PgPool, gateway: GatewayId, request: &PageRequest) -> Result<Page<GatewayService>> {
    let mut query = QueryBuilder::<Postgres>::new(SERVICE);
    push_filter(&mut query, gateway, request);
    query.push(" order by lower(gateway_service.name), gateway_service.id limit ").push_bind(request.limit());
    query.push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let mut count = QueryBuilder::<Postgres>::new("select count(*) from gateway_service ");
    push_filter(&mut count, gateway, request);
    let total = count.build_query_scalar().fetch_one(pool).await?;
    Ok(request.page(items, total))
}

fn push_filter(query: &mut QueryBuilder<Postgres>, gateway: GatewayId, request: &PageRequest) {
    query.push("where gateway_id = ").push_bind(gateway);
    let pattern = request.pattern();
    query.push(" and (gateway_service.name ilike ").push_bind(pattern.clone());
    query.push(" or host || path_prefix ilike ").push_bind(pattern.clone());
    query.push(" or upstream_url ilike ").push_bind(pattern).push(")");
}

pub(super) async fn service_choices(pool: &PgPool) -> Result<Vec<GatewayService>> {
    let mut query = QueryBuilder::<Postgres>::new(SERVICE);
    query.push("order by lower(gateway.name), lower(gateway_service.name) limit 1000");
    Ok(query.build_query_as().fetch_all(pool).await?)
}
