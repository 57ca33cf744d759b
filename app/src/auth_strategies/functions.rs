//! What admins do to auth strategies.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::auth_strategies::{self, KEY_LIFETIME_DAYS_MAX, KeyAuthInput, OpenidConnectInput};
use portico_model::{
    paths,
    problem::{Problem, Rule},
};
use std::collections::HashMap;

pub const CREATE_AUTH_STRATEGY: &str = "/_fn/admin/create-auth-strategy";
pub const UPDATE_AUTH_STRATEGY: &str = "/_fn/admin/update-auth-strategy";
pub const CREATE_OPENID_CONNECT: &str = "/_fn/admin/create-openid-connect";
pub const UPDATE_OPENID_CONNECT: &str = "/_fn/admin/update-openid-connect";
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
#[server(prefix = "/_fn", endpoint = "admin/create-openid-connect")]
pub async fn create_openid_connect(
    name: String,
    display_name: String,
    issuer: String,
    #[server(default)] scopes: String,
    #[server(default)] credential_claim: String,
    #[server(default)] auth_methods: HashMap<String, String>,
    #[server(default)] hide_credentials: bool,
    #[server(default)] further: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let input = OpenidConnectInput {
        name,
        display_name,
        issuer,
        scopes: lines(&scopes),
        credential_claim: lines(&credential_claim),
        auth_methods: in_order(auth_methods),
        hide_credentials,
        further,
    };
    let id = auth_strategies::create_openid_connect(&visit.core, visit.actor, input).await?;
    visit.leave_notice("The strategy is there. Choose it when you publish a version.").await?;
    redirect(&paths::admin::auth_strategy(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-openid-connect")]
pub async fn update_openid_connect(
    strategy: String,
    name: String,
    display_name: String,
    issuer: String,
    #[server(default)] scopes: String,
    #[server(default)] credential_claim: String,
    #[server(default)] auth_methods: HashMap<String, String>,
    #[server(default)] hide_credentials: bool,
    #[server(default)] further: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let id = parse_id("strategy", &strategy)?;
    let input = OpenidConnectInput {
        name,
        display_name,
        issuer,
        scopes: lines(&scopes),
        credential_claim: lines(&credential_claim),
        auth_methods: in_order(auth_methods),
        hide_credentials,
        further,
    };
    auth_strategies::update_openid_connect(&visit.core, visit.actor, id, input).await?;
    visit.leave_notice("Saved. Gateways follow at once.").await?;
    redirect(&paths::admin::auth_strategy(id));
    Ok(())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Chosen boxes, as they stand in the form.
fn in_order(chosen: HashMap<String, String>) -> Vec<String> {
    let mut chosen: Vec<(u32, String)> =
        chosen.into_iter().map(|(index, value)| (index.parse().unwrap_or(u32::MAX), value)).collect();
    chosen.sort();
    chosen.into_iter().map(|(_, value)| value).collect()
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
