use super::OpenidConnect;
use crate::{
    Result,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{AuthStrategyId, DcrProviderId, ProductId, VersionId},
    labels::Labels,
    paging::{Page, PageRequest},
    states::{ProviderType, StrategyType},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;

/// An auth strategy.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct AuthStrategy {
    pub id: AuthStrategyId,
    pub name: String,
    pub display_name: String,
    pub strategy_type: StrategyType,
    pub key_names: Vec<String>,
    pub max_key_lifetime_days: Option<i32>,
    /// For `openid_connect` alone.
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    /// Whether Portico has the secret of its own client at the provider.
    pub has_client_secret: bool,
    /// Where the clients of applications are registered, if they are.
    pub dcr_provider_id: Option<DcrProviderId>,
    pub dcr_provider_name: Option<String>,
    pub dcr_provider_display_name: Option<String>,
    pub dcr_provider_type: Option<ProviderType>,
    #[sqlx(json)]
    pub labels: Labels,
    /// How many publications use it.
    pub publication_count: i64,
    /// Whether one of them is published.
    pub is_active: bool,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What strategies are filtered and ordered by.
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::sort("created_at", "auth_strategy.created_at"),
    Attribute::sort("updated_at", "auth_strategy.updated_at"),
    Attribute::new("strategy_type", "auth_strategy.strategy_type", Kind::Text),
    Attribute::new("name", "auth_strategy.name", Kind::Text),
    Attribute::new("display_name", "auth_strategy.display_name", Kind::Text),
    Attribute::new("dcr_provider_id", "auth_strategy.dcr_provider_id", Kind::Uuid),
    Attribute::new(
        "dcr_provider_name",
        "(select dcr_provider.name from dcr_provider where dcr_provider.id = auth_strategy.dcr_provider_id)",
        Kind::Text,
    ),
    Attribute::new(
        "dcr_provider_type",
        "(select dcr_provider.provider_type from dcr_provider where dcr_provider.id = auth_strategy.dcr_provider_id)",
        Kind::Text,
    ),
];

/// A publication that uses a strategy.
#[derive(Clone, Debug, FromRow)]
pub struct StrategyUse {
    pub portal_name: String,
    pub product_id: ProductId,
    pub product_name: String,
    pub version_id: VersionId,
    pub version_name: String,
}

const COLUMNS: &str = "select auth_strategy.id, auth_strategy.name, auth_strategy.display_name, auth_strategy.strategy_type,
    auth_strategy.key_names, auth_strategy.max_key_lifetime_days, auth_strategy.openid_connect,
    auth_strategy.client_secret is not null as has_client_secret, auth_strategy.dcr_provider_id,
    dcr_provider.name as dcr_provider_name, dcr_provider.display_name as dcr_provider_display_name,
    dcr_provider.provider_type as dcr_provider_type, auth_strategy.labels, auth_strategy.created_at, auth_strategy.updated_at,
    (select count(*) from publication where publication.auth_strategy_id = auth_strategy.id) as publication_count,
    exists (select from publication where publication.auth_strategy_id = auth_strategy.id
        and publication.publish_status = 'published') as is_active
    from auth_strategy left join dcr_provider on dcr_provider.id = auth_strategy.dcr_provider_id ";

/// What is written of a strategy.
pub(super) struct Settings<'a> {
    pub name: &'a str,
    pub display_name: &'a str,
    pub strategy_type: StrategyType,
    pub key_names: &'a [String],
    pub max_key_lifetime_days: Option<i32>,
    pub openid_connect: Option<&'a OpenidConnect>,
    /// Sealed.
    pub client_secret: Option<&'a [u8]>,
    pub dcr_provider: Option<DcrProviderId>,
    /// None to keep those that are there.
    pub labels: Option<&'a Labels>,
}

/// What changing a strategy needs to know of it.
#[derive(FromRow)]
pub(super) struct Before {
    pub key_names: Vec<String>,
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    /// Sealed.
    pub client_secret: Option<Vec<u8>>,
}

/// Locks a strategy of a type.
pub(super) async fn lock(connection: &mut PgConnection, id: AuthStrategyId, of: StrategyType) -> Result<Option<Before>> {
    let before = sqlx::query_as(
        "select key_names, openid_connect, client_secret from auth_strategy where id = $1 and strategy_type = $2 for update",
    )
    .bind(id)
    .bind(of)
    .fetch_optional(connection)
    .await?;
    Ok(before)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: AuthStrategyId,
    settings: &Settings<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into auth_strategy
             (id, name, display_name, strategy_type, key_names, max_key_lifetime_days, openid_connect, client_secret,
              dcr_provider_id, labels, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($10, '{}'), $11, $11)",
    )
    .bind(id)
    .bind(settings.name)
    .bind(settings.display_name)
    .bind(settings.strategy_type)
    .bind(settings.key_names)
    .bind(settings.max_key_lifetime_days)
    .bind(settings.openid_connect.map(Json))
    .bind(settings.client_secret)
    .bind(settings.dcr_provider)
    .bind(settings.labels.map(Json))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: AuthStrategyId,
    settings: &Settings<'_>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "update auth_strategy set name = $2, display_name = $3, key_names = $4, max_key_lifetime_days = $5,
             openid_connect = $6, client_secret = $7, dcr_provider_id = $8, labels = coalesce($9, labels), updated_at = $10
         where id = $1",
    )
    .bind(id)
    .bind(settings.name)
    .bind(settings.display_name)
    .bind(settings.key_names)
    .bind(settings.max_key_lifetime_days)
    .bind(settings.openid_connect.map(Json))
    .bind(settings.client_secret)
    .bind(settings.dcr_provider)
    .bind(settings.labels.map(Json))
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: AuthStrategyId) -> Result<bool> {
    let done = sqlx::query("delete from auth_strategy where id = $1").bind(id).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn find(connection: &mut PgConnection, id: AuthStrategyId) -> Result<Option<AuthStrategy>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where auth_strategy.id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn choices(pool: &PgPool) -> Result<Vec<AuthStrategy>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("order by lower(auth_strategy.name) limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<AuthStrategy>> {
    let pattern = request.pattern();
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query
        .push("where auth_strategy.name ilike ")
        .push_bind(&pattern)
        .push(" or auth_strategy.display_name ilike ")
        .push_bind(&pattern);
    query.push(match request.sort.as_str() {
        "-name" => " order by lower(auth_strategy.name) desc, auth_strategy.id",
        "created_at" => " order by auth_strategy.created_at, auth_strategy.id",
        "-created_at" => " order by auth_strategy.created_at desc, auth_strategy.id",
        _ => " order by lower(auth_strategy.name), auth_strategy.id",
    });
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let total = sqlx::query_scalar("select count(*) from auth_strategy where name ilike $1 or display_name ilike $1")
        .bind(&pattern)
        .fetch_one(pool)
        .await?;
    Ok(request.page(items, total))
}

pub(super) async fn list_by(pool: &PgPool, listing: &Listing) -> Result<Listed<AuthStrategy>> {
    listing.fetch(pool, Source { select: COLUMNS, table: "auth_strategy" }, |query| _ = query.push(" where true")).await
}

pub(super) async fn uses(pool: &PgPool, id: AuthStrategyId) -> Result<Vec<StrategyUse>> {
    let uses = sqlx::query_as(
        "select portal.name as portal_name, product.id as product_id, product.name as product_name,
             version.id as version_id, version.name as version_name
         from publication
         join portal on portal.id = publication.portal_id
         join version on version.id = publication.version_id
         join product on product.id = version.product_id
         where publication.auth_strategy_id = $1
         order by lower(portal.name), lower(product.name), lower(version.name) limit 200",
    )
    .bind(id)
    .fetch_all(pool)
    .await?;
    Ok(uses)
}
