//! Documents: the markdown pages of a product, in a tree.

pub mod nodes;
pub mod store;

pub use store::{Document, DocumentLink, TreeDocument};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    products::{self, catalogue::CatalogueVersion},
};
use portico_model::{
    access::Permission,
    ids::{DocumentId, ProductId},
    problem::{Problem, Rule},
    states::PublishStatus,
    text::{Fields, NAME_MAX},
};
use serde_json::{Map, Value};
use sqlx::PgConnection;

/// Longest slug, in characters.
pub const SLUG_MAX: usize = 80;
/// Longest content, in characters.
pub const CONTENT_MAX: usize = 200_000;
/// Largest metadata, in bytes of JSON.
const METADATA_MAX: usize = 16 * 1024;

/// What an admin writes.
#[derive(Clone, Debug)]
pub struct DocumentInput {
    /// Part of its address; made from the title when empty.
    pub slug: String,
    pub title: String,
    pub status: PublishStatus,
    /// Markdown.
    pub content: String,
    /// The document that it is filed under.
    pub parent: Option<DocumentId>,
    /// What programs keep with it.
    pub metadata: Map<String, Value>,
}

impl From<&Document> for DocumentInput {
    fn from(document: &Document) -> Self {
        Self {
            slug: document.slug.clone(),
            title: document.title.clone(),
            status: document.status,
            content: document.content.clone(),
            parent: document.parent_document_id,
            metadata: document.metadata.clone(),
        }
    }
}

fn check(input: DocumentInput) -> Result<DocumentInput> {
    let mut fields = Fields::new();
    let title = fields.line("title", &input.title, NAME_MAX);
    let slug = if input.slug.trim().is_empty() { slug_of(&title) } else { input.slug };
    let slug = fields.line("slug", &slug, SLUG_MAX);
    if !slug.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        fields.reject("slug", Rule::DocumentSlug);
    }
    let content = fields.text("content", &input.content, CONTENT_MAX);
    if serde_json::to_string(&input.metadata).map_err(anyhow::Error::from)?.len() > METADATA_MAX {
        fields.reject("metadata", Rule::TooLarge(METADATA_MAX));
    }
    fields.finish()?;
    Ok(DocumentInput { slug, title, content, ..input })
}

/// Words of a title in lower case with hyphens between them.
fn slug_of(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").chars().take(SLUG_MAX).collect()
}

/// Creates a document, after those that are there. For admins.
pub async fn create(core: &Core, actor: Actor, product: ProductId, input: DocumentInput) -> Result<DocumentId> {
    actor.require(Permission::MaintainProducts)?;
    let input = check(input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    products::store::lock(&mut tx, product).await?.or_not_found()?;
    check_parent(&mut tx, product, id, input.parent).await?;
    store::insert(&mut tx, id, product, &input, core.now()).await.taken("document_slug_per_product_key", "slug")?;
    audit::record(core, &mut tx, actor, None, "document.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a document, from what it is to what `decide` makes of that while nobody else changes it; filed under another
/// one, it comes after those that are there. For admins.
pub async fn update(
    core: &Core,
    actor: Actor,
    product: ProductId,
    id: DocumentId,
    decide: impl FnOnce(&Document) -> DocumentInput,
) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    products::store::lock(&mut tx, product).await?.or_not_found()?;
    let before = store::find(&mut tx, product, id).await?.or_not_found()?;
    let input = check(decide(&before))?;
    check_parent(&mut tx, product, id, input.parent).await?;
    store::update(&mut tx, product, id, &input, core.now()).await.taken("document_slug_per_product_key", "slug")?;
    audit::record(core, &mut tx, actor, None, "document.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// A parent must be a document of the same product that is not filed under this one. The product is locked, so
/// that two moves at once cannot make a circle.
async fn check_parent(
    connection: &mut PgConnection,
    product: ProductId,
    id: DocumentId,
    parent: Option<DocumentId>,
) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    if store::may_be_parent(connection, product, id, parent).await? {
        Ok(())
    } else {
        Err(Problem::field("parent", Rule::NotOffered).into())
    }
}

/// Moves a document before the one that it comes after; the first stays. For admins.
pub async fn move_up(core: &Core, actor: Actor, product: ProductId, id: DocumentId) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    products::store::lock(&mut tx, product).await?.or_not_found()?;
    store::exists(&mut tx, product, id).await?.then_some(()).or_not_found()?;
    store::move_up(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, None, "document.moved", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a document; those filed under it move up to where it was filed. For admins.
pub async fn delete(core: &Core, actor: Actor, product: ProductId, id: DocumentId) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    products::store::lock(&mut tx, product).await?.or_not_found()?;
    store::exists(&mut tx, product, id).await?.then_some(()).or_not_found()?;
    store::delete(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, None, "document.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The tree of a product, parents before their children. For admins.
pub async fn tree(core: &Core, actor: Actor, product: ProductId) -> Result<Vec<TreeDocument>> {
    actor.require(Permission::ReadProducts)?;
    store::tree(&core.pool, product).await
}

/// Some of the documents of a product. For admins.
pub async fn list(core: &Core, actor: Actor, product: ProductId, listing: &Listing) -> Result<Listed<Document>> {
    actor.require(Permission::ReadProducts)?;
    store::list(&core.pool, product, listing).await
}

/// One document. For admins.
pub async fn get(core: &Core, actor: Actor, product: ProductId, id: DocumentId) -> Result<Document> {
    actor.require(Permission::ReadProducts)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, product, id).await?.or_not_found()
}

/// The published documents of a version's product, parents before their children; what is filed under an
/// unpublished one is not published either. For whoever may see the version.
pub async fn published(core: &Core, version: &CatalogueVersion) -> Result<Vec<DocumentLink>> {
    store::published(&core.pool, version.product_id).await
}

/// One published document. For whoever may see the version.
pub async fn read(core: &Core, version: &CatalogueVersion, slug: &str) -> Result<Document> {
    store::find_published(&core.pool, version.product_id, slug).await?.or_not_found()
}
