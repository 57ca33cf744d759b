use crate::{
    Result,
    products::{Specification, reference},
};
use portico_model::ids::{SpecificationId, VersionId};
use sqlx::{FromRow, PgConnection, PgPool};
use time::OffsetDateTime;

/// A version's specification, as it was uploaded.
#[derive(Clone, Debug, FromRow)]
pub struct UploadedSpecification {
    pub id: SpecificationId,
    pub name: String,
    pub content: String,
    pub created_at: OffsetDateTime,
    pub uploaded_at: OffsetDateTime,
}

pub(super) async fn find(pool: &PgPool, version: VersionId) -> Result<Option<UploadedSpecification>> {
    let found = sqlx::query_as("select id, name, content, created_at, uploaded_at from specification where version_id = $1")
        .bind(version)
        .fetch_optional(pool)
        .await?;
    Ok(found)
}

/// Finds and locks, so that two changes at once come one after the other.
pub(super) async fn lock(connection: &mut PgConnection, version: VersionId) -> Result<Option<UploadedSpecification>> {
    let locked =
        sqlx::query_as("select id, name, content, created_at, uploaded_at from specification where version_id = $1 for update")
            .bind(version)
            .fetch_optional(connection)
            .await?;
    Ok(locked)
}

pub(super) async fn delete(connection: &mut PgConnection, version: VersionId) -> Result<bool> {
    let done = sqlx::query("delete from specification where version_id = $1").bind(version).execute(connection).await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn rename(connection: &mut PgConnection, version: VersionId, name: &str, now: OffsetDateTime) -> Result<()> {
    sqlx::query("update specification set name = $2, uploaded_at = $3 where version_id = $1")
        .bind(version)
        .bind(name)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a specification in place of the one that is there.
pub(super) async fn put(
    connection: &mut PgConnection,
    version: VersionId,
    uploaded: &UploadedSpecification,
    specification: &Specification,
) -> Result<()> {
    delete(connection, version).await?;
    sqlx::query(
        "insert into specification (id, version_id, name, content, title, description, created_at, uploaded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(uploaded.id)
    .bind(version)
    .bind(&uploaded.name)
    .bind(&specification.content)
    .bind(&specification.title)
    .bind(&specification.description)
    .bind(uploaded.created_at)
    .bind(uploaded.uploaded_at)
    .execute(&mut *connection)
    .await?;
    reference::store::put(connection, version, specification).await
}
