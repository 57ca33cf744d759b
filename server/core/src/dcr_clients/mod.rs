//! The clients that applications have at DCR providers: registered, changed and deleted in the background, from a record
//! that was written with the change itself.

mod comparison;
mod connection_test;
mod orphans;
mod sealed;
pub mod store;
mod sync;
mod wanted;

pub use comparison::{Finding, Place, compare, findings, mend, wait_for_comparison};
pub(crate) use comparison::{go_on as compare_on, note_failure as note_comparison_failure};
pub use connection_test::{last_test, test, wait_for_test};
pub use orphans::{PossibleOrphan, dismiss_orphan, possible_orphans};
pub use store::DcrClient;
pub use sync::{run_next, work};

use crate::{
    Actor, Core, Result, applications, audit,
    dcr_providers::{self, Abilities, Recovery, Rotation},
    error::OrNotFound,
    secrets::Plain,
};
use portico_model::{
    access::Permission,
    ids::{ApplicationId, AuthStrategyId, DcrClientId, DcrProviderId, PortalId},
    paging::{Page, PageRequest},
    problem::{Conflict, Problem},
    states::{ClientCall, OrphanReason},
};
use sqlx::PgConnection;
use std::time::Duration;
use store::NewClient;
use time::OffsetDateTime;

/// How often somebody who waits for a client looks.
const LOOK: Duration = Duration::from_millis(100);

/// The client of an application, as its developer sees it.
#[derive(Clone, Debug)]
pub struct OwnClient {
    pub client: DcrClient,
    /// The one that takes its place once it is there.
    pub replacement: Option<DcrClient>,
    /// The provider's display name.
    pub provider_name: String,
    pub abilities: Abilities,
    /// Whether the developer chooses among the strategy's scopes.
    pub has_chosen_scopes: bool,
    /// The provider asked all of us for patience until then.
    pub paused_until: Option<OffsetDateTime>,
}

/// Asks for a client for a new application, in the transaction that makes it.
pub(crate) async fn create(
    core: &Core,
    connection: &mut PgConnection,
    application: ApplicationId,
    provider: DcrProviderId,
    name: &str,
) -> Result<()> {
    let new = NewClient { id: core.new_id(), provider, application: Some(application), replaces: None, is_test: false, name };
    store::insert(connection, &new, core.now()).await
}

/// An application's client, where a provider registers it. For the developer whose application it is.
pub async fn of_application(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
) -> Result<Option<OwnClient>> {
    applications::get(core, actor, portal, application).await?;
    let mut connection = core.pool.acquire().await?;
    let mut clients = store::of_application(&mut connection, application).await?.into_iter();
    let Some(client) = clients.next() else { return Ok(None) };
    let provider = dcr_providers::store::find(&mut connection, client.dcr_provider_id).await?.or_not_found()?;
    Ok(Some(OwnClient {
        client,
        replacement: clients.next(),
        abilities: provider.abilities(),
        has_chosen_scopes: provider.config.use_developer_managed_scopes,
        paused_until: provider.paused_until,
        provider_name: provider.display_name,
    }))
}

/// Waits until there is nothing to do for an application's client, or something has failed; at most so long. For the
/// developer whose application it is.
pub async fn wait(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId, patience: Duration) -> Result<()> {
    applications::get(core, actor, portal, application).await?;
    wait_until(patience, || store::is_at_rest(&core.pool, application)).await
}

/// Looks again and again whether something is done; at most so long.
async fn wait_until<F: Future<Output = Result<bool>>>(patience: Duration, is_done: impl Fn() -> F) -> Result<()> {
    let waiting = async {
        while !is_done().await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    tokio::time::timeout(patience, waiting).await.unwrap_or(Ok(()))
}

/// The client id and secret of an application. The secret is erased: it is seen once. For the developer whose application
/// it is.
///
/// # Errors
///
/// `Conflict` with `ClientNotReady` or `SecretOpened`.
pub async fn open_secret(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId) -> Result<(String, Plain)> {
    let (mut tx, mut clients) = lock_own(core, actor, portal, application).await?;
    let client = clients.next().or_not_found()?;
    let Some(client_id) = client.client_id.clone() else { return Err(Problem::Conflict(Conflict::ClientNotReady).into()) };
    let secret = match &client.secret {
        Some(sealed) => sealed::open(core, client.id, sealed::SECRET, sealed)?,
        None if client.is_rotation_wanted => return Err(Problem::Conflict(Conflict::ClientNotReady).into()),
        None => return Err(Problem::Conflict(Conflict::SecretOpened).into()),
    };
    store::erase_secret(&mut tx, client.id).await?;
    audit::record(core, &mut tx, actor, Some(portal), "dcr_client.secret_opened", Some(client.id.0)).await?;
    tx.commit().await?;
    Ok((client_id, secret))
}

/// Asks for another secret. The old one stops as the provider has it. For the developer whose application it is.
///
/// # Errors
///
/// `Conflict` with `ClientNotReady` or `NoRotation`.
pub async fn rotate(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId) -> Result<()> {
    let (mut tx, mut clients) = lock_own(core, actor, portal, application).await?;
    let client = clients.next().or_not_found()?;
    if client.client_id.is_none() {
        return Err(Problem::Conflict(Conflict::ClientNotReady).into());
    }
    let provider = dcr_providers::store::find(&mut tx, client.dcr_provider_id).await?.or_not_found()?;
    if provider.abilities().rotation == Rotation::Never {
        return Err(Problem::Conflict(Conflict::NoRotation).into());
    }
    want_rotation(&mut tx, &client, clients.next()).await?;
    audit::record(core, &mut tx, actor, Some(portal), "dcr_client.rotation_asked", Some(client.id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Where another client is on its way already, that one is hurried.
async fn want_rotation(connection: &mut PgConnection, client: &DcrClient, replacement: Option<DcrClient>) -> Result<()> {
    match replacement {
        Some(replacement) => store::retry_now(connection, replacement.id).await,
        None => store::want_rotation(connection, client.id, true).await,
    }
}

/// Locks the developer's own application, and the client that it calls with, before the one that will take its place.
async fn lock_own(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
) -> Result<(sqlx::Transaction<'static, sqlx::Postgres>, impl Iterator<Item = DcrClient>)> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    let clients = store::of_application(&mut tx, application).await?.into_iter();
    Ok((tx, clients))
}

/// Looks at the clients of a strategy again. Run by a job.
pub(crate) async fn review_strategy(core: &Core, strategy: AuthStrategyId) -> Result<()> {
    store::review_strategy(&core.pool, strategy).await
}

/// The clients of a provider, newest first. For admins.
pub async fn list(core: &Core, actor: Actor, provider: DcrProviderId, request: &PageRequest) -> Result<Page<DcrClient>> {
    actor.require(Permission::ReadProviders)?;
    store::list(&core.pool, provider, request).await
}

/// Tries a client again now. For admins.
pub async fn retry(core: &Core, actor: Actor, id: DcrClientId) -> Result<DcrProviderId> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let client = store::lock(&mut tx, id).await?.or_not_found()?;
    store::retry_now(&mut tx, id).await?;
    audit::record(core, &mut tx, actor, None, "dcr_client.retried", Some(id.0)).await?;
    tx.commit().await?;
    Ok(client.dcr_provider_id)
}

/// Ends the attempts. What should have been deleted is noted as a possible orphan; what an application waits for can be
/// tried again later. For admins.
pub async fn give_up(core: &Core, actor: Actor, id: DcrClientId) -> Result<DcrProviderId> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let client = store::lock(&mut tx, id).await?.or_not_found()?;
    let provider = dcr_providers::store::find(&mut tx, client.dcr_provider_id).await?.or_not_found()?;
    // Nobody will look for it any more, unless it is tried again.
    let is_lost = client.unanswered == Some(ClientCall::Create) && provider.abilities().recovery == Recovery::None;
    if client.is_wanted {
        if is_lost {
            orphans::report(&mut tx, core.new_id(), &client, OrphanReason::LostAnswer, core.now()).await?;
            store::clear_unanswered(&mut tx, id).await?;
        }
        store::set_given_up(&mut tx, id).await?;
    } else {
        if client.client_id.is_some() || client.unanswered == Some(ClientCall::Create) {
            orphans::report(&mut tx, core.new_id(), &client, OrphanReason::GivenUp, core.now()).await?;
        }
        store::delete(&mut tx, id).await?;
    }
    audit::record(core, &mut tx, actor, None, "dcr_client.given_up", Some(id.0)).await?;
    tx.commit().await?;
    Ok(client.dcr_provider_id)
}

/// Lets another client take the place of one that cannot be managed any more. For admins.
///
/// # Errors
///
/// `Conflict` with `StatusChange` for one that can.
pub async fn replace(core: &Core, actor: Actor, id: DcrClientId) -> Result<DcrProviderId> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let client = store::lock(&mut tx, id).await?.or_not_found()?;
    let application = client.application_id.filter(|_| client.is_unmanageable);
    let application = application.ok_or(Problem::Conflict(Conflict::StatusChange))?;
    let replacement = store::of_application(&mut tx, application).await?.into_iter().nth(1);
    want_rotation(&mut tx, &client, replacement).await?;
    audit::record(core, &mut tx, actor, None, "dcr_client.replaced", Some(id.0)).await?;
    tx.commit().await?;
    Ok(client.dcr_provider_id)
}
