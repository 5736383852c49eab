//! Outages of the service and of the output hosts during a run: reported soon, waited for, and the
//! end of the run after `outage_max`.

use std::sync::Arc;
use std::time::Duration;

use super::RunState;
use super::stop::{RunStop, StopReason};
use crate::client::Outage;
use crate::model::{Event, Failure, FailureKind, Instant};

/// Interval of the checks.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Time of failing calls before an outage is reported.
const REPORT_AFTER: Duration = Duration::from_millis(1_500);

/// The same while a call has no answer yet; doubled when the service was only slow.
const REPORT_SLOW_AFTER: Duration = Duration::from_millis(3_500);

/// A reported outage.
#[derive(Debug, Clone, Copy)]
struct OutageNotice {
    since: Instant,
    was_failing: bool,
}

/// Outages of the API, or of the output hosts.
struct OutageWatch {
    reported: Option<OutageNotice>,
    slow_after: Duration,
}

/// Reports outages until the run ends, and stops the run when one is too long. An output host that is
/// down is one, too: a run that went on would start jobs whose outputs it cannot download.
pub(crate) async fn watch_outages(run: Arc<RunState>) {
    let service = &run.context.service;
    let _reported = service.outage_reporter();
    let begin = || OutageWatch { reported: None, slow_after: REPORT_SLOW_AFTER };
    let (mut calls, mut downloads) = (begin(), begin());
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let stop = calls.check(&run, service.current_wait().unanswered());
        let stop = stop.or_else(|| downloads.check(&run, run.output_outage().as_ref()));
        if let Some(failure) = stop {
            run.stop(RunStop { reason: StopReason::Outage, failure });
            return;
        }
    }
}

impl OutageWatch {
    /// Reports the begin and the end of an outage; returns the reason to stop if it is too long.
    fn check(&mut self, run: &RunState, unanswered: Option<&Outage>) -> Option<Failure> {
        let (now, outage_max) = (run.context.clock.now(), run.context.timing.outage_max);
        if let Some(last_report) = self.reported
            && unanswered.is_none_or(|unanswered| unanswered.since != last_report.since)
        {
            run.context.observer.observe(&Event::Answers(now.since(last_report.since)));
            self.slow_after =
                if last_report.was_failing { REPORT_SLOW_AFTER } else { self.slow_after * 2 };
            self.reported = None;
        }
        let unanswered = unanswered?;
        let (age, is_failing) = (now.since(unanswered.since), unanswered.failure.is_some());
        if age >= outage_max {
            return Some(too_long(unanswered, age));
        }
        let report_after = if is_failing { REPORT_AFTER } else { self.slow_after };
        if self.reported.is_none() && age >= report_after {
            let (failure, patience) = (failure_of(unanswered), outage_max.saturating_sub(age));
            run.context.observer.observe(&Event::Outage { failure, since: age, patience });
            self.reported = Some(OutageNotice { since: unanswered.since, was_failing: is_failing });
        }
        if let Some(reported) = &mut self.reported {
            reported.was_failing |= is_failing;
        }
        None
    }
}

/// The failure of the calls, or a failure that says that one has no answer yet.
fn failure_of(unanswered: &Outage) -> Failure {
    let no_answer = || Failure::new(FailureKind::Unavailable, &*unanswered.what, "no response yet");
    unanswered.failure.clone().unwrap_or_else(no_answer)
}

fn too_long(unanswered: &Outage, age: Duration) -> Failure {
    let failure = failure_of(unanswered);
    let why = format!(
        "no response for {:.0} s, longer than outage_max; {}",
        age.as_secs_f64(),
        failure.why
    );
    Failure { why, next: Some("rbgv doctor".to_owned()), ..failure }
}
