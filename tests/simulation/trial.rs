//! One batch against one server: run to its end, through crashes if wanted, and then checked.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rbgv::model::ExitClass;
use rbgv::sandbox::JobTruth;

use crate::bound::{self, Term};
use crate::record::Count;
use crate::server::{Bucket, Server, Times, seconds};
use crate::world::{Crash, Ended, World};

/// Commands that may follow one another until a batch is done, crashes aside.
const COMMANDS: u32 = 8;

/// A promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// At most one bill for an input.
    OneBill,
    /// Every input is done, or left to a person.
    NothingLost,
    /// A run ends, without calls that make no sense.
    Ends,
    /// No more jobs in flight than `--in-flight`.
    InFlight,
    /// No call while a pause applies to it.
    Pauses,
    /// No poll of a job whose end was shown.
    NoPollAfterEnd,
}

/// How a batch went.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Seconds until all outputs were there.
    pub makespan: f64,
    /// Why it could not have been quicker.
    pub terms: Vec<Term>,
    /// Calls.
    pub calls: Count,
    /// Calls that were sent in pauses.
    pub in_pauses: usize,
    /// Commands that it took.
    pub commands: u32,
    /// Inputs left to a person.
    pub reviews: usize,
    /// Attempts that were behind the service after a fail-over.
    pub corrected: usize,
    /// Attempts that were restored after a fail-over.
    pub restored: usize,
    /// Attempts that another process had adopted when one was no longer cut off.
    pub adopted: usize,
    /// Promises that were broken.
    pub broken: Vec<(Promise, String)>,
}

impl Batch {
    /// The promises that were broken, in words.
    pub fn message(&self) -> Vec<String> {
        self.broken.iter().map(|(promise, text)| format!("{promise:?}: {text}")).collect()
    }

    /// The binding term.
    pub fn bound(&self) -> Term {
        bound::binding(&self.terms)
    }

    /// The bucket that binds, alone or together with other limits.
    pub fn binding_bucket(&self) -> Option<&Bucket> {
        let bound = self.bound();
        let buckets = self.terms.iter().filter(|term| term.bucket.is_some());
        let slowest = buckets.max_by(|one, other| one.seconds.total_cmp(&other.seconds))?;
        let binds = bound.bucket.is_some() || bound.name == bound::TOGETHER;
        slowest.bucket.as_ref().filter(|_| binds)
    }

    /// How many times longer than at best.
    pub fn ratio(&self) -> f64 {
        self.makespan / self.bound().seconds.max(1e-9)
    }

    /// Share of the calls that was refused.
    pub fn refused(&self) -> f64 {
        self.calls.refused as f64 / (self.calls.sent.max(1)) as f64
    }
}

/// Works through a new batch of `jobs` inputs; the first commands crash as given.
pub async fn batch(world: &World, series: u32, jobs: usize, crashes: &[Crash]) -> Batch {
    let inputs = world.inputs(series, jobs);
    let began = world.wire.age();
    // A bucket that the batch before has emptied is not full.
    let drawn = &world.wire.server;
    let buckets = drawn.buckets.iter().map(|bucket| Bucket {
        burst: world.wire.record().tokens(bucket, began),
        ..bucket.clone()
    });
    let server = Server { buckets: buckets.collect(), ..drawn.clone() };
    let expected =
        bound::binding(&bound::terms(&server, began, &vec![mean(&server); jobs])).seconds;
    let patience = seconds(30.0 * expected) + Duration::from_hours(3);
    let (before, pauses, polls) = {
        let mut record = world.wire.record();
        let rounds = 2 + crashes.len() as u64;
        record.allow((200 * jobs as u64 + (10.0 * expected) as u64 + 5_000) * rounds);
        (record.total(), record.sent_in_pauses().len(), record.polls_after_end().len())
    };
    let mut batch = Batch::default();
    let mut crashes = crashes.iter().copied();
    let troubles = loop {
        let crash = crashes.next();
        let ran = world.run(&inputs, crash, patience).await;
        batch.corrected += ran.corrected;
        batch.restored += ran.restored;
        batch.adopted += ran.adopted;
        if ran.ended == Ended::Crashed {
            if let Some(Crash::FailOver { others_first: true, .. }) = crash {
                // The first batch is done: nothing but the comparison remains.
                let other = world.run(&world.directory(1), None, patience).await;
                batch.corrected += other.corrected;
                batch.restored += other.restored;
            }
            continue;
        }
        batch.commands += 1;
        batch.reviews = ran.reviews;
        let is_done = World::done(&inputs) == jobs;
        if ran.ended == Ended::Endless {
            batch.broken.push((Promise::Ends, "no end".to_owned()));
            break ran.troubles;
        }
        if is_done && ran.ended == Ended::Class(ExitClass::Done) {
            break ran.troubles;
        }
        if batch.commands == COMMANDS || World::done(&inputs) + batch.reviews == jobs {
            break ran.troubles;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    batch.makespan = world.wire.age() - began;
    let record = world.wire.record();
    let after = record.total();
    batch.calls = Count { sent: after.sent - before.sent, refused: after.refused - before.refused };
    batch.in_pauses = record.sent_in_pauses().len() - pauses;
    let early: Vec<_> = record.sent_in_pauses()[pauses..].to_vec();
    let late: Vec<_> = record.polls_after_end()[polls..].to_vec();
    drop(record);
    let truth = world.wire.service().truth();
    let ours = works_of(world, &truth.jobs, series);
    batch.terms = bound::terms(&server, began, &services(&server, &ours));
    check(world, &inputs, jobs, &ours, &troubles, &mut batch);
    if let Some(first) = early.first() {
        let text = format!("{} calls sent in a pause: {first}", early.len());
        batch.broken.push((Promise::Pauses, text));
    }
    if let Some(first) = late.first() {
        let text = format!("{} polls after the end: {first}", late.len());
        batch.broken.push((Promise::NoPollAfterEnd, text));
    }
    batch
}

/// The jobs that were made for the inputs of a series.
fn works_of<'a>(world: &World, all: &'a [JobTruth], series: u32) -> Vec<(String, &'a JobTruth)> {
    let record = world.wire.record();
    let prefix = format!("clip-{series}-");
    let ours = all.iter().filter_map(|job| {
        let input = record.input_of(&job.id).filter(|input| input.starts_with(&prefix))?;
        Some((input.to_owned(), job))
    });
    ours.collect()
}

/// Service times: workers take jobs in the order of their starts.
fn services(server: &Server, ours: &[(String, &JobTruth)]) -> Vec<f64> {
    let mut spans: Vec<(f64, f64)> = ours
        .iter()
        .filter_map(|(_, job)| Some((job.starts.first()?.as_secs_f64(), job.ended?.as_secs_f64())))
        .collect();
    spans.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    let mut free = vec![0.0_f64; server.workers.map_or(spans.len(), |workers| workers as usize)];
    let mut services = Vec::new();
    for (started, ended) in spans {
        let Some(earliest) = free.iter_mut().min_by(|one, other| one.total_cmp(other)) else {
            break;
        };
        services.push((ended - earliest.max(started)).max(0.0));
        *earliest = ended;
    }
    services
}

fn mean(server: &Server) -> f64 {
    match server.times {
        Times::Fixed(seconds) => seconds,
        Times::Uniform(low, high) => f64::midpoint(low, high),
        Times::LongTailed(median, sigma) => median * (sigma * sigma / 2.0).exp(),
    }
}

/// The promises.
fn check(
    world: &World,
    inputs: &Path,
    jobs: usize,
    ours: &[(String, &JobTruth)],
    troubles: &[String],
    batch: &mut Batch,
) {
    let server = &world.wire.server;
    let mut bills: BTreeMap<&str, usize> = BTreeMap::new();
    for (input, job) in ours {
        *bills.entry(input).or_default() += job.charges;
    }
    for (input, bills) in bills.iter().filter(|(_, bills)| **bills > 1) {
        batch.broken.push((Promise::OneBill, format!("{input} was billed {bills} times")));
    }
    let done = World::done(inputs);
    let billed: usize = bills.values().sum();
    if billed < done {
        batch.broken.push((Promise::OneBill, format!("{done} outputs and {billed} bills")));
    }
    if done + batch.reviews < jobs {
        let lost = jobs - done - batch.reviews;
        let why = troubles.first().map_or("", String::as_str);
        let text = format!("{lost} of {jobs} inputs not done: {why}");
        batch.broken.push((Promise::NothingLost, text));
    }
    let most = world.wire.service().truth().most_in_flight.values().copied().max().unwrap_or(0);
    if !server.ignores_auto_start() && most > server.in_flight as usize {
        let text = format!("{most} jobs in flight, --in-flight {}", server.in_flight);
        batch.broken.push((Promise::InFlight, text));
    }
}
