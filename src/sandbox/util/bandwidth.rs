//! A line of limited bandwidth that all transfers of one direction share. Pure: time is a
//! parameter.

use std::time::Duration;

/// When the line is free again.
#[derive(Debug, Default)]
pub(crate) struct BandwidthLimit {
    free_at: Duration,
}

impl BandwidthLimit {
    /// Puts `bytes` on a line that carries `rate` bytes a second, behind whatever is on it at `now`
    /// (since the sandbox began), and says how long until the last of them has passed.
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
    fn what_is_on_the_line_goes_first_and_a_pause_is_lost() {
        let mut line = BandwidthLimit::default();
        let mut carry = |bytes, now| line.carry(bytes, 1000.0, Duration::from_millis(now));
        // (bytes, now, wait)
        let table = [(500, 0, 500), (500, 0, 1000), (100, 900, 200), (100, 5000, 100)];
        for (bytes, now, wait) in table {
            assert_eq!(carry(bytes, now), Duration::from_millis(wait), "{bytes} at {now}");
        }
    }
}
