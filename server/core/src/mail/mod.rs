//! Mail: written in the transaction of the change, sent by a job.
//!
//! Without an SMTP server the mails are kept for the admin to read.

pub mod messages;
mod smtp;
pub mod store;

pub use messages::Message;
pub use smtp::{Delivery, SmtpSettings};
pub use store::{Mail, MailNews};

use crate::{
    Actor, Core, Result, audit,
    error::OrNotFound,
    jobs::{self, Job},
};
use portico_model::{
    access::Permission,
    ids::{DeveloperId, MailId, PortalId},
    paging::{Page, PageRequest},
    problem::{Conflict, Problem},
    states::MailState,
};
use sqlx::PgConnection;

/// How long a mail that was sent, or that could not be, is remembered.
const RETENTION: time::Duration = time::Duration::days(90);

/// A message to a developer, from their portal.
#[derive(Clone, Debug)]
pub struct Letter {
    pub portal: PortalId,
    pub developer: DeveloperId,
    pub recipient: String,
    pub message: Message,
}

/// Writes a mail; it is sent once the transaction is committed.
pub async fn write(core: &Core, connection: &mut PgConnection, letter: Letter) -> Result<MailId> {
    let ids = write_all(core, connection, std::slice::from_ref(&letter)).await?;
    ids.into_iter().next().ok_or_else(|| anyhow::anyhow!("one letter has one id").into())
}

/// Writes many mails at once.
pub async fn write_all(core: &Core, connection: &mut PgConnection, letters: &[Letter]) -> Result<Vec<MailId>> {
    let ids: Vec<MailId> = letters.iter().map(|_| core.new_id()).collect();
    let state = if core.delivery.is_configured() { MailState::Queued } else { MailState::Kept };
    store::insert(connection, &ids, letters, state, core.now()).await?;
    if state == MailState::Queued {
        let sends: Vec<Job> = ids.iter().map(|id| Job::SendMail { mail: *id }).collect();
        jobs::enqueue(core, connection, &sends).await?;
    }
    Ok(ids)
}

/// Sends a mail that is due. Run by a job.
pub(crate) async fn deliver(core: &Core, id: MailId) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let Some(mail) = store::find(&mut connection, id).await? else { return Ok(()) };
    drop(connection);
    if mail.state == MailState::Queued && mail.text.is_some() {
        core.delivery.send(&mail).await?;
        store::mark_sent(&core.pool, id, core.now()).await?;
    }
    Ok(())
}

/// Notes why a mail was not sent. Run by a job.
pub(crate) async fn note_failure(core: &Core, id: MailId, error: &str, is_dead: bool) -> Result<()> {
    let state = if is_dead { MailState::Failed } else { MailState::Queued };
    store::mark_failed(&core.pool, id, state, error).await
}

/// Forgets mails that nobody waits for any more.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    store::delete_older(&core.pool, core.now() - RETENTION).await
}

/// The mails, newest first. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Mail>> {
    actor.require(Permission::Operate)?;
    store::list(&core.pool, request).await
}

/// One mail. For admins.
pub async fn get(core: &Core, actor: Actor, id: MailId) -> Result<Mail> {
    actor.require(Permission::Operate)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// Sends a mail that failed, or was kept before there was an SMTP server. For admins.
///
/// # Errors
///
/// `Conflict` with `MailNotSendable` for a mail that is sent or on its way, or without an SMTP server.
pub async fn send_again(core: &Core, actor: Actor, id: MailId) -> Result<()> {
    actor.require(Permission::Operate)?;
    let mut tx = core.begin().await?;
    let mail = store::lock(&mut tx, id).await?.or_not_found()?;
    if !core.delivery.is_configured() || !matches!(mail.state, MailState::Failed | MailState::Kept) {
        return Err(Problem::Conflict(Conflict::MailNotSendable).into());
    }
    store::queue(&mut tx, id).await?;
    jobs::enqueue(core, &mut tx, &[Job::SendMail { mail: id }]).await?;
    audit::record(core, &mut tx, actor, None, "mail.queued", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// What became of the newest mails to the signed-in developer. For developers.
pub async fn own(core: &Core, actor: Actor, portal: PortalId) -> Result<Vec<MailNews>> {
    let developer = actor.require_developer(portal)?;
    store::of_developer(&core.pool, developer).await
}

/// What became of a mail that a visitor of this portal has caused. For anyone who knows its id.
pub async fn news(core: &Core, portal: PortalId, id: MailId) -> Result<MailNews> {
    store::news(&core.pool, portal, id).await?.or_not_found()
}
