use crate::Result;
use portico_model::{
    ids::{AuditLogDestinationId, PortalId},
    states::ReplayStatus,
};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

/// A portal's webhook.
#[derive(Clone, Debug, Default, FromRow)]
pub struct Webhook {
    pub enabled: bool,
    pub destination_id: Option<AuditLogDestinationId>,
    pub last_attempt_at: Option<OffsetDateTime>,
    /// None where there was no answer.
    pub last_response_code: Option<i32>,
    pub last_response_message: Option<String>,
}

/// The last request of a portal to send entries again.
#[derive(Clone, Debug, FromRow)]
pub struct ReplayJob {
    pub start_at: OffsetDateTime,
    pub end_at: OffsetDateTime,
    pub status: ReplayStatus,
    pub updated_at: OffsetDateTime,
}

/// An entry that is sent.
#[derive(FromRow)]
pub(super) struct Entry {
    pub id: Uuid,
    pub happened_at: OffsetDateTime,
    pub portal_id: PortalId,
    pub subject_id: Option<Uuid>,
}

pub(super) async fn find(connection: &mut PgConnection, portal: PortalId) -> Result<Option<Webhook>> {
    let found = sqlx::query_as(
        "select enabled, destination_id, last_attempt_at, last_response_code, last_response_message
         from audit_log_webhook where portal_id = $1",
    );
    Ok(found.bind(portal).fetch_optional(connection).await?)
}

pub(super) async fn put(
    connection: &mut PgConnection,
    portal: PortalId,
    enabled: bool,
    destination: Option<AuditLogDestinationId>,
) -> Result<()> {
    sqlx::query(
        "insert into audit_log_webhook (portal_id, enabled, destination_id) values ($1, $2, $3)
         on conflict (portal_id) do update set enabled = $2, destination_id = $3",
    )
    .bind(portal)
    .bind(enabled)
    .bind(destination)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn note_attempt(
    pool: &PgPool,
    portal: PortalId,
    now: OffsetDateTime,
    code: Option<u16>,
    message: &str,
) -> Result<()> {
    sqlx::query(
        "update audit_log_webhook set last_attempt_at = $2, last_response_code = $3, last_response_message = $4
         where portal_id = $1",
    )
    .bind(portal)
    .bind(now)
    .bind(code.map(i32::from))
    .bind(message)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn find_replay(connection: &mut PgConnection, portal: PortalId) -> Result<Option<ReplayJob>> {
    let found = sqlx::query_as("select start_at, end_at, status, updated_at from audit_log_replay_job where portal_id = $1");
    Ok(found.bind(portal).fetch_optional(connection).await?)
}

pub(super) async fn put_replay(
    connection: &mut PgConnection,
    portal: PortalId,
    start_at: OffsetDateTime,
    end_at: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into audit_log_replay_job (portal_id, start_at, end_at, status, updated_at) values ($1, $2, $3, 'accepted', $4)
         on conflict (portal_id) do update set start_at = $2, end_at = $3, status = 'accepted', updated_at = $4",
    )
    .bind(portal)
    .bind(start_at)
    .bind(end_at)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn set_replay_status(
    connection: &mut PgConnection,
    portal: PortalId,
    status: ReplayStatus,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query("update audit_log_replay_job set status = $2, updated_at = $3 where portal_id = $1")
        .bind(portal)
        .bind(status)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn entry(pool: &PgPool, id: Uuid) -> Result<Option<Entry>> {
    let found = sqlx::query_as("select id, happened_at, portal_id, subject_id from audit_entry where id = $1");
    Ok(found.bind(id).fetch_optional(pool).await?)
}

/// The next entries of a replay, in the order of their ids.
pub(super) async fn entries(
    connection: &mut PgConnection,
    portal: PortalId,
    job: &ReplayJob,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let entries = sqlx::query_as(
        "select id, happened_at, portal_id, subject_id from audit_entry
         where portal_id = $1 and event = $2 and happened_at >= $3 and happened_at < $4 and ($5::uuid is null or id > $5)
         order by id limit $6",
    )
    .bind(portal)
    .bind(super::SIGNED_IN)
    .bind(job.start_at)
    .bind(job.end_at)
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    Ok(entries)
}
