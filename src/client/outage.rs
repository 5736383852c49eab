//! Detection of outages: the time since the last response, shared by all calls of a client, so that
//! a waiting command can report the reason and a run can end after `outage_max`. A run has a monitor
//! of its own for downloads, since outputs may be on another host.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::limits::circuit_breaker;
use crate::model::limits::CallKind;
use crate::model::{Failure, Instant};

/// The waits of a client.
#[derive(Debug, Clone, Default)]
pub struct ServiceWait {
    /// Calls in flight.
    open: usize,
    /// Calls that wait for a retry.
    pending_retries: usize,
    /// Runs that report the outage themselves.
    runs: usize,
    unanswered: Option<Outage>,
    pause: Option<RequestedPause>,
}

/// A time without any response.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    pub since: Instant,
    /// The first call sent in this time.
    pub what: String,
    /// The last failure; `None` while the first call is in flight.
    pub failure: Option<Failure>,
}

/// A pause requested by the service.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestedPause {
    pub failure: Failure,
    pub until: Instant,
}

impl ServiceWait {
    /// The current time without a response.
    #[must_use]
    pub fn unanswered(&self) -> Option<&Outage> {
        self.unanswered.as_ref()
    }

    /// The last failure of the current outage.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.unanswered.as_ref()?.failure.as_ref()
    }

    /// A call is in flight or waits for a retry.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.open + self.pending_retries > 0
    }

    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.runs > 0
    }

    /// The last requested pause, which may be over.
    #[must_use]
    pub fn pause(&self) -> Option<&RequestedPause> {
        self.pause.as_ref()
    }
}

/// Outage state of one client.
#[derive(Debug, Default)]
pub(crate) struct OutageMonitor(Mutex<ServiceWait>);

/// Read access to the state, which does not keep the client alive.
#[derive(Debug, Clone)]
pub struct OutageView(pub(crate) Weak<OutageMonitor>);

impl OutageView {
    /// The current state, or `None` once the client is dropped.
    #[must_use]
    pub fn now(&self) -> Option<ServiceWait> {
        Some(self.0.upgrade()?.now())
    }
}

/// Held by a run that reports outages itself.
pub struct OutageReporter(pub(crate) Arc<OutageMonitor>);

impl OutageReporter {
    pub(crate) fn new(outage: &Arc<OutageMonitor>) -> Self {
        outage.state().runs += 1;
        Self(Arc::clone(outage))
    }
}

impl Drop for OutageReporter {
    fn drop(&mut self) {
        self.0.state().runs -= 1;
    }
}

/// A call that waits for a retry.
pub(crate) struct PendingRetry<'a>(&'a OutageMonitor);

impl Drop for PendingRetry<'_> {
    fn drop(&mut self) {
        self.0.state().pending_retries -= 1;
    }
}

/// A call in flight. Dropped without a result if it was cancelled.
pub(crate) struct OpenCall<'a> {
    outage: &'a OutageMonitor,
    is_counted: bool,
}

impl OutageMonitor {
    pub(crate) fn now(&self) -> ServiceWait {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, ServiceWait> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn retry_pending(&self) -> PendingRetry<'_> {
        self.state().pending_retries += 1;
        PendingRetry(self)
    }

    /// Records that a call is sent. Uploads, which may take long, only count once they fail.
    pub(crate) fn sent(&self, kind: CallKind, what: &str, now: Instant) -> OpenCall<'_> {
        let is_counted = kind != CallKind::Upload;
        if is_counted {
            let mut state = self.state();
            state.open += 1;
            state.unanswered.get_or_insert_with(|| Outage::begin(what, now));
        }
        OpenCall { outage: self, is_counted }
    }

    /// Records the end of the call `what`.
    pub(crate) fn ended(&self, what: &str, failed: Option<&Failure>, now: Instant) {
        let mut state = self.state();
        match failed {
            Some(failure) if circuit_breaker::is_host_failure(failure.kind) => {
                let begin = || Outage::begin(what, now);
                state.unanswered.get_or_insert_with(begin).failure = Some(failure.clone());
            }
            // Nothing was sent.
            Some(failure) if failure.status.is_none() => {}
            _ => {
                state.pause = None;
                if state.unanswered.is_some() {
                    let is_waiting = state.open > 0;
                    state.unanswered = is_waiting.then(|| Outage::begin(what, now));
                }
            }
        }
    }

    /// Ends the outage; no call may be in flight.
    pub(crate) fn answered(&self) {
        self.state().unanswered = None;
    }

    /// Records that calls wait until `until` because of `failure`.
    pub(crate) fn paused(&self, failure: &Failure, until: Instant) {
        self.state().pause = Some(RequestedPause { failure: failure.clone(), until });
    }
}

impl Outage {
    fn begin(what: &str, now: Instant) -> Self {
        Self { since: now, what: what.to_owned(), failure: None }
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if self.is_counted {
            let mut state = self.outage.state();
            state.open -= 1;
            if state.open == 0 && state.failure().is_none() {
                state.unanswered = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    fn broken() -> Failure {
        Failure::new(FailureKind::Unreachable, "a", "b")
    }

    fn since(outage: &OutageMonitor) -> Option<u64> {
        outage.now().unanswered().map(|unanswered| unanswered.since.0)
    }

    #[test]
    fn a_silence_begins_with_the_first_call_without_an_answer_and_any_answer_ends_it() {
        let outage = OutageMonitor::default();
        let first = outage.sent(CallKind::Poll, "first", Instant(1));
        let second = outage.sent(CallKind::Poll, "second", Instant(5));
        assert_eq!(since(&outage), Some(1));
        outage.ended("first", None, Instant(9));
        drop(first);
        assert_eq!(since(&outage), Some(9), "the second one is still open");
        outage.ended("second", Some(&broken()), Instant(12));
        drop(second);
        assert_eq!(since(&outage), Some(9), "a failure is no answer");
        assert!(outage.now().failure().is_some());
        let third = outage.sent(CallKind::Start, "third", Instant(20));
        let mut refusal = Failure::new(FailureKind::RateLimited, "a", "b");
        refusal.status = Some(429);
        outage.ended("third", Some(&refusal), Instant(21));
        drop(third);
        assert_eq!(since(&outage), None, "a refusal is an answer");
    }

    #[test]
    fn a_call_that_was_cut_and_an_upload_under_way_say_nothing() {
        let outage = OutageMonitor::default();
        drop(outage.sent(CallKind::Poll, "cut", Instant(1)));
        let upload = outage.sent(CallKind::Upload, "long", Instant(2));
        assert_eq!(since(&outage), None);
        outage.ended("long", Some(&broken()), Instant(7));
        drop(upload);
        assert_eq!(since(&outage), Some(7));
        let again = outage.sent(CallKind::Upload, "long", Instant(8));
        outage.ended("long", None, Instant(9));
        drop(again);
        assert_eq!(since(&outage), None, "nothing waits for an answer");
    }
}
