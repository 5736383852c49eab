//! From the ledger's record of a batch to the content of its page.

use std::collections::HashSet;
use std::time::Duration;

use super::data::{
    BatchFacts, Cost, Histogram, PhaseTimes, Report, ReportRow, RowState, Side, Timeline,
};
use crate::ledger::{
    AttemptRecord, AttemptStatus, AttemptStep, BatchInput, BatchRecord, InputSource, InputState,
    StepAction,
};
use crate::model::secret::redact_url;
use crate::model::text::escaped;
use crate::model::{Background, Failure, Sanitizer, Timestamp};

/// The content of the page about `record`. `clips` returns both sides of an input, and the seconds of
/// a frame if known.
pub fn gather(
    record: &BatchRecord,
    written_at: Timestamp,
    sanitizer: &Sanitizer,
    mut clips: impl FnMut(&BatchInput, Option<&InputSource>) -> (Side, Side, Option<f64>),
) -> Report {
    let mut inputs: Vec<(RowState, &BatchInput, Option<&AttemptRecord>)> = record
        .inputs
        .iter()
        .map(|input| {
            let attempt = input.attempt.and_then(|id| record.attempts.get(&id));
            (state_of(input, attempt), input, attempt)
        })
        .collect();
    // Stable: inputs of one state keep their order.
    inputs.sort_by_key(|(state, ..)| *state);
    let mut costs =
        Costs { batch: record.batch.id.0, counted: HashSet::new(), total: Cost::default() };
    let rows: Vec<ReportRow> = inputs
        .into_iter()
        .map(|(state, input, attempt)| {
            let (before, after, frame) = clips(input, attempt.map(|a| &a.attempt.work.source));
            let failure = failure_of(state, input, attempt);
            ReportRow {
                name: name(&input.name),
                state,
                reason: failure.map(|failure| sanitizer.clean(&failure.to_string())),
                next: failure.map(|failure| next(failure, attempt)),
                job: attempt.and_then(|a| a.attempt.state.job.as_ref()).map(|job| job.0.clone()),
                times: attempt
                    .map(|attempt| phase_times(record.batch.created_at, state, input, attempt))
                    .unwrap_or_default(),
                cost: attempt.and_then(|attempt| costs.of(attempt)),
                facts: attempt.map(|attempt| facts(attempt, failure)).unwrap_or_default(),
                before,
                after,
                frame,
            }
        })
        .collect();
    // The ledger's time is that of the last run.
    let is_open = |row: &ReportRow| matches!(row.state, RowState::Unfinished | RowState::Started);
    let is_finished = !rows.iter().any(is_open);
    Report {
        timeline: timeline(record),
        job_times: job_times(record),
        batch: BatchFacts {
            number: record.batch.id.0,
            profile: record.batch.profile.clone(),
            machine: record.batch.machine.clone(),
            service: record.batch.key.origin.clone(),
            created_at: record.batch.created_at,
            finished_at: record.finished_at.filter(|_| is_finished),
            written_at,
            cost: costs.total,
        },
        rows,
    }
}

fn state_of(input: &BatchInput, attempt: Option<&AttemptRecord>) -> RowState {
    let status = attempt.map(|attempt| attempt.attempt.state.status);
    match (input.state, status) {
        (
            InputState::Open | InputState::Paused | InputState::Failed,
            Some(AttemptStatus::NeedsReview | AttemptStatus::Halted),
        ) => RowState::NeedsReview,
        (InputState::Open | InputState::Paused, _) => RowState::Unfinished,
        (InputState::Failed, _) => RowState::Failed,
        (InputState::Left, _) => RowState::Started,
        (InputState::Done, _) => RowState::Done,
        (InputState::Skipped, _) => RowState::DoneBefore,
        (InputState::Rejected, _) => RowState::Rejected,
    }
}

fn failure_of<'a>(
    state: RowState,
    input: &'a BatchInput,
    attempt: Option<&'a AttemptRecord>,
) -> Option<&'a Failure> {
    if matches!(state, RowState::Done | RowState::DoneBefore) {
        return None;
    }
    let of_attempt = || attempt.and_then(|attempt| attempt.attempt.state.failure.as_ref());
    input.failure.as_ref().or_else(of_attempt)
}

/// URLs lose what may sign them.
fn name(given: &str) -> String {
    if given.contains("://") {
        return escaped(&redact_url(given));
    }
    escaped(given.strip_prefix("./").unwrap_or(given))
}

fn next(failure: &Failure, attempt: Option<&AttemptRecord>) -> String {
    let job = attempt.and_then(|attempt| attempt.attempt.state.job.as_ref());
    match (&failure.next, job) {
        (Some(next), _) if !next.contains("://") => escaped(next),
        (_, Some(job)) => escaped(&format!("rbgv logs {job}")),
        _ => format!("rbgv explain {}", failure.kind.as_str()),
    }
}

/// Costs of a batch. Inputs of equal content share an attempt, which costs once.
struct Costs {
    batch: i64,
    counted: HashSet<i64>,
    total: Cost,
}

impl Costs {
    fn of(&mut self, record: &AttemptRecord) -> Option<Cost> {
        let is_ours = record.started_by_batch.is_some_and(|batch| batch.0 == self.batch);
        if !is_ours || !record.attempt.state.may_be_billed() {
            return None;
        }
        if !self.counted.insert(record.attempt.id.0) {
            return Some(Cost::default());
        }
        let cost = match record.charged {
            Some(credits) => Cost { credits, is_estimate: false },
            None => Cost { credits: record.attempt.price()?, is_estimate: true },
        };
        self.total.credits = self.total.credits + cost.credits;
        self.total.is_estimate |= cost.is_estimate;
        Some(cost)
    }
}

/// What support asks for, and the options of the job.
fn facts(record: &AttemptRecord, failure: Option<&Failure>) -> Vec<(&'static str, String)> {
    let attempt = &record.attempt;
    let options = &attempt.work.options;
    let background = match &options.background {
        Background::ImageUrl(url) => redact_url(url),
        other => other.to_string(),
    };
    let request_id = failure
        .and_then(|failure| failure.request_id.clone())
        .or_else(|| record.steps.iter().rev().find_map(|step| step.request_id.clone()));
    let tags: Vec<String> = options.tags.iter().map(|(key, tag)| format!("{key}={tag}")).collect();
    let all = [
        ("status", Some(attempt.state.status.as_str().replace('_', " "))),
        ("job", attempt.state.job.as_ref().map(ToString::to_string)),
        ("last request", request_id),
        ("correlation ID", Some(attempt.correlation_id.clone())),
        ("attempt", Some(attempt.number.to_string())),
        ("model", Some(options.model.to_string())),
        ("format", Some(options.format.to_string())),
        ("background", Some(background)),
        ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
    ];
    all.into_iter().filter_map(|(name, fact)| Some((name, escaped(&fact?)))).collect()
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<Duration> {
    let milliseconds = to?.0.checked_sub(from?.0)?;
    // Negative if the clock was set back.
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// Phases that began in the batch, which was created at `since`: an attempt may be older.
fn phase_times(
    since: Timestamp,
    state: RowState,
    input: &BatchInput,
    record: &AttemptRecord,
) -> PhaseTimes {
    let between = |from: Option<Timestamp>, to| between(from.filter(|from| *from >= since), to);
    let attempt = &record.attempt;
    let steps = &record.steps;
    let was_uploaded =
        matches!(attempt.work.source, InputSource::File { .. }) && !attempt.state.upload_reused;
    let upload =
        steps.iter().find(|step| step.note.action == StepAction::Upload).map(|step| step.at);
    let uploaded =
        steps.iter().find(|step| step.status != AttemptStatus::Planned).map(|step| step.at);
    let fetched = input.done_at.filter(|_| state == RowState::Done);
    PhaseTimes {
        upload: between(upload, uploaded).filter(|_| was_uploaded),
        queue: between(uploaded, attempt.started_at),
        processing: between(attempt.started_at, record.finished_at),
        download: between(record.finished_at, fetched),
    }
}

/// The steps of the batch itself: an attempt may be older than the batch.
fn steps_since<'a>(
    record: &'a BatchRecord,
    attempt: &'a AttemptRecord,
) -> impl Iterator<Item = (usize, &'a AttemptStep)> {
    let since = record.batch.created_at;
    attempt.steps.iter().enumerate().filter(move |(_, step)| step.at >= since)
}

fn timeline(record: &BatchRecord) -> Timeline {
    let since = record.batch.created_at;
    let in_batch = |at: Option<Timestamp>| at.filter(|at| *at >= since);
    let mut timeline = Timeline { from: since.0, ..Timeline::default() };
    let all = record.attempts.values();
    let steps = all.clone().flat_map(|a| steps_since(record, a).map(|(_, step)| step.at));
    let outputs = record.inputs.iter().filter_map(|input| in_batch(input.done_at));
    timeline.to = steps.chain(outputs).max().map_or(since.0, |last| last.0);
    let mut pauses = Vec::new();
    for attempt in all {
        let mut submitted = false;
        for (at, step) in steps_since(record, attempt) {
            if step.note.action == StepAction::Start && !submitted {
                timeline.submitted.push(step.at.0);
                submitted = true;
            }
            let is_refused = matches!(step.note.action, StepAction::BackOff | StepAction::Retry);
            if is_refused || step.status == AttemptStatus::StartRefused {
                timeline.refusals.push(step.at.0);
            }
            if step.note.action == StepAction::Suspend {
                let next = attempt.steps.get(at + 1).map_or(timeline.to, |next| next.at.0);
                pauses.push((step.at.0, next));
            }
        }
        let finished = in_batch(record_end(attempt));
        timeline.finished.extend(finished.map(|at| at.0));
        if let Some(started) = in_batch(attempt.attempt.started_at) {
            timeline.processing.push((started.0, finished.map_or(timeline.to, |at| at.0)));
        }
    }
    timeline.submitted.sort_unstable();
    timeline.finished.sort_unstable();
    timeline.refusals.sort_unstable();
    timeline.pauses = merged(pauses);
    timeline
}

/// End of a job that was started.
fn record_end(record: &AttemptRecord) -> Option<Timestamp> {
    record.finished_at.filter(|_| record.attempt.state.start_count > 0)
}

/// The union of intervals.
fn merged(mut intervals: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    intervals.sort_unstable();
    let mut union: Vec<(i64, i64)> = Vec::new();
    for (from, to) in intervals {
        match union.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => union.push((from, to)),
        }
    }
    union
}

fn job_times(record: &BatchRecord) -> Histogram {
    let since = record.batch.created_at;
    let finished = record.attempts.values().filter(|a| a.finished_at >= Some(since));
    let mut times: Vec<u64> = finished
        .filter_map(|a| between(a.attempt.started_at, a.finished_at))
        .filter_map(|took| u64::try_from(took.as_millis()).ok())
        .collect();
    times.sort_unstable();
    Histogram(times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::StepNote;
    use crate::ledger::tests::{batch, input, open, placed};
    use crate::model::{FailureKind, JobId};

    /// A record of two inputs, whose attempts are as planned.
    fn record() -> BatchRecord {
        let dir = tempfile::tempdir().unwrap();
        let ledger = open(dir.path());
        let id = batch(&ledger);
        placed(&ledger, id, input("k1", "/out/a", "c1"));
        placed(&ledger, id, input("k2", "/out/b", "c2"));
        ledger.batch_record(id).unwrap().unwrap()
    }

    fn step(at: i64, status: AttemptStatus, note: &str) -> AttemptStep {
        AttemptStep { at: Timestamp(at), status, note: StepNote::parse(note), request_id: None }
    }

    fn gathered(record: &BatchRecord) -> Report {
        let none = || Side::Missing { why: String::new() };
        gather(record, Timestamp(0), &Sanitizer::default(), |_, _| (none(), none(), None))
    }

    /// The first input ran from upload to download, the second was refused and paused.
    fn worked() -> BatchRecord {
        let mut record = record();
        let mut attempts = record.attempts.values_mut();
        let first = attempts.next().unwrap();
        first.steps = vec![
            step(2_000, AttemptStatus::Planned, "upload"),
            step(3_000, AttemptStatus::CreateSent, "create"),
            step(3_500, AttemptStatus::StartSent, "start"),
            step(5_000, AttemptStatus::Running, "follow"),
            step(9_000, AttemptStatus::Completed, "finish"),
        ];
        first.started_by_batch = Some(record.batch.id);
        first.attempt.started_at = Some(Timestamp(5_000));
        first.finished_at = Some(Timestamp(9_000));
        first.attempt.state.start_count = 1;
        first.attempt.state.status = AttemptStatus::Completed;
        let second = attempts.next().unwrap();
        second.steps = vec![
            step(2_000, AttemptStatus::Planned, "upload"),
            step(3_000, AttemptStatus::Planned, "retry: HTTP 429"),
            step(4_000, AttemptStatus::Planned, "back off: HTTP 503"),
            step(6_000, AttemptStatus::Planned, "rest: out of credits"),
        ];
        record.inputs[0].state = InputState::Done;
        record.inputs[0].done_at = Some(Timestamp(10_000));
        record.inputs[1].state = InputState::Failed;
        let why = "no subject in https://cdn.example/a?sig=planted";
        let failure = Failure::new(FailureKind::JobFailed, "job", why);
        record.inputs[1].failure = Some(failure.with_job(&JobId("j-2".into())));
        record
    }

    #[test]
    fn failures_are_first_and_phases_are_measured() {
        let report = gathered(&worked());
        let states: Vec<_> = report.rows.iter().map(|row| row.state).collect();
        assert_eq!(states, [RowState::Failed, RowState::Done]);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let times = PhaseTimes {
            upload: seconds(1),
            queue: seconds(2),
            processing: seconds(4),
            download: seconds(1),
        };
        assert_eq!(report.rows[1].times, times);
        assert_eq!(report.job_times, Histogram(vec![4_000]));
        let reason = report.rows[0].reason.as_deref().unwrap();
        assert!(reason.contains("no subject") && !reason.contains("sig="), "{reason}");
    }

    #[test]
    fn the_timeline_has_what_the_log_has() {
        let mut record = worked();
        let found = gathered(&record).timeline;
        let expected = Timeline {
            from: 1_000,
            to: 10_000,
            submitted: vec![3_500],
            finished: vec![9_000],
            processing: vec![(5_000, 9_000)],
            refusals: vec![3_000, 4_000],
            pauses: vec![(6_000, 10_000)],
        };
        assert_eq!(found, expected);
        // Steps of an earlier batch do not belong to it.
        record.batch.created_at = Timestamp(9_500);
        let report = gathered(&record);
        let found = report.timeline;
        assert!(found.submitted.is_empty() && found.processing.is_empty(), "{found:?}");
        assert!(report.rows.iter().all(|row| row.times == PhaseTimes::default()));
        assert_eq!(merged(vec![(5, 6), (1, 3), (2, 4)]), [(1, 4), (5, 6)]);
    }

    #[test]
    fn a_shared_attempt_costs_once_and_earlier_ones_nothing() {
        let mut record = worked();
        let first = record.inputs[0].attempt;
        record.inputs[1].attempt = first;
        let report = gathered(&record);
        let costs: Vec<f64> =
            report.rows.iter().map(|row| row.cost.map_or(-1.0, |cost| cost.credits.0)).collect();
        assert_eq!(costs, [2.0, 0.0]);
        let total = report.batch.cost;
        assert!((total.credits.0 - 2.0).abs() < 1e-9 && total.is_estimate);
        record.attempts.values_mut().for_each(|a| a.started_by_batch = None);
        assert!(gathered(&record).rows.iter().all(|row| row.cost.is_none()));
    }

    #[test]
    fn names_and_next_commands_hold_no_links() {
        let mut record = worked();
        record.inputs[0].name = "https://u:p@a.example/b.mp4?sig=planted".into();
        let next = "curl https://cdn.example/?sig=planted";
        let failure = record.inputs[1].failure.take().unwrap();
        record.inputs[1].failure = Some(failure.with_next(next));
        let shown = format!("{:?}", gathered(&record).rows);
        assert!(!shown.contains("planted") && !shown.contains("u:p"), "{shown}");
    }
}
