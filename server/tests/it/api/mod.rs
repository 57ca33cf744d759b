//! The management API over HTTP, with an access token.

mod authorization;
mod contract;
mod description;
mod idempotency;
mod operations;
mod publications;
mod world;
mod writers;

use crate::browser::TestServer;
use axum::{
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
};
use portico_core::{Actor, access_tokens, secrets::Plain};
use portico_testing::an_admin;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// Somebody with an access token.
struct Client<'a> {
    server: &'a TestServer,
    authorization: String,
    host: &'static str,
    /// The operations of the contracts that were asked for.
    driven: Arc<Mutex<BTreeSet<String>>>,
    /// Whether answers are compared with the contracts.
    is_checked: bool,
}

/// What the API answered.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl<'a> Client<'a> {
    async fn of_an_admin(server: &'a TestServer) -> Self {
        an_admin(&server.core).await;
        let token: Plain = access_tokens::create_for(&server.core, Actor::System, "admin@example.com", "tests").await.unwrap();
        Self {
            server,
            authorization: format!("Bearer {}", token.expose()),
            host: "localhost",
            driven: Arc::default(),
            is_checked: true,
        }
    }

    fn with(&self, authorization: &str) -> Self {
        Self {
            server: self.server,
            authorization: authorization.to_owned(),
            host: self.host,
            driven: self.driven.clone(),
            is_checked: self.is_checked,
        }
    }

    /// For requests at random, to which the contracts have no answer.
    fn unchecked(&self) -> Self {
        Self { is_checked: false, ..self.with(&self.authorization) }
    }

    async fn send(&self, method: Method, target: &str, body: Body) -> Answered {
        let request = Request::builder().method(method).uri(target).header(header::CONTENT_TYPE, "application/json");
        self.exchange(request, body).await
    }

    async fn accepting(&self, kind: &str, target: &str) -> Answered {
        self.exchange(Request::builder().uri(target).header(header::ACCEPT, kind), Body::empty()).await
    }

    async fn exchange(&self, mut request: Builder, body: Body) -> Answered {
        let (method, target) = (request.method_ref().unwrap().clone(), request.uri_ref().unwrap().to_string());
        if !self.authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, &self.authorization);
        }
        let answer = self.server.browser(self.host).send(request, body).await;
        let body = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
        let answered = Answered { status: answer.status, headers: answer.headers, body };
        if self.is_checked && self.host == "localhost" {
            self.driven.lock().unwrap().extend(contract::check(&method, &target, &answered));
        }
        answered
    }

    async fn get(&self, target: &str) -> Answered {
        self.send(Method::GET, target, Body::empty()).await
    }

    async fn delete(&self, target: &str) -> Answered {
        self.send(Method::DELETE, target, Body::empty()).await
    }

    async fn post(&self, target: &str, body: Value) -> Answered {
        self.call(Method::POST, target, &body).await
    }

    async fn patch(&self, target: &str, body: Value) -> Answered {
        self.call(Method::PATCH, target, &body).await
    }

    async fn call(&self, method: Method, target: &str, body: &Value) -> Answered {
        self.send(method, target, Body::from(body.to_string())).await
    }
}

impl Answered {
    /// The body of an answer with this status.
    #[track_caller]
    fn is(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// The id of what was created.
    #[track_caller]
    fn id(self) -> String {
        self.is(201)["id"].as_str().unwrap().to_owned()
    }

    /// A refusal in the contract's shape; its wrong parameters.
    #[track_caller]
    fn refusal(&self, status: StatusCode) -> Vec<Value> {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        let id = self.headers["x-request-id"].to_str().unwrap();
        assert_eq!(self.body["instance"], format!("portico:trace:{id}"));
        assert_eq!(self.body["status"], status.as_u16());
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        let wrong = self.body.get("invalid_parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        let known = ["status", "title", "detail", "instance", "type", "invalid_parameters"];
        assert!(self.body.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{self:?}");
        wrong
    }

    /// Field, rule and source of the only wrong parameter.
    #[track_caller]
    fn wrong(&self) -> (String, String, String) {
        let wrong = self.refusal(StatusCode::BAD_REQUEST);
        assert_eq!(wrong.len(), 1, "{self:?}");
        let text = |name: &str| wrong[0][name].as_str().unwrap_or_default().to_owned();
        assert!(!text("reason").is_empty());
        (text("field"), text("rule"), text("source"))
    }
}

#[track_caller]
fn has_exactly(value: &Value, keys: &[&str]) {
    let mut found: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = keys.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
