//! The way from what there is to what the files want: what would change, who would stop working, and doing it.

use super::{
    client::Client,
    files::Wanted,
    resources::{Fields, Key, Kind, State, text},
};
use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt::Write};

/// Longest value that a plan shows, in characters.
const SHOWN_MAX: usize = 60;

/// One thing that is to be made or changed.
pub struct Step {
    key: Key,
    wanted: Fields,
    /// What there is of it; none of what is to be made.
    before: Option<Fields>,
    /// The applications that would stop working, with their developers.
    stops: Vec<String>,
}

/// What is to be done, in order.
pub struct Plan {
    pub steps: Vec<Step>,
    unchanged: usize,
}

impl Plan {
    pub async fn make(client: &Client, state: &State, wanted: Wanted) -> anyhow::Result<Self> {
        let (mut steps, mut unchanged) = (Vec::new(), 0);
        for (key, wanted) in wanted.0 {
            let before = state.things.get(&key).cloned();
            let wanted: Fields = match &before {
                None => wanted,
                Some(before) => wanted.into_iter().filter(|(name, value)| !is_met(name, value, before.get(name))).collect(),
            };
            if before.is_some() && wanted.is_empty() {
                unchanged += 1;
                continue;
            }
            let mut step = Step { key, wanted, before, stops: Vec::new() };
            step.stops = step.stops(client, state).await?;
            steps.push(step);
        }
        Ok(Self { steps, unchanged })
    }

    /// The plan as people read it.
    pub fn rendered(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            step.render(&mut text);
        }
        let made = self.steps.iter().filter(|step| step.before.is_none()).count();
        let stops: usize = self.steps.iter().map(|step| step.stops.len()).sum();
        let changed = self.steps.len() - made;
        // Writing to a text cannot fail.
        _ = write!(text, "{made} to make, {changed} to change, {} as they should be.", self.unchanged);
        if stops > 0 {
            _ = write!(text, " {stops} applications would stop working.");
        }
        text
    }

    /// Does it, one after the other; what was done stays if one is refused.
    pub async fn apply(&self, client: &Client, state: &mut State, variables: &BTreeMap<String, String>) -> anyhow::Result<()> {
        for step in &self.steps {
            let (kind, name) = &step.key;
            step.apply(client, state, variables).await.with_context(|| format!("the {} {name:?}", kind.word()))?;
        }
        Ok(())
    }
}

/// Whether what is wanted is there.
fn is_met(field: &str, wanted: &Value, found: Option<&Value>) -> bool {
    let found = found.unwrap_or(&Value::Null);
    match (field, wanted, found) {
        ("configs" | "dcr_config", wanted, found) => is_configured(wanted, found),
        (_, Value::String(wanted), Value::Null) => wanted.is_empty(),
        (_, wanted, found) => wanted == found,
    }
}

/// The same of a configuration: only what is named is compared, and no secret, since nobody tells those.
fn is_configured(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (wanted, _) if variable(wanted).is_some() => true,
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(name, value)| is_configured(value, found.get(name).unwrap_or(&Value::Null)))
        }
        (wanted, found) => wanted == found,
    }
}

/// The variable that a secret comes from: `{env: NAME}`.
fn variable(value: &Value) -> Option<&str> {
    value.as_object().filter(|object| object.len() == 1)?.get("env")?.as_str()
}

impl Step {
    fn render(&self, text: &mut String) {
        let (kind, name) = &self.key;
        let sign = if self.before.is_none() { '+' } else { '~' };
        _ = writeln!(text, "{sign} {} {name}", kind.word());
        for (field, value) in &self.wanted {
            match &self.before {
                None => _ = writeln!(text, "    {field}: {}", shown(value)),
                Some(before) => {
                    let before = before.get(field).unwrap_or(&Value::Null);
                    _ = writeln!(text, "    {field}: {} -> {}", shown(before), shown(value));
                }
            }
        }
        for application in &self.stops {
            _ = writeln!(text, "    ! stops: {application}");
        }
    }

    /// The applications that could not call any more.
    async fn stops(&self, client: &Client, state: &State) -> anyhow::Result<Vec<String>> {
        if self.before.is_none() {
            return Ok(Vec::new());
        }
        let (kind, name) = &self.key;
        match kind {
            Kind::Publication if self.wanted.contains_key("auth_strategy") => {
                let (portal, version) = portal_and_rest(name)?;
                callers(client, state, Some(portal), Some(version)).await
            }
            Kind::Version if self.wanted.contains_key("gateway_service") => callers(client, state, None, Some(name)).await,
            Kind::AuthStrategy if self.narrows() => {
                let id = state.id(Kind::AuthStrategy, name)?;
                callers_of_strategy(client, state, id).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Whether a strategy would refuse what it took before.
    fn narrows(&self) -> bool {
        let names = |config: Option<&Value>, list: &str| {
            let found = config.and_then(|config| config.get(list)).and_then(Value::as_array).cloned().unwrap_or_default();
            found.into_iter().collect::<Vec<_>>()
        };
        let configs = |fields: &Fields, kind: &str| fields.get("configs").and_then(|configs| configs.get(kind)).cloned();
        let Some(before) = &self.before else { return false };
        ["key-auth", "openid-connect"].iter().any(|kind| {
            let (old, new) = (configs(before, kind), configs(&self.wanted, kind));
            let Some(new) = new else { return false };
            let loses = |list| {
                new.get(list).is_some() && names(old.as_ref(), list).iter().any(|name| !names(Some(&new), list).contains(name))
            };
            let differs = |field| {
                let value: Option<&Value> = new.get(field);
                value.is_some() && value != old.as_ref().and_then(|old| old.get(field))
            };
            loses("key_names") || loses("auth_methods") || differs("issuer") || differs("credential_claim")
        })
    }

    async fn apply(&self, client: &Client, state: &mut State, variables: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let (kind, name) = &self.key;
        let body = self.body(state, variables)?;
        let collection = collection(*kind, name, state)?;
        let id = match &self.before {
            Some(_) => {
                let id = match kind {
                    // Named by what they publish.
                    Kind::Publication => state.id(Kind::Version, portal_and_rest(name)?.1)?.to_owned(),
                    kind => state.id(*kind, name)?.to_owned(),
                };
                let method = if *kind == Kind::Service { Method::PUT } else { Method::PATCH };
                client.send(method, &format!("{collection}/{id}"), Some(&body)).await?;
                return Ok(());
            }
            None => text(&client.send(Method::POST, &collection, Some(&body)).await?, "id"),
        };
        state.ids.insert(self.key.clone(), id);
        Ok(())
    }

    /// What the API takes for what the files say.
    fn body(&self, state: &State, variables: &BTreeMap<String, String>) -> anyhow::Result<Value> {
        let (kind, name) = &self.key;
        let mut body = self.wanted.clone();
        let is_new = self.before.is_none();
        let own_name = name.rsplit_once('/').filter(|_| !is_of_its_own(*kind)).map_or(name.as_str(), |(_, last)| last);
        let reference = |value: &Value, kind: Kind| match value.as_str() {
            Some(name) => Ok::<_, anyhow::Error>(json!(state.id(kind, name)?)),
            None => Ok(Value::Null),
        };
        if let Some(before) = &self.before {
            for labels in ["labels", "public_labels"] {
                remove_others(&mut body, before, labels);
            }
        }
        match kind {
            Kind::Document => _ = is_new.then(|| body.insert("slug".to_owned(), json!(own_name))),
            Kind::Specification | Kind::Publication | Kind::Role => {}
            _ => _ = (is_new || *kind == Kind::Service).then(|| body.insert("name".to_owned(), json!(own_name))),
        }
        match kind {
            Kind::Service => {
                // Replaced as a whole.
                for (field, value) in self.before.iter().flatten() {
                    body.entry(field.clone()).or_insert_with(|| value.clone());
                }
            }
            Kind::DcrProvider => {
                body.remove("provider_type").filter(|_| is_new).map(|kind| body.insert("provider_type".to_owned(), kind));
                let config = body.get_mut("dcr_config").and_then(Value::as_object_mut);
                config.map(|config| resolve_secrets(config, variables)).transpose()?;
            }
            Kind::AuthStrategy => {
                body.remove("strategy_type").filter(|_| is_new).map(|kind| body.insert("strategy_type".to_owned(), kind));
                if let Some(provider) = body.remove("dcr_provider").filter(|provider| !is_new || !provider.is_null()) {
                    body.insert("dcr_provider_id".to_owned(), reference(&provider, Kind::DcrProvider)?);
                }
                let configs = body.get_mut("configs").and_then(Value::as_object_mut).into_iter().flatten();
                for config in configs.filter_map(|(_, config)| config.as_object_mut()) {
                    resolve_secrets(config, variables)?;
                }
            }
            Kind::Portal => {
                if let Some(strategy) = body.remove("default_auth_strategy") {
                    body.insert("default_application_auth_strategy_id".to_owned(), reference(&strategy, Kind::AuthStrategy)?);
                }
            }
            Kind::Product => {
                if let Some(portals) = body.remove("portals") {
                    let portals = portals.as_array().into_iter().flatten().map(|portal| reference(portal, Kind::Portal));
                    body.insert("portal_ids".to_owned(), json!(portals.collect::<Result<Vec<_>, _>>()?));
                }
            }
            Kind::Document => {
                if let Some(parent) = body.remove("parent") {
                    let product = name.split_once('/').map_or("", |(product, _)| product);
                    let parent = parent.as_str().map(|slug| json!(format!("{product}/{slug}"))).unwrap_or_default();
                    body.insert("parent_document_id".to_owned(), reference(&parent, Kind::Document)?);
                }
                for (field, otherwise) in [("title", own_name), ("status", "published")] {
                    if is_new {
                        body.entry(field).or_insert_with(|| json!(otherwise));
                    }
                }
            }
            Kind::Version => {
                if let Some(service) = body.remove("gateway_service") {
                    let service = match service.as_str() {
                        Some(name) => {
                            let gateway = name.split_once('/').map_or(name, |(gateway, _)| gateway);
                            json!({"id": state.id(Kind::Service, name)?, "control_plane_id": state.id(Kind::Gateway, gateway)?})
                        }
                        None => Value::Null,
                    };
                    body.insert("gateway_service".to_owned(), service);
                }
            }
            Kind::Specification => {
                if let Some(content) = body.get("content").and_then(Value::as_str) {
                    body.insert("content".to_owned(), json!(STANDARD.encode(content)));
                }
            }
            Kind::Publication => {
                if let Some(strategy) = body.remove("auth_strategy") {
                    let ids: Vec<Value> =
                        Some(reference(&strategy, Kind::AuthStrategy)?).filter(|id| !id.is_null()).into_iter().collect();
                    body.insert("auth_strategy_ids".to_owned(), json!(ids));
                }
                if is_new {
                    body.insert("product_version_id".to_owned(), json!(state.id(Kind::Version, portal_and_rest(name)?.1)?));
                    body.entry("publish_status").or_insert_with(|| json!("published"));
                    body.entry("auth_strategy_ids").or_insert_with(|| json!([]));
                    for flag in ["application_registration_enabled", "auto_approve_registration", "deprecated"] {
                        body.entry(flag).or_insert_with(|| json!(false));
                    }
                }
            }
            Kind::Role => {
                let (_, rest) = portal_and_rest(name)?;
                let mut parts = rest.splitn(3, '/').skip(1);
                let (role, product) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                body.insert("role_name".to_owned(), json!(role));
                body.insert("entity_id".to_owned(), json!(state.id(Kind::Product, product)?));
                body.insert("entity_type_name".to_owned(), json!("Services"));
                body.insert("entity_region".to_owned(), json!("*"));
            }
            Kind::Gateway | Kind::Team => {}
        }
        Ok(Value::Object(body))
    }
}

/// Whether a thing is in nothing else, so that its name may have any character.
fn is_of_its_own(kind: Kind) -> bool {
    matches!(kind, Kind::Gateway | Kind::DcrProvider | Kind::AuthStrategy | Kind::Portal | Kind::Product)
}

/// Where things of a kind are, for one of them.
fn collection(kind: Kind, name: &str, state: &State) -> anyhow::Result<String> {
    let (first, _) = name.split_once('/').unwrap_or((name, ""));
    let portal = || Ok::<_, anyhow::Error>(format!("/portals/{}", state.id(Kind::Portal, portal_and_rest(name)?.0)?));
    Ok(match kind {
        Kind::Gateway => "/control-planes".to_owned(),
        Kind::Service => format!("/control-planes/{}/core-entities/services", state.id(Kind::Gateway, first)?),
        Kind::DcrProvider => "/dcr-providers".to_owned(),
        Kind::AuthStrategy => "/application-auth-strategies".to_owned(),
        Kind::Portal => "/portals".to_owned(),
        Kind::Product => "/api-products".to_owned(),
        Kind::Document => format!("/api-products/{}/documents", state.id(Kind::Product, first)?),
        Kind::Version => format!("/api-products/{}/product-versions", state.id(Kind::Product, first)?),
        Kind::Specification => {
            let (product, version) = (state.id(Kind::Product, first)?, state.id(Kind::Version, name)?);
            format!("/api-products/{product}/product-versions/{version}/specifications")
        }
        Kind::Publication => format!("{}/product-versions", portal()?),
        Kind::Team => format!("{}/teams", portal()?),
        Kind::Role => {
            let team = name.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
            format!("{}/teams/{}/assigned-roles", portal()?, state.id(Kind::Team, &team)?)
        }
    })
}

/// The portal that something is in, and what it is called there.
fn portal_and_rest(name: &str) -> anyhow::Result<(&str, &str)> {
    name.split_once('/').with_context(|| format!("{name:?} is in no portal"))
}

/// The API merges labels, so what is not wanted is named as null.
fn remove_others(body: &mut Fields, before: &Fields, name: &str) {
    let (Some(Value::Object(wanted)), Some(Value::Object(before))) = (body.get_mut(name), before.get(name)) else { return };
    for key in before.keys() {
        wanted.entry(key.clone()).or_insert(Value::Null);
    }
}

/// Puts in place of `{env: NAME}` what the variable holds.
fn resolve_secrets(config: &mut Map<String, Value>, variables: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (field, value) in config.iter_mut() {
        let Some(variable) = variable(value).map(str::to_owned) else { continue };
        match variables.get(&variable) {
            Some(secret) => *value = json!(secret),
            None => bail!("{field} comes from the variable {variable}, which is not set"),
        }
    }
    Ok(())
}

/// Applications with an approved registration.
async fn callers(client: &Client, state: &State, portal: Option<&str>, version: Option<&str>) -> anyhow::Result<Vec<String>> {
    let version = version.map(|version| state.id(Kind::Version, version)).transpose()?;
    let mut found = Vec::new();
    for ((kind, name), id) in &state.ids {
        if *kind != Kind::Portal || portal.is_some_and(|portal| portal != name) {
            continue;
        }
        let registrations = client.all(&format!("/portals/{id}/application-registrations?filter[status]=approved")).await?;
        for registration in registrations {
            let of = |pointer: &str| registration.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            if version.is_none_or(|version| of("/product_version/id") == version) {
                found.push(format!("{} of {}, in {name}", of("/application/name"), of("/developer/name")));
            }
        }
    }
    Ok(found)
}

async fn callers_of_strategy(client: &Client, state: &State, strategy: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for ((_, name), id) in state.ids.iter().filter(|((kind, _), _)| *kind == Kind::Portal) {
        for application in client.all(&format!("/portals/{id}/applications")).await? {
            let of = |pointer: &str| application.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let is_registered = application.get("registration_count").and_then(Value::as_u64).unwrap_or_default() > 0;
            if is_registered && of("/auth_strategy/id") == strategy {
                found.push(format!("{} of {}, in {name}", of("/name"), of("/developer/name")));
            }
        }
    }
    Ok(found)
}

/// A value in one short line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("{:?}", text),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_MAX { text } else { format!("{}…", text.chars().take(SHOWN_MAX).collect::<String>()) }
}
