//! What a Portico consists of, by names instead of ids, and what of it there is.

use super::client::Client;
use anyhow::{Context, bail};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A kind of thing. In this order each is made after what it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Gateway,
    Service,
    DcrProvider,
    AuthStrategy,
    Portal,
    Product,
    Document,
    Version,
    Specification,
    Publication,
    Team,
    Role,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Service => "gateway service",
            Self::DcrProvider => "DCR provider",
            Self::AuthStrategy => "auth strategy",
            Self::Portal => "portal",
            Self::Product => "API product",
            Self::Document => "document",
            Self::Version => "product version",
            Self::Specification => "specification",
            Self::Publication => "publication",
            Self::Team => "team",
            Self::Role => "team role",
        }
    }

    /// How many names say where a thing is, none of which may have a `/`; nothing where its own may have any character, or
    /// is made of others.
    pub fn depth(self) -> Option<usize> {
        match self {
            Self::Gateway | Self::Portal | Self::Product => Some(1),
            Self::Service | Self::Document | Self::Version | Self::Team => Some(2),
            Self::DcrProvider | Self::AuthStrategy | Self::Specification | Self::Publication | Self::Role => None,
        }
    }
}

/// A thing by its name: of what is in something else, the names of both, with `/` between them.
pub type Key = (Kind, String);

/// Fields as the files have them, with names where the API has ids.
pub type Fields = Map<String, Value>;

/// What there is.
#[derive(Default)]
pub struct State {
    pub things: BTreeMap<Key, Fields>,
    /// What the API calls them.
    pub ids: BTreeMap<Key, String>,
    /// The names of the documents, in the order in which readers see them.
    pub documents: Vec<String>,
}

impl State {
    pub fn id(&self, kind: Kind, name: &str) -> anyhow::Result<&str> {
        let id = self.ids.get(&(kind, name.to_owned()));
        id.map(String::as_str).with_context(|| format!("there is no {} {name:?}", kind.word()))
    }

    /// What something is called; null where there is no such thing.
    pub fn name_of(&self, kind: Kind, id: &Value) -> Value {
        let id = id.as_str().unwrap_or_default();
        let found = self.ids.iter().find(|((known, _), known_id)| *known == kind && *known_id == id);
        found.map_or(Value::Null, |((_, name), _)| json!(name))
    }

    fn put(&mut self, kind: Kind, name: String, seen: &Value, fields: Fields) {
        self.ids.insert((kind, name.clone()), text(seen, "id"));
        self.things.insert((kind, name), fields);
    }

    /// Files say where something is by names with `/` between them.
    fn must_be_sayable(&self) -> anyhow::Result<()> {
        for (kind, name) in self.things.keys() {
            if kind.depth().is_some_and(|depth| name.split('/').count() > depth) {
                bail!("the {} {name:?} has a / in its name, which files cannot say", kind.word());
            }
        }
        Ok(())
    }

    /// Reads everything.
    pub async fn read(client: &Client) -> anyhow::Result<Self> {
        let mut state = Self::default();
        state.read_gateways(client).await?;
        state.read_strategies(client).await?;
        let portals = state.read_portals(client).await?;
        state.read_products(client).await?;
        for portal in portals {
            state.read_portal(client, &portal).await?;
        }
        state.must_be_sayable()?;
        Ok(state)
    }

    async fn read_gateways(&mut self, client: &Client) -> anyhow::Result<()> {
        for gateway in client.all("/control-planes").await? {
            let name = text(&gateway, "name");
            self.put(Kind::Gateway, name.clone(), &gateway, pick(&gateway, &["description", "labels"]));
            for service in client.all(&format!("/control-planes/{}/core-entities/services", text(&gateway, "id"))).await? {
                let mut fields = pick(&service, &["route_hosts", "route_paths"]);
                fields.insert("url".to_owned(), json!(service_url(&service)));
                self.put(Kind::Service, format!("{name}/{}", text(&service, "name")), &service, fields);
            }
        }
        Ok(())
    }

    async fn read_strategies(&mut self, client: &Client) -> anyhow::Result<()> {
        for provider in client.all("/dcr-providers").await? {
            let fields = pick(&provider, &["display_name", "provider_type", "issuer", "dcr_config", "labels"]);
            self.put(Kind::DcrProvider, text(&provider, "name"), &provider, fields);
        }
        for strategy in client.all("/application-auth-strategies").await? {
            let mut fields = pick(&strategy, &["display_name", "strategy_type", "configs", "labels"]);
            let provider = strategy.pointer("/dcr_provider/name").cloned().unwrap_or_default();
            fields.insert("dcr_provider".to_owned(), provider);
            self.put(Kind::AuthStrategy, text(&strategy, "name"), &strategy, fields);
        }
        Ok(())
    }

    async fn read_portals(&mut self, client: &Client) -> anyhow::Result<Vec<String>> {
        const FIELDS: [&str; 9] = [
            "display_name",
            "description",
            "is_public",
            "rbac_enabled",
            "auto_approve_applications",
            "auto_approve_developers",
            "custom_domain",
            "custom_client_domain",
            "labels",
        ];
        let mut names = Vec::new();
        for portal in client.all("/portals").await? {
            let mut fields = pick(&portal, &FIELDS);
            let strategy = self.name_of(Kind::AuthStrategy, at(&portal, "/default_application_auth_strategy_id"));
            fields.insert("default_auth_strategy".to_owned(), strategy);
            names.push(text(&portal, "name"));
            self.put(Kind::Portal, text(&portal, "name"), &portal, fields);
        }
        Ok(names)
    }

    async fn read_products(&mut self, client: &Client) -> anyhow::Result<()> {
        for product in client.all("/api-products").await? {
            let (name, path) = (text(&product, "name"), format!("/api-products/{}", text(&product, "id")));
            let mut fields = pick(&product, &["description", "labels", "public_labels"]);
            let portals =
                at(&product, "/portals").as_array().into_iter().flatten().map(|portal| at(portal, "/portal_name").clone());
            fields.insert("portals".to_owned(), sorted(portals.collect()));
            self.put(Kind::Product, name.clone(), &product, fields);
            for version in client.all(&format!("{path}/product-versions")).await? {
                let version_name = format!("{name}/{}", text(&version, "name"));
                let mut fields = pick(&version, &["labels"]);
                let service = version.pointer("/gateway_service/id").cloned().unwrap_or_default();
                fields.insert("gateway_service".to_owned(), self.name_of(Kind::Service, &service));
                let specifications = format!("{path}/product-versions/{}/specifications", text(&version, "id"));
                self.put(Kind::Version, version_name.clone(), &version, fields);
                for specification in client.all(&specifications).await? {
                    let fields = pick(&specification, &["name", "content"]);
                    self.put(Kind::Specification, version_name.clone(), &specification, fields);
                }
            }
            self.read_documents(client, &name, &path).await?;
        }
        Ok(())
    }

    async fn read_documents(&mut self, client: &Client, product: &str, path: &str) -> anyhow::Result<()> {
        let mut waiting: Vec<(Value, Value)> = Vec::new();
        let later = |waiting: &mut Vec<_>, documents: Vec<Value>, parent: Value| {
            waiting.extend(documents.into_iter().rev().map(|document| (document, parent.clone())));
        };
        later(&mut waiting, client.document_tree(&format!("{path}/documents")).await?, Value::Null);
        // Parents before their children, in the order in which readers see them.
        while let Some((document, parent)) = waiting.pop() {
            let whole = client.send(Method::GET, &format!("{path}/documents/{}", text(&document, "id")), None).await?;
            let mut fields = pick(&whole, &["title", "status", "content", "metadata"]);
            fields.insert("parent".to_owned(), parent);
            let name = format!("{product}/{}", text(&document, "slug"));
            self.documents.push(name.clone());
            self.put(Kind::Document, name, &whole, fields);
            let children = at(&document, "/children").as_array().cloned().unwrap_or_default();
            later(&mut waiting, children, at(&document, "/slug").clone());
        }
        Ok(())
    }

    async fn read_portal(&mut self, client: &Client, portal: &str) -> anyhow::Result<()> {
        const FIELDS: [&str; 4] =
            ["publish_status", "application_registration_enabled", "auto_approve_registration", "deprecated"];
        let path = format!("/portals/{}", self.id(Kind::Portal, portal)?);
        for publication in client.all(&format!("{path}/product-versions")).await? {
            let mut fields = pick(&publication, &FIELDS);
            let strategy = publication.pointer("/auth_strategies/0/id").cloned().unwrap_or_default();
            fields.insert("auth_strategy".to_owned(), self.name_of(Kind::AuthStrategy, &strategy));
            let version = self.name_of(Kind::Version, at(&publication, "/product_version_id"));
            self.put(Kind::Publication, format!("{portal}/{}", version.as_str().unwrap_or_default()), &publication, fields);
        }
        for team in client.all(&format!("{path}/teams")).await? {
            let name = format!("{portal}/{}", text(&team, "name"));
            for role in client.all(&format!("{path}/teams/{}/assigned-roles", text(&team, "id"))).await? {
                let product = self.name_of(Kind::Product, at(&role, "/entity_id"));
                let role_name = format!("{name}/{}/{}", text(&role, "role_name"), product.as_str().unwrap_or_default());
                self.put(Kind::Role, role_name, &role, Fields::new());
            }
            self.put(Kind::Team, name, &team, pick(&team, &["description"]));
        }
        Ok(())
    }
}

/// A part of a value; null where there is none.
fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

pub fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Some of the properties of an object.
pub fn pick(value: &Value, names: &[&str]) -> Fields {
    names.iter().map(|name| ((*name).to_owned(), value.get(*name).cloned().unwrap_or_default())).collect()
}

/// Names in an order of their own, so that two lists of the same are the same.
pub fn sorted(mut names: Vec<Value>) -> Value {
    names.sort_by_key(|name| name.as_str().map(str::to_owned));
    Value::Array(names)
}

/// As it was given: the API tells it in parts.
fn service_url(service: &Value) -> String {
    let (protocol, host) = (text(service, "protocol"), text(service, "host"));
    let port = at(service, "/port").as_u64().unwrap_or_default();
    let is_usual = matches!((protocol.as_str(), port), ("http", 80) | ("https", 443));
    let port = if is_usual { String::new() } else { format!(":{port}") };
    format!("{protocol}://{host}{port}{}", text(service, "path"))
}
