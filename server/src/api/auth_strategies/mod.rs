//! `/application-auth-strategies`.

mod bodies;
mod offered;

pub use offered::OfferedStrategy;

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
use bodies::{CreateStrategy, KeyAuthConfig, OpenidConnectConfig, openid_connect, strategy};
use portico_core::{
    auth_strategies::{self, AuthStrategy, KeyAuthInput, StrategyInput},
    listing::Attribute,
};
use portico_model::{
    ids::{AuthStrategyId, DcrProviderId},
    labels::{self, Labels, LabelsChange},
    problem::{Problem, Rule, ValueType},
    states::{ProviderType, StrategyType},
};
use serde::Serialize;
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
