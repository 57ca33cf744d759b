//! What a person sees. Pages and server functions exist on the server only; the browser gets the islands.
//!
//! Folders are features, in the words of the domain. In a feature, `functions.rs` holds the server functions
//! that its forms post to and `*_page.rs` its pages. [`portal_app`] and [`admin_app`] list every page.

pub mod islands;

#[cfg(feature = "ssr")]
pub mod access_tokens;
#[cfg(feature = "ssr")]
pub mod admins;
#[cfg(feature = "ssr")]
pub mod applications;
#[cfg(feature = "ssr")]
pub mod auth_strategies;
#[cfg(feature = "ssr")]
pub mod credentials;
#[cfg(feature = "ssr")]
pub mod dcr_clients;
#[cfg(feature = "ssr")]
pub mod dcr_providers;
#[cfg(feature = "ssr")]
pub mod developers;
#[cfg(feature = "ssr")]
pub mod documents;
#[cfg(feature = "ssr")]
pub mod explain;
#[cfg(feature = "ssr")]
pub mod gateways;
#[cfg(feature = "ssr")]
pub mod mail;
#[cfg(feature = "ssr")]
pub mod management_api;
#[cfg(feature = "ssr")]
pub mod portals;
#[cfg(feature = "ssr")]
pub mod products;
#[cfg(feature = "ssr")]
pub mod publications;
#[cfg(feature = "ssr")]
pub mod registrations;
#[cfg(feature = "ssr")]
pub mod routes;
#[cfg(feature = "ssr")]
pub mod search;
#[cfg(feature = "ssr")]
pub mod system_accounts;
#[cfg(feature = "ssr")]
pub mod ui;
#[cfg(feature = "ssr")]
pub mod visit;

#[cfg(feature = "ssr")]
pub use routes::{admin_app, portal_app};
#[cfg(feature = "ssr")]
pub use visit::{Assets, FormFlash, Visit};
