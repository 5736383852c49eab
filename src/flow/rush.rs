//! Starts go before creates: both take from one rate, and a free place is worth more than one more
//! draft.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Whether starts are being held up by nothing but their rate.
#[derive(Debug, Default)]
pub(super) struct Rush {
    waiting: AtomicUsize,
    place_free: AtomicBool,
    over: Notify,
}

/// A start that waits; one fewer when dropped.
pub(super) struct Waiting<'a>(&'a Rush);

impl Rush {
    /// One more start waits for its turn.
    pub(super) fn join(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Waiting(self)
    }

    /// Whether the key has a free place, as far as was seen last.
    pub(super) fn place_is(&self, free: bool) {
        self.place_free.store(free, Ordering::SeqCst);
        if !free {
            self.over.notify_waiters();
        }
    }

    /// Waits until no start could go.
    pub(super) async fn over(&self) {
        loop {
            let over = self.over.notified();
            tokio::pin!(over);
            // Registered before the look, so that nothing is missed in between.
            over.as_mut().enable();
            if !self.is_on() {
                return;
            }
            over.await;
        }
    }

    fn is_on(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0 && self.place_free.load(Ordering::SeqCst)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.over.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn creates_wait_while_a_start_could_go() {
        let rush = Rush::default();
        let is_over = || rush.over().now_or_never().is_some();
        assert!(is_over());
        let first = rush.join();
        assert!(is_over(), "it waits for a place, and drafts may be made meanwhile");
        rush.place_is(true);
        let second = rush.join();
        assert!(!is_over());
        drop(first);
        assert!(!is_over(), "one is left");
        drop(second);
        assert!(is_over());
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_the_last_start_and_by_a_full_house() {
        let rush = Rush::default();
        rush.place_is(true);
        let waiting = rush.join();
        tokio::join!(rush.over(), async {
            tokio::task::yield_now().await;
            drop(waiting);
        });
        let _waiting = rush.join();
        tokio::join!(rush.over(), async {
            tokio::task::yield_now().await;
            rush.place_is(false);
        });
    }
}
