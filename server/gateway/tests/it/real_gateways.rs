//! Real gateways with the recipes of `docs/gateways`, as they stand there but for addresses and the token.

use crate::scene::{router, upstream};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use portico_core::{Actor, auth_strategies, gateways::tokens, registrations};
use portico_gateway::Gateway;
use portico_model::{
    ids::{ApplicationId, RegistrationId},
    paging::PageRequest,
    states::RegistrationStatus,
};
use portico_testing::{
    TestCore, a_client, a_developer, a_key, a_linked_service, a_portal, a_strategy, a_version, an_application,
    an_approved_registration,
    issuer::{Issuer, RSA},
    openid_connect_input, portal_input, publish,
};
use serde_json::{Value, json};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Two applications that may call Weather v1 at `/weather`, one with a key and one with a client of a provider, and a
/// gateway's token for it; and Portico's gateway on a port.
struct World {
    core: TestCore,
    gateway: Gateway,
    issuer: Issuer,
    application: ApplicationId,
    registration: RegistrationId,
    key: String,
    /// Of an application without a registration.
    stranger: String,
    token: String,
    upstream: String,
    portico: SocketAddr,
    serving: JoinHandle<()>,
}

async fn world() -> World {
    let core = TestCore::new().await;
    let issuer = Issuer::start(&[RSA]).await;
    let upstream = upstream().await;
    let keys = a_strategy(&core, "keys").await;
    let tokens = auth_strategies::create_openid_connect(&core, Actor::System, openid_connect_input("okta", &issuer.url));
    let tokens = tokens.await.unwrap();
    let (here, there) = (a_portal(&core, portal_input("a")).await, a_portal(&core, portal_input("b")).await);
    let (_, version) = a_version(&core, "Weather").await;
    a_linked_service(&core, version, "/weather", &upstream).await;
    publish(&core, version, &here, keys).await;
    publish(&core, version, &there, tokens).await;
    let ada = a_developer(&core, &here, "ada").await;
    let application = an_application(&core, ada, &here, "App", keys).await;
    let registration = an_approved_registration(&core, ada, &here, application, version).await;
    let key = a_key(&core, ada, &here, application).await.expose().to_owned();
    let other = an_application(&core, ada, &here, "Other", keys).await;
    let stranger = a_key(&core, ada, &here, other).await.expose().to_owned();
    let bob = a_developer(&core, &there, "bob").await;
    let client = a_client(&core, bob, &there, tokens, "bob").await;
    an_approved_registration(&core, bob, &there, client, version).await;
    let id = portico_core::gateways::list(&core, Actor::System, &PageRequest::first()).await.unwrap().items[0].id;
    let token = tokens::create_token(&core, Actor::System, id, "edge").await.unwrap().expose().to_owned();
    let gateway = Gateway::new(core.core.clone());
    gateway.load().await.unwrap();
    let (portico, serving) = serve(router(&gateway)).await;
    World { core, gateway, issuer, application, registration, key, stranger, token, upstream, portico, serving }
}

async fn serve(router: Router) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

/// A gateway that runs in a folder of its own until it is dropped.
struct Process {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The code of a language in a recipe, for this world and port.
fn recipe(world: &World, name: &str, language: &str, port: u16) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/gateways").join(format!("{name}.md"));
    let text = fs::read_to_string(file).unwrap();
    let code = text.split(&format!("```{language}\n")).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let upstream = world.upstream.trim_start_matches("http://127.0.0.1:");
    let code = code.replace("pgt_replace_me", &world.token);
    // Envoy's has addresses and ports apart.
    let ports = [("8080", port.to_string()), ("8000", world.portico.port().to_string()), ("9000", upstream.to_owned())];
    ports.iter().fold(code, |code, (written, real)| {
        code.replace(&format!(":{written}"), &format!(":{real}"))
            .replace(&format!("port_value: {written}"), &format!("port_value: {real}"))
    })
}

#[expect(clippy::disallowed_methods, reason = "tests are told where their gateways are")]
fn program(name: &str) -> String {
    let variable = format!("PORTICO_TEST_{}", name.to_uppercase());
    std::env::var(&variable).unwrap_or_else(|_| panic!("{variable} names no {name}: run cargo xtask test"))
}

/// A port that nobody else is given: Caddy and Envoy would share it without a word (`SO_REUSEPORT`), each taking
/// calls of the other. Systems themselves give ports away from 32768 on.
async fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).await.is_ok() {
            return port;
        }
    }
}

async fn start(world: &World, name: &str) -> Process {
    let port = free_port().await;
    let folder = std::env::temp_dir().join(format!("portico-{name}-{port}"));
    fs::create_dir_all(&folder).unwrap();
    let mut command = Command::new(program(name));
    let at = |file: &str| folder.join(file);
    match name {
        "nginx" => {
            let server = recipe(world, name, "nginx", port);
            let conf = format!(
                "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\nevents {{}}\nhttp {{\n\
                 access_log off; client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0}; \
                 scgi_temp_path {0};\n{server}\n}}\n",
                folder.display()
            );
            fs::write(at("nginx.conf"), conf).unwrap();
            command.arg("-p").arg(&folder).arg("-c").arg(at("nginx.conf"));
        }
        "caddy" => {
            let global = "{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n}\n";
            fs::write(at("Caddyfile"), format!("{global}{}", recipe(world, name, "caddyfile", port))).unwrap();
            command.arg("run").arg("--config").arg(at("Caddyfile")).env("HOME", &folder).env("XDG_DATA_HOME", &folder);
        }
        "haproxy" => {
            fs::write(at("portico.lua"), recipe(world, name, "lua", port)).unwrap();
            let lua = at("portico.lua");
            let conf = recipe(world, name, "haproxy", port).replace("/etc/haproxy/portico.lua", lua.to_str().unwrap());
            fs::write(at("haproxy.cfg"), conf).unwrap();
            command.arg("-db").arg("-f").arg(at("haproxy.cfg"));
        }
        "envoy" => {
            fs::write(at("envoy.yaml"), recipe(world, name, "yaml", port)).unwrap();
            command.args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "error", "-c"]).arg(at("envoy.yaml"));
        }
        other => panic!("{other}"),
    }
    let log = fs::File::create(at("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    let mut process = Process { child: command.spawn().unwrap(), folder, address: SocketAddr::from(([127, 0, 0, 1], port)) };
    while tokio::net::TcpStream::connect(process.address).await.is_err() {
        if process.child.try_wait().unwrap().is_some() {
            panic!("{name} has ended: {}", fs::read_to_string(process.folder.join("log")).unwrap());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process
}

type Headers<'a> = &'a [(&'a str, &'a str)];

async fn call(process: &Process, target: &str, headers: Headers<'_>) -> (StatusCode, HeaderMap, Value) {
    let client: Client<HttpConnector, Body> = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::builder().uri(format!("http://{}{target}", process.address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// Everything that a gateway in front of an API has to do.
async fn walk(name: &str) {
    let world = world().await;
    let process = start(&world, name).await;
    let call = async |headers: Headers<'_>| call(&process, "/weather/cities?day=mon", headers).await;
    let key = ("apikey", world.key.as_str());
    let bearer = format!("Bearer {}", RSA.sign(&world.issuer.claims("bob", world.core.now())));
    let message = |text: &str| json!({ "message": text });

    // Allowed: the upstream learns who calls, whatever the caller says, and never sees the key.
    let spoofed = [
        ("x-consumer-id", "me"),
        ("x-consumer-custom-id", "me"),
        ("x-consumer-username", "me"),
        ("x-consumer-groups", "admins"),
        ("x-anonymous-consumer", "true"),
        ("x-credential-identifier", "me"),
        ("x-forwarded-uri", "/elsewhere"),
        ("x-portico-token", "mine"),
    ];
    let (status, _, echo) = call(&[&[key], &spoofed[..]].concat()).await;
    assert_eq!(status, StatusCode::OK, "{name}: {echo}");
    assert_eq!(echo["target"], "/cities?day=mon", "{name}");
    let told = &echo["headers"];
    assert_eq!(told["x-consumer-id"], world.application.to_string(), "{name}");
    assert_eq!(told["x-consumer-username"], "App", "{name}");
    assert!(told.get("x-consumer-groups").is_none() && told.get("x-anonymous-consumer").is_none(), "{name}: {told}");
    assert!(told.get("apikey").is_none(), "{name}: {told}");
    assert_ne!(told["x-credential-identifier"], "me", "{name}");
    let (status, _, echo) = call(&[("authorization", &bearer)]).await;
    assert_eq!((status, &echo["headers"]["x-credential-identifier"]), (StatusCode::OK, &json!("bob")), "{name}");
    assert_eq!(echo["headers"]["authorization"], bearer, "{name}");

    // Nor can a caller have it dropped on the way, or lead Portico and the gateway to different services.
    let (status, _, echo) = call(&[key, ("connection", "x-consumer-id, x-consumer-username")]).await;
    assert_eq!(status, StatusCode::OK, "{name}");
    assert_eq!(echo["headers"]["x-consumer-id"], world.application.to_string(), "{name}: {echo}");

    // Refused, in Portico's words.
    let (status, headers, body) = call(&[]).await;
    assert_eq!((status, body), (StatusCode::UNAUTHORIZED, message("Unauthorized")), "{name}");
    let challenges: Vec<&str> = headers.get_all(header::WWW_AUTHENTICATE).iter().map(|value| value.to_str().unwrap()).collect();
    assert!(challenges.join(", ").starts_with("Key realm=\"portico\""), "{name}: {challenges:?}");
    assert!(headers.contains_key("x-portico-request-id"), "{name}");
    for wrong in [("apikey", "ptk_wrong"), ("authorization", "Bearer wrong")] {
        assert_eq!(call(&[wrong]).await.0, StatusCode::UNAUTHORIZED, "{name} {wrong:?}");
    }
    let (status, headers, body) = call(&[("apikey", &world.stranger), spoofed[0]]).await;
    assert_eq!((status, body), (StatusCode::FORBIDDEN, message("You cannot consume this service")), "{name}");
    assert!(!headers.contains_key(header::WWW_AUTHENTICATE), "{name}");

    // Revoked, and reinstated.
    let decide = async |status| {
        registrations::decide(&world.core, Actor::System, world.registration, status, "").await.unwrap();
        world.gateway.load().await.unwrap();
    };
    decide(RegistrationStatus::Revoked).await;
    assert_eq!(call(&[key]).await.0, StatusCode::FORBIDDEN, "{name}");
    decide(RegistrationStatus::Approved).await;
    assert_eq!(call(&[key]).await.0, StatusCode::OK, "{name}");

    // The provider is down: what it said still counts, and what only it can say is refused. Keys do not need it.
    world.issuer.go(true);
    assert_eq!(call(&[("authorization", &bearer)]).await.0, StatusCode::OK, "{name}");
    let fresh = Gateway::new(world.core.core.clone());
    fresh.load().await.unwrap();
    world.serving.abort();
    let _ = world.serving.await;
    assert!(call(&[key]).await.0.is_server_error(), "{name} is closed while Portico is down");
    assert!(call(&[]).await.0.is_server_error(), "{name} is closed while Portico is down");
    let listener = TcpListener::bind(world.portico).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router(&fresh)).await });
    let back = async || {
        while call(&[key]).await.0 != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back()).await.unwrap_or_else(|_| panic!("{name} does not come back"));
    assert!(call(&[("authorization", &bearer)]).await.0.is_server_error(), "{name}, without the provider's keys");
}

#[tokio::test]
async fn nginx_lets_in_whom_portico_lets_in() {
    walk("nginx").await;
}

#[tokio::test]
async fn caddy_lets_in_whom_portico_lets_in() {
    walk("caddy").await;
}

#[tokio::test]
async fn haproxy_lets_in_whom_portico_lets_in() {
    walk("haproxy").await;
}

#[tokio::test]
async fn envoy_lets_in_whom_portico_lets_in() {
    walk("envoy").await;
}
