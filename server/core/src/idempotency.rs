//! Requests that may be sent again, because nobody knows whether the first one arrived: one with a key that was seen gets
//! the first one's answer.

use crate::{Actor, Core, Result, secrets::sha256};
use portico_model::problem::{Conflict, Problem, Rule};
use sqlx::FromRow;
use time::{Duration, OffsetDateTime};

/// How long a key is remembered.
pub const LIFETIME: Duration = Duration::hours(24);
/// Longest key, in characters.
pub const KEY_MAX: usize = 255;
/// How long a first request may take; after that its process is taken to have died.
const PATIENCE: Duration = Duration::minutes(2);

/// What is remembered of a first request.
#[derive(Clone, Debug, FromRow)]
struct Known {
    request_digest: Vec<u8>,
    status: Option<i16>,
    body: Option<Vec<u8>>,
}

/// An answer that was given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A first request that is under way; to be finished with [`finish`] or [`forget`].
#[derive(Debug)]
pub struct Begun {
    owner: uuid::Uuid,
    key: Vec<u8>,
    at: OffsetDateTime,
}

/// Begins a request with a key, unless it was begun before: then what was answered. `request` tells it from others. For
/// admins and system accounts.
///
/// # Errors
///
/// `Invalid` for a key that was used for another request, `Conflict` with `RequestUnderWay`.
pub async fn begin(core: &Core, actor: Actor, key: &str, request: &[u8]) -> Result<std::result::Result<Begun, Given>> {
    actor.require_admin()?;
    let wrong = |rule| Problem::field("Idempotency-Key", rule);
    if key.is_empty() {
        return Err(wrong(Rule::Required).into());
    }
    if key.chars().count() > KEY_MAX {
        return Err(wrong(Rule::MaxLength(KEY_MAX)).into());
    }
    let (now, owner) = (core.now(), actor.id().unwrap_or_default());
    let (key, request) = (sha256(key), request.to_vec());
    let taken = sqlx::query(
        "insert into idempotent_request (owner_id, key_digest, request_digest, created_at) values ($1, $2, $3, $4)
         on conflict on constraint idempotent_request_pkey do update
             set request_digest = $3, status = null, body = null, created_at = $4
             where idempotent_request.created_at <= $5
                 or idempotent_request.status is null and idempotent_request.created_at <= $6",
    )
    .bind(owner)
    .bind(&key)
    .bind(&request)
    .bind(now)
    .bind(now - LIFETIME)
    .bind(now - PATIENCE)
    .execute(&core.pool)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Ok(Begun { owner, key, at: now }));
    }
    let known: Option<Known> =
        sqlx::query_as("select request_digest, status, body from idempotent_request where owner_id = $1 and key_digest = $2")
            .bind(owner)
            .bind(&key)
            .fetch_optional(&core.pool)
            .await?;
    match known {
        Some(known) if known.request_digest != request => Err(wrong(Rule::Taken).into()),
        Some(Known { status: Some(status), body, .. }) => {
            Ok(Err(Given { status: u16::try_from(status).unwrap_or_default(), body: body.unwrap_or_default() }))
        }
        _ => Err(Problem::Conflict(Conflict::RequestUnderWay).into()),
    }
}

/// Remembers what a first request was answered.
pub async fn finish(core: &Core, begun: &Begun, given: &Given) -> Result<()> {
    sqlx::query(
        "update idempotent_request set status = $4, body = $5 where owner_id = $1 and key_digest = $2 and created_at = $3",
    )
    .bind(begun.owner)
    .bind(&begun.key)
    .bind(begun.at)
    .bind(i16::try_from(given.status).unwrap_or_default())
    .bind(&given.body)
    .execute(&core.pool)
    .await?;
    Ok(())
}

/// Forgets a first request that came to nothing here, so that it can be tried again.
pub async fn forget(core: &Core, begun: &Begun) -> Result<()> {
    sqlx::query("delete from idempotent_request where owner_id = $1 and key_digest = $2 and created_at = $3")
        .bind(begun.owner)
        .bind(&begun.key)
        .bind(begun.at)
        .execute(&core.pool)
        .await?;
    Ok(())
}

/// Forgets what is old.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    sqlx::query("delete from idempotent_request where created_at <= $1").bind(core.now() - LIFETIME).execute(&core.pool).await?;
    Ok(())
}
