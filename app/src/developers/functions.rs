//! Accounts: what visitors and developers do to their own, and what admins do to them.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{developers, secrets::Plain};
use portico_model::{
    ids::DeveloperId,
    paths,
    problem::{Problem, Rule},
    states::DeveloperStatus,
};

pub const SIGN_UP: &str = "/_fn/sign-up";
pub const SIGN_IN: &str = "/_fn/sign-in";
pub const SIGN_OUT: &str = "/_fn/sign-out";
pub const FORGOT_PASSWORD: &str = "/_fn/forgot-password";
pub const SET_PASSWORD: &str = "/_fn/set-password";
pub const RENAME_ACCOUNT: &str = "/_fn/rename-account";
pub const DECIDE_DEVELOPER: &str = "/_fn/admin/decide-developer";
pub const DELETE_DEVELOPER: &str = "/_fn/admin/delete-developer";

/// For anyone.
#[server(prefix = "/_fn", endpoint = "sign-up")]
pub async fn sign_up(email: String, full_name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let mail = developers::sign_up(&visit.core, visit.portal()?, &email, &full_name, &visit.address).await?;
    visit.leave_notice("Please check your email to confirm your address.").await?;
    redirect(&paths::portal::sign_up_mail(mail));
    Ok(())
}

/// For anyone.
#[server(prefix = "/_fn", endpoint = "sign-in")]
pub async fn sign_in(email: String, password: String, return_to: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = developers::sign_in(&visit.core, visit.portal()?, &email, Plain::new(password), &visit.address).await?;
    visit.sign_in_developer(id).await?;
    redirect(local_path(&return_to));
    Ok(())
}

/// A path of this portal; anything that could lead elsewhere becomes the catalogue.
fn local_path(path: &str) -> &str {
    let is_local = path.starts_with('/') && !path.starts_with("//") && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    if is_local { path } else { paths::portal::CATALOGUE }
}

/// For anyone; without a session there is nothing to do.
#[server(prefix = "/_fn", endpoint = "sign-out")]
pub async fn sign_out() -> Result<(), UiError> {
    Visit::current().sign_out().await?;
    redirect(paths::portal::SIGN_IN);
    Ok(())
}

/// For anyone.
#[server(prefix = "/_fn", endpoint = "forgot-password")]
pub async fn forgot_password(email: String) -> Result<(), UiError> {
    let visit = Visit::current();
    developers::forgot_password(&visit.core, visit.portal()?, &email, &visit.address).await?;
    visit
        .leave_notice("Check your email for a link to reset your password. It comes only if the address has an account.")
        .await?;
    redirect(paths::portal::SIGN_IN);
    Ok(())
}

/// For anyone with the link. Whoever is approved is signed in at once.
#[server(prefix = "/_fn", endpoint = "set-password")]
pub async fn set_password(token: String, password: String, password_again: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let developer = developers::set_password(
        &visit.core,
        visit.portal()?,
        &Plain::new(token),
        Plain::new(password),
        &Plain::new(password_again),
    )
    .await?;
    if developer.status == DeveloperStatus::Approved {
        visit.sign_in_developer(developer.id).await?;
        visit.leave_notice("Password successfully set!").await?;
        redirect(paths::portal::CATALOGUE);
    } else {
        visit.leave_notice("Password successfully set! Your account is pending approval for access; a mail tells you.").await?;
        redirect(paths::portal::SIGN_IN);
    }
    Ok(())
}

/// For developers.
#[server(prefix = "/_fn", endpoint = "rename-account")]
pub async fn rename_account(full_name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    developers::rename(&visit.core, visit.actor, visit.portal()?.id, &full_name).await?;
    visit.leave_notice("Saved.").await?;
    redirect(paths::portal::ACCOUNT);
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/decide-developer")]
pub async fn decide_developer(developer: String, status: String, #[server(default)] reason: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: DeveloperId = parse_id("developer", &developer)?;
    let status = DeveloperStatus::parse(&status).ok_or_else(|| Problem::field("status", Rule::NotOffered))?;
    developers::decide(&visit.core, visit.actor, id, status, &reason).await?;
    visit.leave_notice("Decided. The developer gets a mail.").await?;
    redirect(&paths::admin::developer(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-developer")]
pub async fn delete_developer(developer: String) -> Result<(), UiError> {
    let visit = Visit::current();
    developers::delete(&visit.core, visit.actor, parse_id("developer", &developer)?).await?;
    visit.leave_notice("The developer is deleted, with all applications and keys.").await?;
    redirect(paths::admin::DEVELOPERS);
    Ok(())
}
