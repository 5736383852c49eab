//! `rbgv smoke-test`: its free stages, its verdicts, and what it leaves alone.

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox};

/// The timer's outputs are stand-ins without a matte to judge.
pub(super) const TIMED: [&str; 5] = ["smoke-test", "--budget", "5", "--skip", "output"];

pub(super) fn run(home: &Home, sandbox: &Sandbox, more: &[&str]) -> Ran {
    home.run(sandbox, &[&TIMED[..], more].concat())
}

/// The document of a run that ends with `code`.
#[track_caller]
pub(super) fn document(ran: Ran, code: i32) -> Value {
    ran.ends_with(code).json().remove(0)
}

pub(super) fn stage<'a>(document: &'a Value, name: &str) -> &'a Value {
    let stages = document["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

pub(super) fn outcome<'a>(document: &'a Value, name: &str) -> &'a str {
    stage(document, name)["outcome"].as_str().unwrap()
}

#[test]
fn without_a_budget_nothing_is_written_or_spent() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["smoke-test"]).ends_with(0);
    let first = ran.lines()[0];
    assert!(first.starts_with("profile test (dev) at http://127.0.0.1"), "{first}");
    assert!(ran.stdout.contains("add --budget CREDITS"), "{}", ran.stdout);
    assert!(ran.stdout.contains("result: passed: 7 of 7 checks"), "{}", ran.stdout);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
}

#[test]
fn the_verdict_tells_down_from_slow_from_ours_from_another_contract() {
    let answer = |on: &str, what: &str| {
        format!("[[fault]]\non = \"{on}\"\ndo = {{ answer = {{ {what} }} }}\n")
    };
    let set =
        |on: &str, what: &str| format!("[[fault]]\non = \"{on}\"\ndo = {{ set = {{ {what} }} }}\n");
    let slow = "[[fault]]\non = \"GET /health\"\ndo = { delay_answer = \"3500ms\" }\n".to_owned();
    let fields = "[[fault]]\non = \"GET /health\"\ndo = { rename = { checks = \"probes\" } }\n";
    // (scenario, code, verdict, stage that reports it)
    let table = [
        (set("GET /health", "status = \"unhealthy\""), 11, "contract", "health"),
        (set("GET /health", "checks = { api = false }"), 0, "passed", "health"),
        (
            set("GET /api/pricing", "model_pricing_credits_per_minute = { original = 0 }"),
            11,
            "contract",
            "pricing",
        ),
        (answer("GET /health", "status = 503, body = \"html\""), 5, "unavailable", "health"),
        (answer("* /v1/**", "status = 503, body = \"html\""), 5, "unavailable", "authentication"),
        (answer("* /v1/**", "status = 429"), 5, "unavailable", "authentication"),
        (set("GET /health", "status = \"degraded\""), 0, "passed", "health"),
        (slow, 10, "slow", "health"),
        (
            answer("GET /v1/jobs", "status = 403, code = \"forbidden\""),
            3,
            "configuration",
            "authentication",
        ),
        (answer("GET /v1/jobs/*", "status = 403"), 11, "contract", "isolation"),
        (answer("GET /v1/jobs/*", "status = 404"), 0, "passed", "isolation"),
        (fields.to_owned(), 0, "passed", "health"),
        (answer("GET /api/pricing", "status = 200, body = \"garbage\""), 11, "contract", "pricing"),
    ];
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for (scenario, code, word, name) in table {
        sandbox.scenario(&scenario);
        let document = document(home.run(&sandbox, &["smoke-test", "--json"]), code);
        assert_eq!(document["verdict"]["word"], word, "{scenario}{document:#}");
        if code != 0 {
            assert_eq!(outcome(&document, name), "failed", "{scenario}");
            assert!(document["verdict"]["next"].is_string());
        }
    }
    assert_eq!(sandbox.audit().creates(), 0);
}

#[test]
fn a_wrong_key_is_ours_and_nothing_is_sent_after_it() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut command = home.command();
    command.env("TEST_KEY", "sk-old-and-revoked").args(TIMED).arg("--json");
    let document = document(Ran::of(&mut command), 3);
    assert_eq!(document["verdict"]["word"], "configuration");
    for later in ["isolation", "listing", "usage", "success", "not-a-video", "dead-link"] {
        assert_eq!(outcome(&document, later), "skipped", "{later}");
    }
    assert_eq!(sandbox.audit().uploads(), 0);
    // And a missing one, which is a matter of configuration.
    let ran = home.run_alone(&["smoke-test", "--json"]);
    let document = self::document(ran, 3);
    assert_eq!(document["key"], Value::Null);
    assert_eq!(outcome(&document, "health"), "passed");
}

#[test]
fn a_service_that_is_not_there_is_down_at_once() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut nobody = home.command();
    nobody
        .env("RBGV_BASE_URL", "http://127.0.0.1:9")
        .env("RBGV_API_KEY", "sk-test")
        .args(TIMED)
        .arg("--json");
    let document = document(Ran::of(&mut nobody), 5);
    assert_eq!(outcome(&document, "health"), "failed");
    assert_eq!(stage(&document, "usage")["told"], "the service does not respond");
}

#[test]
fn an_old_key_is_warned_of() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let path = home.path("config/rbgv/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let aged = "api_key_env = \"TEST_KEY\"\nkey_created = 2020-01-31\nkey_max_age = \"2160h\"\n";
    std::fs::write(&path, config.replace("api_key_env = \"TEST_KEY\"\n", aged)).unwrap();
    let document = document(home.run(&sandbox, &["smoke-test", "--json"]), 0);
    let authentication = stage(&document, "authentication");
    assert_eq!(authentication["outcome"], "warned");
    assert!(authentication["details"].to_string().contains("create a new key"));
}

#[test]
fn what_works_and_is_not_as_documented_is_warned_of() {
    let fault = |on: &str, what: &str| format!("[[fault]]\non = \"{on}\"\ndo = {{ {what} }}\n");
    let table = [
        (
            fault("GET /v1/jobs/*", "answer = { status = 404, body = \"html\" }"),
            "isolation",
            "not_found or",
        ),
        (
            fault("GET /health", "rename = { checks = \"probes\" }"),
            "health",
            "missing: health.checks",
        ),
        (
            fault("GET /health", "set = { checks = { api = \"up\" } }"),
            "health",
            "health.checks.api is a string, but true or false is documented",
        ),
        (
            fault("GET /api/pricing", "rename = { packages = \"bundles\" }"),
            "pricing",
            "missing: pricing.packages",
        ),
    ];
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for (scenario, name, words) in table {
        sandbox.scenario(&scenario);
        let document = document(home.run(&sandbox, &["smoke-test", "--json"]), 0);
        let stage = stage(&document, name);
        assert_eq!(stage["outcome"], "warned", "{scenario}{stage:#}");
        assert!(stage["details"].to_string().contains(words), "{words}: {stage:#}");
    }
    // A field more is allowed, and listed.
    sandbox.scenario(&fault("GET /health", "set = { region = \"eu\" }"));
    let document = document(home.run(&sandbox, &["smoke-test", "--json"]), 0);
    assert_eq!(outcome(&document, "health"), "passed");
    assert_eq!(document["drift"], serde_json::json!(["not in the contract: health.region"]));
}

#[test]
fn the_table_holds_what_ran_and_a_line_the_rest() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["smoke-test", "--only", "health,pricing"]).ends_with(0);
    let rows = ran.stdout.lines().filter(|line| !line.starts_with('\u{2500}'));
    let words: Vec<&str> = rows.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(words, ["profile", "stage", "ok", "ok", "not", "result:"], "{}", ran.stdout);
    assert!(ran.stdout.contains("not run: name, tls, authentication,"), "{}", ran.stdout);
    // A script gets each of them.
    let only = ["smoke-test", "--only", "health", "--json"];
    let document = document(home.run(&sandbox, &only), 0);
    assert_eq!((document["passed"].as_u64(), document["skipped"].as_u64()), (Some(1), Some(14)));
}

#[test]
fn what_was_asked_for_by_name_is_never_passed_over() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let table: [(&[&str], &str); 7] = [
        (&["--only", "health,success"], "--budget"),
        (&["--only", "free,paid"], "--budget"),
        (&["--suite", "clips"], "--budget"),
        (&["--no-credits-profile", "test"], "--budget"),
        (&["--only", "no-credits", "--budget", "5"], "--no-credits-profile"),
        (&["--only", "health,suite"], "--suite DIR"),
        (&["--only", "health,burst"], "--burst N"),
    ];
    for (flags, words) in table {
        home.run(&sandbox, &[&["smoke-test"][..], flags].concat()).ends_with(2).says(words);
    }
    assert_eq!(sandbox.audit().0["requests"].as_array().unwrap().len(), 0);
}

#[test]
fn a_free_smoke_test_needs_no_writable_directory() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut command = home.keyed(&sandbox);
    command.env("RBGV_STATE_DIR", "/dev/null/nowhere").args(["smoke-test", "--json"]);
    document(Ran::of(&mut command), 0);
}
