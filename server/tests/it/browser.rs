//! A browser without JavaScript, for one host.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use portico::{hosts, pages::Pages};
use portico_core::{Actor, admins, secrets::Plain};
use portico_gateway::{Gateway, Proxy};
use portico_testing::{PASSWORD, TestCore};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// Everything that is served to browsers, on a database of its own.
pub struct TestServer {
    pub core: TestCore,
    /// Knows nothing until it is told to load.
    pub gateway: Gateway,
    router: Router,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn shows(&self, text: &str) {
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
    }
}

impl TestServer {
    pub async fn new() -> Self {
        let core = TestCore::new().await;
        let gateway = Gateway::new(core.core.clone());
        let pages = Pages {
            core: core.core.clone(),
            assets: Arc::default(),
            gateway_origin: "http://127.0.0.1:8000".into(),
            trusted_proxies: Arc::default(),
            proxy: Proxy::new(gateway.clone(), false).unwrap(),
        };
        Self { router: hosts::router(pages, false), core, gateway }
    }

    /// Serves at a port of its own until the test ends; where that is.
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    pub fn browser(&self, host: &str) -> Browser<'_> {
        Browser { server: self, host: host.to_owned(), cookie: Mutex::new(None) }
    }

    /// A browser of a developer of the portal at this host.
    pub async fn developer(&self, host: &str, name: &str) -> Browser<'_> {
        let browser = self.browser(host);
        let form = [("email", format!("{name}@example.com")), ("password", PASSWORD.to_owned()), ("return_to", "/".to_owned())];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = browser.post("/_fn/sign-in", &form).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        browser
    }

    /// A browser of the admin.
    pub async fn admin(&self) -> Browser<'_> {
        self.admin_at("admin@example.com").await
    }

    /// A browser of an admin who may do nothing.
    pub async fn idle_admin(&self) -> Browser<'_> {
        let id = admins::create(&self.core, Actor::System, "idle@example.com", Plain::new(PASSWORD)).await.unwrap();
        admins::set_roles(&self.core, Actor::System, id, &[]).await.unwrap();
        self.admin_at("idle@example.com").await
    }

    async fn admin_at(&self, email: &str) -> Browser<'_> {
        let browser = self.browser("localhost");
        let answer = browser.post("/_fn/admin/sign-in", &[("email", email), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
        browser
    }
}

pub struct Browser<'a> {
    server: &'a TestServer,
    host: String,
    cookie: Mutex<Option<String>>,
}

impl Browser<'_> {
    /// The same session at another host, as no real browser would send it.
    pub fn at(&self, host: &str) -> Browser<'_> {
        Browser { server: self.server, host: host.to_owned(), cookie: Mutex::new(self.cookie.lock().unwrap().clone()) }
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// The session's cookie, if there is one.
    pub fn cookie(&self) -> Option<String> {
        self.cookie.lock().unwrap().clone()
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.send(Request::get(target).header(header::ACCEPT, "text/html"), Body::empty()).await
    }

    /// As the form island posts.
    pub async fn post(&self, target: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.form(target).header(header::ACCEPT, "application/json"), Body::from(encode(form))).await
    }

    /// As the browser itself posts a form of a page.
    pub async fn submit(&self, page: &str, target: &str, form: &[(&str, &str)]) -> Answer {
        let referrer = format!("http://{}{page}", self.host);
        let request = self.form(target).header(header::ACCEPT, "text/html").header(header::REFERER, referrer);
        self.send(request, Body::from(encode(form))).await
    }

    fn form(&self, target: &str) -> http::request::Builder {
        Request::post(target).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    pub async fn send(&self, request: http::request::Builder, body: Body) -> Answer {
        let (status, body, headers) = self.send_raw(request, body).await;
        Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// As [`Browser::send`], with the body as it travels.
    pub async fn send_raw(&self, request: http::request::Builder, body: Body) -> (StatusCode, Vec<u8>, HeaderMap) {
        let mut request = request.header(header::HOST, &self.host);
        if let Some(cookie) = &*self.cookie.lock().unwrap() {
            request = request.header(header::COOKIE, cookie);
        }
        let response = self.server.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            *self.cookie.lock().unwrap() = Some(cookie);
        }
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, body.to_vec(), parts.headers)
    }
}

pub fn encode(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}
