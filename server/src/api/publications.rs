//! `/portals/{portalId}/product-versions`: how versions are published in a portal (Konnect's portal product versions).

use super::{
    Answer, Call, PageOf,
    auth_strategies::OfferedStrategy,
    body::{Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    listing::Attribute,
    portals,
    publications::{self, Publication, PublicationChange, PublicationInput},
};
use portico_model::{
    ids::{AuthStrategyId, PortalId, PublicationId, VersionId},
    problem::{Problem, Rule},
    states::PublishStatus,
};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 1] = [("auth_strategy", "auth_strategy_ids")];

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, replace, remove))
}

struct PublicationList;

impl Listable for PublicationList {
    const ATTRIBUTES: &'static [Attribute] = publications::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalProductVersion {
    id: PublicationId,
    product_version_id: VersionId,
    publish_status: PublishStatus,
    /// At most one.
    auth_strategies: Vec<OfferedStrategy>,
    application_registration_enabled: bool,
    auto_approve_registration: bool,
    deprecated: bool,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Publication> for PortalProductVersion {
    fn from(publication: Publication) -> Self {
        let strategy = publication.auth_strategy_id.and_then(|id| OfferedStrategy::of_publication(id, publication.strategy));
        Self {
            id: publication.id,
            product_version_id: publication.version_id,
            publish_status: publication.publish_status,
            auth_strategies: strategy.into_iter().collect(),
            application_registration_enabled: publication.application_registration_enabled,
            auto_approve_registration: publication.auto_approve_registration,
            deprecated: publication.deprecated,
            created_at: publication.created_at,
            updated_at: publication.updated_at,
        }
    }
}

/// The portal of the path, for whoever may see it.
pub async fn portal(call: &Call) -> Result<PortalId, Refusal> {
    Ok(portals::get(&call.core, call.actor, call.id("portalId")?).await?.id)
}

async fn answer(call: &Call, version: VersionId, portal: PortalId) -> Result<PortalProductVersion, Refusal> {
    Ok(publications::get(&call.core, call.actor, version, portal).await?.into())
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES)
}

/// A publication has one strategy at most.
fn first(ids: Vec<AuthStrategyId>) -> Option<AuthStrategyId> {
    ids.into_iter().next()
}

/// Some of a portal's publications. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/product-versions", operation_id = "list-portal-product-versions",
    tag = "portal-product-versions", params(ListQuery<PublicationList>),
    responses((status = 200, description = "Some of the publications", body = PageOf<PortalProductVersion>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<PublicationList>()?;
    let portal = portal(&call).await?;
    let listed = publications::list(&call.core, call.actor, portal, &listing).await?;
    Ok(page(&listing, listed, PortalProductVersion::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreatePortalProductVersion {
    product_version_id: VersionId,
    publish_status: PublishStatus,
    /// Without one the version is closed.
    #[schema(max_items = 1)]
    auth_strategy_ids: Vec<AuthStrategyId>,
    application_registration_enabled: bool,
    auto_approve_registration: bool,
    deprecated: bool,
}

/// Publishes a version that is not in the portal yet. For admins; recorded as `publication.saved`.
#[utoipa::path(post, path = "/portals/{portalId}/product-versions", operation_id = "create-portal-product-version",
    tag = "portal-product-versions", request_body = CreatePortalProductVersion,
    responses((status = 201, description = "The publication", body = PortalProductVersion)))]
async fn create(call: Call, Body(body): Body<CreatePortalProductVersion>) -> Answer {
    let (portal, version) = (portal(&call).await?, body.product_version_id);
    let input = ReplacePortalProductVersion {
        publish_status: body.publish_status,
        auth_strategy_ids: body.auth_strategy_ids,
        application_registration_enabled: body.application_registration_enabled,
        auto_approve_registration: body.auto_approve_registration,
        deprecated: body.deprecated,
        notify_developers: None,
    };
    let created_publication = publications::create(&call.core, call.actor, version, portal, &input.into()).await;
    created_publication.map_err(|error| match error {
        portico_core::Error::Problem(Problem::NotFound) => Problem::field("product_version_id", Rule::MissingReference).into(),
        error => named(error),
    })?;
    Ok(created(answer(&call, version, portal).await?))
}

/// One publication. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/product-versions/{productVersionId}", operation_id = "get-portal-product-version",
    tag = "portal-product-versions", responses((status = 200, description = "The publication", body = PortalProductVersion)))]
async fn show(call: Call) -> Answer {
    let portal = portal(&call).await?;
    Ok(Json(answer(&call, call.id("productVersionId")?, portal).await?).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReplacePortalProductVersion {
    publish_status: PublishStatus,
    /// Without one the version is closed.
    #[schema(max_items = 1)]
    auth_strategy_ids: Vec<AuthStrategyId>,
    application_registration_enabled: bool,
    auto_approve_registration: bool,
    deprecated: bool,
    /// Whether to mail the developers who are registered, when the version becomes deprecated.
    #[schema(nullable = false)]
    notify_developers: Option<bool>,
}

/// Automation means what it sends: whoever is stopped by it is meant to stop.
impl From<ReplacePortalProductVersion> for PublicationInput {
    fn from(body: ReplacePortalProductVersion) -> Self {
        Self {
            publish_status: body.publish_status,
            auth_strategy: first(body.auth_strategy_ids),
            // The contract has no word for it: without a strategy a version is closed.
            no_authentication: false,
            application_registration_enabled: body.application_registration_enabled,
            auto_approve_registration: body.auto_approve_registration,
            deprecated: body.deprecated,
            notify_developers: body.notify_developers.unwrap_or_default(),
            confirmed: true,
        }
    }
}

/// Replaces all that is decided about a publication. For admins; recorded as `publication.saved`.
#[utoipa::path(put, path = "/portals/{portalId}/product-versions/{productVersionId}",
    operation_id = "replace-portal-product-version", tag = "portal-product-versions", request_body = ReplacePortalProductVersion,
    responses((status = 200, description = "The publication", body = PortalProductVersion)))]
async fn replace(call: Call, Body(body): Body<ReplacePortalProductVersion>) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    publications::replace(&call.core, call.actor, version, portal, &body.into()).await.map_err(named)?;
    Ok(Json(answer(&call, version, portal).await?).into_response())
}

change! {
    UpdatePortalProductVersion {
        publish_status: PublishStatus,
        /// Without one the version is closed.
        #[schema(max_items = 1)]
        auth_strategy_ids: Vec<AuthStrategyId>,
        application_registration_enabled: bool,
        auto_approve_registration: bool,
        deprecated: bool,
        /// Whether to mail the developers who are registered, when the version becomes deprecated.
        notify_developers: bool,
    }
}

/// Changes what is named of a publication. For admins; recorded as `publication.saved`.
#[utoipa::path(patch, path = "/portals/{portalId}/product-versions/{productVersionId}",
    operation_id = "update-portal-product-version", tag = "portal-product-versions", request_body = UpdatePortalProductVersion,
    responses((status = 200, description = "The publication", body = PortalProductVersion)))]
async fn update(call: Call, Body(body): Body<UpdatePortalProductVersion>) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    let change = PublicationChange {
        publish_status: body.publish_status,
        auth_strategy: body.auth_strategy_ids.map(first),
        application_registration_enabled: body.application_registration_enabled,
        auto_approve_registration: body.auto_approve_registration,
        deprecated: body.deprecated,
        notify_developers: body.notify_developers.unwrap_or_default(),
    };
    publications::update(&call.core, call.actor, version, portal, &change).await.map_err(named)?;
    Ok(Json(answer(&call, version, portal).await?).into_response())
}

/// Removes a publication that nobody registered through. For admins; recorded as `publication.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/product-versions/{productVersionId}",
    operation_id = "delete-portal-product-version", tag = "portal-product-versions",
    responses((status = 204, description = "Removed"), (status = 409, description = "Somebody registered through it")))]
async fn remove(call: Call) -> Answer {
    let (portal, version) = (portal(&call).await?, call.id("productVersionId")?);
    publications::delete(&call.core, call.actor, version, portal).await?;
    no_content()
}
