//! The order of work. First the inputs whose job an earlier run left in flight: it is paid for, and
//! occupies a slot until it is seen to end. Of the others the longest first, since a long job that
//! begins last is waited for alone. But not all short ones together at the end either, where the
//! rate of creates and starts would be the bottleneck, and where each start that is lost without an
//! answer keeps the batch waiting for `settle`: most are taken from the short end, as long as that
//! is much shorter. Slots that are free at first get long inputs, which need the fewest creates and
//! starts. But options that have not succeeded yet are tried on a short input, which is the fastest
//! and cheapest.

use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};

use crate::ledger::{AsyncLedger, BatchId, BatchInput, InputId, InputOrder};
use crate::model::Failure;

/// Inputs read from the ledger at a time.
const PAGE: u32 = 64;

/// Minimum ratio of the long end to the short end for taking from the short end.
const MIN_END_RATIO: i64 = 2;

/// Short inputs taken per long input.
const SHORT_IN_TURN: usize = 4;

/// Position in the queue: longest first, then by number.
type QueuePosition = (Reverse<i64>, i64);

/// The open inputs of a batch, each once, read from the ledger as needed.
#[derive(Debug)]
pub(crate) struct InputQueue {
    batch: BatchId,
    /// Inputs whose job an earlier run left in flight.
    in_flight: QueueEnd,
    taken_in_flight: HashSet<InputId>,
    long: QueueEnd,
    short: QueueEnd,
    /// The last input taken from the short end.
    taken_from_short: Option<QueuePosition>,
    /// Inputs still to take from the long end before the first from the short end.
    until_short: usize,
    /// Inputs taken from the short end in a row.
    short_in_turn: usize,
    /// Only inputs whose job was started are taken.
    only_started: bool,
}

/// One end of the queue.
#[derive(Debug)]
struct QueueEnd {
    order: InputOrder,
    read: VecDeque<BatchInput>,
    /// The last input that was read.
    reached: Option<(i64, InputId)>,
    at_end: bool,
}

impl InputQueue {
    /// The queue of a batch; the first `long_first` inputs come from the long end.
    pub(crate) fn new(batch: BatchId, long_first: usize) -> Self {
        Self {
            batch,
            in_flight: QueueEnd::new(InputOrder::InFlightLongestFirst),
            taken_in_flight: HashSet::new(),
            long: QueueEnd::new(InputOrder::LongestFirst),
            short: QueueEnd::new(InputOrder::ShortestFirst),
            taken_from_short: None,
            until_short: long_first,
            short_in_turn: 0,
            only_started: false,
        }
    }

    /// Restricts the queue to inputs whose job was started; some of them may be returned again.
    pub(crate) fn keep_to_started(&mut self) {
        if !self.only_started {
            *self = Self { only_started: true, ..Self::new(self.batch, usize::MAX) };
            self.long.order = InputOrder::StartedLongestFirst;
        }
    }

    /// The next input to run.
    pub(crate) async fn next(
        &mut self,
        ledger: &AsyncLedger,
    ) -> Result<Option<BatchInput>, Failure> {
        self.in_flight.fill(ledger, self.batch).await?;
        if let Some(input) = self.in_flight.read.pop_front() {
            self.taken_in_flight.insert(input.id);
            return Ok(Some(input));
        }
        loop {
            self.long.fill(ledger, self.batch).await?;
            if self.until_short == 0 {
                self.short.fill(ledger, self.batch).await?;
            }
            match self.pop() {
                Some(input) if self.taken_in_flight.contains(&input.id) => {}
                next => return Ok(next),
            }
        }
    }

    /// The next of the inputs that were read.
    fn pop(&mut self) -> Option<BatchInput> {
        let longest = self.long.read.front()?;
        if self.taken_from_short.is_some_and(|taken| queue_position(longest) >= taken) {
            // The inputs beyond were taken from the other end.
            return None;
        }
        let is_much_shorter = |shortest: &BatchInput| {
            shortest.duration_ms < longest.duration_ms / MIN_END_RATIO
                && queue_position(shortest) > queue_position(longest)
        };
        let is_due = self.until_short == 0;
        let from_short = is_due && self.short.read.front().is_some_and(is_much_shorter);
        if !from_short {
            self.until_short = self.until_short.saturating_sub(1);
            return self.long.read.pop_front();
        }
        self.short_in_turn += 1;
        if self.short_in_turn == SHORT_IN_TURN {
            (self.until_short, self.short_in_turn) = (1, 0);
        }
        let shortest = self.short.read.pop_front();
        self.taken_from_short = shortest.as_ref().map(queue_position);
        shortest
    }
}

impl QueueEnd {
    fn new(order: InputOrder) -> Self {
        Self { order, read: VecDeque::new(), reached: None, at_end: false }
    }

    /// Reads the next page, if none of the last one is left.
    async fn fill(&mut self, ledger: &AsyncLedger, batch: BatchId) -> Result<(), Failure> {
        if self.read.is_empty() && !self.at_end {
            let page = ledger.open_inputs(batch, self.order, self.reached, PAGE).await?;
            self.at_end = page.len() < PAGE as usize;
            self.extend(page);
        }
        Ok(())
    }

    fn extend(&mut self, page: Vec<BatchInput>) {
        self.reached = page.last().map(|input| (input.duration_ms, input.id)).or(self.reached);
        self.read.extend(page);
    }
}

fn queue_position(input: &BatchInput) -> QueuePosition {
    (Reverse(input.duration_ms), input.id.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::{batch, claimed, input as new_input, open, placed, reach};
    use crate::ledger::{AttemptStatus, InputState};

    fn input(id: i64, rank: i64) -> BatchInput {
        BatchInput {
            id: InputId(id),
            batch: BatchId(1),
            attempt: None,
            name: String::new(),
            target: None,
            state: InputState::Open,
            duration_ms: rank,
            output: None,
            done_at: None,
            failure: None,
        }
    }

    /// The order in which inputs of these ranks are taken.
    fn order(ranks: &[i64], long_first: usize) -> Vec<i64> {
        let mut inputs: Vec<BatchInput> =
            (1..).zip(ranks).map(|(id, rank)| input(id, *rank)).collect();
        inputs.sort_by_key(queue_position);
        let mut queue = InputQueue::new(BatchId(1), long_first);
        queue.long.extend(inputs.clone());
        inputs.reverse();
        queue.short.extend(inputs);
        let taken: Vec<BatchInput> = std::iter::from_fn(|| queue.pop()).collect();
        let mut ids: Vec<i64> = taken.iter().map(|input| input.id.0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (1..=i64::try_from(ranks.len()).unwrap()).collect::<Vec<_>>(), "each once");
        taken.iter().map(|input| input.duration_ms).collect()
    }

    #[test]
    fn longest_first_with_much_shorter_ones_in_between() {
        // (ranks, order)
        let table: [(&[i64], &[i64]); 7] = [
            (&[], &[]),
            (&[5], &[5]),
            (&[30, 100, 70, 50], &[100, 30, 70, 50]),
            (&[0, 0, 0], &[0, 0, 0]),
            (&[10, 100, 20, 90, 30, 80, 40, 70], &[100, 10, 20, 30, 40, 90, 80, 70]),
            (&[1, 2, 3, 4, 5, 6, 70, 80, 90], &[90, 1, 2, 3, 4, 80, 5, 6, 70]),
            (&[10, 12, 14, 16, 18], &[18, 16, 14, 12, 10]),
        ];
        for (ranks, expected) in table {
            assert_eq!(order(ranks, 1), expected, "{ranks:?}");
        }
    }

    #[test]
    fn places_are_filled_with_long_ones_first_and_new_options_are_tried_on_a_short_one() {
        let ranks = [10, 100, 20, 90, 30, 80, 40, 70];
        assert_eq!(order(&ranks, 0), [10, 20, 30, 40, 100, 90, 80, 70]);
        assert_eq!(order(&ranks, 3), [100, 90, 80, 10, 20, 30, 70, 40]);
        assert_eq!(order(&ranks, 99), [100, 90, 80, 70, 40, 30, 20, 10]);
    }

    /// Makespan of jobs of these durations, started in this order with at least `gap` between two starts
    /// and at most `slots` in flight.
    fn makespan(durations: &[i64], slots: usize, gap: i64) -> i64 {
        let mut ends = std::collections::BinaryHeap::new();
        let (mut next_start, mut last_end) = (0, 0);
        for duration in durations {
            let mut start = next_start;
            if ends.len() == slots
                && let Some(Reverse(free)) = ends.pop()
            {
                start = start.max(free);
            }
            ends.push(Reverse(start + duration));
            (next_start, last_end) = (start + gap, last_end.max(start + duration));
        }
        last_end
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of hours")]
    fn taking_from_both_ends_is_quicker_than_either_simpler_order() {
        // Sums of makespan / bound, over batches in which slots, rate or both are scarce.
        let (mut both_ends, mut longest_first, mut as_named) = (0.0, 0.0, 0.0);
        let mut random = fastrand::Rng::with_seed(1);
        for (inputs, slots) in [(12, 4), (60, 4), (60, 20), (300, 4), (300, 20), (1_000, 20)] {
            for spread in [2.0_f64, 5.0, 25.0] {
                let durations: Vec<i64> = (0..inputs)
                    .map(|_| (4_500.0 * spread.powf(random.f64() * 2.0 - 1.0)) as i64)
                    .collect();
                let sum: i64 = durations.iter().sum();
                for scarcity in [0.3, 0.8, 1.0, 1.3, 3.0] {
                    let per_slot = sum as f64 / slots as f64;
                    let gap = (per_slot * scarcity / f64::from(inputs)) as i64;
                    let bound = per_slot.max((gap * i64::from(inputs)) as f64);
                    let ratio = |order: &[i64]| makespan(order, slots, gap) as f64 / bound;
                    both_ends += ratio(&order(&durations, slots));
                    longest_first += ratio(&order(&durations, usize::MAX));
                    as_named += ratio(&durations);
                }
            }
        }
        println!("{both_ends:.1}, longest first {longest_first:.1}, as named {as_named:.1}");
        assert!(both_ends < longest_first * 0.96 && both_ends < as_named * 0.94);
    }

    #[test]
    fn alike_ones_keep_the_order_in_which_they_were_named() {
        let mut queue = InputQueue::new(BatchId(1), 1);
        queue.long.extend((1..=5).map(|id| input(id, 7)).collect());
        queue.short.extend((1..=5).rev().map(|id| input(id, 7)).collect());
        let ids: Vec<i64> = std::iter::from_fn(|| queue.pop()).map(|input| input.id.0).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5]);
    }

    #[tokio::test]
    async fn jobs_that_an_earlier_run_left_in_flight_come_first_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let (owner, batch) = (ledger.register_process("p").unwrap(), batch(&ledger));
        let inputs: Vec<InputId> = (0..200)
            .map(|n| {
                let new = new_input(&format!("k{n}"), &format!("/out/{n}"), &format!("c{n}"));
                let (input, attempt, _) = placed(&ledger, batch, new);
                let status = match n {
                    70 => AttemptStatus::Draft,
                    130 => AttemptStatus::Running,
                    199 => AttemptStatus::StartSent,
                    _ => return input,
                };
                reach(&ledger, &owner, &mut claimed(&ledger, &owner, attempt), status);
                input
            })
            .collect();
        let (ledger, mut queue) = (AsyncLedger::new(ledger), InputQueue::new(batch, 0));
        let mut taken = Vec::new();
        while let Some(input) = queue.next(&ledger).await.unwrap() {
            taken.push(input.id);
        }
        let others = (0..200).filter(|n| ![130, 199].contains(n));
        let expected: Vec<InputId> =
            [130, 199].into_iter().chain(others).map(|n| inputs[n]).collect();
        assert_eq!(taken, expected);
    }

    proptest::proptest! {
        #[test]
        fn each_is_taken_once(
            ranks in proptest::collection::vec(0_i64..200, 0..60),
            long_first in 0_usize..30,
        ) {
            order(&ranks, long_first);
        }
    }
}
