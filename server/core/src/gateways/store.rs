use super::ServiceInput;
use crate::Result;
use portico_model::ids::{GatewayId, GatewayServiceId, ProductId, VersionId};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A gateway (a control plane).
#[derive(Clone, Debug, FromRow)]
pub struct Gateway {
    pub id: GatewayId,
    pub name: String,
    pub service_count: i64,
}

/// A service of a gateway, and the version that links to it.
#[derive(Clone, Debug, FromRow)]
pub struct GatewayService {
    pub id: GatewayServiceId,
    pub gateway_name: String,
    pub name: String,
    pub host: String,
    pub path_prefix: String,
    pub upstream_url: String,
    pub product_id: Option<ProductId>,
    pub product_name: Option<String>,
    pub version_id: Option<VersionId>,
    pub version_name: Option<String>,
}

pub(super) async fn insert(connection: &mut PgConnection, id: GatewayId, name: &str, now: OffsetDateTime) -> Result<()> {
    sqlx::query("insert into gateway (id, name, created_at) values ($1, $2, $3)")
        .bind(id)
        .bind(name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: GatewayId) -> Result<bool> {
    let done = sqlx::query("delete from gateway where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert_service(
    connection: &mut PgConnection,
    id: GatewayServiceId,
    gateway: GatewayId,
    service: &ServiceInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into gateway_service (id, gateway_id, name, host, path_prefix, upstream_url, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
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

pub(super) async fn update_service(connection: &mut PgConnection, id: GatewayServiceId, service: &ServiceInput) -> Result<bool> {
    let done = sqlx::query("update gateway_service set name = $2, host = $3, path_prefix = $4, upstream_url = $5 where id = $1")
        .bind(id)
        .bind(&service.name)
        .bind(&service.host)
        .bind(&service.path_prefix)
        .bind(&service.upstream_url)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn delete_service(connection: &mut PgConnection, id: GatewayServiceId) -> Result<bool> {
    let done = sqlx::query("delete from gateway_service where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn list(pool: &PgPool) -> Result<Vec<Gateway>> {
    let gateways = sqlx::query_as(
        "select id, name, (select count(*) from gateway_service where gateway_id = gateway.id) as service_count
         from gateway order by lower(name) limit 200",
    )
    .fetch_all(pool)
    .await?;
    Ok(gateways)
}

pub(super) async fn find(pool: &PgPool, id: GatewayId) -> Result<Option<Gateway>> {
    let gateway = sqlx::query_as(
        "select id, name, (select count(*) from gateway_service where gateway_id = gateway.id) as service_count
         from gateway where id = $1",
    )
    .bind(id)
    .fetch_optional(pool)
    .await?;
    Ok(gateway)
}

pub(super) async fn services(pool: &PgPool, gateway: Option<GatewayId>) -> Result<Vec<GatewayService>> {
    let services = sqlx::query_as(
        "select gateway_service.id, gateway.name as gateway_name, gateway_service.name, host, path_prefix, upstream_url,
             version.id as version_id, version.name as version_name, product.id as product_id, product.name as product_name
         from gateway_service
         join gateway on gateway.id = gateway_service.gateway_id
         left join version on version.gateway_service_id = gateway_service.id
         left join product on product.id = version.product_id
         where $1::uuid is null or gateway_id = $1
         order by lower(gateway.name), lower(gateway_service.name) limit 1000",
    )
    .bind(gateway)
    .fetch_all(pool)
    .await?;
    Ok(services)
}
