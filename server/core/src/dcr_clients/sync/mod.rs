//! Makes clients at providers what they should be, one step after the other.
//!
//! Each step is noted before its call is sent and recorded after the answer came, so that a process that dies in between
//! leaves a trace from which another goes on. Nothing is remembered but in the client's row.

mod outcomes;
mod store;
mod worker;

pub use worker::{run_next, work};

use super::{
    sealed::known,
    store::{self as clients, DcrClient, NewClient},
    wanted,
};
use crate::{
    Core, Result,
    dcr_providers::{
        self, DcrConfig,
        connectors::{Abilities, Announcement, Before, Calls, Connector, Failure, Given, Meaning, Recovery, Rotation, Wanted},
    },
    error::OrNotFound,
};
use futures_util::FutureExt;
use portico_model::states::{ClientCall, OrphanReason};
use std::time::Duration;
use store::{LEASE, Progress, Setback};
use tokio_util::sync::CancellationToken;

/// A step that takes longer is broken off, well before its lease ends.
const STEP_MAX: Duration = Duration::from_secs(150);
/// The longest pause between two attempts.
const PAUSE_MAX: time::Duration = time::Duration::minutes(15);
/// Longest client id that is taken from a provider, in bytes.
const CLIENT_ID_MAX: usize = 255;

async fn advance(core: &Core, mut client: DcrClient, stop: &CancellationToken) -> Result<()> {
    let mut connection = core.pool.acquire().await?;
    let provider = dcr_providers::store::find(&mut connection, client.dcr_provider_id).await?.or_not_found()?;
    drop(connection);
    let work = Work { core, connector: provider.open(core)?.connector(), config: provider.config };
    let lease = client.lease_id;
    loop {
        if !work.step(&client).await? {
            return Ok(());
        }
        if stop.is_cancelled() {
            // Another process goes on at once.
            return store::put_off(&core.pool, &client, core.now()).await;
        }
        match clients::find(&core.pool, client.id).await? {
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
        _ if client.is_unmanageable => Task::Settle,
        // What may have been half done is done again, even where nothing else is wanted any more.
        _ if client.applied.as_ref() != Some(wanted) || client.attempted.is_some() => Task::Update,
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
    fn calls<'b>(&'b self, client: &'b DcrClient, call: ClientCall, attempted: Option<&'b Wanted>) -> Calls<'b> {
        let announcement: Announcement<'b> = Box::new(move || {
            let now = self.core.now();
            store::mark(&self.core.pool, client, call, attempted, now, now + LEASE).boxed()
        });
        Calls::announced(self.core, announcement)
    }

    /// Creates, updates or rotates.
    async fn call(&self, client: &DcrClient, call: ClientCall, wanted: &Wanted) -> Result<bool> {
        let known = known(self.core, client)?;
        let before = Before { applied: client.applied.as_ref(), attempted: client.attempted.as_ref() };
        // What it may have been told before this is not forgotten by telling it something else.
        let attempted = Wanted { versions: before.versions_with(wanted), ..wanted.clone() };
        let mut calls = self.calls(client, call, Some(&attempted));
        let connector = &self.connector;
        let asking = async {
            match call {
                ClientCall::Create => connector.create(&mut calls, wanted).await,
                ClientCall::Rotate => connector.rotate(&mut calls, &known, wanted).await,
                ClientCall::Update | ClientCall::Delete => connector.update(&mut calls, &known, before, wanted).await,
            }
        };
        let outcome = within(STEP_MAX, asking).await.and_then(|given| checked(given, call));
        let calls = calls.into_made()?;
        match outcome {
            Ok(given) => {
                let mut progress = self.progress(client);
                progress.name = &wanted.name;
                let bare = Wanted { versions: Vec::new(), ..wanted.clone() };
                match call {
                    ClientCall::Create => {
                        progress.applied = Some(&bare);
                        // Where there are no new secrets, there is none to ask for.
                        let rotates = self.connector.abilities().rotation != Rotation::NewClient;
                        progress.is_rotation_wanted = Some(given.secret.is_none() && rotates);
                        progress.is_wanted = !client.is_test;
                    }
                    ClientCall::Rotate => progress.is_rotation_wanted = Some(false),
                    ClientCall::Update | ClientCall::Delete => {
                        progress.applied = Some(wanted);
                        progress.attempted = None;
                    }
                }
                self.record(client, call, progress, &given, &calls).await.map(|()| true)
            }
            Err(failure) if failure.meaning == Meaning::Unmanageable => self.lose_control(client, call, wanted, &calls).await,
            Err(failure) if self.is_lost_for_good(client, call, &failure) => {
                // Nobody can look for what it has made, and the same again would make yet another one.
                self.report_lost_answer(client, self.core.now()).await?;
                let refused = failure.but(Meaning::Refused { is_request: false });
                self.set_back(client, None, &refused, &calls).await.map(|()| false)
            }
            Err(failure) => self.set_back(client, Some(call), &failure, &calls).await.map(|()| false),
        }
    }

    /// Whether a client was made whose id nobody will ever learn from here.
    fn is_lost_for_good(&self, client: &DcrClient, call: ClientCall, failure: &Failure) -> bool {
        let is_unsearchable = self.connector.abilities().recovery == Recovery::None;
        call == ClientCall::Create && failure.meaning == Meaning::Unreadable && is_unsearchable && !client.is_test
    }

    fn progress<'b>(&self, client: &'b DcrClient) -> Progress<'b> {
        Progress {
            name: &client.name,
            client_id: client.client_id.as_deref(),
            management: None,
            secret: None,
            applied: None,
            attempted: client.attempted.as_ref(),
            is_rotation_wanted: None,
            is_wanted: true,
            is_unmanageable: client.is_unmanageable,
        }
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

    async fn delete(&self, client: &DcrClient) -> Result<bool> {
        let known = known(self.core, client)?;
        let mut calls = self.calls(client, ClientCall::Delete, None);
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

    /// Another client takes the place of this one once it is there; until then this one goes on working.
    async fn replace(&self, client: &DcrClient) -> Result<()> {
        let mut tx = self.core.begin().await?;
        let application = match client.application_id {
            Some(application) if store::lock_application(&mut tx, application).await? => application,
            _ => return Ok(()),
        };
        clients::want_rotation(&mut tx, client.id, false).await?;
        let new = NewClient {
            id: self.core.new_id(),
            provider: client.dcr_provider_id,
            application: Some(application),
            replaces: Some(client.id),
            is_test: false,
            name: &client.name,
        };
        clients::insert(&mut tx, &new, self.core.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A provider that answers nothing for so long may have done anything.
async fn within<T>(limit: Duration, asking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(limit, asking)
        .await
        .unwrap_or_else(|_| Err(Failure::new(Meaning::Unknown, "the provider took too long")))
}

fn checked(given: Given, call: ClientCall) -> Result<Given, Failure> {
    let is_sane = !given.client_id.is_empty() && given.client_id.len() <= CLIENT_ID_MAX && !given.client_id.contains('\0');
    match (is_sane, call, &given.secret) {
        (false, ..) => Err(Failure::new(Meaning::Unreadable, "the client_id is none that can be kept")),
        (true, ClientCall::Rotate, None) => Err(Failure::unreadable("client_secret")),
        _ => Ok(given),
    }
}
