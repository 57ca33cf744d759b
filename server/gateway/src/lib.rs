//! The decision "is this call allowed", the in-memory view it is made from, and the built-in gateway.
//!
//! No database is asked on the way of a call: [`Gateway::keep_current`] loads the view and follows changes,
//! and the times at which keys were used are written behind.

mod authorize;
mod decision;
#[cfg(feature = "envoy")]
mod envoy;
mod openid;
mod proxy;
mod record;
mod refusal;
mod sign_in;
mod view;

pub use decision::{Allowed, Call, CallersCredential, Consumer};
pub use openid::TokenFault;
pub use proxy::{Proxy, Tried, host};
pub use record::Record;
pub use refusal::{Refusal, Refused, Takes};

use decision::{Judged, Sent};
use openid::{Providers, Shown, claims::named_issuer};
use portico_core::{
    Core,
    gateways::{
        changes::{self, Announcements, Position},
        view as rows,
    },
};
use portico_model::{
    ids::{AuthStrategyId, CredentialId, VersionId},
    problem::Problem,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use view::{Service, View};

/// How often to look for changes that no announcement told of.
const POLL: Duration = Duration::from_millis(500);
/// How long the database may take to tell what changed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the times of use are written.
const WRITE_BEHIND: Duration = Duration::from_secs(2);

/// Decides calls from memory. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    core: Core,
    view: Arc<RwLock<View>>,
    uses: Arc<Mutex<HashMap<CredentialId, OffsetDateTime>>>,
    providers: Arc<Providers>,
    loaded: Arc<watch::Sender<bool>>,
}

/// A server that has vanished without a word must not hold the view back.
async fn in_time<T>(asking: impl Future<Output = portico_core::Result<T>>) -> portico_core::Result<T> {
    match tokio::time::timeout(ANSWER_TIMEOUT, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(Problem::Unavailable.into()),
    }
}

impl Gateway {
    /// A gateway that refuses everything until its view is loaded.
    pub fn new(core: Core) -> Self {
        let providers = Arc::new(Providers::new(core.outgoing.clone()));
        Self { core, view: Arc::default(), uses: Arc::default(), providers, loaded: Arc::default() }
    }

    /// Whether a call may pass, and on whose behalf.
    ///
    /// # Errors
    ///
    /// The reason for refusing it.
    pub async fn decide(&self, call: &Call<'_>) -> Result<Allowed, Refused> {
        let now = self.core.now();
        let judged = decision::judge(&self.view(), &self.core.secrets, now, call)?;
        let allowed = match judged {
            Judged::Allowed(allowed) => allowed,
            Judged::AskProvider(service, sent) => self.ask_providers(&service, &sent, now).await?,
        };
        self.note_use(&allowed, now);
        Ok(allowed)
    }

    /// Tries the openings that take what was sent, one after the other. What only a provider can tell whose it is goes
    /// to one issuer and to no other. Of several refusals the one counts that came furthest.
    async fn ask_providers(&self, service: &Arc<Service>, sent: &Sent, now: OffsetDateTime) -> Result<Allowed, Refused> {
        let mut refused = match sent {
            Sent::Token(_) => Refusal::BadToken(TokenFault::Issuer),
            Sent::Login(..) => Refusal::BadLogin,
        }
        .at(service.id);
        let candidates = decision::candidates(&self.view(), service, sent);
        for (opening, trust, shown) in &candidates {
            let admitted = match self.providers.identify(trust, shown, now).await {
                Ok(who) => decision::admit_client(&self.view(), service, opening, &who.client_id, who.token),
                Err(untaken) => Err(Refusal::from(untaken).at(service.id)),
            };
            match admitted {
                Ok(allowed) => return Ok(allowed),
                Err(other) if other.reason.progress() >= refused.reason.progress() => refused = other,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// What each strategy that trusts a token's issuer makes of it: the client it is of, or why it is not good.
    /// Nothing for a token that only its provider can read.
    pub async fn examine(&self, token: &str) -> Vec<(AuthStrategyId, Result<String, Refusal>)> {
        let Some(issuer) = named_issuer(token) else { return Vec::new() };
        let trusts = self.view().trusts(&issuer);
        let mut found = Vec::new();
        for (strategy, trust) in trusts {
            let identified = self.providers.identify(&trust, &Shown::Token(token.to_owned()), self.core.now()).await;
            found.push((strategy, identified.map(|who| who.client_id).map_err(Refusal::from)));
        }
        found
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Gateway::decide`], for a call to a version with the key that begins so.
    fn decide_for_key(&self, version: VersionId, path: &str, key_id: &str) -> Result<Allowed, Refused> {
        let now = self.core.now();
        let allowed = decision::decide_for_key(&self.view(), now, version, path, key_id)?;
        self.note_use(&allowed, now);
        Ok(allowed)
    }

    fn note_use(&self, allowed: &Allowed, now: OffsetDateTime) {
        if let Some(Consumer { credential: CallersCredential::Key(id), .. }) = allowed.consumer {
            self.uses.lock().unwrap_or_else(PoisonError::into_inner).insert(id, now);
        }
    }

    /// Waits until the view is loaded for the first time.
    pub async fn wait_until_loaded(&self) {
        // It fails only without a sender, and this is one.
        let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
    }

    /// Loads the view and follows changes until told to stop. While the database is away, the last view holds.
    pub async fn keep_current(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let lost = tokio::select! {
                () = stop.cancelled() => break,
                lost = self.follow() => lost,
            };
            tracing::warn!(error = ?lost, "the gateway's view is not current; trying again");
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Loads everything, then what changes. Returns only when it cannot go on.
    async fn follow(&self) -> portico_core::Error {
        match self.try_follow().await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn try_follow(&self) -> portico_core::Result<std::convert::Infallible> {
        let mut announcements = in_time(Announcements::listen(&self.core)).await?;
        let mut position = self.load().await?;
        let mut loaded_at = self.core.now();
        loop {
            if let Ok(heard) = tokio::time::timeout(POLL, announcements.next()).await {
                heard?;
            }
            if self.core.now() - loaded_at > changes::RETENTION / 2 {
                position = self.load().await?;
                loaded_at = self.core.now();
            } else {
                position = in_time(self.load_changes(&position)).await?;
            }
        }
    }

    /// Loads everything; where to read on.
    pub async fn load(&self) -> portico_core::Result<Position> {
        let position = changes::position(&self.core).await?;
        let mut view = View::new(rows::routing(&self.core).await?, &self.core.secrets);
        rows::every_application(&self.core, |application| view.put_application(application)).await?;
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        self.loaded.send_replace(true);
        Ok(position)
    }

    /// Loads what changed since a position; where to read on.
    pub async fn load_changes(&self, position: &Position) -> portico_core::Result<Position> {
        let (changes, next) = changes::since(&self.core, position).await?;
        if changes.routing {
            let routing = rows::routing(&self.core).await?;
            self.view.write().unwrap_or_else(PoisonError::into_inner).put_routing(routing, &self.core.secrets);
        }
        if !changes.applications.is_empty() {
            let found = rows::applications(&self.core, &changes.applications).await?;
            let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
            for id in changes.applications {
                view.remove_application(id);
            }
            for application in found {
                view.put_application(application);
            }
        }
        Ok(next)
    }

    /// Writes the times of use now and then, and once more when told to stop.
    pub async fn write_uses(&self, stop: CancellationToken) {
        loop {
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(WRITE_BEHIND) => false,
            };
            self.flush_uses().await;
            if stopped {
                return;
            }
        }
    }

    /// Writes the times of use; those that cannot be written now are kept for the next time.
    pub async fn flush_uses(&self) {
        let uses = std::mem::take(&mut *self.uses.lock().unwrap_or_else(PoisonError::into_inner));
        if uses.is_empty() {
            return;
        }
        if let Err(error) = rows::note_uses(&self.core, &uses).await {
            tracing::warn!(?error, "the times of use are written later");
            let mut newer = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in uses {
                newer.entry(id).or_insert(at);
            }
        }
    }
}
