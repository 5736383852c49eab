//! Concurrency limit: the number of jobs in flight, and the attribution of refused starts to a
//! limit.
//!
//! A 429 does not say which limit was exceeded. A refused start is first attributed to the pace and
//! stored as unexplained. If a later start is accepted with at least as many other jobs in flight,
//! the pace was the limit. If another start is
//! refused with at least as many other jobs in flight, the window is the limit, and the cut of the
//! pace is undone. That start must have been sent [`LimitTuning::quiet`] after the first refusal:
//! until then the token bucket of the service may still be empty.
//!
//! A known window is probed for growth with one more job: first after one window of accepted
//! starts, then at exponentially growing intervals while the trial is refused. A trial waits until
//! earlier starts cannot have emptied a token bucket. While trials succeed, the step doubles.

use super::config::{LimitTuning, RateLimits};
use crate::model::Instant;
use crate::model::limits::{KeyLimits, Pace, UnexplainedRefusal, Window};

impl RateLimits {
    /// Maximum jobs in flight, by the learned window and the profile.
    #[must_use]
    pub fn in_flight(&self, known: &KeyLimits, now: Instant) -> u32 {
        limit(&known.jobs, &self.tuning, now).min(self.bounds.in_flight_max).max(1)
    }
}

/// The limit that a refused start exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetLimit {
    Window,
    /// The pace, as far as is known at this time.
    Pace,
    /// The start was sent before the last refusal was received, so it adds no information.
    AlreadyKnown,
}

/// Permitted jobs in flight, including a trial; [`u32::MAX`] until a refusal has shown a limit.
pub(crate) fn limit(window: &Window, tuning: &LimitTuning, now: Instant) -> u32 {
    if window.size == 0 {
        return u32::MAX;
    }
    let trial_due = window.trial_interval.saturating_mul(window.size);
    let was_quiet = window.accepted_at.is_none_or(|at| now.since(at) >= tuning.quiet);
    // Short jobs leave no quiet time; a doubled interval replaces it.
    let is_trial = window.accepted >= trial_due
        && (was_quiet || window.accepted >= trial_due.saturating_mul(2));
    window.size.saturating_add(if is_trial { window.trial_step } else { 0 })
}

/// Records an accepted start, sent at `sent` with `others` other jobs in flight.
pub(crate) fn on_accepted(window: &mut Window, others: u32, (sent, now): (Instant, Instant)) {
    window.accepted_at = Some(now);
    if let Some(refusal) = &window.unexplained
        && sent > refusal.at
        && others >= refusal.others
    {
        window.unexplained = None;
    }
    if window.size == 0 {
        return;
    }
    window.accepted = window.accepted.saturating_add(1);
    if others < window.size {
        return;
    }
    // Keeps the trial running while its starts are accepted.
    window.accepted = u32::MAX;
    window.size = others.saturating_add(1);
    window.trial_step = window.trial_step.saturating_mul(2).min(window.size);
}

/// Records a refused start, sent at `sent` with `others` other jobs in flight. `pace` is the pace
/// of submissions before any cut for this refusal.
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
            window.trial_interval.saturating_mul(2).clamp(1, tuning.patience_max)
        } else {
            1
        };
        set_window(window, window.size, interval);
        return MetLimit::Window;
    }
    match window.unexplained {
        Some(refusal) if sent <= refusal.at => MetLimit::AlreadyKnown,
        // The token bucket of the service may still be empty.
        Some(refusal) if others >= refusal.others && sent.since(refusal.at) < tuning.quiet => {
            MetLimit::Pace
        }
        Some(refusal) if others >= refusal.others => {
            set_window(window, refusal.others, 1);
            MetLimit::Window
        }
        _ => {
            let pace = *pace;
            window.unexplained = Some(UnexplainedRefusal { at: now, others, pace });
            MetLimit::Pace
        }
    }
}

fn set_window(window: &mut Window, size: u32, interval: u32) {
    window.size = size.max(1);
    window.trial_interval = interval;
    (window.accepted, window.trial_step) = (0, 1);
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

    /// A window learned from two refused starts with `size` other jobs in flight.
    fn known(size: u32) -> Window {
        let mut window = Window::default();
        assert_eq!(refuse(&mut window, size, 10), MetLimit::Pace);
        assert_eq!(refuse(&mut window, size, 12), MetLimit::Window);
        window
    }

    #[test]
    fn a_second_refusal_beside_as_many_jobs_is_the_window() {
        // (others at the first refusal, others of the starts accepted in between, others at the
        // second refusal, limit)
        let table: [(u32, &[u32], u32, MetLimit); 6] = [
            (8, &[], 8, MetLimit::Window),
            (8, &[7, 7, 7, 7], 9, MetLimit::Window),
            (8, &[7, 8], 8, MetLimit::Pace),
            (8, &[9], 8, MetLimit::Pace),
            (8, &[], 7, MetLimit::Pace),
            (0, &[], 0, MetLimit::Pace),
        ];
        for (first, accepted_beside, second, expected) in table {
            let mut window = Window::default();
            assert_eq!(refuse(&mut window, first, 10), MetLimit::Pace);
            for others in accepted_beside {
                on_accepted(&mut window, *others, (at(20), at(20)));
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
    fn a_bucket_that_is_still_empty_is_not_the_window() {
        // (known window, ms between two refusals with 3 other jobs, limit, window afterwards)
        let table = [
            (8, 999, MetLimit::Pace, 8),
            (8, 1_000, MetLimit::Window, 3),
            (0, 999, MetLimit::Pace, 0),
            (0, 1_000, MetLimit::Window, 3),
        ];
        for (size_before, ms, expected, size) in table {
            let mut window = if size_before == 0 { Window::default() } else { known(size_before) };
            assert_eq!(refuse(&mut window, 3, 60), MetLimit::Pace);
            let times = (Instant(60_000 + ms), Instant(60_000 + ms));
            let second = on_refused(&mut window, &LimitTuning::DEFAULT, 3, &Pace::default(), times);
            assert_eq!(second, expected);
            assert_eq!(window.size, size, "after {ms} ms");
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
            on_accepted(&mut window, 3, (now, now));
            starts += 1;
        }
        assert_eq!(trials[..6], [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_window_that_has_grown_is_found_in_doubling_steps() {
        let mut window = known(4);
        for second in 0..4 {
            on_accepted(&mut window, 3, (at(20 + second), at(20 + second)));
        }
        assert_eq!(
            limit(&window, &LimitTuning::DEFAULT, at(23)),
            4,
            "not right after other starts"
        );
        assert_eq!(limit(&window, &LimitTuning::DEFAULT, at(25)), 5);
        let mut sizes = Vec::new();
        for second in 0..3 {
            let now = at(30 + second * 3);
            let others = limit(&window, &LimitTuning::DEFAULT, now) - 1;
            on_accepted(&mut window, others, (now, now));
            sizes.push(window.size);
        }
        assert_eq!(sizes, [5, 7, 11]);
    }

    #[test]
    fn only_a_later_start_beside_as_many_jobs_explains_a_refusal() {
        let refused = at(5);
        for (sent, others, explains) in [
            (refused, 3, false),
            (Instant(refused.0 + 1), 2, false),
            (Instant(refused.0 + 1), 3, true),
        ] {
            let pace = Pace::default();
            let unexplained = Some(UnexplainedRefusal { at: refused, others: 3, pace });
            let mut window = Window { unexplained, ..Window::default() };
            on_accepted(&mut window, others, (sent, at(6)));
            assert_eq!(window.unexplained.is_none(), explains, "{sent:?} {others}");
        }
    }
}
