//! The real program, killed with SIGKILL at every system call by which something leaves it.
//!
//! An undisturbed run of a small batch is traced, and its points listed: the n-th write, send,
//! sync, rename, link, unlink or truncation of the whole process, over all its threads. At each
//! point a run in a fresh home is killed before the kernel carries the call out; then the same
//! command runs again, and must leave every item done, as many bills as inputs, only whole outputs
//! under final names, no part of one, and an intact ledger. The sandbox shows drafts as `pending`, so a
//! start that was lost in the crash may be left to a person: then the command that is printed has to help. A point that no run reached is a
//! failure of the test, not of the program.
//!
//! What does not count: writes to an eventfd, which wake a thread of the same process, and writes
//! to standard error, which tell of progress at moments that differ from run to run. Standard
//! output counts: a path printed there is a promise that the output is in place. Jobs take a
//! millisecond, so that the number of polls, and with it of sends, is the same in every run.
//!
//! By default some sixty points are tried, spread over all calls. All of them:
//!
//! ```sh
//! RBGV_CRASH_POINTS=all cargo test --test crash -- --nocapture
//! ```
//!
//! A second test kills a larger batch at random moments. Its seed is printed, and
//! `RBGV_CRASH_SEED` sets it.
#![cfg(all(
    target_os = "linux",
    target_env = "gnu",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

#[path = "../support/mod.rs"]
mod support;

mod call;
mod points;
mod tracer;
mod trial;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use tracer::{Ending, Point};
use trial::{Outputs, Trial};

/// Default number of points.
const BOUNDED: usize = 60;

/// Undisturbed runs that the points are listed from.
const LISTINGS: usize = 3;

/// Runs that may pass a point by before the test fails.
const TRIES: usize = 3;

/// Trials side by side: they wait more than they work.
const WORKERS: usize = 3;

/// Kills that one batch suffers before it may end: later ones find its first outputs in place.
const KILLS_OF_A_BATCH: usize = 3;

/// Kills at random moments: those of whole batches, since each batch is checked at its end.
const ROUNDS: usize = 4 * KILLS_OF_A_BATCH;

#[test]
fn killed_at_each_point() {
    let mut runs = Vec::new();
    let mut expected = Outputs::new();
    for _ in 0..LISTINGS {
        let trial = small();
        let trace = trial.trace(None);
        assert_eq!(trace.ending, Ending::Exited(0));
        expected = trial.outputs();
        trial.check_end(&expected).unwrap();
        runs.push(trace.counts);
    }
    let listed = points::common(&runs);
    println!("points of each call: {listed:?}");
    let most = (variable("RBGV_CRASH_POINTS").as_deref() != Some("all")).then_some(BOUNDED);
    let chosen = points::chosen(&listed, most);
    let tried = chosen.len();

    let results = side_by_side(chosen, |point| killed_at(point, &expected));

    let mut phases: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut failures, mut decided) = (Vec::new(), 0);
    for (point, result) in results {
        match result {
            Ok((phase, jobs)) => {
                *phases.entry(phase).or_default() += 1;
                decided += jobs;
            }
            Err(why) => failures.push(format!("{point}: {why}")),
        }
    }
    println!(
        "points listed: {}, tried: {tried}, hit and gone on from: {}, by phase: {phases:?}; jobs that a \
         person decided about: {decided}",
        listed.values().sum::<usize>(),
        phases.values().sum::<usize>(),
    );
    assert!(failures.is_empty(), "{} points failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn killed_at_random_moments() {
    let seed = variable("RBGV_CRASH_SEED")
        .map_or_else(|| fastrand::u64(..), |seed| seed.parse().expect("RBGV_CRASH_SEED: a number"));
    println!("RBGV_CRASH_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let undisturbed = large();
    undisturbed.run().unwrap();
    let expected = undisturbed.outputs();
    undisturbed.check_end(&expected).unwrap();

    let mut phases: BTreeMap<&str, usize> = BTreeMap::new();
    let mut trial = large();
    let (mut kills, mut decided) = (0, 0);
    while kills < ROUNDS {
        let mut child = trial.command().spawn().unwrap();
        std::thread::sleep(Duration::from_millis(random.u64(10..200)));
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        trial.check_names(&expected).unwrap();
        if !has_ended {
            kills += 1;
            *phases.entry(trial.phase()).or_default() += 1;
        }
        if has_ended || kills % KILLS_OF_A_BATCH == 0 {
            decided += trial.finish(&expected).unwrap();
            trial = large();
        }
    }
    println!(
        "random kills: {kills}, by phase: {phases:?}; jobs that a person decided about: {decided}"
    );
}

fn small() -> Trial {
    Trial::new(2, "1ms")
}

fn large() -> Trial {
    Trial::new(12, "100ms")
}

/// Kills a run at `point`, runs again, and says in which phase that was, and about how many jobs a person
/// had to decide.
fn killed_at(point: Point, expected: &Outputs) -> Result<(&'static str, usize), String> {
    for _ in 0..TRIES {
        let trial = small();
        match trial.trace(Some(point)).ending {
            Ending::Killed => {
                let phase = trial.phase();
                let message = |why: String| format!("({phase}) {why}");
                trial.check_names(expected).map_err(message)?;
                let decided = trial.finish(expected).map_err(message)?;
                return Ok((phase, decided));
            }
            Ending::Exited(0) => trial.check_end(expected)?,
            other => return Err(format!("ended by itself: {other:?}")),
        }
    }
    Err(format!("not reached in {TRIES} runs"))
}

/// What `work` makes of each point, in the order of the points' ends.
fn side_by_side<T: Send>(
    mut points: Vec<Point>,
    work: impl Fn(Point) -> T + Sync,
) -> Vec<(Point, T)> {
    points.reverse();
    let queue = Mutex::new(points);
    let results = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(point) = next() {
                    let result = work(point);
                    results.lock().unwrap().push((point, result));
                }
            });
        }
    });
    results.into_inner().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the environment says how much a run of tests tries")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
