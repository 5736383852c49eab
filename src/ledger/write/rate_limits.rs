//! Rate limits of keys and hosts, shared by all processes on the machine.
//!
//! Rows may be lost in a crash of the machine. Times in them are discarded after a reboot; what was
//! learned of a key is kept. A time further in the future than any pause is discarded too: a clock
//! was set.

use serde::{Deserialize, Serialize};

use crate::ledger::database::Tx;
use crate::ledger::database::value::params;
use crate::ledger::rows::columns::encode;
use crate::ledger::{ApiKeyId, Ledger, LedgerError};
use crate::model::limits::{
    CallLimits, HostLimits, KeyLimits, LimitKey, LimiterStore, LimitsChange,
};
use crate::model::{Failure, Instant};

impl LimiterStore for Ledger {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        Ok(self.read(|tx| self.load_key_limits(tx, key))?)
    }

    fn change(&self, key: &LimitKey, host: &str, change: LimitsChange) -> Result<(), Failure> {
        let scopes = [scope_of(key), format!("host {host}")];
        let name = scopes.join(" ");
        self.shared.limit_changes.save(&name, change, |all| self.update_rows(&scopes, all))
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

/// The rows of `scopes`: name, state, and whether it is of this boot.
fn load_rows(
    tx: &Tx<'_>,
    scopes: [&str; 2],
    boot_id: &str,
) -> Result<Vec<(String, String, SameBoot)>, LedgerError> {
    tx.query_with(
        "SELECT scope, state, boot_id FROM rate_limits WHERE scope IN (?1, ?2)",
        params![scopes[0], scopes[1]],
        |row| Ok((row.get(0)?, row.get(1)?, SameBoot(row.get::<_, String>(2)? == boot_id))),
    )
}

/// The state in `scope`. One that cannot be parsed is from another version and is ignored.
fn parsed<T: for<'a> Deserialize<'a>>(
    rows: &[(String, String, SameBoot)],
    scope: &str,
) -> Option<(T, SameBoot)> {
    let (_, json, boot) = rows.iter().find(|(of, ..)| of == scope)?;
    Some((serde_json::from_str(json).ok()?, *boot))
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
        let scope = scope_of(key);
        let rows = load_rows(tx, [&scope, &scope], &self.shared.boot_id)?;
        Ok(key_limits(parsed(&rows, &scope), self.shared.clock.now()))
    }

    /// Limits of all hosts called since the machine was booted.
    pub fn host_limits(&self) -> Result<Vec<(String, HostLimits)>, LedgerError> {
        let rows: Vec<(String, String)> = self.query(
            "SELECT substr(scope, 6), state FROM rate_limits
             WHERE scope LIKE 'host %' AND boot_id = ?1 ORDER BY scope",
            params![self.shared.boot_id],
        )?;
        let parsed =
            rows.into_iter().map(|(host, state)| Some((host, serde_json::from_str(&state).ok()?)));
        Ok(parsed.flatten().collect())
    }

    fn update_rows(
        &self,
        scopes: &[String; 2],
        change: &mut dyn FnMut(&mut CallLimits),
    ) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let boot_id = &self.shared.boot_id;
        let [of_key, of_host] = scopes;
        let changed: Result<(), LedgerError> = self.write_relaxed(|tx| {
            // In this order, calls that wait for one key do not hold up other keys.
            tx.lock(&format!("limits {of_key}"));
            tx.lock(&format!("limits {of_host}"));
            let rows = load_rows(tx, [of_key, of_host], boot_id)?;
            let stored: (Option<(KeyLimits, _)>, Option<(HostLimits, _)>) =
                (parsed(&rows, of_key), parsed(&rows, of_host));
            let mut limits = CallLimits {
                key: key_limits(stored.0.clone(), now),
                host: match stored.1 {
                    Some((host, SameBoot(true))) => host,
                    _ => HostLimits::default(),
                },
            };
            change(&mut limits);
            let CallLimits { key, host } = limits;
            if stored.0 != Some((key.clone(), SameBoot(true))) {
                save_row(tx, of_key, &key, boot_id)?;
            }
            if stored.1 != Some((host, SameBoot(true))) {
                save_row(tx, of_host, &host, boot_id)?;
            }
            Ok(())
        });
        Ok(changed?)
    }
}

fn save_row(
    tx: &Tx<'_>,
    scope: &str,
    state: &impl Serialize,
    boot_id: &str,
) -> Result<(), LedgerError> {
    tx.queue(
        "INSERT INTO rate_limits (scope, boot_id, state) VALUES (?1, ?2, ?3)
         ON CONFLICT (scope) DO UPDATE SET boot_id = ?2, state = ?3",
        params![scope, boot_id, encode(state)?],
    )
}
