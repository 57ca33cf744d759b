use super::Message;
use crate::Result;
use portico_model::{
    ids::{MailId, PortalId},
    paging::{PAGE_SIZE, Page, PageRequest},
    states::MailState,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
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
    let mut query = QueryBuilder::<Postgres>::new(
        "select id, recipient, subject, null as body, state, attempts, last_error, created_at, sent_at from mail ",
    );
    push_filter(&mut query, request);
    query.push(match request.sort.as_str() {
        "subject" => " order by lower(subject), id",
        "-subject" => " order by lower(subject) desc, id",
        "recipient" => " order by lower(recipient), id",
        "-recipient" => " order by lower(recipient) desc, id",
        "created_at" => " order by created_at, id",
        _ => " order by created_at desc, id desc",
    });
    query.push(" limit ").push_bind(i64::from(PAGE_SIZE)).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let mut count = QueryBuilder::<Postgres>::new("select count(*) from mail ");
    push_filter(&mut count, request);
    let total = count.build_query_scalar().fetch_one(pool).await?;
    Ok(Page { items, index: request.index, total })
}

fn push_filter(query: &mut QueryBuilder<Postgres>, request: &PageRequest) {
    let pattern = request.pattern();
    query.push("where (recipient ilike ").push_bind(pattern.clone()).push(" or subject ilike ").push_bind(pattern).push(")");
    if !request.status.is_empty() {
        query.push(" and state = ").push_bind(request.status.clone());
    }
}
