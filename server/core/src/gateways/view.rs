//! What a gateway needs to decide, as rows. Read at start and again when [`super::changes`] says so.

use super::tokens::{self, TokenDigest};
use crate::{Core, Result, auth_strategies::OpenidConnect};
use futures_util::TryStreamExt;
use portico_model::ids::{ApplicationId, AuthStrategyId, CredentialId, GatewayId, GatewayServiceId, PortalId, VersionId};
use sqlx::FromRow;
use std::collections::HashMap;
use time::OffsetDateTime;

/// A service, once for each publication that opens it, and once without any if none does.
#[derive(Clone, Debug, FromRow)]
pub struct Route {
    pub service_id: GatewayServiceId,
    pub gateway_id: GatewayId,
    pub host: String,
    pub path_prefix: String,
    pub upstream_url: String,
    pub version_id: Option<VersionId>,
    pub portal_id: Option<PortalId>,
    pub auth_strategy_id: Option<AuthStrategyId>,
    pub key_names: Option<Vec<String>>,
    /// Where the strategy is one of OpenID Connect.
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    /// The sealed secret of Portico's own client at the provider.
    pub client_secret: Option<Vec<u8>>,
    /// Whether anybody may call, without a key or a token.
    pub no_authentication: Option<bool>,
}

/// An application as a gateway sees it.
#[derive(Clone, Debug, FromRow)]
pub struct ApplicationAccess {
    pub id: ApplicationId,
    pub name: String,
    pub portal_id: PortalId,
    pub auth_strategy_id: AuthStrategyId,
    pub reference_id: Option<String>,
    /// The versions with an approved registration.
    pub versions: Vec<VersionId>,
    pub credential_ids: Vec<CredentialId>,
    pub key_ids: Vec<String>,
    pub secret_digests: Vec<Vec<u8>>,
    pub expiries: Vec<Option<OffsetDateTime>>,
}

/// Everything but applications.
#[derive(Debug)]
pub struct Routing {
    pub routes: Vec<Route>,
    pub tokens: Vec<TokenDigest>,
}

/// Services with what opens them, and the tokens of gateways.
pub async fn routing(core: &Core) -> Result<Routing> {
    Ok(Routing { routes: routes(core).await?, tokens: tokens::digests(core).await? })
}

/// Every service of every gateway with what opens it. A hidden publication still lets calls through.
async fn routes(core: &Core) -> Result<Vec<Route>> {
    let routes = sqlx::query_as(
        "select gateway_service.id as service_id, host, path_prefix, upstream_url, version.id as version_id,
             publication.portal_id, auth_strategy.id as auth_strategy_id, auth_strategy.key_names,
             auth_strategy.openid_connect, auth_strategy.client_secret, publication.no_authentication,
             gateway_service.gateway_id
         from gateway_service
         left join version on version.gateway_service_id = gateway_service.id
         left join publication on publication.version_id = version.id
             and (publication.auth_strategy_id is not null or publication.no_authentication)
         left join auth_strategy on auth_strategy.id = publication.auth_strategy_id
         order by gateway_service.id, publication.created_at, publication.id",
    )
    .fetch_all(&core.pool)
    .await?;
    Ok(routes)
}

/// Registrations are looked up by their application alone: asked for a status as well, Postgres may look through every
/// row of that status for each application, when it knows little of the table.
const APPLICATIONS: &str = "select application.id, application.name, application.portal_id, application.auth_strategy_id,
        application.reference_id,
        coalesce(versions, '{}') as versions, coalesce(credential_ids, '{}') as credential_ids, coalesce(key_ids, '{}') as key_ids,
        coalesce(secret_digests, '{}') as secret_digests, coalesce(expiries, '{}') as expiries
    from application
    left join lateral (
        select array_agg(version_id) filter (where status = 'approved') as versions
        from registration where application_id = application.id
    ) registrations on true
    left join lateral (
        select array_agg(id) as credential_ids, array_agg(key_id) as key_ids, array_agg(secret_digest) as secret_digests,
            array_agg(expires_at) as expiries
        from credential where application_id = application.id
    ) credentials on true ";

/// Every application, one at a time.
pub async fn every_application(core: &Core, mut each: impl FnMut(ApplicationAccess)) -> Result<()> {
    let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new(APPLICATIONS);
    let mut rows = query.build_query_as().fetch(&core.pool);
    while let Some(application) = rows.try_next().await? {
        each(application);
    }
    Ok(())
}

/// These applications, as far as they still exist.
pub async fn applications(core: &Core, ids: &[ApplicationId]) -> Result<Vec<ApplicationAccess>> {
    let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new(APPLICATIONS);
    query.push("where id = any(").push_bind(ids).push(")");
    Ok(query.build_query_as().fetch_all(&core.pool).await?)
}

/// Notes when credentials were used last, all in one statement.
pub async fn note_uses(core: &Core, uses: &HashMap<CredentialId, OffsetDateTime>) -> Result<()> {
    let (ids, times): (Vec<CredentialId>, Vec<OffsetDateTime>) = uses.iter().map(|(id, at)| (*id, *at)).unzip();
    sqlx::query(
        "update credential set last_used_at = used.at from unnest($1::uuid[], $2::timestamptz[]) as used (id, at)
         where credential.id = used.id and (last_used_at is null or last_used_at < used.at)",
    )
    .bind(ids)
    .bind(times)
    .execute(&core.pool)
    .await?;
    Ok(())
}
