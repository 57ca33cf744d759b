//! Callers whom the provider is asked about: by introspection, and by a name and a password.

use crate::tokens::{Scene, scene};
use axum::http::{StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::{
    Actor,
    auth_strategies::{self, OpenidConnectInput},
    registrations,
    secrets::Plain,
};
use portico_model::states::RegistrationStatus;
use portico_testing::{
    a_client, a_developer, a_portal, an_approved_registration,
    issuer::{CLIENTS, Issuer, PERSON, RSA},
    openid_connect_input, portal_input, publish,
};
use serde_json::json;
use time::Duration;

fn login(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// A scene whose strategy has these methods, and a client of its own.
async fn with_methods(methods: &[&str], change: impl Fn(&mut OpenidConnectInput)) -> Scene {
    let scene = scene(&[RSA]).await;
    scene
        .change(|input| {
            input.auth_methods = methods.iter().map(|method| (*method).to_owned()).collect();
            input.client_id = "gateway".to_owned();
            input.client_secret = Some(Plain::new(CLIENTS[2].1));
            change(input);
        })
        .await;
    scene
}

const ADA: (&str, &str) = CLIENTS[0];

#[tokio::test]
async fn the_provider_is_asked_about_opaque_tokens_now_and_then() {
    let scene = with_methods(&["introspection"], |_| {}).await;
    scene
        .issuer
        .activate("opaque", json!({ "active": true, "client_id": "ada", "exp": scene.core.now().unix_timestamp() + 600 }));
    for _ in 0..5 {
        let (status, _, echo) = scene.call_with("Bearer opaque").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(echo["headers"]["x-credential-identifier"], "ada");
        assert_eq!(echo["headers"]["authorization"], "Bearer opaque");
    }
    let asked = scene.issuer.asked();
    assert_eq!(asked.len(), 1, "once for all of them");
    assert_eq!(asked[0]["token"], "opaque");

    for (token, claims) in [
        ("of another client", json!({ "active": true, "client_id": "nobody" })),
        ("without a client", json!({ "active": true })),
        ("inactive", json!({ "active": false, "client_id": "ada" })),
        ("of another issuer", json!({ "active": true, "iss": "https://evil.example.com", "client_id": "ada" })),
        ("expired", json!({ "active": true, "client_id": "ada", "exp": scene.core.now().unix_timestamp() - 60 })),
    ] {
        scene.issuer.activate(token, claims);
        let expected = if token == "of another client" { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        assert_eq!(scene.call_with(&format!("Bearer {token}")).await.0, expected, "{token}");
    }
    let (status, headers, _) = scene.call_with("Bearer never issued").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer realm=\"portico\", error=\"invalid_token\"");
    // A signed token of another issuer is not shown to this one.
    let before = scene.issuer.asked().len();
    let foreign = RSA.sign(&json!({ "iss": "https://other.example.com", "client_id": "ada" }));
    assert_eq!(scene.call_with(&format!("Bearer {foreign}")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.issuer.asked().len(), before);
}

#[tokio::test]
async fn a_word_on_a_token_counts_no_longer_than_the_token() {
    let scene = with_methods(&["introspection"], |_| {}).await;
    scene.issuer.activate("short", json!({ "active": true, "client_id": "ada", "exp": scene.core.now().unix_timestamp() + 20 }));
    assert_eq!(scene.call_with("Bearer short").await.0, StatusCode::OK);
    scene.core.clock.advance(Duration::seconds(31));
    assert_eq!(scene.call_with("Bearer short").await.0, StatusCode::UNAUTHORIZED);
    let scene = with_methods(&["introspection"], |input| input.further = r#"{"cache_tokens": false}"#.to_owned()).await;
    scene.issuer.activate("token", json!({ "active": true, "client_id": "ada" }));
    assert_eq!(scene.call_with("Bearer token").await.0, StatusCode::OK);
    scene.issuer.deactivate("token");
    assert_eq!(scene.call_with("Bearer token").await.0, StatusCode::UNAUTHORIZED, "without a cache at once");
}

#[tokio::test]
async fn a_client_sends_its_id_and_secret_and_the_upstream_gets_a_token() {
    let scene = with_methods(&["client_credentials"], |input| {
        input.scopes = vec!["read".to_owned(), "write".to_owned()];
        let arguments = r#"{"token_post_args_names": ["audience"], "token_post_args_values": ["https://api.example.com"]}"#;
        input.further = arguments.to_owned();
    })
    .await;
    let basic = login(ADA.0, ADA.1);
    for _ in 0..5 {
        let (status, _, echo) = scene.call_with(&basic).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(echo["headers"]["x-consumer-custom-id"], scene.application.to_string());
        let sent = echo["headers"]["authorization"].as_str().unwrap();
        assert!(sent.starts_with("Bearer ey"), "the token, and never the secret: {sent}");
    }
    let asked = scene.issuer.asked();
    assert_eq!(asked.len(), 1, "the token is kept until it ends");
    assert_eq!(asked[0]["grant_type"], "client_credentials");
    assert_eq!(asked[0]["scope"], "read write");
    assert_eq!(asked[0]["audience"], "https://api.example.com");

    let (status, headers, body) = scene.call_with(&login("ada", "wrong")).await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })));
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Basic realm=\"portico\", charset=\"UTF-8\"");
    let asked = scene.issuer.asked().len();
    assert_eq!(scene.call_with(&login("ada", "wrong")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.call_with(&login(CLIENTS[1].0, CLIENTS[1].1)).await.0, StatusCode::UNAUTHORIZED, "no application's client");
    assert_eq!(scene.issuer.asked().len(), asked, "strangers do not make it ask");
    for malformed in ["Basic", "Basic !", "Basic YWRh", "Bearer x"] {
        assert_eq!(scene.call_with(malformed).await.0, StatusCode::UNAUTHORIZED, "{malformed}");
    }

    let bob = a_client(&scene.core, scene.ada, &scene.portal, scene.strategy, "bob").await;
    scene.gateway.load().await.unwrap();
    assert_eq!(scene.call_with(&login(CLIENTS[1].0, CLIENTS[1].1)).await.0, StatusCode::FORBIDDEN);
    an_approved_registration(&scene.core, scene.ada, &scene.portal, bob, scene.version).await;
    registrations::decide(&scene.core, Actor::System, scene.registration, RegistrationStatus::Revoked, "").await.unwrap();
    scene.gateway.load().await.unwrap();
    assert_eq!(scene.call_with(&login(CLIENTS[1].0, CLIENTS[1].1)).await.0, StatusCode::OK);
    assert_eq!(scene.call_with(&basic).await.0, StatusCode::FORBIDDEN, "that a token is kept changes nothing");
}

#[tokio::test]
async fn a_person_sends_their_name_and_password() {
    let scene = with_methods(&["password"], |_| {}).await;
    scene.issuer.give(&RSA.sign(&scene.claims()));
    let (status, _, echo) = scene.call_with(&login(PERSON.0, PERSON.1)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(echo["headers"]["x-credential-identifier"], "ada");
    assert_eq!(scene.issuer.asked()[0]["username"], PERSON.0);
    assert_eq!(scene.call_with(&login(PERSON.0, "wrong")).await.0, StatusCode::UNAUTHORIZED);
    let scene = with_methods(&["password"], |input| input.hide_credentials = true).await;
    scene.issuer.give(&RSA.sign(&scene.claims()));
    let (_, _, echo) = scene.call_with(&login(PERSON.0, PERSON.1)).await;
    assert!(echo["headers"].get("authorization").is_none(), "hidden");
}

#[tokio::test]
async fn an_opaque_token_for_a_login_is_that_clients_or_told_by_introspection() {
    let scene = with_methods(&["client_credentials"], |_| {}).await;
    scene.issuer.give("opaque");
    let (status, _, echo) = scene.call_with(&login(ADA.0, ADA.1)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(echo["headers"]["authorization"], "Bearer opaque");
    let scene = with_methods(&["client_credentials", "introspection"], |_| {}).await;
    scene.issuer.give("opaque");
    assert_eq!(scene.call_with(&login(ADA.0, ADA.1)).await.0, StatusCode::UNAUTHORIZED, "it is not active");
    let scene = with_methods(&["password"], |_| {}).await;
    scene.issuer.give("opaque");
    assert_eq!(scene.call_with(&login(PERSON.0, PERSON.1)).await.0, StatusCode::UNAUTHORIZED, "nobody can tell whose it is");
}

#[tokio::test]
async fn a_provider_that_is_down_is_no_reason_to_let_anybody_in() {
    for methods in [&["introspection"][..], &["client_credentials"], &["password"]] {
        let scene = with_methods(methods, |_| {}).await;
        scene.issuer.go(true);
        let authorization = match methods[0] {
            "introspection" => "Bearer opaque".to_owned(),
            "password" => login(PERSON.0, PERSON.1),
            _ => login(ADA.0, ADA.1),
        };
        let (status, headers, body) = scene.call_with(&authorization).await;
        assert_eq!(
            (status, body),
            (StatusCode::SERVICE_UNAVAILABLE, json!({ "message": "The identity provider cannot be reached" }))
        );
        assert!(!headers.contains_key(header::WWW_AUTHENTICATE));
    }
}

/// A strategy of another provider that opens the same version, in another portal, by the same methods.
async fn with_another_provider(scene: &Scene, methods: &[&str]) -> Issuer {
    let other = Issuer::start(&[RSA]).await;
    let input = OpenidConnectInput {
        auth_methods: methods.iter().map(|method| (*method).to_owned()).collect(),
        client_id: "gateway".to_owned(),
        client_secret: Some(Plain::new(CLIENTS[2].1)),
        ..openid_connect_input("other", &other.url)
    };
    let strategy = auth_strategies::create_openid_connect(&scene.core, Actor::System, input).await.unwrap();
    let portal = a_portal(&scene.core, portal_input("b")).await;
    publish(&scene.core, scene.version, &portal, strategy).await;
    let bob = a_developer(&scene.core, &portal, "bob").await;
    let client = a_client(&scene.core, bob, &portal, strategy, "bob").await;
    an_approved_registration(&scene.core, bob, &portal, client, scene.version).await;
    scene.gateway.load().await.unwrap();
    other
}

#[tokio::test]
async fn what_is_for_one_provider_is_shown_to_no_other() {
    let methods = ["client_credentials", "password"];
    let scene = with_methods(&methods, |_| {}).await;
    let other = with_another_provider(&scene, &methods).await;
    assert_eq!(scene.call_with(&login(ADA.0, ADA.1)).await.0, StatusCode::OK);
    assert_eq!(other.asked().len(), 0, "a client's secret goes to its own provider");
    let before = scene.issuer.asked().len();
    assert_eq!(scene.call_with(&login(CLIENTS[1].0, CLIENTS[1].1)).await.0, StatusCode::OK);
    assert_eq!((scene.issuer.asked().len() - before, other.asked().len()), (0, 1));
    // A person's password names no provider, so only the first learns of it.
    scene.call_with(&login(PERSON.0, "wrong")).await;
    assert_eq!((scene.issuer.asked().len() - before, other.asked().len()), (1, 1));

    let scene = with_methods(&["introspection"], |_| {}).await;
    let other = with_another_provider(&scene, &["introspection"]).await;
    assert_eq!(scene.call_with("Bearer opaque").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!((scene.issuer.asked().len(), other.asked().len()), (1, 0));
}

#[tokio::test]
async fn a_provider_that_does_not_know_the_gateway_is_no_fault_of_the_callers() {
    let scene = with_methods(&["password"], |input| input.client_secret = Some(Plain::new("wrong"))).await;
    assert_eq!(scene.call_with(&login(PERSON.0, PERSON.1)).await.0, StatusCode::SERVICE_UNAVAILABLE);
}
