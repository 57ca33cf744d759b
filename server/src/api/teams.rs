//! `/portals/{portalId}/teams`, their developers and roles.

use super::{
    Answer, Call, PageOf,
    body::{Body, change},
    created, developers, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    publications::portal,
};
use crate::pages::Pages;
use axum::{Json, http::StatusCode, response::IntoResponse};
use portico_core::{
    listing::Attribute,
    teams::{self, Team, TeamDeveloper, TeamInput, TeamRole},
};
use portico_model::{
    ids::{DeveloperId, PortalId, ProductId, TeamId, TeamRoleId},
    states::Role,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, remove))
        .routes(routes!(list_developers, add_developer))
        .routes(routes!(remove_developer))
        .routes(routes!(list_roles, assign_role))
        .routes(routes!(remove_role))
        .routes(routes!(list_of_developer))
        .routes(routes!(list_portal_roles))
}

struct TeamList;

impl Listable for TeamList {
    const ATTRIBUTES: &'static [Attribute] = teams::ATTRIBUTES;
}

struct TeamDeveloperList;

impl Listable for TeamDeveloperList {
    const ATTRIBUTES: &'static [Attribute] = teams::DEVELOPER_ATTRIBUTES;
}

struct RoleList;

impl Listable for RoleList {
    const ATTRIBUTES: &'static [Attribute] = &[];
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PortalTeam {
    id: TeamId,
    name: String,
    description: String,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Team> for PortalTeam {
    fn from(team: Team) -> Self {
        Self {
            id: team.id,
            name: team.name,
            description: team.description,
            created_at: team.created_at,
            updated_at: team.updated_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BasicDeveloper {
    id: DeveloperId,
    email: String,
    full_name: String,
    /// Approved.
    active: bool,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<TeamDeveloper> for BasicDeveloper {
    fn from(developer: TeamDeveloper) -> Self {
        Self {
            id: developer.id,
            email: developer.email,
            full_name: developer.full_name,
            active: developer.is_active,
            created_at: developer.created_at,
            updated_at: developer.updated_at,
        }
    }
}

/// The contract's words for the roles.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
enum RoleName {
    #[serde(rename = "API Viewer")]
    Viewer,
    #[serde(rename = "API Consumer")]
    Consumer,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Consumer => Self::Consumer,
        }
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Consumer => Self::Consumer,
        }
    }
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
enum EntityType {
    /// API products.
    Services,
}

/// Comes back as it was given: there is one region.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Region {
    Us,
    Eu,
    Au,
    Me,
    In,
    #[serde(rename = "*")]
    All,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignedRole {
    id: TeamRoleId,
    role_name: RoleName,
    entity_id: ProductId,
    entity_type_name: EntityType,
    #[schema(value_type = Region)]
    entity_region: String,
}

impl From<TeamRole> for AssignedRole {
    fn from(role: TeamRole) -> Self {
        Self {
            id: role.id,
            role_name: role.role.into(),
            entity_id: role.product_id,
            entity_type_name: EntityType::Services,
            entity_region: role.region,
        }
    }
}

/// The team of the path, if it is the portal's.
async fn of_path(call: &Call) -> Result<(PortalId, Team), Refusal> {
    let portal = portal(call).await?;
    Ok((portal, teams::get(&call.core, call.actor, portal, call.id("teamId")?).await?))
}

async fn answer(call: &Call, portal: PortalId, id: TeamId) -> Result<PortalTeam, Refusal> {
    Ok(teams::get(&call.core, call.actor, portal, id).await?.into())
}

/// Some of the teams of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/teams", operation_id = "list-portal-teams", tag = "teams",
    params(ListQuery<TeamList>), responses((status = 200, description = "Some of the teams", body = PageOf<PortalTeam>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<TeamList>()?;
    let portal = portal(&call).await?;
    Ok(page(&listing, teams::list(&call.core, call.actor, portal, None, &listing).await?, PortalTeam::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateTeam {
    name: String,
    #[serde(default)]
    description: String,
}

/// Creates a team. For admins; recorded as `team.created`.
#[utoipa::path(post, path = "/portals/{portalId}/teams", operation_id = "create-portal-team", tag = "teams",
    request_body = CreateTeam, responses((status = 201, description = "The team", body = PortalTeam)))]
async fn create(call: Call, Body(body): Body<CreateTeam>) -> Answer {
    let portal = portal(&call).await?;
    let input = TeamInput { name: body.name, description: body.description };
    let id = teams::create(&call.core, call.actor, portal, input).await?;
    Ok(created(answer(&call, portal, id).await?))
}

/// One team of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/teams/{teamId}", operation_id = "get-portal-team", tag = "teams",
    responses((status = 200, description = "The team", body = PortalTeam)))]
async fn show(call: Call) -> Answer {
    Ok(Json(PortalTeam::from(of_path(&call).await?.1)).into_response())
}

change! {
    UpdateTeam {
        name: String,
        description: String,
    }
}

/// Changes what is named of a team. For admins; recorded as `team.updated`.
#[utoipa::path(patch, path = "/portals/{portalId}/teams/{teamId}", operation_id = "update-portal-team", tag = "teams",
    request_body = UpdateTeam, responses((status = 200, description = "The team", body = PortalTeam)))]
async fn update(call: Call, Body(body): Body<UpdateTeam>) -> Answer {
    let (portal, team) = of_path(&call).await?;
    let decide = |team: &Team| TeamInput {
        name: body.name.unwrap_or_else(|| team.name.clone()),
        description: body.description.unwrap_or_else(|| team.description.clone()),
    };
    teams::update(&call.core, call.actor, portal, team.id, decide).await?;
    Ok(Json(answer(&call, portal, team.id).await?).into_response())
}

/// Deletes a team; its developers stay, without its roles. For admins; recorded as `team.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/teams/{teamId}", operation_id = "delete-portal-team", tag = "teams",
    responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    let portal = portal(&call).await?;
    teams::delete(&call.core, call.actor, portal, call.id("teamId")?).await?;
    no_content()
}

/// Some of the developers in a team. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/teams/{teamId}/developers", operation_id = "list-portal-team-developers",
    tag = "teams", params(ListQuery<TeamDeveloperList>),
    responses((status = 200, description = "Some of the developers", body = PageOf<BasicDeveloper>)))]
async fn list_developers(call: Call) -> Answer {
    let listing = call.listing::<TeamDeveloperList>()?;
    let (_, team) = of_path(&call).await?;
    Ok(page(&listing, teams::developers(&call.core, call.actor, team.id, &listing).await?, BasicDeveloper::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AddDeveloper {
    id: DeveloperId,
}

/// Puts a developer of the portal into a team. For admins; recorded as `team.developer_added`.
#[utoipa::path(post, path = "/portals/{portalId}/teams/{teamId}/developers", operation_id = "add-developer-to-portal-team",
    tag = "teams", request_body = AddDeveloper,
    responses((status = 201, description = "Added"), (status = 409, description = "The developer is in the team already")))]
async fn add_developer(call: Call, Body(body): Body<AddDeveloper>) -> Answer {
    let (portal, team) = of_path(&call).await?;
    teams::add_developer(&call.core, call.actor, portal, team.id, body.id).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// Takes a developer out of a team. For admins; recorded as `team.developer_removed`.
#[utoipa::path(delete, path = "/portals/{portalId}/teams/{teamId}/developers/{developerId}",
    operation_id = "remove-developer-from-portal-team", tag = "teams", responses((status = 204, description = "Removed")))]
async fn remove_developer(call: Call) -> Answer {
    let (portal, team) = of_path(&call).await?;
    teams::remove_developer(&call.core, call.actor, portal, team.id, call.id("developerId")?).await?;
    no_content()
}

/// Some of the roles of a team. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/teams/{teamId}/assigned-roles", operation_id = "list-portal-team-roles",
    tag = "teams", params(ListQuery<RoleList>),
    responses((status = 200, description = "Some of the roles", body = PageOf<AssignedRole>)))]
async fn list_roles(call: Call) -> Answer {
    let listing = call.listing::<RoleList>()?;
    let (_, team) = of_path(&call).await?;
    Ok(page(&listing, teams::roles(&call.core, call.actor, team.id, &listing).await?, AssignedRole::from))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AssignRole {
    role_name: RoleName,
    entity_id: ProductId,
    #[serde(rename = "entity_type_name")]
    _entity_type_name: EntityType,
    entity_region: Region,
}

/// Gives a team a role on an API product. For admins; recorded as `team.role_assigned`.
#[utoipa::path(post, path = "/portals/{portalId}/teams/{teamId}/assigned-roles", operation_id = "assign-role-to-portal-teams",
    tag = "teams", request_body = AssignRole,
    responses((status = 201, description = "The role", body = AssignedRole),
        (status = 409, description = "The team has the role already")))]
async fn assign_role(call: Call, Body(body): Body<AssignRole>) -> Answer {
    let (portal, team) = of_path(&call).await?;
    let region = json!(body.entity_region).as_str().unwrap_or_default().to_owned();
    let (product, role) = (body.entity_id, Role::from(body.role_name));
    let id = teams::assign_role(&call.core, call.actor, portal, team.id, product, role, &region).await?;
    Ok(created(AssignedRole::from(TeamRole { id, product_id: product, role, region })))
}

/// Takes a role from a team. For admins; recorded as `team.role_removed`.
#[utoipa::path(delete, path = "/portals/{portalId}/teams/{teamId}/assigned-roles/{roleId}",
    operation_id = "remove-role-from-portal-team", tag = "teams", responses((status = 204, description = "Removed")))]
async fn remove_role(call: Call) -> Answer {
    let (portal, team) = of_path(&call).await?;
    teams::remove_role(&call.core, call.actor, portal, team.id, call.id("roleId")?).await?;
    no_content()
}

/// Some of the teams that a developer is in. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/developers/{developerId}/teams", operation_id = "list-portal-developer-teams",
    tag = "teams", params(ListQuery<RoleList>),
    responses((status = 200, description = "Some of the teams", body = PageOf<PortalTeam>)))]
async fn list_of_developer(call: Call) -> Answer {
    let listing = call.listing::<RoleList>()?;
    let developer = developers::of_path(&call).await?;
    let (portal, id) = (developer.portal_id, Some(developer.id));
    Ok(page(&listing, teams::list(&call.core, call.actor, portal, id, &listing).await?, PortalTeam::from))
}

/// The roles that teams can have. For admins.
#[utoipa::path(get, path = "/portal-roles", operation_id = "list-portal-roles", tag = "teams",
    responses((status = 200, description = "The roles", body = Object)))]
async fn list_portal_roles(call: Call) -> Answer {
    call.parameters([])?;
    call.actor.require_admin()?;
    Ok(Json(portal_roles()).into_response())
}

fn portal_roles() -> Value {
    json!({"services": {"name": "Services", "roles": {
        "apiviewer": {"name": "API Viewer",
            "description": "API Viewers have read-only access to the documentation of a service in a portal"},
        "apiconsumer": {"name": "API Consumer", "description": "API Consumers can make calls to the given service"},
    }}})
}
