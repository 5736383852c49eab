//! Stops that only the user releases: 402 stops all starts of a key, 401, and 403 of a submission, everything
//! that it sends. Without them, a thousand queued calls would each learn the same by itself.

use crate::model::FailureKind;
use crate::model::limits::KeyBlock;

/// What blocks a call now; `starts` says whether it would start a job.
pub(crate) fn blocked(block: KeyBlock, starts: bool) -> Option<FailureKind> {
    if block.unauthorized {
        Some(FailureKind::Unauthorized)
    } else if starts && block.no_credits {
        Some(FailureKind::InsufficientCredits)
    } else {
        None
    }
}

/// A call of the key was refused for this reason.
pub(crate) fn failed(block: &mut KeyBlock, kind: FailureKind) {
    match kind {
        FailureKind::Unauthorized | FailureKind::Forbidden => block.unauthorized = true,
        FailureKind::InsufficientCredits => block.no_credits = true,
        _ => {}
    }
}

/// The user resumes, after a top-up or with a key that works.
pub(crate) fn release(block: &mut KeyBlock) {
    *block = KeyBlock::default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_stops_what_it_is_for_until_it_is_released() {
        use FailureKind as K;
        // (what failed, stops a start, stops a poll)
        let table = [
            (None, None, None),
            (Some(K::RateLimited), None, None),
            (Some(K::InsufficientCredits), Some(K::InsufficientCredits), None),
            (Some(K::Unauthorized), Some(K::Unauthorized), Some(K::Unauthorized)),
            (Some(K::Forbidden), Some(K::Unauthorized), Some(K::Unauthorized)),
        ];
        for (kind, start, poll) in table {
            let mut block = KeyBlock::default();
            if let Some(kind) = kind {
                failed(&mut block, kind);
            }
            assert_eq!((blocked(block, true), blocked(block, false)), (start, poll), "{kind:?}");
            release(&mut block);
            assert_eq!(blocked(block, true), None);
        }
    }
}
