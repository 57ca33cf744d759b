//! What admins do to auth strategies.

use crate::visit::{UiError, Visit, parse_id, parse_optional_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{
    auth_strategies::{self, KEY_LIFETIME_DAYS_MAX, KeyAuthInput, OpenidConnectInput},
    products,
    secrets::Plain,
};
use portico_model::{
    ids::{AuthStrategyId, VersionId},
    paths,
    problem::{Problem, Rule},
};
use std::collections::HashMap;

pub const CREATE_AUTH_STRATEGY: &str = "/_fn/admin/create-auth-strategy";
pub const UPDATE_AUTH_STRATEGY: &str = "/_fn/admin/update-auth-strategy";
pub const SAVE_OPENID_CONNECT: &str = "/_fn/admin/save-openid-connect";
pub const DELETE_AUTH_STRATEGY: &str = "/_fn/admin/delete-auth-strategy";

fn input(name: String, display_name: String, key_names: &str, lifetime: &str) -> Result<KeyAuthInput, UiError> {
    let key_names = key_names.split(['\n', ',']).map(str::to_owned).collect();
    let wrong = || Problem::field("max_key_lifetime_days", Rule::Number(1, KEY_LIFETIME_DAYS_MAX));
    let max_key_lifetime_days = match lifetime.trim() {
        "" => None,
        days => Some(days.parse().map_err(|_| wrong())?),
    };
    Ok(KeyAuthInput { name, display_name, key_names, max_key_lifetime_days, ..KeyAuthInput::default() })
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-auth-strategy")]
pub async fn create_auth_strategy(
    name: String,
    display_name: String,
    key_names: String,
    #[server(default)] max_key_lifetime_days: String,
    #[server(default)] version: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let input = input(name, display_name, &key_names, &max_key_lifetime_days)?;
    let id = auth_strategies::create_key_auth(&visit.core, visit.actor, input).await?;
    created(&visit, id, &version).await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-auth-strategy")]
pub async fn update_auth_strategy(
    strategy: String,
    name: String,
    display_name: String,
    key_names: String,
    #[server(default)] max_key_lifetime_days: String,
    #[server(default)] confirmed: bool,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let id = parse_id("strategy", &strategy)?;
    let input = input(name, display_name, &key_names, &max_key_lifetime_days)?;
    let input = KeyAuthInput { confirmed, ..input };
    auth_strategies::update_key_auth(&visit.core, visit.actor, id, input).await?;
    saved(&visit, id).await
}

/// Creates a strategy, or changes the one that is named. For admins.
#[server(prefix = "/_fn", endpoint = "admin/save-openid-connect")]
pub async fn save_openid_connect(
    #[server(default)] strategy: String,
    name: String,
    display_name: String,
    #[server(default)] issuer: String,
    #[server(default)] dcr_provider: String,
    #[server(default)] scopes: String,
    #[server(default)] credential_claim: String,
    #[server(default)] auth_methods: HashMap<String, String>,
    #[server(default)] hide_credentials: bool,
    #[server(default)] client_id: String,
    #[server(default)] client_secret: String,
    #[server(default)] further: String,
    #[server(default)] confirmed: bool,
    #[server(default)] version: String,
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
        client_id,
        client_secret: Some(Plain::new(client_secret)),
        further,
        confirmed,
        dcr_provider: parse_optional_id("dcr_provider", &dcr_provider)?,
        labels: None,
    };
    match parse_optional_id("strategy", &strategy)? {
        Some(id) => {
            auth_strategies::update_openid_connect(&visit.core, visit.actor, id, input).await?;
            saved(&visit, id).await
        }
        None => {
            let id = auth_strategies::create_openid_connect(&visit.core, visit.actor, input).await?;
            created(&visit, id, &version).await
        }
    }
}

async fn saved(visit: &Visit, id: AuthStrategyId) -> Result<(), UiError> {
    visit.leave_notice("Saved. Gateways follow at once.").await?;
    redirect(&paths::admin::auth_strategy(id));
    Ok(())
}

/// Goes on with the publication that the strategy was made for, if it was.
async fn created(visit: &Visit, id: AuthStrategyId, version: &str) -> Result<(), UiError> {
    match parse_optional_id::<VersionId>("version", version)? {
        Some(version) => {
            let version = products::versions::get(&visit.core, visit.actor, version).await?;
            visit.leave_notice("The strategy is there. Go on with the publication.").await?;
            redirect(&format!("{}?strategy={id}#publish", paths::admin::version(version.product_id, version.id)));
        }
        None => {
            visit.leave_notice("The strategy is there. Choose it when you publish a version.").await?;
            redirect(&paths::admin::auth_strategy(id));
        }
    }
    Ok(())
}

/// One a line.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Chosen boxes, as they stand in the form.
pub(crate) fn in_order(chosen: HashMap<String, String>) -> Vec<String> {
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
