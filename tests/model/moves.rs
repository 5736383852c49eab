//! Everything that can happen next in a world.
//!
//! [`Model::enabled`] lists what may happen, [`Model::apply`] (in `deeds`) lets it happen; both are
//! deterministic, so that a list of actions is a whole story.

use rbgv::flow::state_machine::{Effect, Goal, Observation, Step, StepContext};
use rbgv::ledger::{
    AttemptState, AttemptStatus, DraftObservation, reconciled_state, restored_state,
};

use crate::checks::Broken;
use crate::row_key::{FRESH, REPLACED};
use crate::rules::{Compare, Fence, Restore};
use crate::server::{DraftRule, Evidence, Server, State, Word};
use crate::world::{Answer, Driver, Echo, Item, Request, Task, World};

/// The rules under test, or a broken variant of them.
pub(crate) type Rules = fn(AttemptState, Observation, &StepContext) -> Step;

/// What stays the same while a world changes.
#[derive(Clone, Copy)]
pub(crate) struct Model {
    pub(crate) server: Server,
    pub(crate) rules: Rules,
    /// How the row is corrected after a fail-over.
    pub(crate) compare: Compare,
    /// How a row that was lost is restored, if the item is planned again after that.
    pub(crate) restore: Restore,
    /// Ticks between a fail-over and the comparison.
    pub(crate) compare_after: u8,
    /// What keeps a process that lost the attempt from sending what it has in hand.
    pub(crate) fence: Fence,
    /// Whether the user may make runs stop at a draft or at a start.
    pub(crate) goals: bool,
    /// Outside the assumptions: a repeated answer may be taken for that of a later request.
    pub(crate) confused: bool,
    /// The one promise that is watched, where others are known to be beyond reach.
    pub(crate) only: Option<Broken>,
}

/// How a request fares at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is carried out.
    Done,
    /// It is carried out, and the answer does not say the state.
    DoneUntold,
    /// It is carried out, and the network brings it once more later.
    DoneAndComesAgain,
    /// 429.
    Throttled,
    /// 429, although it was carried out.
    ThrottledYetDone,
    /// 402.
    OutOfCredit,
    /// A structured 400, and nothing done.
    Refused,
    /// A structured 400, although it was carried out.
    RefusedYetDone,
}

/// What happens to one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Resume(Goal),
    Upload {
        reused: bool,
    },
    UploadFails,
    InputUnusable,
    Send,
    Stale,
    Arrive {
        slot: usize,
        fate: Fate,
    },
    Serve(Answer),
    Receive {
        comes_again: bool,
    },
    LoseRequest,
    Break,
    Hear,
    Wake,
    GiveUp,
    Crash,
    Reboot,
    /// A standby without the last `lost` commits takes over.
    FailOver {
        lost: usize,
    },
    /// The jobs are compared with the ledger.
    Compare,
    /// Another process compares them before the item, whose plan was lost, is planned again.
    CompareUnplanned,
    /// The process is suspended or cut off for longer than its lease, and another one adopts the attempt.
    Adopt,
    /// That process sends what it has in hand.
    SendInHand,
    Work {
        job: u8,
        state: State,
    },
    Accept,
    Abandon,
    /// Somebody starts the draft that a run has left.
    StartByAnother,
    /// The service forgets the draft that the row knows.
    Forget,
}

/// One event of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Tick,
    Item(usize, Deed),
}

/// The observation given to the rules, and their result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fed {
    pub(crate) seen: Observation,
    pub(crate) before: AttemptStatus,
    pub(crate) after: AttemptStatus,
    pub(crate) effect: Effect,
}

/// Jobs of other items whose number no row knows.
fn strangers<const N: usize>(world: &World<N>, index: usize) -> bool {
    let unknown = |item: &Item| {
        (0..).zip(item.jobs).any(|(job, made)| made.is_some() && item.row.job != Some(job))
    };
    world.items.iter().enumerate().any(|(other, item)| other != index && unknown(item))
}

impl Model {
    /// This service under these rules, within the assumptions, every promise watched.
    pub(crate) const fn new(server: Server, rules: Rules) -> Self {
        Self {
            server,
            rules,
            compare: reconciled_state,
            restore: restored_state,
            compare_after: REPLACED,
            fence: Fence::Epoch,
            goals: false,
            confused: false,
            only: None,
        }
    }

    /// Whether this promise is watched.
    pub(crate) fn heeds(&self, promise: Broken) -> bool {
        self.only.is_none_or(|only| only == promise)
    }

    /// Appends all that may happen in `world`.
    pub(crate) fn enabled<const N: usize>(&self, world: &World<N>, actions: &mut Vec<Action>) {
        if world.later(self.server).is_some() {
            actions.push(Action::Tick);
        }
        let mut deeds = Vec::new();
        for (index, item) in world.items.iter().enumerate() {
            self.driver_deeds(world, index, &mut deeds);
            self.ledger_deeds(world, item, &mut deeds);
            self.network_deeds(world, item, &mut deeds);
            if !item.is_over() {
                service_deeds(item, &mut deeds);
            }
            if world.left.allows(|left| &mut left.troubles) {
                let is_draft = item.job().is_some_and(|job| job.state == State::Draft);
                if is_draft && !item.is_over() {
                    deeds.push(Deed::Forget);
                }
                self.user_deeds(item, &mut deeds);
            }
            actions.extend(deeds.drain(..).map(|deed| Action::Item(index, deed)));
        }
    }

    fn driver_deeds<const N: usize>(&self, world: &World<N>, index: usize, deeds: &mut Vec<Deed>) {
        let item = &world.items[index];
        let trouble = world.left.allows(|left| &mut left.troubles);
        match item.driver {
            Driver::Down if item.replaced.is_some() => return,
            Driver::Down => {
                let goals: &[Goal] = if self.goals {
                    &[Goal::Draft, Goal::Start, Goal::Finish]
                } else {
                    &[Goal::Finish]
                };
                deeds.extend(goals.iter().map(|&goal| Deed::Resume(goal)));
                return;
            }
            Driver::Done => return,
            Driver::About { task: Task::Upload, .. } => {
                deeds.push(Deed::Upload { reused: false });
                if trouble {
                    deeds.extend([Deed::Upload { reused: true }, Deed::InputUnusable]);
                    deeds.push(Deed::UploadFails);
                }
            }
            Driver::About { task: Task::Start, age } => {
                let dead = age > FRESH;
                if dead {
                    deeds.push(Deed::Stale);
                } else if item.can_send() {
                    deeds.push(Deed::Send);
                }
                if trouble && !dead {
                    deeds.push(Deed::Stale);
                }
            }
            Driver::About { task: Task::Create, .. } if world.create_waits(index) => {}
            Driver::About { .. } if item.can_send() => deeds.push(Deed::Send),
            Driver::About { .. } => {}
            Driver::Awaiting { task, answer, .. } => {
                if answer.is_some() {
                    deeds.push(Deed::Receive { comes_again: false });
                } else if task == Task::Search {
                    self.findings(world, index, deeds);
                } else if task == Task::Look {
                    self.views(item, trouble, deeds);
                } else if task == Task::Usage {
                    self.charges(item, deeds);
                }
            }
            Driver::Sleeping(left) => {
                if left == 0 {
                    deeds.push(Deed::Wake);
                }
                if trouble {
                    deeds.push(Deed::GiveUp);
                }
            }
        }
        if world.left.allows(|left| &mut left.crashes) {
            deeds.extend([Deed::Crash, Deed::Reboot]);
        }
    }

    /// What can happen to a ledger that machines share.
    fn ledger_deeds<const N: usize>(&self, world: &World<N>, item: &Item, deeds: &mut Vec<Deed>) {
        if world.left.allows(|left| &mut left.failovers) {
            let known = item.commits.iter().flatten().count();
            deeds.extend((0..=known).map(|lost| Deed::FailOver { lost }));
        }
        if item.replaced.is_some_and(|age| age >= self.compare_after) {
            deeds.push(Deed::Compare);
            if item.is_unplanned {
                deeds.push(Deed::CompareUnplanned);
            }
        }
        let has_lease = match item.driver {
            // The commit has renewed it.
            Driver::About { task: Task::Start, age } => age <= FRESH,
            Driver::About { .. } | Driver::Awaiting { .. } | Driver::Sleeping(_) => false,
            Driver::Down | Driver::Done => true,
        };
        if !has_lease && world.left.allows(|left| &mut left.adoptions) && item.in_hand.is_none() {
            deeds.push(Deed::Adopt);
        }
        if item.in_hand.is_some_and(|in_hand| self.fence.lets_through(in_hand)) && item.can_send() {
            deeds.push(Deed::SendInHand);
        }
    }

    /// What a search can find just now. A job of unknown origin can be there at any time.
    fn findings<const N: usize>(&self, world: &World<N>, index: usize, deeds: &mut Vec<Deed>) {
        let item = &world.items[index];
        let listed = item
            .newest()
            .filter(|job| item.jobs[usize::from(*job)].is_some_and(|job| job.state != State::Gone));
        let answer = match listed {
            Some(job) if self.server.echoes_metadata && job >= item.renamed => {
                let made = item.jobs[usize::from(job)].expect("the newest job");
                Answer::Ours(job, self.server.shown(made))
            }
            Some(_) => Answer::Unclear,
            None if !self.server.echoes_metadata && strangers(world, index) => Answer::Unclear,
            None => Answer::Nothing,
        };
        deeds.push(Deed::Serve(answer));
        if answer != Answer::Unclear {
            deeds.push(Deed::Serve(Answer::Unclear));
        }
    }

    /// What a poll can show now.
    fn views(&self, item: &Item, trouble: bool, deeds: &mut Vec<Deed>) {
        let job = item.job().expect("a job to see");
        if job.state == State::Gone {
            deeds.push(Deed::Serve(Answer::Unknown));
            return;
        }
        let word = self.server.shown(job);
        let output = word == Word::Completed;
        if job.bills == 0 || !self.server.shows_bills {
            deeds.push(Deed::Serve(Answer::View { word, billed: false, output }));
        }
        if job.bills > 0 {
            deeds.push(Deed::Serve(Answer::View { word, billed: true, output }));
        }
        if trouble {
            if !job.by_another {
                deeds.push(Deed::Serve(Answer::Unknown));
            }
            if output {
                deeds.push(Deed::Serve(Answer::View { word, billed: false, output: false }));
            }
        }
    }

    /// What the usage events can say just now. Those that charge for what was started later miss
    /// nothing that was started before, as long as that goes in order.
    fn charges(&self, item: &Item, deeds: &mut Vec<Deed>) {
        let charged = item.job().is_some_and(|job| job.bills > 0);
        deeds.push(Deed::Serve(Answer::Usage { charged: false, later: false }));
        if charged {
            deeds.push(Deed::Serve(Answer::Usage { charged: true, later: false }));
        }
        if self.server.evidence == Evidence::LaterCharged && !(charged && self.server.in_order) {
            deeds.push(Deed::Serve(Answer::Usage { charged: false, later: true }));
        }
    }

    fn network_deeds<const N: usize>(&self, world: &World<N>, item: &Item, deeds: &mut Vec<Deed>) {
        let left = &world.left;
        for (slot, flight) in item.wire.iter().flatten().enumerate() {
            deeds.push(Deed::Arrive { slot, fate: Fate::Done });
            if left.allows(|left| &mut left.doubled) && item.can_send() {
                deeds.push(Deed::Arrive { slot, fate: Fate::DoneAndComesAgain });
            }
            if left.allows(|left| &mut left.troubles) && flight.awaited {
                let odd = match flight.request {
                    Request::Create => Fate::DoneUntold,
                    Request::Start(_) => Fate::RefusedYetDone,
                };
                let fates = [Fate::Throttled, Fate::OutOfCredit, Fate::Refused, odd];
                deeds.extend(fates.map(|fate| Deed::Arrive { slot, fate }));
                if odd == Fate::RefusedYetDone && self.server.may_deny(item.row.draft) {
                    deeds.push(Deed::Arrive { slot, fate: Fate::ThrottledYetDone });
                }
            }
        }
        if let Driver::Awaiting { answer, .. } = item.driver {
            if left.allows(|left| &mut left.losses) {
                deeds.push(Deed::Break);
                if item.awaited().is_some() {
                    deeds.push(Deed::LoseRequest);
                }
            }
            if left.allows(|left| &mut left.repeats) && item.echo.is_none() && answer.is_some() {
                deeds.push(Deed::Receive { comes_again: true });
            }
        }
        if let Some(echo) = item.echo {
            let listens = match item.driver {
                Driver::Awaiting { task, answer, .. } => {
                    !echo.is_refusal() || (self.confused && task == echo.task && answer.is_none())
                }
                Driver::Sleeping(_) | Driver::Done => !echo.is_refusal(),
                Driver::Down | Driver::About { .. } => false,
            };
            if listens {
                deeds.push(Deed::Hear);
            }
        }
    }

    /// The user settles what is in doubt. One who says that a draft runs, where `pending` hides the
    /// mistake, is not modelled, nor one who says that no job was made and has not looked.
    fn user_deeds(&self, item: &Item, deeds: &mut Vec<Deed>) {
        let job = item.job();
        let is_draft = job.is_some_and(|job| job.state == State::Draft);
        let announced =
            item.row.phase == AttemptStatus::Draft && item.row.draft == DraftObservation::Created;
        let is_left = item.driver == Driver::Down && item.replaced.is_none();
        if is_left && announced && is_draft {
            deeds.push(Deed::StartByAnother);
        }
        if item.driver != Driver::Done {
            return;
        }
        if matches!(item.row.phase, AttemptStatus::NeedsReview | AttemptStatus::Halted) {
            deeds.push(Deed::Abandon);
        }
        let acceptable = match job {
            Some(job) if job.state == State::Gone => false,
            Some(_) => !is_draft || self.server.drafts == DraftRule::ShownCreated,
            None => item.newest().is_none() && item.wire[0].is_none(),
        };
        if item.row.phase == AttemptStatus::NeedsReview && acceptable {
            deeds.push(Deed::Accept);
        }
    }
}

impl Echo {
    /// Whether this says that a create or start was not carried out.
    fn is_refusal(self) -> bool {
        matches!(
            self.answer,
            Answer::Throttled
                | Answer::OutOfCredit
                | Answer::Refused
                | Answer::Missing
                | Answer::Conflict
        )
    }
}

/// Workers take jobs and finish them.
fn service_deeds(item: &Item, deeds: &mut Vec<Deed>) {
    for (job, made) in (0..).zip(item.jobs) {
        match made.map(|made| made.state) {
            Some(State::Queued) => deeds.push(Deed::Work { job, state: State::Working }),
            Some(State::Working) => {
                deeds.push(Deed::Work { job, state: State::Completed });
                deeds.push(Deed::Work { job, state: State::Failed });
            }
            _ => {}
        }
    }
}
