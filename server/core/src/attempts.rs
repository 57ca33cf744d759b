//! Limits on attempts, counted in the database so that they hold across processes.

use crate::{Core, Result, secrets::sha256};
use portico_model::problem::Problem;
use time::Duration;

/// So many attempts in so long a time, per subject.
pub struct Limit {
    pub name: &'static str,
    pub attempts: i32,
    pub window: Duration,
}

/// Sign-in attempts at one account.
pub const SIGN_IN_PER_ACCOUNT: Limit = Limit { name: "sign-in/account", attempts: 10, window: Duration::minutes(15) };
/// Sign-in attempts from one address.
pub const SIGN_IN_PER_ADDRESS: Limit = Limit { name: "sign-in/address", attempts: 30, window: Duration::minutes(15) };
/// Mails that a stranger can cause to one address.
pub const MAIL_PER_ACCOUNT: Limit = Limit { name: "mail/account", attempts: 5, window: Duration::hours(1) };
/// Mails that one network address can cause.
pub const MAIL_PER_ADDRESS: Limit = Limit { name: "mail/address", attempts: 30, window: Duration::hours(1) };

/// Counts one attempt; refuses it when there were too many.
pub async fn count(core: &Core, limit: &Limit, subject: &str) -> Result<()> {
    let now = core.now();
    let digest = sha256(&format!("{}\0{}", limit.name, subject.to_lowercase()));
    let (count, window_ends_at): (i32, time::OffsetDateTime) = sqlx::query_as(
        "insert into attempt (subject_digest, count, window_ends_at) values ($1, 1, $2)
         on conflict on constraint attempt_pkey do update set
             count = case when attempt.window_ends_at <= $3 then 1 else attempt.count + 1 end,
             window_ends_at = case when attempt.window_ends_at <= $3 then $2 else attempt.window_ends_at end
         returning count, window_ends_at",
    )
    .bind(digest)
    .bind(now + limit.window)
    .bind(now)
    .fetch_one(&core.pool)
    .await?;
    if count > limit.attempts {
        let seconds = (window_ends_at - now).whole_seconds() + 1;
        return Err(Problem::RateLimited { retry_after_seconds: u32::try_from(seconds).unwrap_or(u32::MAX) }.into());
    }
    Ok(())
}

/// Forgets windows that have ended.
pub async fn sweep(core: &Core) -> Result<()> {
    sqlx::query("delete from attempt where window_ends_at <= $1").bind(core.now()).execute(&core.pool).await?;
    Ok(())
}
