//! What admins do to system accounts.

use crate::{
    admins::roles::parse_roles,
    visit::{UiError, Visit, parse_id},
};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{
    access_tokens::{self, AccessTokenInput},
    system_accounts::{self, SystemAccountInput},
};
use portico_model::{ids::SystemAccountId, paths};
use std::collections::HashMap;

pub const CREATE_SYSTEM_ACCOUNT: &str = "/_fn/admin/create-system-account";
pub const UPDATE_SYSTEM_ACCOUNT: &str = "/_fn/admin/update-system-account";
pub const DELETE_SYSTEM_ACCOUNT: &str = "/_fn/admin/delete-system-account";
pub const CREATE_SYSTEM_ACCOUNT_TOKEN: &str = "/_fn/admin/create-system-account-token";
pub const REVOKE_SYSTEM_ACCOUNT_TOKEN: &str = "/_fn/admin/revoke-system-account-token";

/// For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/create-system-account")]
pub async fn create_system_account(
    name: String,
    description: String,
    #[server(default)] roles: HashMap<String, String>,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let input = SystemAccountInput { name, description, roles: parse_roles(roles) };
    let id = system_accounts::create(&visit.core, visit.actor, input).await?;
    visit.leave_notice("The system account is there. Create a token for it.").await?;
    redirect(&paths::admin::system_account(id));
    Ok(())
}

/// For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/update-system-account")]
pub async fn update_system_account(
    system_account: String,
    name: String,
    description: String,
    #[server(default)] roles: HashMap<String, String>,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("system_account", &system_account)?;
    let input = SystemAccountInput { name, description, roles: parse_roles(roles) };
    system_accounts::update(&visit.core, visit.actor, id, input).await?;
    visit.leave_notice("Saved. Its tokens follow at once.").await?;
    redirect(&paths::admin::system_account(id));
    Ok(())
}

/// For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/delete-system-account")]
pub async fn delete_system_account(system_account: String) -> Result<(), UiError> {
    let visit = Visit::current();
    system_accounts::delete(&visit.core, visit.actor, parse_id("system_account", &system_account)?).await?;
    visit.leave_notice("The system account and its tokens are gone.").await?;
    redirect(paths::admin::SYSTEM_ACCOUNTS);
    Ok(())
}

/// The token travels sealed in the session to the next page, which shows it once. For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/create-system-account-token")]
pub async fn create_system_account_token(system_account: String, name: String, lifetime_days: String) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let id: SystemAccountId = parse_id("system_account", &system_account)?;
    let lifetime_days = crate::access_tokens::functions::parse_days(&lifetime_days)?;
    let input = AccessTokenInput { name, lifetime_days, roles: None };
    let token = access_tokens::create_of(&visit.core, visit.actor, id, &input).await?;
    visit.leave_secret(&token).await?;
    redirect(&paths::admin::system_account(id));
    Ok(())
}

/// For admins who decide who may do what.
#[server(prefix = "/_fn", endpoint = "admin/revoke-system-account-token")]
pub async fn revoke_system_account_token(system_account: String, access_token: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("system_account", &system_account)?;
    access_tokens::revoke_of(&visit.core, visit.actor, id, parse_id("access_token", &access_token)?).await?;
    visit.leave_notice("The token is revoked. It is refused from now on.").await?;
    redirect(&paths::admin::system_account(id));
    Ok(())
}
