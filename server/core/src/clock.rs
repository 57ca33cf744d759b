//! Time, randomness and ids: the only place that reads the machine's.

use crate::Core;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;
use uuid::Uuid;

/// What time it is.
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;
}

/// The machine's clock, in whole microseconds as Postgres keeps them.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now)
    }
}

/// A cryptographic random generator, shared; seeded from the system or, in tests, from a number.
#[derive(Clone)]
pub struct Random(Arc<Mutex<ChaCha20Rng>>);

impl Random {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's randomness")]
    pub fn from_system() -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::from_rng(&mut rand::rng()))))
    }

    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))))
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }
}

impl Core {
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A new time-ordered id (UUIDv7, RFC 9562 section 5.7).
    pub fn new_id<T: From<Uuid>>(&self) -> T {
        let milliseconds = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.random.bytes()).into_uuid().into()
    }
}
