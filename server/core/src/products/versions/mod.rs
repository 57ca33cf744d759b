//! Versions of API products: what a gateway service serves, and what portals publish.

pub mod store;

pub use store::{ATTRIBUTES, Version};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    publications::{self, PublicationChange},
};
use portico_model::{
    access::Permission,
    ids::{GatewayServiceId, ProductId, VersionId},
    labels::Labels,
    problem::{Conflict, Problem, Rule},
    states::PublishStatus,
    text::{Fields, NAME_MAX},
};
use sqlx::PgConnection;

/// What an admin decides about a version.
#[derive(Clone, Debug, Default)]
pub struct VersionInput {
    pub name: String,
    pub labels: Labels,
    /// What serves it; without one nobody can call it.
    pub gateway_service: Option<GatewayServiceId>,
    /// What becomes of it in every portal.
    pub everywhere: Everywhere,
}

/// What is decided about all publications of a version at once; none to leave it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Everywhere {
    /// When published, in every portal that its product is in. Where it was not before, it is closed until a strategy is
    /// chosen.
    pub publish_status: Option<PublishStatus>,
    pub deprecated: Option<bool>,
    /// Whether to mail the developers who are registered, when the version becomes deprecated and is visible.
    pub notify_developers: bool,
}

impl From<&str> for VersionInput {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl From<&Version> for VersionInput {
    fn from(version: &Version) -> Self {
        Self {
            name: version.name.clone(),
            labels: version.labels.clone(),
            gateway_service: version.gateway_service_id,
            everywhere: Everywhere::default(),
        }
    }
}

fn check(input: VersionInput) -> Result<VersionInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    fields.labels("labels", &input.labels);
    fields.finish()?;
    Ok(VersionInput { name, ..input })
}

fn named<T>(result: Result<T>) -> Result<T> {
    result
        .taken("version_name_per_product_key", "name")
        .taken("version_gateway_service_id_key", "gateway_service")
        .on_constraint("version_gateway_service_id_fkey", Problem::field("gateway_service", Rule::NotOffered))
}

/// Creates a version of a product. For admins.
pub async fn create(core: &Core, actor: Actor, product: ProductId, input: impl Into<VersionInput>) -> Result<VersionId> {
    actor.require(Permission::MaintainProducts)?;
    let input = check(input.into())?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    named(store::insert(&mut tx, id, product, &input, core.now()).await)
        .on_constraint("version_product_id_fkey", Problem::NotFound)?;
    audit::record(core, &mut tx, actor, None, "version.created", Some(id.0)).await?;
    decide_everywhere(core, &mut tx, actor, id, input.everywhere).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a version, from what it is to what `decide` makes of that while nobody else changes it. Unlinked from its
/// gateway service, it can be called no more. For admins.
pub async fn update(core: &Core, actor: Actor, id: VersionId, decide: impl FnOnce(&Version) -> VersionInput) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id).await?.or_not_found()?;
    let input = check(decide(&before))?;
    named(store::update(&mut tx, id, &input, core.now()).await)?;
    let is_linked_anew = before.gateway_service_id != input.gateway_service;
    audit::record(core, &mut tx, actor, None, if is_linked_anew { "version.linked" } else { "version.updated" }, Some(id.0))
        .await?;
    decide_everywhere(core, &mut tx, actor, id, input.everywhere).await?;
    tx.commit().await?;
    Ok(())
}

async fn decide_everywhere(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    id: VersionId,
    everywhere: Everywhere,
) -> Result<()> {
    if everywhere.publish_status.is_none() && everywhere.deprecated.is_none() {
        return Ok(());
    }
    let change = PublicationChange {
        publish_status: everywhere.publish_status,
        deprecated: everywhere.deprecated,
        notify_developers: everywhere.notify_developers,
        ..PublicationChange::default()
    };
    for portal in store::portals(connection, id).await? {
        publications::change_with_version(core, connection, actor, id, portal, &change).await?;
    }
    Ok(())
}

/// Deletes a version that is published nowhere and that nobody registered for. For admins.
pub async fn delete(core: &Core, actor: Actor, id: VersionId) -> Result<()> {
    actor.require(Permission::MaintainProducts)?;
    let in_use = || Problem::Conflict(Conflict::VersionInUse);
    let mut tx = core.begin().await?;
    let found = store::delete(&mut tx, id)
        .await
        .on_constraint("publication_version_id_fkey", in_use())
        .on_constraint("registration_version_id_fkey", in_use())?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "version.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The versions of a product, newest first. For admins.
pub async fn of_product(core: &Core, actor: Actor, product: ProductId) -> Result<Vec<Version>> {
    actor.require(Permission::ReadProducts)?;
    store::of_product(&core.pool, product).await
}

/// Some of the versions of a product, by [`ATTRIBUTES`]. For admins.
pub async fn list(core: &Core, actor: Actor, product: ProductId, listing: &Listing) -> Result<Listed<Version>> {
    actor.require(Permission::ReadProducts)?;
    store::list(&core.pool, product, listing).await
}

/// One version. For admins.
pub async fn get(core: &Core, actor: Actor, id: VersionId) -> Result<Version> {
    actor.require(Permission::ReadProducts)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}
