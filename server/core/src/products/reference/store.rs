use super::{
    READER,
    detail::{Introduction, OperationDetail, Schema},
};
use crate::{Result, products::Specification};
use portico_model::{
    ids::VersionId,
    paging::{Page, PageRequest},
};
use sqlx::{FromRow, PgConnection, PgPool, Postgres, QueryBuilder, types::Json};
use std::collections::HashMap;
use time::OffsetDateTime;

/// One operation of an API, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Operation {
    /// Names its page.
    pub slug: String,
    /// In upper case.
    pub method: String,
    pub path: String,
    /// Empty where the document gives none, as the next two.
    pub operation_id: String,
    pub summary: String,
    pub tag: String,
    pub deprecated: bool,
}

/// An operation with all that its page shows.
#[derive(Clone, Debug)]
pub struct OperationPage {
    pub operation: Operation,
    pub detail: OperationDetail,
    /// The schemas near it, by slug. One that is not here has a page of its own.
    pub schemas: HashMap<String, NamedSchema>,
}

/// A schema with all that its page shows.
#[derive(Clone, Debug)]
pub struct SchemaPage {
    pub name: String,
    pub detail: Schema,
    pub schemas: HashMap<String, NamedSchema>,
}

#[derive(Clone, Debug)]
pub struct NamedSchema {
    pub name: String,
    pub detail: Schema,
}

#[derive(FromRow)]
struct DetailedOperation {
    #[sqlx(flatten)]
    operation: Operation,
    detail: Json<OperationDetail>,
    schema_slugs: Vec<String>,
}

/// Replaces what is stored of a version's specification.
pub(in crate::products) async fn put(
    connection: &mut PgConnection,
    version: VersionId,
    specification: &Specification,
) -> Result<()> {
    sqlx::query("update specification set introduction = $2, title = $3, description = $4 where version_id = $1")
        .bind(version)
        .bind(Json(&specification.introduction))
        .bind(&specification.title)
        .bind(&specification.description)
        .execute(&mut *connection)
        .await?;
    sqlx::query("delete from operation where version_id = $1").bind(version).execute(&mut *connection).await?;
    sqlx::query("delete from specification_schema where version_id = $1").bind(version).execute(&mut *connection).await?;
    insert_operations(connection, version, specification).await?;
    insert_schemas(connection, version, specification).await?;
    mark_read(connection, version).await
}

async fn insert_operations(connection: &mut PgConnection, version: VersionId, specification: &Specification) -> Result<()> {
    let column = |value: fn(&Operation) -> &String| {
        specification.operations.iter().map(|read| value(&read.operation).clone()).collect::<Vec<_>>()
    };
    let deprecated: Vec<bool> = specification.operations.iter().map(|read| read.operation.deprecated).collect();
    let details: Vec<_> = specification.operations.iter().map(|read| Json(&read.detail)).collect();
    // An array of arrays must be rectangular, so the slugs, which have no spaces, travel joined.
    let schema_slugs: Vec<String> = specification.operations.iter().map(|read| read.schemas.join(" ")).collect();
    sqlx::query(
        "insert into operation
             (version_id, position, slug, method, path, operation_id, summary, tag, deprecated, detail, schema_slugs)
         select $1, position, slug, method, path, operation_id, summary, tag, deprecated, detail,
             string_to_array(schema_slugs, ' ')
         from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[], $9::jsonb[],
                 $10::text[]) with ordinality
             as operation (slug, method, path, operation_id, summary, tag, deprecated, detail, schema_slugs, position)",
    )
    .bind(version)
    .bind(column(|operation| &operation.slug))
    .bind(column(|operation| &operation.method))
    .bind(column(|operation| &operation.path))
    .bind(column(|operation| &operation.operation_id))
    .bind(column(|operation| &operation.summary))
    .bind(column(|operation| &operation.tag))
    .bind(deprecated)
    .bind(details)
    .bind(schema_slugs)
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_schemas(connection: &mut PgConnection, version: VersionId, specification: &Specification) -> Result<()> {
    let schemas = &specification.schemas;
    sqlx::query(
        "insert into specification_schema (version_id, slug, name, detail, schema_slugs)
         select $1, slug, name, detail, string_to_array(schema_slugs, ' ')
         from unnest($2::text[], $3::text[], $4::jsonb[], $5::text[]) as schema (slug, name, detail, schema_slugs)",
    )
    .bind(version)
    .bind(schemas.iter().map(|schema| schema.slug.clone()).collect::<Vec<_>>())
    .bind(schemas.iter().map(|schema| schema.name.clone()).collect::<Vec<_>>())
    .bind(schemas.iter().map(|schema| Json(&schema.detail)).collect::<Vec<_>>())
    .bind(schemas.iter().map(|schema| schema.related.join(" ")).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn mark_read(connection: &mut PgConnection, version: VersionId) -> Result<()> {
    sqlx::query("update specification set reader = $2 where version_id = $1")
        .bind(version)
        .bind(READER)
        .execute(connection)
        .await?;
    Ok(())
}

/// A specification as it was uploaded.
#[derive(FromRow)]
pub(super) struct Stored {
    pub version_id: VersionId,
    pub content: String,
    pub uploaded_at: OffsetDateTime,
}

/// The next specification that an older reader cut, by the version's id.
pub(super) async fn cut_by_older_reader(pool: &PgPool, after: VersionId) -> Result<Option<Stored>> {
    let found = sqlx::query_as(
        "select version_id, content, uploaded_at from specification where reader < $1 and version_id > $2
         order by version_id limit 1",
    )
    .bind(READER)
    .bind(after)
    .fetch_optional(pool)
    .await?;
    Ok(found)
}

/// Locks a specification; whether it is still the one of this upload, and cut by an older reader.
pub(super) async fn lock_older(connection: &mut PgConnection, version: VersionId, uploaded_at: OffsetDateTime) -> Result<bool> {
    let found: Option<i32> =
        sqlx::query_scalar("select 1 from specification where version_id = $1 and uploaded_at = $2 and reader < $3 for update")
            .bind(version)
            .bind(uploaded_at)
            .bind(READER)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

pub(super) async fn introduction(pool: &PgPool, version: VersionId) -> Result<Option<Introduction>> {
    let found: Option<Json<Introduction>> = sqlx::query_scalar("select introduction from specification where version_id = $1")
        .bind(version)
        .fetch_optional(pool)
        .await?;
    Ok(found.map(|Json(introduction)| introduction))
}

pub(super) async fn operations(
    pool: &PgPool,
    version: VersionId,
    tag: Option<&str>,
    request: &PageRequest,
) -> Result<Page<Operation>> {
    let mut query = QueryBuilder::<Postgres>::new("select slug, method, path, operation_id, summary, tag, deprecated ");
    push_filter(&mut query, version, tag, request);
    query.push(" order by position limit ").push_bind(request.limit()).push(" offset ").push_bind(request.offset());
    let items = query.build_query_as().fetch_all(pool).await?;
    let mut count = QueryBuilder::<Postgres>::new("select count(*) ");
    push_filter(&mut count, version, tag, request);
    let total = count.build_query_scalar().fetch_one(pool).await?;
    Ok(request.page(items, total))
}

fn push_filter(query: &mut QueryBuilder<Postgres>, version: VersionId, tag: Option<&str>, request: &PageRequest) {
    query.push("from operation where version_id = ").push_bind(version);
    if let Some(tag) = tag {
        query.push(" and tag = ").push_bind(tag.to_owned());
    }
    if !request.search.is_empty() {
        let pattern = request.pattern();
        query.push(" and (path ilike ").push_bind(pattern.clone());
        query.push(" or summary ilike ").push_bind(pattern.clone());
        query.push(" or operation_id ilike ").push_bind(pattern).push(")");
    }
}

pub(super) async fn operation(pool: &PgPool, version: VersionId, slug: &str) -> Result<Option<OperationPage>> {
    let found: Option<DetailedOperation> = sqlx::query_as(
        "select slug, method, path, operation_id, summary, tag, deprecated, detail, schema_slugs
         from operation where version_id = $1 and slug = $2",
    )
    .bind(version)
    .bind(slug)
    .fetch_optional(pool)
    .await?;
    let Some(DetailedOperation { operation, detail: Json(detail), schema_slugs }) = found else { return Ok(None) };
    let schemas = schemas(pool, version, &schema_slugs).await?;
    Ok(Some(OperationPage { operation, detail, schemas }))
}

pub(super) async fn schema(pool: &PgPool, version: VersionId, slug: &str) -> Result<Option<SchemaPage>> {
    let found: Option<(String, Json<Schema>, Vec<String>)> =
        sqlx::query_as("select name, detail, schema_slugs from specification_schema where version_id = $1 and slug = $2")
            .bind(version)
            .bind(slug)
            .fetch_optional(pool)
            .await?;
    let Some((name, Json(detail), schema_slugs)) = found else { return Ok(None) };
    let schemas = schemas(pool, version, &schema_slugs).await?;
    Ok(Some(SchemaPage { name, detail, schemas }))
}

async fn schemas(pool: &PgPool, version: VersionId, slugs: &[String]) -> Result<HashMap<String, NamedSchema>> {
    let rows: Vec<(String, String, Json<Schema>)> =
        sqlx::query_as("select slug, name, detail from specification_schema where version_id = $1 and slug = any($2)")
            .bind(version)
            .bind(slugs)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|(slug, name, Json(detail))| (slug, NamedSchema { name, detail })).collect())
}
