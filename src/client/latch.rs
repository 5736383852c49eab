//! Stops that only the user releases: 402 stops all starts of a key, 401 everything that it sends.
//! Without them, a thousand queued calls would each learn the same by itself.

use crate::model::FailureKind;
use crate::model::limits::LatchState;

/// What stops a call now; `starts` says whether it would start a job.
#[must_use]
pub fn stopped(state: LatchState, starts: bool) -> Option<FailureKind> {
    if state.unauthorized {
        Some(FailureKind::Unauthorized)
    } else if starts && state.no_credits {
        Some(FailureKind::InsufficientCredits)
    } else {
        None
    }
}

/// Takes note of how a call failed.
pub fn failed(state: &mut LatchState, kind: FailureKind) {
    match kind {
        FailureKind::Unauthorized => state.unauthorized = true,
        FailureKind::InsufficientCredits => state.no_credits = true,
        _ => {}
    }
}

/// The user goes on, after a top-up or with a key that works.
pub fn release(state: &mut LatchState) {
    *state = LatchState::default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latches_stop_what_they_are_for_until_released() {
        use FailureKind as K;
        // (what failed, stops a start, stops a look)
        let table = [
            (None, None, None),
            (Some(K::RateLimited), None, None),
            (Some(K::Forbidden), None, None),
            (Some(K::InsufficientCredits), Some(K::InsufficientCredits), None),
            (Some(K::Unauthorized), Some(K::Unauthorized), Some(K::Unauthorized)),
        ];
        for (kind, start, look) in table {
            let mut state = LatchState::default();
            if let Some(kind) = kind {
                failed(&mut state, kind);
            }
            assert_eq!((stopped(state, true), stopped(state, false)), (start, look), "{kind:?}");
            release(&mut state);
            assert_eq!(stopped(state, true), None);
        }
    }
}
