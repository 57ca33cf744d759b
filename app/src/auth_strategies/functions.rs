//! What admins do to auth strategies.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::auth_strategies::{self, KEY_LIFETIME_DAYS_MAX, KeyAuthInput};
use portico_model::{
    paths,
    problem::{Problem, Rule},
};

pub const CREATE_AUTH_STRATEGY: &str = "/_fn/admin/create-auth-strategy";
pub const UPDATE_AUTH_STRATEGY: &str = "/_fn/admin/update-auth-strategy";
pub const DELETE_AUTH_STRATEGY: &str = "/_fn/admin/delete-auth-strategy";

fn input(name: String, display_name: String, key_names: &str, lifetime: &str) -> Result<KeyAuthInput, UiError> {
    let key_names = key_names.split(['\n', ',']).map(str::to_owned).collect();
    let wrong = || Problem::field("max_key_lifetime_days", Rule::Number(1, KEY_LIFETIME_DAYS_MAX));
    let max_key_lifetime_days = match lifetime.trim() {
        "" => None,
        days => Some(days.parse().map_err(|_| wrong())?),
    };
    Ok(KeyAuthInput { name, display_name, key_names, max_key_lifetime_days })
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-auth-strategy")]
pub async fn create_auth_strategy(
    name: String,
    display_name: String,
    key_names: String,
    #[server(default)] max_key_lifetime_days: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let input = input(name, display_name, &key_names, &max_key_lifetime_days)?;
    let id = auth_strategies::create_key_auth(&visit.core, visit.actor, input).await?;
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
    #[server(default)] max_key_lifetime_days: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let id = parse_id("strategy", &strategy)?;
    let input = input(name, display_name, &key_names, &max_key_lifetime_days)?;
    auth_strategies::update_key_auth(&visit.core, visit.actor, id, input).await?;
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
