//! Count of a run's inputs whose job has not ended. Inputs that only wait for their download do not
//! count: uploads and starts continue beside a slow download.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Inputs whose job has not ended.
#[derive(Debug, Default)]
pub(crate) struct ActiveInputs {
    inputs: AtomicUsize,
    left: Notify,
}

/// One active input; dropping it decrements the count.
pub(crate) struct ActiveGuard(Arc<ActiveInputs>);

impl ActiveInputs {
    pub(crate) fn enter(self: &Arc<Self>) -> ActiveGuard {
        self.inputs.fetch_add(1, Ordering::SeqCst);
        ActiveGuard(Arc::clone(self))
    }

    pub(crate) fn count(&self) -> usize {
        self.inputs.load(Ordering::SeqCst)
    }

    /// Waits until an input has ended since the last call.
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
