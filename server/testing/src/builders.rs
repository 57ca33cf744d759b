//! Things to test with, made by the operations that people use.

use portico_core::{
    Actor, Core,
    access_tokens::AccessTokenInput,
    admins,
    applications::{self, ApplicationInput},
    auth_strategies::{self, KeyAuthInput, OpenidConnectInput},
    credentials, developers,
    documents::{self, DocumentInput},
    gateways,
    portals::{self, Portal, PortalInput},
    products::{
        self, ProductInput, specifications,
        versions::{self, Version, VersionInput},
    },
    publications,
    publications::PublicationInput,
    registrations,
    secrets::Plain,
};
use portico_model::{
    access::Permissions,
    ids::{ApplicationId, AuthStrategyId, DocumentId, GatewayServiceId, ProductId, RegistrationId, VersionId},
    states::{PublishStatus, RegistrationStatus},
};

/// The password of every account made here.
pub const PASSWORD: &str = "a password for tests";

/// A small document with two operations and a schema.
pub const SPECIFICATION: &str = "openapi: 3.1.0\ninfo: {title: Test API, version: '1'}\npaths:\n  \
    /things: {get: {summary: All things}}\n  /things/{id}: {get: {summary: One thing, responses: {200: {description: It,\n  \
    content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}\ncomponents: {schemas: {Thing: {type: object}}}\n";

/// An admin.
pub async fn an_admin(core: &Core) -> Actor {
    let id = admins::create(core, Actor::System, "admin@example.com", Plain::new(PASSWORD)).await.expect("an admin");
    Actor::Admin { id, permissions: Permissions::ALL }
}

/// What is decided about a token that may do all that its owner may.
pub fn access_token_input(name: &str, lifetime_days: u32) -> AccessTokenInput {
    AccessTokenInput { name: name.to_owned(), lifetime_days, roles: None }
}

/// A private portal at `<slug>.localhost` that approves nobody and nothing by itself.
pub fn portal_input(slug: &str) -> PortalInput {
    PortalInput { slug: slug.to_owned(), name: format!("Portal {slug}"), ..PortalInput::default() }
}

pub async fn a_portal(core: &Core, input: PortalInput) -> Portal {
    let id = portals::create(core, Actor::System, input).await.expect("a portal");
    portals::get(core, Actor::System, id).await.expect("the portal")
}

/// A key-auth strategy that looks for `apikey`.
pub async fn a_strategy(core: &Core, name: &str) -> AuthStrategyId {
    let input = KeyAuthInput { name: name.to_owned(), display_name: name.to_owned(), ..KeyAuthInput::default() };
    auth_strategies::create_key_auth(core, Actor::System, input).await.expect("a strategy")
}

/// A version of a new product, with a specification.
pub async fn a_version(core: &Core, product: &str) -> (ProductId, VersionId) {
    let product = products::create(core, Actor::System, product_input(product)).await.expect("a product");
    let version = versions::create(core, Actor::System, product, "v1").await.expect("a version");
    specifications::put(core, Actor::System, version, "", SPECIFICATION.to_owned()).await.expect("a specification");
    (product, version)
}

/// A published document of a product, at its top.
pub async fn a_document(core: &Core, product: ProductId, title: &str) -> DocumentId {
    documents::create(core, Actor::System, product, document_input(title)).await.expect("a document")
}

/// A published document at the top, with its title as its content.
pub fn document_input(title: &str) -> DocumentInput {
    DocumentInput {
        slug: String::new(),
        title: title.to_owned(),
        status: PublishStatus::Published,
        content: title.to_owned(),
        parent: None,
        metadata: serde_json::Map::new(),
    }
}

pub fn product_input(name: &str) -> ProductInput {
    ProductInput { name: name.to_owned(), description: "For tests.".to_owned(), ..ProductInput::default() }
}

/// Links a version to the gateway service that serves it, or to none.
pub async fn link(core: &Core, version: VersionId, service: Option<GatewayServiceId>) -> portico_core::Result<()> {
    let decide = |version: &Version| VersionInput { gateway_service: service, ..version.into() };
    versions::update(core, Actor::System, version, decide).await
}

/// A gateway service at a path prefix, linked from a version.
pub async fn a_linked_service(core: &Core, version: VersionId, path_prefix: &str, upstream_url: &str) -> GatewayServiceId {
    let gateway = gateways::create(core, Actor::System, path_prefix).await.expect("a gateway");
    let input = gateways::ServiceInput {
        name: path_prefix.to_owned(),
        host: String::new(),
        path_prefix: path_prefix.to_owned(),
        upstream_url: upstream_url.to_owned(),
    };
    let service = gateways::create_service(core, Actor::System, gateway, &input).await.expect("a service");
    link(core, version, Some(service)).await.expect("a link");
    service
}

/// Published, with registrations that need approval; whoever it stops is meant to stop.
pub fn publication_input(strategy: Option<AuthStrategyId>) -> PublicationInput {
    PublicationInput {
        publish_status: PublishStatus::Published,
        auth_strategy: strategy,
        no_authentication: false,
        application_registration_enabled: strategy.is_some(),
        auto_approve_registration: false,
        deprecated: false,
        notify_developers: false,
        confirmed: true,
    }
}

pub async fn publish(core: &Core, version: VersionId, portal: &Portal, strategy: AuthStrategyId) {
    publications::put(core, Actor::System, version, portal.id, &publication_input(Some(strategy))).await.expect("a publication");
}

/// An approved developer with the address `<name>@example.com`.
pub async fn a_developer(core: &Core, portal: &Portal, name: &str) -> Actor {
    let email = format!("{name}@example.com");
    let id =
        developers::create_approved(core, Actor::System, portal, &email, name, Plain::new(PASSWORD)).await.expect("a developer");
    Actor::Developer { id, portal: portal.id }
}

/// A strategy that takes bearer tokens of an issuer, with the client id in `client_id`; whoever it stops is meant to
/// stop.
pub fn openid_connect_input(name: &str, issuer: &str) -> OpenidConnectInput {
    OpenidConnectInput {
        name: name.to_owned(),
        display_name: name.to_owned(),
        issuer: issuer.to_owned(),
        credential_claim: vec!["client_id".to_owned()],
        auth_methods: vec!["bearer".to_owned()],
        confirmed: true,
        ..OpenidConnectInput::default()
    }
}

/// An application with a client of an OpenID provider, of which it has the name.
pub async fn a_client(
    core: &Core,
    developer: Actor,
    portal: &Portal,
    strategy: AuthStrategyId,
    client_id: &str,
) -> ApplicationId {
    let input = ApplicationInput { reference_id: Some(client_id.to_owned()), ..application_input(client_id) };
    applications::create(core, developer, portal, &input, Some(strategy)).await.expect("an application")
}

pub fn application_input(name: &str) -> ApplicationInput {
    ApplicationInput { name: name.to_owned(), ..ApplicationInput::default() }
}

pub async fn an_application(
    core: &Core,
    developer: Actor,
    portal: &Portal,
    name: &str,
    strategy: AuthStrategyId,
) -> ApplicationId {
    applications::create(core, developer, portal, &application_input(name), Some(strategy)).await.expect("an application")
}

/// A registration that an admin approved.
pub async fn an_approved_registration(
    core: &Core,
    developer: Actor,
    portal: &Portal,
    application: ApplicationId,
    version: VersionId,
) -> RegistrationId {
    let (id, status) = registrations::create(core, developer, portal, application, version).await.expect("a registration");
    if status == RegistrationStatus::Pending {
        registrations::decide(core, Actor::System, id, RegistrationStatus::Approved, "").await.expect("an approval");
    }
    id
}

/// An API key.
pub async fn a_key(core: &Core, developer: Actor, portal: &Portal, application: ApplicationId) -> Plain {
    let (_, key) = credentials::create(core, developer, portal.id, application, "a key", None).await.expect("a key");
    key
}
