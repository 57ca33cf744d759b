//! What developers and admins do to registrations.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::registrations;
use portico_model::{
    ids::{ApplicationId, RegistrationId, VersionId},
    paths,
    problem::{Problem, Rule},
    states::RegistrationStatus,
};

pub const CREATE_REGISTRATION: &str = "/_fn/create-registration";
pub const DELETE_REGISTRATION: &str = "/_fn/delete-registration";
pub const DECIDE_REGISTRATION: &str = "/_fn/admin/decide-registration";
pub const DELETE_REGISTRATION_AS_ADMIN: &str = "/_fn/admin/delete-registration";

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "create-registration")]
pub async fn create_registration(#[server(default)] application: String, version: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let application: ApplicationId = parse_id("application", &application)?;
    let version: VersionId = parse_id("version", &version)?;
    let (_, status) = registrations::create(&visit.core, visit.actor, visit.portal()?, application, version).await?;
    let notice = match status {
        RegistrationStatus::Approved => "Registration approved. Create a key to start.",
        _ => "Registration under review. You will be notified upon approval.",
    };
    visit.leave_notice(notice).await?;
    redirect(&paths::portal::application(application));
    Ok(())
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "delete-registration")]
pub async fn delete_registration(application: String, registration: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let application: ApplicationId = parse_id("application", &application)?;
    registrations::delete(&visit.core, visit.actor, visit.portal()?.id, parse_id("registration", &registration)?).await?;
    visit.leave_notice("Unregistered.").await?;
    redirect(&paths::portal::application(application));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/decide-registration")]
pub async fn decide_registration(registration: String, status: String, #[server(default)] reason: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: RegistrationId = parse_id("registration", &registration)?;
    let status = RegistrationStatus::parse(&status).ok_or_else(|| Problem::field("status", Rule::NotOffered))?;
    registrations::decide(&visit.core, visit.actor, id, status, &reason).await?;
    visit.leave_notice("Decided. The developer gets a mail.").await?;
    redirect(paths::admin::REGISTRATIONS);
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-registration")]
pub async fn delete_registration_as_admin(registration: String) -> Result<(), UiError> {
    let visit = Visit::current();
    registrations::delete_as_admin(&visit.core, visit.actor, parse_id("registration", &registration)?).await?;
    visit.leave_notice("The registration is removed. Its calls stop at once.").await?;
    redirect(paths::admin::REGISTRATIONS);
    Ok(())
}
