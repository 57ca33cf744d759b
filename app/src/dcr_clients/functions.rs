//! What developers do to the clients of their applications.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::dcr_clients;
use portico_model::{ids::ApplicationId, paths};
use std::time::Duration;

pub const OPEN_CLIENT_SECRET: &str = "/_fn/open-client-secret";
pub const ROTATE_CLIENT: &str = "/_fn/rotate-client";

/// How long a page waits for a provider before it says what it waits for.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The secret travels sealed in the session to the next page, which shows it once. For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "open-client-secret")]
pub async fn open_client_secret(application: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let (_, secret) = dcr_clients::open_secret(&visit.core, visit.actor, visit.portal()?.id, id).await?;
    visit.leave_secret(&secret).await?;
    redirect(&paths::portal::application(id));
    Ok(())
}

/// For the developer whose application it is.
#[server(prefix = "/_fn", endpoint = "rotate-client")]
pub async fn rotate_client(application: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let id: ApplicationId = parse_id("application", &application)?;
    let portal = visit.portal()?.id;
    dcr_clients::rotate(&visit.core, visit.actor, portal, id).await?;
    dcr_clients::wait(&visit.core, visit.actor, portal, id, PATIENCE).await?;
    redirect(&paths::portal::application(id));
    Ok(())
}
