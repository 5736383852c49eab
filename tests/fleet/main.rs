//! Eight workers, each on a machine of its own, share a batch through a ledger on PostgreSQL, and are
//! killed, stopped and cut off. Every input is done once and billed once, the limit of the key is
//! kept, and what a lost worker held waits for its lease at most.
//!
//! The machines are network namespaces, which need root. Without it, or without PostgreSQL, nothing is
//! tested. The bounded test ends leases by SQL. The long one waits for them, and takes some five
//! minutes:
//!
//! ```sh
//! cargo test --test fleet -- --ignored --nocapture
//! ```
//!
//! Its kills are drawn from a seed, which is printed; `RBGV_FLEET_SEED` sets it. With `faketime`
//! installed, the clock of one worker is ten minutes ahead.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::print_stdout,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

mod network;
#[path = "../support/postgres_server.rs"]
mod postgres_server;
#[path = "../cli/s3_server.rs"]
mod s3_server;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use network::HUB;
use postgres_server::PostgresServer;
use s3_server::S3;
use support::{Home, Sandbox, astronaut, mixed, wait_for};

const WORKERS: usize = 8;

/// Concurrent jobs of the key.
const IN_FLIGHT: &str = "6";

/// Longest delay of a batch by a lost worker: its lease of a minute, and time to find that out, for the
/// job, and for its download.
const LONGEST_DELAY: Duration = Duration::from_secs(60 + 40);

struct Fleet {
    server: PostgresServer,
    database: String,
    sandbox: Sandbox,
    s3: S3,
    clips: usize,
    workers: Vec<Worker>,
    began: Instant,
}

struct Worker {
    number: usize,
    home: Home,
    child: Child,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Fleet {
    /// A batch of `clips` whose planner was killed, and eight workers.
    fn start(clips: usize, job: &str) -> Option<Self> {
        let server = PostgresServer::start_on(HUB)?;
        let at_hub = format!("{HUB}:0");
        let sandbox = Sandbox::start(&[
            "--timer",
            job,
            "--workers",
            "64",
            "--listen",
            &at_hub,
            "--cdn-listen",
            &at_hub,
        ]);
        let address = server.new_database();
        let database = Path::new(&address).file_name().unwrap().to_str().unwrap().to_owned();
        let mut fleet = Self {
            server,
            database,
            sandbox,
            s3: S3::start_at(HUB),
            clips,
            workers: Vec::new(),
            began: Instant::now(),
        };
        let clip = std::fs::read(astronaut()).unwrap();
        for n in 0..u32::try_from(clips).unwrap() {
            let other = [&clip[..], b"\0\0\0\x0cfree", &n.to_be_bytes()].concat();
            fleet.s3.put(&format!("in/{n:04}.mp4"), &other);
        }
        let args =
            ["run", "s3://clips/in/", "-o", "s3://clips/out/", "--yes", "--in-flight", IN_FLIGHT];
        let planner = fleet.start_worker(0, &args);
        wait_for("the first bills", || fleet.sandbox.audit().bills() > 1);
        fleet.kill(planner);
        for number in 1..=WORKERS {
            let worker = fleet.start_worker(number, &["work"]);
            fleet.workers.push(worker);
        }
        for worker in &fleet.workers {
            wait_for("a worker with a ledger", || machine_id_of(worker).exists());
        }
        Some(fleet)
    }

    fn start_worker(&self, number: usize, args: &[&str]) -> Worker {
        network::add_machine(number);
        let home = Home::new();
        home.configure(&self.sandbox, "outage_max = \"10m\"\n");
        let config = home.path("config/rbgv/config.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("api_key_env", "allow_http = true\napi_key_env");
        std::fs::write(&config, text).unwrap();
        let child = self.spawn(number, &home, args);
        Worker { number, home, child }
    }

    fn spawn(&self, number: usize, home: &Home, args: &[&str]) -> Child {
        let mut command = home.keyed(&self.sandbox);
        command
            .envs(self.s3.vars())
            .env("AWS_ALLOW_HTTP", "true")
            .env("RBGV_LEDGER", format!("postgres://rbgv@{HUB}/{}?sslmode=disable", self.database))
            .args(args);
        if number == WORKERS && has_faketime() {
            let mut ahead = Command::new("faketime");
            ahead.args(["-m", "-f", "+10m"]).arg(command.get_program()).args(command.get_args());
            ahead.env_clear().current_dir(command.get_current_dir().unwrap());
            ahead.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
            ahead.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            command = ahead;
        }
        let file =
            |name: &str| std::fs::File::options().create(true).append(true).open(home.path(name));
        let mut command = network::on(number, &command);
        command.stdout(file("out").unwrap()).stderr(file("err").unwrap()).spawn().unwrap()
    }

    fn sql(&self, sql: &str) -> String {
        self.server.psql(&self.database, sql)
    }

    fn count(&self, rows: &str) -> usize {
        self.sql(&format!("SELECT count(*) FROM {rows}")).parse().unwrap()
    }

    fn done(&self) -> usize {
        self.count("batch_inputs WHERE state IN ('done', 'skipped')")
    }

    fn wait_until_done(&self, number: usize) {
        println!("{:?}: waiting for {number}", self.began.elapsed());
        let began = Instant::now();
        while self.done() < number {
            if began.elapsed() > Duration::from_secs(200) {
                let open = "SELECT batch_inputs.id, state, batch_inputs.failure, status, owner, lease_until - CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS left, note
                    FROM batch_inputs JOIN attempts ON attempts.id = attempt LEFT JOIN processes ON processes.id = owner
                    CROSS JOIN LATERAL (SELECT string_agg(status || ' ' || note, '; ') AS note FROM attempt_log WHERE attempt = attempts.id) AS log
                    WHERE state NOT IN ('done', 'skipped') ORDER BY 1";
                panic!("{} of {number} done; {}", self.done(), self.sql(open));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills a worker, and returns the ids of the attempts that it had, separated by commas.
    fn kill(&self, mut worker: Worker) -> String {
        worker.child.kill().unwrap();
        worker.child.wait().unwrap();
        self.held(&worker)
    }

    fn held(&self, worker: &Worker) -> String {
        let of_machine = machine_of(worker);
        self.sql(&format!(
            "SELECT coalesce(string_agg(CAST(id AS TEXT), ','), '0') FROM attempts WHERE owner IN \
             (SELECT id FROM processes WHERE {of_machine})"
        ))
    }

    /// Ends the leases of a machine, as a minute without a renewal does.
    fn end_lease(&self, worker: &Worker) {
        self.sql(&format!("UPDATE processes SET lease_until = 0 WHERE {}", machine_of(worker)));
    }

    fn now(&self) -> i64 {
        self.sql("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
            .parse()
            .unwrap()
    }

    /// Waits for all workers, and checks what must hold at the end. Each must end with one of `codes`.
    fn finish(mut self, codes: &[i32]) -> Self {
        self.wait_until_done(self.clips);
        for worker in &mut self.workers {
            let mut code = None;
            let child = &mut worker.child;
            wait_for("the end of a worker", || {
                code = child.try_wait().unwrap();
                code.is_some()
            });
            let code = code.unwrap().code();
            println!("{:?}: worker {} ended: {code:?}", self.began.elapsed(), worker.number);
            let err = std::fs::read_to_string(worker.home.path("err")).unwrap();
            assert!(
                code.is_some_and(|code| codes.contains(&code)),
                "{}: {code:?}\n{err}",
                worker.number
            );
        }
        let audit = self.sandbox.audit();
        let mut charged: Vec<_> = audit.0["charges"].as_array().unwrap().iter().collect();
        assert_eq!(charged.len(), self.clips, "each was billed once");
        charged.sort_by_key(|charge| charge["job_id"].to_string());
        charged.dedup_by_key(|charge| charge["job_id"].to_string());
        assert_eq!(charged.len(), self.clips);
        let limit: u64 = IN_FLIGHT.parse().unwrap();
        assert!(audit.most_in_flight() <= limit, "{}", audit.most_in_flight());
        assert_eq!(self.count("attempts"), self.clips);
        let outputs = self.s3.keys().iter().filter(|key| key.starts_with("out/")).count();
        assert_eq!(outputs, self.clips, "nothing is lost");
        self
    }
}

fn machine_id_of(worker: &Worker) -> PathBuf {
    worker.home.path("state/owners/machine-id")
}

/// The condition for rows of `processes`.
fn machine_of(worker: &Worker) -> String {
    let id = std::fs::read_to_string(machine_id_of(worker)).unwrap();
    format!("machine LIKE '{} %'", id.trim())
}

fn has_faketime() -> bool {
    Command::new("faketime").arg("--version").output().is_ok()
}

fn send(worker: &Worker, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(worker.child.id()).unwrap()), signal).unwrap();
}

fn take(workers: &mut Vec<Worker>, number: usize) -> Worker {
    let at = workers.iter().position(|worker| worker.number == number).unwrap();
    workers.remove(at)
}

#[test]
fn eight_workers_survive_losses_of_which_leases_have_ended() {
    if !network::enter("eight_workers_survive_losses_of_which_leases_have_ended") {
        return;
    }
    let Some(mut fleet) = Fleet::start(48, "400ms") else { return };
    // The planner's lease; the workers have their own.
    fleet.sql("UPDATE processes SET lease_until = 0 WHERE started_at = (SELECT min(started_at) FROM processes)");
    fleet.wait_until_done(6);
    let killed = take(&mut fleet.workers, 1);
    let machine = machine_of(&killed);
    fleet.kill(killed);
    fleet.sql(&format!("UPDATE processes SET lease_until = 0 WHERE {machine}"));
    fleet.wait_until_done(12);
    let asleep = take(&mut fleet.workers, 2);
    send(&asleep, Signal::SIGSTOP);
    fleet.end_lease(&asleep);
    network::connect(3, false);
    let cut_off = fleet.workers.iter().position(|worker| worker.number == 3).unwrap();
    fleet.end_lease(&fleet.workers[cut_off]);
    fleet.wait_until_done(30);
    send(&asleep, Signal::SIGCONT);
    fleet.workers.push(asleep);
    network::connect(3, true);
    fleet.finish(&[0]);
}

#[test]
#[ignore = "takes five minutes"]
fn eight_workers_survive_kills_stops_a_partition_and_a_crash_of_the_server() {
    if !network::enter("eight_workers_survive_kills_stops_a_partition_and_a_crash_of_the_server") {
        return;
    }
    let seed = std::env::var("RBGV_FLEET_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("RBGV_FLEET_SEED={seed}, faketime: {}", has_faketime());
    let began = Instant::now();
    // Some three minutes of work for one key.
    let Some(mut fleet) = Fleet::start(240, "4s") else { return };
    let mut lost = Vec::new();
    fleet.wait_until_done(10);
    let asleep = take(&mut fleet.workers, 2);
    send(&asleep, Signal::SIGSTOP);
    lost.push((fleet.now(), fleet.held(&asleep)));
    let slept = Instant::now();
    network::connect(3, false);
    let cut_off = take(&mut fleet.workers, 3);
    lost.push((fleet.now(), fleet.held(&cut_off)));
    // One is killed for good, and one runs again on its machine, at moments by the seed.
    fleet.wait_until_done(20 + usize::try_from(mixed(seed, 1) % 10).unwrap());
    let killed = take(&mut fleet.workers, 4 + usize::try_from(mixed(seed, 2) % 2).unwrap());
    let at = fleet.now();
    lost.push((at, fleet.kill(killed)));
    fleet.wait_until_done(30 + usize::try_from(mixed(seed, 3) % 10).unwrap());
    let mut again = take(&mut fleet.workers, 6 + usize::try_from(mixed(seed, 4) % 2).unwrap());
    again.child.kill().unwrap();
    again.child.wait().unwrap();
    let (at, held) = (fleet.now(), fleet.held(&again));
    again.child = fleet.spawn(again.number, &again.home, &["work"]);
    lost.push((at, held));
    fleet.workers.push(again);
    fleet.wait_until_done(50);
    fleet.server.crash_and_restart();
    while slept.elapsed() < Duration::from_secs(80) {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("{} done when the lost ones return", fleet.done());
    send(&asleep, Signal::SIGCONT);
    network::connect(3, true);
    fleet.workers.push(asleep);
    fleet.workers.push(cut_off);
    // A minute without the ledger ends a worker with 9.
    let fleet = fleet.finish(&[0, 9]);
    let all: Vec<&str> = lost.iter().map(|(_, held)| held.as_str()).collect();
    let last_done = |condition: &str| -> i64 {
        let of =
            format!("SELECT coalesce(max(done_at), 0) FROM batch_inputs WHERE attempt {condition}");
        fleet.sql(&of).parse().unwrap()
    };
    // What a lost worker held is taken up after its lease, or when the others have nothing else to do.
    let others_done = last_done(&format!("NOT IN ({})", all.join(",")));
    for (at, held) in &lost {
        let done_at = last_done(&format!("IN ({held})"));
        let delay = done_at - others_done.max(*at);
        println!(
            "{held}: done {} s after the loss, {delay} ms after all others",
            (done_at - at) / 1000
        );
        assert!(delay < i64::try_from(LONGEST_DELAY.as_millis()).unwrap(), "{held}: {delay} ms");
    }
    println!("{:?}", began.elapsed());
}
