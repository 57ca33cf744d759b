//! The files: YAML with names for references, and secrets that come from the environment.

use super::resources::{Fields, Key, Kind, State, sorted, text};
use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What one file has; a directory has what all of its files have.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gateways: Vec<Gateway>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dcr_providers: Vec<DcrProvider>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    auth_strategies: Vec<AuthStrategy>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    portals: Vec<Portal>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<Product>,
}

/// A struct of a file: `name`, fields that may be left out, and lists of what is in it.
macro_rules! entry {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? } $([$($list:ident: $item:ty),* $(,)?])?) => {
        $(#[$doc])*
        #[derive(Deserialize, Serialize)]
        #[serde(deny_unknown_fields)]
        struct $name {
            name: String,
            $(#[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")] $field: Option<$kind>,)*
            $($(#[serde(default, skip_serializing_if = "Vec::is_empty")] $list: Vec<$item>,)*)?
        }

        impl $name {
            /// The fields that are there; null among them.
            fn fields(&self) -> Fields {
                let mut fields = Fields::new();
                $(if let Some(value) = &self.$field { fields.insert(stringify!($field).to_owned(), json!(value)); })*
                fields
            }
        }
    };
}

/// A field that is there, even if it is null.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

type Labels = BTreeMap<String, String>;

entry!(Gateway { description: String, labels: Labels } [services: Service]);
entry!(Service { url: String, route_hosts: Vec<String>, route_paths: Vec<String> });
entry!(DcrProvider { display_name: String, provider_type: String, issuer: String, dcr_config: Map<String, Value>, labels: Labels });
entry!(AuthStrategy {
    display_name: String,
    strategy_type: String,
    configs: Map<String, Value>,
    dcr_provider: Option<String>,
    labels: Labels,
});
entry!(Portal {
    display_name: String,
    description: Option<String>,
    is_public: bool,
    rbac_enabled: bool,
    auto_approve_applications: bool,
    auto_approve_developers: bool,
    custom_domain: Option<String>,
    custom_client_domain: Option<String>,
    default_auth_strategy: Option<String>,
    labels: Labels,
} [publications: Publication, teams: Team]);
entry!(Product { description: Option<String>, labels: Labels, public_labels: Labels, portals: Vec<String> }
    [versions: Version, documents: Document]);
entry!(Version { labels: Labels, gateway_service: Option<String>, specification: String });
entry!(
    /// A document, named by its slug.
    Document { title: String, status: String, content: String, file: String, metadata: Map<String, Value>, parent: Option<String> }
);
entry!(
    /// A publication, named by the version: `Weather/v1`.
    Publication {
        publish_status: String,
        auth_strategy: Option<String>,
        application_registration_enabled: bool,
        auto_approve_registration: bool,
        deprecated: bool,
    }
);
entry!(Team { description: String } [roles: Role]);

/// A role of a team on a product.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Role {
    role: String,
    product: String,
}

/// What the files want, in the order in which it can be made.
#[derive(Default)]
pub struct Wanted(pub Vec<(Key, Fields)>);

impl Wanted {
    /// Reads every `.yaml` and `.yml` of a directory, or one file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut wanted = Self::default();
        for file in yaml_files(path)? {
            let described = || format!("{}", file.display());
            let text = fs::read_to_string(&file).with_context(described)?;
            let content: File = serde_saphyr::from_str(&text).with_context(described)?;
            wanted.add(content, file.parent().unwrap_or(Path::new("."))).with_context(described)?;
        }
        let depths: Vec<usize> = wanted.0.iter().map(|(key, fields)| wanted.depth(key, fields)).collect();
        let mut ordered: Vec<_> = wanted.0.into_iter().zip(depths).collect();
        ordered.sort_by_key(|(((kind, _), _), depth)| (*kind, *depth));
        Ok(Self(ordered.into_iter().map(|(thing, _)| thing).collect()))
    }

    /// Under how many documents one is filed, as far as the files say.
    fn depth(&self, key: &Key, fields: &Fields) -> usize {
        let product = key.1.split_once('/').map_or("", |(product, _)| product);
        let mut depth = 0;
        let mut parent = fields.get("parent").and_then(Value::as_str);
        // In a circle nobody is first; whoever refuses it says so.
        while let Some(slug) = parent.filter(|_| key.0 == Kind::Document && depth < self.0.len()) {
            depth += 1;
            let above = (Kind::Document, format!("{product}/{slug}"));
            let above = self.0.iter().find(|(known, _)| *known == above);
            parent = above.and_then(|(_, fields)| fields.get("parent")).and_then(Value::as_str);
        }
        depth
    }

    fn put(&mut self, kind: Kind, name: String, fields: Fields) -> anyhow::Result<()> {
        let key = (kind, name);
        if self.0.iter().any(|(known, _)| *known == key) {
            bail!("the {} {:?} is there twice", kind.word(), key.1);
        }
        self.0.push((key, fields));
        Ok(())
    }

    fn add(&mut self, file: File, directory: &Path) -> anyhow::Result<()> {
        for gateway in &file.gateways {
            self.put(Kind::Gateway, gateway.name.clone(), gateway.fields())?;
            for service in &gateway.services {
                self.put(Kind::Service, format!("{}/{}", gateway.name, service.name), service.fields())?;
            }
        }
        for provider in &file.dcr_providers {
            self.put(Kind::DcrProvider, provider.name.clone(), provider.fields())?;
        }
        for strategy in &file.auth_strategies {
            self.put(Kind::AuthStrategy, strategy.name.clone(), strategy.fields())?;
        }
        for product in &file.products {
            self.add_product(product, directory)?;
        }
        for portal in &file.portals {
            self.put(Kind::Portal, portal.name.clone(), portal.fields())?;
            for publication in &portal.publications {
                self.put(Kind::Publication, format!("{}/{}", portal.name, publication.name), publication.fields())?;
            }
            for team in &portal.teams {
                let name = format!("{}/{}", portal.name, team.name);
                self.put(Kind::Team, name.clone(), team.fields())?;
                for role in &team.roles {
                    self.put(Kind::Role, format!("{name}/{}/{}", role.role, role.product), Fields::new())?;
                }
            }
        }
        Ok(())
    }

    fn add_product(&mut self, product: &Product, directory: &Path) -> anyhow::Result<()> {
        let read = |file: &str| {
            let path = directory.join(file);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let mut fields = product.fields();
        if let Some(portals) = &product.portals {
            fields.insert("portals".to_owned(), sorted(portals.iter().map(|name| json!(name)).collect()));
        }
        self.put(Kind::Product, product.name.clone(), fields)?;
        for version in &product.versions {
            let name = format!("{}/{}", product.name, version.name);
            let mut fields = version.fields();
            fields.remove("specification");
            self.put(Kind::Version, name.clone(), fields)?;
            if let Some(file) = &version.specification {
                let file_name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
                let fields =
                    Fields::from_iter([("name".to_owned(), json!(file_name)), ("content".to_owned(), json!(read(file)?))]);
                self.put(Kind::Specification, name, fields)?;
            }
        }
        for document in &product.documents {
            let mut fields = document.fields();
            let content = match (&document.file, &document.content) {
                (Some(_), Some(_)) => bail!("the document {:?} has a file and a content", document.name),
                (Some(file), None) => Some(read(file)?),
                (None, content) => content.clone(),
            };
            fields.remove("file");
            if let Some(content) = content {
                // As it is kept.
                fields.insert("content".to_owned(), json!(content.replace("\r\n", "\n").trim()));
            }
            self.put(Kind::Document, format!("{}/{}", product.name, document.name), fields)?;
        }
        Ok(())
    }
}

fn yaml_files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
    files.sort();
    if files.is_empty() {
        bail!("{} has no .yaml file", path.display());
    }
    Ok(files)
}

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
                let file = format!(
                    "specifications/{}/{}/{}",
                    file_name(&product),
                    file_name(&version),
                    text(&json!(specification), "name")
                );
                let path = directory.join(&file);
                fs::create_dir_all(path.parent().unwrap_or(directory))?;
                fs::write(&path, text(&json!(specification), "content"))?;
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
    let whole = json!({"gateways": gateways, "dcr_providers": providers, "auth_strategies": list(Kind::AuthStrategy, ""),
        "portals": portals, "products": products});
    // Read as a file would be, so that what is written can be read again.
    let file: File = serde_json::from_value(whole)?;
    fs::create_dir_all(directory)?;
    fs::write(directory.join("portico.yaml"), serde_saphyr::to_string(&file)?)?;
    Ok(())
}

/// Where a secret would stand, the name of a variable that holds it.
fn with_secret(name: &str, mut fields: Fields) -> Fields {
    let secret = match fields.get("provider_type").and_then(Value::as_str) {
        Some("okta") => "dcr_token",
        Some("http") => "api_key",
        Some("oidc") => "initial_access_token",
        _ => "initial_client_secret",
    };
    let variable: String = name.to_uppercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if let Some(Value::Object(config)) = fields.get_mut("dcr_config") {
        config.insert(secret.to_owned(), json!({"env": format!("{variable}_SECRET")}));
    }
    fields
}

/// A name as a part of a path.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '_' }).collect()
}
