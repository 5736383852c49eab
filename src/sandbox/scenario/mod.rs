//! What a scenario says: a TOML file that changes how the sandbox behaves, so that a test can
//! meet each thing that a service may do. `docs/sandbox.md` documents every key.
//!
//! Reading only; the behaviour lives where the thing happens.

mod action;
mod answers;
mod fault;
mod limits;
mod spec;

use std::time::Duration;

use serde::Deserialize;

#[cfg(test)]
pub(crate) use self::action::BodyPosition;
pub(crate) use self::action::{
    Action, AnswerBody, CutHow, Drip, FaultTiming, MadeUpAnswer, Redirect, ScenarioDuration,
};
pub(crate) use self::answers::{
    AnswerRules, Compress, ErrorShape, IdField, ListOrder, ListShape, RequestIdPlace, TimeForm,
};
pub use self::fault::FaultRule;
pub(crate) use self::fault::FaultSubject;
pub(crate) use self::limits::{
    Bandwidth, Bucket, Caps, LimitSchedule, RefusalBody, RetryAfter, Routes,
};
use super::duration;
use super::service::ServiceStatus;

/// A scenario, read and checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Seeds every dice of the scenario.
    pub(crate) seed: u64,
    pub(crate) jobs: JobRules,
    pub(crate) uploads: UploadRules,
    pub(crate) answers: AnswerRules,
    pub(crate) connections: ConnectionRules,
    pub(crate) usage: UsageRules,
    pub(crate) links: LinkRules,
    pub(crate) webhooks: WebhookRules,
    pub(crate) clock: ClockRules,
    pub(crate) timer: TimerRules,
    pub(crate) bandwidth: Bandwidth,
    pub(crate) limits: LimitSchedule,
    #[serde(rename = "fault")]
    pub(crate) faults: Vec<FaultRule>,
}

/// Why a scenario or a `--fault` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(pub(crate) String);

impl Scenario {
    /// Reads a scenario; errors name line, column and key.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)
            .map_err(|error| ScenarioError(error.to_string().trim_end().to_owned()))?;
        for (index, fault) in scenario.faults.iter().enumerate() {
            fault.check().map_err(|why| {
                ScenarioError(format!("fault {} ({}): {why}", index + 1, fault.title()))
            })?;
        }
        scenario.jobs.check().map_err(ScenarioError)?;
        scenario.answers.check().map_err(ScenarioError)?;
        scenario.bandwidth.check().map_err(ScenarioError)?;
        scenario.usage.check().map_err(ScenarioError)?;
        Ok(scenario)
    }
}

/// `[jobs]`: how jobs behave.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobRules {
    /// `auto_start = "ignored"` starts every job on create.
    pub(crate) auto_start: AutoStart,
    /// The state that a draft is shown in: any word. Vendor pages name `pending` and `created`.
    pub(crate) draft_state: String,
    /// Whether the answer to a create has a `status`.
    pub(crate) create_state: Presence,
    /// Whether `billing_status` has its value or is always null.
    pub(crate) billing: FieldValue,
    /// Whether `progress` has its value or is always null.
    pub(crate) progress: FieldValue,
    /// What starting a started job answers.
    pub(crate) second_start: SecondStart,
    /// What starting a failed job answers.
    pub(crate) failed_start: SecondStart,
    /// Whether a failed job gets its credits back.
    pub(crate) refund_failed: bool,
    /// After how long a draft that was not started is forgotten.
    #[serde(deserialize_with = "duration::read_optional")]
    pub(crate) forget_drafts_after: Option<Duration>,
}

impl Default for JobRules {
    fn default() -> Self {
        Self {
            auto_start: AutoStart::Honoured,
            draft_state: ServiceStatus::Pending.word().to_owned(),
            create_state: Presence::Shown,
            billing: FieldValue::Shown,
            progress: FieldValue::Shown,
            second_start: SecondStart::Conflict,
            failed_start: SecondStart::Conflict,
            refund_failed: false,
            forget_drafts_after: None,
        }
    }
}

impl JobRules {
    fn check(&self) -> Result<(), String> {
        if self.draft_state.is_empty() {
            return Err("jobs.draft_state: a word".to_owned());
        }
        Ok(())
    }

    /// What to do about a start of a job that is no draft any more.
    pub(crate) fn answer_to_start_of(&self, status: ServiceStatus) -> SecondStart {
        if status == ServiceStatus::Failed && self.failed_start != SecondStart::Conflict {
            self.failed_start
        } else {
            self.second_start
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AutoStart {
    Honoured,
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    Shown,
    Absent,
}

/// Whether a field has its value or is always null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FieldValue {
    Shown,
    Null,
}

impl FieldValue {
    /// The value, where it is shown.
    pub(crate) fn filter<T>(self, value: Option<T>) -> Option<T> {
        value.filter(|_| self == Self::Shown)
    }
}

/// What a start of an already started job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecondStart {
    /// 409.
    Conflict,
    /// Runs and bills again.
    Again,
    /// The same answer as the first, without effect.
    Same,
    /// 400, without effect.
    Invalid,
}

/// `[uploads]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UploadRules {
    /// Whether pictures are accepted beside videos, for backgrounds.
    pub(crate) images: bool,
    /// Status of "File too large": 400 (documented) or 413.
    pub(crate) too_large_status: u16,
    /// After how long an upload is forgotten.
    #[serde(deserialize_with = "duration::read_optional")]
    pub(crate) forget_after: Option<Duration>,
}

impl Default for UploadRules {
    fn default() -> Self {
        Self { images: true, too_large_status: 400, forget_after: None }
    }
}

/// `[usage]`: field names and granularity, which the contract leaves open.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UsageRules {
    pub(crate) names: UsageNames,
    pub(crate) events: UsageEvents,
    /// How long a charge takes to show.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) lag: Duration,
}

impl Default for UsageRules {
    fn default() -> Self {
        Self { names: UsageNames::Plain, events: UsageEvents::Charges, lag: Duration::ZERO }
    }
}

impl UsageRules {
    fn check(&self) -> Result<(), String> {
        if self.lag > Duration::from_hours(24) {
            return Err("usage.lag: at most a day".to_owned());
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageNames {
    /// `total_jobs`, `completed_jobs`, `credits_used`, `daily`.
    Plain,
    /// `jobs`, `completed`, `credits`, days as a map by date.
    Short,
    /// `totalJobs`, `creditsUsed`, `dailyUsage`.
    Camel,
    /// `{"success": true, "data": {"totals": ..., "days": ...}}`
    Nested,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageEvents {
    /// One event a charge.
    Charges,
    /// Charges, and an event without credits for each end of a job.
    All,
    /// Charges without any job id.
    Anonymous,
    /// One event a day.
    Daily,
}

/// `[connections]`: how long connections last.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConnectionRules {
    /// Whether a connection is closed after each answer.
    pub(crate) close: Close,
    /// How long a connection without a call is kept.
    #[serde(deserialize_with = "duration::read_optional")]
    pub(crate) idle: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Close {
    #[default]
    Never,
    /// With `Connection: close` in the answer.
    Announced,
    /// Without.
    Silent,
}

/// `[links]`: output links.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LinkRules {
    /// How long a link is good.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) valid: Duration,
}

impl Default for LinkRules {
    fn default() -> Self {
        Self { valid: Duration::from_hours(1) }
    }
}

/// `[webhooks]`: delivery.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebhookRules {
    /// Deliveries tried before giving up.
    pub(crate) attempts: u32,
    /// Wait before the second; doubles each time.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) first_delay: Duration,
    /// How long a receiver may take.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) timeout: Duration,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self { attempts: 5, first_delay: Duration::from_secs(1), timeout: Duration::from_secs(10) }
    }
}

/// `[clock]`: what the sandbox believes the time is.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClockRules {
    /// How far ahead (`"1h"`) or behind (`"-1h"`) the wall clock is, in milliseconds.
    #[serde(deserialize_with = "duration::read_signed")]
    pub(crate) skew: i64,
}

/// `[timer]`: the stand-in engine.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TimerRules {
    /// Outputs of webm, mov and mp4 are padded to this size.
    pub(crate) output_bytes: u64,
}
