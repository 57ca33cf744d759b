//! Full-text search over products, versions, operations and documents: only what this reader may see.

use crate::{Actor, Core, Result, paging, portals::Portal};
use portico_model::{
    ids::{ProductId, VersionId},
    paging::{COUNTED_MAX, Page, PageRequest},
};
use sqlx::{FromRow, PgPool};

/// Around what was found in a snippet; no text has these characters.
pub const MATCH_BEGINS: char = '\u{e000}';
pub const MATCH_ENDS: char = '\u{e001}';

/// What kind of thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FoundKind {
    Product,
    Version,
    Operation,
    Document,
}

/// Something that matches.
#[derive(Clone, Debug, FromRow)]
pub struct Found {
    pub kind: FoundKind,
    pub product_id: ProductId,
    pub product_name: String,
    /// Of versions and operations.
    pub version_id: Option<VersionId>,
    pub version_name: Option<String>,
    /// Of operations and documents.
    pub slug: Option<String>,
    pub title: String,
    /// A piece of the text, with [`MATCH_BEGINS`] and [`MATCH_ENDS`] around what was looked for.
    pub snippet: String,
}

/// What matches every word of the search, best first; a word matches what begins with it. For readers of the portal.
pub async fn search(core: &Core, actor: Actor, portal: &Portal, request: &PageRequest) -> Result<Page<Found>> {
    actor.require_reader(portal.id, portal.is_public)?;
    find(&core.pool, actor, portal, &paging::words(&request.search), request).await
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    found: Found,
    total: i64,
}

async fn find(pool: &PgPool, actor: Actor, portal: &Portal, query: &str, request: &PageRequest) -> Result<Page<Found>> {
    let rows: Vec<Row> = sqlx::query_as(
        "with recursive query as (select to_tsquery('english', $2) as query),
         visible as materialized (
             select version.id as version_id, version.name as version_name, product.id as product_id, product.name as product_name
             from publication
             join portal on portal.id = publication.portal_id
             join version on version.id = publication.version_id
             join product on product.id = version.product_id
             join portal_product on portal_product.portal_id = publication.portal_id
                 and portal_product.product_id = product.id
             where publication.portal_id = $1 and publication.publish_status = 'published'
                 and may_see_product($8, portal, product.id)
         ),
         readable as (
             select id, product_id from document
             where parent_document_id is null and status = 'published' and product_id in (select product_id from visible)
             union all
             select document.id, document.product_id from document join readable on document.parent_document_id = readable.id
             where document.status = 'published'
         ),
         found as (
             select 'product' as kind, product.id as product_id, product.name as product_name, null::uuid as version_id,
                 null as version_name, null as slug, null::uuid as document_id, product.name as title, product.description as text,
                 2 * ts_rank(product.search, query) as rank
             from query, product where product.search @@ query and product.id in (select product_id from visible)
             union all
             select 'version', visible.product_id, product_name, version_id, version_name, null, null,
                 product_name || ' ' || version_name, '', ts_rank(version.search, query)
             from query, visible join version on version.id = visible.version_id where version.search @@ query
             union all
             select 'operation', visible.product_id, product_name, visible.version_id, version_name, operation.slug, null,
                 operation.method || ' ' || operation.path, operation.summary, ts_rank(operation.search, query)
             from query, visible join operation on operation.version_id = visible.version_id where operation.search @@ query
             union all
             select 'document', product.id, product.name, null, null, document.slug, document.id, document.title, '',
                 1.5 * ts_rank(document.search, query)
             from query, readable join document on document.id = readable.id join product on product.id = document.product_id
             where document.search @@ query
         ),
         page as (
             select *, least(count(*) over (), $7) as total from found
             order by rank desc, title, version_id, document_id limit $3 offset $4
         )
         select kind, page.product_id, product_name, version_id, version_name, page.slug, page.title, total,
             ts_headline('english', left(coalesce(document.content, page.text), 20000), query.query,
                 format('StartSel=%s, StopSel=%s, MaxWords=24, MinWords=12', $5, $6)) as snippet
         from query, page left join document on document.id = page.document_id
         order by rank desc, page.title, version_id, document_id",
    )
    .bind(portal.id)
    .bind(query)
    .bind(request.limit())
    .bind(request.offset())
    .bind(MATCH_BEGINS.to_string())
    .bind(MATCH_ENDS.to_string())
    .bind(COUNTED_MAX + 1)
    .bind(actor.id())
    .fetch_all(pool)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok(request.page(rows.into_iter().map(|row| row.found).collect(), total))
}
