//! `/portals/{portalId}/identity-provider/team-group-mappings`: which groups join which teams.

use super::{
    Answer, Call, PageOf,
    body::Body,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
    publications::portal,
};
use crate::pages::Pages;
use portico_core::{
    identity_providers,
    listing::{Attribute, Listing},
    teams::{self, TeamGroups},
};
use portico_model::{
    ids::{PortalId, TeamId},
    problem::{Problem, Rule},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list_mappings, update_mappings))
}

struct MappingList;

impl Listable for MappingList {
    const ATTRIBUTES: &'static [Attribute] = &[];
}

/// The groups of the identity provider whose members join a team.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TeamGroupMapping {
    team_id: TeamId,
    /// Names, as the provider writes them.
    groups: Vec<String>,
}

impl From<TeamGroups> for TeamGroupMapping {
    fn from(mapping: TeamGroups) -> Self {
        Self { team_id: mapping.team_id, groups: mapping.groups }
    }
}

async fn mappings(call: &Call, portal: PortalId, listing: &Listing) -> Answer {
    Ok(page(listing, teams::mappings(&call.core, call.actor, portal, listing).await?, TeamGroupMapping::from))
}

/// Some of the teams that groups of the identity provider are mapped to. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/identity-provider/team-group-mappings",
    operation_id = "list-portal-team-group-mappings", tag = "teams", params(ListQuery<MappingList>),
    responses((status = 200, description = "Some of the mappings", body = PageOf<TeamGroupMapping>)))]
async fn list_mappings(call: Call) -> Answer {
    let listing = call.listing::<MappingList>()?;
    mappings(&call, portal(&call).await?, &listing).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UpdateTeamGroupMappings {
    #[serde(default)]
    data: Vec<TeamGroupMapping>,
}

/// Replaces the groups of the teams that are named; the others stay. Needs an identity provider. For admins; recorded as
/// `team.mapped`.
#[utoipa::path(patch, path = "/portals/{portalId}/identity-provider/team-group-mappings",
    operation_id = "update-portal-team-group-mappings", tag = "teams", request_body = UpdateTeamGroupMappings,
    responses((status = 200, description = "Some of the mappings", body = PageOf<TeamGroupMapping>)))]
async fn update_mappings(call: Call, Body(body): Body<UpdateTeamGroupMappings>) -> Answer {
    let portal = portal(&call).await?;
    if identity_providers::list(&call.core, call.actor, portal).await?.is_empty() {
        let refusal = Refusal::from(Problem::field("data", Rule::MissingReference));
        return Err(refusal.because("The portal has no identity provider, so there are no groups."));
    }
    let given = body.data.into_iter().map(|mapping| TeamGroups { team_id: mapping.team_id, groups: mapping.groups });
    teams::map(&call.core, call.actor, portal, &given.collect::<Vec<_>>()).await?;
    let first = Listing::parse(&[], MappingList::ATTRIBUTES)?;
    mappings(&call, portal, &first).await
}
