//! Compares the clients that a provider has with those that are known here, and mends what an admin confirms.

mod store;

use super::{
    sealed,
    store::{DcrClient, insert_unwanted},
    wait_until,
};
use crate::{
    Actor, Core, Result, audit,
    dcr_providers::{
        self, Comparison,
        connectors::{Calls, Connector, Failure, Meaning, Remote},
    },
    error::OrNotFound,
    jobs::{self, Job},
};
use portico_model::{
    access::Permission,
    ids::{DcrClientId, DcrFindingId, DcrProviderId},
    problem::{Conflict, Problem},
    states::FindingKind,
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection};
use std::{collections::HashMap, time::Duration};
use time::OffsetDateTime;

/// So many clients are asked for one after the other in one go, which ends well before the job's lease.
const EACH: i64 = 3;
/// How long one of them is kept for itself.
const LOOK_LEASE: time::Duration = time::Duration::seconds(30);
/// What was created or deleted a moment ago may not be seen on both sides yet.
const YOUNG: time::Duration = time::Duration::minutes(5);

/// Where both sides differ.
#[derive(Clone, Debug, FromRow)]
pub struct Finding {
    pub id: DcrFindingId,
    pub kind: FindingKind,
    pub dcr_client_id: Option<DcrClientId>,
    pub client_id: String,
    pub name: String,
    /// The fields that differ.
    pub fields: Vec<String>,
}

/// How far a comparison is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    pub provider: DcrProviderId,
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// The provider's cursor, or the last client that was asked for; none at the beginning.
    pub from: Option<String>,
}

/// Begins a comparison; it is done in the background. For admins.
///
/// # Errors
///
/// `Conflict` with `NotComparable` for a provider that cannot be asked.
pub async fn compare(core: &Core, actor: Actor, provider: DcrProviderId) -> Result<()> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let found = dcr_providers::store::find(&mut tx, provider).await?.or_not_found()?;
    if found.abilities().comparison == Comparison::None {
        return Err(Problem::Conflict(Conflict::NotComparable).into());
    }
    let started_at = core.now();
    dcr_providers::store::begin_comparison(&mut tx, provider, started_at).await?;
    store::delete_findings(&mut tx, provider).await?;
    let place = Place { provider, started_at, from: None };
    jobs::enqueue(core, &mut tx, &[Job::CompareClients { place }]).await?;
    audit::record(core, &mut tx, actor, None, "dcr_provider.compared", Some(provider.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Waits until a comparison is done; at most so long. For admins.
pub async fn wait_for_comparison(core: &Core, actor: Actor, provider: DcrProviderId, patience: Duration) -> Result<()> {
    wait_until(patience, || async { Ok(!dcr_providers::get(core, actor, provider).await?.is_comparing) }).await
}

/// What the last comparison of a provider found. For admins.
pub async fn findings(core: &Core, actor: Actor, provider: DcrProviderId) -> Result<Vec<Finding>> {
    actor.require(Permission::ReadProviders)?;
    store::findings(&core.pool, provider).await
}

/// Mends a finding: deletes what is no application's, makes anew what is missing, or makes alike what differs. For admins.
pub async fn mend(core: &Core, actor: Actor, id: DcrFindingId) -> Result<DcrProviderId> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    let (provider, finding) = store::take_finding(&mut tx, id).await?.or_not_found()?;
    match finding.dcr_client_id {
        None => {
            insert_unwanted(&mut tx, core.new_id(), provider, &finding.client_id, &finding.name, core.now()).await?;
        }
        Some(client) if finding.kind == FindingKind::WithoutClient => {
            store::make_anew(&mut tx, client, &finding.client_id).await?
        }
        Some(client) => store::send_anew(&mut tx, client).await?,
    }
    audit::record(core, &mut tx, actor, None, "dcr_finding.mended", Some(id.0)).await?;
    tx.commit().await?;
    Ok(provider)
}

/// Compares some clients, and notes where to go on. Run by a job.
pub(crate) async fn go_on(core: &Core, place: &Place) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let Some(provider) = dcr_providers::store::find(&mut connection, place.provider).await? else { return Ok(()) };
    drop(connection);
    if provider.compared_at != Some(place.started_at) {
        // Another one was begun since.
        return Ok(());
    }
    let connector = provider.open(core)?.connector();
    match provider.abilities().comparison {
        Comparison::List => compare_list(core, place, connector.as_ref()).await,
        Comparison::Each => compare_each(core, place, connector.as_ref()).await,
        Comparison::None => Ok(()),
    }
}

/// Notes why a comparison does not go on. Run by a job.
pub(crate) async fn note_failure(core: &Core, place: &Place, error: &str) -> Result<()> {
    dcr_providers::store::fail_comparison(&core.pool, place.provider, error).await
}

fn told(failure: Failure) -> crate::Error {
    anyhow::anyhow!(failure.told).into()
}

/// A finding to be noted.
struct New<'a> {
    kind: FindingKind,
    client: Option<DcrClientId>,
    remote: &'a Remote,
    fields: Vec<&'static str>,
}

async fn compare_list(core: &Core, place: &Place, connector: &dyn Connector) -> Result<()> {
    let mut calls = Calls::new(core);
    let listing = connector.list(&mut calls, place.from.as_deref()).await.map_err(told)?;
    let mut tx = core.begin().await?;
    let ids: Vec<&str> = listing.clients.iter().map(|remote| remote.client_id.as_str()).collect();
    let known: HashMap<String, DcrClient> = store::by_client_ids(&mut tx, place.provider, &ids).await?;
    let tagged: Vec<DcrClientId> = listing.clients.iter().filter_map(|remote| remote.client).collect();
    // One whose creation has no answer yet is found by its tag, and is no orphan.
    let pending = store::without_client_id(&mut tx, &tagged).await?;
    let seen: Vec<DcrClientId> = known.values().map(|client| client.id).collect();
    store::mark_seen(&mut tx, &seen, place.started_at).await?;
    let found = listing.clients.iter().filter_map(|remote| match known.get(&remote.client_id) {
        Some(client) => difference(client, remote),
        None if remote.client.is_some_and(|client| pending.contains(&client)) => None,
        None => Some(New { kind: FindingKind::WithoutApplication, client: None, remote, fields: Vec::new() }),
    });
    store::note(core, &mut tx, place, &found.collect::<Vec<_>>()).await?;
    match listing.next {
        Some(next) => enqueue_next(core, &mut tx, place, next).await?,
        None => note_unseen(core, &mut tx, place).await?,
    }
    tx.commit().await?;
    Ok(())
}

async fn compare_each(core: &Core, place: &Place, connector: &dyn Connector) -> Result<()> {
    let after = place.from.as_deref().and_then(|id| id.parse().ok());
    let clients = store::after(&core.pool, place.provider, after, place.started_at - YOUNG, EACH).await?;
    let Some(last) = clients.last() else { return Ok(()) };
    let mut answers = Vec::new();
    for client in &clients {
        // Nobody else may change the client meanwhile: a look may end its token.
        let lease = store::lease(&core.pool, client.id, core.new_id(), core.now(), core.now() + LOOK_LEASE).await?;
        let Some(client) = lease else { continue };
        let mut calls = Calls::new(core);
        let read = connector.read(&mut calls, &sealed::known(core, &client)?).await;
        let is_unmanageable = matches!(&read, Err(failure) if failure.meaning == Meaning::Unmanageable);
        if let Ok(Some((_, given))) = &read {
            sealed::keep(core, &client, given).await?;
        }
        store::release(&core.pool, &client, is_unmanageable).await?;
        match read {
            Ok(remote) => answers.push((client, remote.map(|(remote, _)| remote))),
            // Whether it is gone or only its token, nobody knows: an admin may replace it.
            Err(_) if is_unmanageable => {}
            Err(failure) => return Err(told(failure)),
        }
    }
    let answers: Vec<_> = answers
        .into_iter()
        .map(|(client, remote)| (remote.is_some(), remote.unwrap_or_else(|| as_known(&client)), client))
        .collect();
    let found = answers.iter().filter_map(|(is_there, remote, client)| match is_there {
        true => difference(client, remote),
        false => Some(missing(client.id, remote)),
    });
    let mut tx = core.begin().await?;
    store::note(core, &mut tx, place, &found.collect::<Vec<_>>()).await?;
    enqueue_next(core, &mut tx, place, last.id.to_string()).await?;
    tx.commit().await?;
    Ok(())
}

fn missing(client: DcrClientId, remote: &Remote) -> New<'_> {
    New { kind: FindingKind::WithoutClient, client: Some(client), remote, fields: Vec::new() }
}

fn as_known(client: &DcrClient) -> Remote {
    Remote {
        client_id: client.client_id.clone().unwrap_or_default(),
        name: client.name.clone(),
        client: Some(client.id),
        redirect_uris: None,
    }
}

async fn enqueue_next(core: &Core, connection: &mut PgConnection, place: &Place, from: String) -> Result<()> {
    let place = Place { from: Some(from), ..place.clone() };
    jobs::enqueue(core, connection, &[Job::CompareClients { place }]).await
}

/// A client that is at rest and is called something else there, or sends browsers somewhere else.
fn difference<'a>(client: &DcrClient, remote: &'a Remote) -> Option<New<'a>> {
    let applied = client.applied.as_ref().filter(|_| client.is_at_rest())?;
    let sorted = |uris: &[String]| {
        let mut uris = uris.to_vec();
        uris.sort();
        uris
    };
    // Some keep only the beginning of a name.
    let is_renamed = remote.name.is_empty() || !applied.name.starts_with(&remote.name);
    let is_redirected = remote.redirect_uris.as_ref().is_some_and(|uris| sorted(uris) != sorted(&applied.redirect_uris));
    let differing = [("name", is_renamed), ("redirect_uris", is_redirected)];
    let fields: Vec<&str> = differing.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    (!fields.is_empty()).then_some(New { kind: FindingKind::Differs, client: Some(client.id), remote, fields })
}

/// Clients that the provider should have listed.
async fn note_unseen(core: &Core, connection: &mut PgConnection, place: &Place) -> Result<()> {
    let unseen = store::unseen(connection, place.provider, place.started_at, place.started_at - YOUNG).await?;
    let remotes: Vec<(DcrClientId, Remote)> = unseen.iter().map(|client| (client.id, as_known(client))).collect();
    let found: Vec<New<'_>> = remotes.iter().map(|(client, remote)| missing(*client, remote)).collect();
    store::note(core, connection, place, &found).await
}
