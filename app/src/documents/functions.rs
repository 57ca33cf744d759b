//! What admins do to documents.

use crate::visit::{UiError, Visit, parse_id, parse_optional_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::documents::{self, Document, DocumentInput};
use portico_model::{
    ids::{DocumentId, ProductId},
    paths,
    states::PublishStatus,
};

pub const CREATE_DOCUMENT: &str = "/_fn/admin/create-document";
pub const UPDATE_DOCUMENT: &str = "/_fn/admin/update-document";
pub const MOVE_DOCUMENT_UP: &str = "/_fn/admin/move-document-up";
pub const DELETE_DOCUMENT: &str = "/_fn/admin/delete-document";

fn input(title: String, slug: String, parent: &str, published: bool, content: String) -> Result<DocumentInput, UiError> {
    let status = if published { PublishStatus::Published } else { PublishStatus::Unpublished };
    let parent = parse_optional_id("parent", parent)?;
    Ok(DocumentInput { slug, title, status, content, parent, metadata: serde_json::Map::new() })
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-document")]
pub async fn create_document(
    product: String,
    title: String,
    #[server(default)] slug: String,
    #[server(default)] parent: String,
    #[server(default)] published: bool,
    content: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let product: ProductId = parse_id("product", &product)?;
    let input = input(title, slug, &parent, published, content)?;
    let id = documents::create(&visit.core, visit.actor, product, input).await?;
    visit.leave_notice("The document is there.").await?;
    redirect(&paths::admin::document(product, id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/update-document")]
pub async fn update_document(
    product: String,
    document: String,
    title: String,
    slug: String,
    #[server(default)] parent: String,
    #[server(default)] published: bool,
    content: String,
) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let product: ProductId = parse_id("product", &product)?;
    let id: DocumentId = parse_id("document", &document)?;
    let input = input(title, slug, &parent, published, content)?;
    let decide = |before: &Document| DocumentInput { metadata: before.metadata.clone(), ..input };
    documents::update(&visit.core, visit.actor, product, id, decide).await?;
    visit.leave_notice("Saved.").await?;
    redirect(&paths::admin::document(product, id));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/move-document-up")]
pub async fn move_document_up(product: String, document: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let product: ProductId = parse_id("product", &product)?;
    documents::move_up(&visit.core, visit.actor, product, parse_id("document", &document)?).await?;
    visit.leave_notice("Moved.").await?;
    redirect(&paths::admin::product(product));
    Ok(())
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/delete-document")]
pub async fn delete_document(product: String, document: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let product: ProductId = parse_id("product", &product)?;
    documents::delete(&visit.core, visit.actor, product, parse_id("document", &document)?).await?;
    visit.leave_notice("The document is deleted.").await?;
    redirect(&paths::admin::product(product));
    Ok(())
}
