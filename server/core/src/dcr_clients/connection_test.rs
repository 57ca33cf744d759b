//! Tests of a provider: a client is really created there, and deleted again.

use super::{
    store::{self, DcrClient, NewClient},
    wait_until,
    wanted::TEST_NAME,
};
use crate::{
    Actor, Core, Result, audit, dcr_providers,
    error::{OnConstraint, OrNotFound},
};
use portico_model::{
    access::Permission,
    ids::DcrProviderId,
    problem::{Conflict, Problem},
};
use std::time::Duration;

/// Begins a test: a client is really created at the provider, and deleted. For admins.
///
/// # Errors
///
/// `Conflict` with `TestRunning` until the client of the last test is gone.
pub async fn test(core: &Core, actor: Actor, provider: DcrProviderId) -> Result<()> {
    actor.require(Permission::MaintainProviders)?;
    let mut tx = core.begin().await?;
    dcr_providers::store::find(&mut tx, provider).await?.or_not_found()?;
    if let Some(last) = store::test_of(&mut tx, provider).await? {
        if last.outcome().is_none() {
            return Err(Problem::Conflict(Conflict::TestRunning).into());
        }
        store::delete(&mut tx, last.id).await?;
    }
    let new = NewClient { id: core.new_id(), provider, application: None, replaces: None, is_test: true, name: TEST_NAME };
    store::insert(&mut tx, &new, core.now())
        .await
        .on_constraint("dcr_client_test_key", Problem::Conflict(Conflict::TestRunning))?;
    audit::record(core, &mut tx, actor, None, "dcr_provider.tested", Some(provider.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The last test of a provider. For admins.
pub async fn last_test(core: &Core, actor: Actor, provider: DcrProviderId) -> Result<Option<DcrClient>> {
    actor.require(Permission::ReadProviders)?;
    let mut connection = core.pool.acquire().await?;
    store::test_of(&mut connection, provider).await
}

/// Waits until a test has an outcome or a step of it has failed; at most so long. For admins.
pub async fn wait_for_test(core: &Core, actor: Actor, provider: DcrProviderId, patience: Duration) -> Result<()> {
    wait_until(patience, || async {
        let test = last_test(core, actor, provider).await?;
        Ok(test.is_none_or(|test| test.outcome().is_some() || test.attempts > 0))
    })
    .await
}

impl DcrClient {
    /// Of a test: whether the provider can be used. None while the test's client may be there.
    pub fn outcome(&self) -> Option<bool> {
        let is_over = self.is_test && !self.is_wanted && self.client_id.is_none() && self.unanswered.is_none();
        is_over.then_some(self.last_error.is_empty())
    }
}
