//! Portico over HTTP: pages and server functions as browsers without JavaScript see them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so and stop"
)]

mod api;
mod authorization_coverage;
mod bad_input;
mod browser;
mod clients;
mod declarative;
mod explain;
mod forms;
mod markdown;
mod pages;
mod private_postgres;
mod reference;
mod secrecy;
mod world;
