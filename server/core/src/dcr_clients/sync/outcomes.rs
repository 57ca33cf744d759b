//! What comes of a step, written down before anything else is done.

use super::{
    PAUSE_MAX, Work,
    store::{self, Progress, Setback},
};
use crate::{
    Actor, Result, audit,
    dcr_clients::{
        orphans,
        sealed::Sealed,
        store::{self as clients, DcrClient},
    },
    dcr_providers::{
        self, Call,
        connectors::{Failure, Given, Meaning, Wanted},
    },
    jobs,
};
use portico_model::states::{ClientCall, DcrClientState, OrphanReason};
use std::time::Duration;
use time::OffsetDateTime;

/// How often, and after which pause, a record is tried again that a deadlock or an outage has prevented: what it holds is
/// nowhere else.
const RECORD_RETRIES: u32 = 20;
const RECORD_PAUSE: Duration = Duration::from_secs(1);

impl Work<'_> {
    /// Writes down what a provider has given, before anything else is done.
    pub(super) async fn record(
        &self,
        client: &DcrClient,
        call: ClientCall,
        progress: Progress<'_>,
        given: &Given,
        calls: &[Call],
    ) -> Result<()> {
        // Whatever another call gives was made for it.
        let known = client.secret_digest.as_deref().filter(|_| call == ClientCall::Update);
        let sealed = Sealed::new(self.core, client.id, given, known)?;
        let progress = Progress {
            client_id: Some(&given.client_id),
            management: sealed.management.as_deref(),
            secret: sealed.secret().map(|(secret, digest)| (secret, digest, given.secret_expires_at)),
            ..progress
        };
        let mut failures = 0;
        loop {
            match self.try_to_record(client, call, &progress, &given.client_id, calls).await {
                Err(error) if error.may_pass() && failures < RECORD_RETRIES => {
                    failures += 1;
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_to_record(
        &self,
        client: &DcrClient,
        call: ClientCall,
        progress: &Progress<'_>,
        client_id: &str,
        calls: &[Call],
    ) -> Result<()> {
        let core = self.core;
        let mut tx = core.begin().await?;
        // Always in this order: the application, the client before, the client.
        if let Some(application) = client.application_id {
            store::lock_application(&mut tx, application).await?;
        }
        if let Some(old) = client.replaces_id {
            clients::lock(&mut tx, old).await?;
        }
        if !store::record(&mut tx, client, progress, calls, core.now()).await? {
            drop(tx);
            return self.report_unclaimed(client, client_id).await;
        }
        if client.client_id.is_none()
            && let Some(application) = client.application_id
        {
            store::set_reference(&mut tx, application, client_id, core.now()).await?;
            if let Some(old) = client.replaces_id {
                store::take_place(&mut tx, client.id, old).await?;
            }
        }
        audit::record(core, &mut tx, Actor::System, None, event(call), Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// This process was away for longer than its lease: what it has made meanwhile may be one too many.
    async fn report_unclaimed(&self, client: &DcrClient, client_id: &str) -> Result<()> {
        let mut tx = self.core.begin().await?;
        let now = clients::lock(&mut tx, client.id).await?;
        if now.is_none_or(|now| now.client_id.as_deref() != Some(client_id)) {
            let unclaimed = DcrClient { client_id: Some(client_id.to_owned()), ..client.clone() };
            orphans::report(&mut tx, self.core.new_id(), &unclaimed, OrphanReason::LostAnswer, self.core.now()).await?;
        }
        tx.commit().await?;
        Err(anyhow::anyhow!("another process has taken the client over").into())
    }

    /// Nobody can find out whether the client is there: an admin must look, and we go on without it.
    pub(super) async fn report_lost_answer(&self, client: &DcrClient, since: OffsetDateTime) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        if clients::lock(&mut tx, client.id).await?.is_none_or(|now| now.lease_id != client.lease_id) {
            return Ok(false);
        }
        orphans::report(&mut tx, self.core.new_id(), client, OrphanReason::LostAnswer, since).await?;
        clients::clear_unanswered(&mut tx, client.id).await?;
        audit::record(self.core, &mut tx, Actor::System, None, "dcr_client.possible_orphan", Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(super) async fn forget(&self, client: &DcrClient, calls: &[Call]) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        store::forget(&mut tx, client, calls).await?;
        if client.client_id.is_some() {
            audit::record(self.core, &mut tx, Actor::System, None, event(ClientCall::Delete), Some(client.id.0)).await?;
        }
        tx.commit().await?;
        Ok(false)
    }

    /// A client that must go and that cannot be deleted from here.
    pub(super) async fn orphan(&self, client: &DcrClient, reason: OrphanReason, calls: &[Call]) -> Result<bool> {
        let mut tx = self.core.begin().await?;
        if clients::lock(&mut tx, client.id).await?.is_none_or(|now| now.lease_id != client.lease_id) {
            return Ok(false);
        }
        orphans::report(&mut tx, self.core.new_id(), client, reason, self.core.now()).await?;
        store::forget(&mut tx, client, calls).await?;
        audit::record(self.core, &mut tx, Actor::System, None, "dcr_client.possible_orphan", Some(client.id.0)).await?;
        tx.commit().await?;
        Ok(false)
    }

    /// The provider takes no calls about this client any more.
    pub(super) async fn lose_control(
        &self,
        client: &DcrClient,
        call: ClientCall,
        wanted: &Wanted,
        calls: &[Call],
    ) -> Result<bool> {
        // Where a lost answer held a new secret, nobody has the one that works.
        let is_secret_lost = client.attempted.is_some() && self.connector.abilities().update_renews_secret;
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

    pub(super) fn waiting<'b>(&self, client: &'b DcrClient) -> Setback<'b> {
        Setback {
            state: DcrClientState::Waiting,
            retry_at: None,
            error: &client.last_error,
            is_developers_fault: false,
            unanswered: client.unanswered,
            is_wanted: true,
            is_unmanageable: client.is_unmanageable,
        }
    }

    /// An attempt failed: it is made again later, or not before something changes.
    pub(super) async fn set_back(
        &self,
        client: &DcrClient,
        call: Option<ClientCall>,
        failure: &Failure,
        calls: &[Call],
    ) -> Result<()> {
        let core = self.core;
        if let (Meaning::NotNow, Some(patience)) = (failure.meaning, failure.retry_after) {
            dcr_providers::store::pause(&core.pool, client.dcr_provider_id, core.now(), patience).await?;
        }
        // A failed creation ends a test; whatever it may have left is looked for and deleted.
        let ends_test = client.is_test && call == Some(ClientCall::Create);
        let is_final = matches!(failure.meaning, Meaning::Refused { .. } | Meaning::Missing) && !client.is_test;
        let pause = jobs::pause(core, client.attempts + 1, PAUSE_MAX);
        let pause = failure.retry_after.map_or(pause, |asked| pause.max(asked.try_into().unwrap_or(PAUSE_MAX)));
        let is_unknown = matches!(failure.meaning, Meaning::Unknown | Meaning::Unreadable);
        let setback = Setback {
            state: if is_final { DcrClientState::Refused } else { DcrClientState::Waiting },
            retry_at: (!is_final && !ends_test).then(|| core.now() + pause),
            // Of a test the outcome is that of the creation.
            error: if client.is_test && !ends_test { &client.last_error } else { &failure.told },
            is_developers_fault: failure.meaning == Meaning::Refused { is_request: true } && client.application_id.is_some(),
            unanswered: if is_unknown { call.or(client.unanswered) } else { client.unanswered },
            is_wanted: !ends_test,
            // A client that is gone there can only be replaced.
            is_unmanageable: client.is_unmanageable || (failure.meaning == Meaning::Missing && client.client_id.is_some()),
        };
        store::set_back(&core.pool, client, &setback, calls).await
    }
}

fn event(call: ClientCall) -> &'static str {
    match call {
        ClientCall::Create => "dcr_client.created",
        ClientCall::Update => "dcr_client.updated",
        ClientCall::Rotate => "dcr_client.rotated",
        ClientCall::Delete => "dcr_client.deleted",
    }
}
