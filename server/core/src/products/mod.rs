//! API products, their versions and specifications, and the catalogue that readers see.

pub mod catalogue;
pub mod reference;
pub mod specification;
pub mod store;

pub use specification::Specification;
pub use store::{Product, Version};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    ids::{GatewayServiceId, PortalId, ProductId, VersionId},
    paging::{Page, PageRequest},
    problem::{Conflict, Problem, Rule},
    text::{Fields, NAME_MAX},
};

/// Longest name of a product, in characters.
pub const PRODUCT_NAME_MAX: usize = 100;
/// Longest description of a product, in characters.
pub const PRODUCT_DESCRIPTION_MAX: usize = 4_000;

fn check(name: &str, description: &str) -> Result<(String, String)> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, PRODUCT_NAME_MAX);
    let description = fields.text("description", description, PRODUCT_DESCRIPTION_MAX);
    fields.finish()?;
    Ok((name, description))
}

/// Creates an API product. For admins.
pub async fn create(core: &Core, actor: Actor, name: &str, description: &str) -> Result<ProductId> {
    actor.require_admin()?;
    let (name, description) = check(name, description)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &name, &description, core.now()).await.taken("product_name_key", "name")?;
    audit::record(core, &mut tx, actor, None, "product.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a product. For admins.
pub async fn update(core: &Core, actor: Actor, id: ProductId, name: &str, description: &str) -> Result<()> {
    actor.require_admin()?;
    let (name, description) = check(name, description)?;
    let mut tx = core.begin().await?;
    let found = store::update(&mut tx, id, &name, &description, core.now()).await.taken("product_name_key", "name")?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "product.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a product without versions. For admins.
pub async fn delete(core: &Core, actor: Actor, id: ProductId) -> Result<()> {
    actor.require_admin()?;
    let mut tx = core.begin().await?;
    let found =
        store::delete(&mut tx, id).await.on_constraint("version_product_id_fkey", Problem::Conflict(Conflict::ProductInUse))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "product.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes a product, and so all of its versions, out of a portal. Calls keep working. For admins.
pub async fn unpublish(core: &Core, actor: Actor, id: ProductId, portal: PortalId) -> Result<()> {
    actor.require_admin()?;
    let mut tx = core.begin().await?;
    store::remove_from_portal(&mut tx, id, portal).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "product.unpublished", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The products. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Product>> {
    actor.require_admin()?;
    store::list(&core.pool, request).await
}

/// One product. For admins.
pub async fn get(core: &Core, actor: Actor, id: ProductId) -> Result<Product> {
    actor.require_admin()?;
    store::find(&core.pool, id).await?.or_not_found()
}

/// The portals that a product is in. For admins.
pub async fn portals(core: &Core, actor: Actor, id: ProductId) -> Result<Vec<(PortalId, String)>> {
    actor.require_admin()?;
    store::portals(&core.pool, id).await
}

/// Creates a version of a product. For admins.
pub async fn create_version(core: &Core, actor: Actor, product: ProductId, name: &str) -> Result<VersionId> {
    actor.require_admin()?;
    let name = check_version_name(name)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert_version(&mut tx, id, product, &name, core.now())
        .await
        .taken("version_name_per_product_key", "name")
        .on_constraint("version_product_id_fkey", Problem::NotFound)?;
    audit::record(core, &mut tx, actor, None, "version.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Renames a version. For admins.
pub async fn rename_version(core: &Core, actor: Actor, id: VersionId, name: &str) -> Result<()> {
    actor.require_admin()?;
    let name = check_version_name(name)?;
    let mut tx = core.begin().await?;
    let found = store::rename_version(&mut tx, id, &name, core.now()).await.taken("version_name_per_product_key", "name")?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "version.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Links a version to the gateway service that serves it, or unlinks it, which stops all calls. For admins.
pub async fn link_service(core: &Core, actor: Actor, id: VersionId, service: Option<GatewayServiceId>) -> Result<()> {
    actor.require_admin()?;
    let mut tx = core.begin().await?;
    let found = store::link_service(&mut tx, id, service, core.now())
        .await
        .taken("version_gateway_service_id_key", "gateway_service")
        .on_constraint("version_gateway_service_id_fkey", Problem::field("gateway_service", Rule::NotOffered))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "version.linked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a version that is published nowhere and that nobody registered for. For admins.
pub async fn delete_version(core: &Core, actor: Actor, id: VersionId) -> Result<()> {
    actor.require_admin()?;
    let in_use = || Problem::Conflict(Conflict::VersionInUse);
    let mut tx = core.begin().await?;
    let found = store::delete_version(&mut tx, id)
        .await
        .on_constraint("publication_version_id_fkey", in_use())
        .on_constraint("registration_version_id_fkey", in_use())?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "version.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The versions of a product, newest first. For admins.
pub async fn versions(core: &Core, actor: Actor, product: ProductId) -> Result<Vec<Version>> {
    actor.require_admin()?;
    store::versions(&core.pool, product).await
}

/// One version. For admins.
pub async fn get_version(core: &Core, actor: Actor, id: VersionId) -> Result<Version> {
    actor.require_admin()?;
    let mut connection = core.pool.acquire().await?;
    store::find_version(&mut connection, id).await?.or_not_found()
}

/// Sets a version's specification, replacing the one it had. For admins.
pub async fn put_specification(core: &Core, actor: Actor, id: VersionId, name: &str, content: String) -> Result<()> {
    actor.require_admin()?;
    // A large document takes a while to read; the other requests on this thread need not wait for it.
    let read = tokio::task::spawn_blocking(move || Specification::read(content));
    let specification = read.await.map_err(anyhow::Error::from)??;
    let mut fields = Fields::new();
    let name = fields.optional_line("file", name, NAME_MAX);
    fields.finish()?;
    let name = if name.is_empty() { specification.default_name() } else { name };
    let mut tx = core.begin().await?;
    store::put_specification(&mut tx, id, &name, &specification, core.now())
        .await
        .on_constraint("specification_version_id_fkey", Problem::NotFound)?;
    audit::record(core, &mut tx, actor, None, "specification.uploaded", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

fn check_version_name(name: &str) -> Result<String> {
    let mut fields = Fields::new();
    let name = fields.line("name", name, NAME_MAX);
    fields.finish()?;
    Ok(name)
}
