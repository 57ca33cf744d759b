//! API keys of a key-auth application. Only a digest is kept; the key is shown once.

mod expiry;
pub mod store;

pub(crate) use expiry::{announce_expiry, sweep};
pub use store::{Credential, UsableCredential};

use crate::{
    Actor, Core, Result,
    applications::{self, store::OwnStrategy},
    audit,
    auth_strategies::KEY_LIFETIME_DAYS_MAX,
    error::OrNotFound,
    secrets::{ApiKey, Plain},
};
use portico_model::{
    ids::{ApplicationId, CredentialId, PortalId, VersionId},
    problem::{Conflict, Problem, Rule},
    states::{CredentialState, Grace, StrategyType},
    text::{Fields, NAME_MAX},
};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

/// An application has at most this many credentials that have not expired.
pub const MAX_PER_APPLICATION: i64 = 20;

/// Creates a key; the only time it can be read. It lives for `lifetime_days`, or for as long as the strategy
/// allows. For the developer whose application it is.
pub async fn create(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
    display_name: &str,
    lifetime_days: Option<u32>,
) -> Result<(CredentialId, Plain)> {
    let developer = actor.require_developer(portal)?;
    let display_name = check_name(display_name)?;
    let mut tx = core.begin().await?;
    let strategy = applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    if strategy.strategy_type != StrategyType::KeyAuth {
        return Err(Problem::Conflict(Conflict::UsesNoKeys).into());
    }
    let lifetime_days = check_lifetime(&strategy, lifetime_days)?;
    let expires_at = lifetime_days.map(|days| core.now() + Duration::days(days.into()));
    let (id, key) = issue(core, &mut tx, application, &display_name, expires_at).await?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.created", Some(id.0)).await?;
    tx.commit().await?;
    Ok((id, key))
}

/// Makes a new key in place of one that goes on working for a while. The new key inherits name and expiry, the latter
/// as far as the strategy now allows, and the old one never outlives its own expiry. For the developer whose
/// application it is.
///
/// # Errors
///
/// `Conflict` with `NotReplaceable` for a key that expired or was replaced, or with `TooManyCredentials`.
pub async fn rotate(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
    id: CredentialId,
    grace: Grace,
) -> Result<(CredentialId, Plain)> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    let strategy = applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    let old = store::find(&mut tx, application, id).await?.or_not_found()?;
    let now = core.now();
    if old.state(now) != CredentialState::Active {
        return Err(Problem::Conflict(Conflict::NotReplaceable).into());
    }
    let latest = strategy.max_key_lifetime_days.map(|days| now + Duration::days(days.into()));
    let expires_at = old.expires_at.into_iter().chain(latest).min();
    let (new, key) = match grace.hours() {
        None => {
            store::delete(&mut tx, application, id).await?;
            issue(core, &mut tx, application, &old.display_name, expires_at).await?
        }
        Some(hours) => {
            let issued = issue(core, &mut tx, application, &old.display_name, expires_at).await?;
            let ends_at = now + Duration::hours(hours);
            let ends_at = old.expires_at.map_or(ends_at, |expires_at| expires_at.min(ends_at));
            store::replace(&mut tx, id, issued.0, ends_at).await?;
            issued
        }
    };
    audit::record(core, &mut tx, actor, Some(portal), "credential.rotated", Some(id.0)).await?;
    tx.commit().await?;
    Ok((new, key))
}

async fn issue(
    core: &Core,
    connection: &mut PgConnection,
    application: ApplicationId,
    display_name: &str,
    expires_at: Option<OffsetDateTime>,
) -> Result<(CredentialId, Plain)> {
    let now = core.now();
    if store::count_live(connection, application, now).await? >= MAX_PER_APPLICATION {
        return Err(Problem::Conflict(Conflict::TooManyCredentials).into());
    }
    let key = ApiKey::generate(&core.site.region, &core.random);
    let credential = store::NewCredential {
        id: core.new_id(),
        application,
        display_name,
        key_id: &key.prefix,
        secret_digest: core.secrets.digest(key.key.expose()),
        expires_at,
        expiry_mail_at: expires_at.map(|expires_at| expiry::mail_at(now, expires_at)),
    };
    store::insert(connection, &credential, now).await?;
    Ok((credential.id, key.key))
}

/// Renames a key. For the developer whose application it is.
pub async fn rename(
    core: &Core,
    actor: Actor,
    portal: PortalId,
    application: ApplicationId,
    id: CredentialId,
    display_name: &str,
) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let display_name = check_name(display_name)?;
    let mut tx = core.begin().await?;
    applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    store::rename(&mut tx, application, id, &display_name).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.renamed", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Revokes a key for good; gateways refuse it at once. For the developer whose application it is.
pub async fn revoke(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId, id: CredentialId) -> Result<()> {
    let developer = actor.require_developer(portal)?;
    let mut tx = core.begin().await?;
    applications::store::lock_own(&mut tx, developer, application).await?.or_not_found()?;
    store::delete(&mut tx, application, id).await?.then_some(()).or_not_found()?;
    audit::record(core, &mut tx, actor, Some(portal), "credential.revoked", Some(id.0)).await?;
    tx.commit().await?;
    Ok(())
}

/// Which of an application's keys a pasted value is. For the developer whose application it is.
///
/// # Errors
///
/// `Invalid` with [`Rule::MistypedKey`] or [`Rule::OtherKey`].
pub async fn check(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId, key: &Plain) -> Result<Credential> {
    applications::get(core, actor, portal, application).await?;
    let wrong = |rule| Problem::field("key", rule);
    let key = Plain::new(key.expose().trim());
    let key_id = ApiKey::prefix_of(key.expose()).ok_or_else(|| wrong(Rule::MistypedKey))?;
    let mut connection = core.pool.acquire().await?;
    let known = store::find_by_key_id(&mut connection, application, key_id).await?;
    let (credential, _) =
        known.filter(|(_, digest)| core.secrets.matches(key.expose(), digest)).ok_or_else(|| wrong(Rule::OtherKey))?;
    Ok(credential)
}

/// The keys of an application, oldest first. For the developer whose application it is.
pub async fn list(core: &Core, actor: Actor, portal: PortalId, application: ApplicationId) -> Result<Vec<Credential>> {
    applications::get(core, actor, portal, application).await?;
    store::list(&core.pool, application).await
}

/// The signed-in developer's keys that a version lets in, to choose one by name. For developers.
pub async fn usable_for(core: &Core, actor: Actor, portal: PortalId, version: VersionId) -> Result<Vec<UsableCredential>> {
    let developer = actor.require_developer(portal)?;
    store::usable_for(&core.pool, developer, version, core.now()).await
}

/// What a key begins with. For the developer whose it is.
pub async fn key_id(core: &Core, actor: Actor, portal: PortalId, id: CredentialId) -> Result<String> {
    let developer = actor.require_developer(portal)?;
    store::key_id(&core.pool, developer, id).await?.or_not_found()
}

impl Credential {
    /// What the key is good for at this time.
    pub fn state(&self, now: OffsetDateTime) -> CredentialState {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            CredentialState::Expired
        } else if self.was_replaced {
            CredentialState::Replaced
        } else {
            CredentialState::Active
        }
    }
}

fn check_name(display_name: &str) -> Result<String> {
    let mut fields = Fields::new();
    let display_name = fields.line("display_name", display_name, NAME_MAX);
    fields.finish()?;
    Ok(display_name)
}

/// The days that a new key lives; none for one that does not expire.
fn check_lifetime(strategy: &OwnStrategy, wanted: Option<u32>) -> Result<Option<u32>> {
    let longest = strategy.max_key_lifetime_days.and_then(|days| u32::try_from(days).ok());
    let wrong = |rule| Problem::field("lifetime_days", rule);
    match (wanted, longest) {
        (Some(days), _) if !(1..=KEY_LIFETIME_DAYS_MAX).contains(&days) => {
            Err(wrong(Rule::Number(1, KEY_LIFETIME_DAYS_MAX)).into())
        }
        (Some(days), Some(longest)) if days > longest => Err(wrong(Rule::MaxLifetime(longest)).into()),
        (None, longest) => Ok(longest),
        (Some(days), _) => Ok(Some(days)),
    }
}
