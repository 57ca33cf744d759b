//! `/control-planes` (gateways) and the services in them: as much of Konnect's as linking a version needs.

use super::{
    Answer, Call, PageOf,
    body::{Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    gateways::{self, Gateway, GatewayInput, GatewayService, ServiceInput},
    listing::Attribute,
};
use portico_model::{
    ids::{GatewayId, GatewayServiceId},
    labels::{self, Labels, LabelsChange},
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, remove))
        .routes(routes!(list_services, create_service))
        .routes(routes!(show_service, replace_service, remove_service))
}

struct ControlPlaneList;

impl Listable for ControlPlaneList {
    const ATTRIBUTES: &'static [Attribute] = gateways::ATTRIBUTES;
}

struct ServiceList;

impl Listable for ServiceList {
    const ATTRIBUTES: &'static [Attribute] = gateways::SERVICE_ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ControlPlane {
    id: GatewayId,
    name: String,
    description: String,
    labels: Labels,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Gateway> for ControlPlane {
    fn from(gateway: Gateway) -> Self {
        Self {
            id: gateway.id,
            name: gateway.name,
            description: gateway.description,
            labels: gateway.labels,
            created_at: gateway.created_at,
            updated_at: gateway.updated_at,
        }
    }
}

/// A service, with the route that leads to it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Service {
    id: GatewayServiceId,
    name: String,
    protocol: String,
    host: String,
    port: u16,
    path: Option<String>,
    /// Of the calls that it serves; empty for every host.
    route_hosts: Vec<String>,
    /// Beginnings of the paths of those calls, which are cut off.
    route_paths: Vec<String>,
    enabled: bool,
    /// Seconds since 1970.
    created_at: i64,
    updated_at: i64,
}

impl From<GatewayService> for Service {
    fn from(service: GatewayService) -> Self {
        let url = Url::parse(&service.upstream_url).ok();
        let of = |read: fn(&Url) -> Option<String>| url.as_ref().and_then(read).unwrap_or_default();
        Self {
            id: service.id,
            name: service.name,
            protocol: of(|url| Some(url.scheme().to_owned())),
            host: of(|url| url.host_str().map(str::to_owned)),
            port: url.as_ref().and_then(Url::port_or_known_default).unwrap_or_default(),
            path: url.as_ref().map(|url| url.path().to_owned()).filter(|path| path != "/"),
            route_hosts: super::written(service.host).into_iter().collect(),
            route_paths: vec![service.path_prefix],
            enabled: true,
            created_at: service.created_at.unix_timestamp(),
            updated_at: service.updated_at.unix_timestamp(),
        }
    }
}

async fn answer(call: &Call, id: GatewayId) -> Result<ControlPlane, Refusal> {
    Ok(gateways::get(&call.core, call.actor, id).await?.into())
}

async fn answer_service(call: &Call, gateway: GatewayId, id: GatewayServiceId) -> Result<Service, Refusal> {
    Ok(gateways::get_service(&call.core, call.actor, gateway, id).await?.into())
}

/// Some of the control planes. For admins.
#[utoipa::path(get, path = "/control-planes", operation_id = "list-control-planes", tag = "control-planes",
    params(ListQuery<ControlPlaneList>),
    responses((status = 200, description = "Some of the control planes", body = PageOf<ControlPlane>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<ControlPlaneList>()?;
    Ok(page(&listing, gateways::list_by(&call.core, call.actor, &listing).await?, ControlPlane::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateControlPlane {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    labels: Labels,
}

/// Creates a control plane. For admins; recorded as `gateway.created`.
#[utoipa::path(post, path = "/control-planes", operation_id = "create-control-plane", tag = "control-planes",
    request_body = CreateControlPlane, responses((status = 201, description = "The control plane", body = ControlPlane)))]
async fn create(call: Call, Body(body): Body<CreateControlPlane>) -> Answer {
    let input = GatewayInput { name: body.name, description: body.description, labels: body.labels };
    let id = gateways::create(&call.core, call.actor, input).await?;
    Ok(created(answer(&call, id).await?))
}

/// One control plane. For admins.
#[utoipa::path(get, path = "/control-planes/{controlPlaneId}", operation_id = "get-control-plane", tag = "control-planes",
    responses((status = 200, description = "The control plane", body = ControlPlane)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("controlPlaneId")?).await?).into_response())
}

change! {
    UpdateControlPlane {
        name: String,
        description: String,
    } nullable {
        labels: LabelsChange,
    }
}

/// Changes what is named of a control plane. For admins; recorded as `gateway.updated`.
#[utoipa::path(patch, path = "/control-planes/{controlPlaneId}", operation_id = "update-control-plane", tag = "control-planes",
    request_body = UpdateControlPlane, responses((status = 200, description = "The control plane", body = ControlPlane)))]
async fn update(call: Call, Body(body): Body<UpdateControlPlane>) -> Answer {
    let id = call.id("controlPlaneId")?;
    let decide = |gateway: &Gateway| GatewayInput {
        name: body.name.unwrap_or_else(|| gateway.name.clone()),
        description: body.description.unwrap_or_else(|| gateway.description.clone()),
        labels: labels::changed(gateway.labels.clone(), body.labels),
    };
    gateways::update(&call.core, call.actor, id, decide).await?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// Deletes a control plane without services. For admins; recorded as `gateway.deleted`.
#[utoipa::path(delete, path = "/control-planes/{controlPlaneId}", operation_id = "delete-control-plane", tag = "control-planes",
    responses((status = 204, description = "Deleted"), (status = 409, description = "The control plane has services")))]
async fn remove(call: Call) -> Answer {
    gateways::delete(&call.core, call.actor, call.id("controlPlaneId")?).await?;
    no_content()
}

/// Some of the services of a control plane. For admins.
#[utoipa::path(get, path = "/control-planes/{controlPlaneId}/core-entities/services", operation_id = "list-service",
    tag = "control-planes", params(ListQuery<ServiceList>),
    responses((status = 200, description = "Some of the services", body = PageOf<Service>)))]
async fn list_services(call: Call) -> Answer {
    let listing = call.listing::<ServiceList>()?;
    let gateway = gateways::get(&call.core, call.actor, call.id("controlPlaneId")?).await?.id;
    Ok(page(&listing, gateways::list_services(&call.core, call.actor, gateway, &listing).await?, Service::from))
}

/// A service, by its `url` or by its parts. Without a route it serves the paths that begin with `/` and its name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    name: String,
    #[schema(nullable = false)]
    url: Option<String>,
    /// `http` where there is none.
    #[schema(nullable = false)]
    protocol: Option<String>,
    #[schema(nullable = false)]
    host: Option<String>,
    #[schema(nullable = false, minimum = 1)]
    port: Option<u16>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    #[schema(max_items = 1)]
    route_hosts: Vec<String>,
    #[serde(default)]
    #[schema(max_items = 1)]
    route_paths: Vec<String>,
}

impl ServiceBody {
    fn input(self) -> ServiceInput {
        let upstream_url = match (self.url, self.host) {
            (Some(url), _) => url,
            // That there is none is told when it is saved.
            (None, None) => String::new(),
            (None, Some(host)) => {
                let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{host}{port}{}", self.protocol.as_deref().unwrap_or("http"), self.path.unwrap_or_default())
            }
        };
        ServiceInput {
            host: self.route_hosts.into_iter().next().unwrap_or_default(),
            path_prefix: self.route_paths.into_iter().next().unwrap_or_else(|| format!("/{}", self.name)),
            name: self.name,
            upstream_url,
        }
    }
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&[("host", "route_hosts"), ("path_prefix", "route_paths"), ("upstream_url", "url")])
}

/// Creates a service of a control plane. It is closed until a publication opens it. For admins; recorded as
/// `gateway_service.created`.
#[utoipa::path(post, path = "/control-planes/{controlPlaneId}/core-entities/services", operation_id = "create-service",
    tag = "control-planes", request_body = ServiceBody, responses((status = 201, description = "The service", body = Service)))]
async fn create_service(call: Call, Body(body): Body<ServiceBody>) -> Answer {
    let gateway = call.id("controlPlaneId")?;
    let id = gateways::create_service(&call.core, call.actor, gateway, &body.input()).await.map_err(named)?;
    Ok(created(answer_service(&call, gateway, id).await?))
}

/// One service of a control plane. For admins.
#[utoipa::path(get, path = "/control-planes/{controlPlaneId}/core-entities/services/{serviceId}", operation_id = "get-service",
    tag = "control-planes", responses((status = 200, description = "The service", body = Service)))]
async fn show_service(call: Call) -> Answer {
    Ok(Json(answer_service(&call, call.id("controlPlaneId")?, call.id("serviceId")?).await?).into_response())
}

/// Replaces what is decided about a service; gateways follow at once. For admins; recorded as `gateway_service.updated`.
#[utoipa::path(put, path = "/control-planes/{controlPlaneId}/core-entities/services/{serviceId}", operation_id = "upsert-service",
    tag = "control-planes", request_body = ServiceBody, responses((status = 200, description = "The service", body = Service)))]
async fn replace_service(call: Call, Body(body): Body<ServiceBody>) -> Answer {
    let (gateway, id) = (call.id("controlPlaneId")?, call.id("serviceId")?);
    answer_service(&call, gateway, id).await?;
    gateways::update_service(&call.core, call.actor, id, &body.input()).await.map_err(named)?;
    Ok(Json(answer_service(&call, gateway, id).await?).into_response())
}

/// Deletes a service that no version links to. For admins; recorded as `gateway_service.deleted`.
#[utoipa::path(delete, path = "/control-planes/{controlPlaneId}/core-entities/services/{serviceId}",
    operation_id = "delete-service", tag = "control-planes",
    responses((status = 204, description = "Deleted"), (status = 409, description = "A version links to the service")))]
async fn remove_service(call: Call) -> Answer {
    let service = gateways::get_service(&call.core, call.actor, call.id("controlPlaneId")?, call.id("serviceId")?).await?;
    gateways::delete_service(&call.core, call.actor, service.id).await?;
    no_content()
}
