//! Which calls pass, and what the others are told.

use crate::scene::scene;
use axum::http::{StatusCode, header};
use portico_core::{Actor, auth_strategies, credentials, developers, portals::PortalInput, publications, registrations};
use portico_model::states::{DeveloperStatus, Grace, PublishStatus, RegistrationStatus};
use portico_testing::{
    a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publication_input, publish,
};
use serde_json::json;

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
        "/WEATHER/x",
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
async fn key_names_are_tried_in_their_order() {
    let scene = scene().await;
    let input = auth_strategies::KeyAuthInput {
        name: "s".to_owned(),
        display_name: "s".to_owned(),
        key_names: vec!["X-First".to_owned(), "second".to_owned()],
        confirmed: true,
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

#[tokio::test]
async fn without_a_strategy_a_version_is_closed_unless_anybody_may_call() {
    let scene = scene().await;
    let put = async |no_authentication| {
        let input = publications::PublicationInput { no_authentication, ..publication_input(None) };
        publications::put(&scene.core, Actor::System, scene.version, scene.portal.id, &input).await.unwrap();
        scene.reload().await;
    };
    put(false).await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::FORBIDDEN, "whatever is sent");
    assert_eq!(scene.call("/weather", &[]).await.0, StatusCode::FORBIDDEN);
    put(true).await;
    let (_, body, _) = scene.call("/weather", &[("x-any-name", &scene.key)]).await;
    assert!(body["headers"].get("x-any-name").is_none(), "a key is nobody else's to see");
    let spoofed = [("x-consumer-id", "me"), ("x-anonymous-consumer", "true"), ("x-consumer-groups", "admins")];
    let (status, body, _) = scene.call("/weather", &spoofed).await;
    assert_eq!(status, StatusCode::OK);
    for (name, _) in spoofed {
        assert!(body["headers"].get(name).is_none(), "{name}");
    }
}
