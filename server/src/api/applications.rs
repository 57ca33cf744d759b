//! `/portals/{portalId}/applications` and `/applications/{applicationId}`.

use super::{
    Answer, Call, PageOf,
    auth_strategies::OfferedStrategy,
    no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    publications::portal,
    written,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    applications::{self, Application},
    listing::Attribute,
};
use portico_model::{
    ids::{ApplicationId, DcrProviderId, DeveloperId, PortalId},
    labels::Labels,
    problem::Problem,
};
use serde::Serialize;
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, remove)).routes(routes!(show_unscoped))
}

struct ApplicationList;

impl Listable for ApplicationList {
    const ATTRIBUTES: &'static [Attribute] = applications::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderReference {
    id: DcrProviderId,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalReference {
    id: PortalId,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationDeveloper {
    id: DeveloperId,
    name: String,
    email: String,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Application)]
struct ApplicationView {
    id: ApplicationId,
    name: String,
    description: Option<String>,
    labels: Labels,
    /// The client id at the OpenID provider, or what another system calls it; empty without.
    reference_id: String,
    registration_count: i64,
    dcr_provider: Option<ProviderReference>,
    portal: PortalReference,
    developer: ApplicationDeveloper,
    auth_strategy: OfferedStrategy,
    /// Those that its developer chose; null where they may not.
    granted_scopes: Option<Vec<String>>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Application> for ApplicationView {
    fn from(application: Application) -> Self {
        let (id, name) = (application.auth_strategy_id, application.strategy_display_name);
        let auth_strategy = match application.openid_connect {
            None => OfferedStrategy::key_auth(id, name, application.key_names),
            Some(config) => OfferedStrategy::openid_connect(
                id,
                name,
                application.has_dcr,
                config.auth_methods,
                application.available_scopes.clone(),
            ),
        };
        Self {
            id: application.id,
            name: application.name,
            description: written(application.description),
            labels: application.labels,
            reference_id: application.reference_id.unwrap_or_default(),
            registration_count: application.registration_count,
            dcr_provider: application.dcr_provider_id.filter(|_| application.has_dcr).map(|id| ProviderReference { id }),
            portal: PortalReference { id: application.portal_id },
            developer: ApplicationDeveloper {
                id: application.developer_id,
                name: application.developer_name,
                email: application.developer_email,
            },
            auth_strategy,
            granted_scopes: application.available_scopes.and(application.scopes),
            created_at: application.created_at,
            updated_at: application.updated_at,
        }
    }
}

/// The application of the path, if it is the portal's.
pub async fn of_path(call: &Call) -> Result<Application, Refusal> {
    let portal = portal(call).await?;
    let application = applications::get_as_admin(&call.core, call.actor, call.id("applicationId")?).await?;
    if application.portal_id == portal { Ok(application) } else { Err(Problem::NotFound.into()) }
}

/// Some of the applications of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/applications", operation_id = "list-applications", tag = "applications",
    params(ListQuery<ApplicationList>),
    responses((status = 200, description = "Some of the applications", body = PageOf<ApplicationView>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<ApplicationList>()?;
    let portal = portal(&call).await?;
    Ok(page(&listing, applications::list_by(&call.core, call.actor, portal, &listing).await?, ApplicationView::from))
}

/// One application of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/applications/{applicationId}", operation_id = "get-application",
    tag = "applications", responses((status = 200, description = "The application", body = ApplicationView)))]
async fn show(call: Call) -> Answer {
    Ok(Json(ApplicationView::from(of_path(&call).await?)).into_response())
}

/// Deletes an application with its keys and registrations, and its client at the DCR provider. For admins; recorded as
/// `application.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/applications/{applicationId}", operation_id = "delete-application",
    tag = "applications", responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    let application = of_path(&call).await?;
    applications::delete_as_admin(&call.core, call.actor, application.id).await?;
    no_content()
}

/// One application of any portal. For admins.
#[utoipa::path(get, path = "/applications/{applicationId}", operation_id = "get-application-unscoped", tag = "applications",
    responses((status = 200, description = "The application", body = ApplicationView)))]
async fn show_unscoped(call: Call) -> Answer {
    let application = applications::get_as_admin(&call.core, call.actor, call.id("applicationId")?).await?;
    Ok(Json(ApplicationView::from(application)).into_response())
}
