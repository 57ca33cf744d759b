//! What the gateway knows: services with what opens them, applications, keys.

use crate::{openid::Trust, refusal::Takes};
use portico_core::{
    auth_strategies::{self, OpenidConnect},
    gateways::{
        tokens,
        view::{ApplicationAccess, Route, Routing},
    },
    secrets::Secrets,
};
use portico_model::{
    ids::{ApplicationId, AuthStrategyId, CredentialId, GatewayId, GatewayServiceId, PortalId, VersionId},
    states::AuthMethod,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use time::OffsetDateTime;

#[derive(Default)]
pub(crate) struct View {
    is_loaded: bool,
    /// The most specific first.
    services: Vec<Arc<Service>>,
    applications: HashMap<ApplicationId, Application>,
    /// By what a key begins with.
    keys: HashMap<String, Key>,
    /// The gateways that ask for decisions, by the digests of their tokens.
    gateways: HashMap<Vec<u8>, GatewayId>,
    /// By strategy and by the client id that its provider gave.
    clients: HashMap<(AuthStrategyId, String), ApplicationId>,
}

/// A service and the publications that open it.
pub(crate) struct Service {
    pub id: GatewayServiceId,
    pub gateway: GatewayId,
    /// Empty matches every host.
    pub host: String,
    pub path_prefix: String,
    pub upstream_url: String,
    pub version: Option<VersionId>,
    /// Whether anybody may call.
    pub is_open: bool,
    pub openings: Vec<Opening>,
    /// Where keys are looked for: every opening's names, in order, each once.
    pub key_names: Vec<String>,
}

/// A portal whose applications of one strategy may call.
pub(crate) struct Opening {
    pub portal: PortalId,
    pub strategy: AuthStrategyId,
    /// Where the strategy is one of OpenID Connect.
    pub trust: Option<Arc<Trust>>,
}

pub(crate) struct Application {
    pub name: String,
    pub portal: PortalId,
    pub strategy: AuthStrategyId,
    pub versions: HashSet<VersionId>,
    key_ids: Vec<String>,
    client_id: Option<String>,
}

pub(crate) struct Key {
    pub credential: CredentialId,
    pub application: ApplicationId,
    pub secret_digest: Vec<u8>,
    pub expires_at: Option<OffsetDateTime>,
}

impl View {
    pub fn new(routing: Routing, secrets: &Secrets) -> Self {
        let mut view = Self { is_loaded: true, ..Self::default() };
        view.put_routing(routing, secrets);
        view
    }

    pub fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Replaces every service and token. Rows of one service follow one another.
    pub fn put_routing(&mut self, routing: Routing, secrets: &Secrets) {
        let Routing { routes, tokens } = routing;
        self.gateways = tokens.into_iter().map(|token| (token.token_digest, token.gateway_id)).collect();
        let mut services: Vec<Service> = Vec::new();
        for route in routes {
            match services.last_mut() {
                Some(service) if service.id == route.service_id => service.open(route, secrets),
                _ => {
                    let mut service = Service {
                        id: route.service_id,
                        gateway: route.gateway_id,
                        host: route.host.clone(),
                        path_prefix: route.path_prefix.clone(),
                        upstream_url: route.upstream_url.clone(),
                        version: route.version_id,
                        is_open: false,
                        openings: Vec::new(),
                        key_names: Vec::new(),
                    };
                    service.open(route, secrets);
                    services.push(service);
                }
            }
        }
        services.sort_by_key(|service| (service.host.is_empty(), std::cmp::Reverse(service.path_prefix.len()), service.id));
        self.services = services.into_iter().map(Arc::new).collect();
    }

    pub fn put_application(&mut self, access: ApplicationAccess) {
        let keys = access.key_ids.iter().zip(access.credential_ids).zip(access.secret_digests).zip(access.expiries);
        for (((key_id, credential), secret_digest), expires_at) in keys {
            self.keys.insert(key_id.clone(), Key { credential, application: access.id, secret_digest, expires_at });
        }
        if let Some(client_id) = &access.reference_id {
            self.clients.insert((access.auth_strategy_id, client_id.clone()), access.id);
        }
        self.applications.insert(
            access.id,
            Application {
                name: access.name,
                portal: access.portal_id,
                strategy: access.auth_strategy_id,
                versions: access.versions.into_iter().collect(),
                key_ids: access.key_ids,
                client_id: access.reference_id,
            },
        );
    }

    pub fn remove_application(&mut self, id: ApplicationId) {
        if let Some(application) = self.applications.remove(&id) {
            for key_id in application.key_ids {
                self.keys.remove(&key_id);
            }
            if let Some(client_id) = application.client_id {
                self.clients.remove(&(application.strategy, client_id));
            }
        }
    }

    /// The most specific service for a host and path: an exact host before any host, then the longest prefix.
    pub fn service(&self, gateway: Option<GatewayId>, host: &str, path: &str) -> Option<&Arc<Service>> {
        let is_meant = |service: &&Arc<Service>| gateway.is_none_or(|gateway| gateway == service.gateway);
        self.services.iter().filter(is_meant).find(|service| service.matches(host, path))
    }

    /// As [`View::service`], for somebody who takes letters of either case for the same.
    pub fn service_whatever_case(&self, gateway: Option<GatewayId>, host: &str, path: &str) -> Option<&Arc<Service>> {
        let is_meant = |service: &&Arc<Service>| gateway.is_none_or(|gateway| gateway == service.gateway);
        self.services.iter().filter(is_meant).find(|service| service.matches_whatever_case(host, path))
    }

    pub fn service_by_id(&self, id: GatewayServiceId) -> Option<Arc<Service>> {
        self.services.iter().find(|service| service.id == id).cloned()
    }

    /// The trust of a strategy that opens something.
    pub fn trust(&self, strategy: AuthStrategyId) -> Option<Arc<Trust>> {
        self.services.iter().find_map(|service| service.trust(strategy))
    }

    /// Every strategy that opens something and trusts an issuer, once.
    pub fn trusts(&self, issuer: &str) -> Vec<(AuthStrategyId, Arc<Trust>)> {
        let mut found: Vec<(AuthStrategyId, Arc<Trust>)> = Vec::new();
        for opening in self.services.iter().flat_map(|service| &service.openings) {
            let Some(trust) = opening.trust.as_ref().filter(|trust| trust.config.issuer == issuer) else { continue };
            if !found.iter().any(|(strategy, _)| *strategy == opening.strategy) {
                found.push((opening.strategy, Arc::clone(trust)));
            }
        }
        found
    }

    /// The service that serves a version.
    pub fn service_of(&self, version: VersionId) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.version == Some(version))
    }

    /// The gateway that a token is of.
    pub fn gateway_of(&self, token: &str) -> Option<GatewayId> {
        self.gateways.get(&tokens::digest(token)).copied()
    }

    pub fn key(&self, key_id: &str) -> Option<&Key> {
        self.keys.get(key_id)
    }

    /// The application of a strategy whose client has this id.
    pub fn client(&self, strategy: AuthStrategyId, client_id: &str) -> Option<ApplicationId> {
        self.clients.get(&(strategy, client_id.to_owned())).copied()
    }

    pub fn application(&self, id: ApplicationId) -> Option<&Application> {
        self.applications.get(&id)
    }
}

impl Opening {
    pub fn is_for(&self, application: &Application) -> bool {
        self.portal == application.portal && self.strategy == application.strategy
    }
}

impl Service {
    fn open(&mut self, route: Route, secrets: &Secrets) {
        self.is_open |= route.no_authentication == Some(true);
        let (Some(portal), Some(strategy)) = (route.portal_id, route.auth_strategy_id) else { return };
        let trust = route.openid_connect.map(|config| {
            let client_secret = route.client_secret.and_then(|sealed| {
                auth_strategies::client_secret(secrets, strategy, &sealed)
                    .inspect_err(|error| tracing::error!(%strategy, error = format!("{error:#}"), "a client secret is lost"))
                    .ok()
            });
            Arc::new(Trust::new(strategy, config, client_secret))
        });
        self.openings.push(Opening { portal, strategy, trust });
        for name in route.key_names.into_iter().flatten() {
            if !self.key_names.contains(&name) {
                self.key_names.push(name);
            }
        }
    }

    /// The trust of a strategy that opens it.
    pub fn trust(&self, strategy: AuthStrategyId) -> Option<Arc<Trust>> {
        self.openings.iter().find(|opening| opening.strategy == strategy)?.trust.clone()
    }

    /// What callers may send.
    pub fn takes(&self) -> Takes {
        let mut configs = self.openings.iter().filter_map(|opening| opening.trust.as_ref()).map(|trust| &trust.config);
        Takes {
            keys: !self.key_names.is_empty(),
            tokens: configs.clone().any(OpenidConnect::takes_tokens),
            logins: configs.clone().any(OpenidConnect::takes_logins),
            sessions: configs.any(|config| config.takes(AuthMethod::Session)),
        }
    }

    fn matches_whatever_case(&self, host: &str, path: &str) -> bool {
        let host_matches = self.host.is_empty() || self.host.eq_ignore_ascii_case(host);
        let prefix = self.path_prefix.as_bytes();
        let path = path.as_bytes();
        let path_matches = self.path_prefix == "/"
            || (path.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
                && path.get(prefix.len()).is_none_or(|next| *next == b'/'));
        host_matches && path_matches
    }

    fn matches(&self, host: &str, path: &str) -> bool {
        let host_matches = self.host.is_empty() || self.host.eq_ignore_ascii_case(host);
        let path_matches = self.path_prefix == "/"
            || path.strip_prefix(self.path_prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        host_matches && path_matches
    }
}
