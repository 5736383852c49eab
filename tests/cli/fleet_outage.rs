//! A shared ledger whose server crashes, is away, or whose connections break at commits.
//!
//! The test of a long outage takes two minutes, and is run by
//! `cargo test --test cli -- --ignored fleet_outage`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::fleet::{Fleet, RUN_OBJECTS, wait_with};
use crate::postgres_server::PostgresServer;
use crate::support::{Ran, Sandbox, astronaut, mixed, wait_for};

fn slow_jobs() -> Sandbox {
    Sandbox::start(&["--timer", "700ms", "--workers", "64"])
}

/// Drafts are shown as `created`. Where a job that the ledger has lost track of is `pending`, only jobs that are
/// started later and run show that it was not started; on a busy machine they are too late for the short `settle`
/// of a test, and the clip is left to a person.
fn slow_jobs_with_plain_drafts() -> Sandbox {
    let sandbox = slow_jobs();
    sandbox.scenario("[jobs]\ndraft_state = \"created\"\n");
    sandbox
}

#[test]
fn a_crash_of_the_server_interrupts_a_run_and_costs_nothing() {
    let Some(server) = PostgresServer::start() else { return };
    let fleet = Fleet::on(&server, slow_jobs());
    let machine = fleet.machine();
    machine.home.clips(9);
    let mut run = machine.start(&["run", ".", "--in-flight", "3"]);
    for bills in [2, 5] {
        wait_with(&mut run, "bills", || fleet.sandbox.audit().bills() >= bills);
        server.crash_and_restart();
    }
    let done = Ran::of_child(run).ends_with(0);
    assert_eq!(done.lines().len(), 9, "{}", done.stderr);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (9, 9));
    assert_eq!(fleet.count("attempts"), 9);
}

#[test]
#[ignore = "takes two minutes"]
fn after_a_long_outage_the_run_ends_and_is_resumed() {
    let Some(server) = PostgresServer::start() else { return };
    let fleet = Fleet::on(&server, slow_jobs());
    let machine = fleet.machine();
    machine.home.clips(6);
    let mut run = machine.start(&["run", ".", "--in-flight", "3"]);
    wait_with(&mut run, "bills", || fleet.sandbox.audit().bills() >= 2);
    server.crash();
    let ended =
        Ran::of_child(run).ends_with(9).says("the job ledger").says("run the same command again");
    println!("{}", ended.stderr);
    server.start_again();
    machine.run(&["resume"]).ends_with(0);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (6, 6));
    assert_eq!(fleet.count("batch_inputs WHERE state = 'done'"), 6);
}

#[test]
fn a_standby_that_lacks_the_last_starts_takes_over_and_nothing_is_paid_for_twice() {
    let Some(server) = PostgresServer::start() else { return };
    let mut fleet = Fleet::on(&server, slow_jobs_with_plain_drafts());
    fleet.put_clips(12);
    let database = fleet.address.rsplit('/').next().unwrap().to_owned();
    let standby = server.start_standby();
    fleet.address = server.address_with(&standby, &database);
    let machine = fleet.machine();
    let mut run = machine.start(&[&RUN_OBJECTS[..], &["--in-flight", "3"]].concat());
    wait_with(&mut run, "bills", || fleet.sandbox.audit().bills() >= 2);
    let known = "SELECT count(*) FROM batch_inputs";
    wait_with(&mut run, "the standby", || standby.psql(&database, known) == "12");
    standby.stop_receiving();
    let before = fleet.sandbox.audit().bills();
    wait_with(&mut run, "starts that are lost", || fleet.sandbox.audit().bills() >= before + 3);
    server.crash();
    standby.promote();
    Ran::of_child(run)
        .ends_with(9)
        .says("replaced by a standby")
        .says("run the same command again");
    let done = machine.run(&RUN_OBJECTS).ends_with(0);
    let done = done.says("comparing the key's jobs with the ledger").says("behind the service");
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (12, 12), "{}", done.stderr);
    assert_eq!(standby.psql(&database, "SELECT count(*) FROM attempts"), "12");
    let again = machine.run(&RUN_OBJECTS).ends_with(0);
    assert!(!again.stderr.contains("comparing"), "{}", again.stderr);
    assert_eq!(fleet.sandbox.audit().bills(), 12);
}

#[test]
fn a_plan_that_a_standby_lacks_is_restored_before_its_clips_are_planned_again() {
    let Some(server) = PostgresServer::start() else { return };
    let mut fleet = Fleet::on(&server, slow_jobs_with_plain_drafts());
    let database = database_of(&fleet.address);
    let standby = server.start_standby();
    fleet.address = server.address_with(&standby, &database);
    let machine = fleet.machine();
    fleet.put_clips(4);
    let mut killed = machine.start(&[&RUN_OBJECTS[..], &["--in-flight", "1"]].concat());
    wait_with(&mut killed, "a bill", || fleet.sandbox.audit().bills() >= 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let steps = "SELECT count(*) FROM attempt_log";
    wait_for("the standby", || standby.psql(&database, steps) == fleet.sql(steps));
    standby.stop_receiving();

    for n in 4..8 {
        let clip = std::fs::read(astronaut()).unwrap();
        fleet.s3.put(&format!("lost/clip-{n}.mp4"), &[&clip[..], b"\0\0\0\x09free", &[n]].concat());
    }
    let lost_run = ["run", "s3://clips/lost/", "-o", "s3://clips/out/", "--yes"];
    let before = fleet.sandbox.audit().bills();
    let mut lost = machine.start(&[&lost_run[..], &["--in-flight", "3"]].concat());
    wait_with(&mut lost, "starts that are lost", || fleet.sandbox.audit().bills() >= before + 3);
    server.crash();
    standby.promote();
    Ran::of_child(lost).ends_with(9);
    assert_eq!(standby.psql(&database, "SELECT count(*) FROM attempts"), "4");

    // A worker is the first to compare, and has never heard of the lost plan.
    let worker = machine.run(&["work"]).ends_with(0);
    worker.says("comparing the key's jobs").says("were not in the ledger and are now");
    let restored = standby.psql(&database, "SELECT count(*) FROM attempts WHERE number = 1");
    let restored = restored.parse::<usize>().unwrap() - 4;
    assert!((3..=4).contains(&restored), "{restored} attempts");
    machine.run(&["status"]).ends_with(0);
    let usage = machine.run(&["usage", "--reconcile", "--lag", "0"]).ends_with(0);
    assert!(usage.stdout.contains("job "), "{}", usage.stdout);

    let again = machine.run(&lost_run).ends_with(0);
    assert!(!again.stderr.contains("comparing"), "{}", again.stderr);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (8, 8), "{}", again.stderr);
    assert_eq!(standby.psql(&database, "SELECT count(*) FROM attempts"), "8");
    let unknown = "SELECT count(*) FROM attempts WHERE convert_from(source, 'UTF8') LIKE 'job:%'";
    assert_eq!(standby.psql(&database, unknown), "0", "each is described by its input");
}

/// What happens to a commit.
#[derive(Clone, Copy, PartialEq)]
enum Commit {
    Passed,
    /// The server does not get it.
    Lost,
    /// The server gets it, and its response is lost.
    Unanswered,
}

/// A proxy in front of a server that breaks connections at commits.
struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    socket: PathBuf,
    fate: Box<dyn Fn(u64) -> Commit + Send + Sync>,
    commits: AtomicU64,
    lost: AtomicU64,
    unanswered: AtomicU64,
}

impl Proxy {
    /// `fate` decides by the number of the commit.
    fn start(socket: PathBuf, fate: impl Fn(u64) -> Commit + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            socket,
            fate: Box::new(fate),
            commits: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || shared.forward(&client.unwrap()));
            }
        });
        Self { port, shared }
    }

    /// The address of a database by way of the proxy.
    fn address(&self, database: &str) -> String {
        format!("postgres://rbgv@127.0.0.1:{}/{database}", self.port)
    }
}

impl Shared {
    /// Forwards one connection until it ends or is broken.
    fn forward(&self, client: &TcpStream) {
        client.set_nodelay(true).unwrap();
        let server = UnixStream::connect(&self.socket).unwrap();
        let muted = Arc::new(AtomicBool::new(false));
        let answers = {
            let (server, client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let muted = Arc::clone(&muted);
            std::thread::spawn(move || forward_answers(server, client, &muted))
        };
        // The first message has no type.
        let mut is_first = true;
        while let Ok(message) = read_message(client, is_first) {
            is_first = false;
            let fate = if message.get(5..) == Some(b"COMMIT\0") {
                (self.fate)(self.commits.fetch_add(1, Ordering::Relaxed))
            } else {
                Commit::Passed
            };
            muted.store(fate != Commit::Passed, Ordering::SeqCst);
            if fate != Commit::Lost && (&server).write_all(&message).is_err() {
                break;
            }
            match fate {
                Commit::Passed => continue,
                Commit::Lost => self.lost.fetch_add(1, Ordering::Relaxed),
                Commit::Unanswered => self.unanswered.fetch_add(1, Ordering::Relaxed),
            };
            break;
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Write);
        let _ = answers.join();
    }
}

/// A message of the client, with its type and length.
fn read_message(mut client: &TcpStream, is_first: bool) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; if is_first { 4 } else { 5 }];
    client.read_exact(&mut message)?;
    let length = u32::from_be_bytes(message.last_chunk().copied().unwrap());
    let begin = message.len();
    message.resize(begin + length as usize - 4, 0);
    client.read_exact(&mut message[begin..])?;
    Ok(message)
}

/// Once muted, nothing of the server reaches the client any more.
fn forward_answers(mut server: UnixStream, mut client: TcpStream, muted: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        if muted.load(Ordering::SeqCst) {
            continue;
        }
        if client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
}

/// Runs a batch of `clips` with a ledger behind a proxy, and checks that everything was done once.
fn run_behind_proxy(
    server: &PostgresServer,
    clips: usize,
    fate: impl Fn(u64) -> Commit + Send + Sync + 'static,
) -> Arc<Shared> {
    let mut fleet = Fleet::on(server, Sandbox::quick());
    let database = database_of(&fleet.address);
    let proxy = Proxy::start(server.socket(), fate);
    fleet.address = proxy.address(&database);
    let machine = fleet.machine();
    machine.home.clips(clips);
    let done = machine.run(&["run", "."]).ends_with(0);
    assert_eq!(done.lines().len(), clips, "{}", done.stderr);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.creates(), audit.starts(), audit.bills()), (clips, clips, clips));
    for rows in ["attempts", "batch_inputs WHERE state = 'done'"] {
        assert_eq!(fleet.count(rows), clips, "{rows}");
    }
    // A commit that was carried out twice would be here twice.
    for step in ["create", "start", "finish"] {
        assert_eq!(fleet.count(&format!("attempt_log WHERE note = '{step}'")), clips, "{step}");
    }
    assert_eq!(fleet.count("batches"), 1);
    proxy.shared
}

fn database_of(address: &str) -> String {
    Path::new(address).file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_commit_without_a_response_is_neither_lost_nor_repeated() {
    let Some(server) = crate::fleet::server() else { return };
    // Every commit in turn is broken once in one of the two ways.
    let shared = run_behind_proxy(server, 2, |number| match number % 4 {
        1 => Commit::Lost,
        3 => Commit::Unanswered,
        _ => Commit::Passed,
    });
    assert!(shared.lost.load(Ordering::Relaxed) > 3);
    assert!(shared.unanswered.load(Ordering::Relaxed) > 3);
}

#[test]
fn a_batch_is_done_once_over_connections_that_break_at_random() {
    let Some(server) = crate::fleet::server() else { return };
    for seed in 1..=2 {
        let shared = run_behind_proxy(server, 20, move |number| match mixed(seed, number) % 12 {
            0 => Commit::Lost,
            1 => Commit::Unanswered,
            _ => Commit::Passed,
        });
        assert!(shared.lost.load(Ordering::Relaxed) > 5, "seed {seed}");
        assert!(shared.unanswered.load(Ordering::Relaxed) > 5, "seed {seed}");
    }
}
