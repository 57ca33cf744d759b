//! Auth strategies: how the callers of an API authenticate. Independent of products and portals.

mod key_auth;
mod openid_connect;
pub mod store;

pub use key_auth::{DEFAULT_KEY_NAME, KEY_LIFETIME_DAYS_MAX, KEY_NAMES_MAX, KeyAuthInput, create_key_auth, update_key_auth};
pub use openid_connect::{
    CREDENTIAL_CLAIMS_MAX, OpenidConnect, OpenidConnectInput, SCOPES_MAX, client_secret, create_openid_connect,
    update_openid_connect,
};
pub use store::{ATTRIBUTES, AuthStrategy, StrategyUse};

use crate::{
    Actor, Core, Result, audit,
    error::{OnConstraint, OrNotFound},
    listing::{Listed, Listing},
    registrations,
};
use portico_model::{
    access::Permission,
    ids::AuthStrategyId,
    paging::{Page, PageRequest},
    problem::{Conflict, Problem},
};
use sqlx::PgConnection;

/// Longest name of a strategy, in characters.
pub const NAME_MAX: usize = 256;

/// Refuses a change that stops callers, unless that was confirmed.
async fn confirm_stops(connection: &mut PgConnection, actor: Actor, id: AuthStrategyId, confirmed: bool) -> Result<()> {
    if confirmed {
        return Ok(());
    }
    registrations::impact::of_strategy(connection, id).await?.must_be_nothing(actor)
}

/// What an admin decides about a strategy, whose type stays.
#[derive(Clone, Debug)]
pub enum StrategyInput {
    KeyAuth(KeyAuthInput),
    OpenidConnect(OpenidConnectInput),
}

/// Creates a strategy. For admins.
///
/// # Errors
///
/// As [`create_key_auth`] and [`create_openid_connect`].
pub async fn create(core: &Core, actor: Actor, input: StrategyInput) -> Result<AuthStrategyId> {
    match input {
        StrategyInput::KeyAuth(input) => create_key_auth(core, actor, input).await,
        StrategyInput::OpenidConnect(input) => create_openid_connect(core, actor, input).await,
    }
}

/// Changes a strategy from what it is to what `decide` makes of that. Since its issuer is asked in between, that is done
/// anew where somebody else changed it meanwhile. For admins.
///
/// # Errors
///
/// As [`update_key_auth`] and [`update_openid_connect`].
pub async fn update(
    core: &Core,
    actor: Actor,
    id: AuthStrategyId,
    decide: impl Fn(&AuthStrategy) -> Result<StrategyInput>,
) -> Result<()> {
    loop {
        let seen = get(core, actor, id).await?;
        let is_saved = match decide(&seen)? {
            StrategyInput::KeyAuth(input) => key_auth::save(core, actor, id, input, Some(&seen)).await?,
            StrategyInput::OpenidConnect(input) => openid_connect::save(core, actor, id, input, Some(&seen)).await?,
        };
        if is_saved {
            return Ok(());
        }
    }
}

/// Whether a locked strategy is as it was seen, if it was.
async fn is_as_seen(connection: &mut PgConnection, id: AuthStrategyId, seen: Option<&AuthStrategy>) -> Result<bool> {
    match seen {
        Some(seen) => Ok(store::find(connection, id).await?.as_ref() == Some(seen)),
        None => Ok(true),
    }
}

/// Deletes a strategy that nothing uses. For admins.
pub async fn delete(core: &Core, actor: Actor, id: AuthStrategyId) -> Result<()> {
    actor.require(Permission::MaintainStrategies)?;
    let in_use = || Problem::Conflict(Conflict::StrategyInUse);
    let mut tx = core.begin().await?;
    let found = store::delete(&mut tx, id)
        .await
        .on_constraint("publication_auth_strategy_id_fkey", in_use())
        .on_constraint("application_auth_strategy_id_fkey", in_use())
        .on_constraint("portal_default_auth_strategy_id_fkey", in_use())?;
    found.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, None, "auth_strategy.deleted", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// The strategies. For admins.
pub async fn list(core: &Core, actor: Actor, request: &PageRequest) -> Result<Page<AuthStrategy>> {
    actor.require(Permission::ReadStrategies)?;
    store::list(&core.pool, request).await
}

/// Some of the strategies, by [`ATTRIBUTES`]. For admins.
pub async fn list_by(core: &Core, actor: Actor, listing: &Listing) -> Result<Listed<AuthStrategy>> {
    actor.require(Permission::ReadStrategies)?;
    store::list_by(&core.pool, listing).await
}

/// Every strategy by name, to choose one. For admins.
pub async fn choices(core: &Core, actor: Actor) -> Result<Vec<AuthStrategy>> {
    actor.require(Permission::ReadStrategies)?;
    store::choices(&core.pool).await
}

/// One strategy. For admins.
pub async fn get(core: &Core, actor: Actor, id: AuthStrategyId) -> Result<AuthStrategy> {
    actor.require(Permission::ReadStrategies)?;
    let mut connection = core.pool.acquire().await?;
    store::find(&mut connection, id).await?.or_not_found()
}

/// The publications that use a strategy. For admins.
pub async fn uses(core: &Core, actor: Actor, id: AuthStrategyId) -> Result<Vec<StrategyUse>> {
    actor.require(Permission::ReadStrategies)?;
    store::uses(&core.pool, id).await
}
