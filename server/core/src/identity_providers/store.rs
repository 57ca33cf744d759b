use super::{Config, IdentityProviderInput};
use crate::Result;
use portico_model::{
    ids::{IdentityProviderId, PortalId},
    states::IdentityProviderType,
};
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;

/// An identity provider of a portal.
#[derive(Clone, Debug, FromRow)]
pub struct IdentityProvider {
    pub id: IdentityProviderId,
    pub portal_id: PortalId,
    pub provider_type: IdentityProviderType,
    pub enabled: bool,
    #[sqlx(json)]
    pub config: Config,
    /// Sealed.
    pub(super) client_secret: Option<Vec<u8>>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

fn of_portal(portal: PortalId) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select id, portal_id, type as provider_type, enabled, config, client_secret, created_at, updated_at
         from identity_provider where portal_id = ",
    );
    query.push_bind(portal);
    query
}

pub(super) async fn list(connection: &mut PgConnection, portal: PortalId) -> Result<Vec<IdentityProvider>> {
    let mut query = of_portal(portal);
    query.push(" order by id limit 100");
    Ok(query.build_query_as().fetch_all(connection).await?)
}

pub(super) async fn find(
    connection: &mut PgConnection,
    portal: PortalId,
    id: IdentityProviderId,
) -> Result<Option<IdentityProvider>> {
    let mut query = of_portal(portal);
    query.push(" and id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: IdentityProviderId,
    portal: PortalId,
    input: &IdentityProviderInput,
    secret: Option<&[u8]>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into identity_provider (id, portal_id, type, enabled, config, client_secret, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
    )
    .bind(id)
    .bind(portal)
    .bind(input.config.provider_type())
    .bind(input.enabled)
    .bind(Json(&input.config))
    .bind(secret)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    id: IdentityProviderId,
    input: &IdentityProviderInput,
    secret: Option<&[u8]>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update identity_provider set enabled = $2, config = $3, client_secret = $4, updated_at = $5 where id = $1")
        .bind(id)
        .bind(input.enabled)
        .bind(Json(&input.config))
        .bind(secret)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn enable(
    connection: &mut PgConnection,
    id: IdentityProviderId,
    enabled: bool,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update identity_provider set enabled = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(enabled)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, portal: PortalId, id: IdentityProviderId) -> Result<bool> {
    let done = sqlx::query("delete from identity_provider where id = $1 and portal_id = $2").bind(id).bind(portal);
    Ok(done.execute(connection).await?.rows_affected() == 1)
}

pub(super) async fn set_authentication(
    connection: &mut PgConnection,
    portal: PortalId,
    basic_auth_enabled: bool,
    idp_mapping_enabled: bool,
    konnect_mapping_enabled: bool,
) -> Result<()> {
    sqlx::query(
        "update portal set basic_auth_enabled = $2, idp_mapping_enabled = $3, konnect_mapping_enabled = $4 where id = $1",
    )
    .bind(portal)
    .bind(basic_auth_enabled)
    .bind(idp_mapping_enabled)
    .bind(konnect_mapping_enabled)
    .execute(connection)
    .await?;
    Ok(())
}
