//! In-memory limits for single commands and tests. Processes that share a key share its limits
//! through the store of the ledger.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Failure;
use crate::model::limits::{
    CallLimits, HostLimits, KeyLimits, LimitKey, LimiterStore, LimitsChange,
};

/// A [`LimiterStore`] without persistence.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<StoredLimits>);

#[derive(Debug, Default)]
struct StoredLimits {
    keys: HashMap<LimitKey, KeyLimits>,
    hosts: HashMap<String, HostLimits>,
}

impl MemoryStore {
    fn stored(&self) -> MutexGuard<'_, StoredLimits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimiterStore for MemoryStore {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        Ok(self.stored().keys.get(key).cloned().unwrap_or_default())
    }

    fn change(&self, key: &LimitKey, host: &str, mut change: LimitsChange) -> Result<(), Failure> {
        let mut stored = self.stored();
        let mut limits = CallLimits {
            key: stored.keys.get(key).cloned().unwrap_or_default(),
            host: stored.hosts.get(host).copied().unwrap_or_default(),
        };
        change(&mut limits);
        stored.keys.insert(key.clone(), limits.key);
        stored.hosts.insert(host.to_owned(), limits.host);
        Ok(())
    }
}
