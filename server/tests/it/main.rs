//! Portico over HTTP: pages and server functions as browsers without JavaScript see them.

mod authorization_coverage;
mod browser;
mod forms;
mod pages;
mod private_postgres;
