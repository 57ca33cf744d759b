//! The API reference: what readers learn of a version's operations and schemas.
//!
//! A specification is cut into stored details when it is uploaded, so no page parses one, and a page reads only what
//! it shows.

pub mod detail;
pub(super) mod json;
pub mod read;
pub mod schemas;
mod slugs;
pub mod store;

pub use detail::{Introduction, OperationDetail, OperationTag, Schema};
pub use slugs::Slugs;
pub use store::{NamedSchema, Operation, OperationPage, SchemaPage};

use super::{Specification, catalogue::CatalogueVersion};
use crate::{Core, Result, error::OrNotFound};
use portico_model::{
    ids::VersionId,
    paging::{Page, PageRequest},
};

/// Which way of cutting the stored details are of. Count on when [`read`] or [`detail`] change their meaning:
/// the next start cuts every specification anew.
pub const READER: i32 = 2;

/// Operations on a page.
pub const OPERATIONS_PAGE_SIZE: u32 = 100;

/// What the specification says of the whole API; `None` without a specification. For whoever may see the version.
pub async fn introduction(core: &Core, version: &CatalogueVersion) -> Result<Option<Introduction>> {
    store::introduction(&core.pool, version.id).await
}

/// The operations of a version, in the document's order, of one tag or of all; the search looks at path, summary
/// and operation id. For whoever may see the version.
pub async fn operations(
    core: &Core,
    version: &CatalogueVersion,
    tag: Option<&str>,
    request: &PageRequest,
) -> Result<Page<Operation>> {
    let request = PageRequest { size: OPERATIONS_PAGE_SIZE, ..request.clone() };
    store::operations(&core.pool, version.id, tag, &request).await
}

/// One operation with all that its page shows. For whoever may see the version.
pub async fn operation(core: &Core, version: &CatalogueVersion, slug: &str) -> Result<OperationPage> {
    store::operation(&core.pool, version.id, slug).await?.or_not_found()
}

/// One schema with those that its page shows. For whoever may see the version.
pub async fn schema(core: &Core, version: &CatalogueVersion, slug: &str) -> Result<SchemaPage> {
    store::schema(&core.pool, version.id, slug).await?.or_not_found()
}

/// Cuts again what an older reader cut. Any number of processes may do this.
pub async fn cut_anew(core: &Core) -> Result<()> {
    let mut last = VersionId(uuid::Uuid::nil());
    while let Some(stored) = store::cut_by_older_reader(&core.pool, last).await? {
        last = stored.version_id;
        if let Err(error) = cut_one_anew(core, stored).await {
            // The next start tries again; the others need not wait for it.
            tracing::error!(version = %last, ?error, "a stored specification could not be cut anew");
        }
    }
    Ok(())
}

async fn cut_one_anew(core: &Core, stored: store::Stored) -> Result<()> {
    let store::Stored { version_id: version, content, uploaded_at } = stored;
    let read = tokio::task::spawn_blocking(move || Specification::read(content)).await.map_err(anyhow::Error::from)?;
    let mut tx = core.begin().await?;
    if !store::lock_older(&mut tx, version, uploaded_at).await? {
        return Ok(());
    }
    match read {
        Ok(specification) => store::put(&mut tx, version, &specification).await?,
        // It was fine for the older reader. Readers see its title and can fetch it as it is.
        Err(problem) => {
            tracing::error!(%version, ?problem, "a stored specification cannot be read any more");
            store::mark_read(&mut tx, version).await?;
        }
    }
    Ok(tx.commit().await?)
}
