//! nginx that asks Portico, against nginx that asks a handler that decides nothing, and against the built-in gateway.

use crate::{
    Row,
    load::{compare_at, request, serve},
};
use axum::{Router, routing::any};
use http::StatusCode;
use portico_core::{Actor, gateways::tokens};
use portico_gateway::{Gateway, Proxy};
use portico_model::paging::PageRequest;
use portico_testing::{
    TestCore, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application, an_approved_registration,
    portal_input, publish,
};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

pub async fn measure() -> Vec<Row> {
    let (upstream, nginx) = (free_port(), free_port());
    let core = TestCore::new().await;
    let strategy = a_strategy(&core, "s").await;
    let portal = a_portal(&core, portal_input("a")).await;
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", &format!("http://127.0.0.1:{upstream}")).await;
    publish(&core, version, &portal, strategy).await;
    let ada = a_developer(&core, &portal, "ada").await;
    let application = an_application(&core, ada, &portal, "Ada's", strategy).await;
    an_approved_registration(&core, ada, &portal, application, version).await;
    let key = a_key(&core, ada, &portal, application).await;
    let id = portico_core::gateways::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    let token = tokens::create_token(&core, Actor::System, id, "nginx").await.unwrap();
    let gateway = Gateway::new(core.core.clone());
    gateway.load().await.unwrap();
    let router = Router::new()
        .route("/bare", any(|| async { StatusCode::NO_CONTENT }))
        .fallback_service(Proxy::new(gateway, false).unwrap().router());
    let portico = serve(router).await;
    let mut nginx = Nginx::start(nginx, upstream, portico, token.expose()).await;

    let header = format!("apikey: {}\r\n", key.expose());
    let at = |address, path| (address, request("api.example.com", path, &header));
    let (asking, bare) = compare_at(&at(nginx.address, "/weather/x"), &at(nginx.address, "/bare/x")).await;
    let (built_in, asked) = compare_at(&at(portico, "/weather/x"), &at(nginx.address, "/weather/x")).await;
    let (built_in_again, connecting) = compare_at(&at(portico, "/weather/x"), &at(nginx.address, "/connecting/weather/x")).await;
    nginx.stop();
    vec![
        Row::new(
            "calls a second through nginx that asks Portico, against nginx that asks a bare handler",
            format!("{asking:.0} against {bare:.0}: {:.2}", asking / bare),
            "0.8",
        )
        .holding(asking / bare >= 0.8),
        Row::new(
            "calls a second through the built-in gateway, against nginx that asks Portico on connections that it keeps",
            format!("{built_in:.0} against {asked:.0}: {:.2}", built_in / asked),
            "",
        ),
        Row::new(
            "the same, against nginx as it asks without `keepalive`",
            format!("{built_in_again:.0} against {connecting:.0}: {:.2}", built_in_again / connecting),
            "2",
        )
        .holding(built_in_again / connecting >= 2.0),
    ]
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    /// With two places that differ in whom they ask, and the upstream of both.
    async fn start(port: u16, upstream: u16, portico: SocketAddr, token: &str) -> Self {
        let directory = Path::new(&std::env::var("PORTICO_BENCH_DIRECTORY").unwrap()).join("nginx");
        std::fs::create_dir_all(&directory).unwrap();
        let place = |name: &str| {
            format!(
                "location /{name}/ {{ auth_request /ask_{name}; proxy_set_header apikey \"\"; proxy_http_version 1.1;
                     proxy_set_header Connection \"\"; proxy_pass http://upstream/; }}"
            )
        };
        let question = |name: &str, path: &str| {
            format!(
                "location = /ask_{name} {{ internal; proxy_pass http://portico{path}; proxy_http_version 1.1;
                     proxy_set_header Connection \"\"; proxy_pass_request_body off; proxy_set_header Content-Length \"\";
                     proxy_set_header X-Portico-Token {token}; proxy_set_header X-Forwarded-Host $host;
                     proxy_set_header X-Forwarded-Uri $request_uri; }}"
            )
        };
        let conf = format!(
            "daemon off; worker_processes 2; pid {0}/pid; error_log {0}/error.log;
             events {{ worker_connections 1024; }}
             http {{
                 access_log off; keepalive_requests 1000000;
                 client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};
                 upstream portico {{ server {portico}; keepalive 64; keepalive_requests 1000000; }}
                 upstream upstream {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000; }}
                 server {{ listen 127.0.0.1:{upstream}; location / {{ return 200 '{{}}'; }} }}
                 server {{ listen 127.0.0.1:{port}; {1} {2} {3} {4}
                     location /connecting/ {{ auth_request /ask_connecting; proxy_set_header apikey \"\";
                         proxy_pass http://127.0.0.1:{upstream}/; }}
                     location = /ask_connecting {{ internal; proxy_pass http://{portico}/gateway/authorize;
                         proxy_pass_request_body off; proxy_set_header Content-Length \"\"; proxy_set_header X-Portico-Token {token};
                         proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Uri /weather/x; }}
                 }}
             }}",
            directory.display(),
            place("weather"),
            place("bare"),
            question("weather", "/gateway/authorize"),
            question("bare", "/bare"),
        );
        std::fs::write(directory.join("nginx.conf"), conf).unwrap();
        let child = Command::new(std::env::var("PORTICO_TEST_NGINX").unwrap())
            .arg("-p")
            .arg(&directory)
            .arg("-c")
            .arg(directory.join("nginx.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut nginx = Self { child, address };
        while tokio::net::TcpStream::connect(address).await.is_err() {
            assert!(nginx.child.try_wait().unwrap().is_none(), "nginx has ended");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        nginx
    }

    fn stop(&mut self) {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap();
    }
}
