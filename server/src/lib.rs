//! Portico's HTTP server and command line. Composes the other crates; owns no rules.

pub mod addresses;
pub mod api;
pub mod assets;
pub mod commands;
pub mod config;
pub mod declarative;
pub mod demo;
pub mod forms;
pub mod hosts;
pub mod master_key;
pub mod middleware;
pub mod pages;
pub mod private_postgres;
pub mod serve;
pub mod sessions;
