use crate::{
    Result,
    auth_strategies::OpenidConnect,
    dcr_providers::{Call, connectors::Wanted},
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, DcrClientId, DcrProviderId, DeveloperId, PortalId, PossibleOrphanId, VersionId},
    paging::{Page, PageRequest},
    states::{ClientCall, DcrClientState, OrphanReason},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use std::collections::{HashMap, HashSet};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// At most so many clients of one provider are worked on at once, by all processes together.
const PER_PROVIDER: i64 = 4;
/// So many of the newest calls are kept for the admin.
const CALLS_KEPT: usize = 20;

/// An application's client at a provider.
#[derive(Clone, Debug, FromRow)]
pub struct DcrClient {
    pub id: DcrClientId,
    pub dcr_provider_id: DcrProviderId,
    /// None once the application is gone, and for a test.
    pub application_id: Option<ApplicationId>,
    /// The client whose place it takes once it is there.
    pub replaces_id: Option<DcrClientId>,
    pub is_test: bool,
    /// Whether it should be at the provider.
    pub is_wanted: bool,
    pub(super) revision: i64,
    pub name: String,
    /// None before the provider gave one.
    pub client_id: Option<String>,
    /// Since when the provider has it, as far as is known here.
    pub given_at: Option<OffsetDateTime>,
    /// Sealed.
    pub(super) management: Option<Vec<u8>>,
    /// Sealed.
    pub(super) secret: Option<Vec<u8>>,
    pub(super) secret_digest: Option<Vec<u8>>,
    pub secret_expires_at: Option<OffsetDateTime>,
    pub is_rotation_wanted: bool,
    #[sqlx(json(nullable))]
    pub(super) applied: Option<Wanted>,
    /// A call that was sent and whose answer was not recorded.
    pub unanswered: Option<ClientCall>,
    pub unanswered_since: Option<OffsetDateTime>,
    pub is_unmanageable: bool,
    pub state: DcrClientState,
    /// Failed ones since it last went on.
    pub attempts: i32,
    /// None: at once.
    pub retry_at: Option<OffsetDateTime>,
    pub(super) lease_id: Option<Uuid>,
    /// Why the last attempt failed, in the provider's words.
    pub last_error: String,
    pub is_developers_fault: bool,
    /// The newest calls, oldest first.
    #[sqlx(json)]
    pub calls: Vec<Call>,
    pub created_at: OffsetDateTime,
}

impl DcrClient {
    /// Whether it is what it should be, as far as is known here.
    pub(super) fn is_at_rest(&self) -> bool {
        self.state == DcrClientState::Ready && self.is_wanted
    }

    /// Whether a secret waits to be opened.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

/// A client that may exist at a provider, and that nobody can find from here.
#[derive(Clone, Debug, FromRow)]
pub struct PossibleOrphan {
    pub id: PossibleOrphanId,
    /// None where not even that was told.
    pub client_id: Option<String>,
    /// As it is called there.
    pub name: String,
    pub reason: OrphanReason,
    pub happened_at: OffsetDateTime,
}

const COLUMNS: &str =
    "id, dcr_provider_id, application_id, replaces_id, is_test, is_wanted, revision, name, client_id, given_at, management,
    secret, secret_digest, secret_expires_at, is_rotation_wanted, applied, unanswered, unanswered_since, is_unmanageable, state,
    attempts, retry_at, lease_id, last_error, is_developers_fault, calls, created_at";

fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("select ");
    query.push(COLUMNS).push(" from dcr_client ");
    query
}

/// A new client, of an application or for a test.
pub(crate) struct NewClient<'a> {
    pub id: DcrClientId,
    pub provider: DcrProviderId,
    pub application: Option<ApplicationId>,
    pub replaces: Option<DcrClientId>,
    pub is_test: bool,
    pub name: &'a str,
}

pub(crate) async fn insert(connection: &mut PgConnection, client: &NewClient<'_>, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "insert into dcr_client (id, dcr_provider_id, application_id, replaces_id, is_test, name, state, created_at)
         values ($1, $2, $3, $4, $5, $6, 'waiting', $7)",
    )
    .bind(client.id)
    .bind(client.provider)
    .bind(client.application)
    .bind(client.replaces)
    .bind(client.is_test)
    .bind(client.name)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// A client at the provider that is no application's, to be deleted there.
pub(super) async fn insert_unwanted(
    connection: &mut PgConnection,
    id: DcrClientId,
    provider: DcrProviderId,
    client_id: &str,
    name: &str,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into dcr_client (id, dcr_provider_id, is_test, is_wanted, name, client_id, state, created_at)
         values ($1, $2, false, false, $3, $4, 'waiting', $5)",
    )
    .bind(id)
    .bind(provider)
    .bind(name)
    .bind(client_id)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

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

pub(super) async fn find(pool: &PgPool, id: DcrClientId) -> Result<Option<DcrClient>> {
    let mut query = select();
    query.push("where id = ").push_bind(id);
    Ok(query.build_query_as().fetch_optional(pool).await?)
}

pub(super) async fn lock(connection: &mut PgConnection, id: DcrClientId) -> Result<Option<DcrClient>> {
    let mut query = select();
    query.push("where id = ").push_bind(id).push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// The client that an application calls with, and the one that will take its place.
pub(super) async fn of_application(connection: &mut PgConnection, application: ApplicationId) -> Result<Vec<DcrClient>> {
    let mut query = select();
    query.push("where application_id = ").push_bind(application).push(" order by replaces_id is not null for update");
    Ok(query.build_query_as().fetch_all(connection).await?)
}

pub(super) async fn test_of(connection: &mut PgConnection, provider: DcrProviderId) -> Result<Option<DcrClient>> {
    let mut query = select();
    query.push("where is_test and dcr_provider_id = ").push_bind(provider).push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

/// What of an application says what its client should be.
#[derive(FromRow)]
pub(super) struct WantedRow {
    pub name: String,
    pub description: String,
    pub redirect_uris: Vec<String>,
    pub scopes: Option<Vec<String>>,
    pub developer_id: DeveloperId,
    pub portal_id: PortalId,
    pub auth_strategy_id: AuthStrategyId,
    #[sqlx(json)]
    pub openid_connect: OpenidConnect,
    pub versions: Vec<VersionId>,
}

pub(super) async fn wanted(pool: &PgPool, application: ApplicationId) -> Result<Option<WantedRow>> {
    let row = sqlx::query_as(
        "select application.name, description, redirect_uris, scopes, developer_id, portal_id, auth_strategy_id,
             openid_connect,
             array(select version_id from registration
                   where application_id = application.id and status = 'approved' order by version_id) as versions
         from application join auth_strategy on auth_strategy.id = auth_strategy_id
         where application.id = $1",
    )
    .bind(application)
    .fetch_optional(pool)
    .await?;
    Ok(row)
}

/// Holds on to a client for another while, and notes a call that is about to be sent; whether it is still ours.
pub(super) async fn mark(
    pool: &PgPool,
    client: &DcrClient,
    call: ClientCall,
    now: OffsetDateTime,
    lease_until: OffsetDateTime,
) -> Result<bool> {
    let done = sqlx::query(
        "update dcr_client set lease_until = $3, unanswered = $4,
             unanswered_since = case when unanswered = $4 then unanswered_since else $5 end
         where id = $1 and lease_id = $2",
    )
    .bind(client.id)
    .bind(client.lease_id)
    .bind(lease_until)
    .bind(call)
    .bind(now)
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
             applied = coalesce($9, applied), is_rotation_wanted = coalesce($10, is_rotation_wanted),
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
}

/// Records a failure and lets go of the client. A change that came meanwhile is done at once.
pub(super) async fn set_back(pool: &PgPool, client: &DcrClient, setback: &Setback<'_>, calls: &[Call]) -> Result<()> {
    sqlx::query(
        "update dcr_client set state = case when revision = $3 then $4 else 'waiting' end,
             retry_at = case when revision = $3 then $5 end, attempts = case when revision = $3 then attempts + 1 else 0 end,
             last_error = $6, is_developers_fault = $7, unanswered = $8,
             unanswered_since = case when $8 is null then null else unanswered_since end,
             is_wanted = is_wanted and $9, calls = $10, lease_id = null, lease_until = null
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
        "update dcr_client set state = case when revision = $3 then 'ready' else 'waiting' end, retry_at = null,
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
            "update dcr_client set state = 'ready', client_id = null, management = null, secret = null, unanswered = null,
                 unanswered_since = null, retry_at = null, lease_id = null, lease_until = null, calls = $3
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
    created_before: OffsetDateTime,
) -> Result<Vec<DcrClient>> {
    let mut query = select();
    query.push("where dcr_provider_id = ").push_bind(provider).push(" and created_at < ").push_bind(created_before);
    query.push(" and is_wanted and client_id is not null and seen_at is distinct from ").push_bind(compared_at);
    query.push(" order by id limit 200");
    Ok(query.build_query_as().fetch_all(connection).await?)
}

/// The next of those that should be at the provider since a time.
pub(super) async fn after(
    pool: &PgPool,
    provider: DcrProviderId,
    after: Option<DcrClientId>,
    created_before: OffsetDateTime,
    limit: i64,
) -> Result<Vec<DcrClient>> {
    let mut query = select();
    query.push("where dcr_provider_id = ").push_bind(provider).push(" and created_at < ").push_bind(created_before);
    query.push(" and is_wanted and client_id is not null and not is_unmanageable");
    if let Some(after) = after {
        query.push(" and id > ").push_bind(after);
    }
    query.push(" order by id limit ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(pool).await?)
}

/// Makes a client anew that is gone at the provider: it gets another id there, and another secret.
pub(super) async fn make_anew(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query(
        "update dcr_client set client_id = null, given_at = null, management = null, secret = null, applied = null, unanswered = null,
             unanswered_since = null, is_unmanageable = false, revision = revision + 1, state = 'waiting', attempts = 0,
             retry_at = null
         where id = $1 and is_wanted",
    )
    .bind(id)
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

/// Keeps what a look at a client has brought.
pub(super) async fn keep(
    pool: &PgPool,
    id: DcrClientId,
    management: Option<&[u8]>,
    secret: Option<(&[u8], &[u8])>,
) -> Result<()> {
    let (secret, digest) = secret.unzip();
    sqlx::query(
        "update dcr_client set management = coalesce($2, management), secret = coalesce($3, secret),
             secret_digest = coalesce($4, secret_digest)
         where id = $1",
    )
    .bind(id)
    .bind(management)
    .bind(secret)
    .bind(digest)
    .execute(pool)
    .await?;
    Ok(())
}

/// Nobody waits for the answer any more.
pub(super) async fn clear_unanswered(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set unanswered = null, unanswered_since = null where id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a client's row outright.
pub(super) async fn delete(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("delete from dcr_client where id = $1").bind(id).execute(connection).await?;
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

/// Notes that a new secret is wanted, or no longer.
pub(super) async fn want_rotation(connection: &mut PgConnection, id: DcrClientId, is_wanted: bool) -> Result<()> {
    sqlx::query(
        "update dcr_client set is_rotation_wanted = $2, revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null
         where id = $1",
    )
    .bind(id)
    .bind(is_wanted)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lets a client be worked on now.
pub(super) async fn retry_now(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null where id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets the clients be tried again that a provider has refused or keeps waiting.
pub(crate) async fn retry_refused(connection: &mut PgConnection, provider: DcrProviderId) -> Result<()> {
    sqlx::query(
        "update dcr_client set revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null
         where dcr_provider_id = $1 and state in ('refused', 'waiting') and attempts > 0",
    )
    .bind(provider)
    .execute(connection)
    .await?;
    Ok(())
}

/// Looks at the clients of a strategy again: what they should be may have changed.
pub(super) async fn review_strategy(pool: &PgPool, strategy: AuthStrategyId) -> Result<()> {
    sqlx::query(
        "update dcr_client set revision = revision + 1, state = 'waiting', attempts = 0, retry_at = null
         where application_id in (select id from application where auth_strategy_id = $1)",
    )
    .bind(strategy)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn set_given_up(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set state = 'given_up', retry_at = null, lease_id = null, lease_until = null where id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Erases the secret that was opened.
pub(super) async fn erase_secret(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set secret = null where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn report_orphan(
    connection: &mut PgConnection,
    id: PossibleOrphanId,
    client: &DcrClient,
    reason: OrphanReason,
    happened_at: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into possible_orphan (id, dcr_provider_id, client_id, name, reason, happened_at) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(client.dcr_provider_id)
    .bind(&client.client_id)
    .bind(&client.name)
    .bind(reason)
    .bind(happened_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a possible orphan; its provider.
pub(super) async fn delete_orphan(connection: &mut PgConnection, id: PossibleOrphanId) -> Result<Option<DcrProviderId>> {
    let provider = sqlx::query_scalar("delete from possible_orphan where id = $1 returning dcr_provider_id")
        .bind(id)
        .fetch_optional(connection)
        .await?;
    Ok(provider)
}

pub(super) async fn orphans(pool: &PgPool, provider: DcrProviderId) -> Result<Vec<PossibleOrphan>> {
    let orphans = sqlx::query_as(
        "select id, client_id, name, reason, happened_at from possible_orphan
         where dcr_provider_id = $1 order by happened_at desc, id limit 200",
    )
    .bind(provider)
    .fetch_all(pool)
    .await?;
    Ok(orphans)
}

pub(super) async fn list(pool: &PgPool, provider: DcrProviderId, request: &PageRequest) -> Result<Page<DcrClient>> {
    let filter = |query: &mut QueryBuilder<Postgres>| {
        query.push("where dcr_provider_id = ").push_bind(provider).push(" and not is_test");
        if !request.status.is_empty() {
            query.push(" and state = ").push_bind(request.status.clone());
        }
        if !request.search.is_empty() {
            query.push(" and name ilike ").push_bind(request.pattern());
        }
    };
    let mut query = select();
    filter(&mut query);
    query.push(" order by created_at desc, id limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from dcr_client ");
    filter(&mut query);
    let total: i64 = query.build_query_scalar().fetch_one(pool).await?;
    Ok(request.page(items, total))
}

/// Whether nothing is to be done for a client of an application now, or something has failed.
pub(super) async fn is_at_rest(pool: &PgPool, application: ApplicationId) -> Result<bool> {
    let at_rest = sqlx::query_scalar(
        "select not exists (select from dcr_client where application_id = $1 and state = 'waiting' and attempts = 0)",
    )
    .bind(application)
    .fetch_one(pool)
    .await?;
    Ok(at_rest)
}

/// The longest that a step may take, with what is left over for its records.
pub(super) const LEASE: Duration = Duration::seconds(180);
