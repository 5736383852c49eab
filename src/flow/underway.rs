//! How many items of a run are on their way to the end of their job. Those that only wait for their
//! output to be fetched do not count: uploads and starts go on beside a slow download.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Items whose job has not ended.
#[derive(Debug, Default)]
pub(super) struct Underway {
    items: AtomicUsize,
    left: Notify,
}

impl Underway {
    /// One more.
    pub(super) fn enter(&self) {
        self.items.fetch_add(1, Ordering::SeqCst);
    }

    /// One fewer.
    pub(super) fn leave(&self) {
        self.items.fetch_sub(1, Ordering::SeqCst);
        self.left.notify_one();
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.items.load(Ordering::SeqCst)
    }

    /// Waits until one has left since this was last waited for.
    pub(super) async fn one_left(&self) {
        self.left.notified().await;
    }
}
