//! Signing in: the same answer in the same time whether or not an address has an account.

use super::store;
use crate::{Actor, Core, Error, Result, attempts, audit, audit_webhooks, portals::Portal, secrets::Plain};
use portico_model::{ids::DeveloperId, problem::Problem, states::DeveloperStatus};

/// Whose password this is. For anyone; `address` is the network address, for the limit.
///
/// # Errors
///
/// `WrongPassword` for an unknown address or a wrong password, `AwaitingApproval` for the right password of
/// a developer whom no admin lets in, `RateLimited`.
pub async fn sign_in(core: &Core, portal: &Portal, email: &str, password: Plain, address: &str) -> Result<DeveloperId> {
    super::require_accounts(portal)?;
    attempts::count(core, &attempts::SIGN_IN_PER_ADDRESS, address).await?;
    attempts::count(core, &attempts::SIGN_IN_PER_ACCOUNT, &format!("{}/{}", portal.id, email.trim())).await?;
    let known = store::find_password(&core.pool, portal.id, email.trim()).await?;
    let hash = known.as_ref().and_then(|developer| developer.password_hash.clone());
    let right = core.passwords.verify(password, hash).await?;
    let developer = known.filter(|_| right).ok_or(Error::Problem(Problem::WrongPassword))?;
    if developer.status != DeveloperStatus::Approved {
        return Err(Problem::AwaitingApproval.into());
    }
    let mut tx = core.begin().await?;
    let actor = Actor::Developer { id: developer.id, portal: portal.id };
    let subject = Some(developer.id.0);
    let entry = audit::record_entry(core, &mut tx, actor, Some(portal.id), audit_webhooks::SIGNED_IN, subject).await?;
    audit_webhooks::announce(core, &mut tx, portal.id, entry).await?;
    tx.commit().await?;
    Ok(developer.id)
}
