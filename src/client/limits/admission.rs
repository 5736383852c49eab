//! Admission of the calls of one key, and learning from their results. Pure functions over the
//! state that processes share.

use std::time::Duration;

use super::config::{PaceBounds, RateLimits};
use super::pace;
use super::window::{self, MetLimit};
use super::{key_block, request_stats};
use crate::model::limits::{CallKind, KeyLimits, PAUSE_MAX, Pace};
use crate::model::{Execution, FailureKind, Instant};

/// A call that asks for admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdmissionRequest {
    pub(crate) kind: CallKind,
    pub(crate) backlog: Backlog,
}

/// The limit that inputs wait for that are not started yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backlog {
    /// The pace of submissions.
    Pace,
    /// The concurrency limit.
    Window,
    /// No input is waiting.
    Empty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdmissionDecision {
    Go,
    /// The pace delays the call: check again after this time.
    CheckAfter(Duration),
    /// A poll yields to submissions: check again after this time, or when the backlog changes.
    Yield(Duration),
    /// The circuit breaker of the host is open: check again after this time.
    HostDown(Duration),
    /// The service requested a pause (`Retry-After`) that lasts this much longer.
    Paused(Duration),
    Blocked(FailureKind),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SentCall {
    pub(crate) kind: CallKind,
    pub(crate) at: Instant,
    /// Only the pace delayed it, and no block or pause.
    pub(crate) was_delayed: bool,
    /// Other jobs in flight, for a start.
    pub(crate) others: Option<u32>,
}

/// Kind of failure, certainty of execution, and the requested pause.
pub(crate) type FailedCall = (FailureKind, Execution, Option<Duration>);

/// A block or pause that stops calls of `kind` regardless of the pace.
pub(crate) fn blocking_limit(
    limits: &KeyLimits,
    kind: CallKind,
    now: Instant,
) -> Option<AdmissionDecision> {
    if !kind.has_key() {
        return None;
    }
    if let Some(blocked) = key_block::blocked(limits.block, kind == CallKind::Start) {
        return Some(AdmissionDecision::Blocked(blocked));
    }
    let until =
        if kind.submits() { limits.submissions_paused_until } else { limits.polls_paused_until };
    let left = until?.since(now);
    (!left.is_zero() && left <= PAUSE_MAX).then_some(AdmissionDecision::Paused(left))
}

/// Admits and counts a call, or returns the reason and the time of the next check.
pub(crate) fn admit(
    limits: &mut KeyLimits,
    config: &RateLimits,
    request: AdmissionRequest,
    now: Instant,
) -> AdmissionDecision {
    if let Some(decision) = blocking_limit(limits, request.kind, now) {
        return decision;
    }
    let admitted = match request.kind {
        CallKind::Unkeyed | CallKind::Download => Ok(()),
        CallKind::Poll => {
            if let Some(wait) = time_to_yield(limits, config, request, now) {
                return AdmissionDecision::Yield(whole_millis(wait));
            }
            admit_poll(limits, config, now)
        }
        kind => pace::admit(&mut limits.submissions, &config.submissions(), kind as usize, now),
    };
    admitted.map_or_else(
        |wait| AdmissionDecision::CheckAfter(whole_millis(wait)),
        |()| AdmissionDecision::Go,
    )
}

/// Rounds up to whole milliseconds, the resolution of the clock: a check before its time is in
/// vain.
fn whole_millis(wait: Duration) -> Duration {
    Duration::from_millis(crate::model::time::millis(wait) + 1)
}

/// Once both were refused, polls and submissions are assumed to share one token bucket.
fn may_share_bucket(limits: &KeyLimits) -> bool {
    pace::is_known(&limits.submissions) && pace::is_known(&limits.polls)
}

/// Time for which a poll yields to submissions that may share its token bucket.
fn time_to_yield(
    limits: &KeyLimits,
    config: &RateLimits,
    request: AdmissionRequest,
    now: Instant,
) -> Option<Duration> {
    if !may_share_bucket(limits) {
        return None;
    }
    let tuning = &config.tuning;
    let rounds = match request.backlog {
        Backlog::Pace => tuning.rounds_per_poll,
        // One poll per job.
        Backlog::Window => 1.0,
        Backlog::Empty => return None,
    };
    let rate = pace::rate(&limits.submissions, &config.submissions());
    let gap = Duration::from_secs_f64(rounds / rate);
    let left = limits.polled_at?.after(gap).since(now);
    (!left.is_zero()).then_some(left)
}

fn admit_poll(limits: &mut KeyLimits, config: &RateLimits, now: Instant) -> Result<(), Duration> {
    let mut polls = limits.polls;
    pace::admit(&mut polls, &config.polls(), CallKind::Poll as usize, now)?;
    if may_share_bucket(limits) {
        pace::take_shared_slot(&mut limits.submissions, &config.submissions(), now)?;
    }
    limits.polls = polls;
    limits.polled_at = Some(now);
    Ok(())
}

/// Updates the limits of the key with the result of a call.
pub(crate) fn record(
    limits: &mut KeyLimits,
    config: &RateLimits,
    sent: &SentCall,
    failed: Option<FailedCall>,
    now: Instant,
) {
    if !sent.kind.has_key() {
        return;
    }
    let is_refused = matches!(failed, Some((FailureKind::RateLimited, ..)));
    request_stats::count(&mut limits.request_counts, sent.kind, is_refused, now);
    match failed {
        None => on_accepted(limits, config, sent, now),
        Some((FailureKind::RateLimited, _, pause)) => on_refused(limits, config, sent, pause, now),
        // A 403 of a poll may concern a single job.
        Some((FailureKind::Forbidden, ..)) if !sent.kind.submits() => {}
        Some((kind, Execution::NotExecuted, _)) => key_block::failed(&mut limits.block, kind),
        Some(_) => {}
    }
}

fn on_accepted(limits: &mut KeyLimits, config: &RateLimits, sent: &SentCall, now: Instant) {
    let (pace, bounds) = pace_of(limits, config, sent.kind);
    pace::on_accepted(pace, &bounds, sent.kind as usize, (sent.at, now), sent.was_delayed);
    if sent.kind == CallKind::Poll && may_share_bucket(limits) {
        pace::on_shared_slot_accepted(&mut limits.submissions, &config.submissions(), sent.at);
    }
    if let Some(others) = sent.others {
        window::on_accepted(&mut limits.jobs, others, (sent.at, now));
    }
}

fn on_refused(
    limits: &mut KeyLimits,
    config: &RateLimits,
    sent: &SentCall,
    pause: Option<Duration>,
    now: Instant,
) {
    let until = pause.filter(|pause| *pause <= PAUSE_MAX).map(|pause| now.after(pause));
    let paused = if sent.kind.submits() {
        &mut limits.submissions_paused_until
    } else {
        &mut limits.polls_paused_until
    };
    *paused = (*paused).max(until);
    let is_of_last_cut = limits.submissions.cut_at.is_some_and(|cut| sent.at <= cut);
    if let Some(others) = sent.others.filter(|_| !is_of_last_cut) {
        let refusal = limits.jobs.unexplained;
        let times = (sent.at, now);
        let pace = &limits.submissions;
        match window::on_refused(&mut limits.jobs, &config.tuning, others, pace, times) {
            MetLimit::Pace => {}
            MetLimit::AlreadyKnown => return,
            MetLimit::Window => {
                // A start that was refused beside fewer jobs met another limit.
                let size = limits.jobs.size;
                if let Some(refusal) = refusal.filter(|refusal| refusal.others >= size) {
                    pace::undo_cut(&mut limits.submissions, &refusal.pace, now);
                    limits.jobs.unexplained = None;
                }
                return;
            }
        }
    }
    let (pace, bounds) = pace_of(limits, config, sent.kind);
    pace::on_refused(pace, &bounds, sent.kind as usize, (sent.at, now), until);
}

fn pace_of<'a>(
    limits: &'a mut KeyLimits,
    config: &RateLimits,
    kind: CallKind,
) -> (&'a mut Pace, PaceBounds) {
    if kind.submits() {
        (&mut limits.submissions, config.submissions())
    } else {
        (&mut limits.polls, config.polls())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant(1_000_000);

    fn sent(kind: CallKind) -> SentCall {
        let others = (kind == CallKind::Start).then_some(3);
        SentCall { kind, at: NOW, was_delayed: false, others }
    }

    /// Blocks and pauses of a start, a create, an upload and a poll after these failures.
    fn after(failures: &[(CallKind, FailedCall)]) -> [Option<AdmissionDecision>; 4] {
        let mut limits = KeyLimits::default();
        for (number, (kind, failed)) in failures.iter().enumerate() {
            let now = Instant(NOW.0 + number as u64);
            record(&mut limits, &RateLimits::default(), &sent(*kind), Some(*failed), now);
        }
        [CallKind::Start, CallKind::Create, CallKind::Upload, CallKind::Poll]
            .map(|kind| blocking_limit(&limits, kind, NOW))
    }

    #[test]
    fn a_pause_holds_for_every_call_that_it_may_be_about() {
        let limited = |seconds| {
            let pause = Some(Duration::from_secs(seconds)).filter(|pause| !pause.is_zero());
            (FailureKind::RateLimited, Execution::NotExecuted, pause)
        };
        let paused = |seconds| Some(AdmissionDecision::Paused(Duration::from_secs(seconds)));
        for kind in [CallKind::Start, CallKind::Create, CallKind::Upload] {
            let expected = [paused(7), paused(7), paused(7), None];
            assert_eq!(after(&[(kind, limited(7))]), expected, "{kind:?}");
        }
        assert_eq!(after(&[(CallKind::Poll, limited(7))]), [None, None, None, paused(7)]);
        assert_eq!(after(&[(CallKind::Start, limited(0))]), [None; 4]);
        let endless = 1_000_000;
        assert_eq!(after(&[(CallKind::Poll, limited(endless))]), [None; 4], "a mistake");
    }

    #[test]
    fn a_key_is_blocked_by_what_was_certainly_refused() {
        use FailureKind as K;
        let credits = Some(AdmissionDecision::Blocked(K::InsufficientCredits));
        let key = Some(AdmissionDecision::Blocked(K::Unauthorized));
        let table = [
            (
                CallKind::Start,
                K::InsufficientCredits,
                Execution::NotExecuted,
                [credits, None, None, None],
            ),
            (CallKind::Start, K::InsufficientCredits, Execution::Ambiguous, [None; 4]),
            (CallKind::Poll, K::Unauthorized, Execution::NotExecuted, [key; 4]),
            (CallKind::Create, K::Forbidden, Execution::NotExecuted, [key; 4]),
            (CallKind::Poll, K::Forbidden, Execution::NotExecuted, [None; 4]),
            (CallKind::Unkeyed, K::Unauthorized, Execution::NotExecuted, [None; 4]),
            (CallKind::Start, K::Unreachable, Execution::NotExecuted, [None; 4]),
        ];
        for (sent, kind, delivery, expected) in table {
            assert_eq!(after(&[(sent, (kind, delivery, None))]), expected, "{kind:?} {delivery:?}");
        }
    }

    #[test]
    fn polls_make_way_for_submissions_that_wait_for_the_pace() {
        let config = RateLimits::default();
        let mut limits = KeyLimits::default();
        let limited = (FailureKind::RateLimited, Execution::NotExecuted, None);
        record(&mut limits, &config, &sent(CallKind::Upload), Some(limited), NOW);
        record(&mut limits, &config, &sent(CallKind::Poll), Some(limited), NOW);
        let mut count = |backlog, from: u64| {
            let poll = AdmissionRequest { kind: CallKind::Poll, backlog };
            let go = |ms: &u64| {
                let now = Instant(NOW.0 + from + ms);
                admit(&mut limits, &config, poll, now) == AdmissionDecision::Go
            };
            (0..100_000).filter(go).count()
        };
        let empty = count(Backlog::Empty, 1_000);
        let window = count(Backlog::Window, 200_000);
        let pace = count(Backlog::Pace, 400_000);
        assert!((240..=255).contains(&empty), "{empty} polls in 100 s at 2.5 a second");
        assert!((240..=255).contains(&window), "{window} polls in 100 s, one in a round at 2.5/s");
        assert!((30..=33).contains(&pace), "{pace} polls in 100 s, one in 8 rounds at 2.5/s");
    }

    #[test]
    fn a_poll_counts_for_the_rate_of_a_bucket_that_it_shares() {
        let config = RateLimits::default();
        let mut limits = KeyLimits::default();
        let limited = (FailureKind::RateLimited, Execution::NotExecuted, None);
        // (call, failure, rounds accepted since the last cut of the submissions' pace)
        let table = [
            (CallKind::Upload, Some(limited), 0.0),
            (CallKind::Poll, None, 0.0),
            (CallKind::Poll, Some(limited), 0.0),
            (CallKind::Poll, None, 1.0),
            (CallKind::Upload, None, 2.0),
        ];
        for (number, (kind, failed, rounds)) in table.into_iter().enumerate() {
            let at = Instant(NOW.0 + number as u64 * 10);
            let call = SentCall { at, ..sent(kind) };
            record(&mut limits, &config, &call, failed, at.after(Duration::from_millis(1)));
            let accepted = limits.submissions.accepted_rounds;
            assert!((accepted - rounds).abs() < 1e-9, "{number}: {accepted}");
        }
    }

    #[test]
    fn a_start_that_met_the_window_does_not_slow_the_pace() {
        let config = RateLimits::default();
        let mut limits = KeyLimits::default();
        let limited = (FailureKind::RateLimited, Execution::NotExecuted, None);
        let start = |at: u64| SentCall { at: Instant(at), ..sent(CallKind::Start) };
        record(&mut limits, &config, &start(1_000), Some(limited), Instant(1_100));
        assert!(limits.submissions.ceiling > 0.0);
        record(&mut limits, &config, &start(4_000), Some(limited), Instant(4_100));
        assert_eq!((limits.jobs.size, limits.submissions.ceiling), (3, 0.0));
        // One that is refused beside fewer jobs does, also when the window is met right after it.
        let fewer = SentCall { others: Some(1), ..start(60_000) };
        record(&mut limits, &config, &fewer, Some(limited), Instant(60_100));
        let cut = limits.submissions.rate;
        record(&mut limits, &config, &start(61_000), Some(limited), Instant(61_100));
        assert!(limits.submissions.ceiling > 0.0 && limits.submissions.rate <= cut);
    }

    #[test]
    fn a_pause_ends_and_one_that_no_service_means_is_ignored() {
        let paused_at = |end: u64| {
            let until = Some(Instant(end));
            let limits = KeyLimits { submissions_paused_until: until, ..KeyLimits::default() };
            blocking_limit(&limits, CallKind::Create, NOW)
        };
        assert_eq!(paused_at(NOW.0), None);
        let millisecond = Duration::from_millis(1);
        assert_eq!(paused_at(NOW.0 + 1), Some(AdmissionDecision::Paused(millisecond)));
        let longest = NOW.after(PAUSE_MAX).0;
        assert_eq!(paused_at(longest), Some(AdmissionDecision::Paused(PAUSE_MAX)));
        assert_eq!(paused_at(longest + 1), None);
    }

    #[test]
    fn a_check_comes_after_the_wait_and_not_at_the_end_of_it() {
        for (micros, millis) in [(1, 1), (999, 1), (1_000, 2), (199_400, 200)] {
            let wait = whole_millis(Duration::from_micros(micros));
            assert_eq!(wait, Duration::from_millis(millis), "{micros}");
        }
    }
}
