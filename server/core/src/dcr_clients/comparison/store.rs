//! Findings, and the clients that are compared.

use super::{Finding, New, Place};
use crate::{
    Core, Result,
    dcr_clients::store::{COLUMNS, DcrClient, select},
};
use portico_model::ids::{DcrClientId, DcrFindingId, DcrProviderId};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};
use std::collections::{HashMap, HashSet};
use time::OffsetDateTime;
use uuid::Uuid;

/// Those of a provider that have these ids there.
pub(super) async fn by_client_ids(
    connection: &mut PgConnection,
    provider: DcrProviderId,
    client_ids: &[&str],
) -> Result<HashMap<String, DcrClient>> {
    let mut query = select();
    query.push("where dcr_provider_id = ").push_bind(provider).push(" and client_id = any(").push_bind(client_ids).push(")");
    let clients: Vec<DcrClient> = query.build_query_as().fetch_all(connection).await?;
    Ok(clients.into_iter().filter_map(|client| Some((client.client_id.clone()?, client))).collect())
}

/// Those of these that no provider has told an id of yet.
pub(super) async fn without_client_id(connection: &mut PgConnection, ids: &[DcrClientId]) -> Result<HashSet<DcrClientId>> {
    let ids: Vec<DcrClientId> = sqlx::query_scalar("select id from dcr_client where id = any($1) and client_id is null")
        .bind(ids)
        .fetch_all(connection)
        .await?;
    Ok(ids.into_iter().collect())
}

pub(super) async fn mark_seen(connection: &mut PgConnection, ids: &[DcrClientId], at: OffsetDateTime) -> Result<()> {
    sqlx::query("update dcr_client set seen_at = $2 where id = any($1)").bind(ids).bind(at).execute(connection).await?;
    Ok(())
}

/// Clients of applications that should be at the provider since a time, and that a comparison has not seen.
pub(super) async fn unseen(
    connection: &mut PgConnection,
    provider: DcrProviderId,
    compared_at: OffsetDateTime,
    given_before: OffsetDateTime,
) -> Result<Vec<DcrClient>> {
    let mut query = select();
    query.push("where dcr_provider_id = ").push_bind(provider).push(" and given_at < ").push_bind(given_before);
    query.push(" and is_wanted and client_id is not null and seen_at is distinct from ").push_bind(compared_at);
    query.push(" order by id limit 200");
    Ok(query.build_query_as().fetch_all(connection).await?)
}

/// The next of those that should be at the provider since a time.
pub(super) async fn after(
    pool: &PgPool,
    provider: DcrProviderId,
    after: Option<DcrClientId>,
    given_before: OffsetDateTime,
    limit: i64,
) -> Result<Vec<DcrClient>> {
    let mut query = select();
    query.push("where dcr_provider_id = ").push_bind(provider).push(" and given_at < ").push_bind(given_before);
    query.push(" and is_wanted and client_id is not null and not is_unmanageable");
    if let Some(after) = after {
        query.push(" and id > ").push_bind(after);
    }
    query.push(" order by id limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(pool).await?)
}

/// Makes a client anew that is gone at the provider: it gets another id there, and another secret.
pub(super) async fn make_anew(connection: &mut PgConnection, id: DcrClientId, client_id: &str) -> Result<()> {
    sqlx::query(
        "update dcr_client set client_id = null, given_at = null, management = null, secret = null, applied = null, attempted = null, unanswered = null,
             unanswered_since = null, is_unmanageable = false, revision = revision + 1, state = 'waiting', attempts = 0,
             retry_at = null
         where id = $1 and is_wanted and client_id = $2",
    )
    .bind(id)
    .bind(client_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells the provider all of a client again.
pub(super) async fn send_anew(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query(
        "update dcr_client set applied = null, revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null
         where id = $1",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// What the last comparison found.
pub(super) async fn findings(pool: &PgPool, provider: DcrProviderId) -> Result<Vec<Finding>> {
    let findings = sqlx::query_as(
        "select id, kind, dcr_client_id, client_id, name, fields from dcr_finding
         where dcr_provider_id = $1 order by kind, id limit 200",
    )
    .bind(provider)
    .fetch_all(pool)
    .await?;
    Ok(findings)
}

/// Takes a client that nobody works on, for a look at it; whether it could be taken.
pub(super) async fn lease(
    pool: &PgPool,
    id: DcrClientId,
    lease: Uuid,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Option<DcrClient>> {
    let mut query = QueryBuilder::<Postgres>::new("update dcr_client set lease_id = ");
    query.push_bind(lease).push(", lease_until = ").push_bind(until).push(" where id = ").push_bind(id);
    query.push(" and is_wanted and client_id is not null and (lease_until is null or lease_until <= ").push_bind(now);
    query.push(") returning ").push(COLUMNS);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

/// Lets go of a client after a look; one that the provider takes no calls about any more is noted as such.
pub(super) async fn release(pool: &PgPool, client: &DcrClient, is_unmanageable: bool) -> Result<()> {
    sqlx::query(
        "update dcr_client set lease_id = null, lease_until = null, is_unmanageable = is_unmanageable or $3
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(is_unmanageable)
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes findings; one that was noted before is not noted twice.
pub(super) async fn note(core: &Core, connection: &mut PgConnection, place: &Place, found: &[New<'_>]) -> Result<()> {
    sqlx::query(
        "insert into dcr_finding (id, dcr_provider_id, kind, dcr_client_id, client_id, name, fields)
         select id, $2, kind, dcr_client_id, client_id, name, string_to_array(fields, ',')
         from unnest($1::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[])
             as found (id, kind, dcr_client_id, client_id, name, fields)
         on conflict do nothing",
    )
    .bind(found.iter().map(|_| core.new_id()).collect::<Vec<DcrFindingId>>())
    .bind(place.provider)
    .bind(found.iter().map(|new| new.kind.as_str()).collect::<Vec<_>>())
    .bind(found.iter().map(|new| new.client).collect::<Vec<_>>())
    .bind(found.iter().map(|new| new.remote.client_id.as_str()).collect::<Vec<_>>())
    .bind(found.iter().map(|new| new.remote.name.as_str()).collect::<Vec<_>>())
    .bind(found.iter().map(|new| new.fields.join(",")).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete_findings(connection: &mut PgConnection, provider: DcrProviderId) -> Result<()> {
    sqlx::query("delete from dcr_finding where dcr_provider_id = $1").bind(provider).execute(connection).await?;
    Ok(())
}

/// Takes a finding off the list, with its provider.
pub(super) async fn take_finding(connection: &mut PgConnection, id: DcrFindingId) -> Result<Option<(DcrProviderId, Finding)>> {
    let provider: Option<DcrProviderId> = sqlx::query_scalar("select dcr_provider_id from dcr_finding where id = $1 for update")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    let finding =
        sqlx::query_as("delete from dcr_finding where id = $1 returning id, kind, dcr_client_id, client_id, name, fields")
            .bind(id)
            .fetch_optional(connection)
            .await?;
    Ok(provider.zip(finding))
}
