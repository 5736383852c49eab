//! Calls and refusals of the last hour, for display only: no decision depends on them.

use std::time::Duration;

use crate::model::Instant;
use crate::model::limits::{CallKind, RequestCount};

const HOUR: Duration = Duration::from_hours(1);
/// Length of the time buckets in which calls are counted.
const BUCKET_LENGTH: Duration = Duration::from_mins(5);

/// Counts a call that has ended.
pub(crate) fn count(counts: &mut Vec<RequestCount>, kind: CallKind, refused: bool, now: Instant) {
    counts.retain(|bucket| bucket.began <= now && now.since(bucket.began) < HOUR);
    let current = counts.pop_if(|last| now.since(last.began) < BUCKET_LENGTH);
    let mut bucket = current.unwrap_or(RequestCount { began: now, calls: 0, refused: [0; 2] });
    bucket.calls = bucket.calls.saturating_add(1);
    let refusals = &mut bucket.refused[usize::from(!kind.submits())];
    *refusals = refusals.saturating_add(u32::from(refused));
    counts.push(bucket);
}

/// Calls in the last hour, and refusals (429) as `[submissions, polls]`.
pub(crate) fn last_hour(counts: &[RequestCount], now: Instant) -> (u32, [u32; 2]) {
    let recent = counts.iter().filter(|bucket| now.since(bucket.began) < HOUR);
    recent.fold((0, [0; 2]), |(calls, refused), bucket| {
        let sum = |of: usize| u32::saturating_add(refused[of], bucket.refused[of]);
        (u32::saturating_add(calls, bucket.calls), [sum(0), sum(1)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_counted_and_no_more_is_kept() {
        let mut counts = Vec::new();
        for minute in 0..180 {
            let now = Instant(minute * 60_000);
            count(&mut counts, CallKind::Create, false, now);
            count(&mut counts, CallKind::Poll, minute % 10 == 0, now);
        }
        let (calls, refused) = last_hour(&counts, Instant(179 * 60_000));
        assert!((110..=120).contains(&calls), "{calls}");
        assert_eq!(refused, [0, 6]);
        assert!(counts.len() <= 12);
        assert_eq!(last_hour(&counts, Instant(500 * 60_000)), (0, [0; 2]));
    }

    #[test]
    fn a_clock_that_was_set_back_forgets_what_lies_ahead() {
        let mut counts =
            vec![RequestCount { began: Instant(9_000_000), calls: 5, refused: [5; 2] }];
        count(&mut counts, CallKind::Upload, true, Instant(1_000));
        assert_eq!(last_hour(&counts, Instant(1_000)), (1, [1, 0]));
    }

    #[test]
    fn a_bucket_ends_after_five_minutes_and_is_forgotten_after_an_hour() {
        let counted = |times: &[u64]| {
            let mut counts = Vec::new();
            for at in times {
                count(&mut counts, CallKind::Start, true, Instant(*at));
            }
            counts.iter().map(|bucket| bucket.calls).collect::<Vec<u32>>()
        };
        assert_eq!(counted(&[0, 299_999]), [2]);
        assert_eq!(counted(&[0, 300_000]), [1, 1]);
        assert_eq!(counted(&[0, 3_599_999]), [1, 1]);
        assert_eq!(counted(&[0, 3_600_000]), [1]);
        let full = RequestCount { began: Instant(0), calls: u32::MAX, refused: [u32::MAX; 2] };
        assert_eq!(last_hour(&[full, full], Instant(0)), (u32::MAX, [u32::MAX; 2]), "odd rows");
        assert_eq!(last_hour(&[full], Instant(3_599_999)).0, u32::MAX);
        assert_eq!(last_hour(&[full], Instant(3_600_000)).0, 0);
    }
}
