use super::PublicationInput;
use crate::{
    Result,
    auth_strategies::OpenidConnect,
    listing::{Attribute, Kind, Listed, Listing, Source},
};
use portico_model::{
    ids::{AuthStrategyId, DeveloperId, PortalId, ProductId, PublicationId, VersionId},
    states::{PublishStatus, StrategyType},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// One version in one portal.
#[derive(Clone, Debug, FromRow)]
pub struct Publication {
    pub id: PublicationId,
    pub portal_id: PortalId,
    pub portal_name: String,
    pub product_id: ProductId,
    pub product_name: String,
    pub version_id: VersionId,
    pub version_name: String,
    pub publish_status: PublishStatus,
    pub auth_strategy_id: Option<AuthStrategyId>,
    pub auth_strategy_name: Option<String>,
    #[sqlx(flatten)]
    pub strategy: Strategy,
    pub no_authentication: bool,
    pub application_registration_enabled: bool,
    pub auto_approve_registration: bool,
    pub deprecated: bool,
    /// Whether a gateway service is linked, so that anything enforces it.
    pub is_enforced: bool,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// What a publication tells of its strategy; nothing without one.
#[derive(Clone, Debug, FromRow)]
pub struct Strategy {
    pub strategy_display_name: Option<String>,
    pub strategy_type: Option<StrategyType>,
    pub key_names: Option<Vec<String>>,
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    /// Whether a DCR provider registers the clients of applications.
    pub has_dcr: bool,
    /// The scopes that developers choose from, where they may.
    pub available_scopes: Option<Vec<String>>,
}

/// What publications are filtered and ordered by (Konnect's portal product versions).
pub const ATTRIBUTES: &[Attribute] = &[
    Attribute::filter("id", "publication.id", Kind::Uuid),
    Attribute::new("created_at", "publication.created_at", Kind::DateTime),
    Attribute::new("updated_at", "publication.updated_at", Kind::DateTime),
    Attribute::new("publish_status", "publication.publish_status", Kind::Choice(&["published", "unpublished"])),
    Attribute::new("product_version_id", "publication.version_id", Kind::Uuid),
    Attribute::new("auth_strategy_ids", "publication.auth_strategy_id", Kind::Uuid),
    Attribute::new("application_registration_enabled", "publication.application_registration_enabled", Kind::Boolean),
    Attribute::new("auto_approve_registration", "publication.auto_approve_registration", Kind::Boolean),
    Attribute::new("deprecated", "publication.deprecated", Kind::Boolean),
];

/// What registering needs to know of a publication.
#[derive(FromRow)]
pub(crate) struct Terms {
    pub auth_strategy_id: Option<AuthStrategyId>,
    pub application_registration_enabled: bool,
    pub auto_approve_registration: bool,
}

pub(super) async fn put(
    connection: &mut PgConnection,
    id: PublicationId,
    version: VersionId,
    portal: PortalId,
    publication: &PublicationInput,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into publication (id, portal_id, version_id, publish_status, auth_strategy_id,
             no_authentication, application_registration_enabled, auto_approve_registration, deprecated, created_at,
             updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict on constraint publication_portal_version_key do update set
             publish_status = excluded.publish_status,
             auth_strategy_id = excluded.auth_strategy_id,
             no_authentication = excluded.no_authentication,
             application_registration_enabled = excluded.application_registration_enabled,
             auto_approve_registration = excluded.auto_approve_registration,
             deprecated = excluded.deprecated,
             updated_at = excluded.updated_at",
    )
    .bind(id)
    .bind(portal)
    .bind(version)
    .bind(publication.publish_status)
    .bind(publication.auth_strategy)
    .bind(publication.no_authentication)
    .bind(publication.application_registration_enabled)
    .bind(publication.auto_approve_registration)
    .bind(publication.deprecated)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a version's product into a portal.
pub(super) async fn add_product_to_portal(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<()> {
    sqlx::query(
        "insert into portal_product (portal_id, product_id) select $2, product_id from version where id = $1
         on conflict on constraint portal_product_pkey do nothing",
    )
    .bind(version)
    .bind(portal)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<()> {
    sqlx::query("delete from publication where version_id = $1 and portal_id = $2")
        .bind(version)
        .bind(portal)
        .execute(connection)
        .await?;
    Ok(())
}

/// What changing a publication needs to know of it.
#[derive(FromRow)]
pub(super) struct Before {
    pub publish_status: PublishStatus,
    pub auth_strategy_id: Option<AuthStrategyId>,
    pub no_authentication: bool,
    pub application_registration_enabled: bool,
    pub auto_approve_registration: bool,
    pub deprecated: bool,
}

/// A developer who is to be told something.
#[derive(FromRow)]
pub(super) struct Registered {
    pub id: DeveloperId,
    pub email: String,
    pub full_name: String,
}

/// Locks a publication, if there is one.
pub(super) async fn lock(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<Option<Before>> {
    let before = sqlx::query_as(
        "select publish_status, auth_strategy_id, no_authentication, application_registration_enabled,
             auto_approve_registration, deprecated
         from publication where version_id = $1 and portal_id = $2 for update",
    )
    .bind(version)
    .bind(portal)
    .fetch_optional(connection)
    .await?;
    Ok(before)
}

/// The developers of a portal whose applications may call a version, or wait for it.
pub(super) async fn registered_developers(
    connection: &mut PgConnection,
    version: VersionId,
    portal: PortalId,
) -> Result<Vec<Registered>> {
    let developers = sqlx::query_as(
        "select distinct developer.id, developer.email, developer.full_name
         from registration
         join application on application.id = registration.application_id
         join developer on developer.id = application.developer_id
         where registration.version_id = $1 and registration.portal_id = $2
             and registration.status in ('approved', 'pending')",
    )
    .bind(version)
    .bind(portal)
    .fetch_all(connection)
    .await?;
    Ok(developers)
}

pub(super) async fn has_registrations(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<bool> {
    let any = sqlx::query_scalar("select exists (select from registration where version_id = $1 and portal_id = $2)")
        .bind(version)
        .bind(portal)
        .fetch_one(connection)
        .await?;
    Ok(any)
}

/// The terms of a published version of a published product; locked, so that they hold until the commit.
pub(crate) async fn lock_terms(
    connection: &mut PgConnection,
    developer: DeveloperId,
    version: VersionId,
    portal: PortalId,
) -> Result<Option<Terms>> {
    let terms = sqlx::query_as(
        "select auth_strategy_id, auto_approve_registration,
             application_registration_enabled and may_consume_product($3, portal, version.product_id)
                 as application_registration_enabled
         from publication
         join portal on portal.id = publication.portal_id
         join version on version.id = publication.version_id
         join portal_product on portal_product.portal_id = publication.portal_id
             and portal_product.product_id = version.product_id
         where version_id = $1 and publication.portal_id = $2 and publish_status = 'published'
             and may_see_product($3, portal, version.product_id)
         for share of publication",
    )
    .bind(version)
    .bind(portal)
    .bind(developer)
    .fetch_optional(connection)
    .await?;
    Ok(terms)
}

const COLUMNS: &str = "select publication.id, publication.portal_id, portal.name as portal_name, product.id as product_id,
        product.name as product_name, version.id as version_id, version.name as version_name,
        publication.publish_status, publication.auth_strategy_id, auth_strategy.name as auth_strategy_name,
        publication.no_authentication,
        publication.application_registration_enabled, publication.auto_approve_registration, publication.deprecated,
        version.gateway_service_id is not null as is_enforced, publication.created_at, publication.updated_at,
        auth_strategy.display_name as strategy_display_name, auth_strategy.strategy_type, auth_strategy.key_names,
        auth_strategy.openid_connect, auth_strategy.dcr_provider_id is not null as has_dcr,
        case when (dcr_provider.dcr_config ->> 'use_developer_managed_scopes')::boolean
            then array(select jsonb_array_elements_text(auth_strategy.openid_connect -> 'scopes')) end as available_scopes
    from publication
    join portal on portal.id = publication.portal_id
    join version on version.id = publication.version_id
    join product on product.id = version.product_id
    left join auth_strategy on auth_strategy.id = publication.auth_strategy_id
    left join dcr_provider on dcr_provider.id = auth_strategy.dcr_provider_id ";

pub(super) async fn of_versions(pool: &PgPool, versions: &[VersionId]) -> Result<Vec<Publication>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where publication.version_id = any(").push_bind(versions).push(") order by lower(portal.name) limit 5000");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn in_portal(pool: &PgPool, portal: PortalId) -> Result<Vec<Publication>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where publication.portal_id = ").push_bind(portal);
    query.push(" order by lower(product.name), lower(version.name) limit 500");
    Ok(query.build_query_as().fetch_all(pool).await?)
}

pub(super) async fn find(pool: &PgPool, version: VersionId, portal: PortalId) -> Result<Option<Publication>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where publication.portal_id = ").push_bind(portal).push(" and publication.version_id = ").push_bind(version);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn list(pool: &PgPool, portal: PortalId, listing: &Listing) -> Result<Listed<Publication>> {
    let source = Source { select: COLUMNS, table: "publication" };
    listing.fetch(pool, source, |query| _ = query.push(" where publication.portal_id = ").push_bind(portal)).await
}
