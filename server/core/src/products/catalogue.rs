//! What a reader of a portal may see: what is published there, as far as a role of theirs reaches where roles are asked for.

use crate::{Actor, Core, Result, auth_strategies::OpenidConnect, error::OrNotFound, portals::Portal, products::store};
use portico_model::{
    ids::{AuthStrategyId, ProductId, VersionId},
    paging::{Page, PageRequest},
    states::StrategyType,
};
use sqlx::FromRow;

/// A product on the catalogue page.
#[derive(Clone, Debug, FromRow)]
pub struct CatalogueProduct {
    pub id: ProductId,
    pub name: String,
    pub description: String,
    pub latest_version: Option<String>,
    pub version_count: i64,
}

/// A published version, with what its publication says. Only this module gives one out, to readers who may see it.
#[derive(Clone, Debug, FromRow)]
#[non_exhaustive]
pub struct CatalogueVersion {
    pub id: VersionId,
    pub product_id: ProductId,
    pub product_name: String,
    pub product_description: String,
    pub name: String,
    pub deprecated: bool,
    pub registration_enabled: bool,
    /// Whether the publication approves registrations at once; the portal may do so for all.
    pub auto_approve: bool,
    pub strategy_id: Option<AuthStrategyId>,
    /// Whether anybody may call it.
    pub no_authentication: bool,
    pub strategy_display_name: Option<String>,
    pub strategy_type: Option<StrategyType>,
    pub key_names: Option<Vec<String>>,
    /// For `openid_connect` alone.
    #[sqlx(json(nullable))]
    pub openid_connect: Option<OpenidConnect>,
    /// Where the gateway listens for it: host (empty for any) and path prefix.
    pub gateway_host: Option<String>,
    pub gateway_path_prefix: Option<String>,
}

/// A published specification.
#[derive(Clone, Debug, FromRow)]
pub struct CatalogueSpecification {
    /// The file's name.
    pub name: String,
    pub content: String,
}

/// The products of a portal with at least one published version. For readers of the portal.
pub async fn products(core: &Core, actor: Actor, portal: &Portal, request: &PageRequest) -> Result<Page<CatalogueProduct>> {
    actor.require_reader(portal.id, portal.is_public)?;
    store::catalogue(&core.pool, portal.id, actor.id(), request).await
}

/// The published versions of a product, newest first; none is `NotFound`. For readers of the portal.
pub async fn versions(core: &Core, actor: Actor, portal: &Portal, product: ProductId) -> Result<Vec<CatalogueVersion>> {
    actor.require_reader(portal.id, portal.is_public)?;
    let versions = store::catalogue_versions(&core.pool, portal.id, actor.id(), product).await?;
    if versions.is_empty() { None } else { Some(versions) }.or_not_found()
}

/// One published version. For readers of the portal.
pub async fn version(core: &Core, actor: Actor, portal: &Portal, id: VersionId) -> Result<CatalogueVersion> {
    actor.require_reader(portal.id, portal.is_public)?;
    store::catalogue_version(&core.pool, portal.id, actor.id(), id).await?.or_not_found()
}

/// What the specification says of itself, in markdown; empty without one. For whoever may see the version.
pub async fn description(core: &Core, version: &CatalogueVersion) -> Result<String> {
    store::specification_description(&core.pool, version.id).await
}

/// The specification as it was uploaded. For whoever may see the version.
pub async fn specification(core: &Core, version: &CatalogueVersion) -> Result<CatalogueSpecification> {
    store::specification(&core.pool, version.id).await?.or_not_found()
}
