//! Many inputs: memory, lists of a million lines, what the ledger costs, and how fast it answers.

use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rbgv::env::{SystemClock, SystemRandom};
use rbgv::ledger::{
    AddResult, ApiKeyId, AttemptSpec, AttemptStatus, BatchId, BatchInput, Claim, InputOrder,
    InputSource, Ledger, NewBatch, NewInput, PostgresAddress, SharedLedger, StartLimits,
    StepAction,
};
use rbgv::model::limits::{CallLimits, LimitKey, LimiterStore as _};
use rbgv::model::{Clock, Credits, Fingerprint, JobId, JobOptions, Random as _};

use crate::clips::Clips;
use crate::report::{Aim, Report, Table, quantile};
use crate::world::{Service, Times, World, now, outputs_of};

const MEGABYTE: f64 = 1024.0 * 1024.0;

/// A server that is in nobody's way.
fn quick() -> Service {
    Service {
        times: Times::Even(5.0, 5.0),
        cap: 64,
        burst: 10_000.0,
        settle: 5.0,
        ..Service::default()
    }
}

/// Peak memory with many inputs, beside that with few.
pub fn inputs(few: usize, many: usize, report: &mut Report) -> io::Result<()> {
    let mut table = Table::new(
        "Memory by number of inputs",
        &["inputs", "peak memory", "time", "time an input", "done", "bills"],
    );
    let mut peaks = Vec::new();
    for number in [few, many] {
        let mut world = World::new(quick(), 0.01)?;
        let (inputs, _) = world.inputs(number, Clips::Small)?;
        let (ran, seen) = world.batch(&inputs, &[])?;
        let peak = ran.peak as f64 / MEGABYTE;
        peaks.push(peak);
        table.row([
            number.to_string(),
            format!("{peak:.1} MiB"),
            format!("{:.1} s", ran.wall),
            format!("{:.1} ms", ran.wall * 1000.0 / number as f64),
            world.outputs(&inputs).to_string(),
            seen.bills.to_string(),
        ]);
    }
    report.table(table);
    report.figure(format!("peak memory with {many} inputs, MiB"), peaks[1], Aim::AtMost(100.0));
    let grown = peaks[1] / peaks[0];
    report.figure(format!("of that with {few}"), grown, Aim::AtMost(1.1));
    Ok(())
}

/// A list of very many lines: a hundred name what is done already, all others what is not there.
pub fn lines(number: usize, report: &mut Report) -> io::Result<()> {
    let mut world = World::new(quick(), 0.01)?;
    let (inputs, _) = world.inputs(100, Clips::Small)?;
    world.batch(&inputs, &[])?;
    let list = world.home.path("tmp/list");
    let mut text = String::new();
    for n in 0..number {
        let _ = if n % (number / 100).max(1) == 0 && n * 100 / number < 100 {
            writeln!(text, "{inputs}/clip-{:06}.mp4", n * 100 / number)
        } else {
            writeln!(text, "gone/{n:07}.mp4")
        };
    }
    std::fs::write(&list, text)?;
    let out = format!("{}/", outputs_of(&inputs));
    let list = list.to_string_lossy().into_owned();
    let mut command = world.rbgv(&["run", "--from-file", &list, "-o", &out, "--yes", "-q"]);
    command.arg("--no-progress");
    let (ran, seen) = world.measured(command)?;
    let mut table = Table::new(
        "A long list, of which a hundred lines name videos that are done",
        &["lines", "time", "time a line", "peak memory", "ledger", "code", "bills"],
    );
    let ledger = std::fs::metadata(world.home.path("state/ledger.sqlite3"))?.len();
    table.row([
        number.to_string(),
        format!("{:.1} s", ran.wall),
        format!("{:.0} us", ran.wall * 1e6 / number as f64),
        format!("{:.1} MiB", ran.peak as f64 / MEGABYTE),
        format!("{:.0} MiB", ledger as f64 / MEGABYTE),
        ran.code.to_string(),
        seen.bills.to_string(),
    ]);
    report.table(table);
    report.figure(
        format!("peak memory with {number} lines, MiB"),
        ran.peak as f64 / MEGABYTE,
        Aim::AtMost(100.0),
    );
    Ok(())
}

/// What the ledger costs each job, for one and for eight at a time: in a file, and on a server.
pub fn ledger(jobs: usize, postgres: Option<&str>, report: &mut Report) -> io::Result<()> {
    let mut table = Table::new(
        format!("The ledger's time for a job, over {jobs} jobs"),
        &["ledger", "at once", "13 durable commits", "jobs/s", "14 changes of limits", "jobs/s"],
    );
    for address in [None, postgres].into_iter().take(1 + usize::from(postgres.is_some())) {
        for at_once in [1, 8] {
            let place = tempfile::tempdir()?;
            let ledger = match address {
                Some(address) => connect(address, place.path())?,
                None => open(place.path())?,
            };
            let owner = ledger.register_process(&unique()?).map_err(io::Error::other)?;
            let batch = fill(&ledger, at_once * jobs..(at_once + 1) * jobs)?;
            let entries = ledger
                .open_inputs(batch, InputOrder::LongestFirst, None, u32::MAX)
                .map_err(io::Error::other)?;
            let durable = timed(at_once, &entries, |entry| {
                let Some(task) = entry.attempt else { return Ok(()) };
                whole_way(&ledger, &owner, batch, entry.id, task).map_err(io::Error::other)
            })?;
            let limits = LimitKey { origin: key().origin, fingerprint: Some(key().fingerprint) };
            // One admission and one recorded result, for key and host, of about seven calls.
            let light = timed(at_once, &entries, |_| {
                for _ in 0..14 {
                    let change = |limits: &mut CallLimits| {
                        limits.key.submissions.rate += 1.0;
                        limits.host.successes += 1.0;
                    };
                    let changed = ledger.change(&limits, "host", Box::new(change));
                    changed.map_err(|failure| io::Error::other(failure.to_string()))?;
                }
                Ok(())
            })?;
            let count = jobs as f64;
            table.row([
                if address.is_some() { "PostgreSQL" } else { "SQLite" }.to_owned(),
                at_once.to_string(),
                format!("{:.2} ms", durable * 1000.0 * at_once as f64 / count),
                format!("{:.0}", count / durable),
                format!("{:.2} ms", light * 1000.0 * at_once as f64 / count),
                format!("{:.0}", count / light),
            ]);
        }
    }
    report.table(table);
    Ok(())
}

/// Seconds that `work` takes for all of `entries`, `at_once` at a time.
fn timed(
    at_once: usize,
    entries: &[BatchInput],
    work: impl Fn(&BatchInput) -> io::Result<()> + Sync,
) -> io::Result<f64> {
    let (began, next) = (now(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..at_once)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        work(entry)?;
                    }
                    Ok::<(), io::Error>(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    Ok(began.elapsed().as_secs_f64())
}

fn connect(address: &str, directory: &Path) -> io::Result<Ledger> {
    let address = PostgresAddress::parse(address, None).map_err(io::Error::other)?;
    let shared = SharedLedger {
        address: &address,
        tls: rbgv::client::database_tls(address.root_certificates.as_deref())
            .map_err(io::Error::other)?,
        create: true,
        directory,
        machine_name: "bench",
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Ledger::connect(shared, &clock).map_err(io::Error::other)
}

/// A word that no other process of a shared ledger has.
fn unique() -> io::Result<String> {
    Ok(format!("{:016x}", SystemRandom::new().map_err(io::Error::other)?.bits()))
}

/// Every commit of an attempt that goes well.
fn whole_way(
    ledger: &Ledger,
    owner: &rbgv::ledger::ProcessLease,
    batch: BatchId,
    entry: rbgv::ledger::InputId,
    task: rbgv::ledger::AttemptId,
) -> Result<(), rbgv::ledger::LedgerError> {
    let Claim::Acquired(mut task) = ledger.claim(owner, task)? else { return Ok(()) };
    let mut reach = |status, action: StepAction| {
        task.state.status = status;
        ledger.commit(owner, &task, &action.into(), None)
    };
    reach(AttemptStatus::Planned, StepAction::Upload)?;
    ledger.record_upload(&key(), &format!("{entry:?}"), "https://host/v/1")?;
    reach(AttemptStatus::CreateSent, StepAction::Create)?;
    reach(AttemptStatus::Draft, StepAction::Draft)?;
    task.state.job = Some(JobId(format!("job_{}", task.id.0)));
    task.state.status = AttemptStatus::StartSent;
    let gate = StartLimits { batch, in_flight: Arc::new(|_| 1_000), max_credits: None, rate: None };
    ledger.commit_start(owner, &task, &gate)?;
    for (status, action) in [
        (AttemptStatus::Running, StepAction::Follow),
        (AttemptStatus::Running, StepAction::Follow),
        (AttemptStatus::Completed, StepAction::Finish),
    ] {
        task.state.status = status;
        ledger.commit(owner, &task, &action.into(), None)?;
    }
    ledger.record_output_etag(owner, task.id, Some("\"etag\""))?;
    ledger.record_output_hash(entry, "00", 1)?;
    ledger.set_input_state(entry, rbgv::ledger::InputState::Done, None)?;
    ledger.release(owner, &task)
}

/// `rbgv status` on a ledger with few and with many rows.
pub fn status(few: usize, many: usize, report: &mut Report) -> io::Result<()> {
    let mut table = Table::new(
        "rbgv status by rows of the ledger, 21 runs each",
        &["rows", "median", "p95", "ledger"],
    );
    let mut medians = Vec::new();
    for rows in [few, many] {
        let mut world = World::new(quick(), 0.01)?;
        let state = world.home.path("state");
        fill(&open(&state)?, 0..rows)?;
        settle_most(&state.join("ledger.sqlite3"))?;
        let mut times = Vec::new();
        for _ in 0..21 {
            let command = world.rbgv(&["status"]);
            let (ran, _) = world.measured(command)?;
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            times.push(ran.wall * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        medians.push(quantile(&times, 0.5));
        let size = std::fs::metadata(state.join("ledger.sqlite3"))?.len();
        table.row([
            rows.to_string(),
            format!("{:.1} ms", quantile(&times, 0.5)),
            format!("{:.1} ms", quantile(&times, 0.95)),
            format!("{:.1} MiB", size as f64 / MEGABYTE),
        ]);
    }
    report.table(table);
    report.figure(
        format!("rbgv status with {many} rows, of that with {few}"),
        medians[1] / medians[0],
        Aim::AtMost(3.0),
    );
    report.figure(format!("rbgv status with {many} rows, ms"), medians[1], Aim::AtMost(50.0));
    Ok(())
}

fn open(directory: &Path) -> io::Result<Ledger> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Ledger::open(directory, clock).map_err(io::Error::other)
}

fn key() -> ApiKeyId {
    ApiKeyId {
        origin: "https://api.example".to_owned(),
        fingerprint: Fingerprint("bench".to_owned()),
    }
}

/// Batches of at most ten thousand inputs, all planned; gives the last.
fn fill(ledger: &Ledger, rows: Range<usize>) -> io::Result<BatchId> {
    let mut batch = BatchId(0);
    for row in rows.clone() {
        if (row - rows.start).is_multiple_of(10_000) {
            let new = NewBatch {
                profile: "bench".to_owned(),
                key: key(),
                run_options: "{\"goal\":\"finish\",\"in_flight\":8}".to_owned(),
                pricing: None,
            };
            batch = ledger.create_batch(&new).map_err(io::Error::other)?;
            let last = (row + 10_000).min(rows.end);
            let new: Vec<NewInput> = (row..last).map(entry).collect();
            let placed = ledger.add_inputs(batch, &new).map_err(io::Error::other)?;
            assert!(
                placed.iter().all(|placed| matches!(placed, AddResult::Added { fresh: true, .. }))
            );
            ledger.finish_plan(batch).map_err(io::Error::other)?;
        }
    }
    Ok(batch)
}

fn entry(number: usize) -> NewInput {
    let name = format!("clips/{number:07}.mp4");
    NewInput {
        target: Some(PathBuf::from(format!("/out/{number:07}-nobg.webm")).into()),
        work: AttemptSpec {
            content_key: format!("{number:064x}"),
            key: key(),
            profile: "bench".to_owned(),
            source: InputSource::File {
                path: PathBuf::from("/in").join(&name),
                size: 1_000_000,
                modified_ns: 1,
                sha256: format!("{number:064x}"),
            },
            duration: Some(10.0),
            options: JobOptions::default(),
            estimate: Some(Credits(10.0)),
            pricing: None,
        },
        name,
        correlation_id: format!("rbgv-{number:024x}"),
        again: false,
    }
}

/// Most rows become done, a few stay open, some have failed; each gets a story of eight steps.
fn settle_most(path: &Path) -> io::Result<()> {
    let db = rusqlite::Connection::open(path).map_err(io::Error::other)?;
    db.execute_batch(
        "BEGIN;
         UPDATE attempts SET status = CASE WHEN id % 50 = 0 THEN 'failed' ELSE 'completed' END,
             job = printf('job_%020d', id), job_status = 'completed', progress = 100, output_seconds = 10,
             start_count = 1, create_count = 1, started_by_batch = 1;
         UPDATE attempts SET status = 'running' WHERE id % 100 = 1 AND id < 1000;
         UPDATE batch_inputs SET state = CASE WHEN attempt % 50 = 0 THEN 'failed' ELSE 'done' END,
             output_sha256 = printf('%064d', id), output_size = 1000000, done_at = 1;
         UPDATE batch_inputs SET state = 'open' WHERE attempt % 100 = 1 AND attempt < 1000;
         INSERT INTO attempt_log (attempt, at, status, note)
             SELECT attempts.id, steps.value, 'running', 'follow' FROM attempts,
             (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4
              UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8) AS steps;
         COMMIT;",
    )
    .map_err(io::Error::other)
}
