//! What is sent to the management API for what the files say.

use super::{
    Variables,
    compare::{is_secret, variable},
    plan::Step,
    resources::{Fields, Kind, State},
};
use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Map, Value, json};

/// A request that makes or changes one thing.
pub struct Request {
    pub method: Method,
    pub path: String,
    pub body: Value,
}

/// The request of a step. Without variables it is not to be sent, only to be seen whether it can be made.
///
/// # Errors
///
/// What the files refer to and neither is there nor would be made, and variables that are not set.
pub fn request(step: &Step, state: &State, variables: Option<&Variables>) -> anyhow::Result<Request> {
    let (kind, name) = &step.key;
    let body = body(step, state, variables)?;
    let collection = collection(*kind, name, state)?;
    if step.before.is_none() {
        return Ok(Request { method: Method::POST, path: collection, body });
    }
    let id = match kind {
        // Named by what they publish.
        Kind::Publication => state.id(Kind::Version, portal_and_rest(name)?.1)?,
        kind => state.id(*kind, name)?,
    };
    let method = if *kind == Kind::Service { Method::PUT } else { Method::PATCH };
    Ok(Request { method, path: format!("{collection}/{id}"), body })
}

/// What the API takes for what the files say.
fn body(step: &Step, state: &State, variables: Option<&Variables>) -> anyhow::Result<Value> {
    let (kind, name) = &step.key;
    let mut body = step.wanted.clone();
    let is_new = step.before.is_none();
    let own_name = name.rsplit_once('/').filter(|_| !is_of_its_own(*kind)).map_or(name.as_str(), |(_, last)| last);
    let reference = |value: &Value, kind: Kind| match value.as_str() {
        Some(name) => Ok::<_, anyhow::Error>(json!(state.id(kind, name)?)),
        None => Ok(Value::Null),
    };
    if let Some(before) = &step.before {
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
            for (field, value) in step.before.iter().flatten() {
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

/// Puts in place of `{env: NAME}` what the variable holds; an empty one stands for no secret.
fn resolve_secrets(config: &mut Map<String, Value>, variables: Option<&Variables>) -> anyhow::Result<()> {
    let Some(variables) = variables else { return Ok(()) };
    for (field, value) in config.iter_mut() {
        let Some(variable) = variable(field, value).map(str::to_owned) else { continue };
        match variables.get(&variable) {
            Some(secret) => *value = json!(secret),
            None => bail!("{field} comes from the variable {variable}, which is not set"),
        }
    }
    config.retain(|field, value| !(is_secret(field) && value == ""));
    Ok(())
}
