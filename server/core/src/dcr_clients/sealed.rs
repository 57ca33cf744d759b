//! What is kept of a client's secrets, and opened again.

use super::store::{self, DcrClient};
use crate::{
    Core, Error, Result,
    dcr_providers::connectors::{Given, Known},
    secrets::Plain,
};
use portico_model::{ids::DcrClientId, states::ClientCall};

/// What a sealed value is.
pub(super) const SECRET: &str = "secret";
const MANAGEMENT: &str = "management";

fn context(id: DcrClientId, what: &str) -> String {
    format!("dcr_client/{what}/{id}")
}

fn seal(core: &Core, id: DcrClientId, what: &str, plain: &Plain) -> Result<Vec<u8>> {
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

/// What of an answer is to be kept.
pub(super) struct Sealed {
    pub management: Option<Vec<u8>>,
    /// With its digest.
    secret: Option<(Vec<u8>, Vec<u8>)>,
}

impl Sealed {
    /// Many answers repeat the secret: it is news only where it is not the `known` one.
    pub fn new(core: &Core, id: DcrClientId, given: &Given, known: Option<&[u8]>) -> Result<Self> {
        let management = given.management.as_ref().map(|plain| seal(core, id, MANAGEMENT, plain)).transpose()?;
        let secret = given.secret.as_ref().map(|plain| (plain, core.secrets.digest(plain.expose())));
        let news = secret.filter(|(_, digest)| Some(digest.as_slice()) != known);
        let secret = news.map(|(plain, digest)| Ok::<_, Error>((seal(core, id, SECRET, plain)?, digest))).transpose()?;
        Ok(Self { management, secret })
    }

    pub fn secret(&self) -> Option<(&[u8], &[u8])> {
        self.secret.as_ref().map(|(secret, digest)| (secret.as_slice(), digest.as_slice()))
    }
}

/// Keeps what a look at a client has brought.
pub(super) async fn keep(core: &Core, client: &DcrClient, given: &Given) -> Result<()> {
    let sealed = Sealed::new(core, client.id, given, client.secret_digest.as_deref())?;
    store::keep(&core.pool, client.id, sealed.management.as_deref(), sealed.secret()).await
}
