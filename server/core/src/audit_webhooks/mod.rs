//! Audit log webhooks: a portal's sign-ins, sent to where somebody collects such things; and sent again on request.

pub mod destinations;
pub mod store;

pub use destinations::{Destination, DestinationInput};
pub use store::{ReplayJob, Webhook};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    jobs::{self, Job},
    portals,
};
use anyhow::{Context, bail};
use http::{Request, header};
use portico_model::{
    access::Permission,
    ids::{AuditLogDestinationId, PortalId},
    problem::{Conflict, Problem, Rule},
    states::{LogFormat, ReplayStatus},
};
use serde_json::json;
use sqlx::PgConnection;
use store::Entry;
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// The event that is sent: somebody has signed in to a portal.
pub const SIGNED_IN: &str = "developer.signed_in";
/// How far back entries are sent again.
pub const REPLAY_MAX: Duration = Duration::days(7);
/// Entries in one request.
const BATCH: i64 = 500;

/// What somebody changes of a portal's webhook; none to leave it.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    pub enabled: Option<bool>,
    pub destination: Option<AuditLogDestinationId>,
}

/// A portal's webhook, as far as there is one. For admins.
pub async fn get(core: &Core, actor: Actor, portal: PortalId) -> Result<Webhook> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    portals::store::find(&mut connection, portal).await?.or_not_found()?;
    Ok(store::find(&mut connection, portal).await?.unwrap_or_default())
}

/// Changes a portal's webhook. For admins.
///
/// # Errors
///
/// `Invalid` for a destination that is not there, or none where it is enabled.
pub async fn update(core: &Core, actor: Actor, portal: PortalId, change: &WebhookChange) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let before = store::find(&mut tx, portal).await?.unwrap_or_default();
    let enabled = change.enabled.unwrap_or(before.enabled);
    let destination = change.destination.or(before.destination_id);
    if enabled && destination.is_none() {
        return Err(Problem::field("audit_log_destination_id", Rule::Required).into());
    }
    store::put(&mut tx, portal, enabled, destination).await.on_constraint(
        "audit_log_webhook_destination_id_fkey",
        Problem::field("audit_log_destination_id", Rule::MissingReference),
    )?;
    audit::record(core, &mut tx, actor, Some(portal), "audit_log_webhook.updated", Some(portal.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The last replay of a portal, if there was one. For admins.
pub async fn replay_job(core: &Core, actor: Actor, portal: PortalId) -> Result<Option<ReplayJob>> {
    actor.require(Permission::ReadPortals)?;
    let mut connection = core.pool.acquire().await?;
    portals::store::find(&mut connection, portal).await?.or_not_found()?;
    store::find_replay(&mut connection, portal).await
}

/// Sends a portal's entries of a time again, to where its webhook leads now. For admins.
///
/// # Errors
///
/// `Invalid` for a time that is not within the last seven days, or a portal without an enabled webhook; `Conflict` with
/// `ReplayRunning`.
pub async fn replay(core: &Core, actor: Actor, portal: PortalId, start_at: OffsetDateTime, end_at: OffsetDateTime) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    portals::store::lock(&mut tx, portal).await?.or_not_found()?;
    let now = core.now();
    if start_at < now - REPLAY_MAX || start_at > now {
        return Err(Problem::field("start_at", Rule::NotOffered).into());
    }
    // The ends of the calendar cannot be written in UTC.
    if end_at <= start_at || end_at.checked_to_offset(UtcOffset::UTC).is_none() {
        return Err(Problem::field("end_at", Rule::NotOffered).into());
    }
    if !store::find(&mut tx, portal).await?.is_some_and(|webhook| webhook.enabled) {
        return Err(Problem::field("enabled", Rule::Required).into());
    }
    let running = store::find_replay(&mut tx, portal).await?;
    if running.is_some_and(|job| matches!(job.status, ReplayStatus::Accepted | ReplayStatus::Running)) {
        return Err(Problem::Conflict(Conflict::ReplayRunning).into());
    }
    store::put_replay(&mut tx, portal, start_at, end_at, now).await?;
    jobs::enqueue(core, &mut tx, &[Job::ReplayAuditLog { portal, after: None }]).await?;
    audit::record(core, &mut tx, actor, Some(portal), "audit_log.replayed", Some(portal.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Has an entry sent, if its portal has a webhook; in the transaction that wrote the entry.
pub(crate) async fn announce(core: &Core, connection: &mut PgConnection, portal: PortalId, entry: Uuid) -> Result<()> {
    if store::find(&mut *connection, portal).await?.is_some_and(|webhook| webhook.enabled) {
        jobs::enqueue(core, connection, &[Job::DeliverAuditEntry { portal, entry }]).await?;
    }
    Ok(())
}

/// Sends one entry. A portal that has no webhook any more gets none.
pub(crate) async fn deliver(core: &Core, portal: PortalId, entry: Uuid) -> Result<()> {
    let entries = store::entry(&core.pool, entry).await?.into_iter().collect::<Vec<_>>();
    send(core, portal, &entries).await
}

/// Sends the next entries of a replay, and has those after them sent.
pub(crate) async fn replay_on(core: &Core, portal: PortalId, after: Option<Uuid>) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let Some(job) = store::find_replay(&mut connection, portal).await? else { return Ok(()) };
    let entries = store::entries(&mut connection, portal, &job, after, BATCH).await?;
    drop(connection);
    send(core, portal, &entries).await?;
    let mut tx = core.begin().await?;
    let is_last = i64::try_from(entries.len()).is_ok_and(|sent| sent < BATCH);
    let status = if is_last { ReplayStatus::Completed } else { ReplayStatus::Running };
    store::set_replay_status(&mut tx, portal, status, core.now()).await?;
    if !is_last {
        let after = entries.last().map(|entry| entry.id);
        jobs::enqueue(core, &mut tx, &[Job::ReplayAuditLog { portal, after }]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Notes that a replay is given up.
pub(crate) async fn give_up_replay(core: &Core, portal: PortalId) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    store::set_replay_status(&mut connection, portal, ReplayStatus::Failed, core.now()).await
}

async fn send(core: &Core, portal: PortalId, entries: &[Entry]) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let webhook = store::find(&mut connection, portal).await?.filter(|webhook| webhook.enabled);
    let Some(id) = webhook.and_then(|webhook| webhook.destination_id) else { return Ok(()) };
    let destination = destinations::store::find(&mut connection, id).await?.or_not_found()?;
    drop(connection);
    if entries.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = entries.iter().map(|entry| line(entry, destination.log_format)).collect::<anyhow::Result<_>>()?;
    let mut request = Request::post(&destination.endpoint).header(header::CONTENT_TYPE, "text/plain");
    if let Some(authorization) = destination.authorization(core)? {
        request = request.header(header::AUTHORIZATION, authorization.expose());
    }
    let request = request.body(lines.join("\n").into_bytes()).map_err(anyhow::Error::from)?;
    let outcome = core.outgoing.send(request).await;
    let (code, message) = match &outcome {
        Ok(answer) => (Some(answer.status().as_u16()), answer.status().canonical_reason().unwrap_or_default().to_owned()),
        Err(fault) => (None, fault.to_string()),
    };
    store::note_attempt(&core.pool, portal, core.now(), code, &message).await?;
    Ok(must_be_taken(code, &message)?)
}

fn must_be_taken(code: Option<u16>, message: &str) -> anyhow::Result<()> {
    match code {
        Some(200..300) => Ok(()),
        Some(code) => bail!("the destination answered {code} {message}"),
        None => bail!("the destination cannot be reached: {message}"),
    }
}

/// One entry, as Konnect's format has it, with Portico for the vendor.
fn line(entry: &Entry, format: LogFormat) -> anyhow::Result<String> {
    let at = entry.happened_at.format(&Rfc3339).context("a time that cannot be written")?;
    let milliseconds = entry.happened_at.unix_timestamp_nanos() / 1_000_000;
    let principal = entry.subject_id.unwrap_or_default();
    let (kind, outcome) = ("AUTHENTICATION_TYPE_BASIC", "AUTHENTICATION_OUTCOME_SUCCESS");
    Ok(match format {
        LogFormat::Json => json!({
            "cef_version": 0,
            "event_class_id": kind,
            "event_product": "Dev-Portal",
            "event_ts": at,
            "event_vendor": "Portico",
            "event_version": "1.0",
            "name": outcome,
            "portal_id": entry.portal_id,
            "principal_id": principal,
            "rt": milliseconds.to_string(),
            "severity": 0,
            "success": "true",
            "trace_id": entry.id,
        })
        .to_string(),
        LogFormat::Cef => format!(
            "{at} portico CEF:0|Portico|Dev-Portal|1.0|{kind}|{outcome}|0|rt={milliseconds} success=true portal_id={} principal_id={principal} trace_id={}",
            entry.portal_id, entry.id
        ),
    })
}
