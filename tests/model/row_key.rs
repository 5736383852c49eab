//! The ledger row in a form that is small, hashable and free of absolute time.
//!
//! Instants become ages in ticks, counted from now and clamped where no rule can tell the
//! difference any more, so that worlds that differ only by the clock are one world. Texts are
//! dropped: no rule reads them.

use std::time::Duration;

use rbgv::ledger::{AttemptState, AttemptStatus, DraftObservation};
use rbgv::model::{Execution, Failure, FailureKind, Instant, JobId};

/// How long a sent request may still arrive, in ticks: it arrives at an age below this.
pub(crate) const SETTLE: u8 = 3;
/// Ticks for which a key's first draft is watched that is not shown as `created`.
pub(crate) const WATCHED: u8 = 2;
/// Ticks between two polls of such a draft, or of a job whose start is in doubt.
pub(crate) const GLANCE: u8 = 1;
/// Ticks that a started job waits for its worker at most, where jobs that were started later have
/// waited no longer.
pub(crate) const QUEUE: u8 = 1;
/// A start may be sent until its commit is this old, in ticks; after that it is stale.
pub(crate) const FRESH: u8 = 1;
/// Ticks from a fail-over until the jobs are compared with the ledger: whatever was committed before has
/// left and arrived, or never will.
pub(crate) const REPLACED: u8 = SETTLE + FRESH;
/// Most ticks between a question and its answer: after that the driver no longer listens.
pub(crate) const PATIENCE: u8 = 3;
/// From this age on, "sent long ago" is all that can matter: `requested_at < sent + settle` is false for
/// every answer that is still listened to.
const LONG_AGO: u8 = SETTLE + PATIENCE + 1;
/// The same of a start in doubt that is polled for: twice `settle` more, before the usage events are
/// asked for.
const LONG_POLLED: u8 = LONG_AGO + 2 * SETTLE;

/// So long that the watch is shorter than `settle`.
const TICK: Duration = Duration::from_millis(1_500);
/// What the clock says whenever the rules are asked; far enough from zero for any age.
pub(crate) const NOW: Instant = Instant(1_000_000);

/// `ticks` as time.
pub(crate) fn ticks(ticks: u8) -> Duration {
    TICK * u32::from(ticks)
}

/// The instant `age` ticks ago.
pub(crate) fn ago(age: u8) -> Instant {
    NOW.before(ticks(age))
}

/// Whole ticks from now until `at`; none if it is past.
pub(crate) fn until(at: Instant) -> u8 {
    whole_ticks(at.since(NOW))
}

fn whole_ticks(time: Duration) -> u8 {
    u8::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u8::MAX)
}

/// The age from which on no rule can tell the difference.
fn oldest(phase: AttemptStatus, draft: DraftObservation) -> u8 {
    let polled = phase == AttemptStatus::StartDoubt && draft != DraftObservation::Created;
    if polled { LONG_POLLED } else { LONG_AGO }
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RowKey {
    pub(crate) phase: AttemptStatus,
    /// Index of the job among the jobs of the item.
    pub(crate) job: Option<u8>,
    pub(crate) draft: DraftObservation,
    pub(crate) creates: u8,
    pub(crate) starts: u8,
    pub(crate) reuploads: u8,
    pub(crate) orphans: u8,
    /// Ticks since `sent`.
    pub(crate) sent: Option<u8>,
    pub(crate) has_url: bool,
    pub(crate) url_reused: bool,
    pub(crate) failure: Option<(FailureKind, Execution)>,
}

impl RowKey {
    /// The key of a row at [`NOW`].
    pub(crate) fn of(row: &AttemptState) -> Self {
        let small = |count: u32| u8::try_from(count).expect("a count ran away");
        Self {
            phase: row.status,
            job: row.job.as_ref().map(|job| job.0.parse().expect("a job that the model named")),
            draft: row.draft_observation,
            creates: small(row.create_count),
            starts: small(row.start_count),
            reuploads: small(row.reupload_count),
            orphans: small(row.orphan_count),
            sent: row.sent.map(|sent| {
                assert!(sent <= NOW, "the rules wrote a time that has not come");
                whole_ticks(NOW.since(sent)).min(oldest(row.status, row.draft_observation))
            }),
            has_url: row.video_url.is_some(),
            url_reused: row.upload_reused,
            failure: row.failure.as_ref().map(|failure| (failure.kind, failure.delivery)),
        }
    }

    /// The row that the rules are asked about.
    pub(crate) fn row(&self) -> AttemptState {
        AttemptState {
            status: self.phase,
            job: self.job.map(job_id),
            draft_observation: self.draft,
            create_count: self.creates.into(),
            start_count: self.starts.into(),
            reupload_count: self.reuploads.into(),
            orphan_count: self.orphans.into(),
            sent: self.sent.map(ago),
            video_url: self.has_url.then(String::new),
            upload_reused: self.url_reused,
            failure: self.failure.map(|(kind, delivery)| failure(kind, delivery)),
        }
    }

    /// One tick later.
    pub(crate) fn age(&mut self) {
        let oldest = oldest(self.phase, self.draft);
        self.sent = self.sent.map(|age| (age + 1).min(oldest));
    }
}

/// The name of the job with this index.
pub(crate) fn job_id(index: u8) -> JobId {
    JobId(index.to_string())
}

/// A failure without words.
pub(crate) fn failure(kind: FailureKind, delivery: Execution) -> Failure {
    let mut failure = Failure::new(kind, "", "");
    failure.delivery = delivery;
    failure
}

#[test]
fn keys_and_rows_are_the_same_in_two_forms() {
    let mut row = AttemptState::planned();
    assert_eq!(RowKey::of(&row).row(), row);
    row.status = AttemptStatus::StartDoubt;
    row.job = Some(job_id(2));
    row.draft_observation = DraftObservation::Created;
    (row.create_count, row.start_count, row.reupload_count, row.orphan_count) = (4, 3, 1, 2);
    row.sent = Some(ago(4));
    row.video_url = Some(String::new());
    row.upload_reused = true;
    row.failure = Some(failure(FailureKind::Broken, Execution::Ambiguous));
    assert_eq!(RowKey::of(&row).row(), row);
}

#[test]
fn ages_are_clamped_only_where_no_poll_can_tell() {
    let mut row = RowKey::of(&AttemptState::planned());
    row.sent = Some(0);
    for _ in 0..100 {
        row.age();
    }
    let drained = row.row().sent.unwrap().after(ticks(SETTLE));
    assert!((0..=PATIENCE).all(|requested_at| ago(requested_at) >= drained));
    row.phase = AttemptStatus::StartDoubt;
    for _ in 0..100 {
        row.age();
    }
    let polled = row.row().sent.unwrap().after(ticks(3 * SETTLE));
    assert!((0..=PATIENCE).all(|requested_at| ago(requested_at) >= polled));
}

#[test]
fn the_watch_is_as_long_as_the_rules_have_it() {
    assert_eq!(ticks(WATCHED), rbgv::flow::state_machine::DRAFT_OBSERVATION_TIME);
    const { assert!(WATCHED < SETTLE) };
}
