//! Whether a job without output was charged, by the usage events, its billing status and the usage
//! summary. Pure.

use super::credit_check::{BilledField, EventCharge, ROUNDING};
use crate::model::smoke::{StageFailure, StageResult};
use crate::model::{Credits, JobView};

/// Observed bill of a job that should cost nothing.
#[derive(Debug)]
pub(crate) struct UnchargedJob {
    pub(crate) view: JobView,
    pub(crate) charge: EventCharge,
    /// Growth of the usage summary since the job was created.
    pub(crate) growth: Option<Credits>,
}

impl UnchargedJob {
    fn growth_above_rounding(&self) -> Option<Credits> {
        self.growth.filter(|growth| growth.0 > ROUNDING)
    }

    /// Waiting longer cannot change the result.
    #[must_use]
    pub(crate) fn is_conclusive(&self) -> bool {
        match self.charge {
            EventCharge::Nothing => false,
            EventCharge::Charged(..) => true,
            EventCharge::Unnamed | EventCharge::OutOfSight => {
                self.growth_above_rounding().is_some()
            }
        }
    }

    /// `waited`: usage had its time to show a bill. `exclusive`: no other request of this test can have
    /// raised the summary.
    pub(crate) fn judge(&self, waited: bool, exclusive: bool, result: &mut StageResult) {
        match self.charge {
            EventCharge::Charged(charged, _) if charged.0 > 0.0 => {
                result.fail(
                    StageFailure::Contract,
                    format!("{charged} credits were charged for a failed job"),
                );
            }
            EventCharge::Charged(..) => {
                result.details.push("the charge was refunded".to_owned());
            }
            EventCharge::Nothing if waited => result.details.push("no charge".to_owned()),
            EventCharge::Nothing => result.details.push(
                "no charge so far; without stage credits it is not known how long usage lags"
                    .to_owned(),
            ),
            EventCharge::Unnamed | EventCharge::OutOfSight => {
                self.judge_by_growth(exclusive, result);
            }
        }
        if let (EventCharge::Nothing, Some(growth)) = (self.charge, self.growth_above_rounding()) {
            result.warn(format!(
                "the usage summary grew by {growth} while a job failed; is another program using \
                 this key?"
            ));
        }
        self.judge_bill(result);
    }

    /// Judges by the summary where the events are inconclusive.
    fn judge_by_growth(&self, exclusive: bool, result: &mut StageResult) {
        match (self.growth, self.growth_above_rounding()) {
            (_, Some(growth)) if exclusive => result.fail(
                StageFailure::Contract,
                format!("the usage summary grew by {growth} for a job that failed"),
            ),
            (None, _) | (_, Some(_)) => {
                result.warn("the usage events do not show whether it was billed");
            }
            (Some(_), None) => result.details.push("the usage summary did not grow".to_owned()),
        }
    }

    fn judge_bill(&self, result: &mut StageResult) {
        let Some(status) = &self.view.billing_status else { return };
        match BilledField::of(status) {
            BilledField::Charged => {
                result.fail(StageFailure::Contract, format!("billing_status: {status}"));
            }
            BilledField::Open if self.view.status.is_final() => {
                result.warn(format!("the failed job still has billing_status {status}"));
            }
            _ => result.details.push(format!("billing_status: {status}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobStatus;
    use crate::model::smoke::{SmokeStage, StageOutcome};

    #[test]
    fn a_charge_fails_and_missing_evidence_is_reported() {
        use EventCharge::{Charged, Nothing, OutOfSight, Unnamed};
        use StageOutcome::{Failed, Passed, Warned};
        // (charge, growth, usage had its time, no other request, billing status, outcome, message)
        let table = [
            (Nothing, Some(0.0), true, true, None, Passed, "no charge"),
            (Nothing, Some(0.0), false, true, None, Passed, "no charge so far"),
            (Nothing, Some(2.0), true, true, None, Warned, "while a job failed"),
            (Charged(Credits(2.0), 1), None, true, true, None, Failed, "charged for a failed job"),
            (Charged(Credits(0.0), 1), None, true, true, None, Passed, "refunded"),
            (Unnamed, Some(2.0), true, true, None, Failed, "for a job that failed"),
            (Unnamed, Some(2.0), true, false, None, Warned, "do not show whether"),
            (Unnamed, None, true, true, None, Warned, "do not show whether"),
            (OutOfSight, Some(0.0), true, true, None, Passed, "did not grow"),
            (Nothing, None, true, true, Some("charged"), Failed, "billing_status: charged"),
            (Nothing, None, true, true, Some("pending"), Warned, "still has billing_status"),
            (Nothing, None, true, true, Some("void"), Passed, "billing_status: void"),
        ];
        for (charge, growth, waited, exclusive, status, outcome, message) in table {
            let mut view = JobView::bare("j", JobStatus::Failed);
            view.billing_status = status.map(str::to_owned);
            let job = UnchargedJob { view, charge, growth: growth.map(Credits) };
            let mut result = StageResult::passed(SmokeStage::DeadLink, "");
            job.judge(waited, exclusive, &mut result);
            let text = format!("{} {}", result.told, result.details.join("; "));
            assert_eq!(result.outcome, outcome, "{job:?}: {text}");
            assert!(text.contains(message), "{message:?} in {text}");
        }
    }

    #[test]
    fn usage_is_read_again_until_it_shows_a_charge() {
        let is_conclusive = |charge, growth: Option<f64>| {
            let view = JobView::bare("j", JobStatus::Failed);
            UnchargedJob { view, charge, growth: growth.map(Credits) }.is_conclusive()
        };
        assert!(is_conclusive(EventCharge::Charged(Credits(1.0), 1), None));
        assert!(is_conclusive(EventCharge::Unnamed, Some(2.0)));
        assert!(!is_conclusive(EventCharge::Unnamed, Some(ROUNDING)));
        assert!(!is_conclusive(EventCharge::Nothing, Some(2.0)));
    }
}
