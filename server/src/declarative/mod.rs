//! A Portico described by files: `portico plan`, `portico apply` and `portico export`, through the management API.
//!
//! `files` reads what is wanted and `resources` what there is, both by names. `plan` sets out what `compare` finds different,
//! with those whom that `stops`, and sends the `requests`; `export` goes the other way. What the files do not name stays as it
//! is, and nothing is deleted.

pub mod client;
mod compare;
mod export;
mod files;
mod plan;
mod requests;
mod resources;
mod stops;

use client::Client;
use files::Wanted;
use plan::Plan;
use resources::State;
use std::{collections::BTreeMap, path::Path};

/// The environment, from which secrets come.
pub type Variables = BTreeMap<String, String>;

/// What would change.
pub async fn plan(client: &Client, files: &Path) -> anyhow::Result<String> {
    let wanted = Wanted::read(files)?;
    let state = State::read(client).await?;
    Ok(Plan::make(client, &state, wanted).await?.rendered())
}

/// Changes it, with secrets from some variables; what was done.
pub async fn apply(client: &Client, files: &Path, variables: &Variables) -> anyhow::Result<String> {
    let wanted = Wanted::read(files)?;
    let mut state = State::read(client).await?;
    let plan = Plan::make(client, &state, wanted).await?;
    plan.apply(client, &mut state, variables).await?;
    Ok(plan.rendered())
}

/// Writes what there is.
pub async fn export(client: &Client, directory: &Path) -> anyhow::Result<String> {
    let state = State::read(client).await?;
    export::write(&state, directory)?;
    Ok(format!("{} is written.", directory.join("portico.yaml").display()))
}
