//! SIGKILL of `run` at each phase, and the same command again: one bill, the same output.

use std::process::Stdio;

use crate::support::{Audit, Home, Sandbox, wait_for};

/// Starts a run, kills it as soon as `reached`, lets the sandbox be itself again, and runs again.
fn killed_at(scenario: &str, reached: impl Fn(&Audit) -> bool) -> (Sandbox, Home) {
    let sandbox = Sandbox::with(scenario);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let mut child = home
        .keyed(&sandbox)
        .args(["run", "a.mp4"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the point to kill it at", || {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be killed");
        reached(&sandbox.audit())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!home.work().join("a-nobg.webm").exists(), "nothing half-made has the final name");
    sandbox.scenario("");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    assert!(home.work().join("a-nobg.webm").exists());
    assert_eq!(home.parts(), Vec::<String>::new());
    assert_eq!(sandbox.audit().bills(), 1);
    (sandbox, home)
}

#[test]
fn while_uploading() {
    let stall = "[[fault]]\non = \"POST /v1/uploads\"\nnth = 1\ndo = { stall_upload = { at = \"50%\", for = \"60s\" } }\n";
    let (sandbox, _home) = killed_at(stall, |audit| audit.uploads() == 1);
    assert_eq!(sandbox.audit().creates(), 1);
}

#[test]
fn after_the_create_landed_and_before_its_answer() {
    let late = "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { delay_answer = \"60s\" }\n";
    let (sandbox, _home) = killed_at(late, |audit| audit.creates() == 1);
    let audit = sandbox.audit();
    assert_eq!((audit.creates(), audit.starts()), (1, 1), "the job was found and adopted");
}

#[test]
fn after_the_start_landed_and_before_its_answer() {
    let late =
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay_answer = \"60s\" }\n";
    let (sandbox, _home) = killed_at(late, |audit| audit.bills() == 1);
    assert_eq!(sandbox.audit().starts(), 1);
}

#[test]
fn after_the_start_was_sent_and_before_it_landed() {
    let slow = "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay = \"250ms\" }\n";
    let (_sandbox, _home) = killed_at(slow, |audit| audit.starts() == 1);
}

#[test]
fn while_the_job_runs() {
    let sandbox = Sandbox::start(&["--timer", "2s"]);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let mut child =
        home.keyed(&sandbox).args(["run", "a.mp4"]).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the start", || {
        sandbox.audit().requests("GET", "") >= 2 && sandbox.audit().bills() > 0
    });
    child.kill().unwrap();
    child.wait().unwrap();
    home.run(&sandbox, &["resume"]).ends_with(0);
    let audit = sandbox.audit();
    assert_eq!((audit.creates(), audit.starts(), audit.bills()), (1, 1, 1));
}

#[test]
fn while_downloading() {
    let drip = "[[fault]]\non = \"GET /outputs/*/*\"\nnth = 1\ndo = { drip = { bytes = 16, every = \"5s\" } }\n";
    let (sandbox, _home) = killed_at(drip, |audit| {
        audit.0["requests"].as_array().unwrap().iter().any(|row| row["lane"] == "output")
    });
    assert_eq!(sandbox.audit().starts(), 1);
}
