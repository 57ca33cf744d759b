//! What was done, by whom: written in the same transaction as the change itself.

use crate::{Actor, Core, Result};
use portico_model::ids::PortalId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Records an event about a subject.
pub async fn record(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    portal: Option<PortalId>,
    event: &'static str,
    subject: Option<Uuid>,
) -> Result<()> {
    record_entry(core, connection, actor, portal, event, subject).await.map(|_| ())
}

/// The same; the entry's id.
pub async fn record_entry(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    portal: Option<PortalId>,
    event: &'static str,
    subject: Option<Uuid>,
) -> Result<Uuid> {
    let id: Uuid = core.new_id();
    sqlx::query(
        "insert into audit_entry (id, happened_at, actor, actor_id, portal_id, event, subject_id)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(core.now())
    .bind(actor.kind())
    .bind(actor.id())
    .bind(portal)
    .bind(event)
    .bind(subject)
    .execute(connection)
    .await?;
    Ok(id)
}
