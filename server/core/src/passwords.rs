//! Password hashing: argon2id, off the async threads, a few at a time.

use crate::{Result, secrets::Plain};
use anyhow::{Context, anyhow};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::sync::{Arc, OnceLock};
use tokio::sync::Semaphore;

/// Each hash takes memory and a core; more than this many at once would only slow one another down.
const AT_ONCE: usize = 4;

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    memory_kib: u32,
    passes: u32,
    permits: Semaphore,
    /// What an unknown account's password is compared with, so that it takes as long as a known one's.
    decoy: OnceLock<String>,
}

impl Default for Passwords {
    /// OWASP's minimum for argon2id.
    fn default() -> Self {
        Self::with_cost(19_456, 2)
    }
}

impl Passwords {
    /// Tests hash many passwords and need none of the strength.
    pub fn with_cost(memory_kib: u32, passes: u32) -> Self {
        Self(Arc::new(Inner { memory_kib, passes, permits: Semaphore::new(AT_ONCE), decoy: OnceLock::new() }))
    }

    /// Hashes a new password into a PHC string.
    pub async fn hash(&self, password: Plain) -> Result<String> {
        Ok(self.on_a_thread(move |inner| inner.hash(password.expose())).await??)
    }

    /// Whether a password belongs to a hash; without a hash, `false` after the same work.
    pub async fn verify(&self, password: Plain, hash: Option<String>) -> Result<bool> {
        let verified = self.on_a_thread(move |inner| inner.verify(password.expose(), hash.as_deref()));
        Ok(verified.await??)
    }

    async fn on_a_thread<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> T + Send + 'static) -> anyhow::Result<T> {
        let _permit = self.0.permits.acquire().await.context("password hashing has stopped")?;
        let (inner, span) = (Arc::clone(&self.0), tracing::Span::current());
        tokio::task::spawn_blocking(move || span.in_scope(|| work(&inner))).await.context("password hashing panicked")
    }
}

impl Inner {
    fn hasher(&self) -> anyhow::Result<Argon2<'static>> {
        let params = Params::new(self.memory_kib, self.passes, 1, None).map_err(|error| anyhow!("argon2 parameters: {error}"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    fn hash(&self, password: &str) -> anyhow::Result<String> {
        let hash =
            self.hasher()?.hash_password(password.as_bytes()).map_err(|error| anyhow!("cannot hash a password: {error}"))?;
        Ok(hash.to_string())
    }

    fn verify(&self, password: &str, hash: Option<&str>) -> anyhow::Result<bool> {
        let compared = match (hash, self.decoy.get()) {
            (Some(hash), _) => hash.to_owned(),
            (None, Some(decoy)) => decoy.clone(),
            (None, None) => {
                let decoy = self.hash("no account has this password")?;
                self.decoy.get_or_init(|| decoy).clone()
            }
        };
        let parsed = PasswordHash::new(&compared).map_err(|error| anyhow!("a stored password hash is broken: {error}"))?;
        let right = self.hasher()?.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(right && hash.is_some())
    }
}
