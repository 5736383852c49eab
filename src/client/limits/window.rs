//! How many jobs may be in flight, and which limit a refused start has met.
//!
//! A 429 does not say what was exceeded. A refused start is first put down to the pace, and
//! *suspected* of having met the window: what happens next decides. If a few starts are accepted
//! beside as many jobs, it was the pace. If another start, sent after the refusal was known, is
//! refused beside as many, it was the window, and the pace gets back what it lost. A window that was
//! known before is only made smaller by a start that was sent some time after the first refusal: until
//! then the bucket may still be empty.
//!
//! A window that is known is tried with one job more: after one window of accepted starts at first,
//! ever more seldom while that is refused. A trial waits until the starts before it cannot have
//! emptied a bucket. An accepted start may have taken the place of a job whose end was not seen yet,
//! so it takes a few of them to believe in a larger window; then it grows in doubling steps.

use super::config::{LimitTuning, RateLimits};
use crate::model::Instant;
use crate::model::limits::{KeyLimits, Pace, UnexplainedRefusal, Window};

impl RateLimits {
    /// How many jobs may be in flight by what is known of a key.
    #[must_use]
    pub fn in_flight(&self, known: &KeyLimits, now: Instant) -> u32 {
        limit(&known.jobs, &self.tuning, now).min(self.in_flight_max).max(1)
    }
}

/// Which limit a refused start has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetLimit {
    /// The window.
    Window,
    /// The pace, as far as is known now.
    Pace,
    /// It was sent before the last refusal was known and tells nothing new.
    AlreadyKnown,
}

/// Jobs that may be in flight; [`u32::MAX`] before a refusal has shown a limit.
pub(crate) fn limit(window: &Window, tuning: &LimitTuning, now: Instant) -> u32 {
    if window.size == 0 {
        return u32::MAX;
    }
    let trial_due = window.trial_interval.saturating_mul(window.size);
    let was_quiet = window.accepted_at.is_none_or(|at| now.since(at) >= tuning.quiet);
    // Where jobs are so short that there is no quiet, interval is all there is.
    let is_trial = window.accepted >= trial_due
        && (was_quiet || window.accepted >= trial_due.saturating_mul(2));
    window.size.saturating_add(if is_trial { window.trial_step } else { 0 })
}

/// A start that was sent at `sent` beside `others` jobs in flight was accepted.
pub(crate) fn on_accepted(
    window: &mut Window,
    tuning: &LimitTuning,
    others: u32,
    (sent, now): (Instant, Instant),
) {
    window.accepted_at = Some(now);
    if let Some(refusal) = &mut window.unexplained
        && sent > refusal.at
        && others >= refusal.others
    {
        refusal.accepted += 1;
        if refusal.accepted >= tuning.proofs {
            window.unexplained = None;
        }
    }
    if window.size == 0 {
        return;
    }
    window.accepted = window.accepted.saturating_add(1);
    if others < window.size {
        return;
    }
    window.trial_accepted += 1;
    // The trial goes on while it is accepted.
    window.accepted = u32::MAX;
    if window.trial_accepted >= tuning.proofs {
        window.size = others.saturating_add(1);
        window.trial_step = window.trial_step.saturating_mul(2).min(window.size);
        window.trial_accepted = 0;
    }
}

/// A start that was sent at `sent` beside `others` jobs in flight was refused. `pace` is what the
/// submissions' pace is before it is cut for that.
pub(crate) fn on_refused(
    window: &mut Window,
    tuning: &LimitTuning,
    others: u32,
    pace: &Pace,
    (sent, now): (Instant, Instant),
) -> MetLimit {
    if others == 0 {
        return MetLimit::Pace;
    }
    if window.size > 0 && others >= window.size {
        let is_trial_of_one = others == window.size;
        let interval = if is_trial_of_one {
            (window.trial_interval * 2).clamp(1, tuning.patience_max)
        } else {
            1
        };
        set_size(window, window.size, interval);
        return MetLimit::Window;
    }
    match window.unexplained {
        Some(refusal) if sent <= refusal.at => MetLimit::AlreadyKnown,
        // The bucket may still be empty.
        Some(refusal)
            if others >= refusal.others
                && window.size > 0
                && sent.since(refusal.at) < tuning.quiet =>
        {
            MetLimit::Pace
        }
        Some(refusal) if others >= refusal.others => {
            set_size(window, refusal.others, 1);
            MetLimit::Window
        }
        _ => {
            let pace = *pace;
            window.unexplained = Some(UnexplainedRefusal { at: now, others, accepted: 0, pace });
            MetLimit::Pace
        }
    }
}

fn set_size(window: &mut Window, size: u32, interval: u32) {
    window.size = size.max(1);
    window.trial_interval = interval;
    (window.accepted, window.trial_accepted, window.trial_step) = (0, 0, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000)
    }

    fn refuse(window: &mut Window, others: u32, seconds: u64) -> MetLimit {
        on_refused(
            window,
            &LimitTuning::DEFAULT,
            others,
            &Pace::default(),
            (at(seconds), at(seconds)),
        )
    }

    /// A window that was met twice beside `size` jobs.
    fn known(size: u32) -> Window {
        let mut window = Window::default();
        assert_eq!(refuse(&mut window, size, 10), MetLimit::Pace);
        assert_eq!(refuse(&mut window, size, 11), MetLimit::Window);
        window
    }

    #[test]
    fn a_second_refusal_beside_as_many_jobs_is_the_window() {
        // (others at the first refusal, starts accepted beside, others at the second, what is met)
        let table: [(u32, &[u32], u32, MetLimit); 6] = [
            (8, &[], 8, MetLimit::Window),
            (8, &[7, 7, 7, 7], 9, MetLimit::Window),
            (8, &[8, 8], 8, MetLimit::Window),
            (8, &[8, 9, 8], 8, MetLimit::Pace),
            (8, &[], 7, MetLimit::Pace),
            (0, &[], 0, MetLimit::Pace),
        ];
        for (first, accepted_beside, second, expected) in table {
            let mut window = Window::default();
            assert_eq!(refuse(&mut window, first, 10), MetLimit::Pace);
            for others in accepted_beside {
                on_accepted(&mut window, &LimitTuning::DEFAULT, *others, (at(20), at(20)));
            }
            assert_eq!(refuse(&mut window, second, 30), expected, "{first} {second}");
            let learned = if expected == MetLimit::Window { first } else { 0 };
            assert_eq!(window.size, learned, "{first} {second}");
        }
        let mut window = Window::default();
        refuse(&mut window, 8, 10);
        let late =
            on_refused(&mut window, &LimitTuning::DEFAULT, 9, &Pace::default(), (at(9), at(12)));
        assert_eq!(late, MetLimit::AlreadyKnown, "it was sent before the first was known");
    }

    #[test]
    fn a_known_window_is_not_made_smaller_by_a_bucket_that_is_still_empty() {
        // (seconds between two refusals beside 3 jobs, what is met, size of the window afterwards)
        for (seconds, expected, size) in [(1, MetLimit::Pace, 8), (2, MetLimit::Window, 3)] {
            let mut window = known(8);
            assert_eq!(refuse(&mut window, 3, 60), MetLimit::Pace);
            assert_eq!(refuse(&mut window, 3, 60 + seconds), expected);
            assert_eq!(window.size, size, "after {seconds} s");
        }
    }

    #[test]
    fn a_larger_window_is_tried_ever_more_seldom() {
        let mut window = known(4);
        let mut trials = Vec::new();
        let mut starts = 0;
        for second in 0..2_000 {
            let now = at(100 + second * 3);
            if limit(&window, &LimitTuning::DEFAULT, now) > 4 {
                trials.push(starts);
                refuse(&mut window, 4, 100 + second * 3);
                starts = 0;
            }
            on_accepted(&mut window, &LimitTuning::DEFAULT, 3, (now, now));
            starts += 1;
        }
        assert_eq!(trials[..6], [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_window_that_has_risen_is_believed_after_three_starts_and_then_soon() {
        let mut window = known(4);
        for second in 0..4 {
            on_accepted(&mut window, &LimitTuning::DEFAULT, 3, (at(20 + second), at(20 + second)));
        }
        assert_eq!(
            limit(&window, &LimitTuning::DEFAULT, at(23)),
            4,
            "not right after other starts"
        );
        assert_eq!(limit(&window, &LimitTuning::DEFAULT, at(25)), 5);
        let mut sizes = Vec::new();
        for second in 0..9 {
            let now = at(30 + second * 3);
            let others = limit(&window, &LimitTuning::DEFAULT, now) - 1;
            on_accepted(&mut window, &LimitTuning::DEFAULT, others, (now, now));
            sizes.push(window.size);
        }
        assert_eq!(sizes, [4, 4, 5, 5, 5, 7, 7, 7, 11]);
    }
}
