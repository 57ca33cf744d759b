use super::Client;
use crate::browser::TestServer;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header, request::Builder},
};
use portico_core::{Actor, admins, secrets::Plain};
use portico_model::states::AdminRole;
use serde_json::json;
use std::time::Duration;

fn request(key: &str, target: &str) -> Builder {
    Request::builder()
        .method(Method::POST)
        .uri(target)
        .header(header::CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", key)
}

#[tokio::test]
async fn a_request_with_a_key_is_done_once() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let post = async |key: &str, name: &str| {
        client.exchange(request(key, "/v2/api-products"), Body::from(json!({"name": name}).to_string())).await
    };
    let first = post("k", "Weather").await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = post("k", "Weather").await;
    assert_eq!((again.status, &again.headers["idempotency-replayed"]), (StatusCode::CREATED, &"true".parse().unwrap()));
    assert_eq!(again.body, first.body);
    assert_eq!(post("k", "Maps").await.wrong().0, "Idempotency-Key", "one key, one request");
    assert_eq!(post("", "Maps").await.wrong().1, "required");
    assert_eq!(post(&"x".repeat(256), "Maps").await.wrong().1, "max_length");

    assert_eq!(post("other", "weather").await.wrong().0, "name");
    post("other", "Maps").await.is(201);

    // Where nothing is answered but a status, that is answered again.
    let portal = client.post("/v2/portals", json!({"name": "P"})).await.id();
    let publish = format!("/v2/portals/{portal}/publish");
    for _ in 0..2 {
        client.exchange(request("p", &publish), Body::from(json!({"api_products": {}}).to_string())).await.is(204);
    }
    server.core.clock.advance(time::Duration::hours(25));
    assert_eq!(post("k", "Weather").await.wrong().0, "name", "a day later it is a request of its own");
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    let many = (0..20).map(|_| async {
        loop {
            let answer = client.exchange(request("k", "/v2/api-products"), Body::from(r#"{"name": "Weather"}"#)).await;
            match answer.status {
                // The first one is under way.
                StatusCode::CONFLICT => tokio::time::sleep(Duration::from_millis(5)).await,
                StatusCode::CREATED => return answer.body["id"].clone(),
                status => panic!("{status}: {:?}", answer.body),
            }
        }
    });
    let ids = futures_util::future::join_all(many).await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(client.get("/v2/api-products").await.is(200)["meta"]["page"]["total"], 1);
}

/// As when its connection breaks before there is an answer.
#[tokio::test]
async fn a_client_that_hangs_up_finds_its_answer_later() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    // Cut off sooner and later, so somewhere in the middle too.
    for round in 0..10 {
        let name = format!("Weather {round}");
        let post = || client.exchange(request(&name, "/v2/api-products"), Body::from(json!({"name": name}).to_string()));
        let _ = tokio::time::timeout(Duration::from_micros(50 << round), post()).await;
        let mut answer = post().await;
        for _ in 0..1_000 {
            if answer.status != StatusCode::CONFLICT {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            answer = post().await;
        }
        assert_eq!(answer.is(201)["name"], name.as_str());
    }
    assert_eq!(client.get("/v2/api-products").await.is(200)["meta"]["page"]["total"], 10);
}

#[tokio::test]
async fn whoever_may_do_less_than_at_first_is_not_told_the_first_answer() {
    let server = TestServer::new().await;
    let client = Client::of_an_admin(&server).await;
    client.exchange(request("k", "/v2/api-products"), Body::from(r#"{"name": "Weather"}"#)).await.is(201);
    let admins = admins::list(&server.core, Actor::System).await.unwrap();
    admins::create(&server.core, Actor::System, "other@example.com", Plain::new("correct horse battery")).await.unwrap();
    admins::set_roles(&server.core, Actor::System, admins[0].id, &[AdminRole::ProductViewer]).await.unwrap();
    let again = client.exchange(request("k", "/v2/api-products"), Body::from(r#"{"name": "Weather"}"#)).await;
    assert_eq!(again.wrong().0, "Idempotency-Key");
}
