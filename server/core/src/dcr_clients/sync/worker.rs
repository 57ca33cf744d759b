//! Takes clients for which something is to be done, one after the other, several at once.

use super::{
    PAUSE_MAX, advance,
    store::{self, LEASE},
};
use crate::{Core, Result, dcr_clients::store::DcrClient, jobs};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often to look for work that nobody announced.
const POLL: Duration = Duration::from_millis(500);
/// At most so many clients are worked on at once by one process.
const AT_ONCE: usize = 16;

/// Works on clients until told to stop; a step that was begun is ended. Any number of processes may do this.
pub async fn work(core: Core, stop: CancellationToken) {
    let mut busy = JoinSet::new();
    while !stop.is_cancelled() {
        while busy.try_join_next().is_some() {}
        let claimed = if busy.len() < AT_ONCE { claim(&core).await } else { Ok(None) };
        match claimed {
            Ok(Some(client)) => {
                let (core, stop) = (core.clone(), stop.clone());
                busy.spawn(async move { work_on(&core, client, &stop).await });
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

/// A fault of our own is logged, and told as one; whatever was under way is taken up from its note.
async fn work_on(core: &Core, client: DcrClient, stop: &CancellationToken) {
    let Err(error) = advance(core, client.clone(), stop).await else { return };
    tracing::warn!(?error, dcr_client.id = %client.id, "work on a client broke off");
    let retry_at = core.now() + jobs::pause(core, client.attempts + 1, PAUSE_MAX);
    // Where this fails too, the lease ends by itself.
    if let Err(error) = store::stumble(&core.pool, &client, retry_at, "something went wrong in Portico; its log has it").await {
        tracing::warn!(?error, dcr_client.id = %client.id, "the client is taken up again when its lease has ended");
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
