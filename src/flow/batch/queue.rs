//! The order of work. Longest first, since a long job that begins last is waited for alone. But not
//! all short ones together at the end either, where the rate of creates and starts would be the
//! bottleneck, and where each start that is lost without an answer keeps the batch waiting for
//! `settle`: most are taken from the short end, as long as that is much shorter. Slots that are
//! free at first get long inputs, which need the fewest creates and starts. But options that have
//! not succeeded yet are tried on a short input, which is the fastest and cheapest.

use std::cmp::Reverse;
use std::collections::VecDeque;

use crate::flow::context::Context;
use crate::ledger::{BatchId, BatchInput, InputId, InputOrder};
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
#[derive(Debug, Default)]
struct QueueEnd {
    read: VecDeque<BatchInput>,
    /// The last input that was read.
    reached: Option<(i64, InputId)>,
}

impl InputQueue {
    /// The queue of a batch; the first `long_first` inputs come from the long end.
    pub(crate) fn new(batch: BatchId, long_first: usize) -> Self {
        Self {
            batch,
            long: QueueEnd::default(),
            short: QueueEnd::default(),
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
        }
    }

    /// The next input to run.
    pub(crate) async fn next(&mut self, context: &Context) -> Result<Option<BatchInput>, Failure> {
        let batch = self.batch;
        if self.long.read.is_empty() {
            let after = self.long.reached;
            let order = if self.only_started {
                InputOrder::StartedLongestFirst
            } else {
                InputOrder::LongestFirst
            };
            self.long.extend(context.ledger.open_inputs(batch, order, after, PAGE).await?);
        }
        if self.until_short == 0 && self.short.read.is_empty() {
            let before = self.short.reached;
            let order = InputOrder::ShortestFirst;
            self.short.extend(context.ledger.open_inputs(batch, order, before, PAGE).await?);
        }
        Ok(self.pop())
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
    use crate::ledger::InputState;

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

    #[test]
    fn alike_ones_keep_the_order_in_which_they_were_named() {
        let mut queue = InputQueue::new(BatchId(1), 1);
        queue.long.extend((1..=5).map(|id| input(id, 7)).collect());
        queue.short.extend((1..=5).rev().map(|id| input(id, 7)).collect());
        let ids: Vec<i64> = std::iter::from_fn(|| queue.pop()).map(|input| input.id.0).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5]);
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
