//! The clock of a shared ledger: that of its server, kept by the clock of this machine, so that it
//! never jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::{Clock, Instant, Timestamp};

/// Largest drift of the two clocks between two measurements, in milliseconds.
const SET_MS: i64 = 2_000;

/// Largest correction at a time, in milliseconds: waits are hardly longer or shorter for it.
const STEP_MS: i64 = 50;

pub(crate) struct ServerClock {
    local: Arc<dyn Clock>,
    /// Milliseconds that the server's clock is ahead of [`Clock::now`] of this machine.
    offset: AtomicI64,
    boot_id: String,
}

impl ServerClock {
    pub(crate) fn new(local: Arc<dyn Clock>, offset: i64, boot_id: String) -> Self {
        Self { local, offset: AtomicI64::new(offset), boot_id }
    }

    /// Follows the drift between the two clocks, given the offset as it is now, known to within
    /// `uncertainty` milliseconds. Returns whether that was no drift: the server's clock was set.
    pub(crate) fn follow(&self, measured: i64, uncertainty: i64) -> bool {
        let offset = self.offset.load(Ordering::Relaxed);
        let drift = measured - offset;
        if drift.abs() > SET_MS.saturating_add(uncertainty) {
            return true;
        }
        self.offset.store(offset + drift.clamp(-STEP_MS, STEP_MS), Ordering::Relaxed);
        false
    }
}

impl Clock for ServerClock {
    /// Milliseconds since 1970, by the server.
    fn now(&self) -> Instant {
        Instant(self.local.now().0.saturating_add_signed(self.offset.load(Ordering::Relaxed)))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(self.now().0.cast_signed())
    }

    /// The same for all processes, as long as the server keeps its data and its clock.
    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::ManualClock;

    #[test]
    fn drift_is_followed_in_small_steps_and_a_jump_is_found() {
        let local = Arc::new(ManualClock::default());
        let clock = ServerClock::new(local, 1_000_000, "boot".to_owned());
        let start = clock.now();
        assert!(!clock.follow(1_000_020, 0) && !clock.follow(1_000_020, 0));
        assert_eq!(clock.now(), Instant(start.0 + 20));
        assert!(!clock.follow(1_001_900, 0));
        assert_eq!(clock.now(), Instant(start.0 + 70));
        assert!(clock.follow(1_600_000, 0) && clock.follow(400_000, 0));
        assert_eq!(clock.now(), Instant(start.0 + 70), "nothing follows a jump");
        assert!(clock.follow(1_003_000, 900));
        assert!(!clock.follow(1_003_000, 1_000), "a slow response, perhaps");
    }
}
