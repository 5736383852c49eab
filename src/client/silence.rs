//! How long the service has not answered, and to what. It is known once for all calls of a client:
//! a command that waits can say for what, and a run that waits too long can end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::limits::breaker;
use crate::model::limits::CallKind;
use crate::model::{Failure, Instant};

/// What a client waits for.
#[derive(Debug, Clone, Default)]
pub struct Silence {
    /// Calls that were sent and have no answer.
    open: usize,
    /// Calls that failed and wait to be sent again.
    repeating: usize,
    /// Runs that report it themselves.
    runs: usize,
    unanswered: Option<Unanswered>,
    pause: Option<Pause>,
}

/// A time without any answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Unanswered {
    /// Since when.
    pub since: Instant,
    /// The first call that was sent in it.
    pub what: String,
    /// How the last call failed; none while the first one is still open.
    pub failure: Option<Failure>,
}

/// A wait that the service asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pause {
    /// Why.
    pub failure: Failure,
    /// Until when.
    pub until: Instant,
}

impl Silence {
    /// The time without an answer, if that is now.
    #[must_use]
    pub fn unanswered(&self) -> Option<&Unanswered> {
        self.unanswered.as_ref()
    }

    /// How calls fail, while none is answered.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.unanswered.as_ref()?.failure.as_ref()
    }

    /// Whether a call is under way, or is about to be sent again.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        self.open + self.repeating > 0
    }

    /// Whether a run reports it.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.runs > 0
    }

    /// The pause that the service asked for last. It may be over.
    #[must_use]
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }
}

/// Keeps the silence of one client.
#[derive(Debug, Default)]
pub(super) struct Watched(Mutex<Silence>);

/// Looks at the silence of a client for as long as that exists.
#[derive(Debug, Clone)]
pub struct SilenceOf(pub(super) Weak<Watched>);

impl SilenceOf {
    /// The silence now; none once the client is gone.
    #[must_use]
    pub fn now(&self) -> Option<Silence> {
        Some(self.0.upgrade()?.now())
    }
}

/// A run that reports the silence of its client itself.
pub struct Reported(pub(super) Arc<Watched>);

impl Reported {
    pub(super) fn new(watched: &Arc<Watched>) -> Self {
        watched.state().runs += 1;
        Self(Arc::clone(watched))
    }
}

impl Drop for Reported {
    fn drop(&mut self) {
        self.0.state().runs -= 1;
    }
}

/// A call that waits to be sent again.
pub(super) struct Repeating<'a>(&'a Watched);

impl Drop for Repeating<'_> {
    fn drop(&mut self) {
        self.0.state().repeating -= 1;
    }
}

/// A call under way. When dropped without an answer, it was cut.
pub(super) struct Open<'a> {
    watched: &'a Watched,
    is_counted: bool,
}

impl Watched {
    pub(super) fn now(&self) -> Silence {
        self.state().clone()
    }

    fn state(&self) -> MutexGuard<'_, Silence> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call waits to be sent again.
    pub(super) fn repeating(&self) -> Repeating<'_> {
        self.state().repeating += 1;
        Repeating(self)
    }

    /// A call is sent. Uploads take as long as they take, and are not counted until they fail.
    pub(super) fn sent(&self, kind: CallKind, what: &str, now: Instant) -> Open<'_> {
        let is_counted = kind != CallKind::Upload;
        if is_counted {
            let mut silence = self.state();
            silence.open += 1;
            silence.unanswered.get_or_insert_with(|| Unanswered::begin(what, now));
        }
        Open { watched: self, is_counted }
    }

    /// The call `what` ended at `now`, well or not.
    pub(super) fn ended(&self, what: &str, failed: Option<&Failure>, now: Instant) {
        let mut silence = self.state();
        match failed {
            Some(failure) if breaker::counts(failure.kind) => {
                let begin = || Unanswered::begin(what, now);
                silence.unanswered.get_or_insert_with(begin).failure = Some(failure.clone());
            }
            // Nothing was sent.
            Some(failure) if failure.status.is_none() => {}
            _ => {
                silence.pause = None;
                if let Some(unanswered) = &mut silence.unanswered {
                    *unanswered = Unanswered::begin(what, now);
                }
            }
        }
    }

    /// Calls wait until `until`, because of `failure`.
    pub(super) fn paused(&self, failure: &Failure, until: Instant) {
        self.state().pause = Some(Pause { failure: failure.clone(), until });
    }
}

impl Unanswered {
    fn begin(what: &str, now: Instant) -> Self {
        Self { since: now, what: what.to_owned(), failure: None }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.is_counted {
            let mut silence = self.watched.state();
            silence.open -= 1;
            if silence.open == 0 && silence.failure().is_none() {
                silence.unanswered = None;
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

    fn since(watched: &Watched) -> Option<u64> {
        watched.now().unanswered().map(|unanswered| unanswered.since.0)
    }

    #[test]
    fn a_silence_begins_with_the_first_call_without_an_answer_and_any_answer_ends_it() {
        let watched = Watched::default();
        let first = watched.sent(CallKind::Poll, "first", Instant(1));
        let second = watched.sent(CallKind::Poll, "second", Instant(5));
        assert_eq!(since(&watched), Some(1));
        watched.ended("first", None, Instant(9));
        drop(first);
        assert_eq!(since(&watched), Some(9), "the second one is still open");
        watched.ended("second", Some(&broken()), Instant(12));
        drop(second);
        assert_eq!(since(&watched), Some(9), "a failure is no answer");
        assert!(watched.now().failure().is_some());
        let third = watched.sent(CallKind::Start, "third", Instant(20));
        let mut refusal = Failure::new(FailureKind::RateLimited, "a", "b");
        refusal.status = Some(429);
        watched.ended("third", Some(&refusal), Instant(21));
        drop(third);
        assert_eq!(since(&watched), None, "a refusal is an answer");
    }

    #[test]
    fn a_call_that_was_cut_and_an_upload_under_way_say_nothing() {
        let watched = Watched::default();
        drop(watched.sent(CallKind::Poll, "cut", Instant(1)));
        let upload = watched.sent(CallKind::Upload, "long", Instant(2));
        assert_eq!(since(&watched), None);
        watched.ended("long", Some(&broken()), Instant(7));
        drop(upload);
        assert_eq!(since(&watched), Some(7));
    }
}
