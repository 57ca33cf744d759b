//! The private Postgres, off the async threads.

use anyhow::Context;
use portico_postgres::{Server, Settings};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// A private Postgres that is started again when it dies.
#[derive(Clone)]
pub struct PrivatePostgres(Arc<Mutex<Option<Server>>>);

impl PrivatePostgres {
    /// Starts it; its database's URL.
    pub async fn start(settings: Settings) -> anyhow::Result<(Self, String)> {
        let server = tokio::task::spawn_blocking(|| Server::start(settings)).await.context("starting Postgres panicked")??;
        let url = server.url("postgres");
        Ok((Self(Arc::new(Mutex::new(Some(server)))), url))
    }

    /// Looks after it until told to stop.
    pub async fn watch(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            let server = Arc::clone(&self.0);
            let looked = tokio::task::spawn_blocking(move || {
                let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
                server.as_mut().map_or(Ok(false), Server::ensure_running)
            });
            match looked.await {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => tracing::warn!("Postgres had died and was started again"),
                Ok(Err(error)) => tracing::error!(error = format!("{error:#}"), "Postgres has died and does not start"),
                Err(error) => tracing::error!(%error, "looking after Postgres panicked"),
            }
        }
    }

    /// Stops it.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
        if let Err(error) = stopped.await {
            tracing::error!(%error, "stopping Postgres panicked");
        }
    }
}
