//! Portals: each one a catalogue with its own host, developers and rules.

pub mod store;

pub use store::Portal;

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    ids::{AuthStrategyId, PortalId},
    paging::{Page, PageRequest},
    problem::{Conflict, Problem, Rule},
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// What an admin decides about a portal.
#[derive(Clone, Debug, Default)]
pub struct PortalInput {
    /// The first label of the portal's host.
    pub slug: String,
    /// For admins.
    pub name: String,
    /// For developers; the name where empty.
    pub display_name: String,
    pub description: String,
    /// A catalogue without accounts, and so without applications.
    pub is_public: bool,
    pub auto_approve_developers: bool,
    /// Every registration in this portal is approved at once.
    pub auto_approve_applications: bool,
    /// Another host that shows this portal; empty for none.
    pub custom_domain: String,
    /// What a new application uses unless its developer chooses.
    pub default_auth_strategy: Option<AuthStrategyId>,
}

struct Checked {
    input: PortalInput,
    custom_domain: Option<String>,
}

fn check(core: &Core, input: PortalInput) -> Result<Checked> {
    let mut fields = Fields::new();
    let slug = fields.slug("slug", &input.slug);
    let name = fields.line("name", &input.name, NAME_MAX);
    let display_name = fields.optional_line("display_name", &input.display_name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    let custom_domain = fields.optional_hostname("custom_domain", &input.custom_domain);
    // The base host and what is below it belong to the console and to slugs.
    let base = core.site.host.to_lowercase();
    if custom_domain.as_ref().is_some_and(|domain| *domain == base || domain.ends_with(&format!(".{base}"))) {
        fields.reject("custom_domain", Rule::Taken);
    }
    fields.finish()?;
    let display_name = if display_name.is_empty() { name.clone() } else { display_name };
    Ok(Checked { input: PortalInput { slug, name, display_name, description, ..input }, custom_domain })
}

/// Creates a portal. For admins.
pub async fn create(core: &Core, actor: Actor, input: PortalInput) -> Result<PortalId> {
    actor.require_admin()?;
    let checked = check(core, input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    named(store::insert(&mut tx, id, &checked.input, checked.custom_domain.as_deref(), core.now()).await)?;
    audit::record(core, &mut tx, actor, Some(id), "portal.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a portal. Turning on an automatic approval decides nothing that already waits. For admins.
pub async fn update(core: &Core, actor: Actor, id: PortalId, input: PortalInput) -> Result<()> {
    actor.require_admin()?;
    let checked = check(core, input)?;
    let mut tx = core.begin().await?;
    let found = named(store::update(&mut tx, id, &checked.input, checked.custom_domain.as_deref(), core.now()).await)?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(id), "portal.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a portal that has neither developers nor publications. For admins.
pub async fn delete(core: &Core, actor: Actor, id: PortalId) -> Result<()> {
    actor.require_admin()?;
    let mut tx = core.begin().await?;
    // Locked, so that nothing comes between the check and the deletion.
    store::lock(&mut tx, id).await?.then_some(()).or_not_found()?;
    if store::is_in_use(&mut tx, id).await? {
        return Err(Problem::Conflict(Conflict::PortalInUse).into());
    }
    store::delete(&mut tx, id).await.on_constraint("developer_portal_id_fkey", Problem::Conflict(Conflict::PortalInUse))?;
    audit::record(core, &mut tx, actor, Some(id), "portal.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The portals. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Portal>> {
    actor.require_admin()?;
    store::list(&core.pool, request).await
}

/// Every portal by name, to choose one. For admins.
pub async fn choices(core: &Core, actor: Actor) -> Result<Vec<Portal>> {
    actor.require_admin()?;
    store::choices(&core.pool).await
}

/// One portal. For admins.
pub async fn get(core: &Core, actor: Actor, id: PortalId) -> Result<Portal> {
    actor.require_admin()?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// Every portal's name and origin, for the page on the base host that leads to them. For anyone.
pub async fn directory(core: &Core) -> Result<Vec<Portal>> {
    store::choices(&core.pool).await
}

/// The portal that a host means: its custom domain, or `<slug>.<base host>`. For anyone.
pub async fn at_host(core: &Core, host: &str) -> Result<Option<Portal>> {
    let host = host.to_lowercase();
    let slug = host.strip_suffix(&core.site.host).and_then(|rest| rest.strip_suffix('.'));
    store::find_at_host(&core.pool, slug.unwrap_or(""), &host).await
}

impl Portal {
    /// Where this portal's pages are.
    pub fn origin(&self, core: &Core) -> String {
        core.site.portal_origin(&self.slug, self.custom_domain.as_deref())
    }
}

fn named<T>(result: Result<T>) -> Result<T> {
    result
        .taken("portal_slug_key", "slug")
        .taken("portal_name_key", "name")
        .taken("portal_custom_domain_key", "custom_domain")
        .on_constraint("portal_default_auth_strategy_id_fkey", Problem::field("default_auth_strategy", Rule::NotOffered))
}
