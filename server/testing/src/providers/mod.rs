//! Identity providers that register clients, one for each vendor: as strict as the vendor's contract, and as unreliable as
//! a test wants.

mod auth0;
mod bridge;
mod contract;
mod curity;
mod entra;
mod okta;
mod rfc7592;

use bytes::Bytes;
use contract::{Asked, Kind, Outcome, Reply, text, texts};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use portico_core::{dcr_providers::DcrProviderInput, secrets::Plain};
use portico_model::states::ProviderType;
use serde_json::{Value, json};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What every double takes for the secret of an admin; longer than what any vendor gives.
pub const ADMIN_SECRET: &str = "admin_secret_0123456789";
/// And for the client with which an admin token is asked for: a name that must be encoded.
pub const ADMIN_CLIENT: &str = "portico admin";

/// What goes wrong with one call.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// The connection ends before the provider has done anything.
    ResetBefore,
    /// It does what it should, and the connection ends before the answer.
    ResetAfter,
    /// The process that asks is killed while it waits, before anything was done.
    KillBefore,
    /// The same, when it was done.
    KillAfter,
    /// It does what it should, and its answer is cut in half.
    Half,
    /// Nothing is done.
    Status(u16),
    /// Nothing is done, and it should be asked again after so many seconds.
    TooMany(u32),
    /// Nothing is done, and the answer leads somewhere else.
    Redirect(String),
    /// Larger than anybody should read.
    Huge,
    /// The answer takes so long.
    Slow(Duration),
}

/// How a vendor behaves.
pub(crate) trait Vendor: Send {
    fn answer(&mut self, asked: &Asked) -> Outcome;
    /// The clients that it has, deleted ones not.
    fn clients(&self) -> Vec<RemoteClient>;
    /// What a vendor's admin would do by hand.
    fn tamper(&mut self, change: Tampering);
}

/// What an admin of the provider does there, behind Portico's back.
#[derive(Clone, Debug)]
pub enum Tampering {
    Delete(String),
    Rename(String, String),
    /// A client with the tag of another, or without any.
    Copy(String),
    /// Another one of somebody else's.
    Foreign,
    /// The admin's client may manage every client from now on: Curity's scope `dcrm`.
    AllowManagement,
}

/// A client as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteClient {
    pub client_id: String,
    pub name: String,
    /// Those that it accepts.
    pub secrets: Vec<String>,
    pub redirect_uris: Vec<String>,
    /// What it may be used for, in words of the vendor's.
    pub access: Vec<String>,
}

/// Decides what goes wrong with a call.
type Troublemaker = dyn FnMut(usize, &str) -> Option<Trouble> + Send;

struct State {
    vendor: Box<dyn Vendor>,
    /// Which call, counted from 0, meets with what.
    trouble: Box<Troublemaker>,
    calls: Vec<String>,
    /// Refusals for what no vendor takes: a test that sees one has found a fault of the connector.
    violations: Vec<String>,
}

/// A provider on loopback.
#[derive(Clone)]
pub struct Provider {
    pub url: String,
    pub provider_type: ProviderType,
    state: Arc<Mutex<State>>,
    /// A call came whose sender is to be killed.
    killing: Arc<Notify>,
}

impl Provider {
    pub async fn start(provider_type: ProviderType) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a provider for tests");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let vendor: Box<dyn Vendor> = match provider_type {
            ProviderType::Okta => Box::new(okta::Okta::new(&url)),
            ProviderType::Auth0 => Box::new(auth0::Auth0::new(&url)),
            ProviderType::AzureAd => Box::new(entra::Entra::new(&url)),
            ProviderType::Curity => Box::new(curity::Curity::new(&url)),
            ProviderType::Http => Box::new(bridge::Bridge::default()),
            ProviderType::Oidc => Box::new(rfc7592::Rfc7592::new(&url)),
        };
        let state = State { vendor, trouble: Box::new(|_, _| None), calls: Vec::new(), violations: Vec::new() };
        let provider = Self { url, provider_type, state: Arc::new(Mutex::new(state)), killing: Arc::default() };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        provider
    }

    async fn serve(self, stream: TcpStream) {
        let service = service_fn(move |request| {
            let provider = self.clone();
            async move { provider.answer(request).await }
        });
        // A connection that ends early was meant to.
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// The issuer whose discovery document this provider serves.
    pub fn issuer(&self) -> String {
        match self.provider_type {
            ProviderType::AzureAd => format!("{}/tenant", self.url),
            ProviderType::Curity => format!("{}/oauth/v2/oauth-anonymous", self.url),
            _ => self.url.clone(),
        }
    }

    /// What an admin would enter for it.
    pub fn input(&self, name: &str) -> DcrProviderInput {
        let mut input = DcrProviderInput {
            name: name.to_owned(),
            display_name: name.to_owned(),
            provider_type: self.provider_type,
            issuer: self.issuer(),
            config: Default::default(),
            secret: Some(Plain::new(ADMIN_SECRET)),
            labels: None,
        };
        match self.provider_type {
            ProviderType::Auth0 | ProviderType::Curity => input.config.initial_client_id = ADMIN_CLIENT.to_owned(),
            ProviderType::AzureAd => {
                input.config.initial_client_id = ADMIN_CLIENT.to_owned();
                input.config.api_url = format!("{}/v1.0", self.url);
                input.config.token_url = format!("{}/tenant/oauth2/v2.0/token", self.url);
            }
            ProviderType::Http => input.config.dcr_base_url = format!("{}/bridge", self.url),
            ProviderType::Okta | ProviderType::Oidc => {}
        }
        if self.provider_type == ProviderType::Curity {
            input.issuer.push_str("/.well-known/openid-configuration");
        }
        input
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides for each call from now on, counted from 0, what goes wrong with it.
    pub fn trouble(&self, trouble: impl FnMut(usize, &str) -> Option<Trouble> + Send + 'static) {
        let mut state = self.lock();
        state.trouble = Box::new(trouble);
        state.calls.clear();
    }

    /// The calls since trouble was decided on, such as `POST /clients`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    pub fn clients(&self) -> Vec<RemoteClient> {
        self.lock().vendor.clients()
    }

    /// What the connector did that the vendor's contract does not allow.
    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    pub fn tamper(&self, change: Tampering) {
        self.lock().vendor.tamper(change);
    }

    /// Waits until a call has come whose sender is to be killed.
    pub async fn wait_for_kill(&self) {
        self.killing.notified().await;
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes().to_vec();
        let query = parts.uri.query().unwrap_or_default();
        let asked = Asked {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: parts.headers,
            body,
        };
        if let Some(prefix) = asked.path.strip_suffix("/.well-known/openid-configuration") {
            return Ok(respond(Reply::json(200, &self.metadata(prefix))));
        }
        if asked.path == "/jwks" {
            return Ok(respond(Reply::json(200, &json!({"keys": []}))));
        }
        let (trouble, reply) = self.decide(&asked);
        match trouble {
            Some(Trouble::KillBefore | Trouble::KillAfter) => {
                self.killing.notify_one();
                std::future::pending().await
            }
            Some(Trouble::ResetBefore | Trouble::ResetAfter) => Err(io::ErrorKind::ConnectionReset.into()),
            Some(Trouble::Slow(by)) => {
                tokio::time::sleep(by).await;
                Ok(respond(reply))
            }
            _ => Ok(respond(reply)),
        }
    }

    /// What goes wrong, and what the provider says, if it does anything.
    fn decide(&self, asked: &Asked) -> (Option<Trouble>, Reply) {
        let mut state = self.lock();
        let line = format!("{} {}", asked.method, asked.path);
        let index = state.calls.len();
        let trouble = (state.trouble)(index, &line);
        state.calls.push(line.clone());
        let instead = match &trouble {
            Some(Trouble::ResetBefore | Trouble::KillBefore) => Some(Reply::empty(500)),
            Some(Trouble::Status(status)) => Some(Reply::error(*status, "trouble", "as the test wants it")),
            Some(Trouble::TooMany(seconds)) => {
                Some(Reply::error(429, "too_many_requests", "later").with("retry-after", seconds.to_string()))
            }
            Some(Trouble::Redirect(to)) => Some(Reply::empty(307).with("location", to.clone())),
            Some(Trouble::Huge) => Some(Reply { body: vec![b' '; 3 * 1024 * 1024], ..Reply::empty(200) }),
            _ => None,
        };
        if let Some(instead) = instead {
            return (trouble, instead);
        }
        let mut reply = match state.vendor.answer(asked) {
            Ok(reply) => reply,
            Err(refusal) => {
                if matches!(refusal.status.as_u16(), 400 | 405 | 406 | 415 | 418) {
                    let told = String::from_utf8_lossy(&refusal.body).into_owned();
                    state.violations.push(format!("{line}: {told}"));
                }
                refusal
            }
        };
        if trouble == Some(Trouble::Half) {
            reply.body.truncate(reply.body.len() / 2);
        }
        (trouble, reply)
    }

    fn metadata(&self, prefix: &str) -> Value {
        let url = &self.url;
        let registration = match self.provider_type {
            ProviderType::Curity => Some(format!("{url}/oauth/v2/oauth-registration")),
            ProviderType::Oidc => Some(format!("{url}/reg")),
            _ => None,
        };
        json!({
            "issuer": format!("{url}{prefix}"),
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/oauth/v2/oauth-token"),
            "jwks_uri": format!("{url}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "registration_endpoint": registration,
        })
    }
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}
