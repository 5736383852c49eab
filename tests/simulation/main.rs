//! The whole engine in virtual time, against the sandbox's own application over an in-memory line:
//! deterministic by seed, and judged over many kinds of service. `docs/architecture.md`, "The
//! simulation", says how to use it.
//!
//! - `dice`: random draws, and the clock
//! - `server`: what a service is like, drawn from a seed
//! - `wire`, `record`: the line to it, and what was seen of the calls
//! - `world`: a machine with a ledger, and the command `rbgv run`
//! - `bound`: how quick a batch could be at best
//! - `pool`: eight threads with the vendor's SDK
//! - `trial`: a batch, run and checked
//! - `promises`, `outputs`, `variants`, `figures`: the tests
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::format_push_string,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test program: a failed unwrap is a failed test, and the environment says how much"
)]

mod bound;
mod dice;
mod figures;
mod outputs;
mod pool;
mod promises;
mod record;
mod server;
mod trial;
mod variants;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Runs a simulation on a runtime of its own, whose clock is virtual.
fn simulated<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// A server that takes longer than this, in seconds of real time, is named.
const SLOW: f64 = 20.0;

/// Runs `work` for each of `seeds` on both processors; what panics is an error.
fn for_seeds<T: Send>(
    seeds: &[u64],
    work: impl Fn(u64) -> T + Sync,
) -> BTreeMap<u64, Result<T, String>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        return;
                    };
                    let began = std::time::Instant::now();
                    let result = catch_unwind(AssertUnwindSafe(|| work(seed)));
                    let took = began.elapsed().as_secs_f64();
                    if took > SLOW {
                        println!("seed {seed} took {took:.0} s of real time");
                    }
                    let result = result.map_err(|panic| {
                        let text = panic.downcast_ref::<String>().cloned();
                        text.unwrap_or_else(|| "a panic".to_owned())
                    });
                    results.lock().unwrap_or_else(PoisonError::into_inner).insert(seed, result);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The seeds that `SIM_SEEDS` lists, or so many from `SIM_FIRST` on.
fn seeds(number: u64) -> Vec<u64> {
    let first = given("SIM_FIRST", 1);
    match std::env::var("SIM_SEEDS") {
        Ok(listed) => listed.split(',').map(|seed| seed.parse().unwrap()).collect(),
        Err(_) => (first..first + number).collect(),
    }
}

/// A number from the environment.
fn given(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The program's limits, with tuned constants replaced as `SIM_TUNING` says, such as
/// `cut=0.2,quiet=0`: this is how the worth of each is measured.
fn limits() -> rbgv::client::RateLimits {
    let mut limits = rbgv::client::RateLimits::default();
    let tuning = &mut limits.tuning;
    let given = std::env::var("SIM_TUNING").unwrap_or_default();
    for (name, value) in given.split(',').filter_map(|pair| pair.split_once('=')) {
        let number: f64 = value.parse().unwrap_or_else(|_| panic!("SIM_TUNING: {name}={value}"));
        match name {
            "first_rate" => limits.initial_rate = number,
            "cut" => tuning.cut = number,
            "return_rounds" => tuning.return_rounds = number,
            "beyond" => tuning.beyond = number,
            "patience_max" => tuning.patience_max = number as u32,
            "quiet" => tuning.quiet = std::time::Duration::from_secs_f64(number),
            "rounds_per_poll" => tuning.rounds_per_poll = number,
            other => panic!("SIM_TUNING: there is no constant {other}"),
        }
    }
    limits
}
