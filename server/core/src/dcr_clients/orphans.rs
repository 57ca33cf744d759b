//! Clients that may exist at a provider although nothing here stands for them, and that nobody can find from here.

use super::store::DcrClient;
use crate::{Actor, Core, Result, audit, error::OrNotFound};
use portico_model::{
    access::Permission,
    ids::{DcrProviderId, PossibleOrphanId},
    states::OrphanReason,
};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A client that may exist at a provider, and that nobody can find from here.
#[derive(Clone, Debug, FromRow)]
pub struct PossibleOrphan {
    pub id: PossibleOrphanId,
    /// None where not even that was told.
    pub client_id: Option<String>,
    /// As it is called there.
    pub name: String,
    pub reason: OrphanReason,
    /// How many there may be.
    pub count: i32,
    /// The last time.
    pub happened_at: OffsetDateTime,
}

/// The clients that may exist at a provider without anybody here knowing. For admins.
pub async fn possible_orphans(core: &Core, actor: Actor, provider: DcrProviderId) -> Result<Vec<PossibleOrphan>> {
    actor.require(Permission::ReadProviders)?;
    list(&core.pool, provider).await
}

/// Notes that somebody has looked for a possible orphan at the provider. For admins.
pub async fn dismiss_orphan(core: &Core, actor: Actor, id: PossibleOrphanId) -> Result<DcrProviderId> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let provider = delete(&mut tx, id).await?.or_not_found()?;
    audit::record(core, &mut tx, actor, None, "possible_orphan.dismissed", Some(id.0)).await?;
    tx.commit().await?;
    Ok(provider)
}

/// Notes that a client may be at the provider. All creations for one client whose answers were lost are one.
pub(super) async fn report(
    connection: &mut PgConnection,
    id: PossibleOrphanId,
    client: &DcrClient,
    reason: OrphanReason,
    happened_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into possible_orphan (id, dcr_provider_id, dcr_client_id, client_id, name, reason, happened_at)
         values ($1, $2, $7, $3, $4, $5, $6)
         on conflict (dcr_client_id) where client_id is null
         do update set count = possible_orphan.count + 1, happened_at = excluded.happened_at, name = excluded.name",
    )
    .bind(id)
    .bind(client.dcr_provider_id)
    .bind(&client.client_id)
    .bind(&client.name)
    .bind(reason)
    .bind(happened_at)
    .bind(client.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a possible orphan; its provider.
async fn delete(connection: &mut PgConnection, id: PossibleOrphanId) -> Result<Option<DcrProviderId>> {
    let provider = sqlx::query_scalar("delete from possible_orphan where id = $1 returning dcr_provider_id")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(provider)
}

async fn list(pool: &PgPool, provider: DcrProviderId) -> Result<Vec<PossibleOrphan>> {
    let orphans = sqlx::query_as(
        "select id, client_id, name, reason, count, happened_at from possible_orphan
         where dcr_provider_id = $1 order by happened_at desc, id limit 200",
    )
    .bind(provider)
    .fetch_all(pool)
    .await?;
    Ok(orphans)
}
