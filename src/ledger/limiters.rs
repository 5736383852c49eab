//! Limits of keys and hosts, shared by all processes on the machine.
//!
//! Rows need not survive a crash of the machine, and what they hold of times means nothing after
//! another boot: such a row is forgotten. So is one whose times lie further ahead than any pause:
//! a clock was set.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError};
use crate::model::limits::{
    AdaptiveState, BreakerPhase, BucketState, BudgetState, HostLimits, KeyLimits, LaneState,
    LatchState, LimitKey, LimiterStore,
};
use crate::model::{Failure, Instant};

impl LimiterStore for Ledger {
    fn change_key(
        &self,
        key: &LimitKey,
        change: &mut dyn FnMut(&mut KeyLimits),
    ) -> Result<(), Failure> {
        let print = key.fingerprint.as_ref().map_or("", |print| print.0.as_str());
        let scope = format!("key {} {print}", key.origin);
        self.change::<StoredKey>(&scope, &mut |stored, now| {
            let mut limits = stored.map(|stored| stored.into_limits(now)).unwrap_or_default();
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
            let mut limits = stored.map(StoredHost::into_limits).unwrap_or_default();
            change(&mut limits);
            StoredHost::of(&limits)
        })
    }
}

/// One row as JSON.
const NAME: &str = "state";

impl Ledger {
    fn change<T: Serialize + for<'a> Deserialize<'a> + PartialEq + Clone>(
        &self,
        scope: &str,
        change: &mut dyn FnMut(Option<T>, Instant) -> T,
    ) -> Result<(), Failure> {
        let now = self.shared.clock.now();
        let boot_id = &self.shared.boot_id;
        let changed: Result<(), LedgerError> = self.write_lightly(|tx| {
            let kept: Option<String> = tx
                .prepare_cached(
                    "SELECT state FROM limiters WHERE scope = ?1 AND name = ?2 AND boot_id = ?3",
                )?
                .query_row(params![scope, NAME, boot_id], |row| row.get(0))
                .optional()?;
            // A row that cannot be read was written by another version: learned anew.
            let before: Option<T> = kept.and_then(|json| serde_json::from_str(&json).ok());
            let after = change(before.clone(), now);
            if before.as_ref() == Some(&after) {
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
struct StoredAdaptive {
    value: f64,
    ceiling: f64,
    rounds: f64,
    cut_at: Option<u64>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize, Default)]
struct StoredLane {
    full_at_micros: u64,
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
    budget_tokens: f64,
    budget_counted_at: Option<u64>,
    no_credits: bool,
    unauthorized: bool,
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
        }
    }

    fn into_state(self, now: Instant) -> AdaptiveState {
        AdaptiveState {
            value: self.value,
            ceiling: self.ceiling,
            rounds: self.rounds,
            cut_at: believable(self.cut_at, now),
        }
    }
}

impl StoredLane {
    fn of(state: &LaneState) -> Self {
        Self {
            full_at_micros: state.bucket.full_at_micros,
            rate: StoredAdaptive::of(&state.rate),
            parked_until: state.parked_until.map(|at| at.0),
            good_at: state.good_at.map(|at| at.0),
            refused_at: state.refused_at.map(|at| at.0),
        }
    }

    fn into_state(self, now: Instant) -> LaneState {
        LaneState {
            bucket: BucketState { full_at_micros: self.full_at_micros },
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
            budget_tokens: limits.budget.tokens,
            budget_counted_at: limits.budget.counted_at.map(|at| at.0),
            no_credits: limits.latches.no_credits,
            unauthorized: limits.latches.unauthorized,
        }
    }

    fn into_limits(self, now: Instant) -> KeyLimits {
        KeyLimits {
            control: self.control.into_state(now),
            poll: self.poll.into_state(now),
            transfer: self.transfer.into_state(now),
            cap: self.cap.into_state(now),
            starts_parked_until: believable(self.starts_parked_until, now),
            budget: BudgetState {
                tokens: self.budget_tokens,
                counted_at: believable(self.budget_counted_at, now),
            },
            latches: LatchState { no_credits: self.no_credits, unauthorized: self.unauthorized },
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
