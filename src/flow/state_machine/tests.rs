use super::*;

const SETTLE: Duration = Duration::from_secs(100);
const DOUBT: Instant = Instant(1_000_000);

fn context(now: Instant) -> StepContext {
    StepContext {
        now,
        settle: SETTLE,
        poll_interval: Duration::from_secs(2),
        drafts: DraftSupport::Supported,
        bills_shown: false,
        later_ran_within: None,
        goal: Goal::Finish,
    }
}

fn state(status: AttemptStatus, draft: DraftObservation, starts: u32) -> AttemptState {
    let job = Some(JobId("j-1".into()));
    AttemptState {
        status,
        job,
        draft_observation: draft,
        create_count: 1,
        start_count: starts,
        sent: Some(DOUBT),
        ..AttemptState::planned()
    }
}

fn snapshot(requested_at: Instant, status: JobStatus) -> JobSnapshot {
    JobSnapshot {
        requested_at,
        status,
        billed: false,
        progress: None,
        listed: false,
        has_output: false,
        error: None,
    }
}

fn failed(kind: FailureKind, delivery: Execution) -> Failure {
    Failure { delivery, ..Failure::new(kind, "start", "words") }
}

/// The decision after a poll of an ambiguous start, by the time of the poll and other evidence.
#[test]
fn a_start_in_doubt_is_decided_by_what_is_free() {
    let pending = |seconds| snapshot(DOUBT.after(Duration::from_secs(seconds)), JobStatus::Pending);
    let plain = context(DOUBT.after(SETTLE * 4));
    let bills = StepContext { bills_shown: true, ..plain };
    let later = StepContext { later_ran_within: Some(Duration::from_secs(7)), ..plain };
    let odd = snapshot(pending(1).requested_at, JobStatus::Other("queued".into()));
    // (context, poll, status, effect)
    let table = [
        (plain, JobSnapshot { billed: true, ..pending(1) }, AttemptStatus::Running, Effect::Follow),
        (
            plain,
            JobSnapshot { progress: Some(0.5), ..pending(1) },
            AttemptStatus::Running,
            Effect::Follow,
        ),
        (plain, odd, AttemptStatus::Running, Effect::Follow),
        (plain, pending(1), AttemptStatus::StartDoubt, Effect::Follow),
        (plain, pending(100), AttemptStatus::StartDoubt, Effect::Follow),
        (plain, pending(299), AttemptStatus::StartDoubt, Effect::Follow),
        (plain, pending(300), AttemptStatus::StartDoubt, Effect::AskUsage),
        (bills, pending(99), AttemptStatus::StartDoubt, Effect::Follow),
        (
            bills,
            JobSnapshot { listed: true, ..pending(100) },
            AttemptStatus::StartDoubt,
            Effect::Poll,
        ),
        (bills, pending(100), AttemptStatus::StartSent, Effect::Start),
        (later, pending(106), AttemptStatus::StartDoubt, Effect::Follow),
        (
            later,
            JobSnapshot { listed: true, ..pending(107) },
            AttemptStatus::StartSent,
            Effect::Start,
        ),
    ];
    for (context, snapshot, status, effect) in table {
        let state = state(AttemptStatus::StartDoubt, DraftObservation::Pending, 1);
        let next = step(state, Observation::Polled(snapshot.clone()), &context);
        assert_eq!((next.state.status, next.effect), (status, effect), "{snapshot:?}");
    }
}

#[test]
fn the_usage_events_decide_last_and_then_a_person() {
    let late = DOUBT.after(SETTLE * 3);
    // (requested_at, charged, later ones charged, status)
    let table = [
        (DOUBT, true, false, AttemptStatus::Running),
        (late, true, true, AttemptStatus::Running),
        (DOUBT.after(SETTLE), false, true, AttemptStatus::StartDoubt),
        (late, false, true, AttemptStatus::StartSent),
        (late, false, false, AttemptStatus::NeedsReview),
    ];
    for (requested_at, charged, later_charged, status) in table {
        let state = state(AttemptStatus::StartDoubt, DraftObservation::Pending, 1);
        let observation = Observation::Usage { requested_at, charged, later_charged };
        let next = step(state, observation, &context(late));
        assert_eq!(next.state.status, status, "{requested_at:?} {charged} {later_charged}");
    }
}

#[test]
fn the_message_for_a_person_holds_commands_that_can_be_typed() {
    let hint = |job: &str| decision_hint(Some(&JobId(job.into())));
    assert_eq!(
        hint("j-1"),
        "if the vendor's dashboard shows the job running or charged: rbgv resume --accept --job \
         j-1; if not: rbgv resume --abandon --job j-1"
    );
    for hostile in ["$(rm x)", "--accept", "a b", ""] {
        assert!(!hint(hostile).contains("--job"), "{hostile}");
    }
}

#[test]
fn a_refused_key_rests_and_a_refused_start_is_polled_before_it_is_sent_again() {
    let not_executed = |kind| {
        let state = state(AttemptStatus::StartSent, DraftObservation::Pending, 1);
        let observation = Observation::StartFailed(failed(kind, Execution::NotExecuted));
        step(state, observation, &context(DOUBT))
    };
    for kind in [FailureKind::Unauthorized, FailureKind::Forbidden] {
        let next = not_executed(kind);
        assert_eq!((next.state.status, next.state.start_count), (AttemptStatus::Draft, 0));
        assert!(matches!(next.effect, Effect::Suspend(_)), "{kind:?}");
    }
    let refused = not_executed(FailureKind::RateLimited);
    assert!(matches!(refused.effect, Effect::BackOff(_)));
    let due = step(refused.state, Observation::TimerFired, &context(DOUBT));
    assert_eq!(due.effect, Effect::Poll);
    for (requested_at, effect) in [(Instant(DOUBT.0 - 1), Effect::Poll), (DOUBT, Effect::Start)] {
        let observation = Observation::Polled(snapshot(requested_at, JobStatus::Pending));
        assert_eq!(
            step(due.state.clone(), observation, &context(DOUBT)).effect,
            effect,
            "{requested_at:?}"
        );
    }
}

#[test]
fn only_a_draft_of_which_no_start_can_have_been_executed_is_made_anew() {
    let rate_limited = failed(FailureKind::RateLimited, Execution::NotExecuted);
    let missing = failed(FailureKind::NotFound, Execution::Refused);
    let lost = failed(FailureKind::Broken, Execution::Ambiguous);
    // (status, starts, earlier failure, created anew)
    let table = [
        (AttemptStatus::Draft, 0, None, true),
        (AttemptStatus::Draft, 1, None, false),
        (AttemptStatus::Draft, 0, Some(rate_limited), false),
        (AttemptStatus::StartRefused, 1, Some(missing.clone()), true),
        (AttemptStatus::StartRefused, 2, Some(missing.clone()), false),
        (AttemptStatus::StartDoubt, 1, Some(lost), false),
        (AttemptStatus::Running, 1, None, false),
    ];
    for (status, starts, failure, anew) in table {
        let state = AttemptState { failure, ..state(status, DraftObservation::Created, starts) };
        let known = context(DOUBT);
        let next = step(state.clone(), Observation::JobUnknown(missing.clone()), &known);
        let expected = if anew { AttemptStatus::Ready } else { AttemptStatus::Halted };
        assert_eq!(next.state.status, expected, "{status:?} {starts}");
        let unknown = StepContext { drafts: DraftSupport::Unknown, ..known };
        let next = step(state, Observation::JobUnknown(missing.clone()), &unknown);
        assert_eq!(next.state.status, AttemptStatus::Halted, "{status:?} {starts}");
    }
}

/// The first draft of a key under any status but `created` is observed for a while; later ones
/// are not.
#[test]
fn a_first_draft_is_watched_and_later_ones_are_started_at_once() {
    let names = [None, Some(JobStatus::Pending), Some(JobStatus::Other("drafted".into()))];
    for status in names {
        let job = JobId("j-1".into());
        let created = Observation::Created { job, status: status.clone() };
        let sent = state(AttemptStatus::CreateSent, DraftObservation::Unknown, 0);
        let at_once = step(sent.clone(), created.clone(), &context(DOUBT));
        assert_eq!((at_once.effect, at_once.learned), (Effect::Start, None), "{status:?}");
        let unknown = |now| StepContext { drafts: DraftSupport::Unknown, ..context(now) };
        let first = step(sent, created, &unknown(DOUBT));
        assert_eq!((first.effect, first.learned), (Effect::Poll, None), "{status:?}");
        let shown = status.unwrap_or(JobStatus::Pending);
        let mut state = first.state;
        for (requested_at, wait) in [(0, 2), (2, 3)] {
            let now = DOUBT.after(Duration::from_secs(requested_at));
            let observation = Observation::Polled(snapshot(now, shown.clone()));
            let next = step(state, observation, &unknown(now));
            let until = DOUBT.after(Duration::from_secs(wait));
            assert_eq!(next.effect, Effect::Wait(until), "{shown}");
            state = next.state;
        }
        let now = DOUBT.after(DRAFT_OBSERVATION_TIME);
        let idle = Observation::Polled(snapshot(now, shown.clone()));
        let next = step(state.clone(), idle, &unknown(now));
        assert_eq!((next.effect, next.learned), (Effect::Start, Some(DraftSupport::Supported)));
        let runs = Observation::Polled(snapshot(now, JobStatus::Processing));
        let next = step(state, runs, &unknown(now));
        assert_eq!((next.effect, next.learned), (Effect::Poll, Some(DraftSupport::Unsupported)));
    }
}

#[test]
fn a_request_that_was_not_executed_is_not_counted() {
    let failed = |delivery| failed(FailureKind::RateLimited, delivery);
    // (status, observation, creates, starts), with two of each before
    let table = [
        (
            AttemptStatus::CreateSent,
            Observation::CreateFailed(failed(Execution::NotExecuted)),
            (1, 2),
        ),
        (AttemptStatus::CreateSent, Observation::CreateFailed(failed(Execution::Refused)), (1, 2)),
        (
            AttemptStatus::CreateSent,
            Observation::CreateFailed(failed(Execution::Ambiguous)),
            (2, 2),
        ),
        (AttemptStatus::StartSent, Observation::StartStale, (2, 1)),
        (
            AttemptStatus::StartSent,
            Observation::StartFailed(failed(Execution::NotExecuted)),
            (2, 1),
        ),
        (AttemptStatus::StartSent, Observation::StartFailed(failed(Execution::Ambiguous)), (2, 2)),
    ];
    for (status, observation, counts) in table {
        let before =
            AttemptState { create_count: 2, ..state(status, DraftObservation::Created, 2) };
        let after = step(before, observation.clone(), &context(DOUBT)).state;
        assert_eq!((after.create_count, after.start_count), counts, "{observation:?}");
    }
}

#[test]
fn a_first_start_that_is_rejected_as_a_second_one_shows_that_drafts_run() {
    use AttemptStatus::{StartDoubt, StartRefused};
    use DraftObservation::{Created, Other, Pending};
    use FailureKind::{Conflict, InvalidRequest, Unavailable};
    // (status, failure of the start, draft, starts, whether drafts run by themselves)
    let table = [
        (StartRefused, InvalidRequest, Pending, 1, true),
        (StartRefused, InvalidRequest, Other, 1, true),
        (StartDoubt, Conflict, Pending, 1, true),
        (StartDoubt, Unavailable, Pending, 1, false),
        (StartRefused, InvalidRequest, Pending, 2, false),
        (StartRefused, InvalidRequest, Created, 1, false),
    ];
    for (status, kind, draft, starts, runs) in table {
        let failure = Some(failed(kind, Execution::Refused));
        let before = AttemptState { failure, ..state(status, draft, starts) };
        let poll = Observation::Polled(snapshot(DOUBT, JobStatus::Processing));
        let next = step(before, poll, &context(DOUBT));
        assert_eq!(next.state.status, AttemptStatus::Running);
        let expected = runs.then_some(DraftSupport::Unsupported);
        assert_eq!(next.learned, expected, "{status:?} {kind:?} {draft:?} {starts}");
    }
}

#[test]
fn a_running_job_ends_with_an_output_and_is_never_a_draft_again() {
    let settled = DOUBT.after(SETTLE);
    let table = [
        (snapshot(DOUBT, JobStatus::Completed), AttemptStatus::Running, Effect::Follow),
        (
            JobSnapshot { has_output: true, ..snapshot(DOUBT, JobStatus::Completed) },
            AttemptStatus::Completed,
            Effect::Done,
        ),
        (snapshot(DOUBT, JobStatus::Failed), AttemptStatus::Failed, Effect::Done),
        (
            snapshot(Instant(settled.0 - 1), JobStatus::Created),
            AttemptStatus::Running,
            Effect::Follow,
        ),
        (snapshot(settled, JobStatus::Created), AttemptStatus::NeedsReview, Effect::Done),
    ];
    for (poll, status, effect) in table {
        let before = state(AttemptStatus::Running, DraftObservation::Created, 1);
        let next = step(before, Observation::Polled(poll.clone()), &context(settled));
        assert_eq!((next.state.status, next.effect), (status, effect), "{poll:?}");
    }
}

#[test]
fn an_unusable_input_ends_only_an_attempt_that_was_not_started() {
    for status in AttemptStatus::ALL {
        let failure = failed(FailureKind::Local, Execution::NotExecuted);
        let before = state(*status, DraftObservation::Created, 1);
        let after = step(before, Observation::InputFailed(failure), &context(DOUBT)).state;
        let ends = status.is_unstarted() || *status == AttemptStatus::Failed;
        assert_eq!(after.status == AttemptStatus::Failed, ends, "{status:?}");
    }
}

#[test]
fn an_idempotent_call_that_failed_is_repeated_unless_that_cannot_help() {
    use AttemptStatus::{CreateDoubt, Draft, Planned, Ready, Running, StartDoubt, StartRefused};
    let after = |status, kind| {
        let failure = Observation::CallFailed(failed(kind, Execution::NotExecuted));
        step(state(status, DraftObservation::Created, 1), failure, &context(DOUBT)).effect
    };
    for status in [Planned, CreateDoubt, StartDoubt, StartRefused, Running] {
        let (limited, key) = (FailureKind::RateLimited, FailureKind::Unauthorized);
        assert!(matches!(after(status, limited), Effect::BackOff(_)), "{status:?}");
        assert!(matches!(after(status, key), Effect::Suspend(_)), "{status:?}");
    }
    for status in [Ready, Draft] {
        let effect = after(status, FailureKind::RateLimited);
        assert!(matches!(effect, Effect::Suspend(_)), "{status:?}");
    }
}
