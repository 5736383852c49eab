//! Stories in readable words.

use std::fmt::Write as _;

use crate::moves::{Action, Deed, Fate, Fed, Model};
use crate::search::effect_word;
use crate::server::{Job, State, Word};
use crate::world::{Answer, Driver, Item, Request, Task, World};

/// Width of the column that says what happens.
const WIDTH: usize = 62;

/// The story as lines: what happens; and where the rules were asked, the phase that they committed
/// and what they want next.
pub(crate) fn tell(model: &Model, begin: &World<1>, story: &[Action]) -> String {
    let mut teller = Teller { names: Vec::new(), creates: 0, starts: 0, runs: 0 };
    let mut text = String::new();
    let mut world = *begin;
    let mut ticks = 0;
    for &action in story {
        let (next, fed) = model.apply(&world, action);
        match action {
            Action::Tick => ticks += 1,
            Action::Item(_, deed) => {
                if ticks > 0 {
                    line(&mut text, &passed(ticks), None);
                    ticks = 0;
                }
                let said = teller.sentence(&world.items[0], &next.items[0], deed);
                line(&mut text, &said, fed.as_ref());
            }
        }
        world = next;
    }
    text
}

fn passed(ticks: u8) -> String {
    if ticks == 1 { "1 tick passes".to_owned() } else { format!("{ticks} ticks pass") }
}

fn line(text: &mut String, said: &str, fed: Option<&Fed>) {
    let message = match fed {
        Some(fed) => {
            writeln!(text, "{said:WIDTH$}  {:13} {}", fed.after.as_str(), effect_word(&fed.effect))
        }
        None => writeln!(text, "{said}"),
    };
    message.expect("a string takes everything");
}

/// Keeps count, so that requests have names.
struct Teller {
    /// Of the requests on the wire.
    names: Vec<String>,
    creates: u8,
    starts: u8,
    runs: u8,
}

impl Teller {
    fn sentence(&mut self, before: &Item, after: &Item, deed: Deed) -> String {
        match deed {
            Deed::Resume(_) => {
                self.runs += 1;
                let run = if self.runs == 1 { "a run" } else { "a new run" };
                format!("{run} takes the item up")
            }
            Deed::Upload { .. } => "the service has the bytes".into(),
            Deed::UploadFails => "the upload is given up".into(),
            Deed::InputUnusable => "the input is unusable".into(),
            Deed::Send => self.sent(before),
            Deed::Stale => "the commit has become too old: nothing is sent".into(),
            Deed::Arrive { slot, fate } => self.arrived(before, after, slot, fate),
            Deed::Serve(answer) => format!("the service says: {}", said(answer)),
            Deed::Receive { .. } => match before.driver {
                Driver::Awaiting {
                    answer: Some(answer), task: Task::Create | Task::Start, ..
                } => {
                    format!("the answer comes: {}", said(answer))
                }
                _ => "the answer comes".into(),
            },
            Deed::LoseRequest => {
                let slot = before.awaited().expect("a request to lose");
                format!("{} is lost", self.names.remove(slot))
            }
            Deed::Break => match before.awaited() {
                Some(slot) => {
                    format!("the connection breaks, {} is still under way", self.names[slot])
                }
                None => "the connection breaks, the answer is lost".into(),
            },
            Deed::Hear => {
                let echo = before.echo.expect("an answer that comes again");
                format!("an old answer comes again: {}", said(echo.answer))
            }
            Deed::Wake => "the wait is over".into(),
            Deed::GiveUp => "the driver gives up".into(),
            Deed::Crash => "the process dies".into(),
            Deed::Reboot => "the machine reboots".into(),
            Deed::FailOver { lost: 0 } => "a standby takes over".into(),
            Deed::FailOver { lost: 1 } => "a standby takes over that lacks the last commit".into(),
            Deed::FailOver { lost } => {
                format!("a standby takes over that lacks the last {lost} commits")
            }
            Deed::Compare => "the jobs are compared with the ledger".into(),
            Deed::CompareUnplanned => {
                "the jobs are compared with the ledger before the item is planned again".into()
            }
            Deed::Adopt => "the process is suspended until its lease has ended".into(),
            Deed::SendInHand => {
                let in_hand = before.in_hand.expect("a request in hand");
                let name = self.name(in_hand.request == Request::Create);
                format!("the process wakes up: {name} is sent")
            }
            Deed::Work { job, state } => worked(job, state),
            Deed::Forget => "the service forgets the draft".into(),
            Deed::StartByAnother => "somebody else starts the draft".into(),
            Deed::Accept => "the user says: go on".into(),
            Deed::Abandon => "the user says: let it be".into(),
        }
    }

    fn sent(&mut self, before: &Item) -> String {
        let is_create = matches!(before.driver, Driver::About { task: Task::Create, .. });
        format!("{} is sent", self.name(is_create))
    }

    /// The name of a request that is sent now.
    fn name(&mut self, is_create: bool) -> String {
        let (word, count) =
            if is_create { ("create", &mut self.creates) } else { ("start", &mut self.starts) };
        *count += 1;
        let name = format!("{word} {count}");
        self.names.push(name.clone());
        name
    }

    fn arrived(&mut self, before: &Item, after: &Item, slot: usize, fate: Fate) -> String {
        let name = self.names.remove(slot);
        let what = match fate {
            Fate::Throttled => "is answered with 429".to_owned(),
            Fate::OutOfCredit => "is answered with 402".to_owned(),
            Fate::Refused => "is refused".to_owned(),
            _ => format!("arrives: {}", done(before, after, slot)),
        };
        let coda = match fate {
            Fate::RefusedYetDone => ", and is answered with a refusal",
            Fate::ThrottledYetDone => ", and is answered with 429",
            Fate::DoneAndComesAgain => "; the network keeps a copy",
            _ => "",
        };
        let message = format!("{name} {what}{coda}");
        if fate == Fate::DoneAndComesAgain {
            self.names.push(format!("the copy of {name}"));
        }
        message
    }
}

/// What the arrival of a request did.
fn done(before: &Item, after: &Item, slot: usize) -> String {
    let flight = before.wire[slot].expect("a request in this place");
    let (bills, more) = (after.bills(), after.bills() > before.bills());
    let billed = match bills {
        _ if !more => "",
        1 => " and is billed",
        2 => " and is billed A SECOND TIME",
        _ => " and is billed ONCE MORE",
    };
    match flight.request {
        Request::Create => {
            let job = after.newest().expect("the job just made") + 1;
            let verb = if more { "runs by itself" } else { "is a draft" };
            format!("job {job} {verb}{billed}")
        }
        Request::Start(job) if before.jobs[usize::from(job)].is_some_and(gone) => {
            format!("job {} is forgotten, 404", job + 1)
        }
        Request::Start(job) if more => format!("job {} runs{billed}", job + 1),
        Request::Start(job) => format!("job {} runs already, 409", job + 1),
    }
}

fn gone(job: Job) -> bool {
    job.state == State::Gone
}

fn worked(job: u8, state: State) -> String {
    let what = match state {
        State::Draft | State::Queued | State::Gone => "waits",
        State::Working => "gets a worker",
        State::Completed => "completes",
        State::Failed => "fails",
    };
    format!("job {} {what}", job + 1)
}

fn said(answer: Answer) -> String {
    match answer {
        Answer::Created(job, Some(word)) => format!("job {} is `{}`", job + 1, shown(word)),
        Answer::Created(job, None) => format!("made job {}", job + 1),
        Answer::Started => "started".into(),
        Answer::Conflict => "409".into(),
        Answer::Throttled => "429".into(),
        Answer::OutOfCredit => "402".into(),
        Answer::Refused => "400".into(),
        Answer::Missing | Answer::Unknown => "404".into(),
        Answer::Usage { charged: true, .. } => "it is charged for".into(),
        Answer::Usage { later: true, .. } => "later jobs are charged for, and it is not".into(),
        Answer::Usage { .. } => "nothing of it, nor of later jobs".into(),
        Answer::View { word, .. } => format!("it is `{}`", shown(word)),
        Answer::Ours(job, word) => format!("job {} is ours and `{}`", job + 1, shown(word)),
        Answer::Nothing => "no job of ours".into(),
        Answer::Unclear => "a job of unknown origin".into(),
    }
}

fn shown(word: Word) -> String {
    word.status().to_string()
}
