//! API products, their versions and specifications, and the catalogue that readers see.

pub mod catalogue;
pub mod reference;
pub mod specification;
pub mod specifications;
pub mod store;
pub mod versions;

pub use specification::Specification;
pub use store::{ATTRIBUTES, ATTRIBUTES_IN_PORTAL, Product, ProductPortal};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
};
use portico_model::{
    access::Permission,
    ids::{PortalId, ProductId},
    labels::Labels,
    paging::{Page, PageRequest},
    problem::{Conflict, Problem, Rule},
    text::Fields,
};
use sqlx::PgConnection;

/// Longest name of a product, in characters.
pub const PRODUCT_NAME_MAX: usize = 100;
/// Longest description of a product, in characters.
pub const PRODUCT_DESCRIPTION_MAX: usize = 4_000;

/// What an admin decides about an API product.
#[derive(Clone, Debug, Default)]
pub struct ProductInput {
    pub name: String,
    pub description: String,
    pub labels: Labels,
    /// Developers see these.
    pub public_labels: Labels,
    /// The portals that it is in; none to leave them as they are.
    pub portals: Option<Vec<PortalId>>,
}

impl From<&Product> for ProductInput {
    fn from(product: &Product) -> Self {
        Self {
            name: product.name.clone(),
            description: product.description.clone(),
            labels: product.labels.clone(),
            public_labels: product.public_labels.clone(),
            portals: None,
        }
    }
}

fn check(input: ProductInput) -> Result<ProductInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, PRODUCT_NAME_MAX);
    let description = fields.text("description", &input.description, PRODUCT_DESCRIPTION_MAX);
    fields.labels("labels", &input.labels);
    fields.labels("public_labels", &input.public_labels);
    fields.finish()?;
    Ok(ProductInput { name, description, ..input })
}

/// Creates an API product. For admins.
pub async fn create(core: &Core, actor: Actor, input: ProductInput) -> Result<ProductId> {
    actor.require(Permission::MaintainProducts)?;
    let input = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    store::insert(&mut tx, id, &input, core.now()).await.taken("product_name_key", "name")?;
    set_portals(&mut tx, actor, id, &input).await?;
    audit::record(core, &mut tx, actor, None, "product.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a product, from what it is to what `decide` makes of that while nobody else changes it. For admins.
pub async fn update(core: &Core, actor: Actor, id: ProductId, decide: impl FnOnce(&Product) -> ProductInput) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, id).await?.or_not_found()?;
    let before = store::find(&mut tx, id).await?.or_not_found()?;
    let input = check(decide(&before))?;
    store::update(&mut tx, id, &input, core.now()).await.taken("product_name_key", "name")?;
    set_portals(&mut tx, actor, id, &input).await?;
    audit::record(core, &mut tx, actor, None, "product.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Leaves a product where it is, or puts it where somebody who may publish wants it.
async fn set_portals(connection: &mut PgConnection, actor: Actor, id: ProductId, input: &ProductInput) -> Result<()> {
    let Some(portals) = &input.portals else { return Ok(()) };
    if !store::is_in(connection, id, portals).await? {
        actor.require(Permission::Publish)?;
    }
    store::set_portals(connection, id, portals)
        .await
        .on_constraint("portal_product_portal_id_fkey", Problem::field("portals", Rule::MissingReference))
}

/// Deletes a product without versions. For admins.
pub async fn delete(core: &Core, actor: Actor, id: ProductId) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    let found =
        store::delete(&mut tx, id).await.on_constraint("version_product_id_fkey", Problem::Conflict(Conflict::ProductInUse))?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "product.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Puts products into a portal, or takes them and so all of their versions out of it; calls keep working. For admins.
///
/// # Errors
///
/// `NotFound` for a portal that is not there, `Invalid` for a product that is not.
pub async fn publish(core: &Core, actor: Actor, portal: PortalId, products: &[(ProductId, bool)]) -> Result<()> {
    actor.require(Permission::Publish)?;
    let mut tx = core.begin().await?;
    for (product, is_published) in products {
        if *is_published {
            store::add_to_portal(&mut tx, *product, portal)
                .await
                .on_constraint("portal_product_portal_id_fkey", Problem::NotFound)
                .on_constraint("portal_product_product_id_fkey", Problem::field("api_products", Rule::MissingReference))?;
        } else {
            store::remove_from_portal(&mut tx, *product, portal).await?;
        }
        let event = if *is_published { "product.published" } else { "product.unpublished" };
        audit::record(core, &mut tx, actor, Some(portal), event, Some(product.0)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Takes a product, and so all of its versions, out of a portal. Calls keep working. For admins.
pub async fn unpublish(core: &Core, actor: Actor, id: ProductId, portal: PortalId) -> Result<()> {
    actor.require(Permission::Publish)?;
    let mut tx = core.begin().await?;
    store::remove_from_portal(&mut tx, id, portal).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "product.unpublished", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The products. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Product>> {
    actor.require(Permission::ReadProducts)?;
    store::list(&core.pool, request).await
}

/// Some of the products, by [`ATTRIBUTES`]; or of those in one portal, by [`ATTRIBUTES_IN_PORTAL`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, portal: Option<PortalId>, listing: &Listing) -> Result<Listed<Product>> {
    actor.require(Permission::ReadProducts)?;
    store::list_by(&core.pool, portal, listing).await
}

/// One product. For admins.
pub async fn get(core: &Core, actor: Actor, id: ProductId) -> Result<Product> {
    actor.require(Permission::ReadProducts)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}
