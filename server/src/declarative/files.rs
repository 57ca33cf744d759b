//! The files: YAML with names for references, and secrets that come from the environment.

use super::{
    compare::must_keep_secrets_out,
    resources::{Fields, Key, Kind, sorted},
};
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
        wanted.must_agree()?;
        let depths: Vec<usize> = wanted.0.iter().map(|(key, fields)| wanted.depth(key, fields)).collect();
        let mut ordered: Vec<_> = wanted.0.into_iter().zip(depths).collect();
        ordered.sort_by_key(|(((kind, _), _), depth)| (*kind, *depth));
        Ok(Self(ordered.into_iter().map(|(thing, _)| thing).collect()))
    }

    /// A version that is published brings its product into the portal.
    fn must_agree(&self) -> anyhow::Result<()> {
        for ((_, name), fields) in self.0.iter().filter(|((kind, _), _)| *kind == Kind::Publication) {
            let Some((portal, version)) = name.split_once('/') else { continue };
            let product = (Kind::Product, version.split('/').next().unwrap_or_default().to_owned());
            let portals =
                self.0.iter().find(|(key, _)| *key == product).and_then(|(_, fields)| fields.get("portals")?.as_array());
            let is_published = fields.get("publish_status").is_none_or(|status| status == "published");
            if is_published && portals.is_some_and(|portals| !portals.contains(&json!(portal))) {
                bail!("{version} is published in {portal}, which is not among the portals of {}", product.1);
            }
        }
        Ok(())
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

    /// Notes a thing, by its own name and that of what it is in.
    fn put(&mut self, kind: Kind, inside: &str, own: &str, fields: Fields) -> anyhow::Result<()> {
        if own.contains('/') && kind.depth().is_some() {
            bail!("the {} {own:?} has a / in its name, which files cannot say", kind.word());
        }
        for config in ["configs", "dcr_config"].iter().filter_map(|config| fields.get(*config)) {
            must_keep_secrets_out(config).with_context(|| format!("the {} {own:?}", kind.word()))?;
        }
        let key = (kind, if inside.is_empty() { own.to_owned() } else { format!("{inside}/{own}") });
        if self.0.iter().any(|(known, _)| *known == key) {
            bail!("the {} {:?} is there twice", kind.word(), key.1);
        }
        self.0.push((key, fields));
        Ok(())
    }

    fn add(&mut self, file: File, directory: &Path) -> anyhow::Result<()> {
        for gateway in &file.gateways {
            self.put(Kind::Gateway, "", &gateway.name, gateway.fields())?;
            for service in &gateway.services {
                self.put(Kind::Service, &gateway.name, &service.name, service.fields())?;
            }
        }
        for provider in &file.dcr_providers {
            self.put(Kind::DcrProvider, "", &provider.name, provider.fields())?;
        }
        for strategy in &file.auth_strategies {
            self.put(Kind::AuthStrategy, "", &strategy.name, strategy.fields())?;
        }
        for product in &file.products {
            self.add_product(product, directory)?;
        }
        for portal in &file.portals {
            self.put(Kind::Portal, "", &portal.name, portal.fields())?;
            for publication in &portal.publications {
                self.put(Kind::Publication, &portal.name, &publication.name, publication.fields())?;
            }
            for team in &portal.teams {
                self.put(Kind::Team, &portal.name, &team.name, team.fields())?;
                let team_name = format!("{}/{}", portal.name, team.name);
                for Role { role, product } in &team.roles {
                    self.put(Kind::Role, &team_name, &format!("{role}/{product}"), Fields::new())?;
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
        self.put(Kind::Product, "", &product.name, fields)?;
        for version in &product.versions {
            let mut fields = version.fields();
            fields.remove("specification");
            self.put(Kind::Version, &product.name, &version.name, fields)?;
            if let Some(file) = &version.specification {
                let file_name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
                let fields =
                    Fields::from_iter([("name".to_owned(), json!(file_name)), ("content".to_owned(), json!(read(file)?))]);
                self.put(Kind::Specification, &product.name, &version.name, fields)?;
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
                fields.insert("content".to_owned(), json!(content));
            }
            self.put(Kind::Document, &product.name, &document.name, fields)?;
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
