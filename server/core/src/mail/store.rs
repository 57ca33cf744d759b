use super::Message;
use crate::Result;
use portico_model::{
    ids::{MailId, PortalId},
    paging::{PAGE_SIZE, Page, PageRequest},
    states::MailState,
};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A mail and what became of it.
#[derive(Clone, Debug, FromRow)]
pub struct Mail {
    pub id: MailId,
    pub recipient: String,
    pub subject: String,
    /// Gone once the mail was sent.
    pub body: Option<String>,
    pub state: MailState,
    pub attempts: i32,
    /// What the SMTP server answered last; empty when nothing went wrong.
    pub last_error: String,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: MailId,
    portal: Option<PortalId>,
    recipient: &str,
    message: &Message,
    state: MailState,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query(
        "insert into mail (id, portal_id, recipient, subject, body, state, attempts, last_error, created_at)
         values ($1, $2, $3, $4, $5, $6, 0, '', $7)",
    )
    .bind(id)
    .bind(portal)
    .bind(recipient)
    .bind(&message.subject)
    .bind(&message.body)
    .bind(state)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn find(connection: &mut PgConnection, id: MailId) -> Result<Option<Mail>> {
    let mail = sqlx::query_as(
        "select id, recipient, subject, body, state, attempts, last_error, created_at, sent_at from mail where id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(mail)
}

pub(super) async fn mark_sent(pool: &PgPool, id: MailId, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "update mail set state = 'sent', body = null, attempts = attempts + 1, last_error = '', sent_at = $2 where id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn mark_failed(pool: &PgPool, id: MailId, state: MailState, error: &str) -> Result<()> {
    sqlx::query("update mail set state = $2, attempts = attempts + 1, last_error = $3 where id = $1 and state = 'queued'")
        .bind(id)
        .bind(state)
        .bind(error)
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Mail>> {
    let pattern = request.pattern();
    let items = sqlx::query_as(
        "select id, recipient, subject, null as body, state, attempts, last_error, created_at, sent_at from mail
         where ($1 = '' or state = $1) and (recipient ilike $2 or subject ilike $2)
         order by created_at desc, id desc limit $3 offset $4",
    )
    .bind(&request.status)
    .bind(&pattern)
    .bind(i64::from(PAGE_SIZE))
    .bind(request.offset())
    .fetch_all(pool)
    .await?;
    let total = sqlx::query_scalar(
        "select count(*) from mail where ($1 = '' or state = $1) and (recipient ilike $2 or subject ilike $2)",
    )
    .bind(&request.status)
    .bind(&pattern)
    .fetch_one(pool)
    .await?;
    Ok(Page { items, index: request.index, total })
}
