use super::DocumentInput;
use crate::{
    Result,
    listing::{Listed, Listing, Source},
};
use portico_model::{
    ids::{DocumentId, ProductId},
    states::PublishStatus,
};
use serde_json::{Map, Value};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use time::OffsetDateTime;

/// A document, whole.
#[derive(Clone, Debug, FromRow)]
pub struct Document {
    pub id: DocumentId,
    pub parent_document_id: Option<DocumentId>,
    pub slug: String,
    pub title: String,
    pub status: PublishStatus,
    pub content: String,
    #[sqlx(json)]
    pub metadata: Map<String, Value>,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A document in its tree.
#[derive(Clone, Debug, FromRow)]
pub struct TreeDocument {
    pub id: DocumentId,
    pub parent_document_id: Option<DocumentId>,
    pub slug: String,
    pub title: String,
    pub status: PublishStatus,
    #[sqlx(json)]
    pub metadata: Map<String, Value>,
    /// 0 for those that are filed under none.
    pub depth: i32,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A published document in its tree.
#[derive(Clone, Debug, FromRow)]
pub struct DocumentLink {
    pub slug: String,
    pub title: String,
    pub depth: i32,
}

const COLUMNS: &str = "select document.id, document.parent_document_id, document.slug, document.title, document.status,
        document.content, document.metadata, document.created_at, document.updated_at
    from document ";

/// The next position under a parent.
const NEXT_POSITION: &str = "(select coalesce(max(position), 0) + 1 from document
    where product_id = $2 and parent_document_id is not distinct from $3)";

pub(super) async fn insert(
    connection: &mut PgConnection,
    id: DocumentId,
    product: ProductId,
    document: &DocumentInput,
    now: OffsetDateTime,
) -> Result<()> {
    let mut query = QueryBuilder::<Postgres>::new(
        "insert into document
             (id, product_id, parent_document_id, slug, title, status, content, created_at, updated_at, metadata, position)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, ",
    );
    query.push(NEXT_POSITION).push(")");
    query
        .build()
        .bind(id)
        .bind(product)
        .bind(document.parent)
        .bind(&document.slug)
        .bind(&document.title)
        .bind(document.status)
        .bind(&document.content)
        .bind(now)
        .bind(Json(&document.metadata))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut PgConnection,
    product: ProductId,
    id: DocumentId,
    document: &DocumentInput,
    now: OffsetDateTime,
) -> Result<()> {
    let mut query = QueryBuilder::<Postgres>::new(
        "update document set slug = $4, title = $5, status = $6, content = $7, updated_at = $8, metadata = $9,
             parent_document_id = $3, position = case when parent_document_id is not distinct from $3 then position else ",
    );
    query.push(NEXT_POSITION).push(" end where id = $1 and product_id = $2");
    query
        .build()
        .bind(id)
        .bind(product)
        .bind(document.parent)
        .bind(&document.slug)
        .bind(&document.title)
        .bind(document.status)
        .bind(&document.content)
        .bind(now)
        .bind(Json(&document.metadata))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a document of the product can be filed under another: neither the same nor one of its own tree.
pub(super) async fn may_be_parent(
    connection: &mut PgConnection,
    product: ProductId,
    id: DocumentId,
    parent: DocumentId,
) -> Result<bool> {
    let may = sqlx::query_scalar(
        "with recursive above as (
             select id, parent_document_id from document where id = $3 and product_id = $1
             union
             select document.id, document.parent_document_id from document join above on document.id = above.parent_document_id
         )
         select exists (select from above) and not exists (select from above where id = $2)",
    )
    .bind(product)
    .bind(id)
    .bind(parent)
    .fetch_one(connection)
    .await?;
    Ok(may)
}

pub(super) async fn exists(connection: &mut PgConnection, product: ProductId, id: DocumentId) -> Result<bool> {
    let exists = sqlx::query_scalar("select exists (select from document where id = $1 and product_id = $2)")
        .bind(id)
        .bind(product)
        .fetch_one(connection)
        .await?;
    Ok(exists)
}

pub(super) async fn move_up(connection: &mut PgConnection, id: DocumentId) -> Result<()> {
    sqlx::query(
        "with moved as (select * from document where id = $1),
              before as (
                  select document.id, document.position from document, moved
                  where document.product_id = moved.product_id and document.position < moved.position
                      and document.parent_document_id is not distinct from moved.parent_document_id
                  order by document.position desc limit 1
              )
         update document set position = case when document.id = moved.id then before.position else moved.position end
         from moved, before where document.id in (moved.id, before.id)",
    )
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete(connection: &mut PgConnection, id: DocumentId) -> Result<()> {
    sqlx::query(
        "with gone as (select * from document where id = $1),
              last as (
                  select coalesce(max(document.position), 0) as position from document, gone
                  where document.product_id = gone.product_id
                      and document.parent_document_id is not distinct from gone.parent_document_id
              )
         update document set parent_document_id = gone.parent_document_id, position = last.position + document.position
         from gone, last where document.parent_document_id = gone.id",
    )
    .bind(id)
    .execute(&mut *connection)
    .await?;
    sqlx::query("delete from document where id = $1").bind(id).execute(connection).await?;
    Ok(())
}

pub(super) async fn tree(pool: &PgPool, product: ProductId) -> Result<Vec<TreeDocument>> {
    let tree = sqlx::query_as(
        "with recursive tree as (
             select id, parent_document_id, slug, title, status, metadata, created_at, updated_at, 0 as depth,
                 array[position] as path
             from document where product_id = $1 and parent_document_id is null
             union all
             select document.id, document.parent_document_id, document.slug, document.title, document.status,
                 document.metadata, document.created_at, document.updated_at, depth + 1, path || document.position
             from document join tree on document.parent_document_id = tree.id
         )
         select id, parent_document_id, slug, title, status, metadata, depth, created_at, updated_at from tree order by path limit 1000",
    )
    .bind(product)
    .fetch_all(pool)
    .await?;
    Ok(tree)
}

pub(super) async fn find(connection: &mut PgConnection, product: ProductId, id: DocumentId) -> Result<Option<Document>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push("where id = ").push_bind(id).push(" and product_id = ").push_bind(product);
    Ok(query.build_query_as().fetch_optional(connection).await?)
}

pub(super) async fn list(pool: &PgPool, product: ProductId, listing: &Listing) -> Result<Listed<Document>> {
    let source = Source { select: COLUMNS, table: "document" };
    listing.fetch(pool, source, |query| _ = query.push(" where document.product_id = ").push_bind(product)).await
}

pub(super) async fn published(pool: &PgPool, product: ProductId) -> Result<Vec<DocumentLink>> {
    let links = sqlx::query_as(
        "with recursive tree as (
             select id, slug, title, 0 as depth, array[position] as path
             from document where product_id = $1 and parent_document_id is null and status = 'published'
             union all
             select document.id, document.slug, document.title, depth + 1, path || document.position
             from document join tree on document.parent_document_id = tree.id
             where document.status = 'published'
         )
         select slug, title, depth from tree order by path limit 1000",
    )
    .bind(product)
    .fetch_all(pool)
    .await?;
    Ok(links)
}

pub(super) async fn find_published(pool: &PgPool, product: ProductId, slug: &str) -> Result<Option<Document>> {
    let document = sqlx::query_as(
        "with recursive above as (
             select id, parent_document_id, status from document where product_id = $1 and lower(slug) = lower($2)
             union
             select document.id, document.parent_document_id, document.status
             from document join above on document.id = above.parent_document_id
         )
         select id, parent_document_id, slug, title, status, content, metadata, created_at, updated_at from document
         where product_id = $1 and lower(slug) = lower($2)
             and not exists (select from above where status <> 'published')",
    )
    .bind(product)
    .bind(slug)
    .fetch_optional(pool)
    .await?;
    Ok(document)
}
