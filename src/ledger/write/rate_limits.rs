//! Rate limits of keys and hosts, shared by all processes on the machine.
//!
//! Rows may be lost in a crash of the machine. Times in them are discarded after a reboot; what was
//! learned of a key is kept. A time further in the future than any pause is discarded too: a clock
//! was set.

use serde::{Deserialize, Serialize};

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::{ApiKeyId, Ledger, LedgerError};
use crate::model::limits::{HostLimits, KeyLimits, LimitKey, LimiterStore};
use crate::model::{Failure, Instant};

impl LimiterStore for Ledger {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        Ok(self.read(|tx| self.load_key_limits(tx, key))?)
    }

    fn change_key(
        &self,
        key: &LimitKey,
        change: &mut dyn FnMut(&mut KeyLimits),
    ) -> Result<(), Failure> {
        self.update_row::<KeyLimits>(&scope_of(key), &mut |stored, now| {
            let mut limits = key_limits(stored, now);
            change(&mut limits);
            limits
        })
    }

    fn change_host(
        &self,
        host: &str,
        change: &mut dyn FnMut(&mut HostLimits),
    ) -> Result<(), Failure> {
        self.update_row::<HostLimits>(&format!("host {host}"), &mut |stored, _| {
            let mut limits = match stored {
                Some((stored, SameBoot(true))) => stored,
                _ => HostLimits::default(),
            };
            change(&mut limits);
            limits
        })
    }
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
        change: &mut dyn FnMut(Option<(T, SameBoot)>, Instant) -> T,
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
