//! Pages: what they answer, and with which headers.

use crate::browser::TestServer;
use axum::http::{StatusCode, header};
use portico_core::{
    Actor,
    portals::PortalInput,
    publications::{self, PublicationInput},
    registrations,
};
use portico_model::states::RegistrationStatus;
use portico_testing::{
    a_developer, a_portal, a_strategy, a_version, an_admin, an_application, portal_input, publication_input, publish,
};

#[tokio::test]
async fn a_host_is_the_admin_console_a_portal_or_nothing() {
    let server = TestServer::new().await;
    a_portal(&server.core, PortalInput { is_public: true, ..portal_input("weather") }).await;
    server.browser("localhost").get("/").await.shows("http://weather.localhost:3000");
    server.browser("localhost:3000").get("/").await.shows("Developer portals");
    server.browser("weather.localhost:3000").get("/").await.shows("Welcome to Portal weather");
    for host in ["maps.localhost", "example.com", ""] {
        assert_eq!(server.browser(host).get("/").await.status, StatusCode::NOT_FOUND, "{host}");
    }
    assert_eq!(server.browser("weather.localhost").get("/admin").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let server = TestServer::new().await;
    an_admin(&server.core).await;
    let portal = a_portal(&server.core, portal_input("a")).await;
    a_developer(&server.core, &portal, "ada").await;
    let ada = server.developer("a.localhost", "ada").await;
    let admin = server.admin().await;
    let id = "01a20764-5a10-771f-a4bd-962579a93e45";
    for page in ["/nothing", "/products/1", "/applications/not-an-id", &format!("/products/{id}"), &format!("/applications/{id}")]
    {
        let answer = ada.get(page).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{page}");
        answer.shows("There is nothing here, or not for you.");
    }
    for page in
        ["/admin/nothing", "/admin/portals/1", &format!("/admin/products/{id}/versions/{id}"), &format!("/admin/mail/{id}")]
    {
        assert_eq!(admin.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
}

#[tokio::test]
async fn a_public_portal_shows_its_catalogue_and_has_no_accounts() {
    let server = TestServer::new().await;
    let strategy = a_strategy(&server.core, "s").await;
    let portal = a_portal(&server.core, PortalInput { is_public: true, ..portal_input("a") }).await;
    let (product, version) = a_version(&server.core, "Weather").await;
    publish(&server.core, version, &portal, strategy).await;
    let browser = server.browser("a.localhost");
    browser.get("/").await.shows("Weather");
    let page = browser.get(&format!("/products/{product}/versions/{version}")).await;
    page.shows("All things");
    assert!(!page.body.contains("Get access") && !page.body.contains("Sign in") && !page.body.contains("apikey"));
    for page in ["/sign-in", "/sign-up", "/forgot-password"] {
        assert_eq!(browser.get(page).await.location(), "/", "{page}");
    }
    assert_eq!(browser.get("/applications").await.location(), "/");
}

#[tokio::test]
async fn a_version_tells_its_state_and_why_an_application_cannot_register() {
    let server = TestServer::new().await;
    let core = &server.core;
    let (keys, other) = (a_strategy(core, "Keys").await, a_strategy(core, "Other").await);
    let portal = a_portal(core, PortalInput { default_auth_strategy: Some(other), ..portal_input("a") }).await;
    let (product, version) = a_version(core, "Weather").await;
    publish(core, version, &portal, keys).await;
    let ada = a_developer(core, &portal, "ada").await;
    an_application(core, ada, &portal, "Elsewhere", other).await;
    let app = an_application(core, ada, &portal, "Here", keys).await;
    let browser = server.developer("a.localhost", "ada").await;
    let page = format!("/products/{product}/versions/{version}");
    browser.get(&page).await.shows(">Get access<");
    let register = browser.get(&format!("{page}/register")).await;
    register.shows("uses Other, but this version asks for Keys");
    register.shows("An admin decides.");

    let (registration, _) = registrations::create(core, ada, &portal, app, version).await.unwrap();
    browser.get(&page).await.shows(">Requested<");
    browser.get(&format!("{page}/register")).await.shows("is registered already (pending)");
    registrations::decide(core, Actor::System, registration, RegistrationStatus::Rejected, "Say what for.").await.unwrap();
    browser.get(&page).await.shows("Rejected: Say what for.");

    let deprecated =
        PublicationInput { deprecated: true, application_registration_enabled: false, ..publication_input(Some(keys)) };
    publications::put(core, Actor::System, version, portal.id, &deprecated).await.unwrap();
    let shown = browser.get(&page).await;
    shown.shows("This product version is now deprecated.");
    shown.shows("v1 (Deprecated)");
    shown.shows("Registration for this product version is not enabled.");
}

#[tokio::test]
async fn an_empty_list_says_what_to_do_a_state_has_its_colour_and_a_time_is_exact() {
    let server = TestServer::new().await;
    let core = &server.core;
    an_admin(core).await;
    let admin = server.admin().await;
    for (page, advice) in [
        ("/admin/portals", "Create one to publish API products to."),
        ("/admin/auth-strategies", "Create one to say how callers authenticate."),
        ("/admin/gateways", "Add one, then its services."),
        ("/admin/registrations", "They appear when developers ask for access."),
        ("/admin/registrations?status=approved", "Nothing here fits what you look for."),
        ("/admin/applications?search=x", "Show everything"),
    ] {
        admin.get(page).await.shows(advice);
    }
    let strategy = a_strategy(core, "s").await;
    let portal = a_portal(core, portal_input("a")).await;
    let (_, version) = a_version(core, "Weather").await;
    publish(core, version, &portal, strategy).await;
    let ada = a_developer(core, &portal, "ada").await;
    let app = an_application(core, ada, &portal, "App", strategy).await;
    let browser = server.developer("a.localhost", "ada").await;
    let page = format!("/applications/{app}");
    browser.get(&page).await.shows("Create one: it is shown once.");
    let (registration, _) = registrations::create(core, ada, &portal, app, version).await.unwrap();
    for (status, badge) in [
        (None, "class=\"badge waiting\">Pending<"),
        (Some(RegistrationStatus::Approved), "class=\"badge good\">Approved<"),
        (Some(RegistrationStatus::Revoked), "class=\"badge bad\">Revoked<"),
    ] {
        if let Some(status) = status {
            registrations::decide(core, Actor::System, registration, status, "").await.unwrap();
        }
        browser.get(&page).await.shows(badge);
    }
    let page = browser.get(&page).await.body;
    let exact = page.split("<time datetime=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    time::OffsetDateTime::parse(exact, &time::format_description::well_known::Rfc3339).unwrap();
    assert!(page.contains(&format!("title=\"{exact}\">16 Jan 2026, 14:40 UTC<")), "{page}");
    browser.get("/account").await.shows("access to Weather v1 is revoked");
}

#[tokio::test]
async fn demo_data_is_made_once_and_its_key_is_good_each_time() {
    let server = TestServer::new().await;
    let core = &server.core;
    let counts = async || {
        sqlx::query_as::<_, (i64, i64, i64, i64, i64)>(
            "select (select count(*) from product), (select count(*) from version), (select count(*) from gateway_service),
                 (select count(*) from credential), (select count(*) from registration)",
        )
        .fetch_one(&core.pool)
        .await
        .unwrap()
    };
    let provider = async || {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = portico::demo::servers::provider(core, origin.clone()).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    };
    let first = portico::demo::seed(core, "http://127.0.0.1:1", &provider().await).await.unwrap();
    assert_eq!(counts().await, (2, 5, 5, 1, 3));
    let second = portico::demo::seed(core, "http://127.0.0.1:2", &provider().await).await.unwrap();
    assert_eq!(counts().await, (2, 5, 5, 1, 3));
    assert_ne!(first.key.expose(), second.key.expose());
}

#[tokio::test]
async fn pages_keep_browsers_on_the_safe_side() {
    let server = TestServer::new().await;
    a_portal(&server.core, PortalInput { is_public: true, ..portal_input("a") }).await;
    let page = server.browser("a.localhost").get("/").await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(!nonce.is_empty() && !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    for script in page.body.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains("src=") || tag.contains(nonce), "{tag}");
    }
    assert_eq!(page.headers[header::CACHE_CONTROL], "private, no-store");
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(page.headers.contains_key("x-request-id"));
    assert!(!page.headers.contains_key(header::SET_COOKIE), "a visitor who does nothing gets no cookie");
}

#[tokio::test]
async fn when_the_database_is_away_pages_say_so_and_recover() {
    let server = TestServer::new().await;
    a_portal(&server.core, PortalInput { is_public: true, ..portal_input("a") }).await;
    let browser = server.browser("a.localhost");
    assert_eq!(browser.get("/readyz").await.status, StatusCode::OK);
    server.core.pool.close().await;
    let away = browser.get("/").await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.headers.contains_key(header::RETRY_AFTER));
    assert_eq!(browser.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_set_up_link_makes_the_first_admin_and_signs_them_in() {
    let server = TestServer::new().await;
    let link = portico_core::admins::offer_set_up(&server.core, Actor::System).await.unwrap().unwrap();
    let target = link.expose().strip_prefix("http://localhost:3000").unwrap().to_owned();
    let token = target.split_once("token=").unwrap().1;
    let browser = server.browser("localhost");
    browser.get(&target).await.shows("You are the first admin.");
    let form =
        [("token", token), ("email", "a@example.com"), ("password", "a good password"), ("password_again", "a good password")];
    assert_eq!(browser.submit(&target, "/_fn/admin/set-up", &form).await.location(), "/admin");
    browser.get("/admin").await.shows("Signed in as a@example.com");
    assert_eq!(browser.get(&target).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
