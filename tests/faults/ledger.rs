//! Rows 20, 22, 23, 24 and 26: who owns what, and a ledger in trouble.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::case::Case;
use crate::support::{Home, RBGV, Ran, wait_for};

#[test]
fn row_20_a_process_that_was_taken_over_does_nothing_late() {
    // The owner is stopped while its upload is under way, long before any start.
    let case = Case::new(
        "[[fault]]\non = \"POST /v1/uploads\"\nnth = 1\ndo = { delay_answer = \"700ms\" }\n",
    );
    case.home.clip("a.mp4");
    let mut owner = case
        .home
        .keyed(&case.sandbox)
        .args(["run", "a.mp4"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the upload", || case.audit().uploads() == 1);
    let pid = rustix::process::Pid::from_child(&owner);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let mut taking = case.home.keyed(&case.sandbox);
    taking.args(["--yes", "resume", "--take-over"]);
    Ran::of(&mut taking).ends_with(0);
    assert_eq!(case.audit().bills(), 1);
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    owner.wait().unwrap();
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (1, 1), "the stale owner starts nothing");
}

#[test]
fn row_22_a_ledger_that_cannot_grow_stops_before_the_next_effect() {
    let mut stopped = 0;
    for kilobytes in [48, 96, 144, 192, 240, 288, 336, 384] {
        let mut case = Case::new("");
        case.home.clip("a.mp4");
        case.run(&["status"]).ends_with(0);
        // A bound on the size of files simulates a full disk: writes fail in the middle of the run.
        let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec '{RBGV}' run a.mp4");
        let keyed = case.home.keyed(&case.sandbox);
        let variables = keyed.get_envs().filter_map(|(name, value)| Some((name, value?)));
        // Bash counts in units of 1,024 bytes.
        let mut bash = Command::new("bash");
        bash.env_clear().envs(variables).current_dir(case.home.work()).args(["-c", &script]);
        let ran = Ran::of(&mut bash);
        assert!([0, 9].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
        stopped += usize::from(ran.code == 9);
        assert!(case.audit().starts() <= 1);
        case.run(&["run", "a.mp4"]).ends_with(0);
        assert_eq!(case.audit().bills(), 1, "{kilobytes}");
    }
    assert!(stopped >= 3, "the bound was met at several steps: {stopped}");
}

#[test]
fn row_23_a_locked_ledger_is_waited_for() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    case.run(&["status"]).ends_with(0);
    let db = rusqlite::Connection::open(case.home.path("state/ledger.sqlite3")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let child = case
        .home
        .keyed(&case.sandbox)
        .args(["run", "a.mp4"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(case.audit().uploads(), 0, "nothing is sent before it is recorded");
    db.execute_batch("COMMIT").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(case.audit().bills(), 1);
}

#[test]
fn row_24_a_newer_ledger_is_refused_with_a_reason() {
    let mut case = Case::new("");
    case.run(&["status"]).ends_with(0);
    let db = rusqlite::Connection::open(case.home.path("state/ledger.sqlite3")).unwrap();
    db.pragma_update(None, "user_version", 9_999).unwrap();
    drop(db);
    case.run(&["status"]).ends_with(9).says("newer");
}

#[test]
fn row_24_a_lost_ledger_is_rebuilt_from_echoed_metadata() {
    let mut case = Case::new("");
    case.home.clips(3);
    case.run(&["run", "."]).ends_with(0);
    std::fs::remove_dir_all(case.home.path("state")).unwrap();
    for output in case.home.files().iter().filter(|name| name.ends_with("-nobg.webm")) {
        std::fs::remove_file(case.home.work().join(output)).unwrap();
    }
    case.home.variant("new.mp4", 77);
    case.run(&["run", "."]).ends_with(0).says("3 existing jobs found");
    assert_eq!(case.audit().bills(), 4, "only the new one is paid for");
    let outputs = case.home.files().iter().filter(|name| name.ends_with("-nobg.webm")).count();
    assert_eq!(outputs, 4);
}

#[test]
fn row_24_a_lost_ledger_asks_once_before_billing_what_cannot_be_told_apart() {
    let mut case = Case::new("");
    // Another program's job with the same key, without our metadata.
    let elsewhere = Home::with(&case.sandbox);
    elsewhere.variant("other.mp4", 1);
    let url = elsewhere.run(&case.sandbox, &["upload", "other.mp4"]).ends_with(0).stdout;
    let body = format!(r#"{{"video_url": "{}", "bg_type": "transparent"}}"#, url.trim());
    assert_eq!(case.sandbox.http("POST", "/v1/jobs", &body).0, 200);
    wait_for("the other job", || case.audit().bills() == 1);
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(2).says("1 job in the last 24 h").says("--yes");
    assert_eq!(case.audit().bills(), 1, "nothing was started");
    case.run(&["--yes", "run", "a.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 2);
    case.home.variant("b.mp4", 5);
    case.run(&["run", "b.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 3, "it is asked once");
}

#[test]
fn row_26_two_processes_with_the_same_inputs_do_not_both_submit() {
    let case = Case::new("");
    case.home.clips(5);
    let spawn = |out: &str| {
        case.home
            .keyed(&case.sandbox)
            .args(["run", ".", "-o", out])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children = [spawn("one/"), spawn("two/"), spawn("three/")];
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    assert_eq!(case.audit().bills(), 5);
    let outputs = case.home.files().iter().filter(|name| name.ends_with("-nobg.webm")).count();
    assert_eq!(outputs, 15);
}

#[test]
fn row_19_eight_processes_share_one_key_and_four_of_them_die() {
    let case = Case::new("[limits]\nin_flight = 3\n");
    for n in 0..8 {
        for clip in 0..3 {
            case.home.variant(&format!("{n}/clip-{clip}.mp4"), n * 100 + clip);
        }
    }
    let mut children: Vec<_> = (0..8)
        .map(|n| {
            case.home
                .keyed(&case.sandbox)
                .args(["run", &n.to_string(), "-o", &format!("out-{n}/")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    wait_for("some work", || case.audit().bills() >= 4);
    for child in children.iter_mut().take(4) {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for child in children.iter_mut().skip(4) {
        assert!(child.wait().unwrap().success(), "the living finish their own");
    }
    for n in 0..4 {
        let args = ["run".to_owned(), n.to_string(), "-o".to_owned(), format!("out-{n}/")];
        Ran::of(case.home.keyed(&case.sandbox).args(args)).ends_with(0);
    }
    let audit = case.audit();
    assert_eq!(audit.bills(), 24);
    assert!(audit.most_in_flight() <= 3, "the service's cap is never passed");
}
