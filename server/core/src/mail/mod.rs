//! Mail: written in the transaction of the change, sent by a job.
//!
//! Without an SMTP server the mails are kept for the admin to read.

pub mod messages;
mod smtp;
pub mod store;

pub use messages::Message;
pub use smtp::{Delivery, SmtpSettings};
pub use store::Mail;

use crate::{
    Actor, Core, Result,
    error::OrNotFound,
    jobs::{self, Job},
};
use portico_model::{
    ids::{MailId, PortalId},
    paging::{Page, PageRequest},
    states::MailState,
};
use sqlx::PgConnection;

/// Writes a mail; it is sent once the transaction is committed.
pub async fn write(
    core: &Core,
    connection: &mut PgConnection,
    portal: Option<PortalId>,
    recipient: &str,
    message: &Message,
) -> Result<()> {
    let id = core.new_id();
    let state = if core.delivery.is_configured() { MailState::Queued } else { MailState::Kept };
    store::insert(connection, id, portal, recipient, message, state, core.now()).await?;
    if state == MailState::Queued {
        jobs::enqueue(core, connection, &Job::SendMail { mail: id }).await?;
    }
    Ok(())
}

/// Sends a mail that is due. Run by a job.
pub(crate) async fn deliver(core: &Core, id: MailId) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let Some(mail) = store::find(&mut connection, id).await? else { return Ok(()) };
    let (MailState::Queued, Some(body)) = (mail.state, &mail.body) else { return Ok(()) };
    drop(connection);
    core.delivery.send(id, &mail.recipient, &mail.subject, body).await?;
    store::mark_sent(&core.pool, id, core.now()).await
}

/// Notes why a mail was not sent. Run by a job.
pub(crate) async fn note_failure(core: &Core, id: MailId, error: &str, is_dead: bool) -> Result<()> {
    let state = if is_dead { MailState::Failed } else { MailState::Queued };
    store::mark_failed(&core.pool, id, state, error).await
}

/// The mails, newest first. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Mail>> {
    actor.require_admin()?;
    store::list(&core.pool, request).await
}

/// One mail. For admins.
pub async fn get(core: &Core, actor: Actor, id: MailId) -> Result<Mail> {
    actor.require_admin()?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}
