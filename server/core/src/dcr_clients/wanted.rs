//! What a client should be, read from its application.

use super::store::{self, DcrClient};
use crate::{
    Core, Result,
    dcr_providers::{
        DcrConfig,
        connectors::{Owner, Wanted},
    },
};
use portico_model::{ids::ApplicationId, states::AuthMethod};
use uuid::Uuid;

/// What the client of a test is called.
pub(super) const TEST_NAME: &str = "Portico connection test";

/// None where the application is gone.
pub(super) async fn of(core: &Core, client: &DcrClient, provider: &DcrConfig) -> Result<Option<Wanted>> {
    if client.is_test {
        return Ok(client.is_wanted.then(|| remainder(client)));
    }
    let Some(application) = client.application_id else { return Ok(None) };
    let Some(row) = store::wanted(&core.pool, application).await? else { return Ok(None) };
    let config = row.openid_connect;
    let chosen = row.scopes.filter(|_| provider.use_developer_managed_scopes);
    let scopes = match chosen {
        Some(chosen) => config.scopes.iter().filter(|scope| chosen.contains(scope)).cloned().collect(),
        None => config.scopes.clone(),
    };
    let audience = config.token_arguments().into_iter().find(|(name, _)| *name == "audience").map(|(_, value)| value);
    let audience = audience.or(config.audiences().first().copied()).map(str::to_owned);
    Ok(Some(Wanted {
        name: row.name,
        description: row.description,
        redirect_uris: row.redirect_uris,
        auth_methods: config.auth_methods,
        scopes,
        audience,
        versions: row.versions,
        owner: Owner {
            client: client.id,
            provider: client.dcr_provider_id,
            application,
            developer: row.developer_id,
            portal: row.portal_id,
            strategy: row.auth_strategy_id,
        },
    }))
}

/// For a test, and for what is left when an application is gone.
pub(super) fn remainder(client: &DcrClient) -> Wanted {
    Wanted {
        name: client.name.clone(),
        description: String::new(),
        redirect_uris: Vec::new(),
        auth_methods: vec![AuthMethod::ClientCredentials],
        scopes: Vec::new(),
        audience: None,
        versions: Vec::new(),
        owner: nobody(client),
    }
}

fn nobody(client: &DcrClient) -> Owner {
    let nil = Uuid::nil();
    Owner {
        client: client.id,
        provider: client.dcr_provider_id,
        application: ApplicationId(nil),
        developer: nil.into(),
        portal: nil.into(),
        strategy: nil.into(),
    }
}

/// What a client is found by, whether or not its application is there.
pub(super) fn tag(client: &DcrClient) -> String {
    nobody(client).tag()
}
