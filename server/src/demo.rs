//! Demo data, and an echo API for the gateway to lead to.
//!
//! Made through the same operations that people use, and only where it is missing.

use crate::serve::{answer, failed};
use anyhow::Context;
use axum::{Json, Router, extract::Request};
use portico_core::{
    Actor, Core, admins,
    applications::{self, ApplicationInput},
    auth_strategies::{self, KeyAuthInput},
    credentials, developers,
    documents::{self, DocumentInput},
    gateways::{self, ServiceInput},
    portals::{self, Portal, PortalInput},
    products, publications,
    publications::PublicationInput,
    registrations,
    secrets::Plain,
};
use portico_model::{
    ids::{AuthStrategyId, GatewayId, GatewayServiceId, ProductId, VersionId},
    paging::PageRequest,
    states::PublishStatus,
};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const ADMIN: &str = "admin@example.com";
const DEVELOPER: &str = "ada@example.com";
const PASSWORD: &str = "weather or not";
const CREDENTIAL: &str = "Printed at start";
const GATEWAY: &str = "Built-in gateway";

/// A version of the demo: product, version, specification, path prefix, whether registrations are approved at once.
const VERSIONS: [(&str, &str, &str, &str, bool); 4] = [
    ("Weather", "v1", include_str!("../demo/weather-v1.yaml"), "/weather/v1", true),
    ("Weather", "v2", include_str!("../demo/weather-v2.yaml"), "/weather/v2", false),
    ("Maps", "v1", include_str!("../demo/maps-v1.yaml"), "/maps/v1", true),
    ("Maps", "v2", include_str!("../demo/maps-v2.yaml"), "/maps/v2", false),
];

/// Documents of the product Weather; the others are filed under the first.
const DOCUMENTS: [(&str, &str); 3] = [
    ("Getting started", include_str!("../demo/getting-started.md")),
    ("Errors and limits", include_str!("../demo/errors-and-limits.md")),
    ("Changelog", include_str!("../demo/changelog.md")),
];

/// Makes the data, starts the echo API, and says what there is.
pub async fn start(core: &Core, gateway_origin: &str, stop: &CancellationToken, tasks: &TaskTracker) -> anyhow::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("the echo API cannot listen")?;
    let upstream = format!("http://{}", listener.local_addr()?);
    tasks.spawn(answer(listener, echo(), stop.clone()));
    let demo = seed(core, &upstream).await.map_err(failed)?;
    let (origin, portal) = (core.site.origin(), demo.portal.origin(core));
    Ok(format!(
        "\n  Products Weather and Maps, v1 and v2 each, published with the strategy key-auth, served by the built-in gateway\n\n  Portal Weather   {portal}\n    developer      {DEVELOPER}, password: {PASSWORD}\n  \
         Admin console    {origin}/admin\n    admin          {ADMIN}, password: {PASSWORD}\n\n  \
         A call that works:\n    curl {gateway_origin}/weather/v1/cities/oslo/current --header 'apikey: {}'\n",
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
pub async fn seed(core: &Core, upstream: &str) -> portico_core::Result<Demo> {
    let admin = Actor::System;
    if admins::offer_set_up(core, admin).await?.is_some() {
        admins::create(core, admin, ADMIN, Plain::new(PASSWORD)).await?;
    }
    let strategy = strategy(core).await?;
    let portal = portal(core, strategy).await?;
    let gateway = gateway(core).await?;
    let mut first = None;
    for (product, version, specification, path_prefix, auto_approve) in VERSIONS {
        let service = service(core, gateway, path_prefix, upstream).await?;
        let product = product_named(core, product).await?;
        let id = version_named(core, product, version, specification, service).await?;
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
        if publications::of_version(core, admin, id).await?.is_empty() {
            publications::put(core, admin, id, portal.id, &publication).await?;
        }
        first.get_or_insert(id);
    }
    documents(core).await?;
    let first = first.context("the demo has versions")?;
    let key = key(core, &portal, first).await?;
    Ok(Demo { portal, key })
}

async fn strategy(core: &Core) -> portico_core::Result<AuthStrategyId> {
    let known = auth_strategies::choices(core, Actor::System).await?.into_iter().find(|strategy| strategy.name == "key-auth");
    if let Some(strategy) = known {
        return Ok(strategy.id);
    }
    let input = KeyAuthInput { name: "key-auth".to_owned(), display_name: "API key".to_owned(), ..KeyAuthInput::default() };
    auth_strategies::create_key_auth(core, Actor::System, input).await
}

async fn portal(core: &Core, strategy: AuthStrategyId) -> portico_core::Result<Portal> {
    let known = portals::choices(core, Actor::System).await?.into_iter().find(|portal| portal.slug == "weather");
    if let Some(portal) = known {
        return Ok(portal);
    }
    let input = PortalInput {
        slug: "weather".to_owned(),
        name: "Weather".to_owned(),
        description: "Weather and maps for your applications.".to_owned(),
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
    products::create(core, Actor::System, name, description).await
}

async fn version_named(
    core: &Core,
    product: ProductId,
    name: &str,
    specification: &str,
    service: GatewayServiceId,
) -> portico_core::Result<VersionId> {
    let known = products::versions(core, Actor::System, product).await?.into_iter().find(|version| version.name == name);
    if let Some(version) = known {
        return Ok(version.id);
    }
    let id = products::create_version(core, Actor::System, product, name).await?;
    products::put_specification(core, Actor::System, id, "openapi.yaml", specification.to_owned()).await?;
    products::link_service(core, Actor::System, id, Some(service)).await?;
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
        };
        let id = documents::create(core, Actor::System, product, input).await?;
        start.get_or_insert(id);
    }
    Ok(())
}

/// A new key for the demo developer's application, in place of the one that the last start printed.
async fn key(core: &Core, portal: &Portal, version: VersionId) -> portico_core::Result<Plain> {
    let developer =
        developers::create_approved(core, Actor::System, portal, DEVELOPER, "Ada Example", Plain::new(PASSWORD)).await?;
    let ada = Actor::Developer { id: developer, portal: portal.id };
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

/// Answers every call with what it was.
pub fn echo() -> Router {
    Router::new().fallback(|request: Request| async move {
        let headers: Map<String, Value> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into()))
            .collect();
        Json(json!({
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "query": request.uri().query(),
            "headers": headers,
        }))
    })
}
