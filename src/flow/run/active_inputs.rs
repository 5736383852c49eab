//! How many items of a run are on their way to the end of their job. Those that only wait for their
//! output to be fetched do not count: uploads and starts go on beside a slow download.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Items whose job has not ended.
#[derive(Debug, Default)]
pub(crate) struct ActiveInputs {
    inputs: AtomicUsize,
    left: Notify,
}

/// One item that is under way; one fewer when dropped.
pub(crate) struct ActiveGuard(Arc<ActiveInputs>);

impl ActiveInputs {
    /// One more.
    pub(crate) fn enter(self: &Arc<Self>) -> ActiveGuard {
        self.inputs.fetch_add(1, Ordering::SeqCst);
        ActiveGuard(Arc::clone(self))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.inputs.load(Ordering::SeqCst)
    }

    /// Waits until one has left since this was last waited for.
    pub(crate) async fn wait_until_one_ends(&self) {
        self.left.notified().await;
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        self.0.inputs.fetch_sub(1, Ordering::SeqCst);
        self.0.left.notify_one();
    }
}
