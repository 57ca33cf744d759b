use super::TeamInput;
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{DeveloperId, PortalId, ProductId, TeamId, TeamRoleId},
    states::Role,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// A team.
#[derive(Clone, Debug, FromRow)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub description: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A developer in a team.
#[derive(Clone, Debug, FromRow)]
pub struct TeamDeveloper {
    pub id: DeveloperId,
    pub email: String,
    pub full_name: String,
    /// Approved.
    pub is_active: bool,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A role of a team on a product.
#[derive(Clone, Debug, FromRow)]
pub struct TeamRole {
    pub id: TeamRoleId,
    pub product_id: ProductId,
    pub role: Role,
    pub region: String,
}

/// The groups of an identity provider whose members join a team.
#[derive(Clone, Debug, FromRow)]
pub struct TeamGroups {
    pub team_id: TeamId,
    pub groups: Vec<String>,
}

/// What the teams of a portal are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[Attribute::new("name", "team.name", Kind::Text)];

/// What the developers in a team are filtered by.
pub const DEVELOPER_ATTRIBUTES: &[Attribute] = &[
    Attribute::filter("email", "developer.email", Kind::Text),
    Attribute::filter("full_name", "developer.full_name", Kind::Text),
    Attribute::filter("active", "(developer.status = 'approved')", Kind::Boolean),
];

const COLUMNS: &str = "select team.id, team.name, team.description, team.created_at, team.updated_at from team ";

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: TeamId,
    portal: PortalId,
    team: &TeamInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into team (id, portal_id, name, description, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)")
        .bind(id)
        .bind(portal)
        .bind(&team.name)
        .bind(&team.description)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn update(connection: &mut PgConnection, id: TeamId, team: &TeamInput, now: OffsetDateTime) -> Result<()> {
    sqlx::query("update team set name = $2, description = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(&team.name)
        .bind(&team.description)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, portal: PortalId, id: TeamId) -> Result<bool> {
    let done = sqlx::query("delete from team where id = $1 and portal_id = $2").bind(id).bind(portal).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

/// Finds and locks, so that two changes at once come one after the other.
pub(super) async fn lock(connection: &mut PgConnection, portal: PortalId, id: TeamId) -> Result<Option<Team>> {
    let mut query = of_portal(portal, id);
    query.push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn find(pool: &PgPool, portal: PortalId, id: TeamId) -> Result<Option<Team>> {
    Ok(of_portal(portal, id).build_query_as().fetch_optional(pool).await?)
}

fn of_portal(portal: PortalId, id: TeamId) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push("where id = ").push_bind(id).push(" and portal_id = ").push_bind(portal);
    query
}

pub(super) async fn list(
    pool: &PgPool,
    portal: PortalId,
    developer: Option<DeveloperId>,
    listing: &Listing,
) -> Result<Listed<Team>> {
    let scope = |query: &mut QueryBuilder<Postgres>| {
        query.push(" where team.portal_id = ").push_bind(portal);
        if let Some(developer) = developer {
            query.push(" and exists (select from team_developer where team_id = team.id and developer_id = ");
            query.push_bind(developer).push(")");
        }
    };
    listing.fetch(pool, Source { select: COLUMNS, table: "team" }, scope).await
}

pub(super) async fn developers(pool: &PgPool, id: TeamId, listing: &Listing) -> Result<Listed<TeamDeveloper>> {
    const DEVELOPERS: &str =
        "select developer.id, developer.email, developer.full_name, developer.status = 'approved' as is_active,
        developer.created_at, developer.updated_at from developer";
    let scope = |query: &mut QueryBuilder<Postgres>| {
        query.push(" where exists (select from team_developer where developer_id = developer.id and team_id = ");
        query.push_bind(id).push(")");
    };
    listing.fetch(pool, Source { select: DEVELOPERS, table: "developer" }, scope).await
}

pub(super) async fn is_in_portal(connection: &mut PgConnection, portal: PortalId, developer: DeveloperId) -> Result<bool> {
    let is_there =
        sqlx::query_scalar("select exists (select from developer where id = $1 and portal_id = $2 and confirmed_at is not null)");
    Ok(is_there.bind(developer).bind(portal).fetch_one(connection).await?)
}

pub(super) async fn add_developer(connection: &mut PgConnection, id: TeamId, developer: DeveloperId) -> Result<()> {
    sqlx::query("insert into team_developer (team_id, developer_id) values ($1, $2)")
        .bind(id)
        .bind(developer)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn remove_developer(connection: &mut PgConnection, id: TeamId, developer: DeveloperId) -> Result<bool> {
    let done = sqlx::query("delete from team_developer where team_id = $1 and developer_id = $2").bind(id).bind(developer);
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn roles(pool: &PgPool, id: TeamId, listing: &Listing) -> Result<Listed<TeamRole>> {
    const ROLES: &str = "select team_role.id, team_role.product_id, team_role.role, team_role.region from team_role";
    let scope = |query: &mut QueryBuilder<Postgres>| _ = query.push(" where team_role.team_id = ").push_bind(id);
    listing.fetch(pool, Source { select: ROLES, table: "team_role" }, scope).await
}

pub(super) async fn insert_role(connection: &mut PgConnection, team: TeamId, role: &TeamRole, now: OffsetDateTime) -> Result<()> {
    sqlx::query("insert into team_role (id, team_id, product_id, role, region, created_at) values ($1, $2, $3, $4, $5, $6)")
        .bind(role.id)
        .bind(team)
        .bind(role.product_id)
        .bind(role.role)
        .bind(&role.region)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete_role(connection: &mut PgConnection, team: TeamId, id: TeamRoleId) -> Result<bool> {
    let done =
        sqlx::query("delete from team_role where id = $1 and team_id = $2").bind(id).bind(team).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn mappings(pool: &PgPool, portal: PortalId, listing: &Listing) -> Result<Listed<TeamGroups>> {
    const GROUPS: &str = "select team.id as team_id,
        array(select name from team_group where team_group.team_id = team.id order by name) as groups from team";
    let scope = |query: &mut QueryBuilder<Postgres>| {
        query.push(" where exists (select from team_group where team_id = team.id) and team.portal_id = ").push_bind(portal);
    };
    listing.fetch(pool, Source { select: GROUPS, table: "team" }, scope).await
}

pub(super) async fn set_groups(connection: &mut PgConnection, id: TeamId, groups: &[String]) -> Result<()> {
    sqlx::query("delete from team_group where team_id = $1 and name <> all($2)")
        .bind(id)
        .bind(groups)
        .execute(&mut *connection)
        .await?;
    sqlx::query("insert into team_group (team_id, name) select distinct $1, name from unnest($2) as name on conflict do nothing")
        .bind(id)
        .bind(groups)
        .execute(connection)
        .await?;
    Ok(())
}
