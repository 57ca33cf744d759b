use super::PublicationInput;
use crate::{
    Result,
    auth_strategies::OpenidConnect,
    listing::{Attribute, Kind, Listed, Listing},
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
    Attribute { name: "id", column: "publication.id", kind: Kind::Uuid, is_sortable: false },
    Attribute { name: "created_at", column: "publication.created_at", kind: Kind::DateTime, is_sortable: true },
    Attribute { name: "updated_at", column: "publication.updated_at", kind: Kind::DateTime, is_sortable: true },
    Attribute {
        name: "publish_status",
        column: "publication.publish_status",
        kind: Kind::Choice(&["published", "unpublished"]),
        is_sortable: true,
    },
    Attribute { name: "product_version_id", column: "publication.version_id", kind: Kind::Uuid, is_sortable: true },
    Attribute { name: "auth_strategy_ids", column: "publication.auth_strategy_id", kind: Kind::Uuid, is_sortable: true },
    Attribute {
        name: "application_registration_enabled",
        column: "publication.application_registration_enabled",
        kind: Kind::Boolean,
        is_sortable: true,
    },
    Attribute {
        name: "auto_approve_registration",
        column: "publication.auto_approve_registration",
        kind: Kind::Boolean,
        is_sortable: true,
    },
    Attribute { name: "deprecated", column: "publication.deprecated", kind: Kind::Boolean, is_sortable: true },
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
pub(crate) async fn lock_terms(connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<Option<Terms>> {
    let terms = sqlx::query_as(
        "select auth_strategy_id, application_registration_enabled, auto_approve_registration
         from publication
         join version on version.id = publication.version_id
         join portal_product on portal_product.portal_id = publication.portal_id
             and portal_product.product_id = version.product_id
         where version_id = $1 and publication.portal_id = $2 and publish_status = 'published'
         for share of publication",
    )
    .bind(version)
    .bind(portal)
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

pub(super) async fn of_version(pool: &PgPool, version: VersionId) -> Result<Vec<Publication>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where publication.version_id = ").push_bind(version).push(" order by lower(portal.name) limit 500");
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
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from publication where publication.portal_id = ");
    query.push_bind(portal);
    listing.push_conditions(&mut query);
    let total = query.build_query_scalar().fetch_one(pool).await?;
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where publication.portal_id = ").push_bind(portal);
    listing.push_conditions(&mut query);
    listing.push_window(&mut query, "publication.id");
    Ok(Listed { items: query.build_query_as().fetch_all(pool).await?, total })
}
