//! Why a call was allowed or refused, as admins and developers read it.

use crate::browser::{Browser, TestServer};
use axum::{
    body::Body,
    http::{Request, header},
};
use portico_core::{Actor, auth_strategies, registrations};
use portico_gateway::Proxy;
use portico_model::{ids::RegistrationId, states::RegistrationStatus};
use portico_testing::{
    a_client, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_admin, an_application,
    an_approved_registration,
    issuer::{Issuer, OTHER_RSA, RSA},
    openid_connect_input, portal_input, publish,
};
use tower::ServiceExt;

/// Ada's applications for Weather v1, one with a key and one with a client.
struct World {
    server: TestServer,
    issuer: Issuer,
    key: String,
    registration: RegistrationId,
}

async fn world() -> World {
    let server = TestServer::new().await;
    let core = &server.core;
    an_admin(core).await;
    let issuer = Issuer::start(&[RSA]).await;
    let keys = a_strategy(core, "Keys").await;
    let okta = auth_strategies::create_openid_connect(core, Actor::System, openid_connect_input("Okta", &issuer.url));
    let okta = okta.await.unwrap();
    let (here, there) = (a_portal(core, portal_input("a")).await, a_portal(core, portal_input("b")).await);
    let (_, version) = a_version(core, "Weather").await;
    a_linked_service(core, version, "/weather", "http://127.0.0.1:1").await;
    publish(core, version, &here, keys).await;
    publish(core, version, &there, okta).await;
    let ada = a_developer(core, &here, "ada").await;
    a_developer(core, &here, "eve").await;
    let app = an_application(core, ada, &here, "Robot", keys).await;
    let registration = an_approved_registration(core, ada, &here, app, version).await;
    let key = a_key(core, ada, &here, app).await.expose().to_owned();
    let bob = a_developer(core, &there, "bob").await;
    a_client(core, bob, &there, okta, "bobs-client").await;
    server.gateway.load().await.unwrap();
    World { server, issuer, key, registration }
}

impl World {
    /// The id of a call.
    async fn call(&self, headers: &[(&str, &str)], path: &str) -> String {
        let mut request = Request::builder().uri(path).header(header::HOST, "api");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let router = Proxy::new(self.server.gateway.clone(), false).unwrap().router();
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        response.headers()["x-portico-request-id"].to_str().unwrap().to_owned()
    }

    async fn revoke(&self) {
        let revoked =
            registrations::decide(&self.server.core, Actor::System, self.registration, RegistrationStatus::Revoked, "Abuse.");
        revoked.await.unwrap();
        self.server.gateway.load().await.unwrap();
    }
}

/// What somebody is told, as the page without JavaScript shows it; never what they asked about.
async fn told(browser: &Browser<'_>, about: &str) -> String {
    let page = if browser.host() == "localhost" { "/admin/explain" } else { "/explain" };
    let function = if browser.host() == "localhost" { "/_fn/admin/explain" } else { "/_fn/explain" };
    let answer = browser.submit(page, function, &[("key", about)]).await;
    let shown = browser.get(answer.location()).await.body;
    assert!(!shown.contains(about), "{shown}");
    shown.split("Step by step").nth(1).unwrap_or_else(|| panic!("{about}: {shown}")).to_owned()
}

#[tokio::test]
async fn a_request_id_tells_of_its_call() {
    let world = world().await;
    let admin = world.server.admin().await;
    let (ada, eve) = (world.server.developer("a.localhost", "ada").await, world.server.developer("a.localhost", "eve").await);
    let allowed = world.call(&[("apikey", &world.key)], "/weather/x").await;
    for browser in [&admin, &ada] {
        let told = told(browser, &allowed).await;
        for text in ["which serves Weather v1", "the application Robot (ada@example.com)", "the key a key", "It was allowed."] {
            assert!(told.contains(text), "{text}: {told}");
        }
    }
    let others = told(&eve, &allowed).await;
    assert!(others.contains("not made by an application of yours") && !others.contains("Robot"), "{others}");

    world.revoke().await;
    let refused = world.call(&[("apikey", &world.key)], "/weather/x").await;
    let told_ada = told(&ada, &refused).await;
    for text in ["no approved registration", "the registration is revoked: Abuse."] {
        assert!(told_ada.contains(text), "{text}: {told_ada}");
    }
    let nothing = world.call(&[], "/weather/x").await;
    assert!(told(&eve, &nothing).await.contains("no credential was sent"));
    let nowhere = world.call(&[], "/nowhere").await;
    assert!(told(&admin, &nowhere).await.contains("no service has this host and path"));
    // An id is sealed: nobody makes one, and none of another deployment is read.
    let forged = format!("{}x", &allowed[..allowed.len() - 1]);
    assert!(told(&admin, &forged).await.contains("This is no request ID"));
}

#[tokio::test]
async fn a_key_or_its_beginning_tells_what_it_is_good_for() {
    let world = world().await;
    let admin = world.server.admin().await;
    let (ada, eve) = (world.server.developer("a.localhost", "ada").await, world.server.developer("a.localhost", "eve").await);
    let beginning = &world.key[.."ptk_test_".len() + 12];
    for about in [world.key.as_str(), beginning] {
        for browser in [&admin, &ada] {
            let told = told(browser, about).await;
            assert!(told.contains("of the application Robot") && told.contains("calls to /weather pass"), "{told}");
        }
        assert!(told(&eve, about).await.contains("There is no such key here"));
    }
    world.revoke().await;
    assert!(told(&ada, beginning).await.contains("Weather v1: the registration is revoked: Abuse."));
    assert!(told(&admin, "ptk_test_unknown").await.contains("There is no such key here"));
}

#[tokio::test]
async fn a_token_tells_whose_it_is_or_what_is_wrong_with_it() {
    let world = world().await;
    let admin = world.server.admin().await;
    let claims = world.issuer.claims("bobs-client", world.server.core.now());
    let good = RSA.sign(&claims);
    let told_admin = told(&admin, &format!("Bearer {good}")).await;
    assert!(told_admin.contains("good for Okta: it is of the application bobs-client (bob@example.com)"), "{told_admin}");
    assert!(told_admin.contains("registered for nothing"), "{told_admin}");
    let ada = world.server.developer("a.localhost", "ada").await;
    let others = told(&ada, &good).await;
    assert!(others.contains("no application") && !others.contains("bob@"), "{others}");
    assert!(told(&admin, &OTHER_RSA.sign(&claims)).await.contains("a key that its provider does not publish"));
    let mut expired = claims.clone();
    expired["exp"] = 1.into();
    assert!(told(&admin, &RSA.sign(&expired)).await.contains("has expired"));
    assert!(told(&admin, "opaque").await.contains("explained by the ID of a request"));
}
