//! Counting calls and refusals of the last hour, for people: nothing is decided by it.

use std::time::Duration;

use crate::model::Instant;
use crate::model::limits::{CallKind, RequestCount};

/// How far back is counted.
const HOUR: Duration = Duration::from_hours(1);
/// Calls within this time are counted together.
const TOGETHER: Duration = Duration::from_mins(5);

/// Counts a call that has just ended.
pub(crate) fn count(tallies: &mut Vec<RequestCount>, kind: CallKind, refused: bool, now: Instant) {
    tallies.retain(|tally| tally.began <= now && now.since(tally.began) < HOUR);
    let going_on = tallies.pop_if(|last| now.since(last.began) < TOGETHER);
    let mut tally = going_on.unwrap_or(RequestCount { began: now, calls: 0, refused: [0; 2] });
    tally.calls = tally.calls.saturating_add(1);
    let refusals = &mut tally.refused[usize::from(!kind.submits())];
    *refusals = refusals.saturating_add(u32::from(refused));
    tallies.push(tally);
}

/// Calls in the last hour, and refusals of submissions and of polls.
pub(crate) fn last_hour(tallies: &[RequestCount], now: Instant) -> (u32, [u32; 2]) {
    let recent = tallies.iter().filter(|tally| now.since(tally.began) < HOUR);
    recent.fold((0, [0; 2]), |(calls, refused), tally| {
        let sum = |of: usize| refused[of] + tally.refused[of];
        (calls + tally.calls, [sum(0), sum(1)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_counted_and_no_more_is_kept() {
        let mut tallies = Vec::new();
        for minute in 0..180 {
            let now = Instant(minute * 60_000);
            count(&mut tallies, CallKind::Create, false, now);
            count(&mut tallies, CallKind::Poll, minute % 10 == 0, now);
        }
        let (calls, refused) = last_hour(&tallies, Instant(179 * 60_000));
        assert!((110..=120).contains(&calls), "{calls}");
        assert_eq!(refused, [0, 6]);
        assert!(tallies.len() <= 12);
        assert_eq!(last_hour(&tallies, Instant(500 * 60_000)), (0, [0; 2]));
    }

    #[test]
    fn a_clock_that_was_set_back_forgets_what_lies_ahead() {
        let mut tallies =
            vec![RequestCount { began: Instant(9_000_000), calls: 5, refused: [5; 2] }];
        count(&mut tallies, CallKind::Upload, true, Instant(1_000));
        assert_eq!(last_hour(&tallies, Instant(1_000)), (1, [1, 0]));
    }
}
