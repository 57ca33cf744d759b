//! What admins do to DCR providers and to the clients there.

use crate::{
    dcr_clients::functions::PATIENCE,
    visit::{UiError, Visit, parse_id, parse_optional_id},
};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{
    dcr_clients,
    dcr_providers::{self, DcrConfig, DcrProviderInput},
    secrets::Plain,
};
use portico_model::{
    ids::DcrProviderId,
    paths,
    problem::{Problem, Rule},
    states::ProviderType,
};
use std::time::Duration;

pub const SAVE_DCR_PROVIDER: &str = "/_fn/admin/save-dcr-provider";
pub const DELETE_DCR_PROVIDER: &str = "/_fn/admin/delete-dcr-provider";
pub const TEST_DCR_PROVIDER: &str = "/_fn/admin/test-dcr-provider";
pub const COMPARE_DCR_PROVIDER: &str = "/_fn/admin/compare-dcr-provider";
pub const MEND_FINDING: &str = "/_fn/admin/mend-finding";
pub const RETRY_CLIENT: &str = "/_fn/admin/retry-client";
pub const GIVE_UP_CLIENT: &str = "/_fn/admin/give-up-client";
pub const REPLACE_CLIENT: &str = "/_fn/admin/replace-client";
pub const DISMISS_ORPHAN: &str = "/_fn/admin/dismiss-orphan";

/// A test makes several calls.
const TEST_PATIENCE: Duration = Duration::from_secs(20);

/// Creates a provider, or changes the one that is named. For admins.
#[server(prefix = "/_fn", endpoint = "admin/save-dcr-provider")]
pub async fn save_dcr_provider(
    #[server(default)] provider: String,
    provider_type: String,
    name: String,
    display_name: String,
    issuer: String,
    #[server(default)] secret: String,
    #[server(default)] initial_client_id: String,
    #[server(default)] initial_client_audience: String,
    #[server(default)] use_developer_managed_scopes: bool,
    #[server(default)] dcr_base_url: String,
    #[server(default)] disable_event_hooks: bool,
    #[server(default)] disable_refresh_secret: bool,
    #[server(default)] api_url: String,
    #[server(default)] token_url: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let provider_type = ProviderType::parse(&provider_type).ok_or_else(|| Problem::field("provider_type", Rule::NotOffered))?;
    let config = DcrConfig {
        initial_client_id,
        initial_client_audience,
        use_developer_managed_scopes,
        dcr_base_url,
        disable_event_hooks,
        disable_refresh_secret,
        api_url,
        token_url,
    };
    let input =
        DcrProviderInput { name, display_name, provider_type, issuer, config, secret: Some(Plain::new(secret)), labels: None };
    let id = match parse_optional_id("provider", &provider)? {
        Some(id) => {
            dcr_providers::update(&visit.core, visit.actor, id, input).await?;
            visit.leave_notice("Saved. What the provider refused before is tried again.").await?;
            id
        }
        None => {
            let id = dcr_providers::create(&visit.core, visit.actor, input).await?;
            visit.leave_notice("The provider is there. Test the connection, then name it in an auth strategy.").await?;
            id
        }
    };
    redirect(&paths::admin::dcr_provider(id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-dcr-provider")]
pub async fn delete_dcr_provider(provider: String) -> Result<(), UiError> {
    let visit = Visit::current();
    dcr_providers::delete(&visit.core, visit.actor, parse_id("provider", &provider)?).await?;
    visit.leave_notice("The provider is deleted.").await?;
    redirect(paths::admin::DCR_PROVIDERS);
    Ok(())
}

/// Really makes a client and deletes it; the page shows each call. For admins.
#[server(prefix = "/_fn", endpoint = "admin/test-dcr-provider")]
pub async fn test_dcr_provider(provider: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: DcrProviderId = parse_id("provider", &provider)?;
    dcr_clients::test(&visit.core, visit.actor, id).await?;
    dcr_clients::wait_for_test(&visit.core, visit.actor, id, TEST_PATIENCE).await?;
    back(&visit, id, "The test was begun. Each of its calls stands below.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/compare-dcr-provider")]
pub async fn compare_dcr_provider(provider: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: DcrProviderId = parse_id("provider", &provider)?;
    dcr_clients::compare(&visit.core, visit.actor, id).await?;
    dcr_clients::wait_for_comparison(&visit.core, visit.actor, id, PATIENCE).await?;
    back(&visit, id, "The comparison was begun. What differs stands below.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/mend-finding")]
pub async fn mend_finding(finding: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let provider = dcr_clients::mend(&visit.core, visit.actor, parse_id("finding", &finding)?).await?;
    back(&visit, provider, "It is being mended.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/retry-client")]
pub async fn retry_client(client: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let provider = dcr_clients::retry(&visit.core, visit.actor, parse_id("client", &client)?).await?;
    back(&visit, provider, "It is tried again now.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/give-up-client")]
pub async fn give_up_client(client: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let provider = dcr_clients::give_up(&visit.core, visit.actor, parse_id("client", &client)?).await?;
    back(&visit, provider, "Given up. Nothing more is sent for this client.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/replace-client")]
pub async fn replace_client(client: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let provider = dcr_clients::replace(&visit.core, visit.actor, parse_id("client", &client)?).await?;
    back(&visit, provider, "Another client takes its place. Its developer finds the new secret on the application's page.").await
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/dismiss-orphan")]
pub async fn dismiss_orphan(orphan: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let provider = dcr_clients::dismiss_orphan(&visit.core, visit.actor, parse_id("orphan", &orphan)?).await?;
    back(&visit, provider, "It is off the list.").await
}

async fn back(visit: &Visit, provider: DcrProviderId, notice: &str) -> Result<(), UiError> {
    visit.leave_notice(notice).await?;
    redirect(&paths::admin::dcr_provider(provider));
    Ok(())
}
