//! `/application-auth-strategies`.

use super::{
    Answer, Call, PageOf,
    body::{self, Body, Object, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    auth_strategies::{self, AuthStrategy, KeyAuthInput, OpenidConnectInput, StrategyInput},
    listing::Attribute,
    publications,
    secrets::Plain,
};
use portico_model::{
    ids::{AuthStrategyId, DcrProviderId},
    labels::{self, Labels, LabelsChange},
    problem::{Problem, Rule, ValueType},
    states::{AuthMethod, ProviderType, StrategyType},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

const KEY_AUTH: &str = "key-auth";
const OPENID_CONNECT: &str = "openid-connect";

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, replace, remove))
}

struct StrategyList;

impl Listable for StrategyList {
    const ATTRIBUTES: &'static [Attribute] = auth_strategies::ATTRIBUTES;
}

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

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NamedProvider {
    id: DcrProviderId,
    name: String,
    display_name: String,
    provider_type: ProviderType,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppAuthStrategy {
    id: AuthStrategyId,
    /// For admins.
    name: String,
    /// For developers.
    display_name: String,
    strategy_type: StrategyType,
    /// Has one property, `key-auth` or `openid-connect`.
    configs: Map<String, Value>,
    /// Whether something is published with it.
    active: bool,
    dcr_provider: Option<NamedProvider>,
    labels: Labels,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<AuthStrategy> for AppAuthStrategy {
    fn from(strategy: AuthStrategy) -> Self {
        let (name, config) = match &strategy.openid_connect {
            None => (KEY_AUTH, json!({"key_names": strategy.key_names})),
            Some(config) => (OPENID_CONNECT, json!(config)),
        };
        let provider = || {
            Some(NamedProvider {
                id: strategy.dcr_provider_id?,
                name: strategy.dcr_provider_name.clone()?,
                display_name: strategy.dcr_provider_display_name.clone()?,
                provider_type: strategy.dcr_provider_type?,
            })
        };
        Self {
            dcr_provider: provider(),
            id: strategy.id,
            name: strategy.name,
            display_name: strategy.display_name,
            strategy_type: strategy.strategy_type,
            configs: Map::from_iter([(name.to_owned(), config)]),
            active: strategy.is_active,
            labels: strategy.labels,
            created_at: strategy.created_at,
            updated_at: strategy.updated_at,
        }
    }
}

async fn answer(call: &Call, id: AuthStrategyId) -> Result<AppAuthStrategy, Refusal> {
    Ok(auth_strategies::get(&call.core, call.actor, id).await?.into())
}

/// What is wrong with a config is said of its place in the body.
fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&[
        ("key_names", "configs.key-auth.key_names"),
        ("issuer", "configs.openid-connect.issuer"),
        ("scopes", "configs.openid-connect.scopes"),
        ("credential_claim", "configs.openid-connect.credential_claim"),
        ("auth_methods", "configs.openid-connect.auth_methods"),
        ("client_id", "configs.openid-connect.client_id"),
        ("client_secret", "configs.openid-connect.client_secret"),
        ("further", "configs.openid-connect"),
        ("dcr_provider", "dcr_provider_id"),
    ])
}

/// Some of the auth strategies. For admins.
#[utoipa::path(get, path = "/application-auth-strategies", operation_id = "list-app-auth-strategies",
    tag = "application-auth-strategies", params(ListQuery<StrategyList>),
    responses((status = 200, description = "Some of the strategies", body = PageOf<AppAuthStrategy>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<StrategyList>()?;
    Ok(page(&listing, auth_strategies::list_by(&call.core, call.actor, &listing).await?, AppAuthStrategy::from))
}

/// Where a key is looked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyAuthConfig {
    /// `apikey` where there is none.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 10)]
    key_names: Vec<String>,
}

/// How the tokens of an OpenID provider are taken; may have any other field of Kong's openid-connect plugin.
#[derive(Deserialize, ToSchema)]
struct OpenidConnectConfig {
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
struct KeyAuthStrategy {
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
struct OpenidConnectStrategy {
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
enum CreateStrategy {
    KeyAuth(KeyAuthStrategy),
    OpenidConnect(OpenidConnectStrategy),
}

/// Reads one of both, by its `strategy_type`. Automation means what it sends: whoever is stopped by it is meant to stop.
fn strategy(body: Map<String, Value>) -> Result<StrategyInput, Refusal> {
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

fn openid_connect(
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

/// Creates an auth strategy. For admins; recorded as `auth_strategy.created`.
#[utoipa::path(post, path = "/application-auth-strategies", operation_id = "create-app-auth-strategy",
    tag = "application-auth-strategies", request_body = CreateStrategy,
    responses((status = 201, description = "The strategy", body = AppAuthStrategy)))]
async fn create(call: Call, Body(Object(body)): Body<Object>) -> Answer {
    let id = auth_strategies::create(&call.core, call.actor, strategy(body)?).await.map_err(named)?;
    Ok(created(answer(&call, id).await?))
}

/// One auth strategy. For admins.
#[utoipa::path(get, path = "/application-auth-strategies/{authStrategyId}", operation_id = "get-app-auth-strategy",
    tag = "application-auth-strategies", responses((status = 200, description = "The strategy", body = AppAuthStrategy)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("authStrategyId")?).await?).into_response())
}

/// Replaces all that is decided about an auth strategy, whose type stays. For admins; recorded as `auth_strategy.updated`.
#[utoipa::path(put, path = "/application-auth-strategies/{authStrategyId}", operation_id = "replace-app-auth-strategy",
    tag = "application-auth-strategies", request_body = CreateStrategy,
    responses((status = 201, description = "The strategy", body = AppAuthStrategy)))]
async fn replace(call: Call, Body(Object(body)): Body<Object>) -> Answer {
    let id = call.id("authStrategyId")?;
    let input = strategy(body)?;
    let before = auth_strategies::get(&call.core, call.actor, id).await?;
    must_stay(&before, &input)?;
    let decide = |strategy: &AuthStrategy| Ok(with_lifetime(input.clone(), strategy));
    auth_strategies::update(&call.core, call.actor, id, decide).await.map_err(named)?;
    Ok(created(answer(&call, id).await?))
}

fn must_stay(before: &AuthStrategy, input: &StrategyInput) -> Result<(), Refusal> {
    match (before.strategy_type, input) {
        (StrategyType::KeyAuth, StrategyInput::KeyAuth(_)) | (StrategyType::OpenidConnect, StrategyInput::OpenidConnect(_)) => {
            Ok(())
        }
        _ => Err(Problem::field("strategy_type", Rule::OneOf(vec![before.strategy_type.as_str().to_owned()])).into()),
    }
}

/// The contract has no word for the lifetime of keys, so programs leave it as it is.
fn with_lifetime(input: StrategyInput, before: &AuthStrategy) -> StrategyInput {
    match input {
        StrategyInput::KeyAuth(input) => {
            let max_key_lifetime_days = before.max_key_lifetime_days.and_then(|days| u32::try_from(days).ok());
            StrategyInput::KeyAuth(KeyAuthInput { max_key_lifetime_days, ..input })
        }
        other => other,
    }
}

change! {
    UpdateAppAuthStrategy {
        name: String,
        display_name: String,
        /// Of its own type; the properties of `openid-connect` that are named change, the others stay.
        configs: Map<String, Value>,
    } nullable {
        dcr_provider_id: DcrProviderId,
        labels: LabelsChange,
    }
}

/// Changes what is named of an auth strategy. For admins; recorded as `auth_strategy.updated`.
#[utoipa::path(patch, path = "/application-auth-strategies/{authStrategyId}", operation_id = "update-app-auth-strategy",
    tag = "application-auth-strategies", request_body = UpdateAppAuthStrategy,
    responses((status = 200, description = "The strategy", body = AppAuthStrategy)))]
async fn update(call: Call, Body(body): Body<UpdateAppAuthStrategy>) -> Answer {
    let id = call.id("authStrategyId")?;
    let before = auth_strategies::get(&call.core, call.actor, id).await?;
    // Once outside, so that what is wrong is told in the words of the API.
    merged(&before, &body)?;
    let decide = |strategy: &AuthStrategy| merged(strategy, &body).map_err(|_| Problem::NotFound.into());
    auth_strategies::update(&call.core, call.actor, id, decide).await.map_err(named)?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// What a change makes of a strategy.
fn merged(before: &AuthStrategy, body: &UpdateAppAuthStrategy) -> Result<StrategyInput, Refusal> {
    let name = body.name.clone().unwrap_or_else(|| before.name.clone());
    let display_name = body.display_name.clone().unwrap_or_else(|| before.display_name.clone());
    let labels = Some(labels::changed(before.labels.clone(), body.labels.clone()));
    let (own, unknown) = match before.strategy_type {
        StrategyType::KeyAuth => (KEY_AUTH, "dcr_provider_id"),
        StrategyType::OpenidConnect => (OPENID_CONNECT, ""),
    };
    if unknown == "dcr_provider_id" && body.dcr_provider_id.flatten().is_some() {
        return Err(Problem::field("dcr_provider_id", Rule::UnknownProperty).into());
    }
    if let Some(other) = body.configs.iter().flat_map(Map::keys).find(|name| *name != own) {
        return Err(Problem::field(&format!("configs.{other}"), Rule::UnknownProperty).into());
    }
    let change = match body.configs.as_ref().and_then(|configs| configs.get(own)) {
        None => Map::new(),
        Some(Value::Object(change)) => change.clone(),
        Some(_) => return Err(Problem::field(&format!("configs.{own}"), Rule::Type(ValueType::Object)).into()),
    };
    let at = |refusal: Refusal| refusal.inside(&format!("configs.{own}"));
    let Some(config) = &before.openid_connect else {
        let mut config = Map::from_iter([("key_names".to_owned(), json!(before.key_names))]);
        config.extend(change);
        let config: KeyAuthConfig = body::read(Value::Object(config)).map_err(at)?;
        let input = KeyAuthInput {
            name,
            display_name,
            key_names: config.key_names,
            max_key_lifetime_days: None,
            labels,
            confirmed: true,
        };
        return Ok(with_lifetime(StrategyInput::KeyAuth(input), before));
    };
    let Value::Object(mut config) = json!(config) else { return Err(Problem::NotFound.into()) };
    config.extend(change);
    let config: OpenidConnectConfig = body::read(Value::Object(config)).map_err(at)?;
    let dcr_provider = body.dcr_provider_id.unwrap_or(before.dcr_provider_id);
    Ok(StrategyInput::OpenidConnect(openid_connect(name, display_name, config, dcr_provider, labels)?))
}

/// Deletes an auth strategy that nothing uses. For admins; recorded as `auth_strategy.deleted`.
#[utoipa::path(delete, path = "/application-auth-strategies/{authStrategyId}", operation_id = "delete-app-auth-strategy",
    tag = "application-auth-strategies",
    responses((status = 204, description = "Deleted"), (status = 409, description = "Something uses the strategy")))]
async fn remove(call: Call) -> Answer {
    auth_strategies::delete(&call.core, call.actor, call.id("authStrategyId")?).await?;
    no_content()
}
