//! Timeline and histogram of a batch, as SVG with text alternatives.

use std::fmt::Write as _;
use std::time::Duration;

use maud::{Markup, html};

use super::data::{Histogram, Timeline};
use crate::model::Timestamp;
use crate::output::formats::amounts;

/// Size of the charts in their own units. They are shown side by side, two to one.
const WIDTH: f64 = 800.0;
const NARROW_WIDTH: f64 = 390.0;
const HEIGHT: f64 = 226.0;
/// Space for the labels of the vertical axis.
const LEFT: f64 = 52.0;
const RIGHT: f64 = WIDTH - 8.0;
const NARROW_RIGHT: f64 = NARROW_WIDTH - 8.0;
/// Baseline of the labels of the horizontal axis.
const LABELS: f64 = 222.0;

/// Top and bottom of the counts of jobs, of the jobs in progress, and of the marks of refusals.
const COUNTS: (f64, f64) = (14.0, 104.0);
const ACTIVE: (f64, f64) = (124.0, 194.0);
const MARKS: (f64, f64) = (198.0, 206.0);

/// Points of a line: more are not visible.
const COLUMNS: i64 = 370;

const BARS: (f64, f64) = (14.0, 202.0);
const MAX_BARS: u64 = 24;

/// `None` if no job was submitted in the batch.
pub(crate) fn timeline(timeline: &Timeline) -> Option<Markup> {
    if timeline.submitted.is_empty() {
        return None;
    }
    let submitted = columns(timeline, |at| count_until(&timeline.submitted, at));
    let finished = columns(timeline, |at| count_until(&timeline.finished, at));
    let (mut starts, mut ends): (Vec<i64>, Vec<i64>) = timeline.processing.iter().copied().unzip();
    starts.sort_unstable();
    ends.sort_unstable();
    let active =
        columns(timeline, |at| count_until(&starts, at).saturating_sub(count_until(&ends, at)));
    let total = timeline.submitted.len().max(timeline.finished.len());
    let most = most_at_once(&timeline.processing);
    let refusals = marks(timeline);
    Some(html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-labelledby="timeline-title timeline-text" {
            title id="timeline-title" { "Timeline of the batch" }
            desc id="timeline-text" { (timeline_text(timeline, most as u64)) }
            @for (from, to) in &timeline.pauses {
                rect .pause x=(point(across(timeline, *from))) y=(point(COUNTS.0))
                    width=(point((across(timeline, *to) - across(timeline, *from)).max(1.0)))
                    height=(point(ACTIVE.1 - COUNTS.0)) {}
            }
            (axis(COUNTS, RIGHT, total as u64)) (axis(ACTIVE, RIGHT, most as u64))
            polyline .submitted points=(line(&submitted, total, COUNTS)) {}
            polyline .finished points=(line(&finished, total, COUNTS)) {}
            polygon .active points=(area(&active, most, ACTIVE)) {}
            @for column in refusals {
                rect .refusal x=(point(column)) y=(point(MARKS.0)) width="2"
                    height=(point(MARKS.1 - MARKS.0)) {}
            }
            text x=(point(LEFT)) y=(point(LABELS)) { (amounts::time(Timestamp(timeline.from))) }
            text .end x=(point(RIGHT)) y=(point(LABELS)) { (amounts::time(Timestamp(timeline.to))) }
        }
    })
}

/// The chart in words.
pub(crate) fn timeline_text(timeline: &Timeline, most_active: u64) -> String {
    let took = |from: i64, to: i64| amounts::duration(milliseconds(from, to));
    let mut text = amounts::counted(timeline.submitted.len() as u64, "job", "jobs");
    text.push_str(" submitted");
    if let (Some(first), Some(last)) = (timeline.submitted.first(), timeline.submitted.last())
        && last > first
    {
        // Writing to a `String` cannot fail.
        let _ = write!(text, " within {}", took(*first, *last));
    }
    let finished = amounts::count(timeline.finished.len() as u64);
    let refusals =
        amounts::counted(timeline.refusals.len() as u64, "refused call", "refused calls");
    let _ = write!(
        text,
        ", {finished} finished; at most {} in progress at once; {refusals}; ",
        amounts::count(most_active)
    );
    match timeline.pauses.len() {
        0 => text.push_str("no pause"),
        pauses => {
            let all: Duration =
                timeline.pauses.iter().map(|(from, to)| milliseconds(*from, *to)).sum();
            let pauses = amounts::counted(pauses as u64, "pause", "pauses");
            let _ = write!(text, "{pauses} of {} in all", amounts::duration(all));
        }
    }
    let _ = write!(text, ". The batch took {}.", took(timeline.from, timeline.to));
    text
}

fn milliseconds(from: i64, to: i64) -> Duration {
    Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or(0))
}

/// Number of times not after `at`.
fn count_until(times: &[i64], at: i64) -> usize {
    times.partition_point(|time| *time <= at)
}

/// Position of a time on the horizontal axis of the timeline.
fn across(timeline: &Timeline, at: i64) -> f64 {
    let span = (timeline.to - timeline.from).max(1) as f64;
    LEFT + (RIGHT - LEFT) * ((at - timeline.from) as f64 / span).clamp(0.0, 1.0)
}

/// The value at the end of each column.
fn columns(timeline: &Timeline, value: impl Fn(i64) -> usize) -> Vec<usize> {
    let span = timeline.to - timeline.from;
    // In two parts, because `span * column` may overflow.
    let elapsed = |column: i64| span / COLUMNS * column + span % COLUMNS * column / COLUMNS;
    (0..=COLUMNS).map(|column| value(timeline.from + elapsed(column))).collect()
}

/// Highest number of intervals that overlap.
pub(crate) fn most_at_once(intervals: &[(i64, i64)]) -> usize {
    let mut changes: Vec<(i64, i64)> =
        intervals.iter().flat_map(|(from, to)| [(*from, 1), (*to, -1)]).collect();
    // Ends sort before starts at the same time.
    changes.sort_unstable();
    let (mut now, mut most) = (0_usize, 0_usize);
    for (_, change) in changes {
        now = if change > 0 { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// Positions of the marks of refusals; marks that would overlap are one.
fn marks(timeline: &Timeline) -> Vec<f64> {
    let mut marks: Vec<f64> = Vec::new();
    for at in &timeline.refusals {
        let at = across(timeline, *at);
        if marks.last().is_none_or(|last| at - last >= 3.0) {
            marks.push(at);
        }
    }
    marks
}

fn axis((top, bottom): (f64, f64), right: f64, most: u64) -> Markup {
    html! {
        line .axis x1=(point(LEFT)) x2=(point(right)) y1=(point(bottom)) y2=(point(bottom)) {}
        text .end x=(point(LEFT - 6.0)) y=(point(top + 8.0)) { (amounts::count(most)) }
        text .end x=(point(LEFT - 6.0)) y=(point(bottom)) { "0" }
    }
}

fn point(at: f64) -> String {
    format!("{at:.1}")
}

fn height(value: usize, most: usize, (top, bottom): (f64, f64)) -> f64 {
    bottom - (bottom - top) * value as f64 / most.max(1) as f64
}

/// Points of a line of steps; equal values in a row are left out.
fn line(values: &[usize], most: usize, rows: (f64, f64)) -> String {
    let mut points = String::new();
    for (column, value) in values.iter().enumerate() {
        let is_last = column + 1 == values.len();
        let is_flat =
            column > 0 && values[column - 1] == *value && values.get(column + 1) == Some(value);
        if is_last || !is_flat {
            let across = LEFT + (RIGHT - LEFT) * column as f64 / COLUMNS as f64;
            let _ = write!(points, "{across:.1},{:.1} ", height(*value, most, rows));
        }
    }
    points
}

fn area(values: &[usize], most: usize, rows: (f64, f64)) -> String {
    format!("{LEFT},{} {}{RIGHT},{}", rows.1, line(values, most, rows), rows.1)
}

/// `None` with fewer than two jobs.
pub(crate) fn histogram(times: &Histogram) -> Option<Markup> {
    let (bars, width) = bars(times)?;
    let most = bars.iter().copied().max()?;
    let across = (NARROW_RIGHT - LEFT) / bars.len() as f64;
    let end = width.saturating_mul(bars.len() as u64);
    Some(html! {
        svg viewBox=(format!("0 0 {NARROW_WIDTH} {HEIGHT}")) role="img"
            aria-labelledby="histogram-title histogram-text" {
            title id="histogram-title" { "Job times" }
            desc id="histogram-text" { (histogram_text(times)) }
            (axis(BARS, NARROW_RIGHT, most as u64))
            @for (number, jobs) in bars.iter().enumerate() {
                @let top = height(*jobs, most, BARS);
                rect .bar x=(point(LEFT + across * number as f64 + 1.0)) y=(point(top))
                    width=(point((across - 2.0).max(1.0))) height=(point(BARS.1 - top)) {
                    title { (bar_text(number as u64, width, *jobs as u64)) }
                }
            }
            text x=(point(LEFT)) y=(point(LABELS)) { "0 s" }
            text .end x=(point(NARROW_RIGHT)) y=(point(LABELS)) { (amounts::duration(Duration::from_millis(end))) }
        }
    })
}

fn bar_text(number: u64, width: u64, jobs: u64) -> String {
    let at = |number: u64| amounts::duration(Duration::from_millis(width.saturating_mul(number)));
    format!("{} to {}: {}", at(number), at(number + 1), amounts::counted(jobs, "job", "jobs"))
}

/// The chart in words.
pub(crate) fn histogram_text(times: &Histogram) -> String {
    let times = &times.0;
    let at = |share: f64| {
        let place = amounts::whole((times.len() as f64 * share).ceil()).saturating_sub(1);
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(times.len().saturating_sub(1));
        amounts::duration(Duration::from_millis(times.get(place).copied().unwrap_or(0)))
    };
    format!(
        "{}: median {}, 90% within {}, longest {}.",
        amounts::counted(times.len() as u64, "job", "jobs"),
        at(0.5),
        at(0.9),
        at(1.0)
    )
}

/// Jobs of each bar, and the width of a bar in milliseconds: 1, 2 or 5 times a power of ten.
fn bars(times: &Histogram) -> Option<(Vec<usize>, u64)> {
    let longest = *times.0.last()?;
    if times.0.len() < 2 {
        return None;
    }
    let ladder = (2..)
        .flat_map(|power| [1, 2, 5].map(|step: u64| step.checked_mul(10_u64.checked_pow(power)?)));
    let width = ladder.take(54).flatten().find(|width| longest / width < MAX_BARS)?;
    let mut bars = vec![0_usize; usize::try_from(longest / width).ok()? + 1];
    for time in &times.0 {
        if let Some(bar) = usize::try_from(time / width).ok().and_then(|bar| bars.get_mut(bar)) {
            *bar += 1;
        }
    }
    Some((bars, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeline_is_told_in_words() {
        let times = Timeline {
            from: 0,
            to: 60_000,
            submitted: vec![1_000, 2_000, 31_000],
            finished: vec![20_000, 50_000],
            processing: vec![(1_500, 20_000), (2_500, 50_000), (31_000, 60_000)],
            refusals: vec![3_000, 3_010],
            pauses: vec![(20_000, 30_000)],
        };
        let most = most_at_once(&times.processing);
        assert_eq!(
            timeline_text(&times, most as u64),
            "3 jobs submitted within 30 s, 2 finished; at most 2 in progress at once; \
             2 refused calls; 1 pause of 10 s in all. The batch took 1 min."
        );
        assert_eq!(marks(&times).len(), 1, "marks that overlap are one");
        let drawn = timeline(&times).unwrap().into_string();
        assert!(drawn.contains("role=\"img\"") && drawn.contains("3 jobs submitted"), "{drawn}");
        assert!(timeline(&Timeline::default()).is_none());
    }

    #[test]
    fn extreme_times_are_drawn() {
        let times = Timeline {
            from: 5,
            to: 5,
            submitted: vec![5],
            processing: vec![(5, 5)],
            ..Timeline::default()
        };
        assert!(timeline(&times).is_some());
        let far = Timeline { to: i64::MAX / 2, submitted: vec![6], ..times };
        assert!(timeline(&far).is_some());
        assert!(
            histogram(&Histogram(vec![0, u64::MAX]))
                .is_none_or(|drawn| !drawn.into_string().is_empty())
        );
        assert!(histogram(&Histogram(vec![7])).is_none());
    }

    #[test]
    fn bars_have_round_widths_and_every_job() {
        let times = Histogram(vec![100, 900, 1_000, 1_900, 9_900]);
        let (jobs, width) = bars(&times).unwrap();
        assert_eq!((jobs.iter().sum::<usize>(), width), (5, 500));
        assert_eq!(jobs[..4], [1, 1, 1, 1]);
        assert_eq!(histogram_text(&times), "5 jobs: median 1 s, 90% within 9.9 s, longest 9.9 s.");
        assert_eq!(bar_text(2, 500, 1), "1 s to 1.5 s: 1 job");
    }
}
