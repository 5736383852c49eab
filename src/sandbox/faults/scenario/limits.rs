//! `[limits]`: rates, concurrency and jobs in flight per key, with a schedule. `[bandwidth]`:
//! limits shared by all keys.

use std::time::Duration;

use serde::Deserialize;

use crate::sandbox::state::route::Route;
use crate::sandbox::util::duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Vec<Route>")]
pub(crate) struct Routes(u8);

impl Routes {
    pub(crate) const ALL: Self = Self::of(&[
        Route::Upload,
        Route::Create,
        Route::Start,
        Route::Get,
        Route::List,
        Route::Usage,
    ]);
    pub(crate) const START: Self = Self::of(&[Route::Start]);
    const CONTROL: Self = Self::of(&[Route::Create, Route::Start]);
    const POLL: Self = Self::of(&[Route::Get, Route::List, Route::Usage]);
    const TRANSFER: Self = Self::of(&[Route::Upload]);

    const fn of(routes: &[Route]) -> Self {
        let (mut bits, mut index) = (0, 0);
        while index < routes.len() {
            bits |= 1 << routes[index] as u8;
            index += 1;
        }
        Self(bits)
    }

    pub(crate) fn has(self, route: Route) -> bool {
        self.0 & (1 << route as u8) != 0
    }
}

impl TryFrom<Vec<Route>> for Routes {
    type Error = &'static str;

    fn try_from(routes: Vec<Route>) -> Result<Self, Self::Error> {
        if routes.is_empty() {
            return Err("calls names at least one call");
        }
        Ok(Self::of(&routes))
    }
}

/// `[[limits.bucket]]`: a token bucket; each of its calls takes one token.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bucket {
    pub(crate) calls: Routes,
    /// Tokens added per second.
    pub(crate) rate: f64,
    pub(crate) burst: f64,
}

/// A bucket whose calls its key names, such as `control`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    rate: f64,
    burst: f64,
}

impl Rate {
    fn bucket(self, calls: Routes) -> Bucket {
        Bucket { calls, rate: self.rate, burst: self.burst }
    }
}

/// `[bandwidth]`: bytes per second of all transfers of a direction; unlimited by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Bandwidth {
    /// Uploads.
    pub(crate) upload: Option<f64>,
    /// Output links.
    pub(crate) output: Option<f64>,
}

/// Limits at one time; unlimited by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Caps {
    /// Buckets with the number of their level, which is kept when limits change.
    pub(crate) buckets: Vec<(usize, Bucket)>,
    /// Concurrent calls of a key.
    pub(crate) concurrency: Option<usize>,
    /// Jobs of a key in flight.
    pub(crate) in_flight: Option<usize>,
}

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefusalBody {
    /// The documented error object.
    Contract,
    /// The error page of a gateway.
    Html,
    Empty,
    /// A line of plain text.
    Text,
}

/// Published limits of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Preset {
    PerMinute,
}

impl Preset {
    /// 100 calls and 3 starts per minute, as buckets.
    fn buckets(self) -> Vec<Bucket> {
        match self {
            Self::PerMinute => vec![
                Bucket { calls: Routes::ALL, rate: 100.0 / 60.0, burst: 100.0 },
                Bucket { calls: Routes::START, rate: 3.0 / 60.0, burst: 3.0 },
            ],
        }
    }
}

/// The section: [`Caps`] with later changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "LimitsSection")]
pub(crate) struct LimitSchedule {
    /// Limits from each time after the scenario was loaded; the first is at zero.
    steps: Vec<(Duration, Caps)>,
    pub(crate) retry_after: RetryAfter,
    /// The body of a 429; by default that of `answers.error`.
    pub(crate) refusal: Option<RefusalBody>,
    /// Share of starts refused by the rate limit that are executed nevertheless.
    pub(crate) executes_anyway: f64,
}

impl Default for LimitSchedule {
    fn default() -> Self {
        Self {
            steps: vec![(Duration::ZERO, Caps::default())],
            retry_after: RetryAfter::default(),
            refusal: None,
            executes_anyway: 0.0,
        }
    }
}

/// `[limits]` as written.
///
/// Repeats the fields of [`Change`]: serde cannot refuse unknown keys beside a flattened struct,
/// and a misspelt limit must be an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsSection {
    preset: Option<Preset>,
    bucket: Vec<Bucket>,
    shared: Option<Rate>,
    control: Option<Rate>,
    poll: Option<Rate>,
    transfer: Option<Rate>,
    concurrency: Option<usize>,
    in_flight: Option<usize>,
    retry_after: RetryAfter,
    refusal: Option<RefusalBody>,
    executes_anyway: f64,
    schedule: Vec<Change>,
}

/// `[[limits.schedule]]`: limits that replace earlier ones from `at` after the scenario was loaded.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(deserialize_with = "duration::read")]
    at: Duration,
    /// Replaces the whole list.
    bucket: Option<Vec<Bucket>>,
    shared: Option<Rate>,
    control: Option<Rate>,
    poll: Option<Rate>,
    transfer: Option<Rate>,
    concurrency: Option<usize>,
    in_flight: Option<usize>,
}

impl Change {
    fn replaced_by(&self, later: Self) -> Self {
        Self {
            at: later.at,
            bucket: later.bucket.or_else(|| self.bucket.clone()),
            shared: later.shared.or(self.shared),
            control: later.control.or(self.control),
            poll: later.poll.or(self.poll),
            transfer: later.transfer.or(self.transfer),
            concurrency: later.concurrency.or(self.concurrency),
            in_flight: later.in_flight.or(self.in_flight),
        }
    }

    fn caps(&self) -> Result<Caps, String> {
        let named = [
            (self.shared, Routes::ALL),
            (self.control, Routes::CONTROL),
            (self.poll, Routes::POLL),
            (self.transfer, Routes::TRANSFER),
        ];
        let named = named.map(|(rate, calls)| rate.map(|rate| rate.bucket(calls)));
        let listed = self.bucket.iter().flatten().copied().map(Some);
        let buckets: Vec<(usize, Bucket)> = named
            .into_iter()
            .chain(listed)
            .enumerate()
            .filter_map(|(number, bucket)| bucket.map(|bucket| (number, bucket)))
            .collect();
        for (_, Bucket { rate, burst, .. }) in &buckets {
            if !(rate.is_finite() && *rate >= 0.0 && burst.is_finite() && *burst >= 1.0) {
                return Err("limits: rate is at least 0 and burst at least 1".to_owned());
            }
        }
        Ok(Caps { buckets, concurrency: self.concurrency, in_flight: self.in_flight })
    }
}

impl TryFrom<LimitsSection> for LimitSchedule {
    type Error = String;

    fn try_from(section: LimitsSection) -> Result<Self, String> {
        if !(0.0..=1.0).contains(&section.executes_anyway) {
            return Err("limits.executes_anyway is 0 to 1".to_owned());
        }
        if section.schedule.windows(2).any(|pair| pair[0].at > pair[1].at) {
            return Err("limits.schedule: entries must be in order of time".to_owned());
        }
        let mut bucket = section.preset.map(Preset::buckets).unwrap_or_default();
        bucket.extend(section.bucket);
        let mut current = Change {
            at: Duration::ZERO,
            bucket: Some(bucket),
            shared: section.shared,
            control: section.control,
            poll: section.poll,
            transfer: section.transfer,
            concurrency: section.concurrency,
            in_flight: section.in_flight,
        };
        let mut steps = vec![(current.at, current.caps()?)];
        for change in section.schedule {
            current = current.replaced_by(change);
            steps.push((current.at, current.caps()?));
        }
        Ok(Self {
            steps,
            retry_after: section.retry_after,
            refusal: section.refusal,
            executes_anyway: section.executes_anyway,
        })
    }
}

impl LimitSchedule {
    /// The limits at `age` after the scenario was loaded.
    pub(crate) fn at(&self, age: Duration) -> &Caps {
        let due = self.steps.partition_point(|(at, _)| *at <= age);
        &self.steps[due.saturating_sub(1)].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::faults::scenario::Scenario;

    fn limits(text: &str) -> LimitSchedule {
        Scenario::parse(&format!("[limits]\n{text}")).unwrap().limits
    }

    #[test]
    fn a_schedule_changes_what_it_names() {
        let limits = limits(
            r#"
            in_flight = 8
            control = { rate = 10.0, burst = 5.0 }
            bucket = [{ calls = ["upload"], rate = 1.0, burst = 2.0 }]
            [[limits.schedule]]
            at = "10s"
            in_flight = 4
            [[limits.schedule]]
            at = "20s"
            bucket = [
                { calls = ["get"], rate = 3.0, burst = 1.0 },
                { calls = ["list", "usage"], rate = 4.0, burst = 1.0 },
            ]
            "#,
        );
        let at = |seconds| limits.at(Duration::from_secs(seconds));
        assert_eq!((at(9).in_flight, at(10).in_flight), (Some(8), Some(4)));
        let rates = |caps: &Caps| -> Vec<(usize, f64)> {
            caps.buckets.iter().map(|(number, bucket)| (*number, bucket.rate)).collect()
        };
        assert_eq!(rates(at(10)), [(1, 10.0), (4, 1.0)]);
        assert_eq!(rates(at(20)), [(1, 10.0), (4, 3.0), (5, 4.0)]);
    }

    #[test]
    fn short_forms_name_their_calls() {
        let rate = "{ rate = 1.0, burst = 1.0 }";
        let calls = |name: &str| limits(&format!("{name} = {rate}")).at(Duration::ZERO).buckets[0];
        for (name, named) in [
            ("shared", vec!["upload", "create", "start", "get", "list", "usage"]),
            ("control", vec!["create", "start"]),
            ("poll", vec!["get", "list", "usage"]),
            ("transfer", vec!["upload"]),
        ] {
            let long = format!("bucket = [{{ calls = {named:?}, rate = 1.0, burst = 1.0 }}]");
            assert_eq!(calls(name).1, limits(&long).at(Duration::ZERO).buckets[0].1, "{name}");
        }
    }

    #[test]
    fn the_preset_holds_a_minute_and_may_be_added_to() {
        let limits = limits(
            "preset = \"per-minute\"\nbucket = [{ calls = [\"get\"], rate = 9.0, burst = 9.0 }]",
        );
        let buckets: Vec<(bool, f64, f64)> = limits
            .at(Duration::ZERO)
            .buckets
            .iter()
            .map(|(_, bucket)| {
                (bucket.calls.has(Route::Upload), (bucket.rate * 60.0).round(), bucket.burst)
            })
            .collect();
        assert_eq!(buckets, [(true, 100.0, 100.0), (false, 3.0, 3.0), (false, 540.0, 9.0)]);
    }

    #[test]
    fn invalid_values_are_refused() {
        for text in [
            "[limits]\ncontrol = { rate = -1.0, burst = 1.0 }",
            "[limits]\ncontrol = { rate = inf, burst = 1.0 }",
            "[limits]\ncontrol = { rate = 1.0 }",
            "[limits]\nin_fligth = 3",
            "[limits]\nexecutes_anyway = 2.0",
            "[limits]\npreset = \"per-second\"",
            "[limits]\nbucket = [{ calls = [], rate = 1.0, burst = 1.0 }]",
            "[limits]\nbucket = [{ calls = [\"poll\"], rate = 1.0, burst = 1.0 }]",
            "[limits]\nbucket = [{ calls = [\"get\"], rate = 1.0, burst = 0.0 }]",
            "[bandwidth]\nupload = 0.0",
            "[[limits.schedule]]\nat = \"9s\"\n[[limits.schedule]]\nat = \"8s\"",
            "[[limits.schedule]]\nat = \"9s\"\ncontrol = { rate = nan, burst = 1.0 }",
        ] {
            assert!(Scenario::parse(text).is_err(), "{text}");
        }
    }
}
