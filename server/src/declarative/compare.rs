//! What differs between what the files want and what there is.

use super::resources::Fields;
use anyhow::bail;
use serde_json::{Value, json};
use std::fmt::Write;
use url::Url;

/// Properties of configurations that the API takes and never tells.
const SECRETS: [&str; 5] = ["api_key", "client_secret", "dcr_token", "initial_access_token", "initial_client_secret"];
/// Longest value that a plan shows, in characters.
const SHOWN_MAX: usize = 60;

/// The variable that a secret comes from: `{env: NAME}`.
pub fn variable<'a>(name: &str, value: &'a Value) -> Option<&'a str> {
    is_secret(name).then(|| value.get("env")?.as_str()).flatten()
}

pub fn is_secret(name: &str) -> bool {
    SECRETS.contains(&name)
}

/// Whether a configuration has a secret in it.
pub fn has_secret(config: &Value) -> bool {
    let mut properties = config.as_object().into_iter().flatten();
    properties.any(|(name, value)| variable(name, value).is_some() || has_secret(value))
}

/// Refuses secrets that stand in the files themselves.
pub fn must_keep_secrets_out(config: &Value) -> anyhow::Result<()> {
    for (name, value) in config.as_object().into_iter().flatten() {
        if is_secret(name) && variable(name, value).is_none() {
            bail!("{name} is a secret: write {{env: NAME}}, and its value into that variable");
        }
        must_keep_secrets_out(value)?;
    }
    Ok(())
}

/// Whether what is wanted is there.
pub fn is_met(field: &str, wanted: &Value, found: Option<&Value>) -> bool {
    let found = found.unwrap_or(&Value::Null);
    match (field, wanted, found) {
        ("configs" | "dcr_config", wanted, found) => is_configured(field, wanted, found),
        (_, Value::String(wanted), Value::Null) => wanted.is_empty(),
        (_, wanted, found) => normal(field, wanted) == normal(field, found),
    }
}

/// The same of a configuration: only what is named is compared, and no secret, since nobody tells those.
fn is_configured(name: &str, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (wanted, _) if variable(name, wanted).is_some() => true,
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.iter().all(|(name, value)| is_configured(name, value, found.get(name).unwrap_or(&Value::Null)))
        }
        (wanted, found) => wanted == found,
    }
}

/// A value as Portico keeps it.
fn normal(field: &str, value: &Value) -> Value {
    match (field, value) {
        ("route_hosts" | "route_paths", Value::Array(items)) => items.iter().map(|item| normal(field, item)).collect(),
        ("url", Value::String(url)) => json!(Url::parse(url).map_or_else(|_| url.clone(), Url::into).trim_end_matches('/')),
        ("custom_domain" | "custom_client_domain" | "route_hosts", Value::String(host)) => json!(host.to_lowercase()),
        ("route_paths", Value::String(path)) if path != "/" => json!(path.trim_end_matches('/')),
        ("content" | "description", Value::String(text)) => json!(text.replace("\r\n", "\n")),
        _ => value.clone(),
    }
}

/// Writes what is wanted of something new, a field on a line.
pub fn write_wanted(text: &mut String, wanted: &Fields) {
    for (field, value) in wanted {
        // Writing to a text cannot fail, here as below.
        _ = writeln!(text, "    {field}: {}", shown(value));
    }
}

/// Writes what would change, a value on a line.
pub fn write_differences(text: &mut String, path: &str, name: &str, wanted: &Value, found: &Value) {
    match (wanted, found) {
        (wanted, _) if variable(name, wanted).is_some() => {
            _ = writeln!(text, "    {path}: sent from the variable {}", variable(name, wanted).unwrap_or_default());
        }
        (Value::Object(wanted), Value::Object(found)) => {
            let is_whole = !matches!(path.split('.').next(), Some("configs" | "dcr_config"));
            let removed = found.keys().filter(|name| is_whole && !wanted.contains_key(*name)).map(|name| (name, &Value::Null));
            for (name, value) in wanted.iter().chain(removed) {
                let found = found.get(name).unwrap_or(&Value::Null);
                if value != found {
                    write_differences(text, &format!("{path}.{name}"), name, value, found);
                }
            }
        }
        (Value::String(wanted), Value::String(found)) if wanted.contains('\n') || found.contains('\n') => {
            let same = wanted.lines().zip(found.lines()).take_while(|(wanted, found)| wanted == found).count();
            let line = |text: &str| shown(&json!(text.lines().nth(same).unwrap_or_default()));
            _ = writeln!(text, "    {path}, from line {}: {} -> {}", same + 1, line(found), line(wanted));
        }
        (wanted, found) => _ = writeln!(text, "    {path}: {} -> {}", shown(found), shown(wanted)),
    }
}

/// A value in one short line.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN_MAX { text } else { format!("{}…", text.chars().take(SHOWN_MAX).collect::<String>()) }
}
