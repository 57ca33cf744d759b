//! The decision "is this call allowed", the in-memory view it is made from, and the built-in gateway.
//!
//! No database is asked on the way of a call: [`Gateway::keep_current`] loads the view and follows changes,
//! and the times at which keys were used are written behind.

mod decision;
mod openid;
mod proxy;
mod view;

pub use decision::{Allowed, Call, CallersCredential, Refusal};
pub use openid::TokenFault;
pub use proxy::{Proxy, Tried, host};

use decision::Judged;
use openid::{Providers, Untaken};
use portico_core::{
    Core,
    auth_strategies::OpenidConnect,
    gateways::{
        changes::{self, Announcements, Position},
        view as rows,
    },
};
use portico_model::{
    ids::{CredentialId, VersionId},
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
    pub async fn decide(&self, call: &Call<'_>) -> Result<Allowed, Refusal> {
        let now = self.core.now();
        let judged = decision::judge(&self.view(), &self.core.secrets, now, call)?;
        let allowed = match judged {
            Judged::Allowed(allowed) => allowed,
            Judged::Token(service, token) => self.decide_for_token(&service, &token, now).await?,
        };
        self.note_use(&allowed, now);
        Ok(allowed)
    }

    /// Asks the openings that trust the token's issuer, one after the other.
    async fn decide_for_token(&self, service: &Arc<Service>, token: &str, now: OffsetDateTime) -> Result<Allowed, Refusal> {
        let issuer = openid::named_issuer(token).ok_or(Refusal::BadToken(TokenFault::Malformed))?;
        let mut refusal = Refusal::BadToken(TokenFault::Issuer);
        for opening in &service.openings {
            let Some(config) = opening.openid_connect.as_ref().filter(|config| config.issuer == issuer) else { continue };
            match self.client_id(config, token, now).await {
                Ok(client_id) => match decision::admit_client(&self.view(), service, opening, &client_id) {
                    Some(allowed) => return Ok(allowed),
                    None => refusal = Refusal::NotRegistered,
                },
                Err(reason) if refusal != Refusal::NotRegistered => refusal = reason,
                Err(_) => {}
            }
        }
        Err(refusal)
    }

    /// The client id in a token that is good for a strategy.
    async fn client_id(&self, config: &OpenidConnect, token: &str, now: OffsetDateTime) -> Result<String, Refusal> {
        let provider = self.providers.of(&config.issuer);
        let claims = provider.verify(token, config.may_cache(), now).await.map_err(|untaken| match untaken {
            Untaken::Bad(fault) => Refusal::BadToken(fault),
            Untaken::ProviderDown => Refusal::ProviderDown,
        })?;
        if !openid::has_audience(&claims, &config.audiences()) {
            return Err(Refusal::BadToken(TokenFault::Audience));
        }
        let client_id = openid::claim(&claims, &config.credential_claim);
        client_id.map(str::to_owned).ok_or(Refusal::BadToken(TokenFault::NoClientId))
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Gateway::decide`], for a call to a version with the key that begins so.
    fn decide_for_key(&self, version: VersionId, path: &str, key_id: &str) -> Result<Allowed, Refusal> {
        let now = self.core.now();
        let allowed = decision::decide_for_key(&self.view(), now, version, path, key_id)?;
        self.note_use(&allowed, now);
        Ok(allowed)
    }

    fn note_use(&self, allowed: &Allowed, now: OffsetDateTime) {
        if let CallersCredential::Key(id) = allowed.credential {
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
        let mut view = View::new(rows::routes(&self.core).await?);
        rows::every_application(&self.core, |application| view.put_application(application)).await?;
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
        self.loaded.send_replace(true);
        Ok(position)
    }

    /// Loads what changed since a position; where to read on.
    pub async fn load_changes(&self, position: &Position) -> portico_core::Result<Position> {
        let (changes, next) = changes::since(&self.core, position).await?;
        if changes.routing {
            let routes = rows::routes(&self.core).await?;
            self.view.write().unwrap_or_else(PoisonError::into_inner).put_routes(routes);
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
