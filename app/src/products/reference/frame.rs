//! What every page about a version has around it: the way back, the versions, the documents, the operations.

use crate::visit::{UiError, Visit};
use leptos::prelude::*;
use portico_core::{
    Error,
    auth_strategies::OpenidConnect,
    documents::{self, DocumentLink},
    products::{
        catalogue::{self, CatalogueVersion},
        reference::{self, Introduction, OperationTag},
    },
};
use portico_model::{
    ids::{ProductId, VersionId},
    paths,
    problem::Problem,
    states::StrategyType,
};

/// A version that a reader looks at.
pub struct Reading {
    pub versions: Vec<CatalogueVersion>,
    pub version: CatalogueVersion,
    /// `None` without a specification.
    pub introduction: Option<Introduction>,
    pub documents: Vec<DocumentLink>,
    /// Whether readers have accounts here.
    pub is_public: bool,
    gateway_origin: String,
}

/// Which link of the frame the page is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Current<'a> {
    Overview,
    /// One tag's operations, or an operation of it.
    Tag(&'a str),
    Document(&'a str),
    Other,
}

/// The header of a call that carries a credential, which the reader keeps in a variable.
pub struct CredentialHeader {
    pub name: String,
    /// Stands before the credential.
    pub prefix: &'static str,
    pub variable: &'static str,
}

impl Reading {
    /// The version with this id, or the newest.
    pub async fn load(visit: &Visit, product: Result<ProductId, UiError>, wanted: Option<String>) -> Result<Self, UiError> {
        let portal = visit.portal()?;
        let product = product?;
        let versions = catalogue::versions(&visit.core, visit.actor, portal, product).await?;
        let chosen = match wanted {
            None => versions.first(),
            Some(id) => id.parse::<VersionId>().ok().and_then(|id| versions.iter().find(|version| version.id == id)),
        };
        let version = chosen.cloned().ok_or(Error::Problem(Problem::NotFound))?;
        let introduction = reference::introduction(&visit.core, &version).await?;
        let documents = documents::published(&visit.core, &version).await?;
        let gateway_origin = visit.gateway_origin.to_string();
        Ok(Self { versions, version, introduction, documents, is_public: portal.is_public, gateway_origin })
    }

    /// The groups of its operations.
    pub fn tags(&self) -> &[OperationTag] {
        self.introduction.as_ref().map_or(&[], |introduction| &introduction.operation_tags)
    }

    pub fn path(&self) -> String {
        paths::portal::version(self.version.product_id, self.version.id)
    }

    /// Where calls go: the gateway's address of this version, or what the specification says.
    pub fn server(&self) -> String {
        let (host, prefix) = (self.version.gateway_host.as_deref(), self.version.gateway_path_prefix.as_deref());
        match prefix {
            Some(prefix) => gateway_url(&self.gateway_origin, host.unwrap_or_default(), prefix),
            None => {
                let mut servers = self.introduction.iter().flat_map(|introduction| &introduction.servers);
                let absolute = servers.find(|server| server.contains("://"));
                absolute.cloned().unwrap_or_else(|| "https://api.example.com".to_owned())
            }
        }
    }

    /// How a call carries the reader's credential; none where readers cannot have one.
    pub fn credential(&self) -> Option<CredentialHeader> {
        if self.is_public {
            return None;
        }
        match self.version.strategy_type? {
            StrategyType::KeyAuth => {
                let name = self.version.key_names.as_ref()?.first()?.clone();
                Some(CredentialHeader { name, prefix: "", variable: "API_KEY" })
            }
            StrategyType::OpenidConnect => {
                let name = "Authorization".to_owned();
                let takes_tokens = self.version.openid_connect.as_ref().is_none_or(OpenidConnect::takes_tokens);
                Some(match takes_tokens {
                    true => CredentialHeader { name, prefix: "Bearer ", variable: "ACCESS_TOKEN" },
                    false => CredentialHeader { name, prefix: "Basic ", variable: "BASIC_CREDENTIALS" },
                })
            }
        }
    }

    /// The page with what is around it.
    pub fn frame(&self, current: Current<'_>, content: AnyView) -> AnyView {
        let version = &self.version;
        view! {
            <p class="crumbs">
                <a href=paths::portal::CATALOGUE>"Catalog"</a>
                " / "
                <a href=paths::portal::product(version.product_id)>{version.product_name.clone()}</a>
                " / "
                <a href=self.path()>{version.name.clone()}</a>
            </p>
            <div class="with-contents">
                {self.contents(current)}
                <div class="content">{content}</div>
            </div>
        }
        .into_any()
    }

    fn contents(&self, current: Current<'_>) -> AnyView {
        let documents = (!self.documents.is_empty()).then(|| {
            let links = self.documents.iter().map(|document| self.document_link(document, current)).collect_view();
            view! { <h2>"Documents"</h2> <ul>{links}</ul> }
        });
        let operations = (!self.tags().is_empty()).then(|| {
            let links = self.tags().iter().map(|tag| self.tag_link(tag, current)).collect_view();
            view! { <h2>"Operations"</h2> <ul>{links}</ul> }
        });
        let here = (current == Current::Overview).then_some("page");
        view! {
            <nav class="contents" aria-label="Contents">
                <ul>
                    <li><a href=self.path() aria-current=here>"Overview"</a></li>
                </ul>
                {documents}
                {operations}
            </nav>
        }
        .into_any()
    }

    fn document_link(&self, document: &DocumentLink, current: Current<'_>) -> AnyView {
        let href = paths::portal::document(self.version.product_id, &document.slug);
        let here = (current == Current::Document(&document.slug)).then_some("page");
        // The style sheet indents as many levels as it knows.
        let class = format!("level-{}", document.depth.min(4));
        view! { <li class=class><a href=href aria-current=here>{document.title.clone()}</a></li> }.into_any()
    }

    fn tag_link(&self, tag: &OperationTag, current: Current<'_>) -> AnyView {
        let here = (current == Current::Tag(&tag.name)).then_some("page");
        let unit = if tag.operation_count == 1 { " operation" } else { " operations" };
        view! {
            <li>
                <a href=tag_path(&self.path(), &tag.name) aria-current=here>
                    {tag_name(&tag.name).to_owned()} " "
                    <span class="count">{tag.operation_count}<span class="visually-hidden">{unit}</span></span>
                </a>
            </li>
        }
        .into_any()
    }
}

/// What a group of operations is called.
pub fn tag_name(tag: &str) -> &str {
    if tag.is_empty() { "Other operations" } else { tag }
}

/// The page with one tag's operations.
pub fn tag_path(version_path: &str, tag: &str) -> String {
    format!("{version_path}?tag={}", super::samples::encode(tag))
}

/// The address of a service at the built-in gateway.
pub fn gateway_url(origin: &str, host: &str, path_prefix: &str) -> String {
    let path = if path_prefix == "/" { "/".to_owned() } else { path_prefix.to_owned() };
    if host.is_empty() {
        return format!("{origin}{path}");
    }
    let port = origin.rsplit_once(':').map(|(_, port)| port).filter(|port| port.chars().all(|c| c.is_ascii_digit()));
    let scheme = origin.split("://").next().unwrap_or("http");
    format!("{scheme}://{host}{}{path}", port.map(|port| format!(":{port}")).unwrap_or_default())
}
