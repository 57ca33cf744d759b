//! The gateway, before a real upstream, on a real Postgres.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod authorizing;
mod decisions;
mod following;
mod logins;
mod proxying;
mod real_gateways;
mod scene;
mod tokens;
