//! Registrations: one application's access to one version.

pub(crate) mod impact;
pub mod store;

pub use store::{ATTRIBUTES, ATTRIBUTES_OF_APPLICATION, Registrable, Registration};

use crate::{
    Actor, Core, Result, applications, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    mail::{self, Letter, messages},
    portals::{self, Portal},
    publications,
};
use portico_model::{
    access::Permission,
    ids::{ApplicationId, PortalId, RegistrationId, VersionId},
    paging::{Page, PageRequest},
    paths,
    problem::{Conflict, Problem},
    states::RegistrationStatus,
    text::{DESCRIPTION_MAX, Fields},
};

/// Asks for an application's access to a published version. It is approved at once where the portal or
/// the publication says so. For the developer whose application it is.
///
/// # Errors
///
/// `Conflict` with `RegistrationClosed`, `OtherStrategy` or `AlreadyRegistered`.
pub async fn create(
    core: &Core,
    actor: Actor,
    portal: &Portal,
    application: ApplicationId,
    version: VersionId,
) -> Result<(RegistrationId, RegistrationStatus)> {
    let developer = actor.require_developer(portal.id)?;
    let mut tx = core.begin().await?;
    let strategy = applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    let terms = publications::store::lock_terms(&mut tx, developer, version, portal.id).await?.or_not_found()?;
    if !terms.application_registration_enabled {
        return Err(Problem::Conflict(Conflict::RegistrationClosed).into());
    }
    if terms.auth_strategy_id != Some(strategy.id) {
        return Err(Problem::Conflict(Conflict::OtherStrategy).into());
    }
    let status = if portal.auto_approve_applications || terms.auto_approve_registration {
        RegistrationStatus::Approved
    } else {
        RegistrationStatus::Pending
    };
    let id = core.new_id();
    store::insert(&mut tx, id, portal.id, application, version, status, core.now())
        .await
        .on_constraint("registration_application_version_key", Problem::Conflict(Conflict::AlreadyRegistered))?;
    audit::record(core, &mut tx, actor, Some(portal.id), "registration.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok((id, status))
}

/// Removes a registration; calls stop at once. A revoked one stays, so that it cannot simply be asked for
/// again. For the developer whose application it is.
pub async fn delete(core: &Core, actor: Actor, portal: PortalId, id: RegistrationId) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    let registration = store::lock(&mut tx, id).await?.filter(|r| r.developer_id == developer).or_not_found()?;
    if !registration.status.may_be_removed_by_developer() {
        return Err(Problem::Conflict(Conflict::RevokedStays).into());
    }
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, Some(portal), "registration.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes anybody's registration; it may be asked for again. For admins.
pub async fn delete_as_admin(core: &Core, actor: Actor, id: RegistrationId) -> Result<()> {
    actor.require(Permission::DecideRegistrations)?;
    let mut tx = core.begin().await?;
    let registration = store::lock(&mut tx, id).await?.or_not_found()?;
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, Some(registration.portal_id), "registration.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Approves, rejects, revokes or reinstates; the developer is told by mail, with the reason. For admins.
pub async fn decide(core: &Core, actor: Actor, id: RegistrationId, status: RegistrationStatus, reason: &str) -> Result<()> {
    actor.require(Permission::DecideRegistrations)?;
    let mut fields = Fields::new();
    let reason = fields.text("reason", reason, DESCRIPTION_MAX);
    fields.finish()?;
    let mut tx = core.begin().await?;
    let registration = store::lock(&mut tx, id).await?.or_not_found()?;
    let status = registration.status.change_to(status)?;
    store::set_status(&mut tx, id, status, &reason, core.now()).await?;
    let portal = portals::store::find(&mut tx, registration.portal_id).await?.or_not_found()?;
    let link = format!("{}{}", portal.origin(core), paths::portal::application(registration.application_id));
    let news = messages::RegistrationNews {
        developer: &registration.developer_name,
        application: &registration.application_name,
        product: &registration.product_name,
        version: &registration.version_name,
        reason: &reason,
        link: &link,
    };
    let message = messages::registration_decided(&portal, &news, status.as_str());
    let letter =
        Letter { portal: portal.id, developer: registration.developer_id, recipient: registration.developer_email, message };
    mail::write(core, &mut tx, letter).await?;
    audit::record(core, &mut tx, actor, Some(portal.id), event(status), Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

fn event(status: RegistrationStatus) -> &'static str {
    match status {
        RegistrationStatus::Pending => "registration.pending",
        RegistrationStatus::Approved => "registration.approved",
        RegistrationStatus::Revoked => "registration.revoked",
        RegistrationStatus::Rejected => "registration.rejected",
    }
}

/// Registrations of one portal or of all. For admins.
pub async fn list(core: &Core, actor: Actor, portal: Option<PortalId>, request: &PageRequest) -> Result<Page<Registration>> {
    actor.require(Permission::ReadPeople)?;
    store::list(&core.pool, portal, request).await
}

/// Some of the registrations of a portal, by [`ATTRIBUTES`], or of one of its applications. For admins.
pub async fn list_by(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: Option<ApplicationId>,
    listing: &Listing,
) -> Result<Listed<Registration>> {
    actor.require(Permission::ReadPeople)?;
    store::list_by(&core.pool, portal, application, listing).await
}

/// One registration. For admins.
pub async fn get(core: &Core, actor: Actor, id: RegistrationId) -> Result<Registration> {
    actor.require(Permission::ReadPeople)?;
    store::find(&core.pool, id).await?.or_not_found()
}

/// An application's registrations. For the developer whose it is.
pub async fn of_application(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
) -> Result<Vec<Registration>> {
    let developer = actor.require_developer(portal)?;
    store::of_application(&core.pool, developer, application).await
}

/// The signed-in developer's registrations for one version. For developers.
pub async fn own_for_version(core: &Core, actor: Actor, portal: PortalId, version: VersionId) -> Result<Vec<Registration>> {
    let developer = actor.require_developer(portal)?;
    store::own_for_version(&core.pool, developer, version).await
}

/// The signed-in developer's applications, and why each can or cannot register for a version. For developers.
pub async fn candidates(core: &Core, actor: Actor, portal: PortalId, version: VersionId) -> Result<Vec<Registrable>> {
    let developer = actor.require_developer(portal)?;
    store::candidates(&core.pool, developer, portal, version).await
}

/// How many developers and registrations wait for an admin. For admins.
pub async fn waiting(core: &Core, actor: Actor) -> Result<(i64, i64)> {
    actor.require_admin()?;
    store::waiting(&core.pool).await
}
