//! The built-in gateway, before a real upstream, on a real Postgres.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt;
use portico_core::{
    Actor, applications, auth_strategies, credentials, developers,
    portals::{Portal, PortalInput},
    products, publications, registrations,
};
use portico_gateway::{AllowedNetworks, Gateway, Proxy};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, RegistrationId, VersionId},
    states::{DeveloperStatus, Grace, PublishStatus, RegistrationStatus},
};
use portico_testing::{
    TestCore, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publication_input, publish,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// An application that may call Weather v1 at `/weather`, and a gateway that knows it.
struct Scene {
    core: TestCore,
    portal: Portal,
    strategy: AuthStrategyId,
    version: VersionId,
    ada: Actor,
    application: ApplicationId,
    registration: RegistrationId,
    key: String,
    gateway: Gateway,
    router: Router,
}

async fn scene() -> Scene {
    let core = TestCore::new().await;
    let upstream = upstream().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, PortalInput { default_auth_strategy: Some(strategy), ..portal_input("a") }).await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", &upstream).await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "App", strategy).await;
    let registration = an_approved_registration(&core, ada, &portal, application, version).await;
    let key = a_key(&core, ada, &portal, application).await.expose().to_owned();
    let gateway = Gateway::new(core.core.clone());
    gateway.load().await.unwrap();
    let router = router(&gateway, &["127.0.0.0/8"]);
    Scene { core, portal, strategy, version, ada, application, registration, key, gateway, router }
}

/// The gateway, with upstreams in these networks besides public ones.
fn router(gateway: &Gateway, networks: &[&str]) -> Router {
    let networks: Vec<_> = networks.iter().map(|network| network.parse().unwrap()).collect();
    Proxy::new(gateway.clone(), AllowedNetworks::new(&networks)).unwrap().router()
}

/// Answers with what it was asked.
async fn upstream() -> String {
    let echo = Router::new().fallback(|request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let headers: serde_json::Map<String, Value> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
            .collect();
        Json(json!({ "target": parts.uri.to_string(), "headers": headers, "body": String::from_utf8_lossy(&body) }))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, echo).await });
    url
}

impl Scene {
    async fn call(&self, target: &str, headers: &[(&str, &str)]) -> (StatusCode, Value, Response<()>) {
        let mut request = Request::builder().uri(target).header(header::HOST, "api.example.com:8000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or(Value::Null);
        (parts.status, body, Response::from_parts(parts, ()))
    }

    async fn status(&self, target: &str, key: &str) -> StatusCode {
        self.call(target, &[("apikey", key)]).await.0
    }

    async fn reload(&self) {
        self.gateway.load().await.unwrap();
    }
}

#[tokio::test]
async fn a_good_key_reaches_the_upstream_which_learns_who_calls_and_not_with_what() {
    let scene = scene().await;
    let spoofed = [
        ("apikey", scene.key.as_str()),
        ("x-consumer-id", "root"),
        ("x-consumer-groups", "admins"),
        ("x-anonymous-consumer", "true"),
    ];
    let (status, body, _) = scene.call("/weather/cities?days=3", &spoofed).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["target"], "/cities?days=3");
    let headers = &body["headers"];
    assert_eq!(headers["x-consumer-id"], scene.application.to_string());
    assert_eq!(headers["x-consumer-custom-id"], scene.application.to_string());
    assert_eq!(headers["x-consumer-username"], "App");
    let credential = &credentials::list(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap()[0];
    assert_eq!(headers["x-credential-identifier"], credential.id.to_string());
    for gone in ["apikey", "x-consumer-groups", "x-anonymous-consumer"] {
        assert!(headers.get(gone).is_none(), "{gone}");
    }
}

#[tokio::test]
async fn a_caller_cannot_have_the_identity_removed() {
    let scene = scene().await;
    let nominated = "close, X-Consumer-ID, X-Consumer-Username, X-Credential-Identifier, X-Mine";
    let headers = [("apikey", scene.key.as_str()), ("connection", nominated), ("x-mine", "1")];
    let (status, body, _) = scene.call("/weather", &headers).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["headers"]["x-consumer-id"], scene.application.to_string());
    assert!(body["headers"]["x-credential-identifier"].is_string());
    assert!(body["headers"].get("x-mine").is_none());
}

#[tokio::test]
async fn a_path_that_an_upstream_could_read_otherwise_is_refused() {
    let scene = scene().await;
    for path in [
        "/weather/../admin",
        "/weather/%2e%2e/admin",
        "/weather/%2E./admin",
        "/weather/..%2fadmin",
        "/weather/./x",
        "/weather//x",
        "/weather/x%5c..%5cy",
        "/%77eather/x",
        "/weather%2fx",
    ] {
        assert_eq!(scene.status(path, &scene.key).await, StatusCode::BAD_REQUEST, "{path}");
    }
    let long = format!("/weather/{}", "x".repeat(9_000));
    assert_eq!(scene.status(&long, &scene.key).await, StatusCode::URI_TOO_LONG);
    for path in ["/weather/a%20b", "/weather/a%2fb", "/weather/..x", "/weather/%41"] {
        assert_eq!(scene.status(path, &scene.key).await, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_key_in_the_query_is_taken_and_hidden() {
    let scene = scene().await;
    let (status, body, _) = scene.call(&format!("/weather/x?a=1&apikey={}&b=%20", scene.key), &[]).await;
    assert_eq!((status, body["target"].as_str()), (StatusCode::OK, Some("/x?a=1&b=%20")));
    let (_, body, _) = scene.call(&format!("/weather?apikey={}", scene.key), &[]).await;
    assert_eq!(body["target"], "/");
    // Query names are case-sensitive, header names are not.
    assert_eq!(scene.call(&format!("/weather/x?APIKEY={}", scene.key), &[]).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.call("/weather/x", &[("APIKEY", &scene.key)]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn refusals_are_kongs() {
    let scene = scene().await;
    let unknown = format!("{}x", &scene.key[..scene.key.len() - 1]);
    let forged =
        portico_core::secrets::ApiKey::generate("test", &portico_core::clock::Random::from_seed(9)).key.expose().to_owned();
    let key = scene.key.as_str();
    let twice = format!("/weather/x?apikey={key}&apikey={key}");
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(&str, Headers<'_>, StatusCode, &str)] = &[
        ("/weather/x", &[], StatusCode::UNAUTHORIZED, "No API key found in request"),
        ("/weather/x", &[("apikey", "")], StatusCode::UNAUTHORIZED, "No API key found in request"),
        ("/weather/x", &[("apikey", key), ("apikey", key)], StatusCode::UNAUTHORIZED, "Duplicate API key found"),
        (&twice, &[], StatusCode::UNAUTHORIZED, "Duplicate API key found"),
        ("/weather/x", &[("apikey", &unknown)], StatusCode::UNAUTHORIZED, "Unauthorized"),
        ("/weather/x", &[("apikey", &forged)], StatusCode::UNAUTHORIZED, "Unauthorized"),
        ("/weatherx", &[("apikey", key)], StatusCode::NOT_FOUND, "no Route matched with those values"),
        ("/", &[("apikey", key)], StatusCode::NOT_FOUND, "no Route matched with those values"),
    ];
    for (target, headers, status, message) in cases {
        let (answered, body, response) = scene.call(target, headers).await;
        assert_eq!((answered, &body), (*status, &json!({ "message": message })), "{target} {headers:?}");
        let challenge = response.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
        assert_eq!(challenge, (answered == StatusCode::UNAUTHORIZED).then_some("Key realm=\"portico\""));
    }
}

#[tokio::test]
async fn only_an_approved_registration_lets_calls_through() {
    let scene = scene().await;
    let forbidden = (StatusCode::FORBIDDEN, json!({ "message": "You cannot consume this service" }));
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    scene.reload().await;
    let (status, body, _) = scene.call("/weather/x", &[("apikey", &scene.key)]).await;
    assert_eq!((status, body), forbidden);
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Approved, "").await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::OK);
    registrations::delete(&scene.core, scene.ada, scene.portal.id, scene.registration).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::FORBIDDEN);
    let pending = registrations::create(&scene.core, scene.ada, &scene.portal, scene.application, scene.version).await.unwrap();
    assert_eq!(pending.1, RegistrationStatus::Pending);
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_key_is_good_only_where_its_strategy_guards_the_version() {
    let scene = scene().await;
    // Another strategy guards it now: applications of the old one stay registered and are refused.
    let other = a_strategy(&scene.core, "other").await;
    publications::put(&scene.core, Actor::System, scene.version, scene.portal.id, &publication_input(Some(other))).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::FORBIDDEN);
    // Nothing guards it: closed, not open.
    publications::put(&scene.core, Actor::System, scene.version, scene.portal.id, &publication_input(None)).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::FORBIDDEN);
    assert_eq!(scene.call("/weather/x", &[]).await.0, StatusCode::FORBIDDEN);
    // Hidden in the portal, guarded by the right strategy: calls go on.
    let hidden =
        publications::PublicationInput { publish_status: PublishStatus::Unpublished, ..publication_input(Some(scene.strategy)) };
    publications::put(&scene.core, Actor::System, scene.version, scene.portal.id, &hidden).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::OK);
}

#[tokio::test]
async fn a_version_has_a_strategy_of_its_own_in_each_portal() {
    let scene = scene().await;
    let other = a_strategy(&scene.core, "other").await;
    let elsewhere = a_portal(&scene.core, PortalInput { default_auth_strategy: Some(scene.strategy), ..portal_input("b") }).await;
    publish(&scene.core, scene.version, &elsewhere, other).await;
    let grace = a_developer(&scene.core, &elsewhere, "grace").await;
    let hers = an_application(&scene.core, grace, &elsewhere, "Hers", other).await;
    an_approved_registration(&scene.core, grace, &elsewhere, hers, scene.version).await;
    let good = a_key(&scene.core, grace, &elsewhere, hers).await;
    // The first portal's strategy does not help in the second.
    let wrong = an_application(&scene.core, grace, &elsewhere, "Wrong", scene.strategy).await;
    assert!(registrations::create(&scene.core, grace, &elsewhere, wrong, scene.version).await.is_err());
    let bad = a_key(&scene.core, grace, &elsewhere, wrong).await;
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::OK);
    assert_eq!(scene.status("/weather", good.expose()).await, StatusCode::OK);
    assert_eq!(scene.status("/weather", bad.expose()).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_a_developer_loses_with_their_account_and_what_not() {
    let scene = scene().await;
    let Actor::Developer { id, .. } = scene.ada else { unreachable!("a developer") };
    developers::decide(&scene.core, Actor::System, id, DeveloperStatus::Revoked, "").await.unwrap();
    let closed =
        publications::PublicationInput { application_registration_enabled: false, ..publication_input(Some(scene.strategy)) };
    publications::put(&scene.core, Actor::System, scene.version, scene.portal.id, &closed).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::OK, "keys and registrations go on");
    developers::delete(&scene.core, Actor::System, id).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::UNAUTHORIZED, "they end with the account");
}

#[tokio::test]
async fn unlinking_a_service_closes_it_and_linking_opens_it_again() {
    let scene = scene().await;
    let service = portico_core::gateways::service_choices(&scene.core, Actor::System).await.unwrap().remove(0).id;
    products::link_service(&scene.core, Actor::System, scene.version, None).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::FORBIDDEN);
    products::link_service(&scene.core, Actor::System, scene.version, Some(service)).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::OK);
}

#[tokio::test]
async fn key_names_are_tried_in_their_order() {
    let scene = scene().await;
    let input = auth_strategies::KeyAuthInput {
        name: "s".to_owned(),
        display_name: "s".to_owned(),
        key_names: vec!["X-First".to_owned(), "second".to_owned()],
        ..auth_strategies::KeyAuthInput::default()
    };
    auth_strategies::update_key_auth(&scene.core, Actor::System, scene.strategy, input).await.unwrap();
    scene.reload().await;
    let key = scene.key.as_str();
    assert_eq!(scene.call("/weather", &[("second", key)]).await.0, StatusCode::OK);
    assert_eq!(scene.call("/weather", &[("x-first", "wrong"), ("second", key)]).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.status("/weather", key).await, StatusCode::UNAUTHORIZED);
    let (_, body, _) = scene.call("/weather", &[("x-first", key), ("second", "other")]).await;
    assert!(body["headers"].get("x-first").is_none() && body["headers"].get("second").is_none());
}

#[tokio::test]
async fn the_most_specific_service_answers() {
    let scene = scene().await;
    let (_, other) = a_version(&scene.core, "Maps").await;
    a_linked_service(&scene.core, other, "/weather/maps", "http://127.0.0.1:1").await;
    scene.reload().await;
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::OK);
    assert_eq!(scene.status("/weather/maps/x", &scene.key).await, StatusCode::FORBIDDEN);
    assert_eq!(scene.status("/weather/mapsx", &scene.key).await, StatusCode::OK);
}

#[tokio::test]
async fn a_dead_upstream_is_a_bad_gateway_and_tells_nothing_of_itself() {
    let scene = scene().await;
    let service = portico_core::gateways::service_choices(&scene.core, Actor::System).await.unwrap().remove(0);
    let input = portico_core::gateways::ServiceInput {
        name: service.name,
        host: String::new(),
        path_prefix: "/weather".to_owned(),
        upstream_url: "http://127.0.0.1:1".to_owned(),
    };
    portico_core::gateways::update_service(&scene.core, Actor::System, service.id, &input).await.unwrap();
    scene.reload().await;
    let request = Request::builder().uri("/weather").header("apikey", &scene.key).body(Body::empty()).unwrap();
    let response = scene.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(!String::from_utf8_lossy(&body).contains("127.0.0.1"));
}

#[tokio::test]
async fn an_upstream_outside_the_allowed_networks_is_not_asked() {
    let mut scene = scene().await;
    scene.router = router(&scene.gateway, &["10.0.0.0/8"]);
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::BAD_GATEWAY);
    // Neither by its address nor by a name that leads to it.
    let service = portico_core::gateways::service_choices(&scene.core, Actor::System).await.unwrap().remove(0);
    let input = portico_core::gateways::ServiceInput {
        name: service.name,
        host: String::new(),
        path_prefix: "/weather".to_owned(),
        upstream_url: service.upstream_url.replace("127.0.0.1", "localhost"),
    };
    portico_core::gateways::update_service(&scene.core, Actor::System, service.id, &input).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::BAD_GATEWAY);
    scene.router = router(&scene.gateway, &["127.0.0.0/8", "::1/128"]);
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::OK);
}

#[tokio::test]
async fn bodies_stream_through_in_both_directions() {
    let scene = scene().await;
    let body = "x".repeat(300_000);
    let request = Request::builder()
        .method(Method::POST)
        .uri("/weather")
        .header("apikey", &scene.key)
        .body(Body::from(body.clone()))
        .unwrap();
    let response = scene.router.clone().oneshot(request).await.unwrap();
    let answer: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    assert_eq!(answer["body"], body);
}

#[tokio::test]
async fn before_its_view_is_loaded_a_gateway_refuses_everything() {
    let core = TestCore::new().await;
    let router = router(&Gateway::new(core.core.clone()), &[]);
    let response = router.oneshot(Request::builder().uri("/weather").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// Until a call is answered like this; how long that took.
async fn until(scene: &Scene, expected: StatusCode) -> Duration {
    let begun = tokio::time::Instant::now();
    while scene.status("/weather/x", &scene.key).await != expected {
        assert!(begun.elapsed() < Duration::from_secs(10), "never {expected}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn changes_take_effect_at_once_and_even_when_their_announcement_is_lost() {
    let scene = scene().await;
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let (gateway, stop) = (scene.gateway.clone(), stop.clone());
        async move { gateway.keep_current(stop).await }
    });
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    assert!(until(&scene, StatusCode::FORBIDDEN).await < Duration::from_secs(1));
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Approved, "").await.unwrap();
    assert!(until(&scene, StatusCode::OK).await < Duration::from_secs(1));
    // The listening connection dies; what happens meanwhile is found all the same.
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'LISTEN%'",
    )
    .execute(&scene.core.pool)
    .await
    .unwrap();
    let credential = credentials::list(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap().remove(0);
    credentials::revoke(&scene.core, scene.ada, scene.portal.id, scene.application, credential.id).await.unwrap();
    until(&scene, StatusCode::UNAUTHORIZED).await;
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn an_applications_end_is_the_end_of_its_keys() {
    let scene = scene().await;
    let position = scene.gateway.load().await.unwrap();
    applications::delete(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap();
    scene.gateway.load_changes(&position).await.unwrap();
    assert_eq!(scene.status("/weather/x", &scene.key).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_last_use_is_written_behind() {
    let scene = scene().await;
    let last_used = async || {
        credentials::list(&scene.core, scene.ada, scene.portal.id, scene.application).await.unwrap().remove(0).last_used_at
    };
    scene.status("/weather/x", "wrong").await;
    scene.gateway.flush_uses().await;
    assert_eq!(last_used().await, None);
    scene.status("/weather/x", &scene.key).await;
    scene.gateway.flush_uses().await;
    assert!(last_used().await.is_some());
}

#[tokio::test]
async fn a_key_is_refused_from_the_moment_it_expires_and_a_replaced_one_from_the_end_of_its_grace() {
    let scene = scene().await;
    let (core, portal) = (&scene.core, scene.portal.id);
    let (_, key) = credentials::create(core, scene.ada, portal, scene.application, "short", Some(1)).await.unwrap();
    let (endless, old) = credentials::create(core, scene.ada, portal, scene.application, "endless", None).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", key.expose()).await, StatusCode::OK);
    let (_, new) = credentials::rotate(core, scene.ada, portal, scene.application, endless, Grace::OneHour).await.unwrap();
    scene.reload().await;
    assert_eq!(scene.status("/weather", old.expose()).await, StatusCode::OK);
    core.clock.advance(time::Duration::minutes(61));
    assert_eq!(scene.status("/weather", old.expose()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.status("/weather", new.expose()).await, StatusCode::OK);
    core.clock.advance(time::Duration::hours(23));
    assert_eq!(scene.status("/weather", key.expose()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.status("/weather", new.expose()).await, StatusCode::OK);
}
