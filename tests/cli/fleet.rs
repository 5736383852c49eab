//! Several machines with one ledger on PostgreSQL. Each has a state directory of its own, which is what
//! tells machines apart. Nothing is tested where PostgreSQL is missing, unless `RBGV_REQUIRE_POSTGRES`
//! is set.
//!
//! A lease lasts a minute by the server's clock. Where a test needs its end, it sets `lease_until`
//! instead of waiting.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::postgres_server::PostgresServer;
use crate::s3_server::S3;
use crate::support::{Home, Listener, Ran, Sandbox, WEBHOOK_SECRET, astronaut, wait_for};

/// The server of all tests in this process; `None` on a machine without PostgreSQL.
pub(crate) fn server() -> Option<&'static PostgresServer> {
    static SERVER: OnceLock<Option<PostgresServer>> = OnceLock::new();
    SERVER.get_or_init(PostgresServer::start).as_ref()
}

/// A new database, a service and an object store.
pub(crate) struct Fleet<'a> {
    server: &'a PostgresServer,
    pub(crate) address: String,
    pub(crate) sandbox: Sandbox,
    pub(crate) s3: S3,
}

impl<'a> Fleet<'a> {
    pub(crate) fn on(server: &'a PostgresServer, sandbox: Sandbox) -> Self {
        let fleet = Self { server, address: server.new_database(), sandbox, s3: S3::start() };
        // Creates the tables.
        fleet.machine().run(&["status"]).ends_with(0);
        fleet
    }

    /// Puts this number of clips that differ in content into `s3://clips/in/`.
    pub(crate) fn put_clips(&self, number: u32) {
        let clip = std::fs::read(astronaut()).unwrap();
        for n in 0..number {
            let other = [&clip[..], b"\0\0\0\x0cfree", &n.to_be_bytes()].concat();
            self.s3.put(&format!("in/clip-{n:02}.mp4"), &other);
        }
    }

    /// Runs SQL in the ledger's database.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.server.psql(self.address.rsplit('/').next().unwrap(), sql)
    }

    pub(crate) fn count(&self, rows: &str) -> usize {
        self.sql(&format!("SELECT count(*) FROM {rows}")).parse().unwrap()
    }

    /// Ends the leases of all processes, as a minute without a renewal does.
    fn end_leases(&self) {
        self.sql("UPDATE processes SET lease_until = 0");
    }

    pub(crate) fn machine(&self) -> Machine<'_> {
        Machine { home: Home::with(&self.sandbox), fleet: self }
    }
}

/// A machine of the fleet.
pub(crate) struct Machine<'a> {
    pub(crate) home: Home,
    fleet: &'a Fleet<'a>,
}

impl Machine<'_> {
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let Fleet { sandbox, s3, address, .. } = self.fleet;
        let mut command = self.home.keyed(sandbox);
        command.envs(s3.vars()).env("RBGV_LEDGER", address).args(args);
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Waits for something that a running program does.
pub(crate) fn wait_with(child: &mut Child, what: &str, mut reached: impl FnMut() -> bool) {
    wait_for(what, || {
        assert!(child.try_wait().unwrap().is_none(), "ended before: {what}");
        reached()
    });
}

fn timer(time: &str) -> Sandbox {
    Sandbox::start(&["--timer", time, "--workers", "64"])
}

pub(crate) const RUN_OBJECTS: [&str; 5] =
    ["run", "s3://clips/in/", "-o", "s3://clips/out/", "--yes"];

#[test]
fn the_same_clips_on_another_machine_cost_nothing_more() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, Sandbox::quick());
    fleet.put_clips(2);
    let (a, b) = (fleet.machine(), fleet.machine());
    for machine in [&a, &b] {
        machine.home.clips(3);
        let done = machine.run(&["run", "."]).ends_with(0);
        assert_eq!(done.lines().len(), 3, "{}", done.stderr);
        assert_eq!(machine.home.files().len(), 6);
    }
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.creates(), audit.starts(), audit.bills()), (3, 3, 3));
    for machine in [&a, &b] {
        assert_eq!(machine.run(&RUN_OBJECTS).ends_with(0).lines().len(), 2);
    }
    assert_eq!(fleet.sandbox.audit().bills(), 5);
    assert_eq!(fleet.count("batches WHERE machine IS NOT NULL"), 4);
    assert_eq!(fleet.sql("SELECT count(DISTINCT machine) FROM batches"), "2");
    let here = std::fs::read_dir(a.home.path("state")).unwrap();
    let files: Vec<_> = here.map(|entry| entry.unwrap().file_name()).collect();
    assert!(files.iter().all(|name| name != "ledger.sqlite3"), "{files:?}");
}

#[test]
fn two_workers_share_a_batch_and_each_clip_is_billed_once() {
    const CLIPS: u32 = 16;
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("300ms"));
    fleet.put_clips(CLIPS);
    // The first machine's uploads take a while, and it claims six inputs at most.
    fleet.sandbox.scenario(
        "[[fault]]\non = \"POST /v1/uploads\"\nnth = [1, 2, 3, 4, 5, 6]\ndo = { delay = \"2s\" }\n",
    );
    let (a, b) = (fleet.machine(), fleet.machine());
    let mut first = a.start(&[&RUN_OBJECTS[..], &["--in-flight", "2"]].concat());
    wait_with(&mut first, "the first upload", || fleet.sandbox.audit().uploads() > 0);
    send(&first, Signal::SIGSTOP);
    let mut second = b.start(&["work"]);
    wait_with(&mut second, "the first output", || {
        fleet.count("batch_inputs WHERE state IN ('done', 'skipped')") > 0
    });
    send(&first, Signal::SIGCONT);
    let (first, second) = (Ran::of_child(first).ends_with(0), Ran::of_child(second).ends_with(0));
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (16, 16));
    assert!(audit.most_in_flight() <= 2, "{}", audit.most_in_flight());
    let (mut all, few) = (first.lines(), second.lines());
    assert!(!all.is_empty() && !few.is_empty(), "{all:?} {few:?}");
    all.extend(few);
    all.sort_unstable();
    // One may meet an output that the other has just published.
    all.dedup();
    let outputs: Vec<_> =
        (0..CLIPS).map(|n| format!("s3://clips/out/clip-{n:02}-nobg.webm")).collect();
    assert_eq!(all, outputs);
    assert_eq!(fleet.s3.requests("PUT /clips/out/"), outputs.len(), "each was published by one");
    assert_eq!(b.run(&["work"]).ends_with(0).says("no batch").lines(), Vec::<&str>::new());
}

#[test]
fn what_a_lost_machine_left_is_taken_over_after_its_lease_and_not_before() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("1s"));
    fleet.put_clips(4);
    let (a, b) = (fleet.machine(), fleet.machine());
    let mut lost = a.start(&RUN_OBJECTS);
    wait_with(&mut lost, "a bill", || fleet.sandbox.audit().bills() > 0);
    lost.kill().unwrap();
    lost.wait().unwrap();
    let before = fleet.sandbox.audit();
    b.run(&["work", "--timeout", "1s"]).ends_with(7);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.creates(), audit.starts()), (before.creates(), before.starts()));
    fleet.end_leases();
    let done = b.run(&["work"]).ends_with(0);
    assert_eq!(done.lines().len(), 4, "{}", done.stderr);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (4, 4));
    assert_eq!(fleet.count("attempts"), 4);
}

#[test]
fn on_one_machine_what_was_killed_goes_on_at_once() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("1s"));
    let (a, b) = (fleet.machine(), fleet.machine());
    a.home.clips(3);
    let mut killed = a.start(&["run", "."]);
    wait_with(&mut killed, "a bill", || fleet.sandbox.audit().bills() > 0);
    killed.kill().unwrap();
    killed.wait().unwrap();
    // Another machine has not the files.
    b.run(&["work"]).ends_with(0).says("no batch has open inputs");
    b.run(&["resume"]).ends_with(0).says("no unfinished batch");
    let done = a.run(&["resume"]).ends_with(0);
    assert_eq!(done.lines().len(), 3, "{}", done.stderr);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (3, 3));
    assert!(fleet.count("processes WHERE lease_until > 0") > 0, "the lease still runs");
}

#[test]
fn a_machine_with_the_same_files_takes_over_from_one_that_is_lost() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("300ms"));
    let (a, b) = (fleet.machine(), fleet.machine());
    for machine in [&a, &b] {
        machine.home.clips(2);
    }
    let stall = "do = { stall_upload = { at = \"50%\", for = \"60s\" } }";
    fleet
        .sandbox
        .scenario(&format!("[[fault]]\non = \"POST /v1/uploads\"\nnth = [1, 2]\n{stall}\n"));
    let mut lost = a.start(&["run", "."]);
    wait_with(&mut lost, "both uploads", || fleet.sandbox.audit().uploads() == 2);
    let mut other = b.start(&["run", "."]);
    wait_with(&mut other, "its plan", || fleet.count("batches WHERE plan_complete") == 2);
    lost.kill().unwrap();
    lost.wait().unwrap();
    fleet.end_leases();
    let done = Ran::of_child(other).ends_with(0);
    assert_eq!(done.lines().len(), 2, "{}", done.stderr);
    assert_eq!(fleet.sandbox.audit().bills(), 2);
    assert_eq!(fleet.count("attempts"), 2);
}

#[test]
fn four_workers_keep_the_limit_of_a_key_together() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("200ms"));
    fleet.put_clips(20);
    let machines: Vec<_> = (0..4).map(|_| fleet.machine()).collect();
    let mut first = machines[0].start(&[&RUN_OBJECTS[..], &["--in-flight", "3"]].concat());
    wait_with(&mut first, "its plan", || fleet.count("batches WHERE plan_complete") == 1);
    let mut running = vec![first];
    running.extend(machines[1..].iter().map(|machine| machine.start(&["work"])));
    let lines: usize =
        running.into_iter().map(|child| Ran::of_child(child).ends_with(0).lines().len()).sum();
    assert_eq!(lines, 20);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (20, 20));
    assert!(audit.most_in_flight() <= 3, "{}", audit.most_in_flight());
}

#[test]
fn a_key_that_one_worker_finds_rejected_stops_the_others() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("300ms"));
    fleet.put_clips(24);
    let (a, b) = (fleet.machine(), fleet.machine());
    let mut first = a.start(&[&RUN_OBJECTS[..], &["--in-flight", "4"]].concat());
    wait_with(&mut first, "its plan", || fleet.count("batches WHERE plan_complete") == 1);
    let mut second = b.start(&["work"]);
    wait_with(&mut second, "both at work", || {
        fleet.sql("SELECT count(DISTINCT owner) FROM attempts") == "2"
    });
    fleet.sandbox.scenario(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\n\
         do = { answer = { status = 401, code = \"unauthorized\" } }\n",
    );
    let ended = [Ran::of_child(first).ends_with(3), Ran::of_child(second).ends_with(3)];
    assert_eq!(fleet.sandbox.audit().answered(401), 1, "{ended:?}");
    let open = fleet.count("batch_inputs WHERE state = 'paused'");
    assert!(open > 0);
    // Whoever repairs the key resumes.
    let rest = a.run(&["resume"]).ends_with(0);
    assert_eq!(rest.lines().len(), open, "{}", rest.stderr);
    assert_eq!(fleet.sandbox.audit().bills(), 24);
}

#[test]
fn without_a_list_of_jobs_a_person_accepts_what_a_fail_over_may_have_lost() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, Sandbox::quick());
    let machine = fleet.machine();
    let list = |answer: &str| format!("[[fault]]\non = \"GET /v1/jobs\"\ndo = {answer}\n");
    // A new ledger needs no list.
    fleet.sandbox.scenario(&list("{ answer = { status = 405 } }"));
    machine.home.clip("first.mp4");
    machine.run(&["run", "first.mp4"]).ends_with(0).says("does not list jobs");
    let answers =
        ["{ answer = { status = 405 } }", "{ answer = { status = 200, body = \"html\" } }"];
    for (number, answer) in (2..).zip(answers) {
        fleet.sandbox.scenario(&list(answer));
        fleet.sql("UPDATE keys SET reconciled_with = 'a server that was replaced'");
        let name = format!("{number}.mp4");
        machine.home.variant(&name, number);
        let next = format!("next: rbgv resume {number} --accept-lost-starts");
        let refused = machine.run(&["run", &name, "--yes"]).ends_with(9).says(&next);
        refused.says("does not list jobs").says("paid for a second time");
        // Neither `--yes` nor another command accepts it.
        machine.run(&["resume", "--yes"]).ends_with(9).says(&next);
        machine.run(&["work"]).ends_with(9).says(&next);
        assert_eq!(fleet.sandbox.audit().bills(), number - 1, "{answer}");
        let batch = number.to_string();
        let accepted = machine.run(&["resume", &batch, "--accept-lost-starts"]).ends_with(0);
        accepted.says("paid for again").says("rbgv usage --reconcile");
        assert_eq!(fleet.sandbox.audit().bills(), number, "{answer}");
    }
    // Once is enough, for all machines.
    let other = fleet.machine();
    other.home.variant("last.mp4", 9);
    let done = other.run(&["run", "last.mp4"]).ends_with(0);
    assert!(!done.stderr.contains("does not list jobs"), "{}", done.stderr);
}

#[test]
fn every_machine_sees_the_batches_of_all() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, Sandbox::quick());
    fleet.put_clips(2);
    let (a, b) = (fleet.machine(), fleet.machine());
    a.run(&RUN_OBJECTS).ends_with(0);
    let name = fleet.sql("SELECT machine_name FROM batches");
    assert_eq!(name, rustix::system::uname().nodename().to_str().unwrap());
    fleet.sql("UPDATE batches SET machine_name = 'build-7'");
    let message = b.run(&["status"]).ends_with(0).stdout;
    assert!(message.contains("build-7"), "{message}");
    let message = b.run(&["status", "--json"]).ends_with(0).json();
    assert_eq!(message[0]["batches"][0]["machine"], "build-7");
    assert_eq!(message[0]["batches"][0]["done"], 2);
    let usage = b.run(&["usage", "--reconcile", "--json"]).ends_with(0);
    let usage = &usage.json()[0];
    assert_eq!((&usage["verdict"], &usage["matched"]), (&"matched".into(), &2.into()));
    b.run(&["report", "-o", "report.html"]).ends_with(0);
    let page = std::fs::read_to_string(b.home.work().join("report.html")).unwrap();
    assert!(page.contains("clip-01.mp4") && page.contains("machine build-7"));
}

#[test]
fn a_worker_that_slept_past_its_lease_sends_nothing_more() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("300ms"));
    fleet.put_clips(6);
    let (a, b) = (fleet.machine(), fleet.machine());
    let mut asleep = a.start(&[&RUN_OBJECTS[..], &["--in-flight", "2"]].concat());
    wait_with(&mut asleep, "a bill", || fleet.sandbox.audit().bills() > 0);
    send(&asleep, Signal::SIGSTOP);
    fleet.end_leases();
    b.run(&["work"]).ends_with(0);
    assert_eq!(fleet.count("batch_inputs WHERE state IN ('done', 'skipped')"), 6);
    let before = fleet.sandbox.audit();
    assert_eq!((before.starts(), before.bills()), (6, 6));
    send(&asleep, Signal::SIGCONT);
    Ran::of_child(asleep).ends_with(0);
    let after = fleet.sandbox.audit();
    assert_eq!((after.creates(), after.starts()), (before.creates(), before.starts()));
}

#[test]
fn a_worker_that_is_stopped_leaves_the_batch_to_the_others() {
    let Some(server) = server() else { return };
    let fleet = Fleet::on(server, timer("300ms"));
    fleet.put_clips(6);
    let (a, b) = (fleet.machine(), fleet.machine());
    let mut lost = a.start(&[&RUN_OBJECTS[..], &["--in-flight", "2"]].concat());
    wait_with(&mut lost, "a bill", || fleet.sandbox.audit().bills() > 0);
    lost.kill().unwrap();
    lost.wait().unwrap();
    fleet.end_leases();
    let mut stopped = b.start(&["work"]);
    wait_with(&mut stopped, "an output", || {
        fleet.count("batch_inputs WHERE state IN ('done', 'skipped')") > 0
    });
    send(&stopped, Signal::SIGTERM);
    Ran::of_child(stopped).ends_with(130);
    let open = fleet.count("batch_inputs WHERE state = 'open'");
    assert!(open > 0 && fleet.count("batch_inputs WHERE state = 'paused'") == 0);
    assert_eq!(fleet.machine().run(&["work"]).ends_with(0).lines().len(), open);
    let audit = fleet.sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (6, 6));
}

/// Everything in the files below `directory`.
fn files_in(directory: &std::path::Path, all: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_in(&path, all);
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
        }
    }
}

#[test]
fn the_password_of_the_ledger_is_shown_nowhere() {
    const PASSWORD: &str = "planted/pass:word";
    const IN_URL: &str = "planted%2Fpass%3Aword";
    let Some(server) = server() else { return };
    server.create_user("guarded", PASSWORD);
    let sandbox = Sandbox::start(&["--webhook-secret", WEBHOOK_SECRET, "--timer", "100ms"]);
    let fleet = Fleet::on(server, sandbox);
    let machine = fleet.machine();
    let address = fleet.address.replace("rbgv@", &format!("guarded:{IN_URL}@"));
    let config = machine.home.path("config/rbgv/config.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace(
        "api_key_env = \"TEST_KEY\"",
        &format!(
            "api_key_command = \"env >> ../env-of-command; echo {}\"\nledger = \"{address}\"",
            fleet.sandbox.api_key
        ),
    );
    std::fs::write(&config, text).unwrap();
    std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let command = |args: &[&str]| {
        let mut command = machine.home.command();
        command.env("RBGV_LOG", "trace").env("PGPASSWORD", PASSWORD).args(args);
        command
    };
    let mut listener = Listener::start(
        command(&[]),
        &["--exec", "env >> ../env-of-exec", "--log-file", "listen.log"],
    );
    machine.home.clip("a.mp4");
    let url = listener.url();
    let mut printed = String::new();
    for args in [
        &[
            "-vv",
            "--json",
            "--log-file",
            "a.json",
            "--log-format",
            "json",
            "run",
            "a.mp4",
            "--webhook-url",
            &url,
        ][..],
        &["-vv", "--log-file", "a.log", "run", "a.mp4", "--report", "report.html"],
        &["config", "show"],
        &["config", "show", "--json"],
        &["profile", "list", "--json"],
        &["status", "--json"],
        &["status", "--limits"],
        &["doctor"],
        &["doctor", "--json"],
    ] {
        let ran = Ran::of(&mut command(args));
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
        printed += &format!("{args:?}: {}{}\n", ran.stdout, ran.stderr);
    }
    listener.wait_for(|line| line["webhook"] == "job.completed");
    assert_eq!(listener.stop(), Some(0));
    // A password that is refused, by each way to give it.
    for (user, expected) in [
        ("guarded:planted%2Fwrong@", "authentication"),
        ("guarded:planted%2Fwrong@nowhere.invalid,", ""),
    ] {
        let wrong = fleet.address.replace("rbgv@", user);
        let ran = Ran::of(command(&["-vv", "status"]).env("RBGV_LEDGER", wrong)).ends_with(9);
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        printed += &ran.stderr;
    }
    let mut everything = vec![("output".to_owned(), printed.clone().into_bytes())];
    std::fs::remove_file(&config).unwrap();
    files_in(&machine.home.path(""), &mut everything);
    for name in ["env-of-command", "env-of-exec", "a.json", "a.log", "listen.log", "report.html"] {
        assert!(everything.iter().any(|(place, _)| place.ends_with(name)), "{name}");
    }
    for (place, bytes) in everything {
        for secret in ["planted/", "planted%2F", "pass:word", "pass%3A"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {place}: {}", String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn a_server_that_cannot_be_used_is_named_with_the_reason_and_a_next_step() {
    let Some(server) = server() else { return };
    server.create_user("locked", "right");
    let fleet = Fleet::on(server, Sandbox::quick());
    let machine = fleet.machine();
    let status = |address: &str| {
        Ran::of(machine.home.keyed(&fleet.sandbox).env("RBGV_LEDGER", address).arg("status"))
    };
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let local = |rest: &str| format!("postgres://rbgv@127.0.0.1:{closed}/rbgv{rest}");
    let socket = fleet.address.split('@').nth(1).unwrap().split('/').next().unwrap();
    // (address, exit code, texts)
    let table = [
        (local(""), 9, vec!["127.0.0.1", "refused", "check that the server runs"]),
        (
            "postgres://rbgv@no-such-host.invalid/rbgv".to_owned(),
            9,
            vec!["no-such-host.invalid", "RBGV_LEDGER"],
        ),
        (format!("postgres://locked:wrong@{socket}/postgres"), 9, vec!["password", "RBGV_LEDGER"]),
        (
            format!("postgres://rbgv@{socket}/missing"),
            9,
            vec!["missing", "does not exist", "RBGV_LEDGER"],
        ),
        (local("?sslmode=sometimes"), 3, vec!["sslmode", "postgres://USER@HOST/DATABASE"]),
        ("postgres://".to_owned(), 3, vec!["host", "postgres://USER@HOST/DATABASE"]),
        ("/tmp/ledger".to_owned(), 3, vec!["postgres://USER@HOST/DATABASE"]),
        (format!("{}?sslmode=require", fleet.address), 9, vec!["TLS", "sslmode=disable"]),
    ];
    for (address, code, texts) in table {
        let ran = status(&address);
        assert_eq!(ran.code, code, "{address}: {}", ran.stderr);
        for text in texts {
            assert!(ran.stderr.contains(text), "{address}: {text}\n{}", ran.stderr);
        }
    }
    fleet.sql("UPDATE ledger SET schema_version = schema_version + 1");
    let newer = status(&fleet.address).ends_with(9).says("newer rbgv");
    assert!(!newer.stderr.contains("RBGV_STATE_DIR"), "{}", newer.stderr);
}

#[test]
fn a_server_without_fsync_is_refused() {
    let Some(server) = PostgresServer::start() else { return };
    server.psql("postgres", "ALTER SYSTEM SET fsync = off");
    server.crash_and_restart();
    let fleet_address = server.new_database();
    let home = Home::new();
    let ran = Ran::of(home.command().env("RBGV_LEDGER", &fleet_address).arg("status"));
    ran.ends_with(9).says("fsync").says("set fsync = on");
}
