use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
    paging::{self, Breadth, Order, Window},
};
use portico_model::{
    ids::{DeveloperId, PortalId},
    paging::{Page, PageRequest},
    states::DeveloperStatus,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// A developer's account.
#[derive(Clone, Debug, FromRow)]
pub struct Developer {
    pub id: DeveloperId,
    pub portal_id: PortalId,
    pub portal_name: String,
    pub email: String,
    pub full_name: String,
    pub status: DeveloperStatus,
    pub status_reason: String,
    /// Whether the address is known to be theirs.
    pub is_confirmed: bool,
    pub application_count: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What the developers of a portal are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::sort("created_at", "developer.created_at"),
    Attribute::sort("updated_at", "developer.updated_at"),
    Attribute::new("email", "developer.email", Kind::Text),
    Attribute::new("name", "developer.full_name", Kind::Text),
    Attribute::new("status", "developer.status", Kind::Text),
];

#[derive(FromRow)]
pub(super) struct Password {
    pub id: DeveloperId,
    pub status: DeveloperStatus,
    pub password_hash: Option<String>,
}

const COLUMNS: &str = "select developer.id, developer.portal_id, portal.name as portal_name, developer.email,
        developer.full_name, developer.status, developer.status_reason, developer.confirmed_at is not null as is_confirmed,
        (select count(*) from application where application.developer_id = developer.id) as application_count,
        developer.created_at, developer.updated_at
    from developer join portal on portal.id = developer.portal_id ";

/// Inserts an unconfirmed account unless the address has one; whether it did.
pub(super) async fn insert_unless_known(
    connection: &mut PgConnection,
    id: DeveloperId,
    portal: PortalId,
    email: &str,
    full_name: &str,
    now: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query(
        "insert into developer (id, portal_id, email, full_name, status, status_reason, created_at, updated_at)
         values ($1, $2, $3, $4, 'pending', '', $5, $5)
         on conflict (portal_id, lower(email)) do nothing",
    )
    .bind(id)
    .bind(portal)
    .bind(email)
    .bind(full_name)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn find_by_email(connection: &mut PgConnection, portal: PortalId, email: &str) -> Result<Option<Developer>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where developer.portal_id = ").push_bind(portal);
    query.push(" and lower(developer.email) = lower(").push_bind(email).push(")");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(crate) async fn find(connection: &mut PgConnection, id: DeveloperId) -> Result<Option<Developer>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where developer.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// Finds and locks, so that two decisions at once come one after the other.
pub(super) async fn lock(connection: &mut PgConnection, id: DeveloperId) -> Result<Option<Developer>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where developer.id = ").push_bind(id).push(" for update of developer");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn find_password(pool: &PgPool, portal: PortalId, email: &str) -> Result<Option<Password>> {
    let password =
        sqlx::query_as("select id, status, password_hash from developer where portal_id = $1 and lower(email) = lower($2)")
            .bind(portal)
            .bind(email)
            .fetch_optional(pool)
            .await?;
    Ok(password)
}

/// Sets a password and, the first time, confirms the address and applies the portal's automatic approval.
pub(super) async fn set_password(
    connection: &mut PgConnection,
    id: DeveloperId,
    hash: &str,
    auto_approve: bool,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "update developer set password_hash = $2, updated_at = $4, confirmed_at = coalesce(confirmed_at, $4),
             status = case when confirmed_at is null and status = 'pending' and $3 then 'approved' else status end
         where id = $1",
    )
    .bind(id)
    .bind(hash)
    .bind(auto_approve)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn rename(connection: &mut PgConnection, id: DeveloperId, full_name: &str, now: OffsetDateTime) -> Result<()> {
    sqlx::query("update developer set full_name = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(full_name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn set_status(
    connection: &mut PgConnection,
    id: DeveloperId,
    status: DeveloperStatus,
    reason: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update developer set status = $2, status_reason = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(status)
        .bind(reason)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn end_sessions(connection: &mut PgConnection, id: DeveloperId) -> Result<()> {
    sqlx::query("delete from session where developer_id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: DeveloperId) -> Result<()> {
    sqlx::query("delete from developer where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn insert_password_link(
    connection: &mut PgConnection,
    digest: &[u8],
    id: DeveloperId,
    expires_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query("insert into password_link (token_digest, developer_id, expires_at) values ($1, $2, $3)")
        .bind(digest)
        .bind(id)
        .bind(expires_at)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn password_link(
    connection: &mut PgConnection,
    portal: PortalId,
    digest: &[u8],
    now: OffsetDateTime,
) -> Result<Option<DeveloperId>> {
    let id = sqlx::query_scalar(
        "select developer.id from password_link join developer on developer.id = password_link.developer_id
         where token_digest = $1 and expires_at > $2 and developer.portal_id = $3",
    )
    .bind(digest)
    .bind(now)
    .bind(portal)
    .fetch_optional(connection)
    .await?;
    Ok(id)
}

/// Uses a link up, and with it every other link of the same developer.
pub(super) async fn use_password_link(
    connection: &mut PgConnection,
    portal: PortalId,
    digest: &[u8],
    now: OffsetDateTime,
) -> Result<Option<DeveloperId>> {
    let id = sqlx::query_scalar(
        "delete from password_link using developer
         where token_digest = $1 and expires_at > $2 and developer.id = password_link.developer_id and developer.portal_id = $3
         returning developer.id",
    )
    .bind(digest)
    .bind(now)
    .bind(portal)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = id {
        let id: DeveloperId = id;
        sqlx::query("delete from password_link where developer_id = $1").bind(id).execute(connection).await?;
    }
    Ok(id)
}

pub(super) async fn list(pool: &PgPool, portal: Option<PortalId>, request: &PageRequest) -> Result<Page<Developer>> {
    let (column, descending) = match request.sort.as_str() {
        "email" => ("developer.sort_email", false),
        "-email" => ("developer.sort_email", true),
        "full_name" => ("developer.sort_name", false),
        "-full_name" => ("developer.sort_name", true),
        "created_at" => ("developer.created_at", false),
        _ => ("developer.created_at", true),
    };
    let total = paging::count(pool, request, |query| push_from(query, portal, request, Breadth::Unknown)).await?;
    if total == 0 {
        return Ok(request.page(Vec::new(), 0));
    }
    let window = Window::new(request, total, Order { column, descending });
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where developer.id in (select developer.id ");
    push_from(&mut query, portal, request, Breadth::of(total));
    window.push(&mut query);
    query.push(")");
    window.push_final_order(&mut query);
    Ok(request.page(query.build_query_as().fetch_all(pool).await?, total))
}

pub(super) async fn list_by(pool: &PgPool, portal: PortalId, listing: &Listing) -> Result<Listed<Developer>> {
    let scope = |query: &mut QueryBuilder<Postgres>| {
        query.push(" where developer.confirmed_at is not null and developer.portal_id = ").push_bind(portal);
    };
    listing.fetch(pool, Source { select: COLUMNS, table: "developer" }, scope).await
}

fn push_from(query: &mut QueryBuilder<Postgres>, portal: Option<PortalId>, request: &PageRequest, breadth: Breadth) {
    paging::open(query, "developer", request, breadth);
    query.push("where developer.confirmed_at is not null");
    if let Some(portal) = portal {
        query.push(" and developer.portal_id = ").push_bind(portal);
    }
    if !request.status.is_empty() {
        query.push(" and developer.status = ").push_bind(request.status.clone());
    }
    if !request.search.is_empty() {
        paging::push_search(query, "developer.search", &request.search, breadth);
    }
    paging::close(query, "developer", request, breadth);
}

pub(super) async fn sweep(pool: &PgPool, now: OffsetDateTime, unconfirmed_before: OffsetDateTime) -> Result<()> {
    sqlx::query("delete from password_link where expires_at <= $1").bind(now).execute(pool).await?;
    sqlx::query("delete from developer where confirmed_at is null and created_at < $1")
        .bind(unconfirmed_before)
        .execute(pool)
        .await?;
    Ok(())
}
