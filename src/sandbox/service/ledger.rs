//! Charges, and the progress of running jobs.

use jiff::Timestamp;

use super::job::{CreditCharge, JobOutput, ServiceJob, ServiceStatus, Timed};
use super::pricing;
use super::refusal::Refusal;
use super::{Caller, Service};
use crate::sandbox::engine::EngineResult;

/// The result of a run and its output, or the error that the job shows.
pub(crate) type JobEnd = Result<(EngineResult, JobOutput), String>;

impl Service {
    /// Charges the current start of a job for `seconds` of output.
    pub(crate) fn charge(&mut self, id: &str, seconds: f64, now: Timestamp) -> Result<(), Refusal> {
        let charge_id = format!("evt_{}", self.tokens.hex(20));
        let job = self.jobs.get(id).ok_or_else(Refusal::job_not_found)?;
        let credits = pricing::credits(&job.request.model, seconds);
        let left = self.balance(&job.client_id);
        if credits > left {
            return Err(Refusal::insufficient(credits, left));
        }
        let Some(job) = self.jobs.get_mut(id) else { return Err(Refusal::job_not_found()) };
        let charge = CreditCharge {
            id: charge_id,
            job_id: id.to_owned(),
            key: job.key.clone(),
            client_id: job.client_id.clone(),
            model: job.request.model.clone(),
            credits,
            seconds,
            start_number: job.starts,
            at: now,
            metadata: job.request.metadata.clone(),
        };
        job.duration_seconds = Some(seconds);
        job.billing = Some("charged".to_owned());
        *self.spent.entry(job.client_id.clone()).or_default() += credits;
        job.charges.push(charge);
        self.save_job(id)
    }

    /// Refunds the last charge of a failed job, if the scenario says so.
    fn refund(&mut self, id: &str, now: Timestamp) {
        let refund_id = format!("evt_{}", self.tokens.hex(20));
        let Some(job) = self.jobs.get_mut(id) else { return };
        let starts = job.starts;
        let Some(paid) = job.charges.iter().find(|charge| charge.start_number == starts) else {
            return;
        };
        let back = CreditCharge { id: refund_id, credits: -paid.credits, at: now, ..paid.clone() };
        job.billing = Some("refunded".to_owned());
        *self.spent.entry(job.client_id.clone()).or_default() += back.credits;
        job.charges.push(back);
    }

    /// The charges of the key, by job.
    pub(crate) fn own_charges<'a>(
        &'a self,
        caller: &Caller,
    ) -> impl Iterator<Item = &'a CreditCharge> {
        self.own_jobs(caller).flat_map(|job| &job.charges)
    }

    /// All charges, oldest first.
    pub(crate) fn all_charges(&self) -> Vec<&CreditCharge> {
        let mut charges: Vec<_> = self.jobs.values().flat_map(|job| &job.charges).collect();
        charges.sort_by_key(|charge| charge.at);
        charges
    }

    /// Marks a start of a job as running; `None` if a later start has replaced it.
    pub(crate) fn begin(
        &mut self,
        id: &str,
        start_number: u32,
        now: Timestamp,
    ) -> Option<ServiceJob> {
        let job = self.current(id, start_number)?;
        job.status = ServiceStatus::Processing;
        job.began_at = Some(now);
        let job = job.clone();
        self.keep(id);
        Some(job)
    }

    pub(crate) fn progress(&mut self, id: &str, start_number: u32, percent: f64) {
        if let Some(job) = self.current(id, start_number) {
            job.progress = percent.clamp(0.0, 100.0);
        }
    }

    /// Records the duration of a start of a job of the timer.
    pub(crate) fn time(&mut self, id: &str, start_number: u32, timed: Timed) {
        if let Some(job) = self.current(id, start_number) {
            job.timed = Some(timed);
        }
    }

    /// Ends a run; `None` if a later start has replaced it.
    pub(crate) fn finish(
        &mut self,
        id: &str,
        start_number: u32,
        ending: JobEnd,
        refund_failed: bool,
        now: Timestamp,
    ) -> Option<ServiceJob> {
        let job = self.current(id, start_number)?;
        job.finished_at = Some(now);
        job.timed = None;
        let key = job.key.clone();
        let failed = ending.is_err();
        match ending {
            Ok((result, output)) => {
                job.status = ServiceStatus::Completed;
                job.progress = 100.0;
                job.output = Some(output);
                job.duration_seconds.get_or_insert(result.duration_seconds);
                job.engine = Some(result.engine);
                job.notes = result.notes;
            }
            Err(message) => {
                job.status = ServiceStatus::Failed;
                job.error = Some(message);
                if job.billing.as_deref() == Some("pending") {
                    job.billing = Some("not_charged".to_owned());
                }
            }
        }
        if failed && refund_failed {
            self.refund(id, now);
        }
        if let Some(open) = self.open.get_mut(&key) {
            *open = open.saturating_sub(1);
        }
        self.keep(id);
        self.jobs.get(id).cloned()
    }

    /// Records the result of a webhook.
    pub(crate) fn note_webhook(&mut self, id: &str, event: &str, outcome: &str) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.webhook_events.insert(event.to_owned(), outcome.to_owned());
            self.keep(id);
        }
    }

    /// Makes a job fail when it runs.
    pub(crate) fn doom(&mut self, id: &str, message: &str) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.doomed = Some(message.to_owned());
        }
    }

    fn current(&mut self, id: &str, start_number: u32) -> Option<&mut ServiceJob> {
        self.jobs.get_mut(id).filter(|job| job.starts == start_number && job.status.is_open())
    }

    /// Saves a job for workers, who cannot report an error; the next change saves it again.
    fn keep(&self, id: &str) {
        if let Err(refusal) = self.save_job(id) {
            tracing::warn!(job = id, "{}", refusal.message);
        }
    }
}
