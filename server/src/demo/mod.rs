//! Demo data, an echo API for the gateway to lead to, and an identity provider.
//!
//! Made through the same operations that people use, and only where it is missing.

pub mod servers;

use crate::serve::{answer, failed};
use anyhow::Context;
use portico_core::{
    Actor, Core, Error, admins,
    applications::{self, ApplicationInput},
    auth_strategies::{self, AuthStrategy, KeyAuthInput, OpenidConnectInput},
    credentials,
    dcr_providers::{self, DcrConfig, DcrProvider, DcrProviderInput},
    developers,
    documents::{self, DocumentInput},
    gateways::{self, ServiceInput},
    portals::{self, Portal, PortalInput},
    products::{self, ProductInput, versions::VersionInput},
    publications,
    publications::PublicationInput,
    registrations,
    secrets::Plain,
};
use portico_model::{
    ids::{AuthStrategyId, DcrProviderId, GatewayId, GatewayServiceId, ProductId, VersionId},
    paging::PageRequest,
    problem::Problem,
    states::{ProviderType, PublishStatus},
};
use servers::{CLIENT, INITIAL_ACCESS_TOKEN};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const ADMIN: &str = "admin@example.com";
const DEVELOPER: &str = "ada@example.com";
const PASSWORD: &str = "weather or not";
const CREDENTIAL: &str = "Printed at start";
const GATEWAY: &str = "Built-in gateway";
const DCR_PROVIDER: &str = "demo-provider";

/// A version of the demo: product, version, specification, path prefix, whether registrations are approved at once.
const VERSIONS: [(&str, &str, &str, &str, bool); 4] = [
    ("Weather", "v1", include_str!("../../demo/weather-v1.yaml"), "/weather/v1", true),
    ("Weather", "v2", include_str!("../../demo/weather-v2.yaml"), "/weather/v2", false),
    ("Maps", "v1", include_str!("../../demo/maps-v1.yaml"), "/maps/v1", true),
    ("Maps", "v2", include_str!("../../demo/maps-v2.yaml"), "/maps/v2", false),
];

/// What only [`STAGES`] publishes.
const NEXT: (&str, &str, &str, &str) = ("Weather", "v3", include_str!("../../demo/weather-v2.yaml"), "/weather/v3");

/// Versions that use other strategies in other portals: portal, product, version, strategy.
const STAGES: [(&str, &str, &str, &str); 5] = [
    ("Staging", "Weather", "v1", "key-auth"),
    ("Staging", "Weather", "v2", "okta-oidc"),
    ("Staging", "Maps", "v2", "okta-oidc"),
    ("Production", "Weather", "v3", "okta-dcr"),
    ("Production", "Maps", "v2", "auth0-oidc"),
];

/// Strategies of the demo's identity provider: name, what developers see, the issuer under the provider's origin.
const PROVIDED: [(&str, &str, &str); 3] =
    [("okta-oidc", "Okta", "okta"), ("okta-dcr", "Okta, production", "okta"), ("auth0-oidc", "Auth0", "auth0")];

/// Documents of the product Weather; the others are filed under the first.
const DOCUMENTS: [(&str, &str); 3] = [
    ("Getting started", include_str!("../../demo/getting-started.md")),
    ("Errors and limits", include_str!("../../demo/errors-and-limits.md")),
    ("Changelog", include_str!("../../demo/changelog.md")),
];

/// Makes the data, starts the echo API and the identity provider, and says what there is.
pub async fn start(core: &Core, gateway_origin: &str, stop: &CancellationToken, tasks: &TaskTracker) -> anyhow::Result<String> {
    let (upstream, listener) = servers::listen().await.context("the echo API cannot listen")?;
    tasks.spawn(answer(listener, servers::echo(), stop.clone()));
    let known = dcr_provider(core).await.map_err(failed)?;
    let issuer = known.as_ref().map(|provider| provider.issuer.as_str());
    let (provider, listener) = servers::listen_again(issuer).await.context("the identity provider cannot listen")?;
    tasks.spawn(answer(listener, servers::provider(core, provider.clone())?, stop.clone()));
    let demo = seed(core, &upstream, &provider).await.map_err(failed)?;
    let (origin, portal) = (core.site.origin(), demo.portal.origin(core));
    let (client, secret) = CLIENT;
    Ok(format!(
        "\n  Products Weather and Maps, served by the built-in gateway: with API keys in the portal Weather,\n  with several strategies in Staging and Production\n\n  Portal Weather   {portal}\n    developer      {DEVELOPER}, password: {PASSWORD}, in every portal\n  \
         Admin console    {origin}/admin\n    admin          {ADMIN}, password: {PASSWORD}\n\n  \
         A call that works:\n    curl {gateway_origin}/weather/v1/cities/oslo/current --header 'apikey: {}'\n\n  \
         And one for which the demo's identity provider vouches:\n    curl {gateway_origin}/weather/v2/cities/oslo/current --user {client}:{secret}\n",
        demo.key.expose()
    ))
}

/// What the demo made that is not printed elsewhere.
pub struct Demo {
    pub portal: Portal,
    /// A key of the demo developer's application, good for Weather v1. Each start makes a new one.
    pub key: Plain,
}

/// Makes what is missing.
pub async fn seed(core: &Core, upstream: &str, provider: &str) -> portico_core::Result<Demo> {
    let admin = Actor::System;
    if admins::offer_set_up(core, admin).await?.is_some() {
        admins::create(core, admin, ADMIN, Plain::new(PASSWORD)).await?;
    }
    let strategy = strategy(core).await?;
    let portal = portal(core, "Weather", "Weather and maps for your applications.", strategy).await?;
    let gateway = gateway(core).await?;
    let mut first = None;
    for (product, version, specification, path_prefix, auto_approve) in VERSIONS {
        let service = service(core, gateway, path_prefix, upstream).await?;
        let product = product_named(core, product).await?;
        let id = version_named(core, product, version, specification, service).await?;
        publish(core, &portal, id, strategy, auto_approve).await?;
        first.get_or_insert(id);
    }
    documents(core).await?;
    stages(core, gateway, upstream, provider).await?;
    let first = first.context("the demo has versions")?;
    let key = key(core, &portal, first).await?;
    Ok(Demo { portal, key })
}

/// Publishes a version to a portal, unless it is published there already.
async fn publish(
    core: &Core,
    portal: &Portal,
    version: VersionId,
    strategy: AuthStrategyId,
    auto_approve: bool,
) -> portico_core::Result<()> {
    let known = publications::of_version(core, Actor::System, version).await?;
    if known.iter().any(|publication| publication.portal_id == portal.id) {
        return Ok(());
    }
    let publication = PublicationInput {
        publish_status: PublishStatus::Published,
        auth_strategy: Some(strategy),
        no_authentication: false,
        application_registration_enabled: true,
        auto_approve_registration: auto_approve,
        deprecated: false,
        notify_developers: false,
        confirmed: false,
    };
    publications::put(core, Actor::System, version, portal.id, &publication).await
}

/// The portals Staging and Production, with their strategies, and a client of the demo developer's.
async fn stages(core: &Core, gateway: GatewayId, upstream: &str, provider: &str) -> portico_core::Result<()> {
    let (product, version, specification, path_prefix) = NEXT;
    let service = service(core, gateway, path_prefix, upstream).await?;
    let product = product_named(core, product).await?;
    version_named(core, product, version, &specification.replace("version: \"2.0\"", "version: \"3.0\""), service).await?;
    let key_auth = strategy(core).await?;
    let registering = register(core, &format!("{provider}/okta")).await?;
    for (name, display_name, issuer) in PROVIDED {
        let dcr_provider = (name == "okta-dcr").then_some(registering);
        provided(core, name, display_name, &format!("{provider}/{issuer}"), dcr_provider).await?;
    }
    let strategies = auth_strategies::choices(core, Actor::System).await?;
    for (stage, product, version, strategy) in STAGES {
        let portal = portal(core, stage, "The same products, with other strategies.", key_auth).await?;
        let product = product_named(core, product).await?;
        let versions = products::versions::of_product(core, Actor::System, product).await?;
        let version = versions.into_iter().find(|known| known.name == version).context("the demo has the version")?;
        let strategy = strategies.iter().find(|known| known.name == strategy).context("the demo has the strategy")?;
        publish(core, &portal, version.id, strategy.id, true).await?;
        developer(core, &portal).await?;
        if (stage, version.name.as_str(), strategy.name.as_str()) == ("Staging", "v2", "okta-oidc") {
            client(core, &portal, version.id, strategy).await?;
        }
    }
    Ok(())
}

async fn dcr_provider(core: &Core) -> portico_core::Result<Option<DcrProvider>> {
    let request = PageRequest { search: DCR_PROVIDER.to_owned(), ..PageRequest::default() };
    let found = dcr_providers::list(core, Actor::System, &request).await?.items;
    Ok(found.into_iter().map(|listed| listed.provider).find(|provider| provider.name == DCR_PROVIDER))
}

/// The DCR provider at the demo's identity provider. One that has clients stays where it is.
async fn register(core: &Core, issuer: &str) -> portico_core::Result<DcrProviderId> {
    let input = DcrProviderInput {
        name: DCR_PROVIDER.to_owned(),
        display_name: "Okta".to_owned(),
        provider_type: ProviderType::Oidc,
        issuer: issuer.to_owned(),
        config: DcrConfig::default(),
        secret: Some(Plain::new(INITIAL_ACCESS_TOKEN)),
        labels: None,
    };
    match dcr_provider(core).await? {
        None => dcr_providers::create(core, Actor::System, input).await,
        Some(known) if known.issuer == issuer => Ok(known.id),
        Some(known) => match dcr_providers::update(core, Actor::System, known.id, input).await {
            Ok(()) | Err(Error::Problem(Problem::Invalid(_))) => Ok(known.id),
            Err(error) => Err(error),
        },
    }
}

/// A strategy of the demo's identity provider, which has another port at each start.
async fn provided(
    core: &Core,
    name: &str,
    display_name: &str,
    issuer: &str,
    dcr_provider: Option<DcrProviderId>,
) -> portico_core::Result<()> {
    let input = OpenidConnectInput {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        issuer: issuer.to_owned(),
        credential_claim: vec!["client_id".to_owned()],
        auth_methods: vec!["bearer".to_owned(), "client_credentials".to_owned()],
        confirmed: true,
        dcr_provider,
        ..OpenidConnectInput::default()
    };
    match auth_strategies::choices(core, Actor::System).await?.into_iter().find(|strategy| strategy.name == name) {
        Some(known) => auth_strategies::update_openid_connect(core, Actor::System, known.id, input).await,
        None => auth_strategies::create_openid_connect(core, Actor::System, input).await.map(|_| ()),
    }
}

/// The demo developer's client at the identity provider, registered for a version.
async fn client(core: &Core, portal: &Portal, version: VersionId, strategy: &AuthStrategy) -> portico_core::Result<()> {
    let ada = developer(core, portal).await?;
    let known = applications::list_own(core, ada, portal.id, &PageRequest::first()).await?.items.into_iter().next();
    let application = match known {
        Some(application) => application.id,
        None => {
            let input = ApplicationInput {
                name: "Demo client".to_owned(),
                description: "Made with the demo data.".to_owned(),
                reference_id: Some(CLIENT.0.to_owned()),
                ..ApplicationInput::default()
            };
            applications::create(core, ada, portal, &input, Some(strategy.id)).await?
        }
    };
    let registrations = registrations::of_application(core, ada, portal.id, application).await?;
    if !registrations.iter().any(|registration| registration.version_id == version) {
        registrations::create(core, ada, portal, application, version).await?;
    }
    Ok(())
}

async fn developer(core: &Core, portal: &Portal) -> portico_core::Result<Actor> {
    let id = developers::create_approved(core, Actor::System, portal, DEVELOPER, "Ada Example", Plain::new(PASSWORD)).await?;
    Ok(Actor::Developer { id, portal: portal.id })
}

async fn strategy(core: &Core) -> portico_core::Result<AuthStrategyId> {
    let known = auth_strategies::choices(core, Actor::System).await?.into_iter().find(|strategy| strategy.name == "key-auth");
    if let Some(strategy) = known {
        return Ok(strategy.id);
    }
    let input = KeyAuthInput { name: "key-auth".to_owned(), display_name: "API key".to_owned(), ..KeyAuthInput::default() };
    auth_strategies::create_key_auth(core, Actor::System, input).await
}

async fn portal(core: &Core, name: &str, description: &str, strategy: AuthStrategyId) -> portico_core::Result<Portal> {
    let slug = name.to_lowercase();
    let known = portals::choices(core, Actor::System).await?.into_iter().find(|portal| portal.slug == slug);
    if let Some(portal) = known {
        return Ok(portal);
    }
    let input = PortalInput {
        slug,
        name: name.to_owned(),
        description: description.to_owned(),
        auto_approve_developers: true,
        default_auth_strategy: Some(strategy),
        ..PortalInput::default()
    };
    let id = portals::create(core, Actor::System, input).await?;
    portals::get(core, Actor::System, id).await
}

async fn gateway(core: &Core) -> portico_core::Result<GatewayId> {
    let request = PageRequest { search: GATEWAY.to_owned(), ..PageRequest::default() };
    match gateways::list(core, Actor::System, &request).await?.items.into_iter().find(|gateway| gateway.name == GATEWAY) {
        Some(gateway) => Ok(gateway.id),
        None => gateways::create(core, Actor::System, GATEWAY).await,
    }
}

/// The echo API has another port at each start, so a known service is led there.
async fn service(core: &Core, gateway: GatewayId, path_prefix: &str, upstream: &str) -> portico_core::Result<GatewayServiceId> {
    let name = path_prefix.trim_start_matches('/').replace('/', " ");
    let input =
        ServiceInput { name, host: String::new(), path_prefix: path_prefix.to_owned(), upstream_url: upstream.to_owned() };
    let request = PageRequest { search: path_prefix.to_owned(), ..PageRequest::default() };
    match gateways::services(core, Actor::System, gateway, &request)
        .await?
        .items
        .into_iter()
        .find(|service| service.path_prefix == path_prefix)
    {
        Some(service) => {
            gateways::update_service(core, Actor::System, service.id, &input).await?;
            Ok(service.id)
        }
        None => gateways::create_service(core, Actor::System, gateway, &input).await,
    }
}

async fn product_named(core: &Core, name: &str) -> portico_core::Result<ProductId> {
    let request = PageRequest { search: name.to_owned(), ..PageRequest::default() };
    let known = products::list(core, Actor::System, &request).await?.items.into_iter().find(|product| product.name == name);
    if let Some(product) = known {
        return Ok(product.id);
    }
    let description = match name {
        "Weather" => "Current weather, forecasts and warnings for cities all over the world.",
        _ => "Map tiles, places and routes.",
    };
    let input = ProductInput { name: name.to_owned(), description: description.to_owned(), ..ProductInput::default() };
    products::create(core, Actor::System, input).await
}

async fn version_named(
    core: &Core,
    product: ProductId,
    name: &str,
    specification: &str,
    service: GatewayServiceId,
) -> portico_core::Result<VersionId> {
    let known =
        products::versions::of_product(core, Actor::System, product).await?.into_iter().find(|version| version.name == name);
    if let Some(version) = known {
        return Ok(version.id);
    }
    let input = VersionInput { gateway_service: Some(service), ..name.into() };
    let id = products::versions::create(core, Actor::System, product, input).await?;
    products::specifications::put(core, Actor::System, id, "openapi.yaml", specification.to_owned()).await?;
    Ok(id)
}

/// The guide of the product Weather, where it has none.
async fn documents(core: &Core) -> portico_core::Result<()> {
    let product = product_named(core, "Weather").await?;
    if !documents::tree(core, Actor::System, product).await?.is_empty() {
        return Ok(());
    }
    let mut start = None;
    for (title, content) in DOCUMENTS {
        let input = DocumentInput {
            slug: String::new(),
            title: title.to_owned(),
            status: PublishStatus::Published,
            content: content.to_owned(),
            parent: start,
            metadata: serde_json::Map::new(),
        };
        let id = documents::create(core, Actor::System, product, input).await?;
        start.get_or_insert(id);
    }
    Ok(())
}

/// A new key for the demo developer's application, in place of the one that the last start printed.
async fn key(core: &Core, portal: &Portal, version: VersionId) -> portico_core::Result<Plain> {
    let ada = developer(core, portal).await?;
    let known = applications::list_own(core, ada, portal.id, &PageRequest::first())
        .await?
        .items
        .into_iter()
        .find(|a| a.name == "Demo app");
    let application = match known {
        Some(application) => application.id,
        None => {
            let input = ApplicationInput {
                name: "Demo app".to_owned(),
                description: "Made with the demo data.".to_owned(),
                ..ApplicationInput::default()
            };
            applications::create(core, ada, portal, &input, None).await?
        }
    };
    if registrations::of_application(core, ada, portal.id, application).await?.is_empty() {
        registrations::create(core, ada, portal, application, version).await?;
    }
    for old in credentials::list(core, ada, portal.id, application).await?.into_iter().filter(|c| c.display_name == CREDENTIAL) {
        credentials::revoke(core, ada, portal.id, application, old.id).await?;
    }
    let (_, key) = credentials::create(core, ada, portal.id, application, CREDENTIAL, None).await?;
    Ok(key)
}
