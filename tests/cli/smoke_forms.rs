//! `rbgv smoke-test`: the forms of its result, the comparison with an earlier one, and the rehearsal.

use std::path::Path;

use super::smoke::{document, outcome, stage};
use crate::support::{Home, Ran, Sandbox};

#[test]
fn the_result_comes_as_junit_and_tap_and_to_github() {
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
        .args(["smoke-test", "--tap", "--junit", "result.xml"]);
    let ran = Ran::of(&mut command).ends_with(5);
    assert!(ran.stdout.starts_with("TAP version 14\n1..15\n"), "{}", ran.stdout);
    let points = ran.lines().iter().filter(|line| line.starts_with("not ok ")).count();
    assert_eq!(points, 1, "{}", ran.stdout);
    let annotations: Vec<&str> =
        ran.stderr.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(annotations.len(), 1, "{}", ran.stderr);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let summary = read(&home.path("summary.md"));
    assert!(summary.contains("| :x: | health |") && !summary.contains("<b>"), "{summary}");
    let outputs = read(&home.path("output"));
    assert!(outputs.contains("verdict=down\nexit-code=5\nfailed=health\n"), "{outputs}");
    let junit = read(&home.work().join("result.xml"));
    let report = quick_junit::Report::deserialize_from_str(&junit).unwrap();
    assert_eq!((report.tests, report.failures), (15, 1));
    for text in [&ran.stdout, &ran.stderr, &summary, &outputs, &junit] {
        assert!(!text.contains('\x1b') && !text.contains(&sandbox.api_key));
    }
    home.run(&sandbox, &["smoke-test", "--tap", "--json"]).ends_with(2);
}

#[test]
fn an_earlier_result_shows_what_became_worse() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let earlier = home.run(&sandbox, &["smoke-test", "--json"]).ends_with(0).stdout;
    std::fs::write(home.work().join("earlier.json"), earlier).unwrap();
    let compare = ["smoke-test", "--compare", "earlier.json", "--json"];
    let same = document(home.run(&sandbox, &compare), 0);
    assert_eq!(outcome(&same, "comparison"), "passed", "{same:#}");
    sandbox.scenario("[[fault]]\non = \"GET /health\"\ndo = { delay_answer = \"1500ms\" }\n");
    let slower = document(home.run(&sandbox, &compare), 10);
    assert_eq!(slower["verdict"]["word"], "worse");
    assert!(
        stage(&slower, "comparison")["details"][0].as_str().unwrap().starts_with("health takes")
    );
    std::fs::write(home.work().join("earlier.json"), "{}").unwrap();
    home.run(&sandbox, &compare).ends_with(2).says("--compare");
}

#[test]
fn a_rehearsal_shows_what_the_settings_do_and_sends_nothing() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    // Well beyond the outage, after which a run gives up when nothing at all has succeeded.
    let patient = "retry_after_max = \"30s\"\n";
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
    assert_eq!(outcome(&document, "429, told to wait"), "failed", "{document:#}");
}
