//! The promises, on servers drawn at random: one bill, nothing lost, `--in-flight` and pauses
//! kept, no poll after the end; through crashes too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::dice::Dice;
use crate::server::Server;
use crate::trial::{Batch, Promise, batch};
use crate::world::{Crash, World};
use crate::{for_seeds, given, seeds, simulated};

/// How a server was treated.
struct Trial {
    description: String,
    inputs: usize,
    reviews: usize,
    broken: Vec<(Promise, String)>,
    trace: u64,
}

/// A batch, and a second one whose process crashes up to three times.
fn trial(seed: u64, jobs: usize) -> Trial {
    let server = Server::drawn(seed);
    let dice = Dice::new(seed, 4);
    simulated(async {
        let world = World::new(&server);
        let first = batch(&world, 1, jobs, &[]).await;
        let crashes: Vec<Crash> = (0..dice.whole(1, 3))
            .map(|_| {
                if dice.chance(0.7) {
                    Crash::AtPoint(dice.log(1.0, 8.0 * jobs as f64) as u64)
                } else {
                    let most = first.makespan.max(1.0);
                    Crash::After(Duration::from_secs_f64(dice.log(0.01, most)))
                }
            })
            .collect();
        let second = batch(&world, 2, jobs.div_ceil(2), &crashes).await;
        let mut broken = first.broken;
        let after_crash = |(promise, text)| (promise, format!("with crashes: {text}"));
        broken.extend(second.broken.into_iter().map(after_crash));
        Trial {
            description: server.to_string(),
            inputs: jobs + jobs.div_ceil(2),
            reviews: first.reviews + second.reviews,
            broken,
            trace: world.wire.record().trace(),
        }
    })
}

/// How a server with a ledger that machines share was treated.
struct SharedTrial {
    misfortune: Crash,
    /// Attempts that were behind the service after a fail-over.
    corrected: usize,
    /// Attempts that were restored after a fail-over.
    restored: usize,
    /// Attempts that another process has adopted.
    adopted: usize,
    reviews: usize,
    broken: Vec<(Promise, String)>,
}

/// A batch with a ledger that machines share, and a second one during which the ledger forgets what was committed
/// last, or a process is cut off until another one has adopted its attempts. `None` for most servers.
fn shared_trial(seed: u64, jobs: usize) -> Option<SharedTrial> {
    let dice = Dice::new(seed, 5);
    if !dice.chance(0.3) {
        return None;
    }
    let server = Server::drawn(seed);
    Some(simulated(async {
        let world = World::shared(&server);
        let first = batch(&world, 1, jobs.div_ceil(2), &[]).await;
        let misfortune = if dice.chance(0.6) {
            Crash::FailOver {
                points: dice.log(1.0, 8.0 * jobs as f64) as u64,
                lost: dice.log(1.0, 2.0 * jobs as f64) as u64,
                others_first: dice.chance(0.5),
            }
        } else {
            Crash::CutOff {
                after: Duration::from_secs_f64(dice.log(0.01, first.makespan.max(1.0))),
                takes: Duration::from_secs_f64(dice.uniform(70.0, 400.0)),
            }
        };
        let second = batch(&world, 2, jobs, &[misfortune]).await;
        let mut broken = first.broken;
        broken.extend(second.broken);
        // A process does not know what another one was shown, and polls what it found by a comparison.
        broken.retain(|(promise, _)| *promise != Promise::NoPollAfterEnd);
        SharedTrial {
            misfortune,
            corrected: second.corrected,
            restored: second.restored,
            adopted: second.adopted,
            reviews: first.reviews + second.reviews,
            broken,
        }
    }))
}

/// Tries servers, and prints those that fail.
fn hold_on(servers: u64, jobs: usize) {
    let trials = for_seeds(&seeds(servers), |seed| trial(seed, jobs));
    let (mut inputs, mut reviews, mut failed) = (0, 0, 0);
    let mut counts = BTreeMap::new();
    for (seed, trial) in trials {
        match trial {
            Ok(trial) => {
                inputs += trial.inputs;
                reviews += trial.reviews;
                let broken: BTreeSet<Promise> =
                    trial.broken.iter().map(|(kind, _)| *kind).collect();
                for promise in &broken {
                    *counts.entry(*promise).or_insert(0) += 1;
                }
                failed += usize::from(!broken.is_empty());
                if !broken.is_empty() {
                    println!("{}", trial.description);
                    for (promise, text) in trial.broken {
                        println!("    {promise:?}: {text}");
                    }
                }
            }
            Err(panic) => {
                failed += 1;
                println!("{}\n    {panic}", Server::drawn(seed));
            }
        }
    }
    println!("{servers} servers, {inputs} inputs, {reviews} left to a person");
    println!("servers on which a promise was broken: {counts:?}");
    println!(
        "one of them: SIM_SEED=N SIM_JOBS={jobs} cargo test --test simulation one_server -- --nocapture"
    );
    assert_eq!(failed, 0, "servers on which a promise was broken");
}

#[test]
fn promises_hold_on_random_servers() {
    hold_on(given("SIM_SERVERS", 100), given("SIM_JOBS", 30) as usize);
}

/// The same with a ledger that machines share.
fn hold_shared_on(servers: u64, jobs: usize) {
    let trials = for_seeds(&seeds(servers), |seed| shared_trial(seed, jobs));
    let (mut failovers, mut corrected, mut restored, mut cuts, mut adopted) = (0, 0, 0, 0, 0);
    let (mut reviews, mut failed) = (0, 0);
    for (seed, trial) in trials {
        let message: Vec<String> = match trial {
            Ok(None) => continue,
            Ok(Some(trial)) => {
                reviews += trial.reviews;
                if let Crash::CutOff { .. } = trial.misfortune {
                    cuts += 1;
                    adopted += trial.adopted;
                } else {
                    failovers += 1;
                    corrected += trial.corrected;
                    restored += trial.restored;
                }
                let misfortune = trial.misfortune;
                let tell = |(kind, text)| format!("{misfortune:?}: {kind:?}: {text}");
                trial.broken.into_iter().map(tell).collect()
            }
            Err(panic) => vec![panic],
        };
        failed += usize::from(!message.is_empty());
        if !message.is_empty() {
            println!("{}\n    {}", Server::drawn(seed), message.join("\n    "));
        }
    }
    println!(
        "{failovers} fail-overs, {corrected} attempts behind, {restored} restored; {cuts} processes cut off, {adopted} attempts \
         adopted; {reviews} inputs left to a person"
    );
    assert!(
        corrected > 0 && restored > 0 && adopted > 0,
        "nothing was forgotten, or nothing adopted"
    );
    assert_eq!(failed, 0, "servers on which a promise was broken");
}

#[test]
fn promises_hold_when_a_shared_ledger_forgets_or_attempts_are_adopted() {
    hold_shared_on(given("SIM_SERVERS", 100), given("SIM_JOBS", 20) as usize);
}

#[test]
#[ignore = "ten thousand servers take long: see docs/architecture.md"]
fn promises_hold_on_very_many_servers() {
    hold_on(given("SIM_SERVERS", 10_000), given("SIM_JOBS", 20) as usize);
    hold_shared_on(given("SIM_SERVERS", 10_000), given("SIM_JOBS", 20) as usize);
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [3, 5, 8] {
        assert_eq!(trial(seed, 15).trace, trial(seed, 15).trace, "{}", Server::drawn(seed));
    }
    assert_ne!(trial(3, 15).trace, trial(5, 15).trace);
}

/// One server in detail: `SIM_SEED` names it, or `SIM_SERVER=short` one with short jobs; `SIM_TRACE=1`
/// prints every call.
#[test]
fn one_server() {
    let jobs = given("SIM_JOBS", 40) as usize;
    let server = match given("SIM_SEED", 0) {
        0 if std::env::var("SIM_SERVER").is_ok_and(|name| name == "short") => Server::short(),
        0 => Server::plain(2.0),
        seed => Server::drawn(seed),
    };
    println!("{server}\n{}", server.scenario());
    let batches = simulated(async {
        let world = World::new(&server);
        if given("SIM_TRACE", 0) > 0 {
            world.wire.record().keep_lines();
        }
        let mut batches: Vec<Batch> = Vec::new();
        for series in 1..=3 {
            batches.push(batch(&world, series, jobs, &[]).await);
        }
        for line in world.wire.record().lines() {
            println!("{line}");
        }
        println!("calls: {:?}", world.wire.record().counts());
        batches
    });
    for batch in &batches {
        println!(
            "{:.1} s, {:.2} times the bound ({:.1} s, {}), {} calls, {:.1} % refused, {} in pauses, \
             {} commands, {} left to a person",
            batch.makespan,
            batch.ratio(),
            batch.bound().seconds,
            batch.bound().name,
            batch.calls.sent,
            batch.refused() * 100.0,
            batch.in_pauses,
            batch.commands,
            batch.reviews
        );
        for term in &batch.terms {
            println!("    {:8.1} s {}", term.seconds, term.name);
        }
        for broken in batch.message() {
            println!("    BROKEN: {broken}");
        }
    }
    if server.seed == 0 {
        let broken: Vec<String> = batches.iter().flat_map(Batch::message).collect();
        assert!(broken.is_empty(), "{broken:?}");
        assert!(batches[2].ratio() < 2.0, "{}", batches[2].ratio());
    }
}
