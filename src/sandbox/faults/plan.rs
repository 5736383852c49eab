//! The active scenario: picks the faults of a call, and the current limits.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::scenario::{Action, Caps, FaultSubject, Scenario};
use crate::sandbox::util::lock;
use crate::sandbox::util::random::roll;

/// Random stream for refused starts; those of faults count from 0.
const REFUSED_START_STREAM: u64 = u64::MAX;

/// The faults of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultPlan {
    pub(crate) actions: Vec<Action>,
    pub(crate) faults: Vec<String>,
}

impl FaultPlan {
    /// The first result of `pick` among the actions.
    pub(crate) fn find<'a, T>(&'a self, pick: impl FnMut(&'a Action) -> Option<T>) -> Option<T> {
        self.actions.iter().find_map(pick)
    }

    /// Whether the client gets another response than that of the service.
    pub(crate) fn spoils_answer(&self) -> bool {
        self.actions.iter().any(|action| {
            matches!(
                action,
                Action::Cut(_)
                    | Action::Length(_)
                    | Action::Shorten(_)
                    | Action::Garble
                    | Action::Rename(_)
                    | Action::Drop(_)
                    | Action::Null(_)
                    | Action::Set(_)
                    | Action::Pad(_)
            )
        })
    }

    /// Whether `action` is among them.
    pub(crate) fn has(&self, action: &Action) -> bool {
        self.actions.contains(action)
    }
}

#[derive(Debug, Default)]
struct MatchCount {
    counted: HashMap<String, u64>,
    rolled: u64,
    met: u64,
}

/// A scenario with its start time and counters.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    pub(crate) scenario: Scenario,
    loaded: Duration,
    counts: Mutex<Vec<MatchCount>>,
    refused_starts: AtomicU64,
}

impl FaultInjector {
    /// Activates a scenario at `now` since the start of the sandbox.
    pub(crate) fn new(scenario: Scenario, now: Duration) -> Self {
        let counts = scenario.faults.iter().map(|_| MatchCount::default()).collect();
        Self {
            scenario,
            loaded: now,
            counts: Mutex::new(counts),
            refused_starts: AtomicU64::new(0),
        }
    }

    /// Counts a call and picks its faults.
    pub(crate) fn plan(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        now: Duration,
    ) -> FaultPlan {
        let subject = FaultSubject { method, path, key, age: now.saturating_sub(self.loaded) };
        let mut plan = FaultPlan::default();
        let mut counts = lock(&self.counts);
        for (stream, (fault, count)) in
            self.scenario.faults.iter().zip(counts.iter_mut()).enumerate()
        {
            if !fault.counts(&subject) {
                continue;
            }
            let counted_path = if fault.per_path { path } else { "" };
            let nth = count.counted.entry(counted_path.to_owned()).or_default();
            *nth += 1;
            count.rolled += 1;
            let dice = roll(self.scenario.seed, stream as u64, count.rolled);
            if fault.meets(*nth, count.met, dice) {
                count.met += 1;
                plan.actions.extend(fault.actions.iter().cloned());
                plan.faults.push(fault.title());
            }
        }
        plan
    }

    /// Whether a start refused by the rate limit is executed nevertheless.
    pub(crate) fn executes_anyway(&self) -> bool {
        let share = self.scenario.limits.executes_anyway;
        share > 0.0 && {
            let nth = self.refused_starts.fetch_add(1, Ordering::Relaxed);
            roll(self.scenario.seed, REFUSED_START_STREAM, nth) < share
        }
    }

    pub(crate) fn caps(&self, now: Duration) -> &Caps {
        self.scenario.limits.at(now.saturating_sub(self.loaded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(text: &str, calls: u64) -> Vec<u64> {
        let injector = FaultInjector::new(Scenario::parse(text).unwrap(), Duration::ZERO);
        (1..=calls)
            .filter(|_| !injector.plan("GET", "/v1/jobs", None, Duration::ZERO).actions.is_empty())
            .collect()
    }

    #[test]
    fn chance_repeats_with_its_seed() {
        let text = |seed: u64| {
            format!(
                "seed = {seed}\n[[fault]]\non = \"GET /v1/jobs\"\nprobability = 0.1\ndo = \"garble\""
            )
        };
        assert_eq!(met(&text(1), 1000), met(&text(1), 1000));
        assert_ne!(met(&text(1), 1000), met(&text(2), 1000));
        assert!((50..150).contains(&met(&text(1), 1000).len()));
    }

    #[test]
    fn paths_are_counted_apart_when_asked() {
        let text = "[[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\nper_path = true\ndo = \"garble\"";
        let injector = FaultInjector::new(Scenario::parse(text).unwrap(), Duration::ZERO);
        let met = |path| !injector.plan("GET", path, None, Duration::ZERO).actions.is_empty();
        assert!(met("/v1/jobs/a"));
        assert!(met("/v1/jobs/b"));
        assert!(!met("/v1/jobs/a"));
    }
}
