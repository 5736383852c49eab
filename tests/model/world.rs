//! The world around the rules: ledger, driver, network and service, as plain hashable data.
//!
//! What can happen in it is in `moves`; this file only says what it is made of, and how time
//! passes.

use rbgv::flow::state_machine::Goal;
use rbgv::ledger::{AttemptState, AttemptStatus, DraftObservation, DraftSupport};

use crate::row_key::{FRESH, PATIENCE, REPLACED, RowKey, SETTLE};
use crate::server::{Job, Server, State, Word};

/// Most jobs that creates of one item can make within the budgets used here.
pub(crate) const JOBS: usize = 8;
/// Most requests of one item that can be under way at once.
pub(crate) const WIRE: usize = 4;
/// Most commits that a fail-over loses.
pub(crate) const LOST: usize = 4;

/// How many more misfortunes of each kind this world may still meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// All together.
    pub(crate) all: u8,
    /// Requests or answers lost.
    pub(crate) losses: u8,
    /// Deaths of the process.
    pub(crate) crashes: u8,
    /// Requests or answers that take longer than no time.
    pub(crate) delays: u8,
    /// Answers that come once more.
    pub(crate) repeats: u8,
    /// Refusals, failed uploads, decisions of the user: everything but faults of the network.
    pub(crate) troubles: u8,
    /// Fail-overs to a standby that lacks the last commits.
    pub(crate) failovers: u8,
    /// Attempts adopted while their process is suspended or cut off.
    pub(crate) adoptions: u8,
    /// Outside the assumptions: requests that take `settle` or longer.
    pub(crate) overdue: u8,
    /// Outside the assumptions: requests that the network carries twice.
    pub(crate) doubled: u8,
}

impl Budget {
    /// Nothing goes wrong.
    pub(crate) const NONE: Self = Self {
        all: 0,
        losses: 0,
        crashes: 0,
        delays: 0,
        repeats: 0,
        troubles: 0,
        failovers: 0,
        adoptions: 0,
        overdue: 0,
        doubled: 0,
    };

    /// Whether one more misfortune of the kind that `purse` picks may happen.
    pub(crate) fn allows(mut self, purse: Purse) -> bool {
        self.all > 0 && *purse(&mut self) > 0
    }

    /// What is left after `times` misfortunes of the kind that `purse` picks.
    pub(crate) fn after(mut self, purse: Purse, times: u8) -> Option<Self> {
        self.all = self.all.checked_sub(times)?;
        let one = purse(&mut self);
        *one = one.checked_sub(times)?;
        Some(self)
    }
}

/// Picks one kind of misfortune.
pub(crate) type Purse = fn(&mut Budget) -> &mut u8;

/// A request that can change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    Create,
    /// Start of the job with this index.
    Start(u8),
}

/// A request under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) request: Request,
    /// Ticks since it was sent, at most [`SETTLE`].
    pub(crate) age: u8,
    /// Whether the driver still waits for its answer.
    pub(crate) awaited: bool,
}

/// What the driver is about to do, or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Task {
    Upload,
    Create,
    Search,
    Start,
    Look,
    Usage,
}

/// The response of the service or of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// A job was made; its state, when the answer says.
    Created(u8, Option<Word>),
    Started,
    /// 409.
    Conflict,
    /// 429: not executed.
    Throttled,
    /// 402: not executed.
    OutOfCredit,
    /// A structured 400.
    Refused,
    /// 404 to a start.
    Missing,
    View {
        word: Word,
        /// Whether the bill shows.
        billed: bool,
        /// Whether a link to the output is there.
        output: bool,
    },
    /// 404 to a poll.
    Unknown,
    /// The usage events.
    Usage {
        charged: bool,
        later: bool,
    },
    Ours(u8, Word),
    Nothing,
    Unclear,
}

/// The process that works on the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Driver {
    /// No process; a later run continues.
    Down,
    /// The row is committed; its effect has not begun.
    About {
        task: Task,
        /// Ticks since the commit; counted for starts only.
        age: u8,
    },
    /// Asked, `requested_at` ticks ago.
    Awaiting { task: Task, requested_at: u8, answer: Option<Answer> },
    /// Wakes when no ticks are left.
    Sleeping(u8),
    /// The row is settled.
    Done,
}

/// An answer that the network will bring once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Echo {
    pub(crate) task: Task,
    pub(crate) answer: Answer,
    /// Ticks since the question.
    pub(crate) requested_at: u8,
}

/// An earlier state of what the ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Commit {
    /// Without its age: a process takes the time of a request that it has not sent itself as now.
    pub(crate) row: RowKey,
    pub(crate) drafts: DraftSupport,
    /// Whether the item was planned at all.
    pub(crate) is_planned: bool,
}

/// A request that a process had in hand when it lost the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct InHand {
    pub(crate) request: Request,
    /// Ticks since the commit of a start, or since a create could have been sent.
    pub(crate) age: u8,
    /// Whether nothing but its age keeps it from being sent: it was checked for the last time.
    pub(crate) is_checked: bool,
}

/// One item: its row, the process on it, its requests and its jobs at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) row: RowKey,
    pub(crate) driver: Driver,
    /// How far the present run is to go.
    pub(crate) goal: Goal,
    pub(crate) jobs: [Option<Job>; JOBS],
    pub(crate) wire: [Option<Flight>; WIRE],
    pub(crate) echo: Option<Echo>,
    /// What a fail-over may bring back, youngest first; kept while there may be one.
    pub(crate) commits: [Option<Commit>; LOST],
    /// Ticks since a fail-over, until the jobs are compared with the ledger.
    pub(crate) replaced: Option<u8>,
    /// A fail-over has lost the plan of the item.
    pub(crate) is_unplanned: bool,
    /// Jobs that were made under an earlier correlation id.
    pub(crate) renamed: u8,
    /// Of these, drafts whose row was lost with its count of them.
    pub(crate) abandoned: u8,
    pub(crate) in_hand: Option<InHand>,
}

/// The world. Items share the key, what is known of it, and the misfortunes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct World<const N: usize> {
    pub(crate) items: [Item; N],
    pub(crate) drafts: DraftSupport,
    pub(crate) left: Budget,
}

impl Item {
    fn new() -> Self {
        Self {
            row: RowKey::of(&AttemptState::planned()),
            driver: Driver::Down,
            goal: Goal::Finish,
            jobs: [None; JOBS],
            wire: [None; WIRE],
            echo: None,
            commits: [None; LOST],
            replaced: None,
            is_unplanned: false,
            renamed: 0,
            abandoned: 0,
            in_hand: None,
        }
    }

    /// How often this attempt was billed.
    pub(crate) fn bills(&self) -> u8 {
        self.jobs.iter().flatten().map(|job| job.bills).sum()
    }

    /// Index of the youngest job.
    pub(crate) fn newest(&self) -> Option<u8> {
        (0..).zip(self.jobs).filter(|(_, job)| job.is_some()).map(|(index, _)| index).last()
    }

    /// Index of the job that the next create makes.
    pub(crate) fn next_job(&self) -> u8 {
        self.newest().map_or(0, |job| job + 1)
    }

    /// The job that the row knows.
    pub(crate) fn job(&self) -> Option<Job> {
        self.row.job.and_then(|job| self.jobs[usize::from(job)])
    }

    /// Whether the service has forgotten the job that the row knows.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.job().is_some_and(|job| job.state == State::Gone)
    }

    /// Puts a request on the wire.
    pub(crate) fn dispatch(&mut self, request: Request) {
        let free = self.wire.iter_mut().find(|slot| slot.is_none());
        *free.expect("a free place on the wire") = Some(Flight { request, age: 0, awaited: true });
    }

    /// Whether another request fits on the wire; if not, something has to arrive first.
    pub(crate) fn can_send(&self) -> bool {
        self.wire[WIRE - 1].is_none()
    }

    /// Takes a request off the wire.
    pub(crate) fn take(&mut self, slot: usize) -> Flight {
        let flight = self.wire[slot].take().expect("a request in this place");
        self.wire[slot..].rotate_left(1);
        flight
    }

    /// The driver turns to something else: no answer to what it sent reaches it any more.
    pub(crate) fn stop_listening(&mut self) {
        self.wire.iter_mut().flatten().for_each(|flight| flight.awaited = false);
    }

    /// Place of the request whose answer the driver waits for.
    pub(crate) fn awaited(&self) -> Option<usize> {
        self.wire.iter().position(|slot| slot.is_some_and(|flight| flight.awaited))
    }

    /// Whether nothing can happen here any more.
    pub(crate) fn is_over(&self) -> bool {
        self.driver == Driver::Done && self.wire[0].is_none()
    }

    /// The row is about to be written anew.
    pub(crate) fn remember(&mut self, drafts: DraftSupport) {
        let mut row = self.row;
        row.sent = row.sent.map(|_| 0);
        self.commits.rotate_right(1);
        self.commits[0] = Some(Commit { row, drafts, is_planned: true });
    }

    /// Misfortunes that the next tick needs: what travels without delay must not travel now.
    /// None if the tick cannot come before something else has.
    fn tick_cost(&self, server: Server) -> Option<Cost> {
        let mut cost = Cost::default();
        for flight in self.wire.iter().flatten() {
            cost.delays += u8::from(flight.age == 0);
            cost.overdue += u8::from(flight.age + 1 == SETTLE);
        }
        match self.driver {
            Driver::About { task: Task::Start, age } => {
                if age > FRESH {
                    return None;
                }
                cost.delays += u8::from(age == 0);
            }
            Driver::Awaiting { requested_at, .. } => {
                if requested_at == PATIENCE {
                    return None;
                }
                cost.delays += u8::from(requested_at == 0 && self.awaited().is_none());
            }
            _ => {}
        }
        let mut queued = self.jobs.iter().flatten().filter(|job| job.state == State::Queued);
        if server.longest_queue().is_some_and(|most| queued.any(|job| job.queued >= most)) {
            return None;
        }
        Some(cost)
    }

    fn tick(&mut self, server: Server) {
        self.row.age();
        self.replaced = self.replaced.map(|age| (age + 1).min(REPLACED));
        if let Some(in_hand) = &mut self.in_hand {
            in_hand.age = (in_hand.age + 1).min(FRESH + 1);
        }
        for flight in self.wire.iter_mut().flatten() {
            flight.age = (flight.age + 1).min(SETTLE);
        }
        match &mut self.driver {
            Driver::About { task: Task::Start, age } => *age += 1,
            Driver::Awaiting { requested_at, .. } => *requested_at += 1,
            Driver::Sleeping(left) => *left = left.saturating_sub(1),
            _ => {}
        }
        for job in self.jobs.iter_mut().flatten() {
            if server.longest_queue().is_some() && job.state == State::Queued {
                job.queued += 1;
            }
        }
        self.echo = self.echo.and_then(|echo| {
            (echo.requested_at < PATIENCE)
                .then_some(Echo { requested_at: echo.requested_at + 1, ..echo })
        });
    }
}

#[derive(Default)]
struct Cost {
    delays: u8,
    overdue: u8,
}

impl<const N: usize> World<N> {
    /// Nothing has happened yet.
    pub(crate) fn new(drafts: DraftSupport, left: Budget) -> Self {
        let mut item = Item::new();
        if left.failovers > 0 {
            item.commits[0] = Some(Commit { row: item.row, drafts, is_planned: false });
        }
        Self { items: [item; N], drafts, left }
    }

    /// The world one tick later, if time may pass now.
    pub(crate) fn later(&self, server: Server) -> Option<Self> {
        if self.items.iter().all(Item::is_over) {
            return None;
        }
        let mut next = *self;
        for item in next.items.iter_mut().filter(|item| !item.is_over()) {
            let cost = item.tick_cost(server)?;
            next.left = next.left.after(|left| &mut left.delays, cost.delays)?;
            next.left = next.left.after(|left| &mut left.overdue, cost.overdue)?;
            item.tick(server);
        }
        Some(next)
    }

    /// Whether creates of other items hold this one back: until drafts are known to be honoured
    /// they go one at a time, and wait while a first draft is watched.
    pub(crate) fn create_waits(&self, index: usize) -> bool {
        let watched = |item: &Item| {
            item.row.phase == AttemptStatus::Draft
                && item.row.draft == DraftObservation::Unjudged
                && self.drafts == DraftSupport::Unknown
        };
        let creating = |item: &Item| {
            matches!(item.driver, Driver::Awaiting { task: Task::Create | Task::Search, .. })
                || (item.driver != Driver::Down
                    && (item.row.phase == AttemptStatus::CreateDoubt || watched(item)))
        };
        self.drafts != DraftSupport::Supported
            && self.items.iter().enumerate().any(|(other, item)| other != index && creating(item))
    }
}
