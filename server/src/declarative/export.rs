//! What there is, as files that can be applied again.

use super::{
    files::File,
    resources::{Fields, Kind, State, text},
};
use anyhow::Context;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// Writes what there is as `portico.yaml`, with each specification in a file beside it.
pub fn write(state: &State, directory: &Path) -> anyhow::Result<()> {
    let of = |kind: Kind, prefix: &str| {
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let all = state.things.iter().filter(move |((known, _), _)| *known == kind);
        all.filter_map(move |((_, name), fields)| Some((name.strip_prefix(&prefix)?.to_owned(), fields.clone())))
            .collect::<Vec<_>>()
    };
    let entry = |name: &str, fields: &Fields| {
        let mut entry = Fields::from_iter([("name".to_owned(), json!(name))]);
        entry.extend(fields.clone());
        entry
    };
    let list = |kind: Kind, prefix: &str| {
        of(kind, prefix).iter().map(|(name, fields)| Value::Object(entry(name, fields))).collect::<Vec<_>>()
    };
    let documents = |product: &str| {
        let in_order =
            |(name, _): &(String, Fields)| state.documents.iter().position(|known| *known == format!("{product}/{name}"));
        let mut all = of(Kind::Document, product);
        all.sort_by_key(in_order);
        all.iter().map(|(name, fields)| Value::Object(entry(name, fields))).collect::<Vec<_>>()
    };
    let mut files = Files::new(directory);
    let with = |mut entry: Fields, lists: Vec<(&str, Vec<Value>)>| {
        entry.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name.to_owned(), json!(list))));
        Value::Object(entry)
    };
    let gateways: Vec<Value> = of(Kind::Gateway, "")
        .iter()
        .map(|(name, fields)| with(entry(name, fields), vec![("services", list(Kind::Service, name))]))
        .collect();
    let providers: Vec<Value> = of(Kind::DcrProvider, "")
        .into_iter()
        .map(|(name, fields)| Value::Object(entry(&name, &with_secret(&name, fields))))
        .collect();
    let mut products = Vec::new();
    for (product, fields) in of(Kind::Product, "") {
        let mut versions = Vec::new();
        for (version, fields) in of(Kind::Version, &product) {
            let mut entry = entry(&version, &fields);
            if let Some(specification) = state.things.get(&(Kind::Specification, format!("{product}/{version}"))) {
                let specification = json!(specification);
                let place = [product.as_str(), &version, &text(&specification, "name")];
                let file = files.write("specifications", &place, &text(&specification, "content"))?;
                entry.insert("specification".to_owned(), json!(file));
            }
            versions.push(Value::Object(entry));
        }
        products.push(with(entry(&product, &fields), vec![("versions", versions), ("documents", documents(&product))]));
    }
    let mut portals = Vec::new();
    for (portal, fields) in of(Kind::Portal, "") {
        let mut teams = Vec::new();
        for (team, fields) in of(Kind::Team, &portal) {
            let roles = of(Kind::Role, &format!("{portal}/{team}"));
            let roles = roles.iter().filter_map(|(name, _)| name.split_once('/'));
            let roles = roles.map(|(role, product)| json!({"role": role, "product": product})).collect();
            teams.push(with(entry(&team, &fields), vec![("roles", roles)]));
        }
        let lists = vec![("publications", list(Kind::Publication, &portal)), ("teams", teams)];
        portals.push(with(entry(&portal, &fields), lists));
    }
    let strategies = of(Kind::AuthStrategy, "").into_iter();
    let strategies: Vec<Value> =
        strategies.map(|(name, fields)| Value::Object(entry(&name, &with_client_secret(&name, fields)))).collect();
    let whole = json!({"gateways": gateways, "dcr_providers": providers, "auth_strategies": strategies,
        "portals": portals, "products": products});
    // Read as a file would be, so that what is written can be read again.
    let file: File = serde_json::from_value(whole)?;
    fs::create_dir_all(directory)?;
    fs::write(directory.join("portico.yaml"), serde_saphyr::to_string(&file)?)?;
    Ok(())
}

/// Where a provider's secret would stand, the name of a variable that holds it.
fn with_secret(name: &str, mut fields: Fields) -> Fields {
    let secret = match fields.get("provider_type").and_then(Value::as_str) {
        Some("okta") => "dcr_token",
        Some("http") => "api_key",
        Some("oidc") => "initial_access_token",
        _ => "initial_client_secret",
    };
    if let Some(Value::Object(config)) = fields.get_mut("dcr_config") {
        config.insert(secret.to_owned(), variable_for(name));
    }
    fields
}

/// The same of a strategy that has a client at its provider.
fn with_client_secret(name: &str, mut fields: Fields) -> Fields {
    if let Some(Value::Object(config)) = fields.get_mut("configs").and_then(|configs| configs.get_mut("openid-connect"))
        && config.contains_key("client_id")
    {
        config.insert("client_secret".to_owned(), variable_for(name));
    }
    fields
}

fn variable_for(name: &str) -> Value {
    let variable: String = name.to_uppercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    json!({"env": format!("{variable}_SECRET")})
}

/// The files beside `portico.yaml`.
struct Files<'a> {
    directory: &'a Path,
    /// In lower case, as some file systems compare them.
    written: BTreeSet<String>,
}

impl<'a> Files<'a> {
    fn new(directory: &'a Path) -> Self {
        Self { directory, written: BTreeSet::new() }
    }

    /// Writes a file that is called by some names, of which the last is the file's own; where it is, from the directory.
    fn write(&mut self, folder: &str, names: &[&str], content: &str) -> anyhow::Result<String> {
        let (file, folders) = names.split_last().context("a file without a name")?;
        let folders: String = folders.iter().map(|name| format!("/{}", file_name(name))).collect();
        let mut path = format!("{folder}{folders}/{}", file_name(file));
        // Two names may come to the same.
        let mut number = 2;
        while !self.written.insert(path.to_lowercase()) {
            path = format!("{folder}{folders}-{number}/{}", file_name(file));
            number += 1;
        }
        let place = self.directory.join(&path);
        fs::create_dir_all(place.parent().unwrap_or(self.directory))?;
        fs::write(&place, content)?;
        Ok(path)
    }
}

/// A name as a part of a path, which leads nowhere else.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | ' ') { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.starts_with('.') { format!("_{name}") } else { name }
}
