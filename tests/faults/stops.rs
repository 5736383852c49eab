//! What ends a run before its end: an empty account, a bound, `--fail-fast`, an outage, a signal, the
//! time that was given. It ends soon, for any number of inputs, and what it reports at its end is true.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::case::Case;
use crate::support::{Ran, Sandbox, wait_for};

/// The command behind the last `next:` that was printed.
fn next(ran: &Ran) -> Vec<String> {
    let line = ran.stderr.lines().rev().find_map(|line| line.trim().strip_prefix("next: rbgv "));
    let line = line.unwrap_or_else(|| panic!("no next command in {}", ran.stderr));
    line.split(' ').map(ToOwned::to_owned).collect()
}

fn run_next(case: &mut Case, ran: &Ran) -> Ran {
    let next = next(ran);
    case.run(&next.iter().map(String::as_str).collect::<Vec<_>>())
}

fn spawn(case: &Case, args: &[&str]) -> Child {
    let mut command = case.home.keyed(&case.sandbox);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How a process ended, and how long that took from now.
fn end(child: Child) -> (Option<i32>, String, Duration) {
    let began = Instant::now();
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), message, began.elapsed())
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn what_stops_a_batch_stops_it_at_once_and_is_reported_once() {
    // (scenario, credits of the account, flags, exit code, what is said)
    let fail =
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\ntimes = 1\ndo = { fail_job = \"bad\" }\n";
    let surge = "[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { fail_job = \"bad\" }\n";
    let refused = "[[fault]]\non = \"POST /v1/jobs/*/start\"\n\
                   do = { answer = { status = 401, code = \"invalid_api_key\" } }\n";
    // A start that was sent beside the refused one may be the first to report it.
    let table: [(&str, f64, &[&str], i32, &str); 5] = [
        ("", 5.0, &[], 4, "HTTP 402|an earlier start failed for lack of credits"),
        ("", 1e4, &["--max-credits", "5"], 4, "would exceed the 5.00-credit limit"),
        (fail, 1e4, &["--fail-fast", "--in-flight", "1"], 6, "an input failed: --fail-fast"),
        (surge, 1e4, &[], 6, "too many jobs are failing"),
        (refused, 1e4, &[], 3, "HTTP 401|an earlier call was rejected because of the key"),
    ];
    for (scenario, credits, flags, code, why) in table {
        let mut case = Case::new("");
        case.home.clips(120);
        case.sandbox.top_up(-10_000.0 + credits);
        case.then(scenario);
        let began = Instant::now();
        let ran = case.run(&[&["-q", "run", ".", "-o", "out/"], flags].concat());
        let took = began.elapsed();
        assert_eq!(ran.code, code, "{flags:?}: {}", ran.stderr);
        assert!(took < Duration::from_secs(20), "{flags:?}: {took:?}");
        let audit = case.audit();
        assert!(audit.uploads() < 60, "{flags:?}: {} of 120 were uploaded", audit.uploads());
        assert_eq!(ran.stderr.matches("no more jobs are started").count(), 1, "{}", ran.stderr);
        let says = why.split('|').any(|why| ran.stderr.contains(why));
        assert!(says, "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(" not started"), "{flags:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("paused"), "{flags:?}: {}", ran.stderr);
        // The plan tells of each clip while it is read; -q leaves that out.
        assert!(ran.stderr.lines().count() <= 14, "{flags:?}: {}", ran.stderr);
    }
}

#[test]
fn the_next_command_works_when_it_is_typed() {
    let mut case = Case::new("");
    case.home.clips(4);
    let ran = case.run(&["run", ".", "-o", "out/", "--max-credits", "5"]).ends_with(4);
    assert!(next(&ran).contains(&"--max-credits".to_owned()), "{}", ran.stderr);
    run_next(&mut case, &ran).ends_with(0);
    assert_eq!(case.audit().bills(), 4);

    let mut case = Case::new("");
    case.home.clips(2);
    let ran = case.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    assert!(ran.stderr.contains("2 jobs started"), "{}", ran.stderr);
    let collected = run_next(&mut case, &ran).ends_with(0);
    assert_eq!((collected.lines().len(), case.audit().bills()), (2, 2));
}

#[test]
fn a_bound_on_credits_counts_what_is_billed_and_not_what_was_estimated() {
    let longer = "[[fault]]\non = \"GET /v1/jobs\"\ndo = { set = { duration_seconds = 50.0 } }\n\
        [[fault]]\non = \"GET /v1/jobs/*\"\ndo = { set = { duration_seconds = 50.0 } }\n\
        [[fault]]\non = \"GET /v1/usage/events\"\ndo = { answer = { status = 404 } }\n";
    let dearer = "[[fault]]\non = \"GET /api/pricing\"\n\
        do = { set = { model_pricing_credits_per_minute = { original = 6.0 } } }\n";
    // Who says that a clip is dearer than its estimate: the length that jobs show, from their start or, where
    // drafts are watched, before it; or the usage events where the price was wrong.
    let table = [
        (format!("[jobs]\ndraft_state = \"created\"\n{longer}"), "5", 1),
        (format!("[jobs]\ndraft_state = \"pending\"\n{longer}"), "5", 0),
        (dearer.to_owned(), "1", 1),
    ];
    for (scenario, bound, bills) in table {
        let mut case = Case::new(&scenario);
        case.home.clips(3);
        let flags = ["--in-flight", "1", "--max-credits", bound];
        let ran = case.run(&[&["run", ".", "-o", "out/"][..], &flags].concat()).ends_with(4);
        assert_eq!(case.audit().bills(), bills, "{scenario}: {}", ran.stderr);
        assert!(ran.stderr.contains("would exceed the"), "{scenario}: {}", ran.stderr);
    }
}

#[test]
fn an_unknown_length_counts_as_the_longest_that_the_service_takes() {
    // A draft that is `created` is started without a poll; one that is polled shows its length.
    for (state, code) in [("created", 4), ("pending", 0)] {
        let mut case = Case::new(&format!("[jobs]\ndraft_state = \"{state}\"\n"));
        case.home.clip("a.mp4");
        let address = case.run(&["upload", "a.mp4"]).ends_with(0).lines()[0].to_owned();
        let ran = case.run(&["run", &address, "--no-wait", "--max-credits", "100"]).ends_with(code);
        if code == 4 {
            let why = "the next input of unknown length";
            assert!(ran.stderr.contains(why), "{}", ran.stderr);
            run_next(&mut case, &ran);
        }
        assert_eq!(case.audit().starts(), 1, "{state}");
    }
}

#[test]
fn an_outage_is_reported_soon_waited_for_and_ends_the_run_when_it_is_too_long() {
    for lasts in [Duration::from_secs(5), Duration::MAX] {
        let sandbox = Sandbox::start(&["--timer", "1s", "--workers", "1"]);
        let waits = "outage_max = \"8s\"\nidle_timeout = \"2s\"\n";
        let mut case = Case::of(sandbox, waits);
        case.home.clips(6);
        let child = spawn(&case, &["-q", "run", ".", "-o", "out/"]);
        wait_for("a start", || case.audit().bills() > 0);
        signal(case.sandbox.pid(), Signal::STOP);
        if lasts < Duration::MAX {
            std::thread::sleep(lasts);
            signal(case.sandbox.pid(), Signal::CONT);
        }
        let (code, message, took) = end(child);
        signal(case.sandbox.pid(), Signal::CONT);
        assert!(message.contains("no response for "), "{message}");
        assert!(message.contains(" more (outage_max), then the run stops"), "{message}");
        if lasts < Duration::MAX {
            assert_eq!(code, Some(0), "{message}");
        } else {
            assert_eq!(code, Some(5), "{message}");
            assert!(took < Duration::from_secs(18), "{took:?}");
            assert!(message.contains("still running"), "{message}");
            assert_eq!(message.matches("no more jobs are started").count(), 1, "{message}");
            case.run(&["resume"]).ends_with(0);
        }
        assert_eq!(case.audit().bills(), 6);
    }
}

#[test]
fn one_signal_ends_a_run_soon_with_one_summary_even_when_the_service_is_dead() {
    let case = Case::of(Sandbox::start(&["--timer", "20s", "--workers", "1"]), "");
    case.home.clips(30);
    let child = spawn(&case, &["run", ".", "-o", "out/"]);
    wait_for("starts", || case.audit().bills() >= 4);
    signal(case.sandbox.pid(), Signal::STOP);
    std::thread::sleep(Duration::from_secs(1));
    signal(child.id(), Signal::INT);
    let (code, message, took) = end(child);
    signal(case.sandbox.pid(), Signal::CONT);
    assert_eq!(code, Some(130), "{message}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let summary = message.lines().rev().nth(1).unwrap();
    assert!(summary.contains("4 jobs still running, 26 not started"), "{message}");
    assert!(!message.contains("paused"), "{message}");
}

#[test]
fn a_new_command_does_not_wait_for_an_outage_that_is_over() {
    let mut case = Case::timed("", "breaker_cooldown = \"1h\"\noutage_max = \"2s\"\n");
    case.home.clips(6);
    let broken = "[[fault]]\non = \"* /**\"\ndo = { answer = { status = 503 } }\n";
    case.then(broken);
    case.run(&["run", ".", "-o", "out/"]).ends_with(5);
    case.sandbox.scenario("");
    let began = Instant::now();
    case.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn the_time_given_bounds_the_plan_and_an_unreachable_service_too() {
    let case = Case::timed("", "backoff_first = \"10s\"\nbackoff_max = \"20s\"\n");
    case.home.clip("a.mp4");
    let mut command = case.home.keyed(&case.sandbox);
    command.env("RBGV_BASE_URL", "http://127.0.0.1:9").env("RBGV_API_KEY", "sk-test");
    command.args(["run", "a.mp4", "--timeout", "3s"]);
    let began = Instant::now();
    let ran = Ran::of(&mut command).ends_with(7);
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    ran.says("--timeout reached\n  next: run the same command again").says("retrying");
}

#[test]
fn a_command_that_waits_says_for_what() {
    let case =
        Case::timed("", "backoff_first = \"4s\"\nbackoff_max = \"8s\"\nidle_timeout = \"4s\"\n");
    for args in [&["usage"][..], &["--json", "status", "--remote"]] {
        let mut command = case.home.keyed(&case.sandbox);
        command.env("RBGV_BASE_URL", "http://127.0.0.1:9").env("RBGV_API_KEY", "sk-test");
        command.args(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(2_500));
        child.kill().unwrap();
        let (_, message, _) = end(child);
        assert_eq!(message.matches("; retrying").count(), 1, "{args:?}: {message}");
    }
    // A check does not wait for a service that does not respond.
    let mut check = case.home.keyed(&case.sandbox);
    check.env("RBGV_BASE_URL", "http://127.0.0.1:9").env("RBGV_API_KEY", "sk-test");
    let checked = Ran::of(check.args(["profile", "check"]));
    assert!(checked.code != 0 && !checked.stderr.contains("retrying"), "{checked:?}");
    // The service takes the call and says nothing.
    signal(case.sandbox.pid(), Signal::STOP);
    let child = spawn(&case, &["usage"]);
    let pid = child.id();
    std::thread::sleep(Duration::from_millis(2_500));
    signal(pid, Signal::KILL);
    let (_, message, _) = end(child);
    signal(case.sandbox.pid(), Signal::CONT);
    assert!(message.contains("note: waiting for http://127.0.0.1:"), "{message}");
    assert!(message.contains("requesting usage"), "{message}");
}
