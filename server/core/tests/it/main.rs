//! Portico's rules, on a real Postgres.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod access_tokens;
mod admins;
mod applications;
mod attempts;
mod auth_strategies;
mod catalogue;
mod credentials;
mod dcr;
mod developers;
mod documents;
mod gateways;
mod impact;
mod jobs;
mod kong;
mod mail;
mod openid_connect;
mod portals;
mod reference;
mod registrations;
mod roles;
mod schema_rules;
mod search;
mod sessions;
mod teams;

use portico_core::{Error, Result};
use portico_model::problem::{Conflict, Problem, Rule};

/// The refusal of an operation that must be refused.
#[track_caller]
fn problem<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result {
        Err(Error::Problem(problem)) => problem,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn conflict(conflict: Conflict) -> Problem {
    Problem::Conflict(conflict)
}

fn invalid(field: &str, rule: Rule) -> Problem {
    Problem::field(field, rule)
}
