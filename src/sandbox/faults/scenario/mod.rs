//! Scenario files: TOML that changes the behaviour of the sandbox, so that tests can provoke
//! everything a service may do. `docs/sandbox.md` documents every key.
//!
//! Reading order: this file (sections), `answers`, `limits`, `fault` (one rule), `action` (its
//! actions), `spec` (one-line faults). Parsing only; each part of the sandbox implements its own
//! rules.

pub(crate) mod action;
pub(crate) mod answers;
pub(crate) mod fault;
pub(crate) mod limits;
pub(crate) mod spec;

use std::time::Duration;

use serde::Deserialize;

#[cfg(test)]
pub(crate) use self::action::BodyPosition;
pub(crate) use self::action::{
    Action, AnswerBody, CutHow, Drip, FaultTiming, MadeUpAnswer, Redirect,
};
pub(crate) use self::answers::{
    AnswerRules, Compress, ErrorShape, IdField, ListOrder, ListShape, RequestIdPlace, TimeForm,
};
pub use self::fault::FaultRule;
pub(crate) use self::fault::FaultSubject;
pub(crate) use self::limits::{
    Bandwidth, Bucket, Caps, LimitSchedule, RefusalBody, RetryAfter, Routes,
};
use crate::sandbox::service::ServiceStatus;
use crate::sandbox::util::duration;

/// A parsed and checked scenario.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Seed of all random decisions.
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

/// An invalid scenario or `--fault`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioError(pub(crate) String);

impl Scenario {
    /// Errors name line, column and key.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text)
            .map_err(|error| ScenarioError(error.to_string().trim_end().to_owned()))?;
        for (index, fault) in scenario.faults.iter().enumerate() {
            fault.check().map_err(|why| {
                ScenarioError(format!("fault {} ({}): {why}", index + 1, fault.title()))
            })?;
        }
        scenario.check().map_err(|rule| ScenarioError(rule.to_owned()))?;
        Ok(scenario)
    }

    /// Refuses values that the sandbox cannot follow.
    fn check(&self) -> Result<(), &'static str> {
        let a_day = Duration::from_hours(24);
        let mut bandwidths = [self.bandwidth.upload, self.bandwidth.output].into_iter().flatten();
        let rules = [
            (!self.jobs.draft_state.is_empty(), "jobs.draft_state: a word"),
            (
                [200, 201, 202].contains(&self.answers.create_status),
                "answers.create_status is 200, 201 or 202",
            ),
            (self.answers.list_lag <= a_day, "answers.list_lag: at most a day"),
            (bandwidths.all(|rate| rate >= 1.0), "bandwidth: at least one byte a second"),
            (self.usage.lag <= a_day, "usage.lag: at most a day"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(rule),
            None => Ok(()),
        }
    }
}

/// `[jobs]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct JobRules {
    /// `auto_start = "ignored"` starts every job on create.
    pub(crate) auto_start: AutoStart,
    /// The state shown for a draft: any text. Vendor pages name `pending` and `created`.
    pub(crate) draft_state: String,
    /// Whether the response to a create has a `status`.
    pub(crate) create_state: Presence,
    /// Whether `billing_status` has its value or is always null.
    pub(crate) billing: FieldValue,
    /// Whether `progress` has its value or is always null.
    pub(crate) progress: FieldValue,
    /// Response to the start of a started job.
    pub(crate) second_start: SecondStart,
    /// Response to the start of a failed job; by default that of `second_start`.
    pub(crate) failed_start: Option<SecondStart>,
    /// Whether the credits of a failed job are refunded.
    pub(crate) refund_failed: bool,
    /// Lifetime of a draft that is not started.
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
            failed_start: None,
            refund_failed: false,
            forget_drafts_after: None,
        }
    }
}

impl JobRules {
    /// The response to the start of a job that is not a draft.
    pub(crate) fn answer_to_start_of(&self, status: ServiceStatus) -> SecondStart {
        let of_failed = self.failed_start.filter(|_| status == ServiceStatus::Failed);
        of_failed.unwrap_or(self.second_start)
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
    /// The value, if it is shown.
    pub(crate) fn filter<T>(self, value: Option<T>) -> Option<T> {
        value.filter(|_| self == Self::Shown)
    }
}

/// Response to a second start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecondStart {
    /// 409.
    Conflict,
    /// Runs and charges again.
    Again,
    /// The first response again, without effect.
    Same,
    /// 400, without effect.
    Invalid,
}

/// `[uploads]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UploadRules {
    /// Whether background pictures are accepted.
    pub(crate) images: bool,
    /// Status of "File too large": 400 (documented) or 413.
    pub(crate) too_large_status: u16,
    /// Lifetime of an upload.
    #[serde(deserialize_with = "duration::read_optional")]
    pub(crate) forget_after: Option<Duration>,
}

impl Default for UploadRules {
    fn default() -> Self {
        Self { images: true, too_large_status: 400, forget_after: None }
    }
}

/// `[usage]`: field names and granularity, which the contract leaves open.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UsageRules {
    pub(crate) names: UsageNames,
    pub(crate) events: UsageEvents,
    /// Delay of charges.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) lag: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageNames {
    /// `total_jobs`, `completed_jobs`, `credits_used`, `daily`.
    #[default]
    Plain,
    /// `jobs`, `completed`, `credits`, days as a map by date.
    Short,
    /// `totalJobs`, `creditsUsed`, `dailyUsage`.
    Camel,
    /// `{"success": true, "data": {"totals": ..., "days": ...}}`
    Nested,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UsageEvents {
    /// One event per charge.
    #[default]
    Charges,
    /// Charges, and an event without credits per finished job.
    All,
    /// Charges without any job id.
    Anonymous,
    /// One event per day.
    Daily,
}

/// `[connections]`: lifetime of connections.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConnectionRules {
    /// Whether a connection is closed after each response.
    pub(crate) close: Close,
    /// Maximum idle time of a connection.
    #[serde(deserialize_with = "duration::read_optional")]
    pub(crate) idle: Option<Duration>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Close {
    #[default]
    Never,
    /// With `Connection: close`.
    Announced,
    /// Without `Connection: close`.
    Silent,
}

/// `[links]`: output links.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LinkRules {
    /// Lifetime of a link.
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
    /// Maximum number of attempts.
    pub(crate) attempts: u32,
    /// Delay before the second attempt; doubles each time.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) first_delay: Duration,
    /// Time for the response of a receiver.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) timeout: Duration,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self { attempts: 5, first_delay: Duration::from_secs(1), timeout: Duration::from_secs(10) }
    }
}

/// `[clock]`: wall time of the sandbox.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ClockRules {
    /// Skew of the wall clock in milliseconds: ahead (`"1h"`) or behind (`"-1h"`).
    #[serde(deserialize_with = "duration::read_signed")]
    pub(crate) skew: i64,
}

/// `[timer]`: the stand-in engine.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TimerRules {
    /// Size in bytes to which webm, mov and mp4 outputs are padded.
    pub(crate) output_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_failed_job_has_a_response_of_its_own_if_it_is_stated() {
        let response = |text: &str| {
            let jobs = Scenario::parse(&format!("[jobs]\n{text}")).unwrap().jobs;
            [ServiceStatus::Failed, ServiceStatus::Completed]
                .map(|status| jobs.answer_to_start_of(status))
        };
        assert_eq!(response(""), [SecondStart::Conflict; 2]);
        assert_eq!(response("second_start = \"again\""), [SecondStart::Again; 2]);
        for (failed, expected) in [("conflict", SecondStart::Conflict), ("same", SecondStart::Same)]
        {
            let text = format!("second_start = \"again\"\nfailed_start = \"{failed}\"");
            assert_eq!(response(&text), [expected, SecondStart::Again]);
        }
    }
}
