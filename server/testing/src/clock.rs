use portico_core::clock::Clock;
use std::sync::{Mutex, PoisonError};
use time::{Duration, OffsetDateTime, macros::datetime};

/// Goes on by a microsecond each time it is read, so that what happens later is later; otherwise only when told to.
pub struct TestClock(Mutex<OffsetDateTime>);

/// When every test begins.
pub const START: OffsetDateTime = datetime!(2026-01-16 14:40 UTC);

impl Default for TestClock {
    fn default() -> Self {
        Self(Mutex::new(START))
    }
}

impl TestClock {
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += Duration::microseconds(1);
        *now
    }
}
