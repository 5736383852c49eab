//! What a listener hears of jobs. A webhook never decides anything: it makes whoever follows the
//! job look at once, and while one is received, looks of their own are only the fallback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::conduct::Conduct;
use super::context::Context;
use super::drive::Drive;
use super::protocol::Goal;
use super::run::Run;
use crate::ledger::{BatchId, Claim, Phase as State};
use crate::model::{Failure, Instant, JobId};

/// How often the ledger is asked for news. One question serves every job of a run.
const CHECK: Duration = Duration::from_millis(250);

/// How often it is asked whether anybody listens at all.
const LISTENER_CHECK: Duration = Duration::from_secs(2);

/// What a run has heard.
#[derive(Debug, Default)]
pub(super) struct Tidings(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Jobs that somebody waits for.
    jobs: HashMap<JobId, Word>,
    /// Up to where the deliveries were read.
    upto: i64,
    read_at: Option<Instant>,
    listened_at: Option<Instant>,
    listener: bool,
}

/// What was heard of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Nothing yet.
    None,
    /// That it has ended.
    Ended,
    /// That, and it was looked at for it. The word is not taken twice: a job that shows another
    /// state is followed as if nothing had been said.
    Spent,
}

impl Tidings {
    /// Nobody waits for the job any more.
    pub(super) fn forget(&self, job: &JobId) {
        self.heard().jobs.remove(job);
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_due(last: Option<Instant>, now: Instant, every: Duration) -> bool {
    last.is_none_or(|last| now.since(last) >= every)
}

impl Drive<'_> {
    /// Whether the end of the job is going to be announced: it has an address to tell, and a
    /// process of this machine listens.
    pub(super) async fn is_announced(&self) -> bool {
        let told = self.task.row.job.is_some() && self.task.work.options.webhook_url.is_some();
        told && self.run.is_listened_for().await
    }

    /// Waits until a listener has heard that the job ended, or until the longest usual pause between
    /// looks is over; only for `pause` once nobody listens any more.
    ///
    /// # Errors
    /// The run was stopped.
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), Failure> {
        let context = &self.run.context;
        let Some(job) = &self.task.row.job else { return context.sleep(pause).await };
        let began = context.clock.now();
        loop {
            if self.run.has_ended(job).await {
                return Ok(());
            }
            let patience = if self.run.is_listened_for().await {
                pause.max(context.timing.poll.max)
            } else {
                pause
            };
            let left = patience.saturating_sub(context.clock.now().since(began));
            if left.is_zero() {
                return Ok(());
            }
            context.sleep(left.min(CHECK)).await?;
        }
    }
}

// A ledger that cannot be read says nothing here; the next step, which has to be committed, says
// what is wrong with it.
impl Run {
    /// Whether it was heard that the job ended, and nobody looked for that yet.
    async fn has_ended(&self, job: &JobId) -> bool {
        self.read_earlier_news(job).await;
        self.read_news().await;
        let mut heard = self.tidings.heard();
        let word = heard.jobs.get_mut(job).filter(|word| **word == Word::Ended);
        word.map(|word| *word = Word::Spent).is_some()
    }

    /// What was heard of a job before this run began to wait for it.
    async fn read_earlier_news(&self, job: &JobId) {
        if self.tidings.heard().jobs.contains_key(job) {
            return;
        }
        let (origin, asked) = (self.context.key.origin.clone(), job.clone());
        let said = self.context.ledger(move |ledger, _| ledger.said_to_have_ended(&origin, &asked));
        let word = if said.await.unwrap_or(false) { Word::Ended } else { Word::None };
        self.tidings.heard().jobs.entry(job.clone()).or_insert(word);
    }

    /// What came in since the last look at the deliveries, if that is long enough ago.
    async fn read_news(&self) {
        let now = self.context.clock.now();
        let after = {
            let mut heard = self.tidings.heard();
            if !is_due(heard.read_at, now, CHECK) {
                return;
            }
            heard.read_at = Some(now);
            heard.upto
        };
        let origin = self.context.key.origin.clone();
        let news = self.context.ledger(move |ledger, _| ledger.news(&origin, after)).await;
        let Ok(news) = news else { return };
        let mut heard = self.tidings.heard();
        heard.upto = heard.upto.max(news.upto);
        for job in news.ended {
            if let Some(word @ Word::None) = heard.jobs.get_mut(&job) {
                *word = Word::Ended;
            }
        }
    }

    async fn is_listened_for(&self) -> bool {
        let now = self.context.clock.now();
        let known = {
            let heard = self.tidings.heard();
            (!is_due(heard.listened_at, now, LISTENER_CHECK)).then_some(heard.listener)
        };
        if let Some(known) = known {
            return known;
        }
        let origin = self.context.key.origin.clone();
        let listener = self.context.ledger(move |ledger, _| ledger.listener(&origin)).await;
        let lives = listener.is_ok_and(|listener| listener.is_some());
        let mut heard = self.tidings.heard();
        heard.listener = lives;
        heard.listened_at = Some(now);
        lives
    }
}

/// What a webhook that says that a job has ended came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// The ledger does not know the job.
    Unknown,
    /// It was made with another key: whoever has that one looks.
    OtherKey,
    /// A living process follows the job, and looks by itself now.
    Followed,
    /// It was settled before.
    Already,
    /// One look has confirmed it, and the ledger says so.
    Settled,
    /// The job was never started from here, or one look has shown something else.
    NotConfirmed,
}

impl Settling {
    /// A stable word for JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_job",
            Self::OtherKey => "other_key",
            Self::Followed => "followed",
            Self::Already => "already_settled",
            Self::Settled => "settled",
            Self::NotConfirmed => "not_confirmed",
        }
    }
}

/// Settles the job that a webhook speaks of: with one look, and only if nobody follows it.
///
/// # Errors
/// The ledger cannot be used, or the look got no answer; then the job stays as it was.
pub async fn settle_by_webhook(context: &Arc<Context>, job: &JobId) -> Result<Settling, Failure> {
    let asked = job.clone();
    let known = context.ledger(move |ledger, _| ledger.task_of_job(&asked)).await?;
    let Some(task) = known.filter(|task| task.work.key.origin == context.key.origin) else {
        return Ok(Settling::Unknown);
    };
    if task.row.phase.is_settled() {
        return Ok(Settling::Already);
    }
    let context = context.of_key(&task.work.key.print);
    if task.work.key != context.key {
        return Ok(Settling::OtherKey);
    }
    if !task.row.phase.in_flight() {
        return Ok(Settling::NotConfirmed);
    }
    let id = task.id;
    let claim = context.ledger(move |ledger, owner| ledger.claim(owner, id)).await?;
    let Claim::Mine(task) = claim else { return Ok(Settling::Followed) };
    let looked = look_once(context, *task).await;
    looked.map(|phase| match phase {
        State::Completed | State::Failed => Settling::Settled,
        _ => Settling::NotConfirmed,
    })
}

/// Looks at a claimed attempt, writes what was seen, and gives it back.
async fn look_once(context: &Arc<Context>, task: crate::ledger::Task) -> Result<State, Failure> {
    let conduct = Conduct {
        goal: Goal::Finish,
        in_flight: 1,
        max_credits: None,
        overwrite: false,
        fail_fast: false,
        retry_failed: 0,
        again: false,
    };
    if !task.row.phase.in_flight() {
        let phase = task.row.phase;
        context.ledger(move |ledger, owner| ledger.release(owner, &task)).await?;
        return Ok(phase);
    }
    // No batch: a look starts nothing that could count against one.
    let run = Run::new(Arc::clone(context), BatchId(0), conduct, true);
    run.glance(task).await
}
