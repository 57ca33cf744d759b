//! What a Kong would need: the plugins of each service, and a declarative file for one that runs without Portico.
//!
//! A legacy control plane gets `acl` with `key-auth` or `openid-connect`, and a consumer for each application, where the
//! credential claim is the consumer claim. Elsewhere one plugin, `konnect-application-auth`, knows the strategies, and the
//! credential claim holds the unique client id.

use super::view::{self, ApplicationAccess, Route};
use crate::{Actor, Core, Result, auth_strategies::OpenidConnect, error::OrNotFound};
use portico_model::{
    access::Permission,
    ids::{AuthStrategyId, GatewayId, PortalId, VersionId},
    states::AuthMethod,
};
use serde_json::{Map, Value, json};
use sqlx::FromRow;
use std::collections::HashSet;

/// Says of each object whose it is.
const TAG: &str = "managed-by-portico";

/// The plugins of one service, in both forms. Portico's own gateway does what they say; nobody edits them.
#[derive(Clone, Debug)]
pub struct ServicePlugins {
    pub service_name: String,
    /// Where nothing opens the service, one that refuses every call.
    pub legacy: Vec<Value>,
    /// Nothing where nothing opens the service, or where anybody may call.
    pub current: Option<Value>,
}

/// A service with what opens it.
struct Opened {
    name: String,
    routes: Vec<Route>,
}

#[derive(FromRow)]
struct Name {
    id: portico_model::ids::GatewayServiceId,
    name: String,
}

/// The plugins of a gateway's services, by name. For admins.
pub async fn plugins(core: &Core, actor: Actor, gateway: GatewayId) -> Result<Vec<ServicePlugins>> {
    actor.require(Permission::ReadGateways)?;
    let mut connection = core.pool.acquire().await?;
    super::store::find(&mut connection, gateway).await?.or_not_found()?;
    let services = opened(core, Some(gateway)).await?;
    Ok(services.into_iter().map(|service| service.plugins()).collect())
}

/// Everything for a stock Kong, as its declarative file has it: of every gateway, or of one. Keys are not in it, since
/// Portico has only their digests. For the operator, at the command line.
///
/// # Errors
///
/// `NotFound` when there is no gateway of that name.
pub async fn declarative(core: &Core, gateway: Option<&str>) -> Result<Value> {
    let gateway = match gateway {
        None => None,
        Some(name) => {
            let id: Option<GatewayId> = sqlx::query_scalar("select id from gateway where lower(name) = lower($1)")
                .bind(name)
                .fetch_optional(&core.pool)
                .await?;
            Some(id.or_not_found()?)
        }
    };
    let services = opened(core, gateway).await?;
    let openings: HashSet<Opening> = services.iter().flat_map(|service| &service.routes).filter_map(opening).collect();
    let mut consumers = Vec::new();
    view::every_application(core, |application| consumers.extend(consumer(application, &openings))).await?;
    let services: Vec<Value> = services.iter().map(Opened::declared).collect();
    Ok(json!({ "_format_version": "3.0", "services": services, "consumers": consumers }))
}

async fn opened(core: &Core, gateway: Option<GatewayId>) -> Result<Vec<Opened>> {
    let names: Vec<Name> =
        sqlx::query_as("select id, name from gateway_service where $1::uuid is null or gateway_id = $1 order by lower(name), id")
            .bind(gateway)
            .fetch_all(&core.pool)
            .await?;
    let routes = view::routing(core).await?.routes;
    let of = |name: Name| {
        let routes = routes.iter().filter(|route| route.service_id == name.id).cloned().collect();
        Opened { name: name.name, routes }
    };
    Ok(names.into_iter().map(of).collect())
}

/// A version that a portal's applications of a strategy may call.
type Opening = (VersionId, PortalId, AuthStrategyId);

fn opening(route: &Route) -> Option<Opening> {
    Some((route.version_id?, route.portal_id?, route.auth_strategy_id?))
}

/// An application that may call something here.
fn consumer(application: ApplicationAccess, openings: &HashSet<Opening>) -> Option<Value> {
    let groups: Vec<Value> = application
        .versions
        .iter()
        .filter(|version| openings.contains(&(**version, application.portal_id, application.auth_strategy_id)))
        .map(|version| json!({ "group": version }))
        .collect();
    // By the custom id the claim of a token finds its consumer.
    let custom_id = application.reference_id.unwrap_or_else(|| application.id.to_string());
    (!groups.is_empty()).then(|| json!({ "username": application.id, "custom_id": custom_id, "tags": [TAG], "acls": groups }))
}

impl Opened {
    fn is_open(&self) -> bool {
        self.routes.iter().any(|route| route.no_authentication == Some(true))
    }

    fn plugins(&self) -> ServicePlugins {
        ServicePlugins { service_name: self.name.clone(), legacy: self.legacy(), current: self.current() }
    }

    fn legacy(&self) -> Vec<Value> {
        if self.is_open() {
            return Vec::new();
        }
        let mut plugins: Vec<Value> = Vec::new();
        for route in &self.routes {
            let plugin = match (&route.openid_connect, &route.key_names) {
                (Some(config), _) => plugin("openid-connect", legacy_openid(config)),
                (None, Some(names)) => plugin("key-auth", json!({ "key_names": names, "hide_credentials": true })),
                (None, None) => continue,
            };
            if !plugins.contains(&plugin) {
                plugins.push(plugin);
            }
        }
        let version = self.routes.iter().find_map(|route| route.version_id);
        let guard = match version.filter(|_| !plugins.is_empty()) {
            Some(version) => plugin("acl", json!({ "allow": [version], "deny": null, "hide_groups_header": false })),
            None => plugin("request-termination", json!({ "status_code": 403, "message": "You cannot consume this service" })),
        };
        plugins.push(guard);
        plugins
    }

    fn current(&self) -> Option<Value> {
        let version = self.routes.iter().find_map(|route| route.version_id)?;
        let strategies: Vec<&Route> = self.routes.iter().filter(|route| route.auth_strategy_id.is_some()).collect();
        if strategies.is_empty() || self.is_open() {
            return None;
        }
        let of = |strategy: &Route, config: Value| json!({ "strategy_id": strategy.auth_strategy_id, "config": config });
        let (mut key_auth, mut openid_connect): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
        for strategy in strategies {
            let (known, entry) = match &strategy.openid_connect {
                Some(config) => (&mut openid_connect, of(strategy, current_openid(config))),
                None => (&mut key_auth, of(strategy, json!({ "key_names": strategy.key_names }))),
            };
            if !known.contains(&entry) {
                known.push(entry);
            }
        }
        let strategies = json!({ "key_auth": key_auth, "openid_connect": openid_connect });
        let config = json!({ "auth_type": "v2-strategies", "scope": version, "v2_strategies": strategies });
        Some(plugin("konnect-application-auth", config))
    }

    fn declared(&self) -> Value {
        let route = self.routes.first();
        let text = |value: fn(&Route) -> &String| route.map(value).cloned().unwrap_or_default();
        let mut matched = Map::new();
        matched.insert("name".to_owned(), kong_name(&self.name).into());
        matched.insert("paths".to_owned(), json!([text(|route| &route.path_prefix)]));
        matched.insert("strip_path".to_owned(), true.into());
        let host = text(|route| &route.host);
        if !host.is_empty() {
            matched.insert("hosts".to_owned(), json!([host]));
        }
        json!({
            "name": kong_name(&self.name), "url": text(|route| &route.upstream_url), "tags": [TAG],
            "routes": [matched], "plugins": self.legacy(),
        })
    }
}

fn plugin(name: &str, config: Value) -> Value {
    json!({ "name": name, "config": config, "tags": [TAG] })
}

/// The claim leads to the consumer, by its custom id.
fn legacy_openid(config: &OpenidConnect) -> Value {
    let mut written = current_openid(config);
    if let Some(written) = written.as_object_mut() {
        written.remove("credential_claim");
        written.insert("consumer_claim".to_owned(), json!(config.credential_claim));
        written.insert("consumer_by".to_owned(), json!(["custom_id"]));
    }
    written
}

/// As the plugin has it. The client's secret is for whoever may read it at the provider.
fn current_openid(config: &OpenidConnect) -> Value {
    let methods: Vec<&str> = config.auth_methods.iter().copied().map(AuthMethod::as_str).collect();
    let mut written = config.further.clone();
    written.extend([
        ("issuer".to_owned(), json!(config.issuer)),
        ("scopes".to_owned(), json!(config.scopes)),
        ("credential_claim".to_owned(), json!(config.credential_claim)),
        ("auth_methods".to_owned(), json!(methods)),
        ("hide_credentials".to_owned(), json!(config.hide_credentials)),
    ]);
    if !config.client_id.is_empty() {
        written.insert("client_id".to_owned(), json!([config.client_id]));
    }
    Value::Object(written)
}

/// Letters, digits and what Kong takes besides.
fn kong_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || ".-_~".contains(c) { c } else { '-' }).collect()
}
