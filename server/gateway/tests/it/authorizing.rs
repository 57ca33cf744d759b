//! The decision for gateways that people already run.

use crate::scene::{Scene, scene};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::BodyExt;
use portico_core::{
    Actor,
    gateways::{self, tokens},
};
use portico_model::{ids::GatewayId, paging::PageRequest};
use portico_testing::{a_linked_service, a_version};
use serde_json::{Value, json};
use tower::ServiceExt;

async fn its_gateway(scene: &Scene) -> GatewayId {
    gateways::list(&scene.core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id
}

async fn a_token(scene: &Scene) -> String {
    let token = tokens::create_token(&scene.core, Actor::System, its_gateway(scene).await, "nginx").await.unwrap();
    scene.reload().await;
    token.expose().to_owned()
}

async fn ask(scene: &Scene, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::builder().uri("/gateway/authorize").header(header::HOST, "portico.internal");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = scene.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_gateway_with_its_token_learns_what_to_tell_the_upstream() {
    let scene = scene().await;
    let token = a_token(&scene).await;
    let asked = [("x-portico-token", token.as_str()), ("x-forwarded-uri", "/weather/x?a=b"), ("x-forwarded-host", "api:8000")];
    let with = |more: &[(&'static str, String)]| {
        let mut headers: Vec<(&str, String)> = asked.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        headers.extend(more.iter().cloned());
        headers
    };
    let ask = async |headers: Vec<(&str, String)>| {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        ask(&scene, &headers).await
    };
    let spoofed = [("x-consumer-groups", "admins".to_owned()), ("x-consumer-id", "me".to_owned())];
    let (status, headers, _) = ask(with(&[&[("apikey", scene.key.clone())][..], &spoofed].concat())).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["x-consumer-id"], scene.application.to_string());
    assert_eq!(headers["x-consumer-username"], "App");
    assert_eq!(headers["x-portico-hide"], "apikey");
    assert!(!headers.contains_key("x-consumer-groups") && headers.contains_key("x-portico-request-id"));

    let (status, headers, body) = ask(with(&[])).await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, json!({ "message": "No API key found in request" })));
    assert_eq!(headers[header::WWW_AUTHENTICATE], "Key realm=\"portico\"");
    assert_eq!(headers["x-portico-message"], "No API key found in request");
    assert!(headers.contains_key("x-portico-request-id"));
    // In the query of the call, not of the question.
    let mut in_query = with(&[]);
    in_query[1].1 = format!("/weather/x?apikey={}", scene.key);
    assert_eq!(ask(in_query).await.0, StatusCode::OK);
    for (index, broken) in [(1, "no path at all"), (1, "")] {
        let mut headers = with(&[("apikey", scene.key.clone())]);
        headers[index].1 = broken.to_owned();
        assert_eq!(ask(headers).await.0, StatusCode::BAD_REQUEST, "{broken}");
    }
    // One of them may be the caller's own.
    for (name, value) in [("x-forwarded-uri", "/weather/y"), ("x-forwarded-host", "other")] {
        let twice = with(&[("apikey", scene.key.clone()), (name, value.to_owned())]);
        assert_eq!(ask(twice).await.0, StatusCode::BAD_REQUEST, "{name}");
    }
}

#[tokio::test]
async fn without_its_token_it_is_as_if_there_were_nothing() {
    let scene = scene().await;
    let token = a_token(&scene).await;
    fn asked<'a>(token: &'a str, key: &'a str) -> [(&'static str, &'a str); 3] {
        [("x-portico-token", token), ("x-forwarded-uri", "/weather/x"), ("apikey", key)]
    }
    let key = scene.key.as_str();
    let nothing = (StatusCode::NOT_FOUND, json!({ "message": "no Route matched with those values" }));
    for wrong in ["", "pgt_", &token[..token.len() - 1], &format!("{token}x")] {
        let (status, headers, body) = ask(&scene, &asked(wrong, key)).await;
        assert_eq!((status, body), nothing, "{wrong}");
        assert!(!headers.contains_key("x-portico-message") && !headers.contains_key("x-consumer-id"));
    }
    assert_eq!(ask(&scene, &asked(&token, key)[1..]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&scene, &asked(&token, key)).await.0, StatusCode::OK);
    let gateway = its_gateway(&scene).await;
    let id = tokens::tokens(&scene.core, Actor::System, gateway).await.unwrap()[0].id;
    tokens::revoke_token(&scene.core, Actor::System, id).await.unwrap();
    scene.reload().await;
    assert_eq!(ask(&scene, &asked(&token, key)).await.0, StatusCode::NOT_FOUND, "revoked");
}

#[tokio::test]
async fn a_gateway_asks_about_its_own_services_alone() {
    let scene = scene().await;
    let token = a_token(&scene).await;
    let (_, maps) = a_version(&scene.core, "Maps").await;
    a_linked_service(&scene.core, maps, "/maps", "http://127.0.0.1:1").await;
    scene.reload().await;
    let ask = async |uri| ask(&scene, &[("x-portico-token", &token), ("x-forwarded-uri", uri), ("apikey", &scene.key)]).await.0;
    assert_eq!(ask("/weather").await, StatusCode::OK);
    assert_eq!(ask("/maps").await, StatusCode::NOT_FOUND, "it is another gateway's");
    assert_eq!(scene.status("/maps", &scene.key).await, StatusCode::FORBIDDEN, "the built-in gateway serves both");
}
