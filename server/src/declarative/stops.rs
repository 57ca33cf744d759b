//! Who would stop working, as the console asks before it changes the same.

use super::{
    client::Client,
    plan::Step,
    resources::{Fields, Key, Kind, State, text},
};
use portico_core::auth_strategies::OpenidConnect;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An application that can call a version now.
struct Caller {
    /// As plans name it.
    pub described: String,
    portal: String,
    version: String,
    strategy: String,
}

/// Everybody who can call something.
async fn callers(client: &Client, state: &State) -> anyhow::Result<Vec<Caller>> {
    let mut callers = Vec::new();
    for ((_, portal), id) in state.ids.iter().filter(|((kind, _), _)| *kind == Kind::Portal) {
        let applications = client.all(&format!("/portals/{id}/applications")).await?;
        let strategy_of = |application: &Value| application.pointer("/auth_strategy/id").cloned().unwrap_or_default();
        let strategies: BTreeMap<String, Value> =
            applications.iter().map(|application| (text(application, "id"), strategy_of(application))).collect();
        for registration in client.all(&format!("/portals/{id}/application-registrations?filter[status]=approved")).await? {
            let of = |pointer: &str| registration.pointer(pointer).cloned().unwrap_or_default();
            let word = |pointer: &str| of(pointer).as_str().unwrap_or_default().to_owned();
            let version = state.name_of(Kind::Version, &of("/product_version/id"));
            let version = version.as_str().unwrap_or_default().to_owned();
            let strategy = strategies.get(&word("/application/id")).map(|id| state.name_of(Kind::AuthStrategy, id));
            let publication = state.things.get(&(Kind::Publication, format!("{portal}/{version}")));
            let takes = publication.and_then(|publication| publication.get("auth_strategy")).cloned().unwrap_or_default();
            if let Some(Value::String(strategy)) = strategy.filter(|strategy| *strategy == takes) {
                let described = format!("{} of {}, in {portal}", word("/application/name"), word("/developer/name"));
                callers.push(Caller { described, portal: portal.clone(), version, strategy });
            }
        }
    }
    Ok(callers)
}

/// Notes at each step who would stop by it.
pub async fn find(client: &Client, state: &State, steps: &mut [Step]) -> anyhow::Result<()> {
    let stopped: Vec<Option<Stopped>> = steps.iter().map(|step| Stopped::by(step, state)).collect();
    if stopped.iter().all(Option::is_none) {
        return Ok(());
    }
    let callers = callers(client, state).await?;
    for (step, stopped) in steps.iter_mut().zip(stopped) {
        let Some(stopped) = stopped else { continue };
        step.stops = callers.iter().filter(|caller| stopped.has(caller)).map(|caller| caller.described.clone()).collect();
        step.stops.sort();
        step.stops.dedup();
    }
    Ok(())
}

/// Whose calls a change ends.
enum Stopped {
    /// Of a version in a portal, who come with this strategy.
    InPortal {
        portal: String,
        version: String,
        strategy: String,
    },
    OfVersions(Vec<String>),
    OfStrategy(String),
}

impl Stopped {
    fn has(&self, caller: &Caller) -> bool {
        match self {
            Self::InPortal { portal, version, strategy } => {
                caller.portal == *portal && caller.version == *version && caller.strategy == *strategy
            }
            Self::OfVersions(versions) => versions.contains(&caller.version),
            Self::OfStrategy(strategy) => caller.strategy == *strategy,
        }
    }

    fn by(step: &Step, state: &State) -> Option<Self> {
        let before = step.before.as_ref()?;
        let (kind, name) = &step.key;
        let left = |field: &str| step.wanted.get(field).and(before.get(field)).and_then(Value::as_str).map(str::to_owned);
        match kind {
            Kind::Publication => {
                let (portal, version) = name.split_once('/')?;
                let strategy = left("auth_strategy")?;
                Some(Self::InPortal { portal: portal.to_owned(), version: version.to_owned(), strategy })
            }
            Kind::Version => left("gateway_service").map(|_| Self::OfVersions(vec![name.clone()])),
            Kind::Service => {
                let loses = ["route_hosts", "route_paths"].iter().any(|list| is_narrowed(&step.wanted, before, list));
                loses.then(|| Self::OfVersions(versions_of(state, name)))
            }
            Kind::AuthStrategy => {
                let stops = narrows_keys(&step.wanted, before) || narrows_tokens(&step.wanted, before, state);
                stops.then(|| Self::OfStrategy(name.clone()))
            }
            _ => None,
        }
    }
}

fn versions_of(state: &State, service: &str) -> Vec<String> {
    let is_linked = |(key, fields): &(&Key, &Fields)| {
        key.0 == Kind::Version && fields.get("gateway_service").and_then(Value::as_str) == Some(service)
    };
    state.things.iter().filter(is_linked).map(|((_, name), _)| name.clone()).collect()
}

/// Whether a list, of which an empty one takes everything, would take less.
fn is_narrowed(wanted: &Fields, before: &Fields, list: &str) -> bool {
    let items = |fields: &Fields| fields.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
    let (next, now) = (items(wanted), items(before));
    wanted.contains_key(list) && !next.is_empty() && (now.is_empty() || now.iter().any(|item| !next.contains(item)))
}

/// The configuration of a strategy of one type.
fn config<'a>(fields: &'a Fields, strategy_type: &str) -> Option<&'a Fields> {
    fields.get("configs")?.get(strategy_type)?.as_object()
}

fn narrows_keys(wanted: &Fields, before: &Fields) -> bool {
    match (config(wanted, "key-auth"), config(before, "key-auth")) {
        (Some(next), Some(now)) => is_narrowed(next, now, "key_names"),
        _ => false,
    }
}

/// Whether tokens would be refused that are taken now, or clients would get new secrets.
fn narrows_tokens(wanted: &Fields, before: &Fields, state: &State) -> bool {
    let (Some(change), Some(now)) = (config(wanted, "openid-connect"), config(before, "openid-connect")) else { return false };
    let mut next = now.clone();
    next.extend(change.clone().into_iter().filter(|(name, _)| name != "client_secret"));
    let read = |config: Fields| serde_json::from_value::<OpenidConnect>(Value::Object(config));
    // What cannot be read is refused when it is applied.
    let (Ok(now), Ok(next)) = (read(now.clone()), read(next)) else { return false };
    let provider = before.get("dcr_provider").and_then(Value::as_str).unwrap_or_default().to_owned();
    let provider = state.things.get(&(Kind::DcrProvider, provider));
    let renews = provider.is_some_and(|provider| provider.get("provider_type") == Some(&json!("curity")));
    now.is_narrowed_by(&next) || (renews && now.scopes != next.scopes)
}
