//! Where an application stands: what it may call now, and what is in the way. For explanations.

use crate::{Actor, Core, Result, error::OrNotFound};
use portico_model::{
    access::Permission,
    ids::{ApplicationId, AuthStrategyId, CredentialId, DeveloperId, GatewayServiceId, PortalId},
    states::RegistrationStatus,
};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// An application, with each of its registrations.
#[derive(Clone, Debug)]
pub struct Standing {
    pub application: StandingApplication,
    /// The first 100.
    pub registrations: Vec<StandingRegistration>,
}

#[derive(Clone, Debug, FromRow)]
pub struct StandingApplication {
    pub id: ApplicationId,
    pub name: String,
    pub developer_email: String,
    pub portal_name: String,
    pub strategy_name: String,
}

/// A registration, and what else a call needs.
#[derive(Clone, Debug, FromRow)]
pub struct StandingRegistration {
    pub product_name: String,
    pub version_name: String,
    pub status: RegistrationStatus,
    pub status_reason: String,
    /// Where the gateway serves the version, if it does.
    pub path_prefix: Option<String>,
    /// Whether the version takes applications of this strategy in this portal.
    pub is_same_strategy: bool,
    pub no_authentication: bool,
}

/// A key, as far as it is known.
#[derive(Clone, Debug, FromRow)]
pub struct StandingKey {
    pub application_id: ApplicationId,
    pub display_name: String,
    pub expires_at: Option<OffsetDateTime>,
    pub was_replaced: bool,
    pub last_used_at: Option<OffsetDateTime>,
}

/// A gateway service by name, with the version that it serves.
#[derive(Clone, Debug, FromRow)]
pub struct StandingService {
    pub gateway_name: String,
    pub service_name: String,
    pub product_name: Option<String>,
    pub version_name: Option<String>,
}

/// Whose things somebody may be told of: everybody's, or their own.
fn scope(actor: Actor, portal: Option<PortalId>) -> Result<Option<DeveloperId>> {
    match portal {
        None => actor.require(Permission::ReadPeople).map(|()| None),
        Some(portal) => actor.require_developer(portal).map(Some),
    }
}

/// An application. For admins; in a portal, for the developer whose it is.
pub async fn of_application(core: &Core, actor: Actor, portal: Option<PortalId>, id: ApplicationId) -> Result<Standing> {
    let developer = scope(actor, portal)?;
    let mut query = QueryBuilder::<Postgres>::new(
        "select application.id, application.name, developer.email as developer_email, portal.name as portal_name,
             auth_strategy.display_name as strategy_name
         from application
         join developer on developer.id = application.developer_id
         join portal on portal.id = application.portal_id
         join auth_strategy on auth_strategy.id = application.auth_strategy_id
         where application.id = ",
    );
    query.push_bind(id);
    if let Some(developer) = developer {
        query.push(" and application.developer_id = ").push_bind(developer);
    }
    let application: Option<StandingApplication> = query.build_query_as().fetch_optional(&core.pool).await?;
    Ok(Standing { application: application.or_not_found()?, registrations: registrations(&core.pool, id).await? })
}

async fn registrations(pool: &PgPool, application: ApplicationId) -> Result<Vec<StandingRegistration>> {
    let registrations = sqlx::query_as(
        "select product.name as product_name, version.name as version_name, registration.status,
             registration.status_reason, gateway_service.path_prefix,
             coalesce(publication.auth_strategy_id = application.auth_strategy_id, false) as is_same_strategy,
             coalesce(publication.no_authentication, false) as no_authentication
         from registration
         join application on application.id = registration.application_id
         join version on version.id = registration.version_id
         join product on product.id = version.product_id
         left join gateway_service on gateway_service.id = version.gateway_service_id
         left join publication on publication.version_id = version.id and publication.portal_id = registration.portal_id
         where registration.application_id = $1
         order by lower(product.name), lower(version.name) limit 100",
    )
    .bind(application)
    .fetch_all(pool)
    .await?;
    Ok(registrations)
}

/// How a key is named.
#[derive(Clone, Copy)]
pub enum KeyName<'a> {
    /// By what it begins with.
    Beginning(&'a str),
    Id(CredentialId),
}

/// A key. For admins; in a portal, for the developer whose it is.
pub async fn of_key(core: &Core, actor: Actor, portal: Option<PortalId>, name: KeyName<'_>) -> Result<StandingKey> {
    let developer = scope(actor, portal)?;
    let mut query = QueryBuilder::<Postgres>::new(
        "select application_id, display_name, expires_at, replaced_by_id is not null as was_replaced, last_used_at
         from credential join application on application.id = credential.application_id
         where ",
    );
    match name {
        KeyName::Beginning(key_id) => query.push("key_id = ").push_bind(key_id),
        KeyName::Id(id) => query.push("credential.id = ").push_bind(id),
    };
    if let Some(developer) = developer {
        query.push(" and application.developer_id = ").push_bind(developer);
    }
    let key: Option<StandingKey> = query.build_query_as().fetch_optional(&core.pool).await?;
    key.or_not_found()
}

/// The application of a strategy that has a client. For admins; in a portal, for the developer whose it is.
pub async fn of_client(
    core: &Core,
    actor: Actor,
    portal: Option<PortalId>,
    strategy: AuthStrategyId,
    client_id: &str,
) -> Result<Standing> {
    scope(actor, portal)?;
    let id = sqlx::query_scalar("select id from application where auth_strategy_id = $1 and reference_id = $2")
        .bind(strategy)
        .bind(client_id)
        .fetch_optional(&core.pool)
        .await?;
    of_application(core, actor, portal, id.or_not_found()?).await
}

/// A gateway service. For admins; in a portal, for developers, where a version that it serves is published to them.
pub async fn of_service(core: &Core, actor: Actor, portal: Option<PortalId>, id: GatewayServiceId) -> Result<StandingService> {
    scope(actor, portal)?;
    let mut query = QueryBuilder::<Postgres>::new(
        "select gateway.name as gateway_name, gateway_service.name as service_name, product.name as product_name,
             version.name as version_name
         from gateway_service
         join gateway on gateway.id = gateway_service.gateway_id
         left join version on version.gateway_service_id = gateway_service.id
         left join product on product.id = version.product_id
         where gateway_service.id = ",
    );
    query.push_bind(id);
    if let Some(portal) = portal {
        query.push(" and exists (select from publication where publication.version_id = version.id and portal_id = ");
        query.push_bind(portal).push(" and publish_status = 'published')");
    }
    let service: Option<StandingService> = query.build_query_as().fetch_optional(&core.pool).await?;
    service.or_not_found()
}
