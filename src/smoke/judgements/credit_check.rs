//! Consistency of a job's credits: the estimate, the job's billing status, the usage events and the
//! usage summary. Pure. Missing figures are reported, never taken for agreement.

use crate::client::{UsageEvent, UsageSummary};
use crate::model::smoke::{StageFailure, StageResult};
use crate::model::{Credits, JobView, Timestamp};

/// Usage events that are read to find a charge: the maximum of the contract.
pub(crate) const EVENTS: u32 = 100;

/// Tolerance for rounding by the service, in credits.
pub(crate) const ROUNDING: f64 = 0.011;

/// Tolerance between estimate and bill, as a share: durations are measured in frames.
const ESTIMATE_TOLERANCE: f64 = 0.05;

/// Observed credits of one job.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct JobCredits {
    /// By the prices and the duration of the clip.
    pub(crate) estimate: Option<Credits>,
    /// By the prices and the output duration that the service reports.
    pub(crate) by_duration: Option<Credits>,
    /// Billing status of the job.
    pub(crate) billing_status: Option<String>,
    /// Charges in the usage events.
    pub(crate) charge: EventCharge,
    /// Growth of the credits in the usage summary.
    pub(crate) growth: Option<Credits>,
}

/// Charges of a job in the usage events.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum EventCharge {
    /// Total and number of its charges.
    Charged(Credits, usize),
    /// No charge, although the events name jobs.
    #[default]
    Nothing,
    /// The events name no jobs, so its charge is unknown.
    Unnamed,
    /// A full page of events younger than the job: its charge may be on an older page.
    OutOfSight,
}

/// Meaning of a job's billing status. The contract lists no values: these are the usual ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BilledField {
    /// It was billed.
    Charged,
    /// Not known yet.
    Open,
    /// It was not billed, or was refunded.
    Not,
    /// An unknown value.
    Unclear,
}

impl BilledField {
    #[must_use]
    pub(crate) fn of(status: &str) -> Self {
        let word = status.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        match word.as_str() {
            "charged" | "billed" | "paid" | "settled" | "captured" | "success" | "succeeded"
            | "complete" | "completed" | "done" | "final" | "finalized" => Self::Charged,
            "pending" | "processing" | "in_progress" | "queued" | "reserved" | "held"
            | "authorized" | "estimated" => Self::Open,
            "none" | "free" | "unbilled" | "not_billed" | "not_charged" | "uncharged"
            | "no_charge" | "unpaid" | "failed" | "void" | "voided" | "cancelled" | "canceled"
            | "refunded" | "reversed" | "released" | "waived" | "skipped" => Self::Not,
            _ => Self::Unclear,
        }
    }
}

impl EventCharge {
    /// Charges in `events` of the job behind `view`. Refunds are subtracted.
    #[must_use]
    pub(crate) fn of(events: &[UsageEvent], view: &JobView) -> Self {
        let own: Vec<Credits> = events
            .iter()
            .filter(|event| event.job.as_ref() == Some(&view.id))
            .filter_map(|event| event.credits)
            .filter(|credits| credits.0.abs() > f64::EPSILON)
            .collect();
        if !own.is_empty() {
            let charges = own.iter().filter(|credits| credits.0 > 0.0).count();
            return Self::Charged(own.iter().copied().sum(), charges);
        }
        // An event's `id` may be its own, and not that of a job.
        if !events.is_empty() && !events.iter().any(|event| event.names_job) {
            return Self::Unnamed;
        }
        let made = view.created_at.as_deref().and_then(Timestamp::read);
        let younger = |event: &UsageEvent| {
            let at = event.at.as_deref().and_then(Timestamp::read);
            at.zip(made).is_some_and(|(at, made)| at > made)
        };
        let full = events.len() >= EVENTS as usize;
        if full && events.iter().all(younger) { Self::OutOfSight } else { Self::Nothing }
    }
}

/// Growth of the credits between two summaries, if both have them.
#[must_use]
pub(crate) fn growth(before: &UsageSummary, after: &UsageSummary) -> Option<Credits> {
    Some(Credits(after.used()?.0 - before.used()?.0))
}

impl JobCredits {
    /// All figures are there that may be delayed: usage lags behind.
    #[must_use]
    pub(crate) fn is_settled(&self) -> bool {
        if self.bill() == Some(BilledField::Open) {
            return false;
        }
        match self.charge {
            EventCharge::Charged(charged, _) => {
                self.growth.is_none_or(|growth| growth.0 > charged.0 - ROUNDING)
            }
            EventCharge::Unnamed => self.growth.is_none_or(|growth| growth.0 > 0.0),
            EventCharge::OutOfSight => true,
            EventCharge::Nothing => false,
        }
    }

    /// Judges the credits; `result` has passed so far.
    pub(crate) fn judge(&self, result: &mut StageResult) {
        let expected = self.by_duration.or(self.estimate);
        match self.charge {
            EventCharge::Charged(charged, times) => {
                result.told = format!("{charged} credits");
                result.measure("credits", charged.0);
                if times > 1 {
                    let message =
                        format!("the job was charged {times} times, {charged} credits in total");
                    result.fail(StageFailure::Contract, message);
                }
                self.judge_amount(charged, expected, result);
                self.judge_growth(charged, result);
            }
            EventCharge::Nothing => result.fail(
                StageFailure::Contract,
                "the usage events do not show the job after one minute",
            ),
            EventCharge::Unnamed => {
                result.warn("usage events do not name jobs, so the cost of this one is unknown");
                self.judge_by_growth(expected, result);
            }
            EventCharge::OutOfSight => {
                result.warn(
                    "the usage events only go back to newer jobs, so the cost of this one is \
                     unknown",
                );
                self.judge_by_growth(expected, result);
            }
        }
        self.judge_bill(result);
    }

    fn bill(&self) -> Option<BilledField> {
        self.billing_status.as_deref().map(BilledField::of)
    }

    /// Judges the billing status of a job that was finished, and should be billed.
    fn judge_bill(&self, result: &mut StageResult) {
        let Some((status, bill)) = self.billing_status.as_ref().zip(self.bill()) else {
            result.warn("the finished job has no billing_status");
            return;
        };
        match bill {
            BilledField::Charged => result.details.push(format!("billing_status: {status}")),
            BilledField::Open => {
                result.warn(format!("the finished job still has billing_status {status}"));
            }
            BilledField::Not if matches!(self.charge, EventCharge::Charged(..)) => {
                let message = format!("billing_status is {status}, but there is a charge");
                result.fail(StageFailure::Contract, message);
            }
            BilledField::Not => {
                result.warn(format!("the finished job has billing_status {status}"));
            }
            BilledField::Unclear => {
                result.warn(format!("unknown billing_status: {status}"));
            }
        }
    }

    /// Judges by the usage summary where the charge itself is unknown. Others may use the key at
    /// the same time, so that only growth that is too small is an error.
    fn judge_by_growth(&self, expected: Option<Credits>, result: &mut StageResult) {
        "the charge cannot be checked".clone_into(&mut result.told);
        let (Some(growth), Some(expected)) = (self.growth, expected) else { return };
        let message = format!("the usage summary grew by {growth}, expected {expected}");
        if growth.0 < expected.0 - ROUNDING.max(expected.0 * ESTIMATE_TOLERANCE) {
            result.fail(StageFailure::Contract, message);
        } else {
            result.details.push(message);
        }
    }

    fn judge_amount(&self, charged: Credits, expected: Option<Credits>, result: &mut StageResult) {
        let Some(expected) = expected else {
            result.warn("no price to compare the charge with");
            return;
        };
        if (charged.0 - expected.0).abs() > ROUNDING.max(expected.0 * ESTIMATE_TOLERANCE) {
            let message =
                format!("{charged} credits were charged, expected {expected} by the prices");
            result.fail(StageFailure::Contract, message);
        }
        if let (Some(estimate), Some(real)) = (self.estimate, self.by_duration)
            && (estimate.0 - real.0).abs() > ROUNDING.max(estimate.0 * ESTIMATE_TOLERANCE)
        {
            result.warn(format!(
                "{estimate} credits were estimated, by its duration the job costs {real}"
            ));
        }
    }

    fn judge_growth(&self, charged: Credits, result: &mut StageResult) {
        let Some(growth) = self.growth else {
            result.warn("the usage summary has no credits to compare");
            return;
        };
        if growth.0 < charged.0 - ROUNDING {
            let message =
                format!("the usage summary grew by {growth}, but the job was charged {charged}");
            result.fail(StageFailure::Contract, message);
        } else if growth.0 > charged.0 + ROUNDING {
            // Others may use the key at the same time.
            result.warn(format!(
                "the usage summary grew by {growth}, more than the job's {charged}; is another \
                 program using this key?"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::smoke::{SmokeStage, StageOutcome};
    use crate::model::{JobId, JobStatus};

    fn view() -> JobView {
        JobView {
            created_at: Some("2026-01-01T12:00:00Z".to_owned()),
            ..JobView::bare("j", JobStatus::Completed)
        }
    }

    fn event(job: Option<&str>, credits: f64) -> UsageEvent {
        UsageEvent {
            job: job.map(|job| JobId(job.to_owned())),
            names_job: job.is_some(),
            kind: None,
            credits: Some(Credits(credits)),
            at: None,
            raw: Value::Null,
        }
    }

    fn account() -> JobCredits {
        JobCredits {
            estimate: Some(Credits(2.0)),
            by_duration: Some(Credits(2.0)),
            billing_status: Some("charged".to_owned()),
            charge: EventCharge::Charged(Credits(2.0), 1),
            growth: Some(Credits(2.0)),
        }
    }

    fn judged(account: &JobCredits) -> StageResult {
        let mut result = StageResult::passed(SmokeStage::Credits, "");
        account.judge(&mut result);
        result
    }

    #[test]
    fn charges_are_found_by_job_and_what_cannot_be_told_is_said() {
        let refund = (
            vec![event(Some("j"), 2.0), event(Some("j"), -2.0)],
            EventCharge::Charged(Credits(0.0), 1),
        );
        // An event's own id.
        let id_of_its_own = UsageEvent { names_job: false, ..event(Some("event-9"), 2.0) };
        let busy = |minute: u32| {
            let at = Some(format!("2026-01-01T12:{minute:02}:00Z"));
            vec![UsageEvent { at, ..event(Some("k"), 1.0) }; EVENTS as usize]
        };
        let table = [
            refund,
            (vec![id_of_its_own], EventCharge::Unnamed),
            (busy(1), EventCharge::OutOfSight),
            (busy(0), EventCharge::Nothing),
            (busy(1).split_off(1), EventCharge::Nothing),
            (vec![], EventCharge::Nothing),
            (vec![event(Some("k"), 1.0)], EventCharge::Nothing),
            (vec![event(None, 1.0), event(None, 2.0)], EventCharge::Unnamed),
            (
                vec![event(Some("j"), 1.5), event(Some("j"), 0.0)],
                EventCharge::Charged(Credits(1.5), 1),
            ),
            (
                vec![event(Some("j"), 1.0), event(Some("j"), 1.0)],
                EventCharge::Charged(Credits(2.0), 2),
            ),
        ];
        for (events, expected) in table {
            assert_eq!(EventCharge::of(&events, &view()), expected, "{events:?}");
        }
    }

    #[test]
    fn agreement_passes_and_each_difference_is_named() {
        assert_eq!(judged(&account()).outcome, StageOutcome::Passed);
        let message = |credits, charges| EventCharge::Charged(Credits(credits), charges);
        let says = |word: &str| JobCredits { billing_status: Some(word.to_owned()), ..account() };
        // (account, outcome, messages)
        let table = [
            (
                JobCredits { charge: message(3.0, 1), growth: Some(Credits(3.0)), ..account() },
                StageOutcome::Failed,
                "expected 2.00",
            ),
            (JobCredits { charge: message(2.0, 2), ..account() }, StageOutcome::Failed, "2 times"),
            (
                JobCredits { charge: EventCharge::Nothing, ..account() },
                StageOutcome::Failed,
                "do not show",
            ),
            (
                JobCredits { growth: Some(Credits(0.5)), ..account() },
                StageOutcome::Failed,
                "grew by 0.50",
            ),
            (
                JobCredits { growth: Some(Credits(9.0)), ..account() },
                StageOutcome::Warned,
                "another program",
            ),
            (
                JobCredits { growth: None, ..account() },
                StageOutcome::Warned,
                "no credits to compare",
            ),
            (
                JobCredits { charge: EventCharge::Unnamed, ..account() },
                StageOutcome::Warned,
                "is unknown",
            ),
            (
                JobCredits {
                    charge: EventCharge::Unnamed,
                    growth: Some(Credits(0.0)),
                    ..account()
                },
                StageOutcome::Failed,
                "grew by 0.00",
            ),
            (
                JobCredits { charge: EventCharge::OutOfSight, ..account() },
                StageOutcome::Warned,
                "only go back to newer jobs",
            ),
            (
                JobCredits { billing_status: None, ..account() },
                StageOutcome::Warned,
                "billing_status",
            ),
            (says("refunded"), StageOutcome::Failed, "refunded, but there is a charge"),
            (says("Not billed"), StageOutcome::Failed, "Not billed, but there is a charge"),
            (says("pending"), StageOutcome::Warned, "still has billing_status"),
            (says("tier-2"), StageOutcome::Warned, "unknown billing_status: tier-2"),
            (
                JobCredits { charge: EventCharge::Unnamed, ..says("void") },
                StageOutcome::Warned,
                "billing_status void",
            ),
            (
                JobCredits { estimate: Some(Credits(4.0)), ..account() },
                StageOutcome::Warned,
                "4.00 credits were estimated",
            ),
            (
                JobCredits { estimate: None, by_duration: None, ..account() },
                StageOutcome::Warned,
                "no price",
            ),
        ];
        for (account, outcome, words) in table {
            let result = judged(&account);
            assert_eq!(result.outcome, outcome, "{account:?}");
            let text = format!("{} {}", result.told, result.details.join(" "));
            assert!(text.contains(words), "{words:?} in {text}");
        }
    }

    #[test]
    fn usage_that_lags_is_waited_for() {
        let message = EventCharge::Charged(Credits(2.0), 1);
        let table = [
            (message, Some(2.0), true),
            (message, Some(0.0), false),
            (message, None, true),
            (EventCharge::Nothing, Some(2.0), false),
            (EventCharge::Unnamed, Some(2.0), true),
            (EventCharge::Unnamed, Some(0.0), false),
        ];
        for (charge, growth, settled) in table {
            let account = JobCredits { charge, growth: growth.map(Credits), ..account() };
            assert_eq!(account.is_settled(), settled, "{charge:?} {growth:?}");
        }
        let open = JobCredits { billing_status: Some("pending".to_owned()), ..account() };
        assert!(!open.is_settled());
    }
}
