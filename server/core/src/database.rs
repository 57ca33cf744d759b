//! The connection to Postgres.

use crate::{Core, Error, Result};
use anyhow::Context;
use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// Opens a pool on a database URL. Connections are made when they are needed.
pub fn pool(url: &str, max_connections: u32) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(url).context("the database URL cannot be read")?.application_name("portico");
    Ok(PgPoolOptions::new().max_connections(max_connections).acquire_timeout(Duration::from_secs(5)).connect_lazy_with(options))
}

impl Core {
    /// Begins a transaction; it rolls back unless committed.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>> {
        Ok(self.pool.begin().await?)
    }

    /// Whether the database answers and has every migration of this build.
    pub async fn ready(&self) -> Result<(), Error> {
        let applied: i64 =
            sqlx::query_scalar("select count(*) from _sqlx_migrations where success").fetch_one(&self.pool).await?;
        let needed = crate::MIGRATOR.iter().count();
        if usize::try_from(applied).unwrap_or(0) < needed {
            return Err(anyhow::anyhow!("{applied} of {needed} migrations are applied").into());
        }
        Ok(())
    }
}
