//! Work that blocks: the database, and files.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::{JoinError, spawn_blocking};

/// Runs `work` on a thread of its own, so that the threads that serve sockets go on. On a runtime
/// with a single thread it runs inline: there is nothing to go on with, and a simulation in virtual
/// time repeats exactly.
///
/// # Errors
/// `work` panicked.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    if Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(work());
    }
    spawn_blocking(work).await
}
