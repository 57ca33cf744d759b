//! Developers: people with an account in exactly one portal.

pub mod sign_in;
pub mod store;

pub use sign_in::sign_in;
pub use store::{ATTRIBUTES, Developer};

use crate::{
    Actor, Core, Result, attempts, audit,
    error::OrNotFound,
    listing::{Listed, Listing},
    mail::{self, Letter, Message, messages},
    portals::{self, Portal},
    secrets::{Plain, sha256},
};
use portico_model::{
    access::Permission,
    ids::{DeveloperId, MailId, PortalId},
    paging::{Page, PageRequest},
    paths,
    problem::{Problem, Rule},
    states::DeveloperStatus,
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};
use sqlx::PgConnection;
use time::Duration;

/// How long the link in the first mail works.
const CONFIRMATION_LIFETIME: Duration = Duration::hours(24);
/// How long the link to a new password works.
const RESET_LIFETIME: Duration = Duration::hours(1);
/// Accounts whose address was never confirmed are forgotten after this time.
const UNCONFIRMED_LIFETIME: Duration = Duration::days(7);

/// Signs up at a private portal. What is answered never shows whether the address has an account:
/// its owner learns that by the mail that is returned. For anyone; `address` is the network address, for the limit.
pub async fn sign_up(core: &Core, portal: &Portal, email: &str, full_name: &str, address: &str) -> Result<MailId> {
    require_accounts(portal)?;
    let mut fields = Fields::new();
    let email = fields.email("email", email);
    let full_name = fields.line("full_name", full_name, NAME_MAX);
    fields.finish()?;
    count_mail(core, portal, &email, address).await?;
    let mut tx = core.begin().await?;
    let id = core.new_id();
    if store::insert_unless_known(&mut tx, id, portal.id, &email, &full_name, core.now()).await? {
        audit::record(core, &mut tx, Actor::Anonymous, Some(portal.id), "developer.signed_up", Some(id.0)).await?;
    }
    let developer = store::find_by_email(&mut tx, portal.id, &email).await?.or_not_found()?;
    let message = if developer.is_confirmed {
        let sign_in = format!("{}{}", portal.origin(core), paths::portal::SIGN_IN);
        messages::account_exists(portal, &developer.full_name, developer.status.as_str(), &sign_in)
    } else {
        let link = new_password_link(core, &mut tx, portal, developer.id, CONFIRMATION_LIFETIME).await?;
        messages::confirm_address(portal, link.expose())
    };
    let mail = mail::write(core, &mut tx, developer.letter(message)).await?;
    tx.commit().await?;
    Ok(mail)
}

/// Mails a link to a new password, if the address has an account; the answer is the same if not. For anyone.
pub async fn forgot_password(core: &Core, portal: &Portal, email: &str, address: &str) -> Result<()> {
    require_accounts(portal)?;
    let mut fields = Fields::new();
    let email = fields.email("email", email);
    fields.finish()?;
    count_mail(core, portal, &email, address).await?;
    let mut tx = core.begin().await?;
    if let Some(developer) = store::find_by_email(&mut tx, portal.id, &email).await? {
        let link = new_password_link(core, &mut tx, portal, developer.id, RESET_LIFETIME).await?;
        let message = messages::reset_password(portal, &developer.full_name, link.expose());
        mail::write(core, &mut tx, developer.letter(message)).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn count_mail(core: &Core, portal: &Portal, email: &str, address: &str) -> Result<()> {
    attempts::count(core, &attempts::MAIL_PER_ADDRESS, address).await?;
    attempts::count(core, &attempts::MAIL_PER_ACCOUNT, &format!("{}/{email}", portal.id)).await
}

/// Whether a link to a password still works. Looking does not use it up: mail scanners look, too. For anyone.
pub async fn check_password_link(core: &Core, portal: &Portal, token: &Plain) -> Result<()> {
    require_accounts(portal)?;
    let mut connection = core.pool.acquire().await?;
    let known = store::password_link(&mut connection, portal.id, &sha256(token.expose()), core.now()).await?;
    known.map(|_| ()).ok_or_else(invalid_link)
}

/// Sets a password by a link, which confirms the address the first time, and ends every session of the
/// account. For anyone with the link.
pub async fn set_password(core: &Core, portal: &Portal, token: &Plain, password: Plain, again: &Plain) -> Result<Developer> {
    require_accounts(portal)?;
    let mut fields = Fields::new();
    fields.new_password(password.expose(), again.expose());
    fields.finish()?;
    check_password_link(core, portal, token).await?;
    let hash = core.passwords.hash(password).await?;
    let mut tx = core.begin().await?;
    let now = core.now();
    let id = store::use_password_link(&mut tx, portal.id, &sha256(token.expose()), now).await?.ok_or_else(invalid_link)?;
    store::set_password(&mut tx, id, &hash, portal.auto_approve_developers, now).await?;
    store::end_sessions(&mut tx, id).await?;
    audit::record(core, &mut tx, Actor::Anonymous, Some(portal.id), "developer.password_set", Some(id.0)).await?;
    let developer = store::find(&mut tx, id).await?.or_not_found()?;
    tx.commit().await?;
    Ok(developer)
}

fn invalid_link() -> crate::Error {
    Problem::field("token", Rule::Link).into()
}

/// A public portal has no accounts at all, and where people sign in elsewhere there are no passwords.
fn require_accounts(portal: &Portal) -> Result<()> {
    (!portal.is_public && portal.basic_auth_enabled).then_some(()).or_not_found()
}

async fn new_password_link(
    core: &Core,
    connection: &mut PgConnection,
    portal: &Portal,
    id: DeveloperId,
    lifetime: Duration,
) -> Result<Plain> {
    let (token, digest) = core.new_token("");
    store::insert_password_link(connection, &digest, id, core.now() + lifetime).await?;
    Ok(Plain::new(format!("{}{}?token={}", portal.origin(core), paths::portal::SET_PASSWORD, token.expose())))
}

/// The signed-in developer's own account. For developers.
pub async fn me(core: &Core, actor: Actor, portal: PortalId) -> Result<Developer> {
    let id = actor.require_developer(portal)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// Changes the signed-in developer's name. For developers.
pub async fn rename(core: &Core, actor: Actor, portal: PortalId, full_name: &str) -> Result<()> {
    let id = actor.require_developer(portal)?;
    let mut fields = Fields::new();
    let full_name = fields.line("full_name", full_name, NAME_MAX);
    fields.finish()?;
    let mut tx = core.begin().await?;
    store::rename(&mut tx, id, &full_name, core.now()).await?;
    audit::record(core, &mut tx, actor, Some(portal), "developer.renamed", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The developers of one portal or of all, without those whose address is not confirmed. For admins.
pub async fn list(core: &Core, actor: Actor, portal: Option<PortalId>, request: &PageRequest) -> Result<Page<Developer>> {
    actor.require(Permission::ReadPeople)?;
    store::list(&core.pool, portal, request).await
}

/// Some of the developers of a portal, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, portal: PortalId, listing: &Listing) -> Result<Listed<Developer>> {
    actor.require(Permission::ReadPeople)?;
    store::list_by(&core.pool, portal, listing).await
}

/// One developer. For admins.
pub async fn get(core: &Core, actor: Actor, id: DeveloperId) -> Result<Developer> {
    actor.require(Permission::ReadPeople)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// Approves, rejects or revokes a developer, who is told by mail. Leaving `approved` ends their sessions
/// but not their keys, which work until each registration is revoked. For admins.
pub async fn decide(core: &Core, actor: Actor, id: DeveloperId, status: DeveloperStatus, reason: &str) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut fields = Fields::new();
    let reason = fields.text("reason", reason, DESCRIPTION_MAX);
    fields.finish()?;
    let mut tx = core.begin().await?;
    let developer = store::lock(&mut tx, id).await?.or_not_found()?;
    let status = developer.status.change_to(status)?;
    store::set_status(&mut tx, id, status, &reason, core.now()).await?;
    if status != DeveloperStatus::Approved {
        store::end_sessions(&mut tx, id).await?;
    }
    let portal = portals::store::find(&mut tx, developer.portal_id).await?.or_not_found()?;
    let message = match status {
        DeveloperStatus::Approved => {
            let sign_in = format!("{}{}", portal.origin(core), paths::portal::SIGN_IN);
            messages::account_approved(&portal, &developer.full_name, &sign_in)
        }
        refused => messages::account_refused(&portal, &developer.full_name, refused.as_str(), &reason),
    };
    mail::write(core, &mut tx, developer.letter(message)).await?;
    audit::record(core, &mut tx, actor, Some(portal.id), event(status), Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

impl Developer {
    /// A mail to this developer.
    fn letter(&self, message: Message) -> Letter {
        Letter { portal: self.portal_id, developer: self.id, recipient: self.email.clone(), message }
    }
}

fn event(status: DeveloperStatus) -> &'static str {
    match status {
        DeveloperStatus::Pending => "developer.pending",
        DeveloperStatus::Approved => "developer.approved",
        DeveloperStatus::Revoked => "developer.revoked",
        DeveloperStatus::Rejected => "developer.rejected",
    }
}

/// Deletes a developer with all applications, keys and registrations; the address may sign up anew. For admins.
pub async fn delete(core: &Core, actor: Actor, id: DeveloperId) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let developer = store::lock(&mut tx, id).await?.or_not_found()?;
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, Some(developer.portal_id), "developer.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets expired links and accounts that were never confirmed.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    store::sweep(&core.pool, core.now(), core.now() - UNCONFIRMED_LIFETIME).await
}

/// Makes an approved developer with a confirmed address, unless the address has an account; either way,
/// whose it is. For the operator.
pub async fn create_approved(
    core: &Core,
    actor: Actor,
    portal: &Portal,
    email: &str,
    full_name: &str,
    password: Plain,
) -> Result<DeveloperId> {
    if actor != Actor::System {
        return Err(Problem::NotFound.into());
    }
    let mut tx = core.begin().await?;
    let id = core.new_id();
    if !store::insert_unless_known(&mut tx, id, portal.id, email, full_name, core.now()).await? {
        return Ok(store::find_by_email(&mut tx, portal.id, email).await?.or_not_found()?.id);
    }
    let hash = core.passwords.hash(password).await?;
    store::set_password(&mut tx, id, &hash, true, core.now()).await?;
    audit::record(core, &mut tx, actor, Some(portal.id), "developer.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}
