//! Blocking work: database and file access.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::spawn_blocking;

use crate::model::Failure;

/// Runs `work` on a blocking thread, so that it does not stall socket I/O. On a single-threaded
/// runtime it runs inline, which keeps simulations in virtual time deterministic.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return work();
    }
    let done = spawn_blocking(work).await;
    done.map_err(|error| Failure::local("working in the background", &error)).flatten()
}
