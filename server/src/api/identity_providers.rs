//! `/portals/{portalId}/identity-providers` and `/portals/{portalId}/authentication-settings`.

use super::{
    Answer, Call,
    body::{self, Body, change},
    created, no_content,
    openapi::IdentityProviderFilter,
    problem::{Refusal, Source},
    publications::portal,
};
use crate::pages::Pages;
use axum::{Json, response::IntoResponse};
use portico_core::{
    Core,
    identity_providers::{
        self, AuthenticationChange, ClaimMappings, Config, IdentityProvider, IdentityProviderInput, default_scopes,
    },
    portals::{self, Portal},
    secrets::Plain,
};
use portico_model::{
    ids::{IdentityProviderId, PortalId},
    problem::{Problem, Rule},
    states::IdentityProviderType,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Where a SAML provider finds Portico, on the portal's host.
const SAML_METADATA: &str = "/api/v2/developer/authenticate/saml/metadata";
const SAML_CALLBACK: &str = "/api/v2/developer/authenticate/saml/acs";

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, update, remove))
        .routes(routes!(show_settings, update_settings))
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IdentityProvider)]
struct ProviderView {
    id: IdentityProviderId,
    r#type: IdentityProviderType,
    enabled: bool,
    /// Without what is secret.
    config: Map<String, Value>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl ProviderView {
    fn new(core: &Core, portal: &Portal, provider: IdentityProvider) -> Self {
        let mut config = json!(provider.config).as_object().cloned().unwrap_or_default();
        if provider.provider_type == IdentityProviderType::Saml {
            config.insert("sp_metadata_url".to_owned(), json!(SAML_METADATA));
            config.insert("sp_entity_id".to_owned(), json!(format!("{}/sp/{}", portal.origin(core), provider.id)));
            config.insert("callback_url".to_owned(), json!(SAML_CALLBACK));
        }
        Self {
            id: provider.id,
            r#type: provider.provider_type,
            enabled: provider.enabled,
            config,
            created_at: provider.created_at,
            updated_at: provider.updated_at,
        }
    }
}

async fn answer(call: &Call, portal: PortalId, id: IdentityProviderId) -> Result<ProviderView, Refusal> {
    let provider = identity_providers::get(&call.core, call.actor, portal, id).await?;
    let portal = portals::get(&call.core, call.actor, portal).await?;
    Ok(ProviderView::new(&call.core, &portal, provider))
}

/// Which claims of a token say what of a developer.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Claims {
    name: String,
    email: String,
    groups: String,
}

impl Default for Claims {
    fn default() -> Self {
        ClaimMappings::default().into()
    }
}

impl From<ClaimMappings> for Claims {
    fn from(claims: ClaimMappings) -> Self {
        Self { name: claims.name, email: claims.email, groups: claims.groups }
    }
}

impl From<Claims> for ClaimMappings {
    fn from(claims: Claims) -> Self {
        Self { name: claims.name, email: claims.email, groups: claims.groups }
    }
}

/// Of an OpenID provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OidcConfig {
    issuer_url: String,
    client_id: String,
    /// Never told.
    #[serde(default)]
    client_secret: String,
    /// With `openid` among them.
    #[serde(default = "default_scopes")]
    scopes: Vec<String>,
    #[serde(default)]
    claim_mappings: Claims,
}

/// Of a SAML provider: one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SamlConfig {
    #[schema(nullable = false)]
    idp_metadata_url: Option<String>,
    #[schema(nullable = false)]
    idp_metadata_xml: Option<String>,
    /// Told, and passed over when it comes back.
    #[serde(default, rename = "sp_metadata_url")]
    _sp_metadata_url: Option<String>,
    #[serde(default, rename = "sp_entity_id")]
    _sp_entity_id: Option<String>,
    #[serde(default, rename = "callback_url")]
    _callback_url: Option<String>,
}

fn config(provider_type: IdentityProviderType, given: Map<String, Value>) -> Result<(Config, Option<Plain>), Refusal> {
    let inside = |refusal: Refusal| refusal.inside("config");
    match provider_type {
        IdentityProviderType::Oidc => {
            let OidcConfig { issuer_url, client_id, client_secret, scopes, claim_mappings } =
                body::read(Value::Object(given)).map_err(inside)?;
            let config = Config::Oidc { issuer_url, client_id, scopes, claim_mappings: claim_mappings.into() };
            Ok((config, Some(Plain::new(client_secret))))
        }
        IdentityProviderType::Saml => {
            let saml: SamlConfig = body::read(Value::Object(given)).map_err(inside)?;
            Ok((Config::Saml { idp_metadata_url: saml.idp_metadata_url, idp_metadata_xml: saml.idp_metadata_xml }, None))
        }
    }
}

/// The identity providers of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/identity-providers", operation_id = "get-portal-identity-providers",
    tag = "identity-providers", params(IdentityProviderFilter),
    responses((status = 200, description = "The providers", body = Vec<ProviderView>)))]
async fn list(call: Call) -> Answer {
    let kinds = call.parameters(["filter[type]", "filter[type][eq]"])?;
    let wanted = kinds.into_iter().flatten().next();
    if wanted.is_some_and(|kind| IdentityProviderType::parse(kind).is_none()) {
        let choices = Rule::OneOf(vec!["oidc".to_owned(), "saml".to_owned()]);
        return Err(Refusal::from(Problem::field("filter[type]", choices)).at(Source::Query));
    }
    let portal = portals::get(&call.core, call.actor, call.id("portalId")?).await?;
    let providers = identity_providers::list(&call.core, call.actor, portal.id).await?.into_iter();
    let kept = providers.filter(|provider| wanted.is_none_or(|kind| provider.provider_type.as_str() == kind));
    let views: Vec<ProviderView> = kept.map(|provider| ProviderView::new(&call.core, &portal, provider)).collect();
    Ok(Json(views).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateIdentityProvider {
    r#type: IdentityProviderType,
    #[serde(default)]
    enabled: bool,
    config: Map<String, Value>,
}

/// Creates an identity provider of a portal. For admins; recorded as `identity_provider.created`.
#[utoipa::path(post, path = "/portals/{portalId}/identity-providers", operation_id = "create-portal-identity-provider",
    tag = "identity-providers", request_body = CreateIdentityProvider,
    responses((status = 201, description = "The provider", body = ProviderView)))]
async fn create(call: Call, Body(body): Body<CreateIdentityProvider>) -> Answer {
    let portal = portal(&call).await?;
    let (config, client_secret) = config(body.r#type, body.config)?;
    let input = IdentityProviderInput { enabled: body.enabled, config, client_secret };
    let id = identity_providers::create(&call.core, call.actor, portal, input).await?;
    Ok(created(answer(&call, portal, id).await?))
}

/// One identity provider of a portal. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/identity-providers/{id}", operation_id = "get-portal-identity-provider",
    tag = "identity-providers", responses((status = 200, description = "The provider", body = ProviderView)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, portal(&call).await?, call.id("id")?).await?).into_response())
}

change! {
    UpdateIdentityProvider {
        enabled: bool,
        /// All of it; the secret stays where it is not named and goes to the same client.
        config: Map<String, Value>,
    }
}

/// Changes what is named of an identity provider. For admins; recorded as `identity_provider.updated`.
#[utoipa::path(patch, path = "/portals/{portalId}/identity-providers/{id}", operation_id = "update-portal-identity-provider",
    tag = "identity-providers", request_body = UpdateIdentityProvider,
    responses((status = 200, description = "The provider", body = ProviderView)))]
async fn update(call: Call, Body(body): Body<UpdateIdentityProvider>) -> Answer {
    let (portal, id) = (portal(&call).await?, call.id("id")?);
    let before = identity_providers::get(&call.core, call.actor, portal, id).await?;
    let given = body.config.map(|given| config(before.provider_type, given)).transpose()?;
    let decide = |before: &IdentityProvider| {
        let (config, client_secret) = given.unwrap_or_else(|| (before.config.clone(), None));
        IdentityProviderInput { enabled: body.enabled.unwrap_or(before.enabled), config, client_secret }
    };
    identity_providers::update(&call.core, call.actor, portal, id, decide).await?;
    Ok(Json(answer(&call, portal, id).await?).into_response())
}

/// Deletes an identity provider that is not the only way in. For admins; recorded as `identity_provider.deleted`.
#[utoipa::path(delete, path = "/portals/{portalId}/identity-providers/{id}", operation_id = "delete-portal-identity-provider",
    tag = "identity-providers",
    responses((status = 204, description = "Deleted"), (status = 400, description = "It is the only way in")))]
async fn remove(call: Call) -> Answer {
    identity_providers::delete(&call.core, call.actor, portal(&call).await?, call.id("id")?).await?;
    no_content()
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OidcSettings {
    issuer: String,
    client_id: String,
    scopes: Vec<String>,
    claim_mappings: Claims,
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AuthenticationSettings {
    basic_auth_enabled: bool,
    oidc_auth_enabled: bool,
    saml_auth_enabled: bool,
    /// The same as `idp_mapping_enabled`, under its former name.
    oidc_team_mapping_enabled: bool,
    /// Whether the groups of the identity provider decide about teams.
    idp_mapping_enabled: bool,
    /// Whether admins do.
    konnect_mapping_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    oidc_config: Option<OidcSettings>,
}

async fn settings(call: &Call) -> Result<AuthenticationSettings, Refusal> {
    let portal = portals::get(&call.core, call.actor, call.id("portalId")?).await?;
    let providers = identity_providers::list(&call.core, call.actor, portal.id).await?;
    let is_enabled = |kind| providers.iter().any(|provider| provider.provider_type == kind && provider.enabled);
    let oidc_config = providers.iter().find_map(|provider| match &provider.config {
        Config::Oidc { issuer_url, client_id, scopes, claim_mappings } => Some(OidcSettings {
            issuer: issuer_url.clone(),
            client_id: client_id.clone(),
            scopes: scopes.clone(),
            claim_mappings: claim_mappings.clone().into(),
        }),
        Config::Saml { .. } => None,
    });
    Ok(AuthenticationSettings {
        basic_auth_enabled: portal.basic_auth_enabled,
        oidc_auth_enabled: is_enabled(IdentityProviderType::Oidc),
        saml_auth_enabled: is_enabled(IdentityProviderType::Saml),
        oidc_team_mapping_enabled: portal.idp_mapping_enabled,
        idp_mapping_enabled: portal.idp_mapping_enabled,
        konnect_mapping_enabled: portal.konnect_mapping_enabled,
        oidc_config,
    })
}

/// How the developers of a portal sign in. For admins.
#[utoipa::path(get, path = "/portals/{portalId}/authentication-settings", operation_id = "get-portal-authentication-settings",
    tag = "identity-providers", responses((status = 200, description = "The settings", body = AuthenticationSettings)))]
async fn show_settings(call: Call) -> Answer {
    Ok(Json(settings(&call).await?).into_response())
}

change! {
    UpdateAuthenticationSettings {
        basic_auth_enabled: bool,
        oidc_auth_enabled: bool,
        saml_auth_enabled: bool,
        /// The same as `idp_mapping_enabled`, under its former name.
        oidc_team_mapping_enabled: bool,
        idp_mapping_enabled: bool,
        konnect_mapping_enabled: bool,
        oidc_issuer: String,
        oidc_client_id: String,
        /// Never told.
        oidc_client_secret: String,
        oidc_scopes: Vec<String>,
        oidc_claim_mappings: Claims,
    }
}

/// Changes what is named of how the developers of a portal sign in; one way in stays. For admins; recorded as
/// `portal.authentication_updated`.
#[utoipa::path(patch, path = "/portals/{portalId}/authentication-settings",
    operation_id = "update-portal-authentication-settings", tag = "identity-providers",
    request_body = UpdateAuthenticationSettings,
    responses((status = 200, description = "The settings", body = AuthenticationSettings)))]
async fn update_settings(call: Call, Body(body): Body<UpdateAuthenticationSettings>) -> Answer {
    let change = AuthenticationChange {
        basic_auth_enabled: body.basic_auth_enabled,
        oidc_auth_enabled: body.oidc_auth_enabled,
        saml_auth_enabled: body.saml_auth_enabled,
        idp_mapping_enabled: body.idp_mapping_enabled.or(body.oidc_team_mapping_enabled),
        konnect_mapping_enabled: body.konnect_mapping_enabled,
        oidc_issuer: body.oidc_issuer,
        oidc_client_id: body.oidc_client_id,
        oidc_client_secret: body.oidc_client_secret.map(Plain::new),
        oidc_scopes: body.oidc_scopes,
        oidc_claim_mappings: body.oidc_claim_mappings.map(ClaimMappings::from),
    };
    let named = |error: portico_core::Error| {
        Refusal::from(error).renamed(&[
            ("config.issuer_url", "oidc_issuer"),
            ("config.client_id", "oidc_client_id"),
            ("config.client_secret", "oidc_client_secret"),
            ("config.scopes", "oidc_scopes"),
            ("config.claim_mappings", "oidc_claim_mappings"),
        ])
    };
    identity_providers::configure(&call.core, call.actor, portal(&call).await?, &change).await.map_err(named)?;
    Ok(Json(settings(&call).await?).into_response())
}
