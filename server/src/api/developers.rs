//! `/portals/{portalId}/developers`.

use super::{
    Answer, Call, PageOf,
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
    developers::{self, Developer},
    listing::Attribute,
};
use portico_model::{access::Permission, ids::DeveloperId, problem::Problem, states::DeveloperStatus};
use serde::Serialize;
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show, update, remove))
}

struct DeveloperList;

impl Listable for DeveloperList {
    const ATTRIBUTES: &'static [Attribute] = developers::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalDeveloper {
    id: DeveloperId,
    email: String,
    full_name: String,
    status: DeveloperStatus,
    application_count: i64,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Developer> for PortalDeveloper {
    fn from(developer: Developer) -> Self {
        Self {
            id: developer.id,
            email: developer.email,
            full_name: developer.full_name,
            status: developer.status,
            application_count: developer.application_count,
            created_at: developer.created_at,
            updated_at: developer.updated_at,
        }
    }
}

/// The developer of the path, if they are the portal's.
pub async fn of_path(call: &Call) -> Result<Developer, Refusal> {
    let portal = portal(call).await?;
    let developer = developers::get(&call.core, call.actor, call.id("developerId")?).await?;
    let is_known = developer.portal_id == portal && developer.is_confirmed;
    if is_known { Ok(developer) } else { Err(Problem::NotFound.into()) }
}

/// Some of the developers of a portal, without those whose address is not confirmed. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/developers", operation_id = "list-portal-developers", tag = "developers",
    params(ListQuery<DeveloperList>),
    responses((status = 200, description = "Some of the developers", body = PageOf<PortalDeveloper>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<DeveloperList>()?;
    let portal = portal(&call).await?;
    Ok(page(&listing, developers::list_by(&call.core, call.actor, portal, &listing).await?, PortalDeveloper::from))
}

/// One developer of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/developers/{developerId}", operation_id = "get-developer", tag = "developers",
    responses((status = 200, description = "The developer", body = PortalDeveloper)))]
async fn show(call: Call) -> Answer {
    Ok(Json(PortalDeveloper::from(of_path(&call).await?)).into_response())
}

change! {
    UpdateDeveloper {
        status: DeveloperStatus,
    }
}

/// Approves, rejects or revokes a developer, who is told by mail. For admins; recorded as `developer.approved`,
/// `developer.rejected` or `developer.revoked`.
#[utoipa::path(patch, path = "/portals/{portalId}/developers/{developerId}", operation_id = "update-developer", tag = "developers",
    request_body = UpdateDeveloper, responses((status = 200, description = "The developer", body = PortalDeveloper)))]
async fn update(call: Call, Body(body): Body<UpdateDeveloper>) -> Answer {
    let developer = of_path(&call).await?;
    match body.status.filter(|status| *status != developer.status) {
        Some(status) => {
            let decided = developers::decide(&call.core, call.actor, developer.id, status, "").await;
            decided.map_err(|error| Refusal::from(error).conflict_is_invalid("status"))?;
        }
        // Nothing changes; whoever may not change anything is told so all the same.
        None => call.actor.require(Permission::MaintainPortals)?,
    }
    Ok(Json(PortalDeveloper::from(of_path(&call).await?)).into_response())
}

/// Deletes a developer with all that is theirs. For admins; recorded as `developer.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/developers/{developerId}", operation_id = "delete-developer", tag = "developers",
    responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    let developer = of_path(&call).await?;
    developers::delete(&call.core, call.actor, developer.id).await?;
    no_content()
}
