//! Portico's rules and SQL. Knows no HTTP server and no UI.
//!
//! Folders are features: `mod.rs` holds the operations, `store.rs` the SQL; a feature of one small file has
//! both. Every operation that is not for anyone takes the [`Actor`] and checks on its first line what the
//! actor may do; its change, its audit entry and its jobs are done in one transaction.

pub mod access_tokens;
pub mod actor;
pub mod admins;
pub mod applications;
pub mod attempts;
pub mod audit;
pub mod audit_webhooks;
pub mod auth_strategies;
pub mod clock;
pub mod credentials;
pub mod database;
pub mod dcr_clients;
pub mod dcr_providers;
pub mod developers;
pub mod documents;
pub mod error;
pub mod gateways;
pub mod idempotency;
pub mod identity_providers;
pub mod jobs;
pub mod listing;
pub mod mail;
pub mod openid;
pub mod outgoing;
mod paging;
pub mod passwords;
pub mod portals;
pub mod products;
pub mod publications;
pub mod registrations;
pub mod search;
pub mod secrets;
pub mod sessions;
pub mod standing;
pub mod system_accounts;
pub mod teams;

pub use actor::Actor;
pub use error::{Error, Result};

use clock::{Clock, Random};
use dcr_providers::connectors::AdminTokens;
use mail::Delivery;
use outgoing::Outgoing;
use passwords::Passwords;
use secrets::Secrets;
use sqlx::PgPool;
use std::sync::Arc;

/// The migrations that this build needs.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// Everything an operation needs. Cheap to clone.
#[derive(Clone)]
pub struct Core {
    pub pool: PgPool,
    pub clock: Arc<dyn Clock>,
    pub random: Random,
    pub secrets: Arc<Secrets>,
    pub passwords: Passwords,
    pub delivery: Delivery,
    /// Requests to what admins configure.
    pub outgoing: Outgoing,
    /// Tokens with which DCR providers are asked.
    pub admin_tokens: AdminTokens,
    /// Where people find this deployment.
    pub site: Arc<Site>,
}

/// Where people find this deployment.
#[derive(Clone, Debug)]
pub struct Site {
    /// `http` or `https`.
    pub scheme: String,
    /// The base host, without a port.
    pub host: String,
    /// `:3000`, or empty for the scheme's own port.
    pub port_suffix: String,
    /// The region's name, which begins every API key made here.
    pub region: String,
}

impl Site {
    /// The admin console's origin.
    pub fn origin(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.port_suffix)
    }

    /// A portal's origin: its custom domain, or its slug before the base host.
    pub fn portal_origin(&self, slug: &str, custom_domain: Option<&str>) -> String {
        match custom_domain {
            Some(domain) => format!("{}://{domain}{}", self.scheme, self.port_suffix),
            None => format!("{}://{slug}.{}{}", self.scheme, self.host, self.port_suffix),
        }
    }
}
