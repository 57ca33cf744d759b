//! How gateways learn what changed: a log that database triggers write, announced by NOTIFY.
//!
//! A reader remembers the oldest transaction that was still running when it looked, and next time
//! reads everything from there on. So nothing is missed, whatever order transactions commit in, and
//! a lost announcement only costs the time until the next look.

use crate::{Core, Result};
use portico_model::{ids::ApplicationId, problem::Problem};
use sqlx::FromRow;

/// The channel on which changes are announced.
pub const CHANNEL: &str = "portico_gateway";

/// How far a reader has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(String);

/// What a reader must load anew.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Services, publications or strategies.
    pub routing: bool,
    pub applications: Vec<ApplicationId>,
}

#[derive(FromRow)]
struct Row {
    horizon: String,
    routing: bool,
    applications: Vec<ApplicationId>,
}

/// Where to read on from, if everything is loaded after this call.
pub async fn position(core: &Core) -> Result<Position> {
    let horizon = sqlx::query_scalar("select pg_snapshot_xmin(pg_current_snapshot())::text").fetch_one(&core.pool).await?;
    Ok(Position(horizon))
}

/// What changed since a position. Something may be told twice, nothing is left out.
pub async fn since(core: &Core, position: &Position) -> Result<(Changes, Position)> {
    let row: Row = sqlx::query_as(
        "select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
             coalesce(bool_or(application_id is null), false) as routing,
             coalesce(array_agg(distinct application_id) filter (where application_id is not null), '{}') as applications
         from gateway_change where transaction_id >= $1::text::xid8",
    )
    .bind(&position.0)
    .fetch_one(&core.pool)
    .await?;
    Ok((Changes { routing: row.routing, applications: row.applications }, Position(row.horizon)))
}

/// Forgets changes that every reader has long read; one that slept longer loads everything anew.
pub async fn sweep(core: &Core) -> Result<()> {
    sqlx::query("delete from gateway_change where happened_at < $1").bind(core.now() - RETENTION).execute(&core.pool).await?;
    Ok(())
}

/// How long changes are kept.
pub const RETENTION: time::Duration = time::Duration::days(1);

/// Hears announcements of changes. They may be lost, so nothing may depend on them but speed.
pub struct Announcements(sqlx::postgres::PgListener);

impl Announcements {
    pub async fn listen(core: &Core) -> Result<Self> {
        let mut listener = sqlx::postgres::PgListener::connect_with(&core.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Waits for the next announcement.
    ///
    /// # Errors
    ///
    /// When the connection was lost: behind the next one there may be another server, for which a position
    /// means nothing.
    pub async fn next(&mut self) -> Result<()> {
        self.0.try_recv().await?.map(|_| ()).ok_or_else(|| Problem::Unavailable.into())
    }
}
