//! `/api-products/{apiProductId}/product-versions`.

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
    gateways,
    listing::Attribute,
    products::{
        self,
        versions::{self, Everywhere, Version, VersionInput},
    },
    publications::{self, Publication},
};
use portico_model::{
    ids::{AuthStrategyId, GatewayId, GatewayServiceId, PortalId, ProductId, PublicationId, VersionId},
    labels::{self, Labels, LabelsChange},
    problem::{FieldProblem, Problem, Rule},
    states::PublishStatus,
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

struct VersionList;

impl Listable for VersionList {
    const ATTRIBUTES: &'static [Attribute] = versions::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GatewayService {
    id: GatewayServiceId,
    control_plane_id: GatewayId,
    /// What a control plane was called once.
    runtime_group_id: GatewayId,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NamedStrategy {
    id: AuthStrategyId,
    name: String,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VersionPortal {
    portal_id: PortalId,
    portal_name: String,
    portal_product_version_id: PublicationId,
    publish_status: PublishStatus,
    deprecated: bool,
    application_registration_enabled: bool,
    auto_approve_registration: bool,
    auth_strategies: Vec<NamedStrategy>,
}

impl From<&Publication> for VersionPortal {
    fn from(publication: &Publication) -> Self {
        let name = publication.strategy.strategy_display_name.clone().unwrap_or_default();
        Self {
            portal_id: publication.portal_id,
            portal_name: publication.portal_name.clone(),
            portal_product_version_id: publication.id,
            publish_status: publication.publish_status,
            deprecated: publication.deprecated,
            application_registration_enabled: publication.application_registration_enabled,
            auto_approve_registration: publication.auto_approve_registration,
            auth_strategies: publication.auth_strategy_id.map(|id| NamedStrategy { id, name }).into_iter().collect(),
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApiProductVersion {
    id: VersionId,
    name: String,
    gateway_service: Option<GatewayService>,
    /// Published if it is in one portal.
    publish_status: PublishStatus,
    /// Deprecated if it is in one portal.
    deprecated: bool,
    labels: Labels,
    /// Always empty: gateways read what they enforce from here.
    auth_strategy_sync_errors: Vec<String>,
    portals: Vec<VersionPortal>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl ApiProductVersion {
    /// With those of the publications that are its own.
    fn new(version: Version, publications: &[Publication]) -> Self {
        let own: Vec<&Publication> = publications.iter().filter(|publication| publication.version_id == version.id).collect();
        let is_published = own.iter().any(|publication| publication.publish_status == PublishStatus::Published);
        let service = version.gateway_service_id.zip(version.gateway_id);
        Self {
            id: version.id,
            name: version.name,
            gateway_service: service.map(|(id, gateway)| GatewayService {
                id,
                control_plane_id: gateway,
                runtime_group_id: gateway,
            }),
            publish_status: if is_published { PublishStatus::Published } else { PublishStatus::Unpublished },
            deprecated: own.iter().any(|publication| publication.deprecated),
            labels: version.labels,
            auth_strategy_sync_errors: Vec::new(),
            portals: own.into_iter().map(VersionPortal::from).collect(),
            created_at: version.created_at,
            updated_at: version.updated_at,
        }
    }
}

/// The version of the path, if it is one of the product's.
pub async fn of_path(call: &Call, version: &str) -> Result<Version, Refusal> {
    let product: ProductId = call.id("apiProductId")?;
    let version = versions::get(&call.core, call.actor, call.id(version)?).await?;
    if version.product_id == product { Ok(version) } else { Err(Problem::NotFound.into()) }
}

async fn answer(call: &Call, id: VersionId) -> Result<ApiProductVersion, Refusal> {
    let version = versions::get(&call.core, call.actor, id).await?;
    let publications = publications::of_version(&call.core, call.actor, id).await?;
    Ok(ApiProductVersion::new(version, &publications))
}

/// Some of the versions of an API product. For admins.
#[utoipa::path(get, path = "/api-products/{apiProductId}/product-versions", operation_id = "get-many-api-product-version",
    tag = "product-versions", params(ListQuery<VersionList>),
    responses((status = 200, description = "Some of the versions", body = PageOf<ApiProductVersion>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<VersionList>()?;
    let product = products::get(&call.core, call.actor, call.id("apiProductId")?).await?.id;
    let listed = versions::list(&call.core, call.actor, product, &listing).await?;
    let ids: Vec<VersionId> = listed.items.iter().map(|version| version.id).collect();
    let publications = publications::of_versions(&call.core, call.actor, &ids).await?;
    Ok(page(&listing, listed, |version| ApiProductVersion::new(version, &publications)))
}

/// A service of a gateway; the gateway by either of its names.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GatewayServicePayload {
    id: GatewayServiceId,
    #[schema(nullable = false)]
    control_plane_id: Option<GatewayId>,
    #[schema(nullable = false)]
    runtime_group_id: Option<GatewayId>,
}

impl GatewayServicePayload {
    /// The service, if the gateway has it.
    async fn resolve(self, call: &Call) -> Result<GatewayServiceId, Refusal> {
        let gateway = self.control_plane_id.or(self.runtime_group_id);
        let gateway = gateway.ok_or_else(|| Problem::field("gateway_service.control_plane_id", Rule::Required))?;
        let found = gateways::get_service(&call.core, call.actor, gateway, self.id).await;
        Ok(found
            .map_err(|error| match error {
                portico_core::Error::Problem(Problem::NotFound) => {
                    let missing = |field: &str| FieldProblem { field: field.to_owned(), rule: Rule::MissingReference };
                    Problem::Invalid(vec![missing("gateway_service.id"), missing("gateway_service.control_plane_id")]).into()
                }
                error => Refusal::from(error),
            })?
            .id)
    }
}

async fn resolve(call: &Call, payload: Option<GatewayServicePayload>) -> Result<Option<GatewayServiceId>, Refusal> {
    match payload {
        Some(payload) => Ok(Some(payload.resolve(call).await?)),
        None => Ok(None),
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateApiProductVersion {
    name: String,
    /// In every portal that the product is in.
    #[schema(nullable = false)]
    publish_status: Option<PublishStatus>,
    #[schema(nullable = false)]
    deprecated: Option<bool>,
    #[serde(default)]
    gateway_service: Option<GatewayServicePayload>,
    #[serde(default)]
    labels: Labels,
}

/// Creates a version of an API product. Published, it is so in every portal of the product, closed until a strategy is
/// chosen there. For admins; recorded as `version.created`.
#[utoipa::path(post, path = "/api-products/{apiProductId}/product-versions", operation_id = "create-api-product-version",
    tag = "product-versions", request_body = CreateApiProductVersion,
    responses((status = 201, description = "The version", body = ApiProductVersion),
        (status = 409, description = "The product has a version of this name")))]
async fn create(call: Call, Body(body): Body<CreateApiProductVersion>) -> Answer {
    let product = products::get(&call.core, call.actor, call.id("apiProductId")?).await?.id;
    let input = VersionInput {
        name: body.name,
        labels: body.labels,
        gateway_service: resolve(&call, body.gateway_service).await?,
        everywhere: Everywhere {
            publish_status: body.publish_status.filter(|status| *status == PublishStatus::Published),
            deprecated: body.deprecated.filter(|deprecated| *deprecated),
            notify_developers: false,
        },
    };
    let created_version = versions::create(&call.core, call.actor, product, input).await;
    let id = created_version.map_err(|error| Refusal::from(error).taken_is_conflict())?;
    Ok(created(answer(&call, id).await?))
}

/// One version of an API product. For admins.
#[utoipa::path(get, path = "/api-products/{apiProductId}/product-versions/{id}", operation_id = "get-api-product-version",
    tag = "product-versions", responses((status = 200, description = "The version", body = ApiProductVersion)))]
async fn show(call: Call) -> Answer {
    let version = of_path(&call, "id").await?;
    Ok(Json(answer(&call, version.id).await?).into_response())
}

change! {
    UpdateApiProductVersion {
        name: String,
        /// In every portal that the product is in.
        publish_status: PublishStatus,
        deprecated: bool,
        /// Whether to mail the developers who are registered, when the version becomes deprecated.
        notify: bool,
    } nullable {
        gateway_service: GatewayServicePayload,
        labels: LabelsChange,
    }
}

/// Changes what is named of a version. For admins; recorded as `version.updated`, or `version.linked` when another gateway
/// service or none serves it.
#[utoipa::path(patch, path = "/api-products/{apiProductId}/product-versions/{id}", operation_id = "update-api-product-version",
    tag = "product-versions", request_body = UpdateApiProductVersion,
    responses((status = 200, description = "The version", body = ApiProductVersion),
        (status = 409, description = "The product has a version of this name")))]
async fn update(call: Call, Body(body): Body<UpdateApiProductVersion>) -> Answer {
    let id = of_path(&call, "id").await?.id;
    let gateway_service = match body.gateway_service {
        Some(payload) => Some(resolve(&call, payload).await?),
        None => None,
    };
    let everywhere = Everywhere {
        publish_status: body.publish_status,
        deprecated: body.deprecated,
        notify_developers: body.notify.unwrap_or_default(),
    };
    let decide = |version: &Version| VersionInput {
        name: body.name.unwrap_or_else(|| version.name.clone()),
        labels: labels::changed(version.labels.clone(), body.labels),
        gateway_service: gateway_service.unwrap_or(version.gateway_service_id),
        everywhere,
    };
    let updated = versions::update(&call.core, call.actor, id, decide).await;
    updated.map_err(|error| Refusal::from(error).taken_is_conflict())?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// Deletes a version that is published nowhere and that nobody registered for. For admins; recorded as `version.deleted`.
#[utoipa::path(delete, path = "/api-products/{apiProductId}/product-versions/{id}", operation_id = "delete-api-product-version",
    tag = "product-versions", responses((status = 204, description = "Deleted"),
        (status = 409, description = "The version is published or has registrations")))]
async fn remove(call: Call) -> Answer {
    let version = of_path(&call, "id").await?;
    versions::delete(&call.core, call.actor, version.id).await?;
    no_content()
}
