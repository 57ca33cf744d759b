//! Portals: each one a catalogue with its own host, developers and rules.

pub mod appearance;
pub mod domains;
pub mod store;

pub use store::{ATTRIBUTES, ListedPortal, Portal};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
};
use portico_model::{
    access::Permission,
    ids::{AuthStrategyId, PortalId},
    labels::Labels,
    paging::{Page, PageRequest},
    problem::{Conflict, Problem, Rule},
    text::{DESCRIPTION_MAX, Fields, NAME_MAX},
};

/// Longest slug that is made from a name, in characters: leaves room for a number.
const SLUG_OF_NAME_MAX: usize = 50;

/// What an admin decides about a portal.
#[derive(Clone, Debug, Default)]
pub struct PortalInput {
    /// The first label of the portal's host; made from the name where empty.
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
    /// Where somebody else's pages for this portal are; empty for none. Not without a custom domain.
    pub custom_client_domain: String,
    /// What a new application uses unless its developer chooses.
    pub default_auth_strategy: Option<AuthStrategyId>,
    /// Whether developers see and register for only what a role of one of their teams lets them.
    pub rbac_enabled: bool,
    pub labels: Labels,
}

impl From<&Portal> for PortalInput {
    fn from(portal: &Portal) -> Self {
        Self {
            slug: portal.slug.clone(),
            name: portal.name.clone(),
            display_name: portal.display_name.clone(),
            description: portal.description.clone(),
            is_public: portal.is_public,
            auto_approve_developers: portal.auto_approve_developers,
            auto_approve_applications: portal.auto_approve_applications,
            custom_domain: portal.custom_domain.clone().unwrap_or_default(),
            custom_client_domain: portal.custom_client_domain.clone().unwrap_or_default(),
            default_auth_strategy: portal.default_auth_strategy_id,
            rbac_enabled: portal.rbac_enabled,
            labels: portal.labels.clone(),
        }
    }
}

fn check(core: &Core, input: PortalInput) -> Result<PortalInput> {
    let mut fields = Fields::new();
    let name = fields.line("name", &input.name, NAME_MAX);
    let slug = match input.slug.trim() {
        "" => slug_of(&name),
        slug => fields.slug("slug", slug),
    };
    let display_name = fields.optional_line("display_name", &input.display_name, NAME_MAX);
    let description = fields.text("description", &input.description, DESCRIPTION_MAX);
    let custom_domain = fields.optional_hostname("custom_domain", &input.custom_domain).unwrap_or_default();
    let custom_client_domain = fields.optional_hostname("custom_client_domain", &input.custom_client_domain).unwrap_or_default();
    // The base host and what is below it belong to the console and to slugs.
    let base = core.site.host.to_lowercase();
    for (field, domain) in [("custom_domain", &custom_domain), ("custom_client_domain", &custom_client_domain)] {
        if *domain == base || domain.ends_with(&format!(".{base}")) {
            fields.reject(field, Rule::Taken);
        }
    }
    if custom_domain.is_empty() && !custom_client_domain.is_empty() {
        fields.reject("custom_domain", Rule::Required);
    }
    fields.labels("labels", &input.labels);
    fields.finish()?;
    let display_name = if display_name.is_empty() { name.clone() } else { display_name };
    Ok(PortalInput { slug, name, display_name, description, custom_domain, custom_client_domain, ..input })
}

/// Words of a name in lower case with hyphens between them.
fn slug_of(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").chars().take(SLUG_OF_NAME_MAX).collect();
    match slug.trim_end_matches('-') {
        "" => "portal".to_owned(),
        slug => slug.to_owned(),
    }
}

/// Creates a portal. For admins.
pub async fn create(core: &Core, actor: Actor, input: PortalInput) -> Result<PortalId> {
    actor.require(Permission::AdministerPortals)?;
    let is_slug_given = !input.slug.trim().is_empty();
    let mut input = check(core, input)?;
    let id = core.new_id();
    let mut tx = core.begin().await?;
    if !is_slug_given {
        input.slug = store::free_slug(&mut tx, &input.slug).await?;
    }
    named(store::insert(&mut tx, id, &input, core.now()).await)?;
    audit::record(core, &mut tx, actor, Some(id), "portal.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a portal, from what it is to what `decide` makes of that while nobody else changes it. Turning on an automatic
/// approval decides nothing that already waits. For admins.
pub async fn update(core: &Core, actor: Actor, id: PortalId, decide: impl FnOnce(&Portal) -> PortalInput) -> Result<()> {
    actor.require(Permission::MaintainPortals)?;
    let mut tx = core.begin().await?;
    let before = store::lock(&mut tx, id).await?.or_not_found()?;
    let input = check(core, decide(&before))?;
    named(store::update(&mut tx, id, &input, core.now()).await)?;
    audit::record(core, &mut tx, actor, Some(id), "portal.updated", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Deletes a portal that has neither developers nor publications; or with all of them, when that is forced. For admins.
pub async fn delete(core: &Core, actor: Actor, id: PortalId, force: bool) -> Result<()> {
    actor.require(Permission::AdministerPortals)?;
    let mut tx = core.begin().await?;
    // Locked, so that nothing comes between the check and the deletion.
    store::lock(&mut tx, id).await?.or_not_found()?;
    if force {
        store::empty(&mut tx, id).await?;
    } else if store::is_in_use(&mut tx, id).await? {
        return Err(Problem::Conflict(Conflict::PortalInUse).into());
    }
    store::delete(&mut tx, id).await.on_constraint("developer_portal_id_fkey", Problem::Conflict(Conflict::PortalInUse))?;
    audit::record(core, &mut tx, actor, Some(id), "portal.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The portals. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<Portal>> {
    actor.require(Permission::ReadPortals)?;
    store::list(&core.pool, request).await
}

/// Some of the portals, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, listing: &Listing) -> Result<Listed<ListedPortal>> {
    actor.require(Permission::ReadPortals)?;
    store::list_by(&core.pool, listing).await
}

/// One portal, with how much there is of what belongs to it. For admins.
pub async fn get_listed(core: &Core, actor: Actor, id: PortalId) -> Result<ListedPortal> {
    actor.require(Permission::ReadPortals)?;
    store::find_listed(&core.pool, id).await?.or_not_found()
}

/// Every portal by name, to choose one. For admins.
pub async fn choices(core: &Core, actor: Actor) -> Result<Vec<Portal>> {
    actor.require(Permission::ReadPortals)?;
    store::choices(&core.pool).await
}

/// One portal. For admins.
pub async fn get(core: &Core, actor: Actor, id: PortalId) -> Result<Portal> {
    actor.require(Permission::ReadPortals)?;
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
    /// The host that the portal has without further ado.
    pub fn default_domain(&self, core: &Core) -> String {
        format!("{}.{}", self.slug, core.site.host)
    }

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
        .taken("portal_custom_client_domain_key", "custom_client_domain")
        .on_constraint("portal_default_auth_strategy_id_fkey", Problem::field("default_auth_strategy", Rule::NotOffered))
}
