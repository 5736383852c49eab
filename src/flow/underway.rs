//! How many items of a run are on their way to the end of their job. Those that only wait for their
//! output to be fetched do not count: uploads and starts go on beside a slow download.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Items whose job has not ended.
#[derive(Debug, Default)]
pub(super) struct Underway {
    items: AtomicUsize,
    left: Notify,
}

/// One item that is under way; one fewer when dropped.
pub(super) struct Entered(Arc<Underway>);

impl Underway {
    /// One more.
    pub(super) fn enter(self: &Arc<Self>) -> Entered {
        self.items.fetch_add(1, Ordering::SeqCst);
        Entered(Arc::clone(self))
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

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.items.fetch_sub(1, Ordering::SeqCst);
        self.0.left.notify_one();
    }
}
