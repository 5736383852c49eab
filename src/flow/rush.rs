//! Starts go before creates: both take from one rate, and a free place is worth more than one more
//! draft. Drafts beyond those that free places need are only made of what the rate can spare.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// What is on its way to a place: starts that wait, and drafts that are being made.
#[derive(Debug, Default)]
pub(super) struct Rush {
    waiting: AtomicUsize,
    drafting: AtomicUsize,
    place_free: AtomicBool,
    changed: Notify,
}

/// A start that waits; one fewer when dropped.
pub(super) struct Waiting<'a>(&'a Rush);

/// A draft that is being made; one fewer when dropped.
pub(super) struct Drafting<'a>(&'a Rush);

impl Rush {
    /// One more start waits for its turn.
    pub(super) fn join(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }

    /// Begins a draft if fewer are on their way than there are free places.
    pub(super) fn draft_for(&self, free: usize) -> Option<Drafting<'_>> {
        let waiting = self.waiting.load(Ordering::SeqCst);
        let one_more = |drafting| (waiting + drafting < free).then_some(drafting + 1);
        let begun = self.drafting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        begun.ok().map(|_| Drafting(self))
    }

    /// Begins a draft ahead of need.
    pub(super) fn draft_ahead(&self) -> Drafting<'_> {
        self.drafting.fetch_add(1, Ordering::SeqCst);
        Drafting(self)
    }

    /// Whether the key has a free place, as far as was seen last.
    pub(super) fn place_is(&self, free: bool) {
        if self.place_free.swap(free, Ordering::SeqCst) != free {
            self.changed.notify_waiters();
        }
    }

    /// Whether a start is held up by nothing but the rate, as far as was seen last.
    pub(super) fn is_on(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0 && self.place_free.load(Ordering::SeqCst)
    }

    /// What any change wakes. It has to be enabled before the look that leads to waiting for it.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

impl Drop for Drafting<'_> {
    fn drop(&mut self) {
        self.0.drafting.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn starts_are_in_a_rush_while_one_could_go() {
        let rush = Rush::default();
        rush.place_is(true);
        assert!(!rush.is_on(), "nobody waits");
        let waiting = rush.join();
        assert!(rush.is_on());
        rush.place_is(false);
        assert!(!rush.is_on(), "it waits for a place, and drafts may be made meanwhile");
        rush.place_is(true);
        drop(waiting);
        assert!(!rush.is_on());
    }

    #[test]
    fn as_many_drafts_are_needed_as_places_are_free() {
        let rush = Rush::default();
        assert!(rush.draft_for(0).is_none());
        let two = [rush.draft_for(2), rush.draft_for(2)];
        assert!(two.iter().all(Option::is_some) && rush.draft_for(2).is_none());
        let ahead = rush.draft_ahead();
        assert!(rush.draft_for(3).is_none(), "what is ahead of need will serve, too");
        drop(ahead);
        let start = rush.join();
        assert!(rush.draft_for(3).is_none(), "and so will a draft that waits for its start");
        drop((start, two));
        assert!(rush.draft_for(1).is_some());
    }

    #[test]
    fn every_change_wakes() {
        let rush = Rush::default();
        let wakes = |change: &dyn Fn()| {
            let changed = rush.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            change();
            changed.now_or_never().is_some()
        };
        assert!(wakes(&|| drop(rush.join())));
        assert!(wakes(&|| drop(rush.draft_ahead())));
        assert!(wakes(&|| rush.place_is(true)));
        assert!(!wakes(&|| rush.place_is(true)), "it was known");
        assert!(wakes(&|| rush.place_is(false)));
    }
}
