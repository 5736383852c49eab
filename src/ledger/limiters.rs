//! Limits of keys and hosts, shared by all processes on the machine.
//!
//! Rows need not survive a crash of the machine, and what they hold of times means nothing after
//! another boot: they are forgotten then, and what was learned of a key is kept. A time that lies
//! further ahead than any pause is forgotten too: a clock was set.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{KeyId, Ledger, LedgerError};
use crate::model::limits::{
    AdaptiveState, BreakerPhase, BucketState, BudgetState, BurstState, HostLimits, KeyLimits,
    LaneState, LatchState, LimitKey, LimiterStore, StartRefusal, Tally,
};
use crate::model::{Failure, Instant};

impl LimiterStore for Ledger {
    fn key(&self, key: &LimitKey) -> Result<KeyLimits, Failure> {
        Ok(self.read(|db| self.kept_of(db, key))?)
    }

    fn change_key(
        &self,
        key: &LimitKey,
        change: &mut dyn FnMut(&mut KeyLimits),
    ) -> Result<(), Failure> {
        self.change::<StoredKey>(&scope_of(key), &mut |stored, now| {
            let mut limits = key_limits(stored, now);
            change(&mut limits);
            StoredKey::of(&limits)
        })
    }

    fn change_host(
        &self,
        host: &str,
        change: &mut dyn FnMut(&mut HostLimits),
    ) -> Result<(), Failure> {
        self.change::<StoredHost>(&format!("host {host}"), &mut |stored, _| {
            let mut limits = match stored {
                Some((stored, SameBoot(true))) => stored.into_limits(),
                _ => HostLimits::default(),
            };
            change(&mut limits);
            StoredHost::of(&limits)
        })
    }
}

/// One row as JSON.
const NAME: &str = "state";

fn scope_of(key: &LimitKey) -> String {
    let print = key.fingerprint.as_ref().map_or("", |print| print.0.as_str());
    format!("key {} {print}", key.origin)
}

fn key_limits(stored: Option<(StoredKey, SameBoot)>, now: Instant) -> KeyLimits {
    match stored {
        Some((stored, SameBoot(true))) => stored.into_limits(now),
        Some((stored, SameBoot(false))) => stored.without_times().into_limits(now),
        None => KeyLimits::default(),
    }
}

/// The row of `scope`. One that cannot be read was written by another version: learned anew.
fn kept<T: for<'a> Deserialize<'a>>(
    db: &Connection,
    scope: &str,
    boot_id: &str,
) -> Result<Option<(T, SameBoot)>, LedgerError> {
    let row: Option<(String, String)> = db
        .prepare_cached("SELECT state, boot_id FROM limiters WHERE scope = ?1 AND name = ?2")?
        .query_row(params![scope, NAME], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row.and_then(|(json, boot)| {
        Some((serde_json::from_str(&json).ok()?, SameBoot(boot == boot_id)))
    }))
}

/// Whether a row is of this boot, so that its times mean something.
#[derive(Clone, Copy, PartialEq)]
struct SameBoot(bool);

impl Ledger {
    /// What is known of a key, as it stands in this transaction.
    pub(super) fn limits_of(&self, db: &Connection, key: &KeyId) -> Result<KeyLimits, LedgerError> {
        let key = LimitKey { origin: key.origin.clone(), fingerprint: Some(key.print.clone()) };
        self.kept_of(db, &key)
    }

    fn kept_of(&self, db: &Connection, key: &LimitKey) -> Result<KeyLimits, LedgerError> {
        let stored = kept(db, &scope_of(key), &self.shared.boot_id)?;
        Ok(key_limits(stored, self.shared.clock.now()))
    }

    /// Which way the breakers of all hosts stand that were called since the machine was booted.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn hosts(&self) -> Result<Vec<(String, HostLimits)>, LedgerError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT substr(scope, 6), state FROM limiters
                 WHERE scope LIKE 'host %' AND name = ?1 AND boot_id = ?2 ORDER BY scope",
            )?;
            let mut rows = statement.query(params![NAME, self.shared.boot_id])?;
            let mut hosts = Vec::new();
            while let Some(row) = rows.next()? {
                let state: String = row.get(1)?;
                if let Ok(stored) = serde_json::from_str::<StoredHost>(&state) {
                    hosts.push((row.get(0)?, stored.into_limits()));
                }
            }
            Ok(hosts)
        })
    }

    fn change<T: Serialize + for<'a> Deserialize<'a> + PartialEq + Clone>(
        &self,
        scope: &str,
        change: &mut dyn FnMut(Option<(T, SameBoot)>, Instant) -> T,
    ) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let boot_id = &self.shared.boot_id;
        let changed: Result<(), LedgerError> = self.write_lightly(|tx| {
            let before: Option<(T, SameBoot)> = kept(tx, scope, boot_id)?;
            let after = change(before.clone(), now);
            if before.is_some_and(|before| before == (after.clone(), SameBoot(true))) {
                return Ok(());
            }
            let json = serde_json::to_string(&after)
                .map_err(|error| LedgerError::Corrupt(error.to_string()))?;
            tx.prepare_cached(
                "INSERT INTO limiters (scope, name, boot_id, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (scope, name) DO UPDATE SET boot_id = ?3, state = ?4",
            )?
            .execute(params![scope, NAME, boot_id, json])?;
            Ok(())
        });
        Ok(changed?)
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
struct StoredAdaptive {
    value: f64,
    ceiling: f64,
    rounds: f64,
    cut_at: Option<u64>,
    step: f64,
    patience: f64,
    proofs: u32,
    before: f64,
    ceiling_before: f64,
    counted_from: Option<u64>,
    beyond: i64,
    proven: f64,
    proven_before: f64,
    pause: f64,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
struct StoredBurst {
    value: f64,
    since_rest: Option<u32>,
    was_blamed: bool,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Default)]
struct StoredLane {
    full_at_micros: u64,
    #[serde(default)]
    burst: StoredBurst,
    rate: StoredAdaptive,
    parked_until: Option<u64>,
    good_at: Option<u64>,
    refused_at: Option<u64>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(default)]
struct StoredKey {
    control: StoredLane,
    poll: StoredLane,
    transfer: StoredLane,
    cap: StoredAdaptive,
    starts_parked_until: Option<u64>,
    start_refused: Option<StoredRefusal>,
    budget_tokens: f64,
    budget_counted_at: Option<u64>,
    no_credits: bool,
    unauthorized: bool,
    tallies: Vec<StoredTally>,
    page_size: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct StoredTally {
    began: u64,
    calls: u32,
    refused: [u32; 3],
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct StoredRefusal {
    at: u64,
    beside: u32,
    passed_since: u32,
}

/// Longest pause that a service may ask for and is believed.
const LONGEST_PAUSE: Duration = Duration::from_hours(48);

/// A time that lies further ahead than any pause comes from a clock that was set.
fn believable(at: Option<u64>, now: Instant) -> Option<Instant> {
    at.map(Instant).filter(|at| *at <= now.after(LONGEST_PAUSE))
}

impl StoredAdaptive {
    fn of(state: &AdaptiveState) -> Self {
        Self {
            value: state.value,
            ceiling: state.ceiling,
            rounds: state.rounds,
            cut_at: state.cut_at.map(|at| at.0),
            step: state.step,
            patience: state.patience,
            proofs: state.proofs,
            before: state.before,
            ceiling_before: state.ceiling_before,
            counted_from: state.counted_from.map(|at| at.0),
            beyond: state.beyond,
            proven: state.proven,
            proven_before: state.proven_before,
            pause: state.pause,
        }
    }

    fn into_state(self, now: Instant) -> AdaptiveState {
        AdaptiveState {
            value: self.value,
            ceiling: self.ceiling,
            rounds: self.rounds,
            cut_at: believable(self.cut_at, now),
            step: self.step,
            patience: self.patience,
            proofs: self.proofs,
            before: self.before,
            ceiling_before: self.ceiling_before,
            counted_from: believable(self.counted_from, now),
            beyond: self.beyond,
            proven: self.proven,
            proven_before: self.proven_before,
            pause: self.pause,
        }
    }
}

impl StoredLane {
    fn of(state: &LaneState) -> Self {
        Self {
            full_at_micros: state.bucket.full_at_micros,
            burst: StoredBurst {
                value: state.burst.value,
                since_rest: state.burst.since_rest,
                was_blamed: state.burst.was_blamed,
            },
            rate: StoredAdaptive::of(&state.rate),
            parked_until: state.parked_until.map(|at| at.0),
            good_at: state.good_at.map(|at| at.0),
            refused_at: state.refused_at.map(|at| at.0),
        }
    }

    fn into_state(self, now: Instant) -> LaneState {
        LaneState {
            bucket: BucketState { full_at_micros: self.full_at_micros },
            burst: BurstState {
                value: self.burst.value,
                since_rest: self.burst.since_rest,
                was_blamed: self.burst.was_blamed,
            },
            rate: self.rate.into_state(now),
            parked_until: believable(self.parked_until, now),
            good_at: believable(self.good_at, now),
            refused_at: believable(self.refused_at, now),
        }
    }
}

impl StoredKey {
    fn of(limits: &KeyLimits) -> Self {
        Self {
            control: StoredLane::of(&limits.control),
            poll: StoredLane::of(&limits.poll),
            transfer: StoredLane::of(&limits.transfer),
            cap: StoredAdaptive::of(&limits.cap),
            starts_parked_until: limits.starts_parked_until.map(|at| at.0),
            start_refused: limits.start_refused.map(|refusal| StoredRefusal {
                at: refusal.at.0,
                beside: refusal.beside,
                passed_since: refusal.passed_since,
            }),
            budget_tokens: limits.budget.tokens,
            budget_counted_at: limits.budget.counted_at.map(|at| at.0),
            no_credits: limits.latches.no_credits,
            unauthorized: limits.latches.unauthorized,
            tallies: limits
                .tallies
                .iter()
                .map(|tally| StoredTally {
                    began: tally.began.0,
                    calls: tally.calls,
                    refused: tally.refused,
                })
                .collect(),
            page_size: limits.page_size,
        }
    }

    /// What was learned, and what the user has to release: all that outlives a boot.
    fn without_times(self) -> Self {
        let lane = |lane: StoredLane| StoredLane {
            burst: StoredBurst { value: lane.burst.value, ..StoredBurst::default() },
            rate: StoredAdaptive { cut_at: None, counted_from: None, ..lane.rate },
            ..StoredLane::default()
        };
        Self {
            control: lane(self.control),
            poll: lane(self.poll),
            transfer: lane(self.transfer),
            cap: StoredAdaptive { cut_at: None, ..self.cap },
            no_credits: self.no_credits,
            unauthorized: self.unauthorized,
            page_size: self.page_size,
            ..Self::default()
        }
    }

    fn into_limits(self, now: Instant) -> KeyLimits {
        KeyLimits {
            control: self.control.into_state(now),
            poll: self.poll.into_state(now),
            transfer: self.transfer.into_state(now),
            cap: self.cap.into_state(now),
            starts_parked_until: believable(self.starts_parked_until, now),
            start_refused: self.start_refused.and_then(|refusal| {
                let at = believable(Some(refusal.at), now)?;
                let StoredRefusal { beside, passed_since, .. } = refusal;
                Some(StartRefusal { at, beside, passed_since })
            }),
            budget: BudgetState {
                tokens: self.budget_tokens,
                counted_at: believable(self.budget_counted_at, now),
            },
            latches: LatchState { no_credits: self.no_credits, unauthorized: self.unauthorized },
            tallies: self
                .tallies
                .into_iter()
                .map(|tally| Tally {
                    began: Instant(tally.began),
                    calls: tally.calls,
                    refused: tally.refused,
                })
                .collect(),
            page_size: self.page_size,
        }
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPhase {
    Closed,
    Open { until: u64 },
    Probing { since: u64 },
    Ramp { since: u64, full_at_micros: u64 },
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct StoredHost {
    phase: StoredPhase,
    good: f64,
    bad: f64,
    counted_at: Option<u64>,
    flaps: u32,
    closed_at: Option<u64>,
}

impl StoredHost {
    fn of(limits: &HostLimits) -> Self {
        Self {
            phase: match limits.phase {
                BreakerPhase::Closed => StoredPhase::Closed,
                BreakerPhase::Open { until } => StoredPhase::Open { until: until.0 },
                BreakerPhase::Probing { since } => StoredPhase::Probing { since: since.0 },
                BreakerPhase::Ramp { since, full_at_micros } => {
                    StoredPhase::Ramp { since: since.0, full_at_micros }
                }
            },
            good: limits.good,
            bad: limits.bad,
            counted_at: limits.counted_at.map(|at| at.0),
            flaps: limits.flaps,
            closed_at: limits.closed_at.map(|at| at.0),
        }
    }

    fn into_limits(self) -> HostLimits {
        HostLimits {
            phase: match self.phase {
                StoredPhase::Closed => BreakerPhase::Closed,
                StoredPhase::Open { until } => BreakerPhase::Open { until: Instant(until) },
                StoredPhase::Probing { since } => BreakerPhase::Probing { since: Instant(since) },
                StoredPhase::Ramp { since, full_at_micros } => {
                    BreakerPhase::Ramp { since: Instant(since), full_at_micros }
                }
            },
            good: self.good,
            bad: self.bad,
            counted_at: self.counted_at.map(Instant),
            flaps: self.flaps,
            closed_at: self.closed_at.map(Instant),
        }
    }
}
