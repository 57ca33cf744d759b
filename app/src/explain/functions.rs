//! Asking why.

use super::steps;
use crate::visit::{UiError, Visit};
use leptos::prelude::*;
use leptos_axum::redirect;
use portico_model::{
    paths,
    problem::{Problem, Rule},
};

pub const EXPLAIN: &str = "/_fn/explain";
pub const EXPLAIN_AS_ADMIN: &str = "/_fn/admin/explain";

/// Longest text that is looked at, in bytes.
const ABOUT_MAX: usize = 16 * 1024;

/// `key` is a request's id, a key or its beginning, or a token; it is kept nowhere. For developers.
#[server(prefix = "/_fn", endpoint = "explain")]
pub async fn explain(key: String) -> Result<(), UiError> {
    let visit = Visit::current();
    let portal = visit.portal()?.id;
    visit.actor.require_developer(portal)?;
    leave(&visit, &key).await?;
    redirect(paths::portal::EXPLAIN);
    Ok(())
}

/// As [`explain`]. For admins.
#[server(prefix = "/_fn", endpoint = "admin/explain")]
pub async fn explain_as_admin(key: String) -> Result<(), UiError> {
    let visit = Visit::current();
    visit.actor.require_admin()?;
    leave(&visit, &key).await?;
    redirect(paths::admin::EXPLAIN);
    Ok(())
}

async fn leave(visit: &Visit, about: &str) -> Result<(), UiError> {
    let about = about.trim();
    if about.is_empty() {
        return Err(Problem::field("key", Rule::Required).into());
    }
    if about.len() > ABOUT_MAX {
        return Err(Problem::field("key", Rule::MaxLength(ABOUT_MAX)).into());
    }
    let steps = steps::explain(visit, about).await?;
    visit.leave_explanation(steps).await
}
