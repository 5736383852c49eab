//! Outages of the service during a run: reported soon, waited for, and the end of the run after
//! `outage_max`.

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

/// Reports outages until the run ends, and stops the run when one is too long.
pub(crate) async fn watch_outages(run: Arc<RunState>) {
    let _reported = run.context.service.outage_reporter();
    let outage_max = run.context.timing.outage_max;
    let (mut reported, mut slow_after): (Option<OutageNotice>, _) = (None, REPORT_SLOW_AFTER);
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let now = run.context.clock.now();
        let silence = run.context.service.current_wait();
        let unanswered = silence.unanswered();
        if let Some(last_report) = reported
            && unanswered.is_none_or(|unanswered| unanswered.since != last_report.since)
        {
            run.context.observer.observe(&Event::Answers(now.since(last_report.since)));
            slow_after = if last_report.was_failing { REPORT_SLOW_AFTER } else { slow_after * 2 };
            reported = None;
        }
        let Some(unanswered) = unanswered else { continue };
        let (age, is_failing) = (now.since(unanswered.since), unanswered.failure.is_some());
        if age >= outage_max {
            let failure = too_long(unanswered, age);
            run.stop(RunStop { reason: StopReason::Outage, failure });
            return;
        }
        if reported.is_none() && age >= if is_failing { REPORT_AFTER } else { slow_after } {
            let (failure, patience) = (failure_of(unanswered), outage_max.saturating_sub(age));
            run.context.observer.observe(&Event::Outage { failure, since: age, patience });
            reported = Some(OutageNotice { since: unanswered.since, was_failing: is_failing });
        }
        if let Some(reported) = &mut reported {
            reported.was_failing |= is_failing;
        }
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
        "no response from the service for {:.0} s, longer than outage_max; {}",
        age.as_secs_f64(),
        failure.why
    );
    Failure { why, next: Some("rbgv doctor".to_owned()), ..failure }
}
