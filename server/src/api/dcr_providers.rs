//! `/dcr-providers`.

use super::{
    Answer, Call, PageOf,
    body::{self, Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    dcr_clients,
    dcr_providers::{self, DcrConfig, DcrProvider, DcrProviderInput},
    listing::Attribute,
    secrets::Plain,
};
use portico_model::{
    ids::DcrProviderId,
    labels::{self, Labels, LabelsChange},
    problem::{Conflict, FieldProblem, Problem, Rule},
    states::ProviderType,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an answer waits for the outcome of a test.
const TEST_PATIENCE: Duration = Duration::from_secs(20);

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove)).routes(routes!(verify))
}

struct ProviderList;

impl Listable for ProviderList {
    const ATTRIBUTES: &'static [Attribute] = dcr_providers::ATTRIBUTES;
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DcrProvider)]
struct ProviderView {
    id: DcrProviderId,
    /// For admins.
    name: String,
    /// For developers.
    display_name: String,
    provider_type: ProviderType,
    issuer: String,
    /// Without what is secret.
    dcr_config: Map<String, Value>,
    /// Whether something is published with a strategy that names it.
    active: bool,
    labels: Labels,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<DcrProvider> for ProviderView {
    fn from(provider: DcrProvider) -> Self {
        Self {
            dcr_config: config(&provider),
            id: provider.id,
            name: provider.name,
            display_name: provider.display_name,
            provider_type: provider.provider_type,
            issuer: provider.issuer,
            active: provider.is_active,
            labels: provider.labels,
            created_at: provider.created_at,
            updated_at: provider.updated_at,
        }
    }
}

/// What a type always tells of its config; the addresses that Portico adds only where they are set.
fn config(provider: &DcrProvider) -> Map<String, Value> {
    let config = &provider.config;
    let mut told = Map::new();
    let mut tell = |name: &str, value: Value| _ = told.insert(name.to_owned(), value);
    match provider.provider_type {
        ProviderType::Auth0 => {
            tell("initial_client_id", json!(config.initial_client_id));
            tell("initial_client_audience", json!(super::written(config.initial_client_audience.clone())));
            tell("use_developer_managed_scopes", json!(config.use_developer_managed_scopes));
        }
        ProviderType::AzureAd | ProviderType::Curity => tell("initial_client_id", json!(config.initial_client_id)),
        ProviderType::Http => {
            tell("dcr_base_url", json!(config.dcr_base_url));
            tell("disable_event_hooks", json!(config.disable_event_hooks));
            tell("disable_refresh_secret", json!(config.disable_refresh_secret));
        }
        ProviderType::Okta | ProviderType::Oidc => {}
    }
    for (name, url) in [("api_url", &config.api_url), ("token_url", &config.token_url)] {
        if !url.is_empty() {
            tell(name, json!(url));
        }
    }
    told
}

async fn answer(call: &Call, id: DcrProviderId) -> Result<ProviderView, Refusal> {
    Ok(dcr_providers::get(&call.core, call.actor, id).await?.into())
}

/// How a type calls its secret.
fn secret_name(provider_type: ProviderType) -> &'static str {
    match provider_type {
        ProviderType::Okta => "dcr_token",
        ProviderType::Auth0 | ProviderType::AzureAd | ProviderType::Curity => "initial_client_secret",
        ProviderType::Http => "api_key",
        ProviderType::Oidc => "initial_access_token",
    }
}

/// What the config of a type may have.
fn known_names(provider_type: ProviderType) -> &'static [&'static str] {
    match provider_type {
        ProviderType::Okta => &["dcr_token", "api_url"],
        ProviderType::Auth0 => &[
            "initial_client_id",
            "initial_client_secret",
            "initial_client_audience",
            "use_developer_managed_scopes",
            "api_url",
            "token_url",
        ],
        ProviderType::AzureAd | ProviderType::Curity => &["initial_client_id", "initial_client_secret", "api_url", "token_url"],
        ProviderType::Http => &["dcr_base_url", "api_key", "disable_event_hooks", "disable_refresh_secret"],
        ProviderType::Oidc => &["initial_access_token", "api_url"],
    }
}

/// What is wrong with a config is said of its place in the body.
fn named(provider_type: ProviderType) -> impl Fn(portico_core::Error) -> Refusal {
    move |error| {
        let secret = format!("dcr_config.{}", secret_name(provider_type));
        Refusal::from(error).renamed(&[
            ("secret", &secret),
            ("initial_client_id", "dcr_config.initial_client_id"),
            ("initial_client_audience", "dcr_config.initial_client_audience"),
            ("dcr_base_url", "dcr_config.dcr_base_url"),
            ("api_url", "dcr_config.api_url"),
            ("token_url", "dcr_config.token_url"),
        ])
    }
}

/// Some of the DCR providers. For admins.
#[utoipa::path(get, path = "/dcr-providers", operation_id = "list-dcr-providers", tag = "dcr-providers",
    params(ListQuery<ProviderList>), responses((status = 200, description = "Some of the providers", body = PageOf<ProviderView>)))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<ProviderList>()?;
    Ok(page(&listing, dcr_providers::list_by(&call.core, call.actor, &listing).await?, ProviderView::from))
}

/// The properties of every type's config. Which of them a type has, and which it must have, is in the guide.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct ProviderConfig {
    /// `okta`; never told.
    dcr_token: String,
    /// `auth0`, `azureAd`, `curity`.
    initial_client_id: String,
    /// `auth0`, `azureAd`, `curity`; never told.
    initial_client_secret: String,
    /// `auth0`.
    initial_client_audience: Option<String>,
    /// `auth0`.
    use_developer_managed_scopes: bool,
    /// `http`.
    dcr_base_url: String,
    /// `http`; never told.
    api_key: String,
    /// `http`.
    disable_event_hooks: bool,
    /// `http`.
    disable_refresh_secret: bool,
    /// `oidc`; never told.
    initial_access_token: String,
    /// Where clients are registered, instead of the address that derives from the issuer.
    api_url: String,
    /// Where admin tokens are had, likewise.
    token_url: String,
}

impl ProviderConfig {
    /// Reads the config of a type.
    fn read(provider_type: ProviderType, given: Map<String, Value>) -> Result<Self, Refusal> {
        let known = known_names(provider_type);
        let unknown: Vec<FieldProblem> = given
            .keys()
            .filter(|name| !known.contains(&name.as_str()))
            .map(|name| FieldProblem { field: format!("dcr_config.{name}"), rule: Rule::UnknownProperty })
            .collect();
        if !unknown.is_empty() {
            return Err(Problem::Invalid(unknown).into());
        }
        body::read(Value::Object(given)).map_err(|refusal| refusal.inside("dcr_config"))
    }

    fn split(self) -> (DcrConfig, Plain) {
        let secrets = [self.dcr_token, self.initial_client_secret, self.api_key, self.initial_access_token];
        let config = DcrConfig {
            initial_client_id: self.initial_client_id,
            initial_client_audience: self.initial_client_audience.unwrap_or_default(),
            use_developer_managed_scopes: self.use_developer_managed_scopes,
            dcr_base_url: self.dcr_base_url,
            disable_event_hooks: self.disable_event_hooks,
            disable_refresh_secret: self.disable_refresh_secret,
            api_url: self.api_url,
            token_url: self.token_url,
        };
        (config, Plain::new(secrets.concat()))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateDcrProvider {
    name: String,
    #[schema(nullable = false)]
    display_name: Option<String>,
    provider_type: ProviderType,
    issuer: String,
    #[schema(value_type = ProviderConfig)]
    dcr_config: Map<String, Value>,
    #[serde(default)]
    labels: Labels,
}

/// Creates a DCR provider. For admins; recorded as `dcr_provider.created`.
#[utoipa::path(post, path = "/dcr-providers", operation_id = "create-dcr-provider", tag = "dcr-providers",
    request_body = CreateDcrProvider, responses((status = 201, description = "The provider", body = ProviderView)))]
async fn create(call: Call, Body(body): Body<CreateDcrProvider>) -> Answer {
    let provider_type = body.provider_type;
    let (config, secret) = ProviderConfig::read(provider_type, body.dcr_config)?.split();
    let input = DcrProviderInput {
        display_name: body.display_name.unwrap_or_else(|| body.name.clone()),
        name: body.name,
        provider_type,
        issuer: body.issuer,
        config,
        secret: Some(secret),
        labels: Some(body.labels),
    };
    let id = dcr_providers::create(&call.core, call.actor, input).await.map_err(named(provider_type))?;
    Ok(created(answer(&call, id).await?))
}

/// One DCR provider. For admins.
#[utoipa::path(get, path = "/dcr-providers/{dcrProviderId}", operation_id = "get-dcr-provider", tag = "dcr-providers",
    responses((status = 200, description = "The provider", body = ProviderView)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, call.id("dcrProviderId")?).await?).into_response())
}

change! {
    UpdateDcrProvider {
        name: String,
        display_name: String,
        issuer: String,
        /// The properties that are named change, the others stay.
        dcr_config: Map<String, Value>,
    } nullable {
        labels: LabelsChange,
    }
}

/// Changes what is named of a DCR provider; what it refused is tried again. For admins; recorded as `dcr_provider.updated`.
#[utoipa::path(patch, path = "/dcr-providers/{dcrProviderId}", operation_id = "update-dcr-provider", tag = "dcr-providers",
    request_body = UpdateDcrProvider, responses((status = 200, description = "The provider", body = ProviderView)))]
async fn update(call: Call, Body(body): Body<UpdateDcrProvider>) -> Answer {
    let id = call.id("dcrProviderId")?;
    let before = dcr_providers::get(&call.core, call.actor, id).await?;
    // Once outside, so that what is wrong is told in the words of the API.
    merged(&before, &body)?;
    let decide = |provider: &DcrProvider| merged(provider, &body).map_err(|_| Problem::NotFound.into());
    dcr_providers::change(&call.core, call.actor, id, decide).await.map_err(named(before.provider_type))?;
    Ok(Json(answer(&call, id).await?).into_response())
}

/// What a change makes of a provider.
fn merged(before: &DcrProvider, body: &UpdateDcrProvider) -> Result<DcrProviderInput, Refusal> {
    let mut whole = config(before);
    whole.extend(body.dcr_config.clone().unwrap_or_default());
    let (config, secret) = ProviderConfig::read(before.provider_type, whole)?.split();
    Ok(DcrProviderInput {
        name: body.name.clone().unwrap_or_else(|| before.name.clone()),
        display_name: body.display_name.clone().unwrap_or_else(|| before.display_name.clone()),
        provider_type: before.provider_type,
        issuer: body.issuer.clone().unwrap_or_else(|| before.issuer.clone()),
        config,
        secret: Some(secret),
        labels: Some(labels::changed(before.labels.clone(), body.labels.clone())),
    })
}

/// Deletes a DCR provider that nothing uses. For admins; recorded as `dcr_provider.deleted`.
#[utoipa::path(delete, path = "/dcr-providers/{dcrProviderId}", operation_id = "delete-dcr-provider", tag = "dcr-providers",
    responses((status = 204, description = "Deleted"), (status = 409, description = "Something uses the provider")))]
async fn remove(call: Call) -> Answer {
    dcr_providers::delete(&call.core, call.actor, call.id("dcrProviderId")?).await?;
    no_content()
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Verified {
    Success,
    Failed,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyDcrProvider {
    status: Verified,
    /// In the provider's own words.
    errors: Vec<String>,
}

/// Really makes a client at a provider, and deletes it again. For admins; recorded as `dcr_provider.tested`.
#[utoipa::path(post, path = "/dcr-providers/{dcrProviderId}/verify", operation_id = "verify-dcr-provider", tag = "dcr-providers",
    responses((status = 200, description = "Whether the provider can be used", body = VerifyDcrProvider)))]
async fn verify(call: Call) -> Answer {
    let id = call.id("dcrProviderId")?;
    match dcr_clients::test(&call.core, call.actor, id).await {
        // Somebody else asks just now: the answer is the same.
        Ok(()) | Err(portico_core::Error::Problem(Problem::Conflict(Conflict::TestRunning))) => {}
        Err(error) => return Err(error.into()),
    }
    dcr_clients::wait_for_test(&call.core, call.actor, id, TEST_PATIENCE).await?;
    let test = dcr_clients::last_test(&call.core, call.actor, id).await?;
    let outcome = test.as_ref().and_then(|test| test.outcome());
    let error = test.map(|test| test.last_error).filter(|error| !error.is_empty());
    let verified = match outcome {
        Some(true) => VerifyDcrProvider { status: Verified::Success, errors: Vec::new() },
        _ => {
            let error = error.unwrap_or_else(|| "The provider has not answered yet".to_owned());
            VerifyDcrProvider { status: Verified::Failed, errors: vec![error] }
        }
    };
    Ok(Json(verified).into_response())
}
