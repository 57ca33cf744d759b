//! Gateways (control planes), their services, and what the data plane knows of everything else.

pub mod changes;
pub mod kong;
pub mod store;
pub mod tokens;
pub mod view;

pub use store::{ATTRIBUTES, Gateway, GatewayService, SERVICE_ATTRIBUTES};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
};
use portico_model::{
    access::Permission,
    ids::{GatewayId, GatewayServiceId},
    labels::Labels,
    paging::{Page, PageRequest},
    problem::{Conflict, Problem, Rule},
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// Where the gateway's listener answers itself.
pub const OWN_PREFIX: &str = "/gateway";

/// What an admin decides about a gateway.
#[derive(Clone, Debug, Default)]
pub struct GatewayInput {
    pub name: String,
    pub description: String,
    pub labels: Labels,
}

impl From<&str> for GatewayInput {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl From<&Gateway> for GatewayInput {
    fn from(gateway: &Gateway) -> Self {
        Self { name: gateway.name.clone(), description: gateway.description.clone(), labels: gateway.labels.clone() }
    }
}

fn check_gateway(input: GatewayInput) -> Result<GatewayInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    fields.labels("labels", &input.labels);
    fields.finish()?;
    Ok(GatewayInput { name, description, labels: input.labels })
}

/// What an admin decides about a gateway service.
#[derive(Clone, Debug, Default)]
pub struct ServiceInput {
    pub name: String,
    /// The host of the calls that it serves; empty for every host.
    pub host: String,
    /// The beginning of their paths, which is cut off before the upstream sees them.
    pub path_prefix: String,
    /// Where calls go.
    pub upstream_url: String,
}

fn check(input: &ServiceInput) -> Result<ServiceInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let host = fields.optional_hostname("host", &input.host).unwrap_or_default();
    let path_prefix = fields.path_prefix("path_prefix", &input.path_prefix);
    if path_prefix == OWN_PREFIX || path_prefix.starts_with(&format!("{OWN_PREFIX}/")) {
        fields.reject("path_prefix", Rule::ReservedPath);
    }
    let upstream_url = fields.base_url("upstream_url", &input.upstream_url);
    fields.finish()?;
    Ok(ServiceInput { name, host, path_prefix, upstream_url })
}

/// Creates a gateway. For admins.
pub async fn create(core: &Core, actor: Actor, input: impl Into<GatewayInput>) -> Result<GatewayId> {
    actor.require(Permission::MaintainGateways)?;
    let input = check_gateway(input.into())?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &input, core.now()).await.taken("gateway_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "gateway.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a gateway, from what it is to what `decide` makes of that while nobody else changes it. For admins.
pub async fn update(core: &Core, actor: Actor, id: GatewayId, decide: impl FnOnce(&Gateway) -> GatewayInput) -> Result<()> {
    actor.require(Permission::MaintainGateways)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, id).await?.then_some(()).or_not_found()?;
    let before = store::find(&mut tx, id).await?.or_not_found()?;
    let input = check_gateway(decide(&before))?;
    store::update(&mut tx, id, &input, core.now()).await.taken("gateway_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "gateway.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a gateway without services. For admins.
pub async fn delete(core: &Core, actor: Actor, id: GatewayId) -> Result<()> {
    actor.require(Permission::MaintainGateways)?;
    let mut tx = core.begin().await?;
    let found = store::delete(&mut tx, id)
        .await
        .on_constraint("gateway_service_gateway_id_fkey", Problem::Conflict(Conflict::GatewayInUse))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "gateway.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Creates a service of a gateway. It is closed until a publication opens it. For admins.
pub async fn create_service(core: &Core, actor: Actor, gateway: GatewayId, input: &ServiceInput) -> Result<GatewayServiceId> {
    actor.require(Permission::MaintainGateways)?;
    let service = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    named(store::insert_service(&mut tx, id, gateway, &service, core.now()).await)
        .on_constraint("gateway_service_gateway_id_fkey", Problem::NotFound)?;
    audit::record(core, &mut tx, actor, None, "gateway_service.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a service; gateways follow at once. For admins.
pub async fn update_service(core: &Core, actor: Actor, id: GatewayServiceId, input: &ServiceInput) -> Result<()> {
    actor.require(Permission::MaintainGateways)?;
    let service = check(input)?;
    let mut tx = core.begin().await?;
    named(store::update_service(&mut tx, id, &service, core.now()).await)?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "gateway_service.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a service that no version links to. For admins.
pub async fn delete_service(core: &Core, actor: Actor, id: GatewayServiceId) -> Result<()> {
    actor.require(Permission::MaintainGateways)?;
    let mut tx = core.begin().await?;
    let found = store::delete_service(&mut tx, id)
        .await
        .on_constraint("version_gateway_service_id_fkey", Problem::Conflict(Conflict::ServiceInUse))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "gateway_service.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The gateways. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Gateway>> {
    actor.require(Permission::ReadGateways)?;
    store::list(&core.pool, request).await
}

/// One gateway. For admins.
pub async fn get(core: &Core, actor: Actor, id: GatewayId) -> Result<Gateway> {
    actor.require(Permission::ReadGateways)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// Some of the gateways, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, listing: &Listing) -> Result<Listed<Gateway>> {
    actor.require(Permission::ReadGateways)?;
    store::list_by(&core.pool, listing).await
}

/// Some of the services of a gateway, by [`SERVICE_ATTRIBUTES`]. For admins.
pub async fn list_services(core: &Core, actor: Actor, id: GatewayId, listing: &Listing) -> Result<Listed<GatewayService>> {
    actor.require(Permission::ReadGateways)?;
    store::list_services(&core.pool, id, listing).await
}

/// One service of a gateway. For admins.
pub async fn get_service(core: &Core, actor: Actor, gateway: GatewayId, id: GatewayServiceId) -> Result<GatewayService> {
    actor.require(Permission::ReadGateways)?;
    store::find_service(&core.pool, gateway, id).await?.or_not_found()
}

/// The services of a gateway. For admins.
pub async fn services(core: &Core, actor: Actor, id: GatewayId, request: &PageRequest) -> Result<Page<GatewayService>> {
    actor.require(Permission::ReadGateways)?;
    store::services(&core.pool, id, request).await
}

/// Every service of every gateway, to choose one. For admins.
pub async fn service_choices(core: &Core, actor: Actor) -> Result<Vec<GatewayService>> {
    actor.require(Permission::ReadGateways)?;
    store::service_choices(&core.pool).await
}

fn named<T>(result: Result<T>) -> Result<T> {
    result.taken("gateway_service_name_key", "name").taken("gateway_service_match_key", "path_prefix")
}
