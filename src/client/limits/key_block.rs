//! Blocks of a key that only the user lifts: 402 blocks its starts; 401, and 403 of a submission,
//! block all its calls. They spare a thousand queued calls the same refusal.

use crate::model::FailureKind;
use crate::model::limits::KeyBlock;

/// The failure that blocks a call now; `starts` if the call would start a job.
pub(crate) fn blocked(block: KeyBlock, starts: bool) -> Option<FailureKind> {
    if block.unauthorized {
        Some(FailureKind::Unauthorized)
    } else if starts && block.no_credits {
        Some(FailureKind::InsufficientCredits)
    } else {
        None
    }
}

/// Records that a call was refused with `kind`.
pub(crate) fn failed(block: &mut KeyBlock, kind: FailureKind) {
    match kind {
        FailureKind::Unauthorized | FailureKind::Forbidden => block.unauthorized = true,
        FailureKind::InsufficientCredits => block.no_credits = true,
        _ => {}
    }
}

/// Lifts all blocks: the user resumes after a top-up, or with a working key.
pub(crate) fn release(block: &mut KeyBlock) {
    *block = KeyBlock::default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_stops_what_it_is_for_until_it_is_released() {
        use FailureKind as K;
        // (failure, blocks a start, blocks a poll)
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
