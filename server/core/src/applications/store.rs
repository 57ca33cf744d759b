use super::ApplicationInput;
use crate::{
    Result,
    auth_strategies::OpenidConnect,
    listing::{Attribute, Kind, Listed, Listing, Source},
    paging::{self, Breadth, Order, Window},
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, DcrProviderId, DeveloperId, PortalId},
    labels::Labels,
    paging::{Page, PageRequest},
    states::StrategyType,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// A developer's application.
#[derive(Clone, Debug, FromRow)]
pub struct Application {
    pub id: ApplicationId,
    pub name: String,
    pub description: String,
    pub reference_id: Option<String>,
    pub portal_id: PortalId,
    pub portal_name: String,
    pub developer_id: DeveloperId,
    pub developer_name: String,
    pub developer_email: String,
    pub auth_strategy_id: AuthStrategyId,
    pub strategy_display_name: String,
    pub strategy_type: StrategyType,
    pub key_names: Vec<String>,
    pub max_key_lifetime_days: Option<i32>,
    /// For `openid_connect` alone.
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    pub redirect_uris: Vec<String>,
    /// None where the strategy's are taken.
    pub scopes: Option<Vec<String>>,
    /// Whether a DCR provider registers its client.
    pub has_dcr: bool,
    pub dcr_provider_id: Option<DcrProviderId>,
    /// The scopes that its developer chooses from, if they may.
    pub available_scopes: Option<Vec<String>>,
    #[sqlx(json)]
    pub labels: Labels,
    pub credential_count: i64,
    /// In any status.
    pub registration_count: i64,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What the applications of a portal are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::sort("created_at", "application.created_at"),
    Attribute::new("name", "application.name", Kind::Text),
    Attribute::new("developer_id", "application.developer_id", Kind::Uuid),
    Attribute::filter(
        "developer_name",
        "(select full_name from developer where developer.id = application.developer_id)",
        Kind::Text,
    ),
    Attribute::filter(
        "developer_email",
        "(select email from developer where developer.id = application.developer_id)",
        Kind::Text,
    ),
];

/// A strategy that an application can be created with.
#[derive(Clone, Debug, FromRow)]
pub struct StrategyChoice {
    pub id: AuthStrategyId,
    pub display_name: String,
    pub strategy_type: StrategyType,
    /// The DCR provider's display name, where one registers the client.
    pub provider_name: Option<String>,
    /// The scopes that a developer chooses from, if they may.
    pub available_scopes: Option<Vec<String>>,
    /// How many published versions take applications of this strategy.
    pub version_count: i64,
}

/// The scopes of a strategy, where its DCR provider lets developers choose.
macro_rules! available_scopes {
    () => {
        "case when (dcr_provider.dcr_config ->> 'use_developer_managed_scopes')::boolean
             then array(select jsonb_array_elements_text(auth_strategy.openid_connect -> 'scopes')) end as available_scopes"
    };
}

const COLUMNS: &str = concat!(
    "select application.id, application.name, application.description, application.reference_id,
        portal.id as portal_id, portal.name as portal_name,
        application.developer_id, developer.full_name as developer_name, developer.email as developer_email,
        application.auth_strategy_id, auth_strategy.display_name as strategy_display_name,
        auth_strategy.strategy_type, auth_strategy.key_names, auth_strategy.max_key_lifetime_days,
        auth_strategy.openid_connect, application.redirect_uris, application.scopes,
        exists (select from dcr_client where application_id = application.id) as has_dcr,
        (select dcr_provider_id from dcr_client where application_id = application.id
         order by replaces_id is not null limit 1) as dcr_provider_id,
        application.labels, application.updated_at, ",
    available_scopes!(),
    ",
        (select count(*) from credential where application_id = application.id) as credential_count,
        (select count(*) from registration where application_id = application.id) as registration_count,
        application.created_at
    from application
    join portal on portal.id = application.portal_id
    join developer on developer.id = application.developer_id
    join auth_strategy on auth_strategy.id = application.auth_strategy_id
    left join dcr_provider on dcr_provider.id = auth_strategy.dcr_provider_id "
);

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: ApplicationId,
    portal: PortalId,
    developer: DeveloperId,
    strategy: AuthStrategyId,
    input: &ApplicationInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into application
             (id, portal_id, developer_id, auth_strategy_id, name, description, reference_id, redirect_uris, scopes,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
    )
    .bind(id)
    .bind(portal)
    .bind(developer)
    .bind(strategy)
    .bind(&input.name)
    .bind(&input.description)
    .bind(&input.reference_id)
    .bind(&input.redirect_uris)
    .bind(&input.scopes)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: ApplicationId,
    input: &ApplicationInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "update application set name = $2, description = $3, reference_id = $4, redirect_uris = $5, scopes = $6, updated_at = $7
         where id = $1",
    )
    .bind(id)
    .bind(&input.name)
    .bind(&input.description)
    .bind(&input.reference_id)
    .bind(&input.redirect_uris)
    .bind(&input.scopes)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes; the portal it was in.
pub(super) async fn delete(connection: &mut PgConnection, id: ApplicationId) -> Result<Option<PortalId>> {
    let portal = sqlx::query_scalar("delete from application where id = $1 returning portal_id")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(portal)
}

/// What the strategy of an application allows.
#[derive(FromRow)]
pub(crate) struct OwnStrategy {
    pub id: AuthStrategyId,
    pub strategy_type: StrategyType,
    pub max_key_lifetime_days: Option<i32>,
    pub reference_id: Option<String>,
    /// Whether a DCR provider registers the client.
    pub has_dcr: bool,
    /// The scopes that the developer chooses from, if they may.
    pub available_scopes: Option<Vec<String>>,
}

/// What a strategy asks of a new application.
#[derive(FromRow)]
pub(super) struct Offered {
    pub strategy_type: StrategyType,
    pub dcr_provider_id: Option<DcrProviderId>,
    /// The scopes that a developer chooses from, if they may.
    pub available_scopes: Option<Vec<String>>,
}

/// Locks a developer's own application; its strategy.
pub(crate) async fn lock_own(
    connection: &mut PgConnection,
    developer: DeveloperId,
    id: ApplicationId,
) -> Result<Option<OwnStrategy>> {
    let strategy = sqlx::query_as(concat!(
        "select auth_strategy.id, strategy_type, max_key_lifetime_days, reference_id, dcr_client.id is not null as has_dcr, ",
        available_scopes!(),
        " from application
             join auth_strategy on auth_strategy.id = application.auth_strategy_id
             left join dcr_client on dcr_client.application_id = application.id and replaces_id is null
             left join dcr_provider on dcr_provider.id = dcr_client.dcr_provider_id
             where application.id = $1 and developer_id = $2 for update of application"
    ))
    .bind(id)
    .bind(developer)
    .fetch_optional(connection)
    .await?;
    Ok(strategy)
}

/// A strategy that applications of a portal may have.
pub(super) async fn offered(
    connection: &mut PgConnection,
    portal: PortalId,
    strategy: AuthStrategyId,
) -> Result<Option<Offered>> {
    let offered = sqlx::query_as(concat!(
        "select strategy_type, dcr_provider_id, ",
        available_scopes!(),
        " from auth_strategy left join dcr_provider on dcr_provider.id = auth_strategy.dcr_provider_id
         where auth_strategy.id = $2 and (
             exists (select from publication where portal_id = $1 and auth_strategy_id = $2 and publish_status = 'published')
             or exists (select from portal where id = $1 and default_auth_strategy_id = $2))"
    ))
    .bind(portal)
    .bind(strategy)
    .fetch_optional(connection)
    .await?;
    Ok(offered)
}

pub(super) async fn strategy_choices(pool: &PgPool, portal: PortalId) -> Result<Vec<StrategyChoice>> {
    let choices = sqlx::query_as(concat!(
        "select auth_strategy.id, auth_strategy.display_name, strategy_type, dcr_provider.display_name as provider_name, ",
        available_scopes!(),
        ", count(*) as version_count
         from publication join auth_strategy on auth_strategy.id = publication.auth_strategy_id
         left join dcr_provider on dcr_provider.id = auth_strategy.dcr_provider_id
         where publication.portal_id = $1 and publish_status = 'published'
         group by auth_strategy.id, dcr_provider.id order by lower(auth_strategy.display_name), auth_strategy.id limit 100"
    ))
    .bind(portal)
    .fetch_all(pool)
    .await?;
    Ok(choices)
}

pub(super) async fn find_own(pool: &PgPool, developer: DeveloperId, id: ApplicationId) -> Result<Option<Application>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where application.id = ").push_bind(id).push(" and application.developer_id = ").push_bind(developer);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn find(pool: &PgPool, id: ApplicationId) -> Result<Option<Application>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where application.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn list_by(pool: &PgPool, portal: PortalId, listing: &Listing) -> Result<Listed<Application>> {
    let source = Source { select: COLUMNS, table: "application" };
    listing.fetch(pool, source, |query| _ = query.push(" where application.portal_id = ").push_bind(portal)).await
}

pub(super) async fn list(pool: &PgPool, developer: Option<DeveloperId>, request: &PageRequest) -> Result<Page<Application>> {
    let (column, descending) = match request.sort.as_str() {
        "name" => ("application.sort_name", false),
        "-name" => ("application.sort_name", true),
        "created_at" => ("application.created_at", false),
        _ => ("application.created_at", true),
    };
    let total = paging::count(pool, request, |query| push_from(query, developer, request, Breadth::Unknown)).await?;
    if total == 0 {
        return Ok(request.page(Vec::new(), 0));
    }
    let window = Window::new(request, total, Order { column, descending });
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where application.id in (select application.id ");
    push_from(&mut query, developer, request, Breadth::of(total));
    window.push(&mut query);
    query.push(")");
    window.push_final_order(&mut query);
    Ok(request.page(query.build_query_as().fetch_all(pool).await?, total))
}

fn push_from(query: &mut QueryBuilder<Postgres>, developer: Option<DeveloperId>, request: &PageRequest, breadth: Breadth) {
    paging::open(query, "application", request, breadth);
    query.push("where true");
    if let Some(developer) = developer {
        query.push(" and application.developer_id = ").push_bind(developer);
    }
    if !request.search.is_empty() {
        paging::push_search(query, "application.search", &request.search, breadth);
    }
    paging::close(query, "application", request, breadth);
}
