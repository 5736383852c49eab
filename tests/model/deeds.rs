//! What the world is after something has happened in it.
//!
//! The driver here is the smallest one that keeps the promises which the rules build on: it
//! commits the row before the effect, sends no stale start, ties every answer to its request, and
//! keeps what the rules learn of the key's drafts.

use rbgv::flow::progress_of;
use rbgv::flow::state_machine::{Effect, JobSnapshot, Observation, SearchResult, StepContext};
use rbgv::ledger::{AttemptStatus, JobProgress};
use rbgv::model::{Execution, FailureKind, Instant, JobId};

use crate::moves::{Action, Deed, Fate, Fed, Model};
use crate::row_key::{
    FRESH, GLANCE, NOW, QUEUE, RowKey, SETTLE, ago, failure, job_id, ticks, until,
};
use crate::server::{Evidence, State, Word};
use crate::world::{Answer, Driver, Echo, InHand, Item, LOST, Purse, Request, Task, World};

impl Model {
    /// What is after `action`, which must be one of [`Model::enabled`].
    pub(crate) fn apply<const N: usize>(
        &self,
        world: &World<N>,
        action: Action,
    ) -> (World<N>, Option<Fed>) {
        let (index, deed) = match action {
            Action::Tick => return (world.later(self.server).expect("time may pass"), None),
            Action::Item(index, deed) => (index, deed),
        };
        let mut next = *world;
        if let Some(purse) = misfortune(&world.items[index], deed) {
            next.left = next.left.after(purse, 1).expect("a misfortune that is left");
        }
        if let Deed::FailOver { lost } = deed {
            fail_over(&mut next, index, lost);
        }
        let seen = self.happen(&mut next.items[index], deed);
        let fed = seen.map(|seen| self.observe(&mut next, index, seen));
        (next, fed)
    }

    /// Whether `action` is a misfortune.
    pub(crate) fn is_misfortune<const N: usize>(&self, world: &World<N>, action: Action) -> bool {
        match action {
            Action::Tick => world.later(self.server).is_some_and(|next| next.left != world.left),
            Action::Item(index, deed) => misfortune(&world.items[index], deed).is_some(),
        }
    }

    /// Lets a deed happen; what the driver saw of it, if it saw anything.
    fn happen(&self, item: &mut Item, deed: Deed) -> Option<Observation> {
        match deed {
            Deed::Resume(goal) => {
                item.goal = goal;
                return Some(Observation::Resumed);
            }
            Deed::Upload { reused } => {
                return Some(Observation::Uploaded { url: String::new(), reused });
            }
            Deed::InputUnusable => {
                let why = failure(FailureKind::Local, Execution::NotExecuted);
                return Some(Observation::InputFailed(why));
            }
            Deed::UploadFails | Deed::GiveUp => {
                let why = failure(FailureKind::Unavailable, Execution::NotExecuted);
                return Some(Observation::CallFailed(why));
            }
            Deed::Send => send(item),
            Deed::Stale => return Some(Observation::StartStale),
            Deed::Arrive { slot, fate } => self.arrive(item, slot, fate),
            Deed::Serve(said) => hand_over(item, said),
            Deed::Receive { comes_again } => return Some(receive(item, comes_again)),
            Deed::LoseRequest => {
                let slot = item.awaited().expect("a request to lose");
                item.take(slot);
                return Some(broken(item));
            }
            Deed::Break => return Some(broken(item)),
            Deed::Hear => {
                let echo = item.echo.take().expect("an answer that comes again");
                // What follows from an answer happens after its question, if only by a moment.
                let requested_at = Instant(ago(echo.requested_at).0 - 1);
                return Some(observation(echo.task, echo.answer, requested_at));
            }
            Deed::Wake => return Some(Observation::TimerFired),
            Deed::Crash | Deed::Reboot => {
                item.driver = Driver::Down;
                item.stop_listening();
                if deed == Deed::Reboot {
                    // The ledger reads a time of another boot as now.
                    item.row.sent = item.row.sent.map(|_| 0);
                }
            }
            Deed::FailOver { .. } => {}
            Deed::Compare => {
                item.replaced = None;
                if std::mem::take(&mut item.is_unplanned) {
                    item.renamed = item.next_job();
                }
                // A process does not rely on the time of a request that it has not sent itself.
                item.row.sent = item.row.sent.map(|_| 0);
                if let Some(row) = (self.compare)(&item.row.row(), &self.listed(item), NOW) {
                    item.row = RowKey::of(&row);
                }
            }
            Deed::CompareUnplanned => {
                item.replaced = None;
                item.is_unplanned = false;
                if let Some(row) = (self.restore)(&self.listed(item), NOW) {
                    item.row = RowKey::of(&row);
                } else {
                    item.renamed = item.next_job();
                    item.abandoned = item.renamed;
                }
            }
            Deed::Adopt => {
                item.in_hand = in_hand(item);
                item.driver = Driver::Down;
                item.stop_listening();
                item.row.sent = item.row.sent.map(|_| 0);
            }
            Deed::SendInHand => {
                let in_hand = item.in_hand.take().expect("a request in hand");
                item.dispatch(in_hand.request);
                let sent = item.wire.iter_mut().flatten().last().expect("what was just sent");
                sent.awaited = false;
            }
            Deed::Work { job, state } => {
                let job = item.jobs[usize::from(job)].as_mut().expect("a job to work on");
                job.state = state;
                job.queued = 0;
            }
            Deed::StartByAnother => {
                let job = item.row.job.expect("a draft");
                self.execute(item, Request::Start(job));
                let job = item.jobs[usize::from(job)].as_mut().expect("the job of the row");
                job.by_another = true;
                // A run ends, somebody comes: that takes longer than any answer is listened to.
                item.echo = None;
            }
            Deed::Forget => {
                let job = usize::from(item.row.job.expect("a draft"));
                item.jobs[job].as_mut().expect("the job of the row").state = State::Gone;
            }
            Deed::Accept => return Some(Observation::Accepted),
            Deed::Abandon => return Some(Observation::Abandoned),
        }
        None
    }

    /// The jobs of the item, as far as the service shows that they are.
    fn listed(&self, item: &Item) -> Vec<(JobId, JobProgress)> {
        let is_ours = |index| self.server.echoes_metadata || item.row.job == Some(index);
        (0..)
            .zip(item.jobs)
            .filter_map(|(index, job)| Some((index, job?)))
            .filter(|(index, job)| job.state != State::Gone && is_ours(*index))
            .map(|(index, job)| (job_id(index), progress_of(&self.server.shown(job).status())))
            .collect()
    }

    /// The service gets a request.
    fn arrive(&self, item: &mut Item, slot: usize, fate: Fate) {
        let flight = item.take(slot);
        if fate == Fate::DoneAndComesAgain {
            item.dispatch(flight.request);
            let again = item.wire.iter_mut().flatten().last().expect("what was just sent");
            (again.age, again.awaited) = (flight.age, false);
        }
        let said = match fate {
            Fate::Throttled => Answer::Throttled,
            Fate::ThrottledYetDone => {
                self.execute(item, flight.request);
                if let Request::Start(job) = flight.request {
                    let job = item.jobs[usize::from(job)].as_mut().expect("a job to start");
                    job.by_another = true;
                }
                Answer::Throttled
            }
            Fate::OutOfCredit => Answer::OutOfCredit,
            Fate::Refused => Answer::Refused,
            Fate::RefusedYetDone => {
                self.execute(item, flight.request);
                Answer::Refused
            }
            Fate::DoneUntold => match self.execute(item, flight.request) {
                Answer::Created(job, _) => Answer::Created(job, None),
                other => other,
            },
            Fate::Done | Fate::DoneAndComesAgain => self.execute(item, flight.request),
        };
        if flight.awaited {
            hand_over(item, said);
        }
    }

    fn execute(&self, item: &mut Item, request: Request) -> Answer {
        match request {
            Request::Create => {
                let index = item.jobs.iter().position(Option::is_none).expect("room for a job");
                let job = self.server.create();
                item.jobs[index] = Some(job);
                let index = u8::try_from(index).expect("few jobs");
                Answer::Created(index, Some(self.server.shown(job)))
            }
            Request::Start(job) => {
                let job = item.jobs[usize::from(job)].as_mut().expect("a job to start");
                if job.state == State::Gone {
                    return Answer::Missing;
                }
                if self.server.start(job) { Answer::Started } else { Answer::Conflict }
            }
        }
    }

    /// The driver: learn, ask the rules, commit, turn to the effect.
    fn observe<const N: usize>(
        &self,
        world: &mut World<N>,
        index: usize,
        seen: Observation,
    ) -> Fed {
        let item = &mut world.items[index];
        let facts = StepContext {
            now: NOW,
            settle: ticks(SETTLE),
            poll_interval: ticks(GLANCE),
            drafts: world.drafts,
            bills_shown: self.server.shows_bills,
            later_ran_within: (self.server.evidence == Evidence::LaterRan).then(|| ticks(QUEUE)),
            goal: item.goal,
        };
        let before = item.row.phase;
        let step = (self.rules)(item.row.row(), seen.clone(), &facts);
        item.stop_listening();
        let row = RowKey::of(&step.state);
        if world.left.allows(|left| &mut left.failovers) {
            if row != item.row {
                item.remember(world.drafts);
            }
        } else {
            item.commits = [None; LOST];
        }
        item.row = row;
        world.drafts = step.learned.unwrap_or(world.drafts);
        let about = |task| Driver::About { task, age: 0 };
        let asking = |task| Driver::Awaiting { task, requested_at: 0, answer: None };
        item.driver = match &step.effect {
            Effect::Upload => about(Task::Upload),
            Effect::Create => about(Task::Create),
            Effect::Search => asking(Task::Search),
            Effect::Start => about(Task::Start),
            // Time has to pass before there is more to see of a start in doubt.
            Effect::Follow if item.row.phase != AttemptStatus::Running => Driver::Sleeping(GLANCE),
            Effect::Poll | Effect::Follow => asking(Task::Look),
            Effect::AskUsage => asking(Task::Usage),
            Effect::Wait(at) => Driver::Sleeping(until(*at)),
            Effect::BackOff(_) => Driver::Sleeping(0),
            Effect::Done if item.row.phase.is_settled() => Driver::Done,
            Effect::Done | Effect::Suspend(_) => Driver::Down,
        };
        Fed { seen, before, after: item.row.phase, effect: step.effect }
    }
}

/// The kind of misfortune that a deed is, if it is one.
fn misfortune(item: &Item, deed: Deed) -> Option<Purse> {
    match deed {
        Deed::LoseRequest | Deed::Break => Some(|left| &mut left.losses),
        Deed::Crash | Deed::Reboot => Some(|left| &mut left.crashes),
        Deed::FailOver { .. } => Some(|left| &mut left.failovers),
        Deed::Adopt => Some(|left| &mut left.adoptions),
        Deed::Receive { comes_again: true } => Some(|left| &mut left.repeats),
        Deed::Arrive { fate: Fate::DoneAndComesAgain, .. } => Some(|left| &mut left.doubled),
        Deed::Arrive { fate: Fate::Done, .. }
        | Deed::Serve(Answer::View { word: Word::Completed, output: true, .. }) => None,
        Deed::Serve(Answer::Unknown) if item.is_forgotten() => None,
        Deed::Stale if matches!(item.driver, Driver::About { age, .. } if age > FRESH) => None,
        Deed::Arrive { .. }
        | Deed::Upload { reused: true }
        | Deed::UploadFails
        | Deed::InputUnusable
        | Deed::Stale
        | Deed::GiveUp
        | Deed::Serve(Answer::Unknown | Answer::View { word: Word::Completed, .. })
        | Deed::StartByAnother
        | Deed::Forget
        | Deed::Accept
        | Deed::Abandon => Some(|left| &mut left.troubles),
        _ => None,
    }
}

/// A standby takes over that lacks the last `lost` commits. Every process that was connected ends; what it
/// was about to send, and had checked, leaves.
fn fail_over<const N: usize>(world: &mut World<N>, index: usize, lost: usize) {
    let item = &mut world.items[index];
    item.in_hand = in_hand(item).map(|in_hand| InHand { is_checked: true, ..in_hand });
    if let Some(commit) = lost.checked_sub(1).and_then(|last| item.commits[last]) {
        item.row = commit.row;
        world.drafts = commit.drafts;
        item.is_unplanned = !commit.is_planned;
    }
    item.driver = Driver::Down;
    item.stop_listening();
    item.replaced = Some(0);
    item.commits = [None; LOST];
}

/// What a process that is suspended or cut off has in hand, if it changes anything.
fn in_hand(item: &Item) -> Option<InHand> {
    let Driver::About { task, age } = item.driver else { return None };
    let request = match task {
        Task::Create => Request::Create,
        Task::Start => Request::Start(item.row.job?),
        Task::Look | Task::Search | Task::Upload | Task::Usage => return None,
    };
    Some(InHand { request, age, is_checked: false })
}

/// The effect begins.
fn send(item: &mut Item) {
    let Driver::About { task, .. } = item.driver else { unreachable!("nothing to send") };
    match task {
        Task::Create => item.dispatch(Request::Create),
        Task::Start => item.dispatch(Request::Start(item.row.job.expect("a job to start"))),
        Task::Look | Task::Search | Task::Upload | Task::Usage => {}
    }
    item.driver = Driver::Awaiting { task, requested_at: 0, answer: None };
}

/// An answer leaves for the driver.
fn hand_over(item: &mut Item, said: Answer) {
    if let Driver::Awaiting { answer, .. } = &mut item.driver {
        *answer = Some(said);
    }
}

fn receive(item: &mut Item, comes_again: bool) -> Observation {
    let Driver::Awaiting { task, requested_at, answer: Some(answer) } = item.driver else {
        unreachable!("no answer to receive")
    };
    if comes_again {
        item.echo = Some(Echo { task, answer, requested_at });
    }
    observation(task, answer, ago(requested_at))
}

/// What the driver sees when its connection breaks.
fn broken(item: &Item) -> Observation {
    let why = failure(FailureKind::Broken, Execution::Ambiguous);
    match item.driver {
        Driver::Awaiting { task: Task::Create, .. } => Observation::CreateFailed(why),
        Driver::Awaiting { task: Task::Start, .. } => Observation::StartFailed(why),
        _ => Observation::CallFailed(why),
    }
}

/// An answer, in the words of the rules.
fn observation(task: Task, answer: Answer, requested_at: Instant) -> Observation {
    let refused = |kind, delivery| {
        let why = failure(kind, delivery);
        match task {
            Task::Create => Observation::CreateFailed(why),
            _ => Observation::StartFailed(why),
        }
    };
    match answer {
        Answer::Created(job, word) => {
            Observation::Created { job: job_id(job), status: word.map(Word::status) }
        }
        Answer::Started => Observation::Started,
        Answer::Conflict => refused(FailureKind::Conflict, Execution::Ambiguous),
        Answer::Throttled => refused(FailureKind::RateLimited, Execution::NotExecuted),
        Answer::OutOfCredit => refused(FailureKind::InsufficientCredits, Execution::NotExecuted),
        Answer::Refused => refused(FailureKind::InvalidRequest, Execution::Refused),
        Answer::Missing => refused(FailureKind::NotFound, Execution::Refused),
        Answer::View { word, billed, output } => Observation::Polled(JobSnapshot {
            requested_at,
            status: word.status(),
            billed,
            progress: None,
            listed: false,
            has_output: output,
            error: None,
        }),
        Answer::Usage { charged, later } => {
            Observation::Usage { requested_at, charged, later_charged: later }
        }
        Answer::Unknown => {
            Observation::JobUnknown(failure(FailureKind::NotFound, Execution::Refused))
        }
        Answer::Ours(job, word) => Observation::Searched {
            requested_at,
            found: SearchResult::Ours(job_id(job), word.status()),
        },
        Answer::Nothing => Observation::Searched { requested_at, found: SearchResult::Nothing },
        Answer::Unclear => {
            Observation::Searched { requested_at, found: SearchResult::Unclear(String::new()) }
        }
    }
}
