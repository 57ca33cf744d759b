//! Specifications: one of each version, as it was uploaded.

pub mod store;

pub use store::UploadedSpecification;

use super::Specification;
use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    access::Permission,
    ids::{SpecificationId, VersionId},
    problem::{Conflict, Problem, Rule},
    text::{Fields, NAME_MAX},
};
use sqlx::PgConnection;

/// How the name of a file says what is in it.
const EXTENSIONS: [&str; 3] = [".yaml", ".yml", ".json"];

/// What somebody changes of a specification; none to leave it.
#[derive(Clone, Debug, Default)]
pub struct SpecificationChange {
    /// Of the file; made from the content's form where empty.
    pub name: Option<String>,
    /// OpenAPI or Swagger, in JSON or YAML.
    pub content: Option<String>,
}

/// Sets a version's specification, replacing the one it had. For admins.
pub async fn put(core: &Core, actor: Actor, version: VersionId, name: &str, content: String) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let read = read(content).await?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, version).await?;
    save(core, &mut tx, actor, version, before, name, read).await?;
    tx.commit().await?;
    Ok(())
}

/// Gives a version its specification. For admins.
///
/// # Errors
///
/// `Invalid`; `Conflict` with `SpecificationExists` for a version that has one.
pub async fn create(core: &Core, actor: Actor, version: VersionId, name: &str, content: String) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let read = read(content).await?;
    let mut tx = core.begin().await?;
    if store::lock(&mut tx, version).await?.is_some() {
        return Err(Problem::Conflict(Conflict::SpecificationExists).into());
    }
    save(core, &mut tx, actor, version, None, name, read).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes a version's specification. For admins.
pub async fn update(
    core: &Core,
    actor: Actor,
    version: VersionId,
    id: SpecificationId,
    change: SpecificationChange,
) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let read = match change.content {
        Some(content) => Some(read(content).await?),
        None => None,
    };
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, version).await?.filter(|found| found.id == id).or_not_found()?;
    let name = change.name.unwrap_or_else(|| before.name.clone());
    match read {
        Some(read) => save(core, &mut tx, actor, version, Some(before), &name, read).await?,
        None => {
            let name = file_name(&name, &before.name)?;
            store::rename(&mut tx, version, &name, core.now()).await?;
            audit::record(core, &mut tx, actor, None, "specification.renamed", Some(version.0)).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// A name that can be one of a file on every system, and says what is in it; the other one where none is given.
fn file_name(name: &str, other: &str) -> Result<String> {
    let mut fields = Fields::new();
    let name = fields.optional_line("file", name, NAME_MAX);
    if name.starts_with('.') || name.contains(['/', '\\']) {
        fields.reject("file", Rule::FileName);
    }
    fields.finish()?;
    let extension = other.rsplit_once('.').map_or("yaml", |(_, extension)| extension);
    Ok(match name.as_str() {
        "" => other.to_owned(),
        named if EXTENSIONS.iter().any(|known| named.ends_with(known)) => name,
        _ => format!("{name}.{extension}"),
    })
}

/// A large document takes a while to read; the other requests on this thread need not wait for it.
async fn read(content: String) -> Result<Specification> {
    Ok(tokio::task::spawn_blocking(move || Specification::read(content)).await.map_err(anyhow::Error::from)??)
}

async fn save(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    version: VersionId,
    before: Option<UploadedSpecification>,
    name: &str,
    read: Specification,
) -> Result<()> {
    let now = core.now();
    let uploaded = UploadedSpecification {
        id: before.as_ref().map_or_else(|| core.new_id(), |before| before.id),
        name: file_name(name, &read.default_name())?,
        content: String::new(),
        created_at: before.map_or(now, |before| before.created_at),
        uploaded_at: now,
    };
    store::put(connection, version, &uploaded, &read)
        .await
        .on_constraint("specification_version_id_fkey", Problem::NotFound)
        .on_constraint("specification_pkey", Problem::Conflict(Conflict::SpecificationExists))?;
    audit::record(core, connection, actor, None, "specification.uploaded", Some(version.0)).await
}

/// Removes a version's specification. For admins.
pub async fn delete(core: &Core, actor: Actor, version: VersionId, id: SpecificationId) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    store::lock(&mut tx, version).await?.filter(|found| found.id == id).or_not_found()?;
    store::delete(&mut tx, version).await?;
    audit::record(core, &mut tx, actor, None, "specification.deleted", Some(version.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// A version's specification, if it has one. For admins.
pub async fn of_version(core: &Core, actor: Actor, version: VersionId) -> Result<Option<UploadedSpecification>> {
    actor.require(Permission::ReadProducts)?;
    store::find(&core.pool, version).await
}
