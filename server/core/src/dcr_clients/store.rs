use crate::{
    Result,
    auth_strategies::OpenidConnect,
    dcr_providers::{Call, connectors::Wanted},
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, DcrClientId, DcrProviderId, DeveloperId, PortalId, VersionId},
    paging::{Page, PageRequest},
    states::{ClientCall, DcrClientState},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

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
    #[sqlx(json(nullable))]
    pub(super) attempted: Option<Wanted>,
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

    /// Whether the provider has ever given it a secret.
    pub fn was_given_secret(&self) -> bool {
        self.secret_digest.is_some()
    }

    /// Whether a secret waits to be opened.
    pub fn has_secret(&self) -> bool {
        self.secret.is_some()
    }
}

pub(super) const COLUMNS: &str =
    "id, dcr_provider_id, application_id, replaces_id, is_test, is_wanted, revision, name, client_id, given_at, management,
    secret, secret_digest, secret_expires_at, is_rotation_wanted, applied, attempted, unanswered, unanswered_since, is_unmanageable, state,
    attempts, retry_at, lease_id, last_error, is_developers_fault, calls, created_at";

pub(super) fn select() -> QueryBuilder<Postgres> {
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

/// Deletes a client's row outright.
pub(super) async fn delete(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("delete from dcr_client where id = $1").bind(id).execute(connection).await?;
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
         where id in (select id from dcr_client where dcr_provider_id = $1 and state in ('refused', 'waiting') and attempts > 0
                      order by id for update)",
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
         where id in (select dcr_client.id from dcr_client join application on application.id = application_id
                      where auth_strategy_id = $1 order by dcr_client.id for update of dcr_client)",
    )
    .bind(strategy)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn set_given_up(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set state = 'given_up', revision = revision + 1, retry_at = null where id = $1")
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

/// Nobody waits for the answer any more.
pub(super) async fn clear_unanswered(connection: &mut PgConnection, id: DcrClientId) -> Result<()> {
    sqlx::query("update dcr_client set unanswered = null, unanswered_since = null where id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
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

/// Whether the clients of a strategy's applications get new secrets when they are changed.
pub(crate) async fn renew_secrets(connection: &mut PgConnection, strategy: AuthStrategyId) -> Result<bool> {
    let renew = sqlx::query_scalar(
        "select exists (select from dcr_client
             join application on application.id = application_id
             join dcr_provider on dcr_provider.id = dcr_provider_id
             where auth_strategy_id = $1 and provider_type = 'curity')",
    )
    .bind(strategy)
    .fetch_one(connection)
    .await?;
    Ok(renew)
}
