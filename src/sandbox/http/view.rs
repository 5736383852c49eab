//! Jobs as the API shows them (contract, *Job*).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sandbox::app::App;
use crate::sandbox::faults::plan::FaultInjector;
use crate::sandbox::scenario::{IdField, Presence, TimeForm};
use crate::sandbox::service::{ServiceJob, ServiceStatus};

/// The zone of [`TimeForm::Offset`].
const ZONE: Offset = Offset::constant(2);

/// A job with the fields that the contract lists, and `metadata`, which both SDKs send. How it was
/// made, and when, is in the audit.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ApiJob {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    status: Cow<'static, str>,
    progress: Option<u8>,
    output_url: Option<String>,
    error: Option<String>,
    created_at: String,
    duration_seconds: Option<f64>,
    billing_status: Option<Cow<'static, str>>,
    webhook_url: Option<String>,
    webhook_events: BTreeMap<String, String>,
    metadata: Value,
    /// How the output was made in another way than was asked for. Not a field of the contract, so
    /// it is there only when there is something to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// The answer to a create or a start.
#[derive(Debug, Clone, Serialize)]
struct AcceptedView {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Cow<'static, str>>,
    message: &'static str,
}

/// The service as clients see it at one time.
pub(crate) struct ClientView<'a> {
    app: &'a App,
    director: Arc<FaultInjector>,
    now: Duration,
}

impl<'a> ClientView<'a> {
    pub(crate) fn now(app: &'a App) -> Self {
        Self { app, director: app.director(), now: app.now() }
    }

    /// A job as it is.
    pub(crate) fn job(&self, job: &ServiceJob) -> ApiJob {
        self.job_in(job, job.status, self.now)
    }

    /// A job in the state that the list shows.
    pub(crate) fn listed(&self, job: &ServiceJob, status: ServiceStatus) -> ApiJob {
        self.job_in(job, status, self.now.saturating_sub(self.director.scenario.answers.list_lag))
    }

    /// The state of a job that the list shows, which may be late; `None` where the list does not
    /// have it yet.
    pub(crate) fn listed_status(&self, job: &ServiceJob) -> Option<ServiceStatus> {
        let lag = self.director.scenario.answers.list_lag;
        if lag.is_zero() {
            return Some(job.status);
        }
        let shown = SignedDuration::try_from(lag).unwrap_or_default();
        job.status_at(self.app.clock.wall().checked_sub(shown).unwrap_or(Timestamp::MIN))
    }

    fn job_in(&self, job: &ServiceJob, status: ServiceStatus, now: Duration) -> ApiJob {
        let rules = &self.director.scenario.jobs;
        let is_current = status == job.status;
        let progress = match status {
            ServiceStatus::Created | ServiceStatus::Pending => 0,
            ServiceStatus::Processing => whole_percent(job.progress_at(now)),
            ServiceStatus::Completed | ServiceStatus::Failed => whole_percent(job.progress),
        };
        let billing = match status {
            _ if is_current => job.billing.clone().map(Cow::Owned),
            ServiceStatus::Created => None,
            _ if job.charges.is_empty() => Some("pending".into()),
            _ => Some("charged".into()),
        };
        let output = job.output.as_ref().filter(|_| status == ServiceStatus::Completed);
        let (id, job_id) = self.identified(&job.id);
        ApiJob {
            id,
            job_id,
            status: self.word(status),
            progress: rules.progress.filter(Some(progress)),
            output_url: output.map(|output| self.app.output_link(&job.id, &output.name)),
            error: job.error.clone().filter(|_| is_current),
            created_at: self.time(job.created_at),
            duration_seconds: job.duration_seconds,
            billing_status: rules.billing.filter(billing),
            webhook_url: job.request.webhook_url.clone(),
            webhook_events: job.webhook_events.clone(),
            metadata: job.request.metadata.clone(),
            notes: if is_current { job.notes.clone() } else { Vec::new() },
        }
    }

    /// The answer to a create.
    pub(crate) fn created(&self, job: &ServiceJob, message: &'static str) -> Value {
        let is_shown = self.director.scenario.jobs.create_state == Presence::Shown;
        self.accepted(job, is_shown.then(|| self.word(job.status)), message)
    }

    /// The answer to a start.
    pub(crate) fn started(&self, job: &ServiceJob, message: &'static str) -> Value {
        self.accepted(job, Some(self.word(job.status)), message)
    }

    fn accepted(
        &self,
        job: &ServiceJob,
        status: Option<Cow<'static, str>>,
        message: &'static str,
    ) -> Value {
        let (id, job_id) = self.identified(&job.id);
        json!(AcceptedView { success: true, id, job_id, status, message })
    }

    /// The word that is shown for a state: a scenario may have another one for drafts.
    pub(crate) fn word(&self, status: ServiceStatus) -> Cow<'static, str> {
        match status {
            ServiceStatus::Created => self.director.scenario.jobs.draft_state.clone().into(),
            _ => status.word().into(),
        }
    }

    fn time(&self, time: Timestamp) -> String {
        written(time, self.director.scenario.answers.times)
    }

    /// The fields `id` and `job_id`.
    fn identified(&self, id: &str) -> (Option<String>, Option<String>) {
        let field = self.director.scenario.answers.id;
        let unless = |other| (field != other).then(|| id.to_owned());
        (unless(IdField::JobId), unless(IdField::Id))
    }
}

/// A time in a form.
pub(crate) fn written(time: Timestamp, form: TimeForm) -> String {
    match form {
        TimeForm::Utc => microseconds(time, Offset::UTC) + "Z",
        TimeForm::Naive => microseconds(time, Offset::UTC),
        TimeForm::Offset => microseconds(time, ZONE) + "+02:00",
    }
}

/// Date and time in a zone, always with six digits of a second: what Python's `%f` writes and reads.
fn microseconds(time: Timestamp, zone: Offset) -> String {
    zone.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string()
}

/// 0 to 100, never rounded up to an end that is not there yet.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
fn whole_percent(progress: f64) -> u8 {
    progress.clamp(0.0, 100.0).floor() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_names_the_same_instant_with_microseconds() {
        for (nanoseconds, digits) in
            [(0, "000000"), (250_000_000, "250000"), (1_999, "000001"), (999_999_999, "999999")]
        {
            let time = Timestamp::new(1_767_225_600, nanoseconds).unwrap();
            let utc = written(time, TimeForm::Utc);
            assert_eq!(utc, format!("2026-01-01T00:00:00.{digits}Z"));
            assert_eq!(written(time, TimeForm::Naive), format!("2026-01-01T00:00:00.{digits}"));
            let offset = written(time, TimeForm::Offset);
            assert_eq!(offset, format!("2026-01-01T02:00:00.{digits}+02:00"));
            assert_eq!(offset.parse::<Timestamp>().unwrap(), utc.parse().unwrap());
        }
    }
}
