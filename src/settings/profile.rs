//! A profile: which service, with which key, how carefully and how fast. Typed values with their
//! defaults and bounds.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};
use url::Url;

use crate::model::options::OptionError;
use crate::model::{Background, Failure, ModelName, OutputFormat, Timestamp};

use super::file::decode::{self, EffectiveValue, SectionReader};
use super::file::layer::ProfileLayer;
use super::file::located_value::ScalarValue;
use super::secret::{self, SecretKind};
use super::{
    base_url,
    file::{find, schema},
    secret::expiry,
};

/// Above how many credits a production profile asks when it does not say itself.
const PRODUCTION_ASKS_ABOVE: f64 = 500.0;

/// What a profile is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Environment {
    /// Trying things out.
    #[default]
    Dev,
    /// The last step before production.
    Staging,
    /// Production: a write says so first, and a large one asks.
    Prod,
}

impl Environment {
    const ALL: &'static [Self] = Self::VARIANTS;

    /// The word for it in a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().map(|environment| environment.as_str());
        Self::ALL.iter().copied().find(|environment| environment.as_str() == word).ok_or_else(
            || {
                let close = schema::nearest(word, known)
                    .map_or_else(String::new, |close| format!("; did you mean \"{close}\"?"));
                format!("'{word}' is no environment; use dev, staging or prod{close}")
            },
        )
    }
}

/// A service, a key for it, and how to treat both.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where the API is; the contract's paths come behind it.
    pub base_url: Url,
    /// What it is for.
    pub environment: Environment,
    /// A write that is estimated above this many credits is asked about first.
    pub confirm_above_credits: Option<f64>,
    /// Whether plain http is accepted for hosts other than this machine.
    pub allow_http: bool,
    /// The user's own words for every job of this profile.
    pub tags: BTreeMap<String, String>,
    /// Bounds of what may be learned of the key.
    pub limits: LimitSettings,
    /// Every wait.
    pub timing: TimingSettings,
    /// When the key was made, as the user noted it: midnight UTC of that day.
    pub key_created: Option<Timestamp>,
    /// How long the key may be used.
    pub key_max_age: Option<Duration>,
    /// Where the files say that the API is, whatever a variable says; none if that cannot be read.
    pub(crate) filed_url: Option<Url>,
    pub(crate) choice: JobDefaultsLayer,
    pub(crate) api_key: Option<secret::LocatedSecret>,
    pub(crate) next_key: Option<secret::LocatedSecret>,
    pub(crate) admin_token: Option<secret::LocatedSecret>,
    pub(crate) webhook_secret: Option<secret::LocatedSecret>,
}

/// Bounds of what is learned of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitSettings {
    /// Jobs in flight, at most.
    pub in_flight_max: u32,
    /// Jobs submitted a second, at most.
    pub submission_rate_max: f64,
    /// Polls a second, at most.
    pub poll_rate_max: f64,
    /// API requests of a process under way at once.
    pub concurrency: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { in_flight_max: 64, submission_rate_max: 50.0, poll_rate_max: 20.0, concurrency: 16 }
    }
}

/// Every wait, by name (design, *Configuration*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimingSettings {
    /// From the start of a job to the first look, when nothing better is known.
    pub poll_first: Duration,
    /// Longest time between two looks.
    pub poll_max: Duration,
    /// Shortest first wait before a repetition.
    pub backoff_first: Duration,
    /// Upper end of the longest backoff window.
    pub backoff_max: Duration,
    /// Shortest time between two list polls.
    pub poll_floor: Duration,
    /// How long a start without a clear answer is given to land before it is sent again.
    pub settle: Duration,
    /// Longest `Retry-After` that is waited for; a longer one parks the lane.
    pub retry_after_max: Duration,
    /// Longest outage of the service that a run waits for.
    pub outage_max: Duration,
    /// First rest of an open circuit breaker.
    pub breaker_cooldown: Duration,
    /// Longest time to make a connection.
    pub connect_timeout: Duration,
    /// Longest silence on a connection.
    pub idle_timeout: Duration,
    /// Longest time from a job's start to its end.
    pub wait_timeout: Duration,
}

impl Default for TimingSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            poll_first: seconds(2),
            poll_max: seconds(10),
            backoff_first: seconds(1),
            backoff_max: seconds(16),
            poll_floor: Duration::from_millis(250),
            settle: seconds(120),
            retry_after_max: seconds(5 * 60),
            outage_max: seconds(10 * 60),
            breaker_cooldown: seconds(15),
            connect_timeout: seconds(10),
            idle_timeout: seconds(60),
            wait_timeout: seconds(2 * 60 * 60),
        }
    }
}

impl Profile {
    /// Reads what `layer` says of `name`, with `base` (an address and the variable that gave it)
    /// above the file, and notes every value.
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
        let filed_url = base_url::filed(own.get("base_url"));
        let environment = environment(&mut read)?;
        let confirm_above_credits = confirm(&mut read, environment)?;
        let choice = JobDefaultsLayer::read(&mut read, vars)?;
        let (key_created, key_max_age) = expiry::read(&mut read)?;
        let limits = LimitSettings::read(&mut read, &prefix, layer)?;
        let timing = TimingSettings::read(&mut read, &prefix, layer)?;
        let tags = tags(&mut read, &prefix, layer)?;
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
            filed_url,
            choice,
            api_key: secret::LocatedSecret::find(SecretKind::ApiKey, own, vars)?,
            next_key: secret::LocatedSecret::find(SecretKind::NextKey, own, vars)?,
            admin_token: secret::LocatedSecret::find(SecretKind::AdminToken, own, vars)?,
            webhook_secret: secret::LocatedSecret::find(SecretKind::WebhookSecret, own, vars)?,
        };
        Ok((profile, read.into_shown()))
    }

    /// The profile of a sandbox inside the process.
    pub(crate) fn sandbox(
        base_url: Url,
        timing: TimingSettings,
        key: secret::LocatedSecret,
    ) -> Self {
        Self {
            name: super::SANDBOX.to_owned(),
            filed_url: Some(base_url.clone()),
            base_url,
            environment: Environment::Dev,
            confirm_above_credits: None,
            allow_http: false,
            tags: BTreeMap::new(),
            limits: LimitSettings::default(),
            timing,
            key_created: None,
            key_max_age: None,
            choice: JobDefaultsLayer::default(),
            api_key: Some(key),
            next_key: None,
            admin_token: None,
            webhook_secret: None,
        }
    }

    /// Whether the files name the service that is used, so that the keys that they name are its keys.
    pub(crate) fn names_its_service(&self) -> bool {
        self.filed_url.as_ref().is_some_and(|url| url.origin() == self.base_url.origin())
    }

    pub(crate) fn source(&self, slot: SecretKind) -> Option<&secret::LocatedSecret> {
        match slot {
            SecretKind::ApiKey => self.api_key.as_ref(),
            SecretKind::NextKey => self.next_key.as_ref(),
            SecretKind::AdminToken => self.admin_token.as_ref(),
            SecretKind::WebhookSecret => self.webhook_secret.as_ref(),
        }
    }
}

/// Job options that a section chooses.
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
        let model = read.optional("model", ToString::to_string, word)?;
        let format = read.optional("format", ToString::to_string, word)?;
        let file = read.place("background").map(|place| Arc::clone(&place.path));
        let background = read.optional("background", ToString::to_string, |scalar| {
            Ok(match (word(scalar)?, &file) {
                (Background::ImageFile(path), Some(file)) => {
                    Background::ImageFile(find::beside(file, &path.to_string_lossy(), vars))
                }
                (other, _) => other,
            })
        })?;
        Ok(Self { model, format, background })
    }
}

/// A job option by the word for it.
fn word<T: FromStr<Err = OptionError>>(scalar: &ScalarValue) -> Result<T, String> {
    decode::text(scalar)?.parse().map_err(|bad: OptionError| bad.0)
}

/// What protects the user from bills and the service from load: the effective values of a profile.
pub(crate) struct Guards {
    environment: Environment,
    confirm_above_credits: Option<f64>,
    limits: LimitSettings,
    settle: Duration,
    breaker_cooldown: Duration,
}

impl Guards {
    /// The guards of the profile `name`, as `layer` has them.
    pub(crate) fn read(name: &str, layer: &ProfileLayer) -> Result<Self, Failure> {
        let prefix = format!("profiles.{name}");
        let mut read = SectionReader::new(&prefix, &layer.own);
        let environment = environment(&mut read)?;
        let confirm_above_credits = confirm(&mut read, environment)?;
        let limits = LimitSettings::read(&mut read, &prefix, layer)?;
        let TimingSettings { settle, breaker_cooldown, .. } =
            TimingSettings::read(&mut read, &prefix, layer)?;
        Ok(Self { environment, confirm_above_credits, limits, settle, breaker_cooldown })
    }

    /// The key of the first guard that is weaker than in `other`, with the value that it has there.
    pub(crate) fn weaker_than(&self, other: &Self) -> Option<(&'static str, String)> {
        let (mine, theirs) = (&self.limits, &other.limits);
        if self.environment < other.environment {
            return Some(("environment", other.environment.to_string()));
        }
        let ask = |guards: &Self| guards.confirm_above_credits.unwrap_or(f64::INFINITY);
        if ask(self) > ask(other) {
            return Some(("confirm_above_credits", ask(other).to_string()));
        }
        let wholes = [
            ("in_flight_max", mine.in_flight_max, theirs.in_flight_max),
            ("concurrency", mine.concurrency, theirs.concurrency),
        ];
        if let Some((key, _, theirs)) = wholes.into_iter().find(|(_, mine, theirs)| mine > theirs) {
            return Some((key, theirs.to_string()));
        }
        let rates = [
            ("submission_rate_max", mine.submission_rate_max, theirs.submission_rate_max),
            ("poll_rate_max", mine.poll_rate_max, theirs.poll_rate_max),
        ];
        if let Some((key, _, theirs)) = rates.into_iter().find(|(_, mine, theirs)| mine > theirs) {
            return Some((key, theirs.to_string()));
        }
        let waits = [
            ("settle", self.settle, other.settle),
            ("breaker_cooldown", self.breaker_cooldown, other.breaker_cooldown),
        ];
        let shorter = waits.into_iter().find(|(_, mine, theirs)| mine < theirs);
        shorter.map(|(key, _, theirs)| (key, crate::duration::show(theirs)))
    }
}

fn environment(read: &mut SectionReader<'_>) -> Result<Environment, Failure> {
    read.required("environment", Environment::Dev, ToString::to_string, |scalar| {
        decode::text(scalar)?.parse()
    })
}

fn confirm(read: &mut SectionReader<'_>, environment: Environment) -> Result<Option<f64>, Failure> {
    let given = read.optional("confirm_above_credits", ToString::to_string, |scalar| {
        let credits = decode::number(scalar)?;
        if credits.is_finite() && credits >= 0.0 {
            Ok(credits)
        } else {
            Err(format!("{credits} is no number of credits; use 0 or more"))
        }
    })?;
    let default = (environment == Environment::Prod).then_some(PRODUCTION_ASKS_ABOVE);
    if given.is_none() {
        let words = default.map_or_else(|| "never asks".to_owned(), |credits| credits.to_string());
        read.note("confirm_above_credits", words, decode::DEFAULT);
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

impl LimitSettings {
    fn read<'a>(
        read: &mut SectionReader<'a>,
        prefix: &str,
        layer: &'a ProfileLayer,
    ) -> Result<Self, Failure> {
        read.section(format!("{prefix}.limits"), &layer.limits);
        let d = Self::default();
        Ok(Self {
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
}

impl TimingSettings {
    fn read<'a>(
        read: &mut SectionReader<'a>,
        prefix: &str,
        layer: &'a ProfileLayer,
    ) -> Result<Self, Failure> {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        let (minute, hour, day) = (s(60), s(3_600), s(86_400));
        read.section(format!("{prefix}.timing"), &layer.timing);
        let d = Self::default();
        let timing = Self {
            poll_first: read.wait("poll_first", d.poll_first, ms(10)..=hour)?,
            poll_max: read.wait("poll_max", d.poll_max, ms(10)..=hour)?,
            backoff_first: read.wait("backoff_first", d.backoff_first, ms(1)..=hour)?,
            backoff_max: read.wait("backoff_max", d.backoff_max, ms(1)..=hour)?,
            poll_floor: read.wait("poll_floor", d.poll_floor, ms(10)..=minute)?,
            settle: read.wait("settle", d.settle, ms(0)..=hour)?,
            retry_after_max: read.wait("retry_after_max", d.retry_after_max, ms(0)..=day)?,
            outage_max: read.wait("outage_max", d.outage_max, ms(10)..=30 * day)?,
            breaker_cooldown: read.wait("breaker_cooldown", d.breaker_cooldown, ms(1)..=hour)?,
            connect_timeout: read.wait("connect_timeout", d.connect_timeout, ms(10)..=hour)?,
            idle_timeout: read.wait("idle_timeout", d.idle_timeout, ms(10)..=hour)?,
            wait_timeout: read.wait("wait_timeout", d.wait_timeout, ms(10)..=30 * day)?,
        };
        if timing.poll_first > timing.poll_max {
            return Err(read.contradiction("poll_first", "poll_max"));
        }
        if timing.backoff_first > timing.backoff_max {
            return Err(read.contradiction("backoff_first", "backoff_max"));
        }
        Ok(timing)
    }
}
