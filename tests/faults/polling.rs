//! Polls of jobs that do not end, of a refused key, and of what has ended.

use std::time::{Duration, Instant};

use crate::case::Case;
use crate::support::{Audit, Sandbox};

/// Paths of the GETs of the API, in order.
fn gets(audit: &Audit) -> Vec<String> {
    let requests = audit.0["requests"].as_array().unwrap().iter();
    let gets = requests.filter(|request| request["method"] == "GET");
    gets.map(|request| request["path"].as_str().unwrap().to_owned()).collect()
}

fn is_single_poll(path: &str) -> bool {
    path.strip_prefix("/v1/jobs/").is_some_and(|job| !job.is_empty())
}

#[test]
fn jobs_that_never_end_hold_no_run_for_ever() {
    // (limits of the service, flags, most starts): four at first, and one replaces each until
    // the third has timed out.
    let table: [(&str, &[&str], usize); 3] = [
        ("", &[], 8),
        // The fourth may be started in the moment in which the third times out.
        ("", &["--in-flight", "1"], 4),
        ("[limits]\nin_flight = 2\nretry_after = \"absent\"\n", &[], 2),
    ];
    for (limits, flags, most_starts) in table {
        let sandbox = Sandbox::start(&["--timer", "1h", "--workers", "64"]);
        sandbox.scenario(limits);
        let mut case = Case::of(sandbox, "wait_timeout = \"1500ms\"\n");
        case.home.clips(12);
        let began = Instant::now();
        let ran = case.run(&[&["run", ".", "-o", "out/"], flags].concat()).ends_with(7);
        assert!(began.elapsed() < Duration::from_secs(60), "{limits} {:?}", began.elapsed());
        assert!(!ran.stderr.contains("interrupted"), "{}", ran.stderr);
        let bills = case.audit().bills();
        assert!((1..=most_starts).contains(&bills), "{limits} {flags:?}: {bills}");
        // Jobs from before do not keep a later run from its own.
        case.then("");
        let again = case.run(&["resume"]).ends_with(7);
        assert!(again.stderr.contains("not finished after"), "{}", again.stderr);
    }
}

#[test]
fn a_run_that_is_out_of_time_says_so() {
    let mut case = Case::of(Sandbox::start(&["--timer", "1h"]), "");
    case.home.clips(6);
    let ran = case.run(&["run", ".", "-o", "out/", "--timeout", "4s", "--json"]).ends_with(7);
    let events = ran.json();
    let stopped: Vec<_> = events.iter().filter(|event| event["event"] == "stopped").collect();
    assert_eq!(stopped.len(), 1, "{events:?}");
    assert!(stopped[0].to_string().contains("--timeout reached"), "{events:?}");
    let finished = events.last().unwrap();
    assert_eq!((&finished["open"], &finished["failed"]), (&6.into(), &0.into()), "{finished}");
    assert!(finished["running"].as_u64() > Some(0), "{finished}");
}

#[test]
fn a_key_that_is_refused_in_the_middle_of_a_batch_is_refused_once() {
    for status in [401, 403] {
        let sandbox = Sandbox::start(&["--timer", "3s", "--workers", "64"]);
        let mut case = Case::of(sandbox, "poll_first = \"200ms\"\npoll_max = \"2s\"\n");
        case.home.variant("warm.mp4", 999_999);
        case.run(&["run", "warm.mp4"]).ends_with(0);
        case.home.clips(8);
        case.then(&format!(
            "[[fault]]\non = \"GET /v1/**\"\nafter = \"1500ms\"\n\
             do = {{ answer = {{ status = {status} }} }}\n"
        ));
        let ran = case.run(&["run", ".", "-o", "out/"]).ends_with(3);
        let refused = case.audit().answered(status);
        assert!((1..=3).contains(&refused), "{status}: {refused} refused calls\n{}", ran.stderr);
        case.then("");
        case.run(&["resume"]).ends_with(0);
        assert_eq!(case.audit().bills(), 9, "{status}");
    }
}

#[test]
fn a_broken_download_tries_its_link_again_and_polls_no_job() {
    for (fault, asks_for_link) in
        [("{ cut = { at = \"50%\" } }", false), ("{ answer = { status = 403 } }", true)]
    {
        let scenario = format!("[[fault]]\non = \"GET /outputs/*/*\"\nnth = 1\ndo = {fault}\n");
        let mut case = Case::new(&scenario);
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        let gets = gets(&case.audit());
        let first = gets.iter().position(|path| path.starts_with("/outputs/")).unwrap();
        let polls = gets[first..].iter().filter(|path| is_single_poll(path)).count();
        let links = gets.iter().filter(|path| path.starts_with("/api/download/")).count();
        assert_eq!((polls, links), (0, usize::from(asks_for_link)), "{fault}: {gets:?}");
    }
}

#[test]
fn status_follows_many_jobs_with_list_polls() {
    let sandbox = Sandbox::start(&["--timer", "2s", "--workers", "64"]);
    let mut case = Case::of(sandbox, "poll_first = \"2s\"\npoll_max = \"10s\"\n");
    case.home.clips(12);
    case.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    let before = gets(&case.audit()).len();
    case.run(&["status", "--wait"]).ends_with(0);
    let polls = &gets(&case.audit())[before..];
    let lists = polls.iter().filter(|path| *path == "/v1/jobs").count();
    let single = polls.iter().filter(|path| is_single_poll(path)).count();
    assert!((1..60).contains(&lists), "four a second at most: {polls:?}");
    assert!(single <= 3, "only the last job is polled by itself: {polls:?}");
}
