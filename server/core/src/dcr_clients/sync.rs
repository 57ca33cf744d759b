//! Makes clients at providers what they should be, one step after the other.
//!
//! Each step is noted before its call is sent and recorded after the answer came, so that a process that dies in between
//! leaves a trace from which another goes on. Nothing is remembered but in the client's row.

use super::{
    store::{self, DcrClient, LEASE, NewClient, Progress, Setback},
    wanted,
};
use crate::{
    Actor, Core, Result, audit,
    dcr_providers::{
        self, DcrConfig,
        connectors::{Abilities, Announcement, Calls, Connector, Failure, Given, Known, Meaning, Recovery, Rotation, Wanted},
    },
    error::OrNotFound,
    jobs,
    secrets::Plain,
};
use futures_util::FutureExt;
use portico_model::{
    ids::DcrClientId,
    states::{ClientCall, DcrClientState, OrphanReason},
};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often to look for work that nobody announced.
const POLL: Duration = Duration::from_millis(500);
/// At most so many clients are worked on at once by one process.
const AT_ONCE: usize = 16;
/// A step that takes longer is broken off, well before its lease ends.
const STEP_MAX: Duration = Duration::from_secs(150);
/// The longest pause between two attempts.
const PAUSE_MAX: time::Duration = time::Duration::minutes(15);
/// Longest client id that is taken from a provider, in bytes.
const CLIENT_ID_MAX: usize = 255;

/// Works on clients until told to stop; a step that was begun is ended. Any number of processes may do this.
pub async fn work(core: Core, stop: CancellationToken) {
    let mut busy = JoinSet::new();
    while !stop.is_cancelled() {
        while busy.try_join_next().is_some() {}
        let claimed = if busy.len() < AT_ONCE { claim(&core).await } else { Ok(None) };
        match claimed {
            Ok(Some(client)) => {
                let (core, stop) = (core.clone(), stop.clone());
                busy.spawn(async move { log(client.id, advance(&core, client, &stop).await) });
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(?error, "the clients wait"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = busy.join_next(), if !busy.is_empty() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
    while busy.join_next().await.is_some() {}
}

/// What failed leaves the lease to end, after which another attempt is made.
fn log(client: DcrClientId, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(?error, dcr_client.id = %client, "work on a client broke off");
    }
}

/// Works on one client that is due, until it is what it should be or an attempt fails; `false` when there is none.
pub async fn run_next(core: &Core) -> Result<bool> {
    let Some(client) = claim(core).await? else { return Ok(false) };
    advance(core, client, &CancellationToken::new()).await?;
    Ok(true)
}

async fn claim(core: &Core) -> Result<Option<DcrClient>> {
    store::claim(&core.pool, core.new_id(), core.now(), core.now() + LEASE).await
}

async fn advance(core: &Core, mut client: DcrClient, stop: &CancellationToken) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let provider = dcr_providers::store::find(&mut connection, client.dcr_provider_id).await?.or_not_found()?;
    drop(connection);
    let work = Work { core, connector: provider.open(core)?.connector(), config: provider.config };
    let lease = client.lease_id;
    loop {
        if !work.step(&client).await? || stop.is_cancelled() {
            return Ok(());
        }
        match store::find(&core.pool, client.id).await? {
            Some(next) if next.lease_id == lease => client = next,
            _ => return Ok(()),
        }
    }
}

/// What is to be done next for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Create,
    /// Find out whether a creation without an answer has made the client.
    Search,
    Rotate,
    /// Make another client in its place.
    Replace,
    Update,
    Delete,
    /// There is nothing at the provider, and nothing should be.
    Forget,
    Settle,
}

fn next(client: &DcrClient, wanted: Option<&Wanted>, abilities: Abilities) -> Task {
    let is_creation_lost = client.unanswered == Some(ClientCall::Create);
    let Some(wanted) = wanted.filter(|_| client.is_wanted) else {
        return match client.client_id {
            Some(_) => Task::Delete,
            // Made for certain, it can be deleted for certain.
            None if is_creation_lost && abilities.recovery == Recovery::Repeat => Task::Create,
            None if is_creation_lost => Task::Search,
            None => Task::Forget,
        };
    };
    if client.client_id.is_none() {
        return if is_creation_lost && abilities.recovery != Recovery::Repeat { Task::Search } else { Task::Create };
    }
    let is_replaced = abilities.rotation == Rotation::NewClient || client.is_unmanageable;
    match (client.is_rotation_wanted, is_replaced) {
        (true, true) => Task::Replace,
        (true, false) => Task::Rotate,
        _ if client.applied.as_ref() != Some(wanted) && !client.is_unmanageable => Task::Update,
        _ => Task::Settle,
    }
}

struct Work<'a> {
    core: &'a Core,
    connector: Box<dyn Connector>,
    config: DcrConfig,
}

impl Work<'_> {
    /// Does what is next; whether there may be more to do.
    async fn step(&self, client: &DcrClient) -> Result<bool> {
        let wanted = wanted::of(self.core, client, &self.config).await?;
        let task = next(client, wanted.as_ref(), self.connector.abilities());
        match (task, &wanted) {
            (Task::Settle, _) => store::settle(&self.core.pool, client).await.map(|()| false),
            (Task::Forget, _) => self.forget(client, &[]).await,
            (Task::Replace, _) => self.replace(client).await.map(|()| true),
            (Task::Search, _) => self.search(client, wanted.as_ref()).await,
            (Task::Delete, _) => self.delete(client).await,
            (Task::Create, Some(wanted)) => self.call(client, ClientCall::Create, wanted).await,
            (Task::Rotate, Some(wanted)) => self.call(client, ClientCall::Rotate, wanted).await,
            (Task::Update, Some(wanted)) => self.call(client, ClientCall::Update, wanted).await,
            (Task::Create, None) => self.call(client, ClientCall::Create, &wanted::remainder(client)).await,
            (Task::Rotate | Task::Update, None) => Ok(false),
        }
    }

    /// Calls that begin with a note of what is about to be done.
    fn calls<'b>(&'b self, client: &'b DcrClient, call: ClientCall) -> Calls<'b> {
        let announcement: Announcement<'b> = Box::new(move || {
            let now = self.core.now();
            store::mark(&self.core.pool, client, call, now, now + LEASE).boxed()
        });
        Calls::announced(self.core, announcement)
    }

    /// Creates, updates or rotates.
    async fn call(&self, client: &DcrClient, call: ClientCall, wanted: &Wanted) -> Result<bool> {
        let known = known(self.core, client)?;
        let mut calls = self.calls(client, call);
        let connector = &self.connector;
        let asking = async {
            match (call, &client.applied) {
                (ClientCall::Create, _) => connector.create(&mut calls, wanted).await,
                (ClientCall::Rotate, _) => connector.rotate(&mut calls, &known, wanted).await,
                (_, Some(applied)) => connector.update(&mut calls, &known, applied, wanted).await,
                // Found again, and so not known: everything is sent.
                (_, None) => connector.update(&mut calls, &known, &unknown(wanted), wanted).await,
            }
        };
        let outcome = within(STEP_MAX, asking).await.and_then(checked);
        let calls = calls.into_made()?;
        match outcome {
            Ok(given) => {
                let mut progress = self.progress(client);
                progress.name = &wanted.name;
                let bare = Wanted { versions: Vec::new(), ..wanted.clone() };
                match call {
                    ClientCall::Create => {
                        progress.applied = Some(&bare);
                        progress.is_rotation_wanted = Some(given.secret.is_none());
                        progress.is_wanted = !client.is_test;
                    }
                    ClientCall::Rotate => progress.is_rotation_wanted = Some(false),
                    ClientCall::Update | ClientCall::Delete => progress.applied = Some(wanted),
                }
                self.record(client, call, progress, &given, &calls).await.map(|()| true)
            }
            Err(failure) if failure.meaning == Meaning::Unmanageable => self.lose_control(client, call, wanted, &calls).await,
            Err(failure) => self.set_back(client, Some(call), &failure, &calls).await.map(|()| false),
        }
    }

    fn progress<'b>(&self, client: &'b DcrClient) -> Progress<'b> {
        Progress {
            name: &client.name,
            client_id: client.client_id.as_deref(),
            management: None,
            secret: None,
            applied: None,
            is_rotation_wanted: None,
            is_wanted: true,
            is_unmanageable: client.is_unmanageable,
        }
    }

    /// Writes down what a provider has given, before anything else is done.
    async fn record(
        &self,
        client: &DcrClient,
        call: ClientCall,
        progress: Progress<'_>,
        given: &Given,
        calls: &[dcr_providers::Call],
    ) -> Result<()> {
        let core = self.core;
        let management = given.management.as_ref().map(|plain| seal(core, client.id, MANAGEMENT, plain)).transpose()?;
        let digest = given.secret.as_ref().map(|secret| core.secrets.digest(secret.expose()));
        // Many answers repeat the secret: it is news only where it is another.
        let is_news = digest.is_some() && (call != ClientCall::Update || digest != client.secret_digest);
        let secret = given.secret.as_ref().filter(|_| is_news).map(|plain| seal(core, client.id, SECRET, plain)).transpose()?;
        let progress = Progress {
            client_id: Some(&given.client_id),
            management: management.as_deref(),
            secret: secret.as_deref().zip(digest.as_deref()).map(|(secret, digest)| (secret, digest, given.secret_expires_at)),
            ..progress
        };
        let mut tx = core.begin().await?;
        if let Some(application) = client.application_id {
            store::lock_application(&mut tx, application).await?;
        }
        if !store::record(&mut tx, client, &progress, calls, core.now()).await? {
            return Err(anyhow::anyhow!("another process has taken the client over").into());
        }
        if client.client_id.is_none()
            && let Some(application) = client.application_id
        {
            store::set_reference(&mut tx, application, &given.client_id, core.now()).await?;
            if let Some(old) = client.replaces_id {
                store::take_place(&mut tx, client.id, old).await?;
            }
        }
        audit::record(core, &mut tx, Actor::System, None, event(call), Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Looks for the client of a creation whose answer was lost, or reports it where nobody can.
    async fn search(&self, client: &DcrClient, wanted: Option<&Wanted>) -> Result<bool> {
        let since = client.unanswered_since.unwrap_or(client.created_at);
        let Recovery::Search(lag) = self.connector.abilities().recovery else {
            return self.report_lost_answer(client, since).await;
        };
        if self.core.now() < since + lag {
            return store::put_off(&self.core.pool, client, since + lag).await.map(|()| false);
        }
        let mut calls = Calls::new(self.core);
        let tag = wanted::tag(client);
        let found = within(STEP_MAX, self.connector.find(&mut calls, &tag)).await;
        let calls = calls.into_made()?;
        match found {
            Ok(Some(given)) => {
                let mut progress = self.progress(client);
                // Nobody can read its secret any more.
                progress.is_rotation_wanted = Some(wanted.is_some());
                progress.is_wanted = !client.is_test;
                self.record(client, ClientCall::Create, progress, &given, &calls).await.map(|()| true)
            }
            Ok(None) if wanted.is_some() && client.is_wanted => {
                let setback = Setback { retry_at: None, unanswered: None, ..self.waiting(client) };
                store::set_back(&self.core.pool, client, &setback, &calls).await.map(|()| false)
            }
            Ok(None) => self.forget(client, &calls).await,
            Err(failure) => self.set_back(client, None, &failure, &calls).await.map(|()| false),
        }
    }

    /// Nobody can find out whether the client is there: an admin must look, and we go on without it.
    async fn report_lost_answer(&self, client: &DcrClient, since: OffsetDateTime) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        if store::lock(&mut tx, client.id).await?.is_none_or(|now| now.lease_id != client.lease_id) {
            return Ok(false);
        }
        store::report_orphan(&mut tx, self.core.new_id(), client, OrphanReason::LostAnswer, since).await?;
        store::clear_unanswered(&mut tx, client.id).await?;
        audit::record(self.core, &mut tx, Actor::System, None, "dcr_client.possible_orphan", Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn delete(&self, client: &DcrClient) -> Result<bool> {
        let known = known(self.core, client)?;
        let mut calls = self.calls(client, ClientCall::Delete);
        let outcome = within(STEP_MAX, self.connector.delete(&mut calls, &known)).await;
        let calls = calls.into_made()?;
        match outcome {
            Ok(()) => self.forget(client, &calls).await,
            Err(failure) if failure.meaning == Meaning::Unmanageable => {
                self.orphan(client, OrphanReason::Unmanageable, &calls).await
            }
            Err(failure) => self.set_back(client, Some(ClientCall::Delete), &failure, &calls).await.map(|()| false),
        }
    }

    async fn forget(&self, client: &DcrClient, calls: &[dcr_providers::Call]) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        store::forget(&mut tx, client, calls).await?;
        if client.client_id.is_some() {
            audit::record(self.core, &mut tx, Actor::System, None, event(ClientCall::Delete), Some(client.id.0)).await?;
        }
        tx.commit().await?;
        Ok(false)
    }

    /// A client that must go and that cannot be deleted from here.
    async fn orphan(&self, client: &DcrClient, reason: OrphanReason, calls: &[dcr_providers::Call]) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        if store::lock(&mut tx, client.id).await?.is_none_or(|now| now.lease_id != client.lease_id) {
            return Ok(false);
        }
        store::report_orphan(&mut tx, self.core.new_id(), client, reason, self.core.now()).await?;
        store::forget(&mut tx, client, calls).await?;
        audit::record(self.core, &mut tx, Actor::System, None, "dcr_client.possible_orphan", Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// Another client takes the place of this one once it is there; until then this one goes on working.
    async fn replace(&self, client: &DcrClient) -> Result<()> {
        let mut tx = self.core.begin().await?;
        let application = match client.application_id {
            Some(application) if store::lock_application(&mut tx, application).await? => application,
            _ => return Ok(()),
        };
        store::want_rotation(&mut tx, client.id, false).await?;
        let new = NewClient {
            id: self.core.new_id(),
            provider: client.dcr_provider_id,
            application: Some(application),
            replaces: Some(client.id),
            is_test: false,
            name: &client.name,
        };
        store::insert(&mut tx, &new, self.core.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The provider takes no calls about this client any more.
    async fn lose_control(
        &self,
        client: &DcrClient,
        call: ClientCall,
        wanted: &Wanted,
        calls: &[dcr_providers::Call],
    ) -> Result<bool> {
        // Where a lost answer held a new secret, nobody has the one that works.
        let is_secret_lost = client.unanswered.is_some() && self.connector.abilities().update_renews_secret;
        let mut progress = self.progress(client);
        progress.is_unmanageable = true;
        progress.applied = Some(wanted);
        progress.is_rotation_wanted = (call == ClientCall::Rotate || is_secret_lost).then_some(true);
        let mut tx = self.core.begin().await?;
        if !store::record(&mut tx, client, &progress, calls, self.core.now()).await? {
            return Ok(false);
        }
        audit::record(self.core, &mut tx, Actor::System, None, "dcr_client.unmanageable", Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(true)
    }

    fn waiting<'b>(&self, client: &'b DcrClient) -> Setback<'b> {
        Setback {
            state: DcrClientState::Waiting,
            retry_at: None,
            error: &client.last_error,
            is_developers_fault: false,
            unanswered: client.unanswered,
            is_wanted: true,
        }
    }

    /// An attempt failed: it is made again later, or not before something changes.
    async fn set_back(
        &self,
        client: &DcrClient,
        call: Option<ClientCall>,
        failure: &Failure,
        calls: &[dcr_providers::Call],
    ) -> Result<()> {
        let core = self.core;
        if let (Meaning::NotNow, Some(patience)) = (failure.meaning, failure.retry_after) {
            dcr_providers::store::pause(&core.pool, client.dcr_provider_id, core.now(), patience).await?;
        }
        let is_final = matches!(failure.meaning, Meaning::Refused { .. } | Meaning::Missing);
        let pause = jobs::pause(core, client.attempts + 1, PAUSE_MAX);
        let pause = failure.retry_after.map_or(pause, |asked| pause.max(asked.try_into().unwrap_or(PAUSE_MAX)));
        // A failed creation ends a test; whatever it may have left is looked for and deleted.
        let ends_test = client.is_test && call == Some(ClientCall::Create);
        let setback = Setback {
            state: if is_final && !ends_test { DcrClientState::Refused } else { DcrClientState::Waiting },
            retry_at: (!is_final && !ends_test).then(|| core.now() + pause),
            // Of a test the outcome is that of the creation.
            error: if client.is_test && !ends_test { &client.last_error } else { &failure.told },
            is_developers_fault: failure.meaning == Meaning::Refused { is_request: true } && client.application_id.is_some(),
            unanswered: if failure.meaning == Meaning::Unknown { call.or(client.unanswered) } else { client.unanswered },
            is_wanted: !ends_test,
        };
        store::set_back(&core.pool, client, &setback, calls).await
    }
}

/// A client as a connector needs to know it.
pub(super) fn known(core: &Core, client: &DcrClient) -> Result<Known> {
    let management = client.management.as_ref().map(|sealed| open(core, client.id, MANAGEMENT, sealed)).transpose()?;
    let deletion = client.unanswered_since.filter(|_| client.unanswered == Some(ClientCall::Delete));
    Ok(Known {
        client_id: client.client_id.clone().unwrap_or_default(),
        management,
        age: core.now() - client.given_at.unwrap_or(client.created_at),
        deletion_sent: deletion.map(|since| core.now() - since),
    })
}

/// Keeps what a look at a client has brought.
pub(super) async fn keep(core: &Core, client: &DcrClient, given: &Given) -> Result<()> {
    let management = given.management.as_ref().map(|plain| seal(core, client.id, MANAGEMENT, plain)).transpose()?;
    let digest = given.secret.as_ref().map(|secret| core.secrets.digest(secret.expose()));
    let news = given.secret.as_ref().filter(|_| digest != client.secret_digest);
    let secret = news.map(|plain| seal(core, client.id, SECRET, plain)).transpose()?;
    store::keep(&core.pool, client.id, management.as_deref(), secret.as_deref().zip(digest.as_deref())).await
}

/// A provider that answers nothing for so long may have done anything.
async fn within<T>(limit: Duration, asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(limit, asking)
        .await
        .unwrap_or_else(|_| Err(Failure::new(Meaning::Unknown, "the provider took too long")))
}

fn checked(given: Given) -> Result<Given, Failure> {
    let is_sane = !given.client_id.is_empty() && given.client_id.len() <= CLIENT_ID_MAX && !given.client_id.contains('\0');
    if is_sane { Ok(given) } else { Err(Failure::new(Meaning::Unknown, "the client_id is none that can be kept")) }
}

/// What differs from anything that may be wanted.
fn unknown(wanted: &Wanted) -> Wanted {
    Wanted { name: String::new(), redirect_uris: vec![String::new()], versions: Vec::new(), ..wanted.clone() }
}

fn event(call: ClientCall) -> &'static str {
    match call {
        ClientCall::Create => "dcr_client.created",
        ClientCall::Update => "dcr_client.updated",
        ClientCall::Rotate => "dcr_client.rotated",
        ClientCall::Delete => "dcr_client.deleted",
    }
}

/// What a sealed value is.
pub(super) const SECRET: &str = "secret";
const MANAGEMENT: &str = "management";

fn context(id: DcrClientId, what: &str) -> String {
    format!("dcr_client/{what}/{id}")
}

fn seal(core: &Core, id: DcrClientId, what: &str, plain: &Plain) -> Result<Vec<u8>> {
    Ok(core.secrets.seal(&core.random, &context(id, what), plain.expose().as_bytes())?)
}

pub(super) fn open(core: &Core, id: DcrClientId, what: &str, sealed: &[u8]) -> Result<Plain> {
    let opened = core.secrets.open(&context(id, what), sealed)?;
    Ok(Plain::new(String::from_utf8(opened).map_err(anyhow::Error::from)?))
}
