//! Limited bandwidth that all transfers of a direction share. Pure: time is a parameter.

use std::time::Duration;

/// The time at which the queued bytes have been sent.
#[derive(Debug, Default)]
pub(crate) struct BandwidthLimit {
    free_at: Duration,
}

impl BandwidthLimit {
    /// Queues `bytes` at `rate` bytes per second and returns the time until they have been sent, at
    /// `now` since the start of the sandbox.
    pub(crate) fn carry(&mut self, bytes: usize, rate: f64, now: Duration) -> Duration {
        let takes = Duration::try_from_secs_f64(bytes as f64 / rate).unwrap_or(Duration::MAX);
        self.free_at = self.free_at.max(now).saturating_add(takes);
        self.free_at.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queued_bytes_go_first_and_idle_time_is_not_saved() {
        let mut line = BandwidthLimit::default();
        let mut carry = |bytes, now| line.carry(bytes, 1000.0, Duration::from_millis(now));
        // (bytes, now, wait)
        let table = [(500, 0, 500), (500, 0, 1000), (100, 900, 200), (100, 5000, 100)];
        for (bytes, now, wait) in table {
            assert_eq!(carry(bytes, now), Duration::from_millis(wait), "{bytes} at {now}");
        }
    }
}
