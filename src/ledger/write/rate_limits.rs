//! Rate limits of keys and hosts, shared by all processes on the machine.
//!
//! Rows may be lost in a crash of the machine. Times in them are discarded after a reboot; what was
//! learned of a key is kept. A time further in the future than any pause is discarded too: a clock
//! was set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::{ApiKeyId, Ledger, LedgerError};
use crate::model::limits::{HostLimits, KeyLimits, LimitKey, LimiterStore, LimitsChange};
use crate::model::{Failure, Instant};

impl LimiterStore for Ledger {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        Ok(self.read(|tx| self.load_key_limits(tx, key))?)
    }

    fn change_key(&self, key: &LimitKey, change: LimitsChange<KeyLimits>) -> Result<(), Failure> {
        let scope = scope_of(key);
        self.shared.limit_changes.keys.save(&scope, change, |all| {
            self.update_row(&scope, |stored, now| all(key_limits(stored, now)))
        })
    }

    fn change_host(&self, host: &str, change: LimitsChange<HostLimits>) -> Result<(), Failure> {
        let scope = format!("host {host}");
        self.shared.limit_changes.hosts.save(&scope, change, |all| {
            self.update_row(&scope, |stored, _| {
                all(match stored {
                    Some((stored, SameBoot(true))) => stored,
                    _ => HostLimits::default(),
                })
            })
        })
    }
}

/// Changes of limits that wait for an earlier one of the same row.
#[derive(Default)]
pub(crate) struct LimitChanges {
    keys: GroupedChanges<KeyLimits>,
    hosts: GroupedChanges<HostLimits>,
}

/// Those that wait are saved together, in the order in which they came: over a network a transaction
/// takes many times as long as a change.
struct GroupedChanges<T>(Mutex<HashMap<String, Arc<RowChanges<T>>>>);

impl<T> Default for GroupedChanges<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

struct RowChanges<T> {
    waiting: Mutex<Vec<Arc<WaitingChange<T>>>>,
    /// Held while changes are saved.
    turn: Mutex<()>,
}

struct WaitingChange<T> {
    change: Mutex<LimitsChange<T>>,
    saved: OnceLock<Result<(), Failure>>,
}

impl<T> GroupedChanges<T> {
    /// Returns when `change` is saved. `save` is called with what changes a state, for all that wait.
    fn save(
        &self,
        scope: &str,
        change: LimitsChange<T>,
        save: impl FnOnce(&mut dyn FnMut(T) -> T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let row = Arc::clone(lock(&self.0).entry(scope.to_owned()).or_insert_with(|| {
            Arc::new(RowChanges { waiting: Mutex::default(), turn: Mutex::default() })
        }));
        let own = WaitingChange { change: Mutex::new(change), saved: OnceLock::new() };
        let own = Arc::new(own);
        lock(&row.waiting).push(Arc::clone(&own));
        let _turn = lock(&row.turn);
        if let Some(saved) = own.saved.get() {
            return saved.clone();
        }
        let group = std::mem::take(&mut *lock(&row.waiting));
        let saved = save(&mut |mut state| {
            group.iter().for_each(|one| (lock(&one.change))(&mut state));
            state
        });
        group.iter().for_each(|one| {
            // Each is in one group only.
            let _ = one.saved.set(saved.clone());
        });
        saved
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn scope_of(key: &LimitKey) -> String {
    let fingerprint = key.fingerprint.as_ref().map_or("", |fingerprint| fingerprint.0.as_str());
    format!("key {} {fingerprint}", key.origin)
}

fn key_limits(stored: Option<(KeyLimits, SameBoot)>, now: Instant) -> KeyLimits {
    match stored {
        Some((stored, SameBoot(true))) => stored.believable(now),
        Some((stored, SameBoot(false))) => stored.without_times(),
        None => KeyLimits::default(),
    }
}

/// Row of `scope`. One that cannot be parsed is from another version and is ignored.
fn load_row<T: for<'a> Deserialize<'a>>(
    tx: &Tx<'_>,
    scope: &str,
    boot_id: &str,
) -> Result<Option<(T, SameBoot)>, LedgerError> {
    let row: Option<(String, String)> = tx.query_opt(
        "SELECT state, boot_id FROM rate_limits WHERE scope = ?1",
        params![scope],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(row.and_then(|(json, boot)| {
        Some((serde_json::from_str(&json).ok()?, SameBoot(boot == boot_id)))
    }))
}

/// Whether a row was written in this boot, so that its times are valid.
#[derive(Clone, Copy, PartialEq)]
struct SameBoot(bool);

impl Ledger {
    /// Limits of a key, as of this transaction.
    pub(crate) fn key_limits_in(
        &self,
        tx: &Tx<'_>,
        key: &ApiKeyId,
    ) -> Result<KeyLimits, LedgerError> {
        let key =
            LimitKey { origin: key.origin.clone(), fingerprint: Some(key.fingerprint.clone()) };
        self.load_key_limits(tx, &key)
    }

    fn load_key_limits(&self, tx: &Tx<'_>, key: &LimitKey) -> Result<KeyLimits, LedgerError> {
        let stored = load_row(tx, &scope_of(key), &self.shared.boot_id)?;
        Ok(key_limits(stored, self.shared.clock.now()))
    }

    /// Limits of all hosts called since the machine was booted.
    pub fn host_limits(&self) -> Result<Vec<(String, HostLimits)>, LedgerError> {
        let rows = self.read(|tx| {
            tx.query(
                "SELECT substr(scope, 6), state FROM rate_limits
                 WHERE scope LIKE 'host %' AND boot_id = ?1 ORDER BY scope",
                params![self.shared.boot_id],
                |row| Ok((row.get(0)?, row.get::<_, String>(1)?)),
            )
        })?;
        let parsed =
            rows.into_iter().map(|(host, state)| Some((host, serde_json::from_str(&state).ok()?)));
        Ok(parsed.flatten().collect())
    }

    fn update_row<T: Serialize + for<'a> Deserialize<'a> + PartialEq + Clone>(
        &self,
        scope: &str,
        mut change: impl FnMut(Option<(T, SameBoot)>, Instant) -> T,
    ) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let boot_id = &self.shared.boot_id;
        let changed: Result<(), LedgerError> = self.write_relaxed(|tx| {
            tx.lock(&format!("limits {scope}"));
            let before: Option<(T, SameBoot)> = load_row(tx, scope, boot_id)?;
            let after = change(before.clone(), now);
            if before.is_some_and(|before| before == (after.clone(), SameBoot(true))) {
                return Ok(());
            }
            let json = serde_json::to_string(&after)
                .map_err(|error| LedgerError::Corrupt(error.to_string()))?;
            tx.queue(
                "INSERT INTO rate_limits (scope, boot_id, state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (scope) DO UPDATE SET boot_id = ?2, state = ?3",
                params![scope, boot_id, json],
            )?;
            Ok(())
        });
        Ok(changed?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn changes_that_wait_for_another_are_saved_together() {
        let changes = GroupedChanges::<Vec<u32>>::default();
        let state = Mutex::new(Vec::new());
        let saves = Mutex::new(Vec::new());
        let save = |all: &mut dyn FnMut(Vec<u32>) -> Vec<u32>| {
            let mut state = lock(&state);
            let before = state.len();
            *state = all(std::mem::take(&mut *state));
            lock(&saves).push(state.len() - before);
            Ok(())
        };
        let (began, begins) = mpsc::channel();
        let (go, goes) = mpsc::channel();
        std::thread::scope(|scope| {
            let first: LimitsChange<Vec<u32>> = Box::new(move |state| {
                state.push(0);
                began.send(()).unwrap();
                goes.recv().unwrap();
            });
            scope.spawn(|| changes.save("row", first, save));
            begins.recv().unwrap();
            for n in 1..=20 {
                let changes = &changes;
                scope
                    .spawn(move || changes.save("row", Box::new(move |state| state.push(n)), save));
            }
            let row = Arc::clone(&lock(&changes.0)["row"]);
            while lock(&row.waiting).len() < 20 {
                std::thread::yield_now();
            }
            go.send(()).unwrap();
        });
        assert_eq!(*lock(&saves), [1, 20]);
        let mut kept = lock(&state).clone();
        kept.sort_unstable();
        assert!(kept.into_iter().eq(0..=20), "each took place once");
    }

    #[test]
    fn a_failure_is_that_of_all_in_the_group_and_of_no_others() {
        let changes = GroupedChanges::<u32>::default();
        let add = || -> LimitsChange<u32> { Box::new(|state| *state += 1) };
        let failed = changes.save("row", add(), |_| Err(Failure::local("saving", &"no space")));
        assert_eq!(failed.unwrap_err().what, "saving");
        let mut kept = 0;
        let saved = changes.save("row", add(), |all| {
            kept = all(kept);
            Ok(())
        });
        assert!(saved.is_ok());
        assert_eq!(kept, 1, "the failed one is not made up for");
    }
}
