use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
    paging::{self, Breadth, Order, Window},
};
use portico_model::{
    ids::{ApplicationId, DeveloperId, PortalId, ProductId, RegistrationId, VersionId},
    paging::{Page, PageRequest},
    states::RegistrationStatus,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// One application's access to one version.
#[derive(Clone, Debug, FromRow)]
pub struct Registration {
    pub id: RegistrationId,
    pub portal_id: PortalId,
    pub portal_name: String,
    pub application_id: ApplicationId,
    pub application_name: String,
    pub developer_id: DeveloperId,
    pub developer_name: String,
    pub developer_email: String,
    pub product_id: ProductId,
    pub product_name: String,
    pub version_id: VersionId,
    pub version_name: String,
    pub status: RegistrationStatus,
    pub status_reason: String,
    /// Those that the application's developer chose, where they may.
    pub granted_scopes: Option<Vec<String>>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What the registrations of a portal are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::sort("created_at", "registration.created_at"),
    Attribute::sort("updated_at", "registration.updated_at"),
    Attribute::new("developer_id", "registration.developer_id", Kind::Uuid),
    Attribute::new("status", "registration.status", Kind::Text),
    Attribute::filter(
        "developer_name",
        "(select full_name from developer where developer.id = registration.developer_id)",
        Kind::Text,
    ),
    Attribute::filter(
        "application_name",
        "(select name from application where application.id = registration.application_id)",
        Kind::Text,
    ),
];

/// What the registrations of an application are filtered and ordered by.
pub const ATTRIBUTES_OF_APPLICATION: &[Attribute] = &[
    Attribute::sort("created_at", "registration.created_at"),
    Attribute::sort("updated_at", "registration.updated_at"),
    Attribute::new("status", "registration.status", Kind::Text),
];

/// An application of a developer, before a version.
#[derive(Clone, Debug, FromRow)]
pub struct Registrable {
    pub application_id: ApplicationId,
    pub application_name: String,
    pub strategy_display_name: String,
    /// Whether the version asks for this application's strategy.
    pub same_strategy: bool,
    /// The registration that it has already.
    pub status: Option<RegistrationStatus>,
}

const COLUMNS: &str = "select registration.id, registration.portal_id, portal.name as portal_name,
        application.id as application_id, application.name as application_name,
        developer.id as developer_id, developer.full_name as developer_name, developer.email as developer_email,
        product.id as product_id, product.name as product_name, version.id as version_id, version.name as version_name,
        registration.status, registration.status_reason, registration.created_at, registration.updated_at,
        application.scopes as granted_scopes
    from registration
    join portal on portal.id = registration.portal_id
    join application on application.id = registration.application_id
    join developer on developer.id = application.developer_id
    join version on version.id = registration.version_id
    join product on product.id = version.product_id ";

fn select() -> QueryBuilder<Postgres> {
    QueryBuilder::new(COLUMNS)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: RegistrationId,
    portal: PortalId,
    application: ApplicationId,
    version: VersionId,
    status: RegistrationStatus,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into registration (id, portal_id, application_id, version_id, status, status_reason, created_at, updated_at)
         values ($1, $2, $3, $4, $5, '', $6, $6)",
    )
    .bind(id)
    .bind(portal)
    .bind(application)
    .bind(version)
    .bind(status)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Finds and locks, so that two decisions at once come one after the other. The application first, as whoever deletes it
/// does.
pub(super) async fn lock(connection: &mut PgConnection, id: RegistrationId) -> Result<Option<Registration>> {
    sqlx::query("select id from application where id = (select application_id from registration where id = $1) for update")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let mut query = select();
    query.push("where registration.id = ").push_bind(id).push(" for update of registration");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn set_status(
    connection: &mut PgConnection,
    id: RegistrationId,
    status: RegistrationStatus,
    reason: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update registration set status = $2, status_reason = $3, updated_at = $4 where id = $1")
        .bind(id)
        .bind(status)
        .bind(reason)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: RegistrationId) -> Result<()> {
    sqlx::query("delete from registration where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn of_application(
    pool: &PgPool,
    developer: DeveloperId,
    application: ApplicationId,
) -> Result<Vec<Registration>> {
    let mut query = select();
    query.push("where application.id = ").push_bind(application).push(" and developer.id = ").push_bind(developer);
    query.push(" order by lower(product.name), lower(version.name), registration.id limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn own_for_version(pool: &PgPool, developer: DeveloperId, version: VersionId) -> Result<Vec<Registration>> {
    let mut query = select();
    query.push("where version.id = ").push_bind(version).push(" and developer.id = ").push_bind(developer);
    query.push(" order by registration.created_at desc, registration.id limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn candidates(
    pool: &PgPool,
    developer: DeveloperId,
    portal: PortalId,
    version: VersionId,
) -> Result<Vec<Registrable>> {
    let candidates = sqlx::query_as(
        "select application.id as application_id, application.name as application_name,
             auth_strategy.display_name as strategy_display_name,
             publication.auth_strategy_id is not distinct from application.auth_strategy_id as same_strategy,
             registration.status
         from application
         join auth_strategy on auth_strategy.id = application.auth_strategy_id
         left join publication on publication.version_id = $2 and publication.portal_id = $3
         left join registration on registration.application_id = application.id and registration.version_id = $2
         where application.developer_id = $1
         order by lower(application.name), application.id limit 500",
    )
    .bind(developer)
    .bind(version)
    .bind(portal)
    .fetch_all(pool)
    .await?;
    Ok(candidates)
}

pub(super) async fn find(pool: &PgPool, id: RegistrationId) -> Result<Option<Registration>> {
    let mut query = select();
    query.push("where registration.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn list_by(
    pool: &PgPool,
    portal: PortalId,
    application: Option<ApplicationId>,
    listing: &Listing,
) -> Result<Listed<Registration>> {
    let scope = |query: &mut QueryBuilder<Postgres>| {
        query.push(" where registration.portal_id = ").push_bind(portal);
        if let Some(application) = application {
            query.push(" and registration.application_id = ").push_bind(application);
        }
    };
    listing.fetch(pool, Source { select: COLUMNS, table: "registration" }, scope).await
}

pub(super) async fn list(pool: &PgPool, portal: Option<PortalId>, request: &PageRequest) -> Result<Page<Registration>> {
    let order = Order { column: "registration.created_at", descending: request.sort != "created_at" };
    let total = paging::count(pool, request, |query| push_from(query, portal, request, Breadth::Unknown)).await?;
    if total == 0 {
        return Ok(request.page(Vec::new(), 0));
    }
    let window = Window::new(request, total, order);
    let mut query = select();
    query.push("where registration.id in (select registration.id ");
    push_from(&mut query, portal, request, Breadth::of(total));
    window.push(&mut query);
    query.push(")");
    window.push_final_order(&mut query);
    Ok(request.page(query.build_query_as().fetch_all(pool).await?, total))
}

fn push_from(query: &mut QueryBuilder<Postgres>, portal: Option<PortalId>, request: &PageRequest, breadth: Breadth) {
    paging::open(query, "registration", request, breadth);
    query.push("where true");
    if let Some(portal) = portal {
        query.push(" and registration.portal_id = ").push_bind(portal);
    }
    if !request.status.is_empty() {
        query.push(" and registration.status = ").push_bind(request.status.clone());
    }
    if !request.search.is_empty() {
        paging::push_search(query, "registration.search", &request.search, breadth);
    }
    paging::close(query, "registration", request, breadth);
}

pub(super) async fn waiting(pool: &PgPool) -> Result<(i64, i64)> {
    let counts = sqlx::query_as(
        "select (select count(*) from developer where status = 'pending' and confirmed_at is not null),
                (select count(*) from registration where status = 'pending')",
    )
    .fetch_one(pool)
    .await?;
    Ok(counts)
}
