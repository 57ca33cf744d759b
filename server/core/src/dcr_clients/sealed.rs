//! What is kept of a client's secrets, and opened again.

use super::store::{self, DcrClient};
use crate::{
    Core, Result,
    dcr_providers::connectors::{Given, Known},
    secrets::Plain,
};
use portico_model::{ids::DcrClientId, states::ClientCall};

/// What a sealed value is.
pub(super) const SECRET: &str = "secret";
pub(super) const MANAGEMENT: &str = "management";

fn context(id: DcrClientId, what: &str) -> String {
    format!("dcr_client/{what}/{id}")
}

pub(super) fn seal(core: &Core, id: DcrClientId, what: &str, plain: &Plain) -> Result<Vec<u8>> {
    Ok(core.secrets.seal(&core.random, &context(id, what), plain.expose().as_bytes())?)
}

pub(super) fn open(core: &Core, id: DcrClientId, what: &str, sealed: &[u8]) -> Result<Plain> {
    let opened = core.secrets.open(&context(id, what), sealed)?;
    Ok(Plain::new(String::from_utf8(opened).map_err(anyhow::Error::from)?))
}

/// A client as a connector needs to know it.
pub(super) fn known(core: &Core, client: &DcrClient) -> Result<Known> {
    let management = client.management.as_ref().map(|sealed| open(core, client.id, MANAGEMENT, sealed)).transpose()?;
    // After an update without an answer the provider may know the client under another token.
    let is_doubtful = client.is_unmanageable || client.attempted.is_some();
    let deletion = client.unanswered_since.filter(|_| client.unanswered == Some(ClientCall::Delete) && !is_doubtful);
    Ok(Known {
        client_id: client.client_id.clone().unwrap_or_default(),
        management,
        age: core.now() - client.given_at.unwrap_or(client.created_at),
        deletion_sent: deletion.map(|since| core.now() - since),
    })
}

/// Keeps what a look at a client has brought.
pub(super) async fn keep(core: &Core, client: &DcrClient, given: &Given) -> Result<()> {
    let management = given.management.as_ref().map(|plain| seal(core, client.id, MANAGEMENT, plain)).transpose()?;
    let digest = given.secret.as_ref().map(|secret| core.secrets.digest(secret.expose()));
    let news = given.secret.as_ref().filter(|_| digest != client.secret_digest);
    let secret = news.map(|plain| seal(core, client.id, SECRET, plain)).transpose()?;
    store::keep(&core.pool, client.id, management.as_deref(), secret.as_deref().zip(digest.as_deref())).await
}
