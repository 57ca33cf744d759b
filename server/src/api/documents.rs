//! `/api-products/{apiProductId}/documents`.

use super::{
    Answer, Call, PageMeta, PageOf, PaginatedMeta,
    body::{Body, change},
    created, no_content,
    openapi::{ListQuery, Listable},
    page,
    problem::Refusal,
};
use crate::pages::Pages;
use axum::{
    Json,
    http::{HeaderValue, header},
    response::IntoResponse,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use portico_core::{
    documents::{self, Document, DocumentInput, TreeDocument, nodes},
    listing::Attribute,
    products,
};
use portico_model::{
    ids::{DocumentId, ProductId},
    states::PublishStatus,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::{OffsetDateTime, serde::rfc3339};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Asks for the list as a tree.
const TREE: &str = "application/vnd.konnect.document-tree+json";
/// The contract's names for what `core` calls otherwise.
const NAMES: [(&str, &str); 1] = [("parent", "parent_document_id")];

pub fn router() -> OpenApiRouter<Pages> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, update, remove))
}

struct DocumentList;

impl Listable for DocumentList {
    const ATTRIBUTES: &'static [Attribute] = &[];
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentSummary {
    id: DocumentId,
    parent_document_id: Option<DocumentId>,
    slug: String,
    title: String,
    status: PublishStatus,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl From<Document> for DocumentSummary {
    fn from(document: Document) -> Self {
        Self {
            id: document.id,
            parent_document_id: document.parent_document_id,
            slug: document.slug,
            title: document.title,
            status: document.status,
            created_at: document.created_at,
            updated_at: document.updated_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WholeDocument {
    id: DocumentId,
    parent_document_id: Option<DocumentId>,
    slug: String,
    title: String,
    status: PublishStatus,
    metadata: Map<String, Value>,
    /// Markdown.
    content: String,
    /// The content as a tree of nodes.
    ast: Vec<Value>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

/// A document, with those that are filed under it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentTree {
    id: DocumentId,
    parent_document_id: Option<DocumentId>,
    slug: String,
    title: String,
    status: PublishStatus,
    metadata: Map<String, Value>,
    #[schema(no_recursion)]
    children: Vec<DocumentTree>,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    updated_at: OffsetDateTime,
}

impl DocumentTree {
    /// Those filed under a document, or under none.
    fn under(parent: Option<DocumentId>, all: &[TreeDocument]) -> Vec<Self> {
        let own = all.iter().filter(|document| document.parent_document_id == parent);
        own.map(|document| Self {
            id: document.id,
            parent_document_id: document.parent_document_id,
            slug: document.slug.clone(),
            title: document.title.clone(),
            status: document.status,
            metadata: document.metadata.clone(),
            children: Self::under(Some(document.id), all),
            created_at: document.created_at,
            updated_at: document.updated_at,
        })
        .collect()
    }
}

/// The product of the path.
async fn product(call: &Call) -> Result<ProductId, Refusal> {
    Ok(products::get(&call.core, call.actor, call.id("apiProductId")?).await?.id)
}

async fn answer(call: &Call, product: ProductId, id: DocumentId) -> Result<WholeDocument, Refusal> {
    let document = documents::get(&call.core, call.actor, product, id).await?;
    Ok(WholeDocument {
        ast: nodes::of(&document.content),
        id: document.id,
        parent_document_id: document.parent_document_id,
        slug: document.slug,
        title: document.title,
        status: document.status,
        metadata: document.metadata,
        content: document.content,
        created_at: document.created_at,
        updated_at: document.updated_at,
    })
}

fn named(error: portico_core::Error) -> Refusal {
    Refusal::from(error).renamed(&NAMES).taken_is_conflict()
}

/// Markdown may come in base64; what is no text in it is taken as it stands.
fn decoded(content: String) -> String {
    let text = STANDARD.decode(content.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let is_text = |text: &String| !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    text.filter(is_text).unwrap_or(content)
}

/// The documents of an API product: some of them, or all as a tree. For admins.
#[utoipa::path(get, path = "/api-products/{apiProductId}/documents", operation_id = "get-many-api-product-document",
    tag = "documents", params(ListQuery<DocumentList>), responses((status = 200, description = "Some of the documents",
        content((PageOf<DocumentSummary> = "application/json"), (PageOf<DocumentTree> = "application/vnd.konnect.document-tree+json")))))]
async fn list(call: Call) -> Answer {
    let listing = call.listing::<DocumentList>()?;
    let product = product(&call).await?;
    if !call.accepts(TREE) {
        let listed = documents::list(&call.core, call.actor, product, &listing).await?;
        return Ok(page(&listing, listed, DocumentSummary::from));
    }
    let all = documents::tree(&call.core, call.actor, product).await?;
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let meta = PaginatedMeta { page: PageMeta { number: 1, size: count, total: count.into() } };
    let mut response = Json(PageOf { data: DocumentTree::under(None, &all), meta }).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TREE));
    Ok(response)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateDocument {
    slug: String,
    title: String,
    status: PublishStatus,
    /// Markdown, as it is or in base64.
    #[serde(default)]
    content: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    parent_document_id: Option<DocumentId>,
}

/// Creates a document, after those that are there. For admins; recorded as `document.created`.
#[utoipa::path(post, path = "/api-products/{apiProductId}/documents", operation_id = "create-api-product-document",
    tag = "documents", request_body = CreateDocument, responses((status = 201, description = "The document", body = WholeDocument),
        (status = 409, description = "The product has a document with this slug")))]
async fn create(call: Call, Body(body): Body<CreateDocument>) -> Answer {
    let product = product(&call).await?;
    let input = DocumentInput {
        slug: body.slug,
        title: body.title,
        status: body.status,
        content: decoded(body.content),
        parent: body.parent_document_id,
        metadata: body.metadata,
    };
    let id = documents::create(&call.core, call.actor, product, input).await.map_err(named)?;
    Ok(created(answer(&call, product, id).await?))
}

/// One document of an API product. For admins.
#[utoipa::path(get, path = "/api-products/{apiProductId}/documents/{id}", operation_id = "get-api-product-document",
    tag = "documents", responses((status = 200, description = "The document", body = WholeDocument)))]
async fn show(call: Call) -> Answer {
    Ok(Json(answer(&call, product(&call).await?, call.id("id")?).await?).into_response())
}

change! {
    UpdateDocument {
        slug: String,
        title: String,
        status: PublishStatus,
        /// Markdown, as it is or in base64.
        content: String,
        metadata: Map<String, Value>,
    } nullable {
        parent_document_id: DocumentId,
    }
}

/// Changes what is named of a document. For admins; recorded as `document.updated`.
#[utoipa::path(patch, path = "/api-products/{apiProductId}/documents/{id}", operation_id = "update-api-product-document",
    tag = "documents", request_body = UpdateDocument, responses((status = 200, description = "The document", body = WholeDocument),
        (status = 409, description = "The product has a document with this slug")))]
async fn update(call: Call, Body(body): Body<UpdateDocument>) -> Answer {
    let (product, id) = (product(&call).await?, call.id("id")?);
    let decide = |document: &Document| {
        let before = DocumentInput::from(document);
        DocumentInput {
            slug: body.slug.unwrap_or(before.slug),
            title: body.title.unwrap_or(before.title),
            status: body.status.unwrap_or(before.status),
            content: body.content.map_or(before.content, decoded),
            parent: body.parent_document_id.unwrap_or(before.parent),
            metadata: body.metadata.unwrap_or(before.metadata),
        }
    };
    documents::update(&call.core, call.actor, product, id, decide).await.map_err(named)?;
    Ok(Json(answer(&call, product, id).await?).into_response())
}

/// Deletes a document; those filed under it move up. For admins; recorded as `document.deleted`.
#[utoipa::path(delete, path = "/api-products/{apiProductId}/documents/{id}", operation_id = "delete-api-product-document",
    tag = "documents", responses((status = 204, description = "Deleted")))]
async fn remove(call: Call) -> Answer {
    documents::delete(&call.core, call.actor, product(&call).await?, call.id("id")?).await?;
    no_content()
}
