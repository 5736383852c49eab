//! Rows 20, 23, 24 and 26: who owns what, and a ledger in trouble.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::Ran;

fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

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
