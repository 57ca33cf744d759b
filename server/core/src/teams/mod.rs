//! Teams of developers. Where a portal asks for roles, developers see and register for what a role of one of their teams
//! lets them; without, a team is only a name.

pub mod store;

pub use store::{ATTRIBUTES, DEVELOPER_ATTRIBUTES, Team, TeamDeveloper, TeamGroups, TeamRole};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
};
use portico_model::{
    access::Permission,
    ids::{DeveloperId, PortalId, ProductId, TeamId, TeamRoleId},
    problem::{Conflict, Problem, Rule},
    states::Role,
    text::Fields,
};

/// Longest name and description of a team, in characters.
const TEXT_MAX: usize = 250;
/// Longest name of a group, in characters.
const GROUP_MAX: usize = 255;
/// A team is mapped to at most so many groups.
const GROUPS_MAX: usize = 500;

/// What an admin decides about a team.
#[derive(Clone, Debug, Default)]
pub struct TeamInput {
    pub name: String,
    pub description: String,
}

fn check(input: TeamInput) -> Result<TeamInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, TEXT_MAX);
    let description = fields.text("description", &input.description, TEXT_MAX);
    fields.finish()?;
    Ok(TeamInput { name, description })
}

/// Creates a team. For admins.
pub async fn create(core: &Core, actor: Actor, portal: PortalId, input: TeamInput) -> Result<TeamId> {
    actor.require(Permission::MaintainPortals)?;
    let input = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, portal, &input, core.now())
        .await
        .taken("team_name_per_portal_key", "name")
        .on_constraint("team_portal_id_fkey", Problem::NotFound)?;
    audit::record(core, &mut tx, actor, Some(portal), "team.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a team, from what it is to what `decide` makes of that while nobody else changes it. For admins.
pub async fn update(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    id: TeamId,
    decide: impl FnOnce(&Team) -> TeamInput,
) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, portal, id).await?.or_not_found()?;
    let input = check(decide(&before))?;
    store::update(&mut tx, id, &input, core.now()).await.taken("team_name_per_portal_key", "name")?;
    audit::record(core, &mut tx, actor, Some(portal), "team.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a team; its developers stay, without its roles. For admins.
pub async fn delete(core: &Core, actor: Actor, portal: PortalId, id: TeamId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    store::delete(&mut tx, portal, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "team.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Some of the teams of a portal, by [`ATTRIBUTES`]; or of those that a developer is in. For admins.
pub async fn list(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    developer: Option<DeveloperId>,
    listing: &Listing,
) -> Result<Listed<Team>> {
    actor.require(Permission::ReadPortals)?;
    store::list(&core.pool, portal, developer, listing).await
}

/// One team of a portal. For admins.
pub async fn get(core: &Core, actor: Actor, portal: PortalId, id: TeamId) -> Result<Team> {
    actor.require(Permission::ReadPortals)?;
    store::find(&core.pool, portal, id).await?.or_not_found()
}

/// Some of the developers in a team, by [`DEVELOPER_ATTRIBUTES`]. For admins.
pub async fn developers(core: &Core, actor: Actor, id: TeamId, listing: &Listing) -> Result<Listed<TeamDeveloper>> {
    actor.require(Permission::ReadPeople)?;
    store::developers(&core.pool, id, listing).await
}

/// Puts a developer of the same portal into a team. For admins.
///
/// # Errors
///
/// `NotFound` for the team, `Invalid` for the developer; `Conflict` with `AlreadyInTeam`.
pub async fn add_developer(core: &Core, actor: Actor, portal: PortalId, id: TeamId, developer: DeveloperId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, portal, id).await?.or_not_found()?;
    let missing = Problem::field("id", Rule::MissingReference);
    store::is_in_portal(&mut tx, portal, developer).await?.then_some(()).ok_or(missing)?;
    store::add_developer(&mut tx, id, developer)
        .await
        .on_constraint("team_developer_pkey", Problem::Conflict(Conflict::AlreadyInTeam))?;
    audit::record(core, &mut tx, actor, Some(portal), "team.developer_added", Some(developer.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a developer out of a team. For admins.
pub async fn remove_developer(core: &Core, actor: Actor, portal: PortalId, id: TeamId, developer: DeveloperId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, portal, id).await?.or_not_found()?;
    store::remove_developer(&mut tx, id, developer).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "team.developer_removed", Some(developer.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Some of the roles of a team. For admins.
pub async fn roles(core: &Core, actor: Actor, id: TeamId, listing: &Listing) -> Result<Listed<TeamRole>> {
    actor.require(Permission::ReadPortals)?;
    store::roles(&core.pool, id, listing).await
}

/// Gives a team a role on a product. For admins.
///
/// # Errors
///
/// `NotFound` for the team, `Invalid` for the product; `Conflict` with `RoleAssigned`.
pub async fn assign_role(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    id: TeamId,
    product: ProductId,
    role: Role,
    region: &str,
) -> Result<TeamRoleId> {
    actor.require(Permission::MaintainPortals)?;
    let role_id = core.new_id();
    let mut tx = core.begin().await?;
    store::lock(&mut tx, portal, id).await?.or_not_found()?;
    let assigned = TeamRole { id: role_id, product_id: product, role, region: region.to_owned() };
    store::insert_role(&mut tx, id, &assigned, core.now())
        .await
        .on_constraint("team_role_key", Problem::Conflict(Conflict::RoleAssigned))
        .on_constraint("team_role_product_id_fkey", Problem::field("entity_id", Rule::MissingReference))?;
    audit::record(core, &mut tx, actor, Some(portal), "team.role_assigned", Some(id.0)).await?;
    tx.commit().await?;
    Ok(role_id)
}

/// Takes a role from a team. For admins.
pub async fn remove_role(core: &Core, actor: Actor, portal: PortalId, id: TeamId, role: TeamRoleId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, portal, id).await?.or_not_found()?;
    store::delete_role(&mut tx, id, role).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "team.role_removed", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Some of the mappings of a portal's teams to groups of its identity provider. For admins.
pub async fn mappings(core: &Core, actor: Actor, portal: PortalId, listing: &Listing) -> Result<Listed<TeamGroups>> {
    actor.require(Permission::ReadPortals)?;
    store::mappings(&core.pool, portal, listing).await
}

/// Replaces the groups of the teams that are named; the others stay. For admins.
///
/// # Errors
///
/// `Invalid` for a team that the portal does not have.
pub async fn map(core: &Core, actor: Actor, portal: PortalId, mappings: &[TeamGroups]) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut fields = Fields::new();
    for mapping in mappings {
        if mapping.groups.len() > GROUPS_MAX {
            fields.reject("groups", Rule::MaxItems(GROUPS_MAX));
        }
        for group in &mapping.groups {
            fields.line("groups", group, GROUP_MAX);
        }
    }
    fields.finish()?;
    // In one order, so that two changes at once wait for each other and not crosswise.
    let mut mappings: Vec<&TeamGroups> = mappings.iter().collect();
    mappings.sort_by_key(|mapping| mapping.team_id.0);
    let mut tx = core.begin().await?;
    for mapping in mappings {
        let known = store::lock(&mut tx, portal, mapping.team_id).await?;
        known.ok_or_else(|| Problem::field("team_id", Rule::MissingReference))?;
        store::set_groups(&mut tx, mapping.team_id, &mapping.groups).await?;
        audit::record(core, &mut tx, actor, Some(portal), "team.mapped", Some(mapping.team_id.0)).await?;
    }
    tx.commit().await?;
    Ok(())
}
