//! Work that is done after a commit: recorded in the transaction of the change, then retried until
//! it succeeds or is dead, by whichever process is free.

use crate::{Core, Result, audit_webhooks, dcr_clients, mail};
use portico_model::ids::{AuthStrategyId, MailId, PortalId};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection, types::Json};
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// After so many failures a job is dead, and shown to the admin as such.
pub const MAX_ATTEMPTS: i32 = 12;
/// A worker that has not finished a job by then is taken for dead. Longer than any job may take.
const LEASE: time::Duration = time::Duration::seconds(45);
/// The longest pause between two attempts.
const PAUSE_MAX: time::Duration = time::Duration::hours(1);
/// How often to look for work that nobody announced.
const POLL: Duration = Duration::from_secs(1);

/// How often to do what time brings, besides once at the start.
const SWEEP_PAUSE: time::Duration = time::Duration::minutes(10);

/// Whose work it is: destinations of audit logs that do not answer hold up one another, and no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    Main,
    AuditLogs,
}

impl Lane {
    const AUDIT_LOGS: [&str; 2] = ["deliver_audit_entry", "replay_audit_log"];
}

/// A piece of work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    SendMail {
        mail: MailId,
    },
    /// Looks at the clients of a strategy's applications again.
    ReviewClients {
        strategy: AuthStrategyId,
    },
    /// Compares some of a provider's clients with ours.
    CompareClients {
        place: dcr_clients::Place,
    },
    /// Sends an entry of the audit log to where its portal's webhook leads.
    DeliverAuditEntry {
        portal: PortalId,
        entry: Uuid,
    },
    /// Sends some entries again.
    ReplayAuditLog {
        portal: PortalId,
        after: Option<Uuid>,
    },
}

impl Job {
    fn kind(&self) -> &'static str {
        match self {
            Self::SendMail { .. } => "send_mail",
            Self::ReviewClients { .. } => "review_clients",
            Self::CompareClients { .. } => "compare_clients",
            Self::DeliverAuditEntry { .. } => "deliver_audit_entry",
            Self::ReplayAuditLog { .. } => "replay_audit_log",
        }
    }

    async fn run(&self, core: &Core) -> Result<()> {
        match self {
            Self::SendMail { mail } => mail::deliver(core, *mail).await,
            Self::ReviewClients { strategy } => dcr_clients::review_strategy(core, *strategy).await,
            Self::CompareClients { place } => dcr_clients::compare_on(core, place).await,
            Self::DeliverAuditEntry { portal, entry } => audit_webhooks::deliver(core, *portal, *entry).await,
            Self::ReplayAuditLog { portal, after } => audit_webhooks::replay_on(core, *portal, *after).await,
        }
    }

    async fn failed(&self, core: &Core, error: &str, is_dead: bool) -> Result<()> {
        match self {
            Self::SendMail { mail } => mail::note_failure(core, *mail, error, is_dead).await,
            Self::ReviewClients { .. } | Self::DeliverAuditEntry { .. } => Ok(()),
            Self::ReplayAuditLog { portal, .. } if is_dead => audit_webhooks::give_up_replay(core, *portal).await,
            Self::ReplayAuditLog { .. } => Ok(()),
            Self::CompareClients { place } => dcr_clients::note_comparison_failure(core, place, error).await,
        }
    }
}

/// Records jobs; they run once the transaction is committed.
pub async fn enqueue(core: &Core, connection: &mut PgConnection, jobs: &[Job]) -> Result<()> {
    let ids: Vec<Uuid> = jobs.iter().map(|_| core.new_id()).collect();
    sqlx::query(
        "insert into job (id, kind, payload, state, attempts, run_at, last_error, created_at)
         select id, kind, payload, 'waiting', 0, $4, '', $4
         from unnest($1::uuid[], $2::text[], $3::jsonb[]) as job (id, kind, payload)",
    )
    .bind(ids)
    .bind(jobs.iter().map(Job::kind).collect::<Vec<_>>())
    .bind(jobs.iter().map(Json).collect::<Vec<_>>())
    .bind(core.now())
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Claimed {
    id: Uuid,
    payload: Json<Job>,
    attempts: i32,
}

/// Runs one job that is due; `false` when there is none.
pub async fn run_next(core: &Core, lane: Lane) -> Result<bool> {
    let Some(claimed) = claim(core, lane).await? else { return Ok(false) };
    match claimed.payload.run(core).await {
        Ok(()) => {
            sqlx::query("delete from job where id = $1").bind(claimed.id).execute(&core.pool).await?;
        }
        Err(error) => retry_later(core, &claimed, &describe(&error)).await?,
    }
    Ok(true)
}

async fn claim(core: &Core, lane: Lane) -> Result<Option<Claimed>> {
    let now = core.now();
    let claimed = sqlx::query_as(
        "update job set attempts = attempts + 1, lease_until = $2 where id = (
             select id from job
             where state = 'waiting' and run_at <= $1 and (lease_until is null or lease_until <= $1)
                 and (kind = any($3)) = $4
             order by run_at limit 1 for update skip locked
         ) returning id, payload, attempts",
    )
    .bind(now)
    .bind(now + LEASE)
    .bind(Lane::AUDIT_LOGS)
    .bind(lane == Lane::AuditLogs)
    .fetch_optional(&core.pool)
    .await?;
    Ok(claimed)
}

async fn retry_later(core: &Core, claimed: &Claimed, error: &str) -> Result<()> {
    let is_dead = claimed.attempts >= MAX_ATTEMPTS;
    tracing::warn!(job.id = %claimed.id, job.kind = claimed.payload.kind(), attempt = claimed.attempts, is_dead, "a job failed");
    claimed.payload.failed(core, error, is_dead).await?;
    sqlx::query("update job set state = $2, run_at = $3, lease_until = null, last_error = $4 where id = $1")
        .bind(claimed.id)
        .bind(if is_dead { "dead" } else { "waiting" })
        .bind(core.now() + pause(core, claimed.attempts, PAUSE_MAX))
        .bind(error)
        .execute(&core.pool)
        .await?;
    Ok(())
}

/// How long to wait after so many failures: doubles from two seconds to a bound, with up to half of it at random so that
/// retries spread out.
pub(crate) fn pause(core: &Core, attempts: i32, bound: time::Duration) -> time::Duration {
    let seconds = 2_f64.powi(attempts.clamp(1, 12)).min(bound.as_seconds_f64());
    let [jitter] = core.random.bytes::<1>();
    time::Duration::seconds_f64(seconds * (0.5 + f64::from(jitter) / 512.0))
}

fn describe(error: &crate::Error) -> String {
    match error {
        crate::Error::Problem(problem) => format!("{problem:?}"),
        crate::Error::Internal(error) => format!("{error:#}"),
    }
}

/// Runs the jobs of a lane until told to stop, and beside the main one does now and then what time brings. Any number of
/// processes may do this.
pub async fn work(core: Core, lane: Lane, stop: CancellationToken) {
    let mut swept_at: Option<OffsetDateTime> = None;
    while !stop.is_cancelled() {
        if lane == Lane::Main && swept_at.is_none_or(|at| core.now() - at > SWEEP_PAUSE) {
            swept_at = Some(core.now());
            if let Err(error) = sweep(&core).await {
                tracing::warn!(error = describe(&error), "what time brings waits for the next round");
            }
        }
        let found = match run_next(&core, lane).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(error = describe(&error), "the job worker waits");
                false
            }
        };
        if !found {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

/// Forgets what has expired, and tells of keys that are about to.
pub async fn sweep(core: &Core) -> Result<()> {
    crate::sessions::sweep(core).await?;
    crate::access_tokens::sweep(core).await?;
    crate::attempts::sweep(core).await?;
    crate::idempotency::sweep(core).await?;
    crate::developers::sweep(core).await?;
    crate::credentials::sweep(core).await?;
    crate::credentials::announce_expiry(core).await?;
    mail::sweep(core).await?;
    crate::gateways::changes::sweep(core).await
}
