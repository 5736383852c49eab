//! Independent helpers: clock, random numbers, signatures, durations, bandwidth, file kinds, and the HTTP client for
//! webhooks and URL inputs.

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) mod bandwidth;
pub(crate) mod clock;
pub(crate) mod content_kind;
pub(crate) mod duration;
pub(crate) mod http_client;
pub(crate) mod random;
pub(crate) mod signature;

/// Locks, ignoring a panic of another thread: every change is atomic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
