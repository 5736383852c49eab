//! Counting calls and refusals of the last hour, for people: nothing is decided by it.

use std::time::Duration;

use crate::model::Instant;
use crate::model::limits::{Lane, Tally};

/// How far back is counted.
const HOUR: Duration = Duration::from_hours(1);
/// Calls within this time are counted together.
const TOGETHER: Duration = Duration::from_mins(5);

/// Counts a call of `lane` that has just ended.
pub(super) fn count(tallies: &mut Vec<Tally>, lane: Lane, refused: bool, now: Instant) {
    tallies.retain(|tally| tally.began <= now && now.since(tally.began) < HOUR);
    let going_on = tallies.pop_if(|last| now.since(last.began) < TOGETHER);
    let mut tally = going_on.unwrap_or(Tally { began: now, calls: 0, refused: [0; 3] });
    tally.calls = tally.calls.saturating_add(1);
    tally.refused[lane as usize] = tally.refused[lane as usize].saturating_add(u32::from(refused));
    tallies.push(tally);
}

/// Calls, and refusals of each lane, in the last hour.
pub(super) fn last_hour(tallies: &[Tally], now: Instant) -> (u32, [u32; 3]) {
    let recent = tallies.iter().filter(|tally| now.since(tally.began) < HOUR);
    recent.fold((0, [0; 3]), |(calls, refused), tally| {
        let sum = |lane: usize| refused[lane] + tally.refused[lane];
        (calls + tally.calls, [sum(0), sum(1), sum(2)])
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
            count(&mut tallies, Lane::Control, false, now);
            count(&mut tallies, Lane::Poll, minute % 10 == 0, now);
        }
        let (calls, refused) = last_hour(&tallies, Instant(179 * 60_000));
        assert!((110..=120).contains(&calls), "{calls}");
        assert_eq!(refused, [0, 6, 0]);
        assert!(tallies.len() <= 12);
        assert_eq!(last_hour(&tallies, Instant(500 * 60_000)), (0, [0; 3]));
    }

    #[test]
    fn a_clock_that_was_set_back_forgets_what_lies_ahead() {
        let mut tallies = vec![Tally { began: Instant(9_000_000), calls: 5, refused: [5; 3] }];
        count(&mut tallies, Lane::Transfer, true, Instant(1_000));
        assert_eq!(last_hour(&tallies, Instant(1_000)), (1, [0, 0, 1]));
    }
}
