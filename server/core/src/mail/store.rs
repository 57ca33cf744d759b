use super::Letter;
use crate::Result;
use portico_model::{
    ids::{DeveloperId, MailId, PortalId},
    paging::{Page, PageRequest},
    states::MailState,
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder};
use time::OffsetDateTime;

/// A mail and what became of it.
#[derive(Clone, Debug, FromRow)]
pub struct Mail {
    pub id: MailId,
    /// What the portal that it is about is called.
    pub portal_name: String,
    pub recipient: String,
    pub subject: String,
    /// Gone once the mail was sent, as `html`.
    pub text: Option<String>,
    pub html: Option<String>,
    pub state: MailState,
    pub attempts: i32,
    /// What the SMTP server answered last; empty when nothing went wrong.
    pub last_error: String,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
}

/// What became of a mail, without what it says.
#[derive(Clone, Debug, FromRow)]
pub struct MailNews {
    pub subject: String,
    pub state: MailState,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    ids: &[MailId],
    letters: &[Letter],
    state: MailState,
    now: OffsetDateTime,
) -> Result<()> {
    let column = |value: fn(&Letter) -> &str| letters.iter().map(|letter| value(letter).to_owned()).collect::<Vec<_>>();
    let portals: Vec<PortalId> = letters.iter().map(|letter| letter.portal).collect();
    let developers: Vec<DeveloperId> = letters.iter().map(|letter| letter.developer).collect();
    sqlx::query(
        "insert into mail (id, portal_id, developer_id, recipient, subject, body, html, state, attempts, last_error, created_at)
         select id, portal_id, developer_id, recipient, subject, body, html, $8, 0, '', $9
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[])
             as letter (id, portal_id, developer_id, recipient, subject, body, html)",
    )
    .bind(ids)
    .bind(portals)
    .bind(developers)
    .bind(column(|letter| &letter.recipient))
    .bind(column(|letter| &letter.message.subject))
    .bind(column(|letter| &letter.message.text))
    .bind(column(|letter| &letter.message.html))
    .bind(state)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

const MAIL: &str = "select id, recipient, subject, body as text, html, state, attempts, last_error, created_at, sent_at,
        coalesce((select display_name from portal where portal.id = mail.portal_id), '') as portal_name
    from mail where id = ";

pub(super) async fn find(connection: &mut PgConnection, id: MailId) -> Result<Option<Mail>> {
    let mut query = QueryBuilder::<Postgres>::new(MAIL);
    query.push_bind(id);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn lock(connection: &mut PgConnection, id: MailId) -> Result<Option<Mail>> {
    let mut query = QueryBuilder::<Postgres>::new(MAIL);
    query.push_bind(id).push(" for update");
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn queue(connection: &mut PgConnection, id: MailId) -> Result<()> {
    sqlx::query("update mail set state = 'queued' where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn mark_sent(pool: &PgPool, id: MailId, now: OffsetDateTime) -> Result<()> {
    sqlx::query(
        "update mail set state = 'sent', body = null, html = null, attempts = attempts + 1, last_error = '', sent_at = $2
         where id = $1",
    )
    .bind(id)
    .bind(now)
    .execute(pool)
    .await?;
    Ok(())
}

pub(super) async fn of_developer(pool: &PgPool, developer: DeveloperId) -> Result<Vec<MailNews>> {
    let mails = sqlx::query_as(
        "select subject, state, created_at, sent_at from mail where developer_id = $1 order by created_at desc, id desc limit 20",
    )
    .bind(developer)
    .fetch_all(pool)
    .await?;
    Ok(mails)
}

pub(super) async fn news(pool: &PgPool, portal: PortalId, id: MailId) -> Result<Option<MailNews>> {
    let news = sqlx::query_as("select subject, state, created_at, sent_at from mail where id = $1 and portal_id = $2")
        .bind(id)
        .bind(portal)
        .fetch_optional(pool)
        .await?;
    Ok(news)
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

pub(super) async fn delete_older(pool: &PgPool, before: OffsetDateTime) -> Result<()> {
    sqlx::query("delete from mail where created_at < $1 and state in ('sent', 'failed')").bind(before).execute(pool).await?;
    Ok(())
}

pub(super) async fn list(pool: &PgPool, request: &PageRequest) -> Result<Page<Mail>> {
    let mut query = QueryBuilder::<Postgres>::new(
        "select id, recipient, subject, null as text, null as html, state, attempts, last_error, created_at, sent_at,
             coalesce((select display_name from portal where portal.id = mail.portal_id), '') as portal_name
         from mail ",
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
    query.push(" limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let mut count = QueryBuilder::<Postgres>::new("select count(*) from mail ");
    push_filter(&mut count, request);
    let total = count.build_query_scalar().fetch_one(pool).await?;
    Ok(request.page(items, total))
}

fn push_filter(query: &mut QueryBuilder<Postgres>, request: &PageRequest) {
    let pattern = request.pattern();
    query.push("where (recipient ilike ").push_bind(pattern.clone()).push(" or subject ilike ").push_bind(pattern).push(")");
    if !request.status.is_empty() {
        query.push(" and state = ").push_bind(request.status.clone());
    }
}
