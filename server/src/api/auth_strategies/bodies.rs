//! The bodies of strategies: one of two kinds, by its `strategy_type`.

use crate::api::{body, problem::Refusal};
use portico_core::{
    auth_strategies::{KeyAuthInput, OpenidConnectInput, StrategyInput},
    secrets::Plain,
};
use portico_model::{
    ids::DcrProviderId,
    labels::Labels,
    problem::{Problem, Rule},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Where a key is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAuthConfig {
    /// `apikey` where there is none.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 10)]
    pub key_names: Vec<String>,
}

/// How the tokens of an OpenID provider are taken; may have any other field of Kong's openid-connect plugin.
#[derive(Deserialize, ToSchema)]
pub struct OpenidConnectConfig {
    #[schema(max_length = 256)]
    issuer: String,
    #[schema(max_items = 10)]
    credential_claim: Vec<String>,
    #[schema(max_items = 50)]
    scopes: Vec<String>,
    #[schema(max_items = 10)]
    auth_methods: Vec<String>,
    #[serde(default)]
    hide_credentials: bool,
    /// Portico's own client at the provider; its secret is never told.
    #[serde(default)]
    client_id: OneText,
    #[serde(default)]
    client_secret: OneText,
    #[serde(flatten)]
    further: Map<String, Value>,
}

/// A text, or a list with one, as Kong's plugin has it.
#[derive(Default, Deserialize)]
#[serde(from = "Value")]
struct OneText(String);

impl From<Value> for OneText {
    fn from(value: Value) -> Self {
        let first = value.as_array().and_then(|items| items.first()).unwrap_or(&value);
        Self(first.as_str().unwrap_or_default().to_owned())
    }
}

impl utoipa::PartialSchema for OneText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let list = ArrayBuilder::new().items(text()).max_items(Some(1));
        OneOfBuilder::new().item(text()).item(list).into()
    }
}

impl ToSchema for OneText {}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyAuthConfigs {
    #[serde(rename = "key-auth")]
    key_auth: KeyAuthConfig,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OpenidConnectConfigs {
    #[serde(rename = "openid-connect")]
    openid_connect: OpenidConnectConfig,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum KeyAuthType {
    KeyAuth,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OpenidConnectType {
    OpenidConnect,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAuthStrategy {
    name: String,
    display_name: String,
    #[serde(rename = "strategy_type")]
    _strategy_type: KeyAuthType,
    configs: KeyAuthConfigs,
    #[serde(default)]
    labels: Labels,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenidConnectStrategy {
    name: String,
    display_name: String,
    #[serde(rename = "strategy_type")]
    _strategy_type: OpenidConnectType,
    configs: OpenidConnectConfigs,
    /// Where the clients of applications are registered; null for clients that developers bring along.
    #[serde(default)]
    dcr_provider_id: Option<DcrProviderId>,
    #[serde(default)]
    labels: Labels,
}

/// One of both, by its `strategy_type`.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CreateAppAuthStrategy)]
#[expect(dead_code, clippy::large_enum_variant, reason = "only described: which of both a body is decides what is said of it")]
pub enum CreateStrategy {
    KeyAuth(KeyAuthStrategy),
    OpenidConnect(OpenidConnectStrategy),
}

/// Reads one of both, by its `strategy_type`. Automation means what it sends: whoever is stopped by it is meant to stop.
pub fn strategy(body: Map<String, Value>) -> Result<StrategyInput, Refusal> {
    match body.get("strategy_type") {
        Some(kind) if kind == "openid_connect" => {
            let body: OpenidConnectStrategy = body::read(Value::Object(body))?;
            let config = body.configs.openid_connect;
            let input = openid_connect(body.name, body.display_name, config, body.dcr_provider_id, Some(body.labels))?;
            Ok(StrategyInput::OpenidConnect(input))
        }
        Some(kind) if kind != "key_auth" => {
            let choices = vec!["key_auth".to_owned(), "openid_connect".to_owned()];
            Err(Problem::field("strategy_type", Rule::OneOf(choices)).into())
        }
        _ => {
            let body: KeyAuthStrategy = body::read(Value::Object(body))?;
            Ok(StrategyInput::KeyAuth(KeyAuthInput {
                name: body.name,
                display_name: body.display_name,
                key_names: body.configs.key_auth.key_names,
                max_key_lifetime_days: None,
                labels: Some(body.labels),
                confirmed: true,
            }))
        }
    }
}

pub fn openid_connect(
    name: String,
    display_name: String,
    config: OpenidConnectConfig,
    dcr_provider: Option<DcrProviderId>,
    labels: Option<Labels>,
) -> Result<OpenidConnectInput, Refusal> {
    let further = serde_json::to_string(&config.further).map_err(|error| portico_core::Error::Internal(error.into()))?;
    Ok(OpenidConnectInput {
        name,
        display_name,
        issuer: config.issuer,
        scopes: config.scopes,
        credential_claim: config.credential_claim,
        auth_methods: config.auth_methods,
        hide_credentials: config.hide_credentials,
        client_id: config.client_id.0,
        client_secret: Some(Plain::new(config.client_secret.0)),
        further,
        confirmed: true,
        dcr_provider,
        labels,
    })
}
