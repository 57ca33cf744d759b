//! What the tests have in common.

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt;
use portico_core::{
    Actor,
    portals::{Portal, PortalInput},
};
use portico_gateway::{Gateway, Proxy};
use portico_model::ids::{ApplicationId, AuthStrategyId, RegistrationId, VersionId};
use portico_testing::{
    TestCore, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publish,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// An application that may call Weather v1 at `/weather`, and a gateway that knows it.
pub struct Scene {
    pub core: TestCore,
    pub portal: Portal,
    pub strategy: AuthStrategyId,
    pub version: VersionId,
    pub ada: Actor,
    pub application: ApplicationId,
    pub registration: RegistrationId,
    pub key: String,
    pub gateway: Gateway,
    pub router: Router,
}

pub async fn scene() -> Scene {
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
    let router = router(&gateway);
    Scene { core, portal, strategy, version, ada, application, registration, key, gateway, router }
}

pub fn router(gateway: &Gateway) -> Router {
    Proxy::new(gateway.clone(), false).unwrap().router()
}

/// Answers with what it was asked.
pub async fn upstream() -> String {
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
    pub async fn call(&self, target: &str, headers: &[(&str, &str)]) -> (StatusCode, Value, Response<()>) {
        let mut request = Request::builder().uri(target).header(header::HOST, "api.example.com:8000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap_or(Value::Null);
        (parts.status, body, Response::from_parts(parts, ()))
    }

    pub async fn status(&self, target: &str, key: &str) -> StatusCode {
        self.call(target, &[("apikey", key)]).await.0
    }

    pub async fn reload(&self) {
        self.gateway.load().await.unwrap();
    }
}
