//! What admins do to auth strategies.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::auth_strategies::{self, KeyAuthInput};
use portico_model::paths;

pub const CREATE_AUTH_STRATEGY: &str = "/_fn/admin/create-auth-strategy";
pub const UPDATE_AUTH_STRATEGY: &str = "/_fn/admin/update-auth-strategy";
pub const DELETE_AUTH_STRATEGY: &str = "/_fn/admin/delete-auth-strategy";

fn input(name: String, display_name: String, key_names: &str) -> KeyAuthInput {
    let key_names = key_names.split(['\n', ',']).map(str::to_owned).collect();
    KeyAuthInput { name, display_name, key_names }
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-auth-strategy")]
pub async fn create_auth_strategy(name: String, display_name: String, key_names: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = auth_strategies::create_key_auth(&visit.core, visit.actor, input(name, display_name, &key_names)).await?;
    visit.leave_notice("The strategy is there. Choose it when you publish a version.").await?;
    redirect(&paths::admin::auth_strategy(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-auth-strategy")]
pub async fn update_auth_strategy(
    strategy: String,
    name: String,
    display_name: String,
    key_names: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id = parse_id("strategy", &strategy)?;
    auth_strategies::update_key_auth(&visit.core, visit.actor, id, input(name, display_name, &key_names)).await?;
    visit.leave_notice("Saved. Gateways follow at once.").await?;
    redirect(&paths::admin::auth_strategy(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-auth-strategy")]
pub async fn delete_auth_strategy(strategy: String) -> Result<(), UiError> {
    let visit = Visit::current();
    auth_strategies::delete(&visit.core, visit.actor, parse_id("strategy", &strategy)?).await?;
    visit.leave_notice("The strategy is deleted.").await?;
    redirect(paths::admin::AUTH_STRATEGIES);
    Ok(())
}
