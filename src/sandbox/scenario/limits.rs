//! `[limits]`: rates, concurrency and jobs in flight, per key, and how they change with time.
//! `[bandwidth]`: the lines that all keys share.

use std::time::Duration;

use serde::Deserialize;

use crate::sandbox::duration;

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    /// Requests a second.
    pub(crate) rate: f64,
    /// Requests at once from a full bucket.
    pub(crate) burst: f64,
}

/// `[bandwidth]`: bytes a second of all transfers of one direction together; what is absent is
/// unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bandwidth {
    /// Uploads.
    pub(crate) upload: Option<f64>,
    /// Output links.
    pub(crate) output: Option<f64>,
}

impl Bandwidth {
    pub(super) fn check(&self) -> Result<(), String> {
        if [self.upload, self.output].into_iter().flatten().any(|rate| rate.is_nan() || rate < 1.0)
        {
            return Err("bandwidth: at least one byte a second".to_owned());
        }
        Ok(())
    }
}

/// Limits at one time; what is absent is unlimited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Caps {
    /// One bucket for all calls with a key.
    pub(crate) shared: Option<Bucket>,
    /// Create and start.
    pub(crate) control: Option<Bucket>,
    /// Get, list, usage.
    pub(crate) poll: Option<Bucket>,
    /// Uploads.
    pub(crate) transfer: Option<Bucket>,
    /// Calls of a key at the same time.
    pub(crate) concurrency: Option<usize>,
    /// Started jobs of a key that are not final.
    pub(crate) in_flight: Option<usize>,
}

/// The form of `Retry-After` with a 429.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RetryAfter {
    #[default]
    Seconds,
    Date,
    Absent,
    Negative,
    /// A date an hour ago.
    Past,
    TenHours,
    /// Words.
    Garbage,
}

/// The whole section: [`Caps`] from the beginning, and later changes.
///
/// The fields of `Caps` are repeated, because serde cannot refuse unknown keys beside a flattened
/// structure, and a misspelt limit must not go unnoticed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    shared: Option<Bucket>,
    control: Option<Bucket>,
    poll: Option<Bucket>,
    transfer: Option<Bucket>,
    concurrency: Option<usize>,
    in_flight: Option<usize>,
    pub(crate) retry_after: RetryAfter,
    schedule: Vec<Change>,
}

/// `[[limits.schedule]]`: from `at` after the scenario was loaded, the named limits replace the
/// earlier ones.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(deserialize_with = "duration::read")]
    at: Duration,
    shared: Option<Bucket>,
    control: Option<Bucket>,
    poll: Option<Bucket>,
    transfer: Option<Bucket>,
    concurrency: Option<usize>,
    in_flight: Option<usize>,
}

impl Change {
    fn caps(&self) -> Caps {
        Caps {
            shared: self.shared,
            control: self.control,
            poll: self.poll,
            transfer: self.transfer,
            concurrency: self.concurrency,
            in_flight: self.in_flight,
        }
    }
}

impl Caps {
    fn check(&self) -> Result<(), String> {
        let buckets = [self.shared, self.control, self.poll, self.transfer];
        for bucket in buckets.into_iter().flatten() {
            if bucket.rate.is_nan()
                || bucket.rate < 0.0
                || bucket.burst.is_nan()
                || bucket.burst < 1.0
            {
                return Err("limits: rate is at least 0 and burst at least 1".to_owned());
            }
        }
        Ok(())
    }

    fn replaced_by(self, later: Self) -> Self {
        Self {
            shared: later.shared.or(self.shared),
            control: later.control.or(self.control),
            poll: later.poll.or(self.poll),
            transfer: later.transfer.or(self.transfer),
            concurrency: later.concurrency.or(self.concurrency),
            in_flight: later.in_flight.or(self.in_flight),
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), String> {
        self.first().check()?;
        self.schedule.iter().try_for_each(|change| change.caps().check())?;
        if self.schedule.windows(2).any(|pair| pair[0].at > pair[1].at) {
            return Err("limits.schedule: entries must be in order of time".to_owned());
        }
        Ok(())
    }

    /// What holds at `age` after the scenario was loaded.
    pub(crate) fn at(&self, age: Duration) -> Caps {
        let due = self.schedule.iter().take_while(|change| change.at <= age);
        due.fold(self.first(), |caps, change| caps.replaced_by(change.caps()))
    }

    fn first(&self) -> Caps {
        Caps {
            shared: self.shared,
            control: self.control,
            poll: self.poll,
            transfer: self.transfer,
            concurrency: self.concurrency,
            in_flight: self.in_flight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;

    #[test]
    fn a_schedule_changes_what_it_names() {
        let scenario = Scenario::parse(
            r#"
            [limits]
            in_flight = 8
            control = { rate = 10.0, burst = 5.0 }
            [[limits.schedule]]
            at = "10s"
            in_flight = 4
            "#,
        )
        .unwrap();
        let at = |seconds| scenario.limits.at(Duration::from_secs(seconds));
        assert_eq!((at(9).in_flight, at(10).in_flight), (Some(8), Some(4)));
        assert_eq!(at(10).control, Some(Bucket { rate: 10.0, burst: 5.0 }));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "[limits]\ncontrol = { rate = -1.0, burst = 1.0 }",
            "[limits]\ncontrol = { rate = 1.0 }",
            "[limits]\nin_fligth = 3",
            "[bandwidth]\nupload = 0.0",
            "[[limits.schedule]]\nat = \"9s\"\n[[limits.schedule]]\nat = \"8s\"",
        ] {
            assert!(Scenario::parse(text).is_err(), "{text}");
        }
    }
}
