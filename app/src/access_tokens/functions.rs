//! What admins do to their access tokens.

use crate::visit::{UiError, Visit, parse_id};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_core::access_tokens::{self, AccessTokenInput, LIFETIME_DAYS_MAX};
use portico_model::{
    paths,
    problem::{Problem, Rule},
    states::AdminRole,
};

pub const CREATE_ACCESS_TOKEN: &str = "/_fn/admin/create-access-token";
pub const REVOKE_ACCESS_TOKEN: &str = "/_fn/admin/revoke-access-token";

/// The token travels sealed in the session to the next page, which shows it once. For admins.
#[server(prefix = "/_fn", endpoint = "admin/create-access-token")]
pub async fn create_access_token(name: String, lifetime_days: String, #[server(default)] role: String) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    let roles = match role.as_str() {
        "" => None,
        word => Some(vec![AdminRole::parse(word).ok_or_else(|| Problem::field("role", Rule::NotOffered))?]),
    };
    let input = AccessTokenInput { name, lifetime_days: parse_days(&lifetime_days)?, roles };
    let token = access_tokens::create(&visit.core, visit.actor, &input).await?;
    visit.leave_secret(&token).await?;
    redirect(paths::admin::ACCESS_TOKENS);
    Ok(())
}

/// How many days a token lives.
pub fn parse_days(lifetime_days: &str) -> Result<u32, Problem> {
    lifetime_days.trim().parse().map_err(|_| Problem::field("lifetime_days", Rule::Number(1, LIFETIME_DAYS_MAX)))
}

/// For admins.
#[server(prefix = "/_fn", endpoint = "admin/revoke-access-token")]
pub async fn revoke_access_token(access_token: String) -> Result<(), UiError> {
    let visit = Visit::current();
    access_tokens::revoke(&visit.core, visit.actor, parse_id("access_token", &access_token)?).await?;
    visit.leave_notice("The token is revoked. It is refused from now on.").await?;
    redirect(paths::admin::ACCESS_TOKENS);
    Ok(())
}
