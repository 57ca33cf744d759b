//! What reaches the upstream, and what comes back.

use crate::scene::{Scene, router, scene};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
};
use http_body_util::BodyExt;
use portico_core::{
    Actor, Core, credentials,
    outgoing::{AllowedNetworks, Outgoing},
};
use portico_gateway::Gateway;
use serde_json::Value;
use tower::ServiceExt;

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

/// The gateway of a deployment that allows this network, besides public addresses.
async fn within(scene: &Scene, network: &str) -> Router {
    let outgoing = Outgoing::new(AllowedNetworks::new(&[network.parse().unwrap()])).unwrap();
    let gateway = Gateway::new(Core { outgoing, ..scene.core.core.clone() });
    gateway.load().await.unwrap();
    router(&gateway)
}

#[tokio::test]
async fn an_upstream_outside_the_allowed_networks_is_not_asked() {
    let mut scene = scene().await;
    scene.router = within(&scene, "10.0.0.0/8").await;
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
    scene.router = within(&scene, "10.0.0.0/8").await;
    assert_eq!(scene.status("/weather", &scene.key).await, StatusCode::BAD_GATEWAY);
    scene.router = within(&scene, "127.0.0.0/8").await;
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
