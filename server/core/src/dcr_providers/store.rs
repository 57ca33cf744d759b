use super::DcrConfig;
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{AuthStrategyId, DcrProviderId},
    labels::Labels,
    paging::{Page, PageRequest},
    problem::Conflict,
    states::ProviderType,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use std::time::Duration;
use time::OffsetDateTime;

/// A DCR provider.
#[derive(Clone, Debug, FromRow)]
pub struct DcrProvider {
    pub id: DcrProviderId,
    pub name: String,
    pub display_name: String,
    pub provider_type: ProviderType,
    pub issuer: String,
    #[sqlx(json)]
    pub config: DcrConfig,
    /// Sealed.
    pub(crate) secret: Option<Vec<u8>>,
    /// It asked for patience until then.
    pub paused_until: Option<OffsetDateTime>,
    /// When both sides were compared last, or began to be.
    pub compared_at: Option<OffsetDateTime>,
    /// Why that ended early; none while it runs and when it is done.
    pub comparison_failed: Option<String>,
    pub is_comparing: bool,
    #[sqlx(json)]
    pub labels: Labels,
    /// Whether a strategy names it by which something is published.
    pub is_active: bool,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What providers are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::filter("id", "dcr_provider.id::text", Kind::Text),
    Attribute::new("name", "dcr_provider.name", Kind::Text),
    Attribute::new("issuer", "dcr_provider.issuer", Kind::Text),
    Attribute::new("provider_type", "dcr_provider.provider_type", Kind::Text),
    Attribute::filter("initial_client_id", "(dcr_provider.dcr_config ->> 'initial_client_id')", Kind::Text),
    Attribute::filter("initial_client_audience", "(dcr_provider.dcr_config ->> 'initial_client_audience')", Kind::Text),
    Attribute::sort("created_at", "dcr_provider.created_at"),
    Attribute::sort("updated_at", "dcr_provider.updated_at"),
];

impl DcrProvider {
    /// Whether an admin has decided the same for both.
    pub(super) fn has_same_settings(&self, other: &Self) -> bool {
        let settings = |of: &Self| (of.name.clone(), of.display_name.clone(), of.issuer.clone(), of.config.clone());
        settings(self) == settings(other) && self.secret == other.secret && self.labels == other.labels
    }

    /// Whether a secret is kept.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// A provider, with how much there is of what belongs to it.
#[derive(Clone, Debug, FromRow)]
pub struct ListedProvider {
    #[sqlx(flatten)]
    pub provider: DcrProvider,
    /// How many strategies name it.
    pub strategy_count: i64,
    /// How many clients of applications there are, or shall be.
    pub client_count: i64,
    /// How many of them are not what they should be.
    pub unsettled_count: i64,
    pub possible_orphan_count: i64,
}

/// A strategy that names a provider.
#[derive(Clone, Debug, FromRow)]
pub struct ProviderUse {
    pub id: AuthStrategyId,
    pub name: String,
}

/// A provider that a strategy can name.
#[derive(Clone, Debug, FromRow)]
pub struct ProviderChoice {
    pub id: DcrProviderId,
    pub name: String,
    pub issuer: String,
}

macro_rules! columns {
    () => {
        "id, name, display_name, provider_type, issuer, dcr_config as config, secret, paused_until,
    compared_at, comparison_failed, labels, created_at, updated_at,
    exists (select from auth_strategy join publication on publication.auth_strategy_id = auth_strategy.id
            where auth_strategy.dcr_provider_id = dcr_provider.id and publication.publish_status = 'published') as is_active,
    exists (select from job where kind = 'compare_clients' and state = 'waiting'
            and payload -> 'place' ->> 'provider' = dcr_provider.id::text) as is_comparing"
    };
}

const COUNTS: &str = "(select count(*) from auth_strategy where dcr_provider_id = dcr_provider.id) as strategy_count,
    (select count(*) from dcr_client where dcr_provider_id = dcr_provider.id and not is_test) as client_count,
    (select count(*) from dcr_client where dcr_provider_id = dcr_provider.id and not is_test and state <> 'ready')
        as unsettled_count,
    (select count(*) from possible_orphan where dcr_provider_id = dcr_provider.id) as possible_orphan_count";

const SELECT: &str = concat!("select ", columns!(), " from dcr_provider ");

fn select() -> QueryBuilder<Postgres> {
    QueryBuilder::new(SELECT)
}

/// What is written of a provider.
pub(super) struct Settings<'a> {
    pub name: &'a str,
    pub display_name: &'a str,
    pub provider_type: ProviderType,
    pub issuer: &'a str,
    pub config: &'a DcrConfig,
    /// Sealed.
    pub secret: Option<&'a [u8]>,
    /// None to keep those that are there.
    pub labels: Option<&'a Labels>,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: DcrProviderId,
    settings: &Settings<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into dcr_provider (id, name, display_name, provider_type, issuer, dcr_config, secret, labels, created_at,
             updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, '{}'), $9, $9)",
    )
    .bind(id)
    .bind(settings.name)
    .bind(settings.display_name)
    .bind(settings.provider_type)
    .bind(settings.issuer)
    .bind(Json(settings.config))
    .bind(settings.secret)
    .bind(settings.labels.map(Json))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: DcrProviderId,
    settings: &Settings<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "update dcr_provider set name = $2, display_name = $3, issuer = $4, dcr_config = $5, secret = $6, paused_until = null,
             labels = coalesce($7, labels), updated_at = $8
         where id = $1",
    )
    .bind(id)
    .bind(settings.name)
    .bind(settings.display_name)
    .bind(settings.issuer)
    .bind(Json(settings.config))
    .bind(settings.secret)
    .bind(settings.labels.map(Json))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Sends nothing to a provider for a while.
pub(crate) async fn pause(pool: &PgPool, id: DcrProviderId, now: OffsetDateTime, patience: Duration) -> Result<()> {
    sqlx::query("update dcr_provider set paused_until = greatest(paused_until, $2) where id = $1")
        .bind(id)
        .bind(now + patience)
        .execute(pool)
        .await?;
    Ok(())
}

/// Notes that a comparison begins.
pub(crate) async fn begin_comparison(connection: &mut PgConnection, id: DcrProviderId, now: OffsetDateTime) -> Result<()> {
    sqlx::query("update dcr_provider set compared_at = $2, comparison_failed = null where id = $1")
        .bind(id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn fail_comparison(pool: &PgPool, id: DcrProviderId, error: &str) -> Result<()> {
    sqlx::query("update dcr_provider set comparison_failed = $2 where id = $1").bind(id).bind(error).execute(pool).await?;
    Ok(())
}

/// Whether there is a client of an application there, or one that is to be deleted.
pub(super) async fn has_clients(connection: &mut PgConnection, id: DcrProviderId) -> Result<bool> {
    let has = sqlx::query_scalar("select exists (select from dcr_client where dcr_provider_id = $1 and not is_test)");
    Ok(has.bind(id).fetch_one(connection).await?)
}

pub(super) async fn delete(connection: &mut PgConnection, id: DcrProviderId) -> Result<()> {
    sqlx::query("delete from dcr_client where dcr_provider_id = $1 and is_test").bind(id).execute(&mut *connection).await?;
    sqlx::query("delete from dcr_provider where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

/// What is in the way of deleting a provider; a test whose client is gone is not.
pub(super) async fn uses(connection: &mut PgConnection, id: DcrProviderId) -> Result<Option<Conflict>> {
    let (strategies, clients, possible_orphans): (Vec<String>, i64, i64) = sqlx::query_as(
        "select array(select name from auth_strategy where dcr_provider_id = $1 order by lower(name) limit 10),
             (select count(*) from dcr_client
              where dcr_provider_id = $1 and not (is_test and client_id is null and unanswered is null)),
             (select count(*) from possible_orphan where dcr_provider_id = $1)",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    let is_used = !strategies.is_empty() || clients > 0 || possible_orphans > 0;
    Ok(is_used.then_some(Conflict::ProviderInUse { strategies, clients, possible_orphans }))
}

pub(super) async fn lock(connection: &mut PgConnection, id: DcrProviderId) -> Result<Option<DcrProvider>> {
    let mut query = select();
    query.push("where id = ").push_bind(id).push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(crate) async fn find(connection: &mut PgConnection, id: DcrProviderId) -> Result<Option<DcrProvider>> {
    let mut query = select();
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn strategies(pool: &PgPool, id: DcrProviderId) -> Result<Vec<ProviderUse>> {
    let strategies =
        sqlx::query_as("select id, name from auth_strategy where dcr_provider_id = $1 order by lower(name) limit 200");
    Ok(strategies.bind(id).fetch_all(pool).await?)
}

pub(super) async fn choices(pool: &PgPool) -> Result<Vec<ProviderChoice>> {
    let choices = sqlx::query_as("select id, name, issuer from dcr_provider order by lower(name) limit 500");
    Ok(choices.fetch_all(pool).await?)
}

pub(super) async fn list_by(pool: &PgPool, listing: &Listing) -> Result<Listed<DcrProvider>> {
    listing.fetch(pool, Source { select: SELECT, table: "dcr_provider" }, |query| _ = query.push(" where true")).await
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<ListedProvider>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(concat!("select ", columns!(), ", "));
    query.push(COUNTS).push(" from dcr_provider where name ilike ");
    query.push_bind(&pattern).push(" or display_name ilike ").push_bind(&pattern);
    query.push(match request.sort.as_str() {
        "-name" => " order by lower(name) desc, id",
        "created_at" => " order by created_at, id",
        "-created_at" => " order by created_at desc, id",
        _ => " order by lower(name), id",
    });
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let total = sqlx::query_scalar("select count(*) from dcr_provider where name ilike $1 or display_name ilike $1")
        .bind(&pattern)
        .fetch_one(pool)
        .await?;
    Ok(request.page(items, total))
}
