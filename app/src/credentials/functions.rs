//! What developers do to the keys of their applications.

use crate::{
    ui::text::moment_text,
    visit::{UiError, Visit, parse_id},
};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::{
    auth_strategies::KEY_LIFETIME_DAYS_MAX,
    credentials::{self, Credential},
    secrets::Plain,
};
use portico_model::{
    ids::ApplicationId,
    paths,
    problem::{Problem, Rule},
    states::{CredentialState, Grace},
};
use time::OffsetDateTime;

pub const CREATE_CREDENTIAL: &str = "/_fn/create-credential";
pub const RENAME_CREDENTIAL: &str = "/_fn/rename-credential";
pub const ROTATE_CREDENTIAL: &str = "/_fn/rotate-credential";
pub const CHECK_CREDENTIAL: &str = "/_fn/check-credential";
pub const REVOKE_CREDENTIAL: &str = "/_fn/revoke-credential";

/// The key travels sealed in the session to the next page, which shows it once. Without `lifetime_days` it lives
/// for as long as the strategy allows. For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "create-credential")]
pub async fn create_credential(
    application: String,
    display_name: String,
    #[server(default)] lifetime_days: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let wrong = || Problem::field("lifetime_days", Rule::Number(1, KEY_LIFETIME_DAYS_MAX));
    let lifetime_days = match lifetime_days.trim() {
        "" => None,
        days => Some(days.parse().map_err(|_| wrong())?),
    };
    let portal = visit.portal()?.id;
    let (_, key) = credentials::create(&visit.core, visit.actor, portal, id, &display_name, lifetime_days).await?;
    visit.leave_secret(&key).await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "rename-credential")]
pub async fn rename_credential(application: String, credential: String, display_name: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let credential = parse_id("credential", &credential)?;
    credentials::rename(&visit.core, visit.actor, visit.portal()?.id, id, credential, &display_name).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

/// The new key travels as one that was created. For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "rotate-credential")]
pub async fn rotate_credential(application: String, credential: String, grace: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let credential = parse_id("credential", &credential)?;
    let grace = Grace::parse(&grace).ok_or_else(|| Problem::field("grace", Rule::NotOffered))?;
    let (_, key) = credentials::rotate(&visit.core, visit.actor, visit.portal()?.id, id, credential, grace).await?;
    visit.leave_secret(&key).await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

/// Tells which of the application's keys a pasted value is. For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "check-credential")]
pub async fn check_credential(application: String, key: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let known = credentials::check(&visit.core, visit.actor, visit.portal()?.id, id, &Plain::new(key)).await?;
    visit.leave_notice(&verdict(&known, visit.core.now())).await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

fn verdict(credential: &Credential, now: OffsetDateTime) -> String {
    let until = credential.expires_at.map(moment_text);
    let what = match (credential.state(now), until) {
        (CredentialState::Expired, Some(until)) => format!("It expired on {until} and is refused."),
        (CredentialState::Expired, None) | (CredentialState::Active | CredentialState::Replaced, None) => {
            "It is good and does not expire.".to_owned()
        }
        (CredentialState::Replaced, Some(until)) => format!("It was replaced and stops on {until}."),
        (CredentialState::Active, Some(until)) => format!("It is good until {until}."),
    };
    format!("This is the key “{}”, {}… {what}", credential.display_name, credential.key_id)
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "revoke-credential")]
pub async fn revoke_credential(application: String, credential: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    credentials::revoke(&visit.core, visit.actor, visit.portal()?.id, id, parse_id("credential", &credential)?).await?;
    visit.leave_notice("The key is revoked. Gateways refuse it from now on.").await?;
    redirect(&paths::portal::application(id));
    Ok(())
}
