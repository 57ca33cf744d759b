//! A strategy, as publications and applications tell of it.

use portico_core::publications;
use portico_model::{
    ids::AuthStrategyId,
    states::{AuthMethod, StrategyType},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What credentials developers get for a strategy.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CredentialType {
    KeyAuth,
    /// A DCR provider registers the clients.
    ClientCredentials,
    /// Developers bring their clients along.
    SelfManagedClientCredentials,
}

/// A strategy, as a publication or an application tells of it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferedStrategy {
    id: AuthStrategyId,
    /// For developers.
    name: String,
    credential_type: CredentialType,
    /// Of `key_auth`.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_names: Option<Vec<String>>,
    /// Of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_methods: Option<Vec<AuthMethod>>,
    /// Where developers choose among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    available_scopes: Option<Vec<String>>,
}

impl OfferedStrategy {
    pub fn key_auth(id: AuthStrategyId, name: String, key_names: Vec<String>) -> Self {
        let credential_type = CredentialType::KeyAuth;
        Self { id, name, credential_type, key_names: Some(key_names), auth_methods: None, available_scopes: None }
    }

    pub fn openid_connect(
        id: AuthStrategyId,
        name: String,
        has_dcr: bool,
        auth_methods: Vec<AuthMethod>,
        available_scopes: Option<Vec<String>>,
    ) -> Self {
        let credential_type =
            if has_dcr { CredentialType::ClientCredentials } else { CredentialType::SelfManagedClientCredentials };
        Self { id, name, credential_type, key_names: None, auth_methods: Some(auth_methods), available_scopes }
    }

    pub fn of_publication(id: AuthStrategyId, strategy: publications::Strategy) -> Option<Self> {
        let name = strategy.strategy_display_name.unwrap_or_default();
        Some(match strategy.strategy_type? {
            StrategyType::KeyAuth => Self::key_auth(id, name, strategy.key_names.unwrap_or_default()),
            StrategyType::OpenidConnect => {
                let methods = strategy.openid_connect.map(|config| config.auth_methods).unwrap_or_default();
                Self::openid_connect(id, name, strategy.has_dcr, methods, strategy.available_scopes)
            }
        })
    }
}
