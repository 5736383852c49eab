//! A profile: the service, its key, and its limits, as typed values within bounds.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::base_url;
use super::file::decode::{self, EffectiveValue, SectionReader};
use super::file::find;
use super::file::layer::ProfileLayer;
use super::file::located_value::ScalarValue;
use super::secret::{LocatedSecret, SecretKind, expiry};
use super::types::{Environment, SANDBOX};
use crate::model::options::OptionError;
use crate::model::{Background, Failure, ModelName, OutputFormat, Timestamp};
use crate::model::{PollTiming, Timing, limits::LimitBounds};

/// Default of `confirm_above_credits` for a production profile.
const PROD_CONFIRM_ABOVE_CREDITS: f64 = 500.0;

#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    /// Prefix of every path of the API.
    pub base_url: Url,
    pub environment: Environment,
    /// A run estimated above this many credits needs confirmation.
    pub confirm_above_credits: Option<f64>,
    /// Allows plain http for hosts other than loopback.
    pub allow_http: bool,
    /// Custom tags of every job of this profile.
    pub tags: BTreeMap<String, String>,
    pub limits: LimitBounds,
    pub timing: Timing,
    /// Midnight UTC of the day on which the key was created, as the user noted it.
    pub key_created: Option<Timestamp>,
    pub key_max_age: Option<Duration>,
    /// The address according to the files, without variables; `None` if it is invalid.
    pub(crate) file_url: Option<Url>,
    pub(crate) job_defaults: JobDefaultsLayer,
    pub(crate) secrets: BTreeMap<SecretKind, LocatedSecret>,
}

impl Profile {
    /// Reads the profile `name` from `layer`, with every effective value. `base`, an address and its
    /// variable, overrides the file.
    pub(crate) fn read(
        name: &str,
        layer: &ProfileLayer,
        base: Option<(&str, &str)>,
        vars: &BTreeMap<String, String>,
    ) -> Result<(Self, Vec<EffectiveValue>), Failure> {
        let prefix = format!("profiles.{name}");
        let own = &layer.own;
        let mut read = SectionReader::new(&prefix, own);
        let allow_http = read.flag("allow_http", false)?;
        let base_url = base_url::read(&mut read, base, allow_http)?;
        let file_url = base_url::of_file(own.get("base_url"));
        let environment = environment(&mut read)?;
        let confirm_above_credits = confirm(&mut read, environment)?;
        let job_defaults = JobDefaultsLayer::read(&mut read, vars)?;
        let (key_created, key_max_age) = expiry::read(&mut read)?;
        let limits = read_limits(&mut read, &prefix, layer)?;
        let timing = read_timing(&mut read, &prefix, layer)?;
        let tags = tags(&mut read, &prefix, layer)?;
        let mut secrets = BTreeMap::new();
        for kind in SecretKind::ALL {
            secrets.extend(LocatedSecret::find(kind, own, vars)?.map(|found| (kind, found)));
        }
        let profile = Self {
            name: name.to_owned(),
            base_url,
            environment,
            confirm_above_credits,
            allow_http,
            tags,
            limits,
            timing,
            key_created,
            key_max_age,
            file_url,
            job_defaults,
            secrets,
        };
        Ok((profile, read.into_shown()))
    }

    /// The profile of an in-process sandbox.
    pub(crate) fn sandbox(base_url: Url, timing: Timing, key: LocatedSecret) -> Self {
        Self {
            name: SANDBOX.to_owned(),
            file_url: Some(base_url.clone()),
            base_url,
            environment: Environment::Dev,
            confirm_above_credits: None,
            allow_http: false,
            tags: BTreeMap::new(),
            limits: LimitBounds::default(),
            timing,
            key_created: None,
            key_max_age: None,
            job_defaults: JobDefaultsLayer::default(),
            secrets: BTreeMap::from([(SecretKind::ApiKey, key)]),
        }
    }

    /// Whether the service in use is the one in the files, to which their keys belong.
    pub(crate) fn is_at_its_file_url(&self) -> bool {
        self.file_url.as_ref().is_some_and(|url| url.origin() == self.base_url.origin())
    }

    /// A warning about a key that has passed its maximum age, or reaches it within two weeks.
    pub fn key_age_warning(&self, now: Timestamp) -> Option<String> {
        expiry::warning(&self.name, self.key_created?, self.key_max_age?, now)
    }

    pub(crate) fn source(&self, kind: SecretKind) -> Option<&LocatedSecret> {
        self.secrets.get(&kind)
    }
}

/// The job options that one section sets.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobDefaultsLayer {
    pub(crate) model: Option<ModelName>,
    pub(crate) format: Option<OutputFormat>,
    pub(crate) background: Option<Background>,
}

impl JobDefaultsLayer {
    pub(crate) fn read(
        read: &mut SectionReader<'_>,
        vars: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let model = read.optional("model", ToString::to_string, job_option)?;
        let format = read.optional("format", ToString::to_string, job_option)?;
        let file = read.place("background").map(|place| Arc::clone(&place.path));
        let background = read.optional("background", ToString::to_string, |scalar| {
            Ok(match (job_option(scalar)?, &file) {
                (Background::ImageFile(path), Some(file)) => Background::ImageFile(
                    find::resolve_relative(file, &path.to_string_lossy(), vars),
                ),
                (other, _) => other,
            })
        })?;
        Ok(Self { model, format, background })
    }
}

fn job_option<T: FromStr<Err = OptionError>>(scalar: &ScalarValue) -> Result<T, String> {
    decode::text(scalar)?.parse().map_err(|bad: OptionError| bad.0)
}

/// The effective values of a profile that protect the user from bills and the service from load.
pub(crate) struct Guards {
    environment: Environment,
    confirm_above_credits: Option<f64>,
    limits: LimitBounds,
    settle: Duration,
    breaker_cooldown: Duration,
}

impl Guards {
    /// The guards of the profile `name` in `layer`.
    pub(crate) fn read(name: &str, layer: &ProfileLayer) -> Result<Self, Failure> {
        let prefix = format!("profiles.{name}");
        let mut read = SectionReader::new(&prefix, &layer.own);
        let environment = environment(&mut read)?;
        let confirm_above_credits = confirm(&mut read, environment)?;
        let limits = read_limits(&mut read, &prefix, layer)?;
        let Timing { settle, breaker_cooldown, .. } = read_timing(&mut read, &prefix, layer)?;
        Ok(Self { environment, confirm_above_credits, limits, settle, breaker_cooldown })
    }

    /// The key of the first guard that is weaker than in `other`, with its value in `other`.
    pub(crate) fn weaker_than(&self, other: &Self) -> Option<(&'static str, String)> {
        let (mine, theirs) = (&self.limits, &other.limits);
        if self.environment < other.environment {
            return Some(("environment", other.environment.to_string()));
        }
        let threshold = |guards: &Self| guards.confirm_above_credits.unwrap_or(f64::INFINITY);
        let maxima = [
            ("confirm_above_credits", threshold(self), threshold(other)),
            ("in_flight_max", f64::from(mine.in_flight_max), f64::from(theirs.in_flight_max)),
            ("concurrency", f64::from(mine.concurrency), f64::from(theirs.concurrency)),
            ("submission_rate_max", mine.submission_rate_max, theirs.submission_rate_max),
            ("poll_rate_max", mine.poll_rate_max, theirs.poll_rate_max),
        ];
        if let Some((key, _, theirs)) = maxima.into_iter().find(|(_, mine, theirs)| mine > theirs) {
            return Some((key, theirs.to_string()));
        }
        let durations = [
            ("settle", self.settle, other.settle),
            ("breaker_cooldown", self.breaker_cooldown, other.breaker_cooldown),
        ];
        let shorter = durations.into_iter().find(|(_, mine, theirs)| mine < theirs);
        shorter.map(|(key, _, theirs)| (key, crate::duration::show(theirs)))
    }
}

fn environment(read: &mut SectionReader<'_>) -> Result<Environment, Failure> {
    read.value_or("environment", Environment::Dev, ToString::to_string, |scalar| {
        decode::text(scalar)?.parse()
    })
}

fn confirm(read: &mut SectionReader<'_>, environment: Environment) -> Result<Option<f64>, Failure> {
    let given = read.optional("confirm_above_credits", ToString::to_string, |scalar| {
        let credits = decode::number(scalar)?;
        if credits.is_finite() && credits >= 0.0 {
            Ok(credits)
        } else {
            Err(format!("{credits} is not a number of credits; use 0 or more"))
        }
    })?;
    let default = (environment == Environment::Prod).then_some(PROD_CONFIRM_ABOVE_CREDITS);
    if given.is_none() {
        let shown = default.map_or_else(|| "never asks".to_owned(), |credits| credits.to_string());
        read.record("confirm_above_credits", shown, decode::DEFAULT);
    }
    Ok(given.or(default))
}

fn tags<'a>(
    read: &mut SectionReader<'a>,
    prefix: &str,
    layer: &'a ProfileLayer,
) -> Result<BTreeMap<String, String>, Failure> {
    read.section(format!("{prefix}.tags"), &layer.tags);
    let mut tags = BTreeMap::new();
    for tag in layer.tags.0.keys() {
        let value =
            read.optional(tag, Clone::clone, |scalar| decode::text(scalar).map(str::to_owned))?;
        tags.extend(value.map(|value| (tag.clone(), value)));
    }
    Ok(tags)
}

fn read_limits<'a>(
    read: &mut SectionReader<'a>,
    prefix: &str,
    layer: &'a ProfileLayer,
) -> Result<LimitBounds, Failure> {
    read.section(format!("{prefix}.limits"), &layer.limits);
    let d = LimitBounds::default();
    Ok(LimitBounds {
        in_flight_max: read.count("in_flight_max", d.in_flight_max, 1..=10_000)?,
        submission_rate_max: read.number(
            "submission_rate_max",
            d.submission_rate_max,
            0.01..=1e4,
        )?,
        poll_rate_max: read.number("poll_rate_max", d.poll_rate_max, 0.01..=1e4)?,
        concurrency: read.count("concurrency", d.concurrency, 1..=1_000)?,
    })
}

fn read_timing<'a>(
    read: &mut SectionReader<'a>,
    prefix: &str,
    layer: &'a ProfileLayer,
) -> Result<Timing, Failure> {
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let (minute, hour, day) = (s(60), s(3_600), s(86_400));
    read.section(format!("{prefix}.timing"), &layer.timing);
    let d = Timing::default();
    let timing = Timing {
        poll: PollTiming {
            first: read.duration("poll_first", d.poll.first, ms(10)..=hour)?,
            max: read.duration("poll_max", d.poll.max, ms(10)..=hour)?,
            floor: read.duration("poll_floor", d.poll.floor, ms(10)..=minute)?,
        },
        backoff_first: read.duration("backoff_first", d.backoff_first, ms(1)..=hour)?,
        backoff_max: read.duration("backoff_max", d.backoff_max, ms(1)..=hour)?,
        settle: read.duration("settle", d.settle, ms(0)..=hour)?,
        retry_after_max: read.duration("retry_after_max", d.retry_after_max, ms(0)..=day)?,
        outage_max: read.duration("outage_max", d.outage_max, ms(10)..=30 * day)?,
        breaker_cooldown: read.duration("breaker_cooldown", d.breaker_cooldown, ms(1)..=hour)?,
        connect_timeout: read.duration("connect_timeout", d.connect_timeout, ms(10)..=hour)?,
        idle_timeout: read.duration("idle_timeout", d.idle_timeout, ms(10)..=hour)?,
        wait_timeout: read.duration("wait_timeout", d.wait_timeout, ms(10)..=30 * day)?,
        retries: d.retries,
    };
    if timing.poll.first > timing.poll.max {
        return Err(read.contradiction("poll_first", "poll_max"));
    }
    if timing.backoff_first > timing.backoff_max {
        return Err(read.contradiction("backoff_first", "backoff_max"));
    }
    Ok(timing)
}
