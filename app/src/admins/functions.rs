//! Signing in and out of the admin console, and what admins may do there.

use super::roles::parse_roles;
use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{admins, secrets::Plain};
use portico_model::paths;
use std::collections::HashMap;

pub const SET_ADMIN_ROLES: &str = "/_fn/admin/set-admin-roles";
pub const SET_UP: &str = "/_fn/admin/set-up";
pub const SIGN_IN_ADMIN: &str = "/_fn/admin/sign-in";
pub const SIGN_OUT_ADMIN: &str = "/_fn/admin/sign-out";

/// Makes the first admin and signs them in. For anyone with the link.
#[server(prefix = "/_fn", endpoint = "admin/set-up")]
pub async fn set_up(token: String, email: String, password: String, password_again: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = admins::set_up(&visit.core, &Plain::new(token), &email, Plain::new(password), &Plain::new(password_again)).await?;
    visit.sign_in_admin(id).await?;
    redirect(paths::admin::HOME);
    Ok(())
}

/// For anyone.
#[server(prefix = "/_fn", endpoint = "admin/sign-in")]
pub async fn sign_in_admin(email: String, password: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = admins::sign_in(&visit.core, &email, Plain::new(password), &visit.address).await?;
    visit.sign_in_admin(id).await?;
    redirect(paths::admin::HOME);
    Ok(())
}

/// For anyone; without a session there is nothing to do.
#[server(prefix = "/_fn", endpoint = "admin/sign-out")]
pub async fn sign_out_admin() -> Result<(), UiError> {
    Visit::current().sign_out().await?;
    redirect(paths::admin::SIGN_IN);
    Ok(())
}

/// For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/set-admin-roles")]
pub async fn set_admin_roles(admin: String, #[server(default)] roles: HashMap<String, String>) -> Result<(), UiError> {
    let visit = Visit::current();
    admins::set_roles(&visit.core, visit.actor, parse_id("admin", &admin)?, &parse_roles(roles)).await?;
    visit.leave_notice("Saved. It holds at once, for the admin's tokens too.").await?;
    redirect(paths::admin::ADMINS);
    Ok(())
}
