//! In-memory limits for single commands and tests. Processes that share a key share its limits
//! through the store of the ledger.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::model::Failure;
use crate::model::limits::{HostLimits, KeyLimits, LimitKey, LimiterStore, LimitsChange};

/// A [`LimiterStore`] without persistence.
#[derive(Debug, Default)]
pub struct MemoryStore {
    keys: Mutex<HashMap<LimitKey, KeyLimits>>,
    hosts: Mutex<HashMap<String, HostLimits>>,
}

impl LimiterStore for MemoryStore {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        let state = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(state.get(key).cloned().unwrap_or_default())
    }

    fn change_key(&self, key: &LimitKey, change: LimitsChange<KeyLimits>) -> Result<(), Failure> {
        change_in(&self.keys, key, change);
        Ok(())
    }

    fn change_host(&self, host: &str, change: LimitsChange<HostLimits>) -> Result<(), Failure> {
        change_in(&self.hosts, host, change);
        Ok(())
    }
}

fn change_in<K, Q, V>(state: &Mutex<HashMap<K, V>>, name: &Q, mut change: LimitsChange<V>)
where
    K: Hash + Eq + std::borrow::Borrow<Q>,
    Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    V: Default,
{
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    change(state.entry(name.to_owned()).or_default());
}
