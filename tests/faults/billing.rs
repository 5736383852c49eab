//! Rows 2 to 10 and 14 to 16: what may be billed, and what is never billed twice.

use std::process::Stdio;

use crate::case::Case;
use crate::support::{Audit, wait_for};

/// Kills a run as soon as `reached`, ends all faults, and gives the case back.
fn killed(scenario: &str, reached: impl Fn(&Audit) -> bool) -> Case {
    let case = Case::warm(scenario);
    case.home.clip("a.mp4");
    let seen = case.audit();
    let (creates, starts) = (seen.creates(), seen.starts());
    let mut child = case
        .home
        .keyed(&case.sandbox)
        .args(["run", "a.mp4"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the point to kill it at", || {
        let audit = case.audit();
        audit.creates() + audit.starts() > creates + starts && reached(&audit)
    });
    child.kill().unwrap();
    child.wait().unwrap();
    case.sandbox.scenario("");
    case
}

#[test]
fn row_02_killed_around_create() {
    // After the service made the job and before the ledger knew: an orphan at most, one bill.
    let late = "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { delay_answer = \"60s\" }\n";
    let mut case = killed(late, |audit| audit.creates() == 2);
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert!(audit.creates() <= 3, "one orphan at most");
    assert_eq!(audit.bills(), 2);
    // Before it was made: the request still waits at the service when the client dies.
    let early = "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { delay = \"100ms\" }\n";
    let mut case = killed(early, |audit| audit.creates() == 2);
    case.run(&["run", "a.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 2);
}

#[test]
fn row_03_killed_around_start() {
    // Sent and executed: found by a poll, and no second start.
    let late =
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay_answer = \"60s\" }\n";
    let mut case = killed(late, |audit| audit.bills() == 2);
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (2, 2));
    // Sent and not landed yet.
    let early = "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay = \"200ms\" }\n";
    let mut case = killed(early, |audit| audit.starts() == 2);
    case.run(&["run", "a.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 2);
}

#[test]
fn row_04_create_answer_lost_before_drafts_are_known() {
    let mut case =
        Case::new("[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { reset = \"after\" }\n");
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.bills()), (1, 1), "looked up and adopted");
}

#[test]
fn row_04_create_answer_lost_and_the_list_cannot_tell() {
    let mut case = Case::new(
        "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { reset = \"after\" }\n\
         [[fault]]\non = \"GET /v1/jobs\"\ndo = { drop = [\"metadata\"] }\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(1).says("unknown origin").says("--accept");
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.bills()), (1, 0));
    case.run(&["run", "a.mp4"]).ends_with(1);
    assert_eq!(case.audit().creates(), 1, "running again makes no second job");
    case.run(&["resume", "--accept"]).ends_with(0);
    assert_eq!(case.audit().bills(), 1);
}

/// A case whose create was sent five hours ago, to a service that starts every job by itself, and
/// never answered.
fn lost_for_hours(afterwards: &str) -> Case {
    let ignored = "[jobs]\nauto_start = \"ignored\"\n";
    let mut case = Case::new(&format!(
        "{ignored}[clock]\nskew = \"-5h\"\n\
         [[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = {{ delay_answer = \"60s\" }}\n"
    ));
    case.home.clip("a.mp4");
    let mut run = case.home.keyed(&case.sandbox);
    let mut child =
        run.args(["run", "a.mp4"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the create", || case.audit().creates() == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let db = rusqlite::Connection::open(case.home.path("state/ledger.sqlite3")).unwrap();
    let hours = 5 * 3_600_000;
    assert_eq!(db.execute("UPDATE attempts SET sent_at = sent_at - ?1", [hours]).unwrap(), 1);
    case.then(&format!("{ignored}{afterwards}"));
    case
}

#[test]
fn row_04_a_lost_create_is_searched_for_from_its_own_time() {
    // The job is not young any more, but as young as the create.
    let silent = "[[fault]]\non = \"GET /v1/jobs\"\ndo = { drop = [\"metadata\"] }\n";
    let mut case = lost_for_hours(silent);
    case.run(&["run", "a.mp4"]).ends_with(1).says("unknown origin");
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.bills()), (1, 1), "no second job is made, and billed");
    let mut case = lost_for_hours("");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!(
        (audit.creates(), audit.bills()),
        (1, 1),
        "adopted where the list tells whose it is"
    );
}

#[test]
fn row_04_create_answer_lost_when_drafts_are_known() {
    let mut case =
        Case::warm("[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = { reset = \"after\" }\n");
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.bills()), (3, 2), "repeated; the orphan costs nothing");
}

/// A service whose state tells a draft from a job that waits.
const CREATED: &str = "[jobs]\ndraft_state = \"created\"\n";

#[test]
fn row_05_start_is_decided_by_a_poll_after_settling() {
    for (fault, starts) in [
        ("reset = \"after\"", 1),
        ("reset = \"before\"", 2),
        ("delay = \"250ms\"", 1),
        ("answer = { status = 502, body = \"html\", when = \"after\" }", 1),
        ("answer = { status = 502, body = \"html\" }", 2),
        ("answer = { status = 409, when = \"after\" }", 1),
    ] {
        let mut case = Case::new(&format!(
            "{CREATED}[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = {{ {fault} }}\n"
        ));
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        let audit = case.audit();
        assert_eq!((audit.starts(), audit.bills()), (starts, 1), "{fault}");
    }
}

#[test]
fn row_05_a_late_start_is_waited_for() {
    // The client gives the start up long before it takes effect; it still lands within `settle`.
    let mut case = Case::timed(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay = \"1500ms\" }\n",
        "idle_timeout = \"500ms\"\nsettle = \"3s\"\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (1, 1));
}

#[test]
fn row_06_a_job_that_fails_at_once_is_final() {
    let mut case = Case::new(
        "[jobs]\nfailed_start = \"again\"\n\
         [[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = [{ fail_job = \"bad frames\" }, { reset = \"after\" }]\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(6).says("bad frames");
    assert_eq!(case.audit().starts(), 1);
}

/// What a service is like that shows drafts as `pending`, and nothing of their bills.
const SILENT: &str = "[jobs]\ndraft_state = \"pending\"\n\
    [[fault]]\non = \"GET /v1/jobs/*\"\ndo = { null = [\"billing_status\"] }\n\
    [[fault]]\non = \"GET /v1/jobs\"\ndo = { null = [\"billing_status\"] }\n";

#[test]
fn row_07_drafts_under_any_name_are_started_after_one_was_watched() {
    let odd = "[[fault]]\non = \"POST /v1/jobs\"\ndo = { set = { status = \"drafted\" } }\n";
    let none = "[[fault]]\non = \"POST /v1/jobs\"\ndo = { drop = [\"status\"] }\n";
    for answer in ["", odd, none] {
        let mut case = Case::new(&format!("{SILENT}{answer}"));
        case.home.clips(3);
        case.run(&["run", ".", "-o", "out/"]).ends_with(0);
        let audit = case.audit();
        assert_eq!((audit.creates(), audit.starts(), audit.bills()), (3, 3, 3), "{answer}");
        let rows = audit.0["requests"].as_array().unwrap();
        let sent: Vec<_> = rows
            .iter()
            .filter(|row| row["method"] == "POST" || row["path"] != "/v1/jobs")
            .map(|row| row["path"].as_str().unwrap())
            .collect();
        let (create, start) = first_and_start(&sent);
        assert!(start - create > 2, "the first one is watched: {sent:?}");
        case.home.variant("later.mp4", 77);
        case.run(&["run", "later.mp4"]).ends_with(0);
        let audit = case.audit();
        let rows = audit.0["requests"].as_array().unwrap();
        let last: Vec<_> = rows.iter().map(|row| row["path"].as_str().unwrap()).collect();
        let start = last.iter().rposition(|path| path.ends_with("/start")).unwrap();
        assert_eq!(last[start - 1], "/v1/jobs", "a later one is started at once: {last:?}");
    }
}

/// Where the first create and the first start are among the calls.
fn first_and_start(paths: &[&str]) -> (usize, usize) {
    let create = paths.iter().position(|path| *path == "/v1/jobs").unwrap();
    let start = paths.iter().position(|path| path.ends_with("/start")).unwrap();
    (create, start)
}

#[test]
fn row_07_a_pending_draft_and_an_ambiguous_start_are_decided_by_other_jobs() {
    for (fault, starts) in [("before", 9), ("after", 8)] {
        let mut case = Case::new(&format!(
            "{SILENT}[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 2\ndo = {{ reset = \"{fault}\" }}\n"
        ));
        case.home.clips(8);
        case.run(&["run", ".", "-o", "out/", "--timeout", "60s"]).ends_with(0);
        let audit = case.audit();
        assert_eq!((audit.starts(), audit.bills()), (starts, 8), "{fault}");
    }
}

#[test]
fn row_05_a_start_that_was_executed_and_refused_is_not_sent_again() {
    let mut case = Case::new(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\n\
         do = { answer = { status = 429, when = \"after\" } }\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (1, 1));
}

#[test]
fn row_07_a_pending_draft_and_an_ambiguous_start_need_review() {
    let mut case = Case::new(
        "[jobs]\ndraft_state = \"pending\"\n\
         [[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { reset = \"before\" }\n",
    );
    case.home.clip("a.mp4");
    let ran = case.run(&["run", "a.mp4"]).ends_with(1);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (1, 0));
    // The command that is printed can be typed.
    let (_, command) = ran.stderr.split_once("if not: rbgv ").unwrap();
    let command = command.lines().next().unwrap();
    assert!(command.starts_with("resume --abandon --job "), "{command}");
    let command: Vec<_> = command.split_whitespace().collect();
    case.run(&command).says("abandoned 1 job");
    assert_eq!(case.audit().starts(), 1);
}

#[test]
fn row_08_a_service_that_ignores_drafts_is_adopted_and_warned_of() {
    let mut case = Case::new("[jobs]\nauto_start = \"ignored\"\n");
    case.home.clips(3);
    case.run(&["run", ".", "-o", "out/"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.starts(), audit.bills()), (3, 0, 3));
}

#[test]
fn row_09_half_a_body_and_garbage_are_ambiguous() {
    for (on, fault) in [
        ("POST /v1/jobs/*/start", "\"garble\""),
        ("POST /v1/jobs/*/start", "{ cut = { at = 10 } }"),
        ("POST /v1/jobs", "\"garble\""),
        ("POST /v1/jobs", "{ cut = { at = 10 } }"),
    ] {
        let mut case = Case::new(&format!("[[fault]]\non = \"{on}\"\nnth = 1\ndo = {fault}\n"));
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        assert_eq!(case.audit().bills(), 1, "{on} {fault}");
    }
}

#[test]
fn row_10_a_refused_connection_is_never_ambiguous() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    let mut nobody = case.home.command();
    nobody
        .env("RBGV_BASE_URL", "http://127.0.0.1:9")
        .env("RBGV_API_KEY", "sk-test")
        .args(["run", "a.mp4"]);
    crate::support::Ran::of(&mut nobody).ends_with(5);
    case.run(&["status", "--failed"]).ends_with(0);
    case.run(&["run", "a.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 1);
}

#[test]
fn row_14_no_credits_stops_starts_and_resume_finishes() {
    let mut case = Case::new("");
    case.home.clips(4);
    // Enough for two of the four.
    case.sandbox.top_up(-10_000.0 + 5.0);
    let ran = case.run(&["run", ".", "-o", "out/", "--in-flight", "1"]).ends_with(4);
    assert_eq!(ran.lines().len(), 2);
    assert_eq!(case.audit().bills(), 2);
    case.sandbox.top_up(100.0);
    case.run(&["resume"]).ends_with(0);
    assert_eq!(case.audit().bills(), 4);
}

#[test]
fn row_15_a_refused_key_stops_every_lane() {
    let mut case = Case::warm("");
    case.home.clips(30);
    case.sandbox.scenario(
        "[[fault]]\non = \"* /v1/jobs/**\"\ndo = { answer = { status = 401, code = \"invalid_api_key\" } }\n\
         [[fault]]\non = \"* /v1/jobs\"\nevery = 3\ndo = { answer = { status = 401, code = \"invalid_api_key\" } }\n",
    );
    case.run(&["run", ".", "-o", "out/"]).ends_with(3);
    let refused = case.audit().0["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["status"] == 401)
        .count();
    assert!((1..=8).contains(&refused), "{refused} calls met the refusal");
    case.sandbox.scenario("");
    case.run(&["resume"]).ends_with(0);
    assert_eq!(case.audit().bills(), 31);
}

#[test]
fn row_16_an_unknown_job_of_ours_is_never_created_again() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /v1/jobs/*\"\ndo = { answer = { status = 404, code = \"not_found\" } }\n",
    );
    case.home.clip("a.mp4");
    let ran = case.run(&["run", "a.mp4"]);
    assert_ne!(ran.code, 0);
    assert!(ran.stderr.contains("cannot see a job"), "{}", ran.stderr);
    case.run(&["run", "a.mp4"]);
    case.sandbox.scenario("");
    case.run(&["run", "a.mp4"]);
    assert_eq!(case.audit().creates(), 1);
}

#[test]
fn row_16_a_draft_that_was_forgotten_is_created_again() {
    let gone = "do = { answer = { status = 404, code = \"not_found\" } }\n";
    let mut case = Case::warm(&format!(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\n{gone}\
         [[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\n{gone}"
    ));
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.creates(), audit.starts(), audit.bills()), (3, 3, 2));
}

#[test]
fn row_05_a_start_in_doubt_that_is_seen_to_be_a_draft_frees_its_slot() {
    // New options allow one job at a time; the first start is lost, and settles for long.
    let mut case = Case::timed(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { reset = \"before\" }\n",
        "settle = \"4s\"\n",
    );
    case.home.clips(3);
    case.run(&["run", ".", "-o", "out/", "--timeout", "60s"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.starts(), audit.bills()), (4, 3));
    let rows = audit.0["requests"].as_array().unwrap().iter();
    let started = |row: &&serde_json::Value| row["path"].as_str().unwrap().ends_with("/start");
    let jobs: Vec<_> = rows.filter(started).map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(jobs[0], jobs[3], "the others were started and done meanwhile: {jobs:?}");
}
