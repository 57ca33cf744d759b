//! Publications: one version in one portal, with the strategy that guards it there.

pub mod store;

pub use store::{ATTRIBUTES, Publication, Strategy};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    mail::{self, Letter, messages},
    portals, products, registrations,
};
use portico_model::{
    access::Permission,
    ids::{AuthStrategyId, PortalId, VersionId},
    paths,
    problem::{Conflict, Problem, Rule},
    states::PublishStatus,
};
use sqlx::PgConnection;
use store::Before;

/// Mails written in one statement.
const MAIL_BATCH: usize = 500;

/// What an admin decides about a publication.
#[derive(Clone, Debug)]
pub struct PublicationInput {
    pub publish_status: PublishStatus,
    /// Without one nobody can call the version, unless anybody can.
    pub auth_strategy: Option<AuthStrategyId>,
    /// Whether anybody may call the version, without a key or a token. Not together with a strategy.
    pub no_authentication: bool,
    pub application_registration_enabled: bool,
    pub auto_approve_registration: bool,
    pub deprecated: bool,
    /// Whether to mail the developers who are registered, when the version becomes deprecated and is visible.
    pub notify_developers: bool,
    /// Whether callers may stop working. Not asked for when none would.
    pub confirmed: bool,
}

/// What somebody changes of a publication; none to leave it.
#[derive(Clone, Debug, Default)]
pub struct PublicationChange {
    pub publish_status: Option<PublishStatus>,
    pub auth_strategy: Option<Option<AuthStrategyId>>,
    pub application_registration_enabled: Option<bool>,
    pub auto_approve_registration: Option<bool>,
    pub deprecated: Option<bool>,
    pub notify_developers: bool,
}

/// Whether a publication has to be there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Either,
    Absent,
    Present,
}

/// What is asked for of a publication.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Whole(&'a PublicationInput),
    Part(&'a PublicationChange),
}

impl Asked<'_> {
    fn applied(self, before: Option<&Before>) -> PublicationInput {
        match self {
            Self::Whole(input) => input.clone(),
            Self::Part(change) => change.apply(before),
        }
    }

    /// Whether it is to be published, and not only stays so.
    fn publishes(self) -> bool {
        let status = match self {
            Self::Whole(input) => Some(input.publish_status),
            Self::Part(change) => change.publish_status,
        };
        status == Some(PublishStatus::Published)
    }
}

/// Publishes a version to a portal, or changes how it is published there. The version's product comes
/// along when the version is published. For admins.
///
/// # Errors
///
/// `Invalid` with [`Rule::WouldStop`] when a strategy is removed or replaced that callers use, until that is confirmed.
pub async fn put(core: &Core, actor: Actor, version: VersionId, portal: PortalId, input: &PublicationInput) -> Result<()> {
    save(core, actor, version, portal, Expected::Either, Asked::Whole(input)).await
}

/// Publishes a version to a portal where it is not yet. For admins.
///
/// # Errors
///
/// As [`put`]; and `Invalid` when it is.
pub async fn create(core: &Core, actor: Actor, version: VersionId, portal: PortalId, input: &PublicationInput) -> Result<()> {
    save(core, actor, version, portal, Expected::Absent, Asked::Whole(input)).await
}

/// Replaces all that is decided about a publication. For admins.
///
/// # Errors
///
/// As [`put`]; and `NotFound` when there is none.
pub async fn replace(core: &Core, actor: Actor, version: VersionId, portal: PortalId, input: &PublicationInput) -> Result<()> {
    save(core, actor, version, portal, Expected::Present, Asked::Whole(input)).await
}

/// Changes some of what is decided about a publication; whoever is stopped by it is meant to stop. For admins.
///
/// # Errors
///
/// As [`replace`].
pub async fn update(core: &Core, actor: Actor, version: VersionId, portal: PortalId, change: &PublicationChange) -> Result<()> {
    save(core, actor, version, portal, Expected::Present, Asked::Part(change)).await
}

impl PublicationChange {
    fn apply(&self, before: Option<&Before>) -> PublicationInput {
        let auth_strategy = self.auth_strategy.unwrap_or(before.and_then(|before| before.auth_strategy_id));
        let or = |change: Option<bool>, kept: fn(&Before) -> bool| change.unwrap_or(before.is_some_and(kept));
        PublicationInput {
            publish_status: self.publish_status.unwrap_or(before.map_or(PublishStatus::Unpublished, |b| b.publish_status)),
            auth_strategy,
            no_authentication: auth_strategy.is_none() && before.is_some_and(|before| before.no_authentication),
            application_registration_enabled: or(self.application_registration_enabled, |b| b.application_registration_enabled),
            auto_approve_registration: or(self.auto_approve_registration, |b| b.auto_approve_registration),
            deprecated: or(self.deprecated, |b| b.deprecated),
            notify_developers: self.notify_developers,
            confirmed: true,
        }
    }
}

/// Decides while nobody else does, from what is there.
async fn save(
    core: &Core,
    actor: Actor,
    version: VersionId,
    portal: PortalId,
    expected: Expected,
    asked: Asked<'_>,
) -> Result<()> {
    actor.require(Permission::Publish)?;
    let mut tx = core.begin().await?;
    save_in(core, &mut tx, actor, version, portal, expected, asked).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes how a version is published in a portal along with the version itself. Where it is not published it is, closed,
/// when that is the change.
pub(crate) async fn change_with_version(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    version: VersionId,
    portal: PortalId,
    change: &PublicationChange,
) -> Result<()> {
    actor.require(Permission::Publish)?;
    let is_there = store::lock(connection, version, portal).await?.is_some();
    if !is_there && change.publish_status != Some(PublishStatus::Published) {
        return Ok(());
    }
    save_in(core, connection, actor, version, portal, Expected::Either, Asked::Part(change)).await
}

async fn save_in(
    core: &Core,
    connection: &mut PgConnection,
    actor: Actor,
    version: VersionId,
    portal: PortalId,
    expected: Expected,
    asked: Asked<'_>,
) -> Result<()> {
    let id: portico_model::ids::PublicationId = core.new_id();
    let before = store::lock(connection, version, portal).await?;
    match (expected, &before) {
        (Expected::Present, None) => return Err(Problem::NotFound.into()),
        (Expected::Absent, Some(_)) => return Err(Problem::field("product_version_id", Rule::Taken).into()),
        _ => {}
    }
    let input = asked.applied(before.as_ref());
    if input.application_registration_enabled && input.auth_strategy.is_none() {
        return Err(Problem::field("auth_strategy", Rule::Required).into());
    }
    if input.no_authentication && input.auth_strategy.is_some() {
        return Err(Problem::field("no_authentication", Rule::NotOffered).into());
    }
    if let Some(before) = &before
        && (before.no_authentication || before.auth_strategy_id.is_some())
        && !input.no_authentication
        && !input.confirmed
    {
        let (before, next) = (before.auth_strategy_id, input.auth_strategy);
        registrations::impact::of_publication(connection, version, portal, before, next).await?.must_be_nothing(actor)?;
    }
    let was_deprecated = before.is_some_and(|before| before.deprecated);
    store::put(connection, id, version, portal, &input, core.now())
        .await
        .on_constraint("publication_version_id_fkey", Problem::NotFound)
        .on_constraint("publication_portal_id_fkey", Problem::field("portal", Rule::NotOffered))
        .on_constraint("publication_auth_strategy_id_fkey", Problem::field("auth_strategy", Rule::NotOffered))?;
    // A product that was taken out of the portal stays out when something else of its versions changes.
    if asked.publishes() {
        store::add_product_to_portal(connection, version, portal).await?;
    }
    let is_visible = input.publish_status == PublishStatus::Published;
    if input.notify_developers && input.deprecated && !was_deprecated && is_visible {
        announce_deprecation(core, connection, version, portal).await?;
    }
    audit::record(core, connection, actor, Some(portal), "publication.saved", Some(version.0)).await
}

async fn announce_deprecation(core: &Core, connection: &mut PgConnection, version: VersionId, portal: PortalId) -> Result<()> {
    let portal = portals::store::find(connection, portal).await?.or_not_found()?;
    let version = products::versions::store::find(&mut *connection, version).await?.or_not_found()?;
    let link = format!("{}{}", portal.origin(core), paths::portal::version(version.product_id, version.id));
    let letters: Vec<Letter> = store::registered_developers(connection, version.id, portal.id)
        .await?
        .into_iter()
        .map(|developer| Letter {
            portal: portal.id,
            developer: developer.id,
            recipient: developer.email,
            message: messages::version_deprecated(&portal, &developer.full_name, &version.product_name, &version.name, &link),
        })
        .collect();
    for batch in letters.chunks(MAIL_BATCH) {
        mail::write_all(core, connection, batch).await?;
    }
    Ok(())
}

/// Removes a publication that nobody registered through. Its version is closed in that portal. For admins.
pub async fn delete(core: &Core, actor: Actor, version: VersionId, portal: PortalId) -> Result<()> {
    actor.require(Permission::Publish)?;
    let mut tx = core.begin().await?;
    // Registering holds the publication, so none can come between the check and the deletion.
    store::lock(&mut tx, version, portal).await?.or_not_found()?;
    if store::has_registrations(&mut tx, version, portal).await? {
        return Err(Problem::Conflict(Conflict::VersionInUse).into());
    }
    store::delete(&mut tx, version, portal).await?;
    audit::record(core, &mut tx, actor, Some(portal), "publication.deleted", Some(version.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The publications of a version. For admins.
pub async fn of_version(core: &Core, actor: Actor, version: VersionId) -> Result<Vec<Publication>> {
    actor.require(Permission::ReadProducts)?;
    store::of_versions(&core.pool, &[version]).await
}

/// The publications of these versions. For admins.
pub async fn of_versions(core: &Core, actor: Actor, versions: &[VersionId]) -> Result<Vec<Publication>> {
    actor.require(Permission::ReadProducts)?;
    store::of_versions(&core.pool, versions).await
}

/// The publications in a portal. For admins.
pub async fn in_portal(core: &Core, actor: Actor, portal: PortalId) -> Result<Vec<Publication>> {
    actor.require(Permission::ReadProducts)?;
    store::in_portal(&core.pool, portal).await
}

/// One publication. For admins.
pub async fn get(core: &Core, actor: Actor, version: VersionId, portal: PortalId) -> Result<Publication> {
    actor.require(Permission::ReadProducts)?;
    store::find(&core.pool, version, portal).await?.or_not_found()
}

/// Some of the publications in a portal, by [`ATTRIBUTES`]. For admins.
pub async fn list(core: &Core, actor: Actor, portal: PortalId, listing: &Listing) -> Result<Listed<Publication>> {
    actor.require(Permission::ReadProducts)?;
    store::list(&core.pool, portal, listing).await
}
