//! Outages of the service during a run: reported soon, waited for, and the end of the run after
//! `outage_max`.

use std::sync::Arc;
use std::time::Duration;

use super::RunState;
use super::stop::{RunStop, StopReason};
use crate::client::Outage;
use crate::model::{Event, Failure, FailureKind, Instant};

/// Interval of the checks.
const TICK: Duration = Duration::from_millis(500);

/// Time of failing calls before an outage is reported.
const NOTICE: Duration = Duration::from_millis(1_500);

/// The same while a call has no answer yet; doubled when the service was only slow.
const NOTICE_OF_SLOWNESS: Duration = Duration::from_millis(3_500);

/// A reported outage.
#[derive(Debug, Clone, Copy)]
struct OutageNotice {
    since: Instant,
    was_failing: bool,
}

/// Reports outages until the run ends, and stops the run when one is too long.
pub(crate) async fn watch_outages(run: Arc<RunState>) {
    let _reported = run.context.service.outage_reporter();
    let patience = run.context.timing.client.outage_max;
    let (mut told, mut slow): (Option<OutageNotice>, _) = (None, NOTICE_OF_SLOWNESS);
    loop {
        tokio::time::sleep(TICK).await;
        let now = run.context.clock.now();
        let silence = run.context.service.silence();
        let unanswered = silence.unanswered();
        if let Some(before) = told
            && unanswered.is_none_or(|unanswered| unanswered.since != before.since)
        {
            run.context.observer.observe(&Event::Answers(now.since(before.since)));
            slow = if before.was_failing { NOTICE_OF_SLOWNESS } else { slow * 2 };
            told = None;
        }
        let Some(unanswered) = unanswered else { continue };
        let (age, is_failing) = (now.since(unanswered.since), unanswered.failure.is_some());
        if age >= patience {
            let failure = too_long(unanswered, age);
            run.stop(RunStop { reason: StopReason::Outage, failure });
            return;
        }
        if told.is_none() && age >= if is_failing { NOTICE } else { slow } {
            let (failure, patience) = (failure_of(unanswered), patience.saturating_sub(age));
            run.context.observer.observe(&Event::Outage { failure, since: age, patience });
            told = Some(OutageNotice { since: unanswered.since, was_failing: is_failing });
        }
        if let Some(told) = &mut told {
            told.was_failing |= is_failing;
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
