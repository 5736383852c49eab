//! Memory limit of the process for inspecting files: outputs are verified concurrently, and each
//! can be made to need much.

use std::sync::{Condvar, Mutex, PoisonError};

/// Maximum bytes of all concurrent verifications. One that needs more runs alone.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

static BUDGET: MemoryBudget = MemoryBudget { used: Mutex::new(0), freed: Condvar::new() };

struct MemoryBudget {
    used: Mutex<u64>,
    freed: Condvar,
}

/// Memory reserved until this is dropped.
pub(crate) struct MemoryReservation(u64);

/// Waits until `bytes` are free and reserves them. Blocks the thread, which must not hold another
/// reservation.
pub(crate) fn reserve(bytes: u64) -> MemoryReservation {
    let mut used = BUDGET.used.lock().unwrap_or_else(PoisonError::into_inner);
    while *used > 0 && used.saturating_add(bytes) > MAX_BYTES {
        used = BUDGET.freed.wait(used).unwrap_or_else(PoisonError::into_inner);
    }
    *used = used.saturating_add(bytes);
    MemoryReservation(bytes)
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        let mut used = BUDGET.used.lock().unwrap_or_else(PoisonError::into_inner);
        *used = used.saturating_sub(self.0);
        BUDGET.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_is_set_aside_at_once_is_bounded() {
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let held = reserve(MAX_BYTES / 3);
                        let held_now = now.fetch_add(held.0, Ordering::SeqCst) + held.0;
                        most.fetch_max(held_now, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(held.0, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= MAX_BYTES);
        // More than the limit runs alone instead of failing.
        drop(reserve(MAX_BYTES * 2));
    }
}
