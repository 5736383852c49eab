//! Bound on drafts created ahead of their starts: those that free slots need, and a few more, so
//! that a start never waits for its draft, and a batch never creates drafts by the thousand.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Counts of the jobs that wait for a free slot.
#[derive(Debug, Default)]
pub(crate) struct DraftGate {
    /// Starts that wait for a slot, or for the rate limit.
    starts: AtomicUsize,
    /// Drafts that are being created.
    drafts: AtomicUsize,
    changed: Notify,
}

/// A waiting start; dropping it decrements the count.
pub(crate) struct WaitingStart<'a>(&'a DraftGate);

/// A draft that is being created; dropping it decrements the count.
pub(crate) struct DraftPermit<'a>(&'a DraftGate);

impl DraftGate {
    pub(crate) fn start(&self) -> WaitingStart<'_> {
        self.starts.fetch_add(1, Ordering::SeqCst);
        WaitingStart(self)
    }

    /// Permits a draft if fewer than `wanted` jobs wait.
    pub(crate) fn draft(&self, wanted: usize) -> Option<DraftPermit<'_>> {
        let starts = self.starts.load(Ordering::SeqCst);
        let one_more = |drafts| (starts + drafts < wanted).then_some(drafts + 1);
        let begun = self.drafts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        begun.ok().map(|_| DraftPermit(self))
    }

    /// Waiting starts, and drafts that are being created.
    pub(crate) fn pending(&self) -> usize {
        self.starts.load(Ordering::SeqCst) + self.drafts.load(Ordering::SeqCst)
    }

    /// Wakes those that wait for a slot.
    pub(crate) fn slot_freed(&self) {
        self.changed.notify_waiters();
    }

    /// Completes at the next change. Enable it before the check that leads to waiting for it.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl Drop for WaitingStart<'_> {
    fn drop(&mut self) {
        self.0.starts.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Drop for DraftPermit<'_> {
    fn drop(&mut self) {
        self.0.drafts.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn drafts_and_waiting_starts_count_together() {
        let gate = DraftGate::default();
        assert!(gate.draft(0).is_none());
        let two = [gate.draft(2), gate.draft(2)];
        assert!(two.iter().all(Option::is_some) && gate.draft(2).is_none());
        let start = gate.start();
        assert!(gate.draft(3).is_none(), "a draft that waits for its start serves a place, too");
        drop((start, two));
        assert!(gate.draft(1).is_some());
    }

    #[test]
    fn every_change_wakes() {
        let gate = DraftGate::default();
        let wakes = |change: &dyn Fn()| {
            let changed = gate.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            change();
            changed.now_or_never().is_some()
        };
        assert!(wakes(&|| drop(gate.start())));
        assert!(wakes(&|| drop(gate.draft(9))));
        assert!(wakes(&|| gate.slot_freed()));
        assert!(!wakes(&|| ()));
    }
}
