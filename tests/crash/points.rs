//! The points at which a batch can be killed: listing them, and choosing some of them.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::tracer::Point;

/// The points that every one of some undisturbed runs had: of each call the least count.
pub(crate) fn common(runs: &[BTreeMap<Call, usize>]) -> BTreeMap<Call, usize> {
    let mut least = runs[0].clone();
    for run in runs {
        least.retain(|call, count| {
            *count = (*count).min(run.get(call).copied().unwrap_or(0));
            *count > 0
        });
    }
    least
}

/// All points of `counts`, or `most` of them: each call gets as many as any other, as long as it
/// has them, and they are spread evenly over the run, its first and its last among them.
pub(crate) fn chosen(counts: &BTreeMap<Call, usize>, most: Option<usize>) -> Vec<Point> {
    let all: usize = counts.values().sum();
    let mut shares: BTreeMap<Call, usize> = counts.keys().map(|call| (*call, 0)).collect();
    let mut left = most.unwrap_or(all).min(all);
    while left > 0 {
        for (call, share) in &mut shares {
            if left > 0 && *share < counts[call] {
                *share += 1;
                left -= 1;
            }
        }
    }
    shares
        .into_iter()
        .flat_map(|(call, share)| (0..share).map(move |n| (call, n, share)))
        .map(|(call, n, share)| Point { call, nth: nth(n, share, counts[call]) })
        .collect()
}

/// The n-th of `share` numbers spread over 1 to `count`.
fn nth(n: usize, share: usize, count: usize) -> usize {
    if share == 1 { count.div_ceil(2) } else { 1 + n * (count - 1) / (share - 1) }
}

#[test]
fn points_are_those_of_every_run() {
    let runs = [
        BTreeMap::from([("write", 9), ("link", 1), ("fsync", 4)]),
        BTreeMap::from([("write", 7), ("fsync", 5)]),
    ];
    assert_eq!(common(&runs), BTreeMap::from([("write", 7), ("fsync", 4)]));
}

#[test]
fn few_points_are_spread_over_calls_and_over_the_run() {
    let counts = BTreeMap::from([("fsync", 2), ("write", 100)]);
    let message =
        |most| chosen(&counts, most).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    assert_eq!(message(Some(5)), "fsync 1, fsync 2, write 1, write 50, write 100");
    assert_eq!(chosen(&counts, None).len(), 102);
    assert_eq!(chosen(&counts, None).last(), Some(&Point { call: "write", nth: 100 }));
}
