//! The protocol that bills an input at most once, as one pure function.
//!
//! The API has no idempotency key, so safety comes from order: [`step`] says what to write to the
//! ledger and what to do next; the driver commits the row *before* it carries the effect out, and
//! feeds what it saw into the next step. After a crash the ledger is the truth, and the driver
//! goes on with [`Observation::Resumed`].
//!
//! The rules are those of `docs/architecture.md`, *The protocol*. In short: a draft costs nothing,
//! so a lost create may be repeated once drafts are known to be honoured; a start may be billed,
//! so it is repeated only after every earlier one has drained, a poll asked *after* that still shows
//! the draft, and something that the service tells for free proves that it is one.

use std::time::Duration;

use crate::ledger::{DraftSeen, Drafts, Phase, Row};
use crate::model::{Delivery, Failure, FailureKind, Instant, JobId, JobStatus};

/// How often one run repeats a create without an answer before it leaves the item to a later run.
const CREATE_REPEATS: u32 = 3;
/// How often a start without an answer is sent again, in all runs together, before a person is
/// asked.
const START_REPEATS: u32 = 2;
/// How long a key's first draft that is not shown as `created` is watched, to see whether it runs by
/// itself.
pub const WATCH: Duration = Duration::from_secs(3);
/// A start in doubt is polled for this many times `settle` after it has drained, before the usage
/// events are asked for.
const DOUBT_SETTLES: u32 = 2;

/// How far the user wants an item to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// To a draft, which costs nothing (`--draft`).
    Draft,
    /// To a started job (`--no-wait`).
    Start,
    /// To the end.
    Finish,
}

/// What a step may know beside the row.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// The time by the boot-time clock.
    pub now: Instant,
    /// How long a request that was sent may still arrive.
    pub settle: Duration,
    /// Shortest time between two looks at the same job.
    pub glance: Duration,
    /// What is known of this key's drafts.
    pub drafts: Drafts,
    /// Whether a job of this key is known to show a bill from its start on.
    pub bills_shown: bool,
    /// Longest time that jobs of this key which were started after the row's start came into doubt
    /// took until they ran; `None` while fewer than three of them have been seen to run.
    pub later_ran_within: Option<Duration>,
    /// How far to go.
    pub goal: Goal,
}

/// One look at the job.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// When the look was sent: what it shows is not older than that.
    pub asked: Instant,
    /// State.
    pub status: JobStatus,
    /// Whether the service says anything of a bill.
    pub billed: bool,
    /// Percent done, when the service says.
    pub progress: Option<f64>,
    /// Whether a list showed it: its entries may leave fields out.
    pub listed: bool,
    /// Whether the output can be fetched.
    pub has_output: bool,
    /// Why it failed, in the service's words.
    pub error: Option<String>,
}

impl Look {
    /// Whether it proves that the job was started.
    fn shows_run(&self) -> bool {
        self.billed || self.progress.is_some_and(|done| done > 0.0) || has_run(&self.status)
    }
}

/// What a search for the job of a lost create found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// The job that carries our correlation id.
    Ours(JobId, JobStatus),
    /// A complete list without any new job of unknown origin.
    Nothing,
    /// Something that cannot be told apart from our job; why.
    Unclear(String),
}

/// What the driver saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// A process took the row up; nothing is known of what an earlier one saw.
    Resumed,
    /// The wait is over.
    Due,
    /// The service has the bytes.
    Uploaded {
        /// Where.
        url: String,
        /// Whether an earlier upload was used.
        reused: bool,
    },
    /// A job was made.
    Created {
        /// Its name.
        job: JobId,
        /// Its state, when the answer says.
        status: Option<JobStatus>,
    },
    /// A create got no success.
    CreateFailed(Failure),
    /// The search for a lost create, sent at `asked`, came to an end.
    Searched {
        /// When the search began.
        asked: Instant,
        /// What it found.
        found: Found,
    },
    /// A start was answered with a clear success.
    Started,
    /// A start got no clear success.
    StartFailed(Failure),
    /// The start was not sent: too much time had passed since it was committed.
    StartStale,
    /// A look at the job.
    Looked(Look),
    /// The service does not know the job.
    JobUnknown(Failure),
    /// The usage events.
    Usage {
        /// When they were asked for.
        asked: Instant,
        /// Whether they charge for this job.
        charged: bool,
        /// Whether they charge for a job that was started after this one's start came into doubt,
        /// and reach back to one that was started before.
        later_charged: bool,
    },
    /// A call that may be repeated freely was given up, or a wait was cut short.
    GaveUp(Failure),
    /// An input turned out to be unusable.
    InputFailed(Failure),
    /// The user has looked and says: go on.
    Accepted,
    /// The user has looked and says: let it be.
    Abandoned,
}

/// What the driver does after the row is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Give the bytes to the service, or find that it has them.
    Upload,
    /// Send the create.
    Create,
    /// Search the key's jobs for the one of a lost create.
    Search,
    /// Send the start, if the commit is still fresh.
    Start,
    /// Look at the job now.
    Look,
    /// Look at the job when the poll schedule says so.
    Follow,
    /// Ask for the usage events.
    AskUsage,
    /// Go on with [`Observation::Due`] then.
    Wait(Instant),
    /// Go on with [`Observation::Due`] after a backoff for this failure, or give up.
    BackOff(Failure),
    /// Nothing more to do: the goal is reached, or the row is settled.
    Finish,
    /// Cannot go on now; a later run goes on from here.
    Rest(Failure),
}

/// What follows from an observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The row to commit.
    pub row: Row,
    /// What to do after that.
    pub effect: Effect,
    /// What is known of the key's drafts from now on, if the observation says anything of them.
    pub learned: Option<Drafts>,
}

impl Step {
    fn learning(self, drafts: Drafts) -> Self {
        Self { learned: Some(drafts), ..self }
    }
}

fn go(row: Row, effect: Effect) -> Step {
    Step { row, effect, learned: None }
}

/// The row and effect that follow when `seen` is observed in `row`.
///
/// An observation that the phase does not expect changes nothing and looks again: a repeated
/// answer is harmless.
#[must_use]
pub fn step(row: Row, seen: Observation, facts: &Facts) -> Step {
    match (row.phase, seen) {
        (phase, Observation::InputFailed(failure)) if !phase.in_flight() && !phase.is_settled() => {
            fail(row, failure)
        }
        (Phase::NeedsReview, Observation::Accepted) => accept(row),
        (Phase::NeedsReview | Phase::Halted, Observation::Abandoned) => abandon(row),
        (Phase::Planned, seen) => from_planned(row, seen, facts),
        (Phase::Ready, Observation::GaveUp(failure)) => go(row, Effect::Rest(failure)),
        (Phase::Ready, _) => create(row, facts),
        (Phase::CreateSent, seen) => from_create_sent(row, seen, facts),
        (Phase::CreateDoubt, seen) => from_create_doubt(row, seen, facts),
        (Phase::Draft, seen) => from_draft(row, seen, facts),
        (Phase::StartSent, seen) => from_start_sent(row, seen, facts),
        (Phase::StartDoubt | Phase::StartRefused, seen) => from_start_doubt(row, seen, facts),
        (Phase::Running, seen) => from_running(row, seen, facts),
        (Phase::Completed | Phase::Failed | Phase::NeedsReview | Phase::Halted, _) => {
            go(row, Effect::Finish)
        }
    }
}

fn from_planned(mut row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Uploaded { url, reused } => {
            row.video_url = Some(url);
            row.url_reused = reused;
            row.phase = Phase::Ready;
            create(row, facts)
        }
        Observation::GaveUp(failure) => back_off_or_rest(row, failure),
        _ => go(row, Effect::Upload),
    }
}

/// Commits a create. The count goes up before the bytes go out.
fn create(mut row: Row, facts: &Facts) -> Step {
    row.phase = Phase::CreateSent;
    row.creates += 1;
    row.sent = Some(facts.now);
    go(row, Effect::Create)
}

fn from_create_sent(row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Created { job, status } => created(row, job, status.as_ref(), facts),
        Observation::CreateFailed(failure) => match failure.delivery {
            Delivery::NotExecuted => create_not_executed(row, failure),
            Delivery::Refused => create_refused(row, failure),
            Delivery::Ambiguous => create_lost(row, failure, facts),
        },
        Observation::Resumed => create_interrupted(row, facts),
        _ => create_lost(row, unanswered("create the job"), facts),
    }
}

/// The process that sent this create ended before its answer. That says nothing about the service,
/// so it is the first of this run and none of its repeats: however often runs are killed, the next
/// one is not given up for it.
fn create_interrupted(mut row: Row, facts: &Facts) -> Step {
    row.creates = 1;
    create_lost(row, unanswered("create the job"), facts)
}

fn create_not_executed(mut row: Row, failure: Failure) -> Step {
    row.phase = Phase::Ready;
    row.creates -= 1;
    back_off_or_rest(row, failure)
}

/// Waiting helps against limits and outages; against an empty account or a refused key it does not.
fn back_off_or_rest(row: Row, failure: Failure) -> Step {
    if failure.kind.repeat_when_harmless() {
        go(row, Effect::BackOff(failure))
    } else {
        go(row, Effect::Rest(failure))
    }
}

/// A service may forget an upload that it once took; then, once, the bytes are sent again.
fn create_refused(mut row: Row, failure: Failure) -> Step {
    let forgotten = matches!(failure.kind, FailureKind::InvalidRequest | FailureKind::NotFound);
    row.creates -= 1;
    if forgotten && row.url_reused && row.reuploads == 0 {
        row.phase = Phase::Planned;
        row.reuploads = 1;
        row.video_url = None;
        row.url_reused = false;
        return go(row, Effect::Upload);
    }
    fail(row, failure)
}

/// A create without an answer may have made a job. Where drafts are known to cost nothing it is
/// repeated and the possible orphan counted; elsewhere it is searched for.
fn create_lost(mut row: Row, failure: Failure, facts: &Facts) -> Step {
    row.sent = Some(facts.now);
    if facts.drafts != Drafts::Honoured {
        row.phase = Phase::CreateDoubt;
        row.failure = Some(failure);
        return go(row, Effect::Search);
    }
    row.orphans += 1;
    row.phase = Phase::Ready;
    repeat_create(row, failure)
}

fn repeat_create(mut row: Row, failure: Failure) -> Step {
    if row.creates <= CREATE_REPEATS {
        return go(row, Effect::BackOff(failure));
    }
    row.creates = 0;
    go(row, Effect::Rest(failure))
}

fn from_create_doubt(mut row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Searched { found: Found::Ours(job, status), .. } => {
            created(row, job, Some(&status), facts)
        }
        Observation::Searched { found: Found::Unclear(why), .. } => review(row, why),
        Observation::Searched { asked, found: Found::Nothing } => {
            let drained = drained(&row, facts);
            if asked < drained {
                return go(row, Effect::Wait(drained));
            }
            row.phase = Phase::Ready;
            let failure = row.failure.take().unwrap_or_else(|| unanswered("create the job"));
            repeat_create(row, failure)
        }
        Observation::GaveUp(failure) => back_off_or_rest(row, failure),
        _ => go(row, Effect::Search),
    }
}

/// The job exists. What its state says decides whether it still has to be started: anything but a
/// state of a job that ran is a draft, once drafts of the key are known to be honoured.
fn created(mut row: Row, job: JobId, status: Option<&JobStatus>, facts: &Facts) -> Step {
    row.job = Some(job);
    row.failure = None;
    row.phase = Phase::Draft;
    row.sent = Some(facts.now);
    match status {
        Some(JobStatus::Created) => {
            row.draft = DraftSeen::Created;
            start(row, facts).learning(Drafts::Honoured)
        }
        Some(JobStatus::Processing | JobStatus::Completed) => {
            started_by_itself(row).learning(Drafts::Ignored)
        }
        Some(JobStatus::Failed) => started_by_itself(row),
        _ if facts.drafts == Drafts::Honoured => {
            row.draft = status.map_or(DraftSeen::Unknown, draft_seen);
            start(row, facts)
        }
        _ => {
            row.draft = DraftSeen::Unjudged;
            go(row, Effect::Look)
        }
    }
}

fn started_by_itself(mut row: Row) -> Step {
    row.draft = DraftSeen::Started;
    row.failure = None;
    row.phase = Phase::Running;
    go(row, Effect::Look)
}

fn from_draft(row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Looked(look) => judge_draft(row, &look, facts),
        Observation::JobUnknown(failure)
            if row.starts == 0 && row.failure.is_none() && facts.drafts == Drafts::Honoured =>
        {
            remake(row, failure)
        }
        Observation::JobUnknown(failure) => halt(row, failure),
        // Not backed off: after that wait, a start would follow without the look that is due.
        Observation::GaveUp(failure) => go(row, Effect::Rest(failure)),
        // Resumed among them: a draft may have been left for long, and started by another hand. Due
        // among them: a service may have carried out what it answered with 429.
        _ => go(row, Effect::Look),
    }
}

/// Starts the draft that a poll still shows; the first one of a key only after it was watched.
fn judge_draft(mut row: Row, look: &Look, facts: &Facts) -> Step {
    let unjudged = matches!(row.draft, DraftSeen::Unknown | DraftSeen::Unjudged);
    if look.shows_run() {
        let by_itself = row.draft == DraftSeen::Unjudged && facts.drafts == Drafts::Unknown;
        let step = started_by_itself(row);
        return if by_itself { step.learning(Drafts::Ignored) } else { step };
    }
    // An answer from before the last create or start cannot say that nothing happened since.
    if row.sent.is_some_and(|sent| look.asked < sent) {
        return go(row, Effect::Look);
    }
    // Once seen under one name, any other means that somebody started it.
    if !shows_draft(row.draft, &look.status) {
        return started_by_itself(row);
    }
    if look.status == JobStatus::Created {
        row.draft = DraftSeen::Created;
        return start(row, facts).learning(Drafts::Honoured);
    }
    if !unjudged || facts.drafts == Drafts::Honoured {
        if unjudged {
            row.draft = draft_seen(&look.status);
        }
        return start(row, facts);
    }
    // A job that runs by itself gets time to show it; only a draft stays as it is.
    let watched = row.sent.unwrap_or(facts.now).after(watch(facts));
    if look.asked < watched {
        let next = facts.now.after(facts.glance).min(watched);
        return go(row, Effect::Wait(next));
    }
    row.draft = draft_seen(&look.status);
    let step = start(row, facts);
    if facts.drafts == Drafts::Unknown { step.learning(Drafts::Honoured) } else { step }
}

/// How long a draft that may run by itself is watched. Where drafts were ignored before, that is not
/// ruled out by a few seconds.
fn watch(facts: &Facts) -> Duration {
    if facts.drafts == Drafts::Ignored { facts.settle } else { WATCH.min(facts.settle) }
}

/// The name under which a draft is seen.
fn draft_seen(status: &JobStatus) -> DraftSeen {
    match status {
        JobStatus::Created => DraftSeen::Created,
        JobStatus::Pending => DraftSeen::Pending,
        JobStatus::Other(word) if word == JobStatus::UNTOLD => DraftSeen::Unknown,
        JobStatus::Other(_) => DraftSeen::Other,
        JobStatus::Processing | JobStatus::Completed | JobStatus::Failed => DraftSeen::Started,
    }
}

/// Whether a job whose draft was seen under this name may still be that draft.
fn shows_draft(seen: DraftSeen, status: &JobStatus) -> bool {
    let untold = matches!(seen, DraftSeen::Unknown | DraftSeen::Unjudged);
    match draft_seen(status) {
        DraftSeen::Created | DraftSeen::Unknown => true,
        DraftSeen::Started => false,
        shown => untold || shown == seen,
    }
}

/// Makes a job anew whose draft the service forgot before any start of it could have been executed.
/// The draft is counted as left behind, should it be there after all.
fn remake(mut row: Row, failure: Failure) -> Step {
    row.phase = Phase::Ready;
    row.job = None;
    row.draft = DraftSeen::Unknown;
    row.starts = 0;
    row.failure = None;
    row.orphans += 1;
    repeat_create(row, failure)
}

/// Commits a start. From here on the attempt may be billed.
fn start(mut row: Row, facts: &Facts) -> Step {
    if facts.goal == Goal::Draft {
        return go(row, Effect::Finish);
    }
    row.phase = Phase::StartSent;
    row.starts += 1;
    row.sent = Some(facts.now);
    go(row, Effect::Start)
}

fn from_start_sent(mut row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Started => running(row, facts),
        Observation::StartStale => {
            row.phase = Phase::Draft;
            row.starts -= 1;
            go(row, Effect::Look)
        }
        Observation::StartFailed(failure) if failure.delivery == Delivery::NotExecuted => {
            row.phase = Phase::Draft;
            row.starts -= 1;
            row.sent = Some(facts.now);
            // Kept, since a service may have carried out what it answered with 429.
            row.failure = Some(&failure).filter(|f| f.kind == FailureKind::RateLimited).cloned();
            back_off_or_rest(row, failure)
        }
        Observation::StartFailed(failure) => {
            row.phase = match failure.delivery {
                Delivery::Refused => Phase::StartRefused,
                _ => Phase::StartDoubt,
            };
            row.failure = Some(failure);
            doubt(row, facts)
        }
        _ => {
            row.phase = Phase::StartDoubt;
            row.failure = Some(unanswered("start the job"));
            doubt(row, facts)
        }
    }
}

/// Time to drain counts from now: the bytes went out after the commit and before this moment.
fn doubt(mut row: Row, facts: &Facts) -> Step {
    row.sent = Some(facts.now);
    go(row, Effect::Look)
}

fn from_start_doubt(row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Looked(look) => decide_start(row, &look, facts),
        Observation::Usage { asked, charged, later_charged } => {
            decide_by_usage(row, asked, (charged, later_charged), facts)
        }
        Observation::JobUnknown(failure) if was_refused_as_unknown(&row, facts) => {
            remake(row, failure)
        }
        Observation::JobUnknown(failure) => halt(row, failure),
        Observation::GaveUp(failure) => back_off_or_rest(row, failure),
        _ => go(row, Effect::Look),
    }
}

/// Whether the only start was answered with 404.
fn was_refused_as_unknown(row: &Row, facts: &Facts) -> bool {
    let not_found = row.failure.as_ref().is_some_and(|f| f.kind == FailureKind::NotFound);
    row.phase == Phase::StartRefused
        && not_found
        && row.starts == 1
        && facts.drafts == Drafts::Honoured
}

/// Decides by a poll whether a start without a clear answer landed.
fn decide_start(mut row: Row, look: &Look, facts: &Facts) -> Step {
    if look.shows_run() {
        let ran_before = was_started_before(&row);
        let step = landed(row, look, facts);
        return if ran_before { step.learning(Drafts::Ignored) } else { step };
    }
    // A look from before the doubt, an answer that came twice, cannot say that nothing happened.
    if row.sent.is_some_and(|sent| look.asked < sent) {
        return go(row, Effect::Look);
    }
    if !shows_draft(row.draft, &look.status) {
        return landed(row, look, facts);
    }
    let created = look.status == JobStatus::Created;
    let drained = drained(&row, facts);
    let refused = row.phase == Phase::StartRefused;
    if facts.bills_shown && look.listed && !created && (refused || look.asked >= drained) {
        return go(row, Effect::Look);
    }
    let not_started = created || facts.bills_shown;
    let never_started = not_started && row.starts == 1;
    if refused && (never_started || look.asked >= drained) {
        if never_started {
            row.starts = 0;
        }
        let refusal = row.failure.take().unwrap_or_else(|| unanswered("start the job"));
        return fail(row, refusal);
    }
    if look.asked < drained {
        return go(row, if created { Effect::Wait(drained) } else { Effect::Follow });
    }
    // Jobs run in the order of their starts: one that landed while the others did has run by now.
    let overtaken = facts.later_ran_within.is_some_and(|took| look.asked >= drained.after(took));
    if not_started || overtaken {
        return start_again(row, facts);
    }
    if look.asked < drained.after(facts.settle * DOUBT_SETTLES) {
        return go(row, Effect::Follow);
    }
    go(row, Effect::AskUsage)
}

/// Whether a first start was refused as one too many: the draft ran by itself.
fn was_started_before(row: &Row) -> bool {
    let refused = row.phase == Phase::StartRefused
        || row.failure.as_ref().is_some_and(|f| f.kind == FailureKind::Conflict);
    refused && row.starts == 1 && matches!(row.draft, DraftSeen::Pending | DraftSeen::Other)
}

/// Decides by the usage events, when polls do not tell. Those that were asked for too early, an
/// answer that came twice, say nothing of this start.
fn decide_by_usage(
    mut row: Row,
    asked: Instant,
    (charged, later_charged): (bool, bool),
    facts: &Facts,
) -> Step {
    if charged {
        row.failure = None;
        row.phase = Phase::Running;
        return go(row, Effect::Look);
    }
    if asked < drained(&row, facts).after(facts.settle * DOUBT_SETTLES) {
        return go(row, Effect::Look);
    }
    if later_charged {
        return start_again(row, facts);
    }
    review(row, "a start got no clear answer, and nothing tells whether the job runs".to_owned())
}

/// No start of this job landed, and none is under way.
fn start_again(row: Row, facts: &Facts) -> Step {
    if row.starts > START_REPEATS {
        let why = "every start went without an answer, and the job is still a draft";
        return review(row, why.to_owned());
    }
    start(row, facts)
}

fn landed(mut row: Row, look: &Look, facts: &Facts) -> Step {
    row.failure = None;
    row.phase = Phase::Running;
    observe_running(row, look, facts)
}

fn running(mut row: Row, facts: &Facts) -> Step {
    row.failure = None;
    row.phase = Phase::Running;
    follow(row, facts)
}

fn follow(row: Row, facts: &Facts) -> Step {
    let effect = if facts.goal == Goal::Finish { Effect::Follow } else { Effect::Finish };
    go(row, effect)
}

fn from_running(row: Row, seen: Observation, facts: &Facts) -> Step {
    match seen {
        Observation::Looked(look) => observe_running(row, &look, facts),
        Observation::JobUnknown(failure) => halt(row, failure),
        Observation::GaveUp(failure) => back_off_or_rest(row, failure),
        Observation::Resumed => go(row, Effect::Look),
        _ => follow(row, facts),
    }
}

fn observe_running(mut row: Row, look: &Look, facts: &Facts) -> Step {
    match look.status {
        JobStatus::Completed if look.has_output => {
            row.phase = Phase::Completed;
            go(row, Effect::Finish)
        }
        JobStatus::Failed => {
            let why = look.error.clone().unwrap_or_else(|| "the service does not say why".into());
            let mut failure = Failure::new(FailureKind::JobFailed, "the job failed", why);
            failure.job.clone_from(&row.job);
            fail(row, failure)
        }
        // What was started is never a draft again: somebody said "started" and was mistaken.
        JobStatus::Created if look.asked >= drained(&row, facts) => {
            review(row, "the job was said to be started, and is still a draft".to_owned())
        }
        _ => follow(row, facts),
    }
}

/// When everything that was sent has arrived or never will.
fn drained(row: &Row, facts: &Facts) -> Instant {
    row.sent.unwrap_or(facts.now).after(facts.settle)
}

fn has_run(status: &JobStatus) -> bool {
    matches!(status, JobStatus::Processing | JobStatus::Completed | JobStatus::Failed)
}

fn fail(mut row: Row, failure: Failure) -> Step {
    row.phase = Phase::Failed;
    row.failure = Some(failure);
    go(row, Effect::Finish)
}

fn review(mut row: Row, why: String) -> Step {
    let next = how_to_decide(row.job.as_ref());
    let mut failure =
        Failure::new(FailureKind::NeedsReview, "cannot go on safely", why).with_next(next);
    failure.job.clone_from(&row.job);
    row.phase = Phase::NeedsReview;
    row.failure = Some(failure);
    go(row, Effect::Finish)
}

/// How a person decides, in one line.
fn how_to_decide(job: Option<&JobId>) -> String {
    let Some(JobId(job)) = job else {
        return "if the vendor's dashboard shows no job for this input: rbgv resume --accept; if it \
                shows one: rbgv resume --abandon"
            .to_owned();
    };
    // The name is the service's: only a plain one goes into a command that is to be copied.
    let plain = job.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && job.starts_with(|first: char| first.is_ascii_alphanumeric());
    let only = if plain { format!(" --job {job}") } else { String::new() };
    format!(
        "if the vendor's dashboard shows the job running or charged: rbgv resume --accept{only}; if \
         not: rbgv resume --abandon{only}"
    )
}

/// The job is not visible to this key: a rotated key, or a job that was deleted. Never made anew.
fn halt(mut row: Row, failure: Failure) -> Step {
    row.phase = Phase::Halted;
    row.failure = Some(failure);
    go(row, Effect::Finish)
}

/// With a job, the user says that it runs; without one, that none was made.
fn accept(mut row: Row) -> Step {
    row.failure = None;
    if row.job.is_some() {
        row.phase = Phase::Running;
        return go(row, Effect::Look);
    }
    row.phase = Phase::Ready;
    row.creates = 0;
    go(row, Effect::Finish)
}

fn abandon(row: Row) -> Step {
    let mut failure = Failure::new(FailureKind::NeedsReview, "abandoned", "as you asked");
    failure.job.clone_from(&row.job);
    fail(row, failure)
}

fn unanswered(what: &str) -> Failure {
    let mut failure =
        Failure::new(FailureKind::Interrupted, what, "an earlier run ended before the answer came");
    failure.delivery = Delivery::Ambiguous;
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_secs(100);
    const DOUBT: Instant = Instant(1_000_000);

    fn facts(now: Instant) -> Facts {
        Facts {
            now,
            settle: SETTLE,
            glance: Duration::from_secs(2),
            drafts: Drafts::Honoured,
            bills_shown: false,
            later_ran_within: None,
            goal: Goal::Finish,
        }
    }

    fn row(phase: Phase, draft: DraftSeen, starts: u32) -> Row {
        let job = Some(JobId("j-1".into()));
        Row { phase, job, draft, creates: 1, starts, sent: Some(DOUBT), ..Row::planned() }
    }

    fn look(asked: Instant, status: JobStatus) -> Look {
        Look {
            asked,
            status,
            billed: false,
            progress: None,
            listed: false,
            has_output: false,
            error: None,
        }
    }

    fn failed(kind: FailureKind, delivery: Delivery) -> Failure {
        Failure { delivery, ..Failure::new(kind, "start", "words") }
    }

    /// What a poll of a start in doubt leads to, by when it was asked for and what else is known.
    #[test]
    fn a_start_in_doubt_is_decided_by_what_is_free() {
        let pending = |seconds| look(DOUBT.after(Duration::from_secs(seconds)), JobStatus::Pending);
        let plain = facts(DOUBT.after(SETTLE * 4));
        let bills = Facts { bills_shown: true, ..plain };
        let later = Facts { later_ran_within: Some(Duration::from_secs(7)), ..plain };
        let odd = look(pending(1).asked, JobStatus::Other("queued".into()));
        // (what is known, poll, phase, effect)
        let table = [
            (plain, Look { billed: true, ..pending(1) }, Phase::Running, Effect::Follow),
            (plain, Look { progress: Some(0.5), ..pending(1) }, Phase::Running, Effect::Follow),
            (plain, odd, Phase::Running, Effect::Follow),
            (plain, pending(1), Phase::StartDoubt, Effect::Follow),
            (plain, pending(100), Phase::StartDoubt, Effect::Follow),
            (plain, pending(299), Phase::StartDoubt, Effect::Follow),
            (plain, pending(300), Phase::StartDoubt, Effect::AskUsage),
            (bills, pending(99), Phase::StartDoubt, Effect::Follow),
            (bills, Look { listed: true, ..pending(100) }, Phase::StartDoubt, Effect::Look),
            (bills, pending(100), Phase::StartSent, Effect::Start),
            (later, pending(106), Phase::StartDoubt, Effect::Follow),
            (later, Look { listed: true, ..pending(107) }, Phase::StartSent, Effect::Start),
        ];
        for (facts, look, phase, effect) in table {
            let row = row(Phase::StartDoubt, DraftSeen::Pending, 1);
            let next = step(row, Observation::Looked(look.clone()), &facts);
            assert_eq!((next.row.phase, next.effect), (phase, effect), "{look:?}");
        }
    }

    #[test]
    fn the_usage_events_decide_last_and_then_a_person() {
        let late = DOUBT.after(SETTLE * 3);
        // (asked, charged, later ones charged, phase)
        let table = [
            (DOUBT, true, false, Phase::Running),
            (late, true, true, Phase::Running),
            (DOUBT.after(SETTLE), false, true, Phase::StartDoubt),
            (late, false, true, Phase::StartSent),
            (late, false, false, Phase::NeedsReview),
        ];
        for (asked, charged, later_charged, phase) in table {
            let row = row(Phase::StartDoubt, DraftSeen::Pending, 1);
            let seen = Observation::Usage { asked, charged, later_charged };
            let next = step(row, seen, &facts(late));
            assert_eq!(next.row.phase, phase, "{asked:?} {charged} {later_charged}");
        }
    }

    #[test]
    fn the_message_for_a_person_holds_commands_that_can_be_typed() {
        let told = |job: &str| how_to_decide(Some(&JobId(job.into())));
        assert_eq!(
            told("j-1"),
            "if the vendor's dashboard shows the job running or charged: rbgv resume --accept --job \
             j-1; if not: rbgv resume --abandon --job j-1"
        );
        for hostile in ["$(rm x)", "--accept", "a b", ""] {
            assert!(!told(hostile).contains("--job"), "{hostile}");
        }
    }

    #[test]
    fn a_refused_key_rests_and_a_refused_start_is_polled_before_it_is_sent_again() {
        let not_executed = |kind| {
            let row = row(Phase::StartSent, DraftSeen::Pending, 1);
            let seen = Observation::StartFailed(failed(kind, Delivery::NotExecuted));
            step(row, seen, &facts(DOUBT))
        };
        for kind in [FailureKind::Unauthorized, FailureKind::Forbidden] {
            let next = not_executed(kind);
            assert_eq!((next.row.phase, next.row.starts), (Phase::Draft, 0));
            assert!(matches!(next.effect, Effect::Rest(_)), "{kind:?}");
        }
        let refused = not_executed(FailureKind::RateLimited);
        assert!(matches!(refused.effect, Effect::BackOff(_)));
        let due = step(refused.row, Observation::Due, &facts(DOUBT));
        assert_eq!(due.effect, Effect::Look);
        for (asked, effect) in [(Instant(DOUBT.0 - 1), Effect::Look), (DOUBT, Effect::Start)] {
            let seen = Observation::Looked(look(asked, JobStatus::Pending));
            assert_eq!(step(due.row.clone(), seen, &facts(DOUBT)).effect, effect, "{asked:?}");
        }
    }

    #[test]
    fn only_a_draft_of_which_no_start_can_have_been_executed_is_made_anew() {
        let rate_limited = failed(FailureKind::RateLimited, Delivery::NotExecuted);
        let missing = failed(FailureKind::NotFound, Delivery::Refused);
        let lost = failed(FailureKind::Broken, Delivery::Ambiguous);
        // (phase, starts, what happened before, made anew)
        let table = [
            (Phase::Draft, 0, None, true),
            (Phase::Draft, 1, None, false),
            (Phase::Draft, 0, Some(rate_limited), false),
            (Phase::StartRefused, 1, Some(missing.clone()), true),
            (Phase::StartRefused, 2, Some(missing.clone()), false),
            (Phase::StartDoubt, 1, Some(lost), false),
            (Phase::Running, 1, None, false),
        ];
        for (phase, starts, failure, anew) in table {
            let row = Row { failure, ..row(phase, DraftSeen::Created, starts) };
            let known = facts(DOUBT);
            let next = step(row.clone(), Observation::JobUnknown(missing.clone()), &known);
            let expected = if anew { Phase::Ready } else { Phase::Halted };
            assert_eq!(next.row.phase, expected, "{phase:?} {starts}");
            let unknown = Facts { drafts: Drafts::Unknown, ..known };
            let next = step(row, Observation::JobUnknown(missing.clone()), &unknown);
            assert_eq!(next.row.phase, Phase::Halted, "{phase:?} {starts}");
        }
    }

    /// The first draft of a key under any name but `created` is watched; later ones are not.
    #[test]
    fn a_first_draft_is_watched_and_later_ones_are_started_at_once() {
        let names = [None, Some(JobStatus::Pending), Some(JobStatus::Other("drafted".into()))];
        for status in names {
            let job = JobId("j-1".into());
            let created = Observation::Created { job, status: status.clone() };
            let sent = row(Phase::CreateSent, DraftSeen::Unknown, 0);
            let at_once = step(sent.clone(), created.clone(), &facts(DOUBT));
            assert_eq!((at_once.effect, at_once.learned), (Effect::Start, None), "{status:?}");
            let unknown = |now| Facts { drafts: Drafts::Unknown, ..facts(now) };
            let first = step(sent, created, &unknown(DOUBT));
            assert_eq!((first.effect, first.learned), (Effect::Look, None), "{status:?}");
            let shown = status.unwrap_or(JobStatus::Pending);
            let mut row = first.row;
            for (asked, wait) in [(0, 2), (2, 3)] {
                let now = DOUBT.after(Duration::from_secs(asked));
                let seen = Observation::Looked(look(now, shown.clone()));
                let next = step(row, seen, &unknown(now));
                let until = DOUBT.after(Duration::from_secs(wait));
                assert_eq!(next.effect, Effect::Wait(until), "{shown}");
                row = next.row;
            }
            let now = DOUBT.after(WATCH);
            let idle = Observation::Looked(look(now, shown.clone()));
            let next = step(row.clone(), idle, &unknown(now));
            assert_eq!((next.effect, next.learned), (Effect::Start, Some(Drafts::Honoured)));
            let runs = Observation::Looked(look(now, JobStatus::Processing));
            let next = step(row, runs, &unknown(now));
            assert_eq!((next.effect, next.learned), (Effect::Look, Some(Drafts::Ignored)));
        }
    }
}
