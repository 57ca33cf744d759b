//! `/portals/{portalId}/application-registrations`, and those of one application.

use super::{
    Answer, Call, PageOf, applications,
    body::{Body, change},
    no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    publications::portal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    listing::Attribute,
    registrations::{self, Registration},
};
use portico_model::{
    access::Permission,
    ids::{ApplicationId, DeveloperId, ProductId, RegistrationId, VersionId},
    problem::Problem,
    states::RegistrationStatus,
};
use serde::Serialize;
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_of_application))
        .routes(routes!(show, update, remove))
        .routes(routes!(list_granted_scopes))
}

struct RegistrationList;

impl Listable for RegistrationList {
    const ATTRIBUTES: &'static [Attribute] = registrations::ATTRIBUTES;
}

struct ApplicationRegistrationList;

impl Listable for ApplicationRegistrationList {
    const ATTRIBUTES: &'static [Attribute] = registrations::ATTRIBUTES_OF_APPLICATION;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Named<T: ToSchema> {
    id: T,
    name: String,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationRegistration {
    id: RegistrationId,
    status: RegistrationStatus,
    product: Named<ProductId>,
    product_version: Named<VersionId>,
    application: Named<ApplicationId>,
    developer: Named<DeveloperId>,
    /// Those of its application.
    granted_scopes: Option<Vec<String>>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Registration> for ApplicationRegistration {
    fn from(registration: Registration) -> Self {
        Self {
            id: registration.id,
            status: registration.status,
            product: Named { id: registration.product_id, name: registration.product_name },
            product_version: Named { id: registration.version_id, name: registration.version_name },
            application: Named { id: registration.application_id, name: registration.application_name },
            developer: Named { id: registration.developer_id, name: registration.developer_name },
            granted_scopes: registration.granted_scopes,
            created_at: registration.created_at,
            updated_at: registration.updated_at,
        }
    }
}

/// The registration of the path, if it is the application's and that is the portal's.
async fn of_path(call: &Call) -> Result<Registration, Refusal> {
    let application = applications::of_path(call).await?;
    let registration = registrations::get(&call.core, call.actor, call.id("registrationId")?).await?;
    if registration.application_id == application.id { Ok(registration) } else { Err(Problem::NotFound.into()) }
}

/// Some of the registrations in a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/application-registrations", operation_id = "list-registrations",
    tag = "registrations", params(ListQuery<RegistrationList>),
    responses((status = 200, description = "Some of the registrations", body = PageOf<ApplicationRegistration>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<RegistrationList>()?;
    let portal = portal(&call).await?;
    let listed = registrations::list_by(&call.core, call.actor, portal, None, &listing).await?;
    Ok(page(&listing, listed, ApplicationRegistration::from))
}

/// Some of the registrations of an application. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/applications/{applicationId}/registrations",
    operation_id = "list-registrations-by-application", tag = "registrations", params(ListQuery<ApplicationRegistrationList>),
    responses((status = 200, description = "Some of the registrations", body = PageOf<ApplicationRegistration>)))]
async fn list_of_application(call: Call) -> Answer {
    let listing = call.listing::<ApplicationRegistrationList>()?;
    let application = applications::of_path(&call).await?;
    let (portal, id) = (application.portal_id, Some(application.id));
    let listed = registrations::list_by(&call.core, call.actor, portal, id, &listing).await?;
    Ok(page(&listing, listed, ApplicationRegistration::from))
}

/// One registration of an application. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/applications/{applicationId}/registrations/{registrationId}",
    operation_id = "get-application-registration", tag = "registrations",
    responses((status = 200, description = "The registration", body = ApplicationRegistration)))]
async fn show(call: Call) -> Answer {
    Ok(Json(ApplicationRegistration::from(of_path(&call).await?)).into_response())
}

change! {
    UpdateApplicationRegistration {
        status: RegistrationStatus,
    }
}

/// Approves, rejects, revokes or reinstates a registration; its developer is told by mail. For admins; recorded as
/// `registration.approved`, `registration.rejected` or `registration.revoked`.
#[utoipa::path(patch, path = "/portals/{portalId}/applications/{applicationId}/registrations/{registrationId}",
    operation_id = "update-application-registration", tag = "registrations", request_body = UpdateApplicationRegistration,
    responses((status = 200, description = "The registration", body = ApplicationRegistration)))]
async fn update(call: Call, Body(body): Body<UpdateApplicationRegistration>) -> Answer {
    let registration = of_path(&call).await?;
    match body.status.filter(|status| *status != registration.status) {
        Some(status) => {
            let decided = registrations::decide(&call.core, call.actor, registration.id, status, "").await;
            decided.map_err(|error| Refusal::from(error).conflict_is_invalid("status"))?;
        }
        // Nothing changes; whoever may not change anything is told so all the same.
        None => call.actor.require(Permission::DecideRegistrations)?,
    }
    Ok(Json(ApplicationRegistration::from(of_path(&call).await?)).into_response())
}

/// Removes a registration, which may be asked for again; calls stop at once. For admins; recorded as
/// `registration.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/applications/{applicationId}/registrations/{registrationId}",
    operation_id = "delete-application-registration", tag = "registrations",
    responses((status = 204, description = "Removed")))]
async fn remove(call: Call) -> Answer {
    let registration = of_path(&call).await?;
    registrations::delete_as_admin(&call.core, call.actor, registration.id).await?;
    no_content()
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GrantedScopes {
    data: Vec<String>,
}

/// The scopes that the application of a registration was granted; none where its provider does not let developers
/// choose. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/applications/{applicationId}/registrations/{registrationId}/granted-scopes",
    operation_id = "list-granted-scopes", tag = "registrations",
    responses((status = 200, description = "The scopes", body = GrantedScopes)))]
async fn list_granted_scopes(call: Call) -> Answer {
    let registration = of_path(&call).await?;
    Ok(Json(GrantedScopes { data: registration.granted_scopes.unwrap_or_default() }).into_response())
}
