//! `rbgv smoke-test`: the forms of its result, and the rehearsal.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::smoke::{document, outcome};
use crate::support::{Home, Ran, Sandbox};

#[test]
fn the_result_comes_as_junit_and_to_github() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"GET /health\"\n\
         do = { answer = { status = 500, message = \"\\u001b[2J::error::x | <b>\" } }\n",
    );
    let home = Home::with(&sandbox);
    let mut command = home.keyed(&sandbox);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", home.path("summary.md"))
        .env("GITHUB_OUTPUT", home.path("output"))
        .args(["smoke-test", "--junit", "result.xml"]);
    let ran = Ran::of(&mut command).ends_with(5);
    let failed = ran.lines().iter().filter(|line| line.starts_with("FAIL ")).count();
    assert_eq!(failed, 1, "{}", ran.stdout);
    let annotations: Vec<&str> =
        ran.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), 1, "{}", ran.stderr);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let summary = read(&home.path("summary.md"));
    assert!(summary.contains("| :x: | health |") && !summary.contains("<b>"), "{summary}");
    let outputs = read(&home.path("output"));
    assert!(outputs.contains("verdict=unavailable\nexit-code=5\nfailed=health\n"), "{outputs}");
    let junit = read(&home.work().join("result.xml"));
    let report = quick_junit::Report::deserialize_from_str(&junit).unwrap();
    assert_eq!((report.tests, report.failures), (15, 1));
    for text in [&ran.stdout, &ran.stderr, &summary, &outputs, &junit] {
        assert!(!text.contains('\x1b') && !text.contains(&sandbox.api_key));
    }
}

#[test]
fn a_smoke_test_that_ends_before_its_stages_says_why_in_every_form() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let config = home.path("config/rbgv/config.toml");
    let production = std::fs::read_to_string(&config).unwrap();
    let production = production.replace("api_key_env", "environment = \"prod\"\napi_key_env");
    std::fs::write(&config, production).unwrap();
    // (flags, code, verdict, part of the reason)
    let table: [(&[&str], i32, &str, &str); 4] = [
        (&["--budget", "600"], 2, "usage", "no terminal to prompt on"),
        (&["--only", "success"], 2, "usage", "--budget"),
        (&["--budget", "5", "--format", "mp4"], 2, "usage", "transparency"),
        (&["--profile", "nowhere"], 3, "configuration", "nowhere"),
    ];
    for (flags, code, word, reason) in table {
        std::fs::write(home.work().join("result.xml"), "an older result").unwrap();
        let _ = std::fs::remove_file(home.path("output"));
        let mut command = home.keyed(&sandbox);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", home.path("summary.md"))
            .env("GITHUB_OUTPUT", home.path("output"))
            .args(["smoke-test", "--junit", "result.xml"])
            .args(flags);
        let ran = Ran::of(&mut command).ends_with(code).says(reason);
        let annotation = ran.stderr.lines().find(|line| line.starts_with("::error "));
        assert!(annotation.is_some_and(|line| line.contains(reason)), "{}", ran.stderr);
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let outputs = read(&home.path("output"));
        let begin = format!("verdict={word}\nexit-code={code}\nfailed=setup\nmessage=no stage");
        assert!(outputs.starts_with(&begin) && outputs.contains(reason), "{outputs}");
        assert!(read(&home.path("summary.md")).contains("| :x: | setup |"));
        let junit = read(&home.work().join("result.xml"));
        let report = quick_junit::Report::deserialize_from_str(&junit).unwrap();
        assert_eq!((report.tests, report.failures), (1, 1));
        assert!(junit.contains(reason), "{junit}");
    }
    assert_eq!(sandbox.audit().uploads(), 0);
    std::fs::write(home.work().join("result.xml"), "an older result").unwrap();
    home.run(&sandbox, &["smoke-test", "--junit=result.xml", "--only", "helth"]).ends_with(2);
    let junit = std::fs::read_to_string(home.work().join("result.xml")).unwrap();
    assert!(junit.contains("unknown stage"), "{junit}");
}

#[test]
fn a_rehearsal_shows_what_the_settings_do_and_sends_nothing() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    // Well beyond the 5 s of the outage.
    let patient = "outage_max = \"30s\"\nretry_after_max = \"30s\"\n";
    home.configure(&sandbox, &format!("idle_timeout = \"1s\"\nsettle = \"1s\"\n{patient}"));
    let ran = home.run(&sandbox, &["smoke-test", "--rehearse", "--json"]);
    let document = document(ran, 0);
    let stages = document["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 9);
    for stage in stages {
        assert_eq!(stage["outcome"], "passed", "{stage:#}");
        let broke = stage["name"] == "no credits";
        let many = matches!(stage["name"].as_str(), Some("low limits" | "outage"));
        let bills = if broke {
            0.0
        } else if many {
            8.0
        } else {
            1.0
        };
        assert_eq!(stage["measures"]["bills"], bills, "{stage:#}");
    }
    assert_eq!(sandbox.audit().0["requests"].as_array().unwrap().len(), 0);
    // Settings that give up are a matter of configuration.
    home.configure(&sandbox, "settle = \"1s\"\nretry_after_max = \"1s\"\nidle_timeout = \"1s\"\n");
    let ran = home.run(&sandbox, &["smoke-test", "--rehearse", "--timeout", "60s", "--json"]);
    let document = self::document(ran, 3);
    assert_eq!(outcome(&document, "429 with Retry-After"), "failed", "{document:#}");
}

#[test]
fn an_older_result_does_not_survive_a_run_without_one() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let junit = home.work().join("result.xml");
    std::fs::write(&junit, "<testsuites tests=\"9\"/>").unwrap();
    let refused = ["smoke-test", "--junit", "result.xml", "--only", "success"];
    home.run(&sandbox, &refused).ends_with(2);
    let reason = std::fs::read_to_string(&junit).unwrap();
    assert!(!reason.contains("tests=\"9\"") && reason.contains("--budget"), "{reason}");
    // Where it cannot be written nothing is spent first.
    let spending =
        ["smoke-test", "--budget", "5", "--skip", "output", "--junit", "none/result.xml"];
    home.run(&sandbox, &spending).ends_with(9).says("none/result.xml");
    assert_eq!(sandbox.audit().0["requests"].as_array().unwrap().len(), 0);
}

#[test]
fn an_unwritable_report_hides_no_other_failure() {
    let sandbox =
        Sandbox::with("[[fault]]\non = \"GET /health\"\ndo = { answer = { status = 503 } }\n");
    let home = Home::with(&sandbox);
    let run = || {
        let mut command = home.keyed(&sandbox);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", "/dev/null/output").args([
            "smoke-test",
            "--only",
            "health",
        ]);
        Ran::of(&mut command)
    };
    run().ends_with(5).says("/dev/null/output");
    sandbox.scenario("");
    let ran = run().ends_with(9);
    assert!(ran.stdout.contains("result: passed"), "{}", ran.stdout);
}

#[test]
fn a_rehearsal_that_is_stopped_says_nothing_of_the_settings() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.configure(&sandbox, "idle_timeout = \"30s\"\nsettle = \"60s\"\n");
    let mut child = home
        .keyed(&sandbox)
        .args(["smoke-test", "--rehearse", "-v"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first that ends shows that all are under way.
    let mut line = String::new();
    let mut reported = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("in ") || !line.contains("passed") {
        line.clear();
        assert_ne!(reported.read_line(&mut line).unwrap(), 0, "it ended by itself");
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    // Nobody reads on, which must not hold it up.
    std::io::copy(&mut reported, &mut std::io::sink()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
