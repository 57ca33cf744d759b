//! What the worker reads and writes.

use crate::{
    Result,
    dcr_clients::store::{COLUMNS, DcrClient},
    dcr_providers::{Call, connectors::Wanted},
};
use portico_model::{
    ids::{ApplicationId, DcrClientId},
    states::{ClientCall, DcrClientState},
};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// The longest that a step may take, with what is left over for its records.
pub(super) const LEASE: Duration = Duration::seconds(180);
/// At most so many clients of one provider are worked on at once, by all processes together.
const PER_PROVIDER: i64 = 4;
/// So many of the newest calls are kept for the admin.
const CALLS_KEPT: usize = 20;

/// Takes a client for which something is to be done, for the lease's time.
pub(super) async fn claim(
    pool: &PgPool,
    lease: Uuid,
    now: OffsetDateTime,
    lease_until: OffsetDateTime,
) -> Result<Option<DcrClient>> {
    let mut query = QueryBuilder::<Postgres>::new("update dcr_client set lease_id = ");
    query.push_bind(lease).push(", lease_until = ").push_bind(lease_until);
    query.push(
        " where id = (
             select due.id from dcr_provider
             cross join lateral (
                 select id from dcr_client
                 where dcr_provider_id = dcr_provider.id and state = 'waiting' and (retry_at is null or retry_at <= ",
    );
    query.push_bind(now).push(") and (lease_until is null or lease_until <= ").push_bind(now);
    query.push(
        ")
                 order by retry_at nulls first limit 1 for update skip locked) due
             where (paused_until is null or paused_until <= ",
    );
    query.push_bind(now);
    query.push(
        ") and (select count(*) from dcr_client busy
                    where busy.dcr_provider_id = dcr_provider.id and busy.lease_id is not null and busy.lease_until > ",
    );
    query.push_bind(now).push(") < ").push_bind(PER_PROVIDER).push(" limit 1) returning ").push(COLUMNS);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

/// Holds on to a client for another while, and notes a call that is about to be sent; whether it is still ours.
pub(super) async fn mark(
    pool: &PgPool,
    client: &DcrClient,
    call: ClientCall,
    attempted: Option<&Wanted>,
    now: OffsetDateTime,
    lease_until: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query(
        "update dcr_client set lease_until = $3, unanswered = $4,
             unanswered_since = case when unanswered = $4 then unanswered_since else $5 end,
             name = coalesce($6 ->> 'name', name), attempted = case when $4 in ('update', 'rotate') then $6 else attempted end
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(lease_until)
    .bind(call)
    .bind(now)
    .bind(attempted.map(Json))
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a call has brought.
pub(super) struct Progress<'a> {
    pub name: &'a str,
    pub client_id: Option<&'a str>,
    /// Sealed; none to keep.
    pub management: Option<&'a [u8]>,
    /// Sealed, with its digest and its end; none to keep.
    pub secret: Option<(&'a [u8], &'a [u8], Option<OffsetDateTime>)>,
    pub applied: Option<&'a Wanted>,
    /// What is still not known to have come to a good end.
    pub attempted: Option<&'a Wanted>,
    /// None to keep what somebody may have asked for meanwhile.
    pub is_rotation_wanted: Option<bool>,
    pub is_wanted: bool,
    pub is_unmanageable: bool,
}

/// Records what a call has brought; whether the client is still ours.
pub(super) async fn record(
    connection: &mut PgConnection,
    client: &DcrClient,
    progress: &Progress<'_>,
    calls: &[Call],
    now: OffsetDateTime,
) -> Result<bool> {
    let (secret, digest, expires_at) = match progress.secret {
        Some((secret, digest, expires_at)) => (Some(secret), Some(digest), expires_at),
        None => (None, None, None),
    };
    let done = sqlx::query(
        "update dcr_client set name = $3, client_id = $4, given_at = coalesce(given_at, $14), management = coalesce($5, management),
             secret_expires_at = case when $6::bytea is null then secret_expires_at else $8 end,
             secret = coalesce($6, secret), secret_digest = coalesce($7, secret_digest),
             applied = coalesce($9, applied), attempted = $15, is_rotation_wanted = coalesce($10, is_rotation_wanted),
             is_wanted = is_wanted and $11, is_unmanageable = $12,
             unanswered = null, unanswered_since = null, attempts = 0, retry_at = null,
             last_error = case when is_test and not is_wanted then last_error else '' end,
             is_developers_fault = false, calls = $13
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(progress.name)
    .bind(progress.client_id)
    .bind(progress.management)
    .bind(secret)
    .bind(digest)
    .bind(expires_at)
    .bind(progress.applied.map(Json))
    .bind(progress.is_rotation_wanted)
    .bind(progress.is_wanted)
    .bind(progress.is_unmanageable)
    .bind(Json(newest(client, calls)))
    .bind(now)
    .bind(progress.attempted.map(Json))
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The calls before, and these.
fn newest(client: &DcrClient, calls: &[Call]) -> Vec<Call> {
    let all: Vec<Call> = client.calls.iter().chain(calls).cloned().collect();
    let surplus = all.len().saturating_sub(CALLS_KEPT);
    all.into_iter().skip(surplus).collect()
}

/// How an attempt failed.
pub(super) struct Setback<'a> {
    pub state: DcrClientState,
    pub retry_at: Option<OffsetDateTime>,
    pub error: &'a str,
    pub is_developers_fault: bool,
    /// What is still without an answer.
    pub unanswered: Option<ClientCall>,
    pub is_wanted: bool,
    /// The provider does not know the client, or not us.
    pub is_unmanageable: bool,
}

/// Records a failure and lets go of the client. A change that came meanwhile is done at once.
pub(super) async fn set_back(pool: &PgPool, client: &DcrClient, setback: &Setback<'_>, calls: &[Call]) -> Result<()> {
    sqlx::query(
        "update dcr_client set state = case when revision = $3 then $4 else state end,
             retry_at = case when revision = $3 then $5 end, attempts = case when revision = $3 then attempts + 1 else 0 end,
             last_error = $6, is_developers_fault = $7, unanswered = $8,
             unanswered_since = case when $8 is null then null else unanswered_since end,
             is_wanted = is_wanted and $9, is_unmanageable = $11, calls = $10, lease_id = null, lease_until = null
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(client.revision)
    .bind(setback.state)
    .bind(setback.retry_at)
    .bind(setback.error)
    .bind(setback.is_developers_fault)
    .bind(setback.unanswered)
    .bind(setback.is_wanted)
    .bind(Json(newest(client, calls)))
    .bind(setback.is_unmanageable)
    .execute(pool)
    .await?;
    Ok(())
}

/// Lets go of a client that is to be looked at again at a time.
pub(super) async fn put_off(pool: &PgPool, client: &DcrClient, until: OffsetDateTime) -> Result<()> {
    sqlx::query("update dcr_client set retry_at = $3, lease_id = null, lease_until = null where id = $1 and lease_id = $2")
        .bind(client.id)
        .bind(client.lease_id)
        .bind(until)
        .execute(pool)
        .await?;
    Ok(())
}

/// Lets go of a client that is what it should be, unless that has changed.
pub(super) async fn settle(pool: &PgPool, client: &DcrClient) -> Result<()> {
    sqlx::query(
        "update dcr_client set state = case when revision = $3 then 'ready' else state end, retry_at = null,
             lease_id = null, lease_until = null
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(client.revision)
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets a client that is not at the provider; of a test, its outcome stays.
pub(super) async fn forget(connection: &mut PgConnection, client: &DcrClient, calls: &[Call]) -> Result<()> {
    let query = if client.is_test {
        sqlx::query(
            "update dcr_client set state = 'ready', client_id = null, management = null, secret = null, attempted = null,
                 unanswered = null, unanswered_since = null, retry_at = null, lease_id = null, lease_until = null, calls = $3
             where id = $1 and lease_id = $2",
        )
        .bind(client.id)
        .bind(client.lease_id)
        .bind(Json(newest(client, calls)))
    } else {
        sqlx::query("delete from dcr_client where id = $1 and lease_id = $2").bind(client.id).bind(client.lease_id)
    };
    query.execute(connection).await?;
    Ok(())
}

/// Lets go of a client after a fault of our own, whatever it was in the middle of.
pub(super) async fn stumble(pool: &PgPool, client: &DcrClient, retry_at: OffsetDateTime, error: &str) -> Result<()> {
    sqlx::query(
        "update dcr_client set retry_at = $3, attempts = attempts + 1, last_error = $4, is_developers_fault = false,
             lease_id = null, lease_until = null
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(retry_at)
    .bind(error)
    .execute(pool)
    .await?;
    Ok(())
}

/// Locks an application, always before its clients; whether it is there.
pub(super) async fn lock_application(connection: &mut PgConnection, id: ApplicationId) -> Result<bool> {
    let found: Option<ApplicationId> =
        sqlx::query_scalar("select id from application where id = $1 for update").bind(id).fetch_optional(connection).await?;
    Ok(found.is_some())
}

/// Lets an application call with a client of which its provider has given the id.
pub(super) async fn set_reference(
    connection: &mut PgConnection,
    id: ApplicationId,
    client_id: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update application set reference_id = $2, updated_at = $3 where id = $1")
        .bind(id)
        .bind(client_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the place of the client before, which is deleted from then on.
pub(super) async fn take_place(connection: &mut PgConnection, new: DcrClientId, old: DcrClientId) -> Result<()> {
    sqlx::query(
        "update dcr_client set is_wanted = false, application_id = null, revision = revision + 1, state = 'waiting',
             attempts = 0, retry_at = null
         where id = $1",
    )
    .bind(old)
    .execute(&mut *connection)
    .await?;
    sqlx::query("update dcr_client set replaces_id = null where id = $1").bind(new).execute(connection).await?;
    Ok(())
}
