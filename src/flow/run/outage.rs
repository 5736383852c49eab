//! An outage of the service in the middle of a run: told soon, waited for, and the end of the run when
//! it lasts longer than `outage_max`.

use std::sync::Arc;
use std::time::Duration;

use super::RunState;
use super::stop::{RunStop, StopReason};
use crate::client::Outage;
use crate::model::{Event, Failure, FailureKind, Instant};

/// How often is looked for one.
const TICK: Duration = Duration::from_millis(500);

/// A time in which calls fail is told of after this long.
const NOTICE: Duration = Duration::from_millis(1_500);

/// The same while a call has not failed yet, at first: for a service that is only slow, it grows.
const NOTICE_OF_SLOWNESS: Duration = Duration::from_millis(3_500);

/// What was told of a time without an answer.
#[derive(Debug, Clone, Copy)]
struct OutageNotice {
    since: Instant,
    was_failing: bool,
}

/// Reports times without an answer for as long as `run` goes on, and stops it when one is too long.
pub(crate) async fn watch_outages(run: Arc<RunState>) {
    let _reported = run.context.service.outage_reporter();
    let patience = run.context.timing.client.outage_max;
    let (mut told, mut slow): (Option<OutageNotice>, _) = (None, NOTICE_OF_SLOWNESS);
    loop {
        tokio::time::sleep(TICK).await;
        let now = run.context.clock.now();
        let wait = run.context.service.current_wait();
        let unanswered = wait.unanswered();
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

/// How calls fail, or that one is without an answer.
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
