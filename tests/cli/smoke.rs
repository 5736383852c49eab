//! `rbgv smoke-test`: its stages, its verdicts, the forms of its result, and what it may cost.

use std::path::Path;

use serde_json::Value;

use crate::support::{Home, Ran, Sandbox};

/// The timer's outputs are stand-ins, of which there is no matte to judge.
const TIMED: [&str; 5] = ["smoke-test", "--budget", "5", "--skip", "output"];

fn run(home: &Home, sandbox: &Sandbox, more: &[&str]) -> Ran {
    home.run(sandbox, &[&TIMED[..], more].concat())
}

/// The document of a run that ends with `code`.
#[track_caller]
fn document(ran: Ran, code: i32) -> Value {
    ran.ends_with(code).json().remove(0)
}

fn stage<'a>(document: &'a Value, name: &str) -> &'a Value {
    let stages = document["stages"].as_array().unwrap();
    stages.iter().find(|stage| stage["name"] == name).unwrap_or_else(|| panic!("no {name}"))
}

fn outcome<'a>(document: &'a Value, name: &str) -> &'a str {
    stage(document, name)["outcome"].as_str().unwrap()
}

#[test]
fn all_stages_pass_and_one_job_is_billed() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = run(&home, &sandbox, &["--burst", "5", "--json"]);
    assert!(!ran.stdout.contains(&sandbox.api_key) && !ran.stderr.contains(&sandbox.api_key));
    let document = document(ran, 0);
    assert_eq!(document["verdict"]["word"], "well", "{document:#}");
    assert_eq!(
        (document["profile"].as_str(), document["failed"].as_u64()),
        (Some("test"), Some(0))
    );
    assert!(document["contract"].as_str().unwrap().starts_with("v1"));
    for passed in ["name", "health", "pricing", "authentication", "isolation", "listing", "usage"]
        .into_iter()
        .chain(["success", "credits", "not-a-video", "invalid-option", "dead-link", "burst"])
    {
        assert_eq!(outcome(&document, passed), "passed", "{passed}: {document:#}");
    }
    for skipped in ["tls", "output", "no-credits"] {
        assert_eq!(outcome(&document, skipped), "skipped", "{skipped}");
    }
    let success = stage(&document, "success");
    for step in ["uploading", "creating", "downloading"] {
        assert!(success["steps"][step].is_number(), "{step}: {success}");
    }
    assert_eq!(stage(&document, "credits")["measures"]["credits"], 2.0);
    let audit = sandbox.audit();
    assert_eq!((audit.bills(), audit.uploads()), (1, 2), "the clip, and the file that is none");
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[test]
fn the_matte_of_the_built_in_clip_is_measured() {
    let home = Home::new();
    let only = ["smoke-test", "--sandbox", "--only", "output", "--json", "--format"];
    for format in ["webp", "png_sequence"] {
        let document = document(home.run_alone(&[&only[..], &[format]].concat()), 0);
        let figures = &stage(&document, "output")["measures"];
        assert!(figures["subject_kept"].as_f64().unwrap() > 0.95, "{format}: {figures}");
        assert!(figures["background_left"].as_f64().unwrap() < 0.05, "{format}: {figures}");
    }
}

#[test]
fn each_run_is_a_new_attempt_and_is_really_sent() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for bills in 1..=2 {
        home.run(&sandbox, &["smoke-test", "--budget", "2", "--only", "success"]).ends_with(0);
        let audit = sandbox.audit();
        assert_eq!((audit.bills(), audit.uploads()), (bills, bills));
    }
}

#[test]
fn without_a_budget_nothing_is_written_or_spent() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["smoke-test"]).ends_with(0);
    let first = ran.lines()[0];
    assert!(first.starts_with("profile test (dev) at http://127.0.0.1"), "{first}");
    assert!(ran.stdout.contains("give --budget CREDITS"), "{}", ran.stdout);
    assert!(ran.stdout.contains("verdict: all is well: 7 of 7 checks passed"), "{}", ran.stdout);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
}

#[test]
fn what_the_estimate_puts_above_the_budget_is_refused_before_spending() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["smoke-test", "--budget", "1.9", "--only", "paid", "--json"]);
    let document = document(ran, 4);
    assert_eq!(document["verdict"]["word"], "credits");
    assert!(stage(&document, "success")["told"].as_str().unwrap().contains("estimated at 2.00"));
    assert_eq!(outcome(&document, "credits"), "skipped");
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
    let slow = "[[fault]]\non = \"GET /health\"\ndo = { delay_answer = \"700ms\" }\n".to_owned();
    let fields = "[[fault]]\non = \"GET /health\"\ndo = { rename = { checks = \"probes\" } }\n";
    // (scenario, flags, code, word, stage that says so)
    let table: [(String, &[&str], i32, &str, &str); 13] = [
        (answer("GET /health", "status = 503, body = \"html\""), &[], 5, "down", "health"),
        (answer("* /v1/**", "status = 503, body = \"html\""), &[], 5, "down", "authentication"),
        (answer("* /v1/**", "status = 429"), &[], 5, "down", "authentication"),
        (set("GET /health", "status = \"degraded\""), &[], 0, "well", "health"),
        (set("GET /health", "status = \"degraded\""), &["--degraded", "fail"], 5, "down", "health"),
        (slow.clone(), &[], 0, "well", "health"),
        (slow, &["--latency", "health=500ms"], 10, "slow", "health"),
        (
            answer("GET /v1/jobs", "status = 403, code = \"forbidden\""),
            &[],
            3,
            "ours",
            "authentication",
        ),
        (answer("GET /v1/jobs/*", "status = 403"), &[], 11, "contract", "isolation"),
        (answer("GET /v1/jobs/*", "status = 404"), &[], 0, "well", "isolation"),
        (fields.to_owned(), &[], 0, "well", "health"),
        (fields.to_owned(), &["--drift", "fail"], 11, "contract", "health"),
        (
            answer("GET /api/pricing", "status = 200, body = \"garbage\""),
            &[],
            11,
            "contract",
            "pricing",
        ),
    ];
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for (scenario, flags, code, word, name) in table {
        sandbox.scenario(&scenario);
        let ran = home.run(&sandbox, &[&["smoke-test", "--json"][..], flags].concat());
        let document = document(ran, code);
        assert_eq!(document["verdict"]["word"], word, "{scenario}{document:#}");
        if code != 0 {
            assert_eq!(outcome(&document, name), "failed", "{scenario}");
            assert!(document["verdict"]["next"].is_string());
        }
    }
    assert_eq!(sandbox.audit().creates(), 0);
}

#[test]
fn unknown_states_and_fields_are_named() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\nper_path = true\n\
         do = { set = { status = \"archived\", queue_position = 3 } }\n",
    );
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["smoke-test", "--budget", "5", "--only", "success", "--json"]);
    let document = document(ran, 11);
    assert!(stage(&document, "success")["told"].as_str().unwrap().contains("archived"));
    let drift = document["drift"].as_array().unwrap();
    assert!(drift.contains(&"unknown state of a job: archived".into()), "{drift:?}");
    assert!(drift.contains(&"not in the contract: job.engine".into()), "{drift:?}");
}

#[test]
fn a_wrong_key_is_ours_and_nothing_is_sent_after_it() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut command = home.command();
    command.env("TEST_KEY", "sk-old-and-revoked").args(TIMED).arg("--json");
    let document = document(Ran::of(&mut command), 3);
    assert_eq!(document["verdict"]["word"], "ours");
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
    assert_eq!(stage(&document, "usage")["told"], "nobody answers there");
}

#[test]
fn a_failed_job_and_failure_paths_that_do_not_fail_are_told_apart() {
    // (scenario, stage, code, word)
    let table = [
        (
            "[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { fail_job = \"no luck\" }\n",
            "success",
            6,
            "job",
        ),
        (
            "[[fault]]\non = \"POST /v1/uploads\"\ndo = { answer = { status = 403 } }\n",
            "not-a-video",
            11,
            "contract",
        ),
        (
            "[[fault]]\non = \"GET /v1/jobs/*\"\ndo = { set = { billing_status = \"charged\" } }\n",
            "dead-link",
            11,
            "contract",
        ),
    ];
    for (scenario, name, code, word) in table {
        let sandbox = Sandbox::with(scenario);
        let home = Home::with(&sandbox);
        let only = ["smoke-test", "--budget", "5", "--only", name, "--json"];
        let document = document(home.run(&sandbox, &only), code);
        assert_eq!(document["verdict"]["word"], word, "{document:#}");
        assert_eq!(outcome(&document, name), "failed");
        assert!(stage(&document, name)["told"].as_str().unwrap().len() > 10);
    }
}

#[test]
fn a_bill_for_a_dead_link_shows_in_the_summary_too() {
    let grows = "[[fault]]\non = \"GET /v1/usage/summary\"\nnth = 2\n\
                 do = { set = { credits_used = 50 } }\n";
    let only = ["smoke-test", "--budget", "5", "--only", "dead-link", "--json"];
    // Nothing else can have let it grow.
    let sandbox = Sandbox::with(&format!("[usage]\nevents = \"anonymous\"\n{grows}"));
    let home = Home::with(&sandbox);
    let document = document(home.run(&sandbox, &only), 11);
    assert_eq!(document["verdict"]["word"], "contract", "{document:#}");
    let told = stage(&document, "dead-link")["told"].to_string();
    assert!(told.contains("grew by"), "{told}");
    // Events that name their jobs say that it was not this one.
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    sandbox.scenario(grows);
    let document = self::document(home.run(&sandbox, &only), 0);
    assert_eq!(outcome(&document, "dead-link"), "warned", "{document:#}");
    let told = stage(&document, "dead-link")["details"].to_string();
    assert!(told.contains("another program"), "{told}");
    sandbox.scenario("");
    let document = self::document(home.run(&sandbox, &only), 0);
    assert_eq!(outcome(&document, "dead-link"), "passed", "{document:#}");
    assert!(stage(&document, "dead-link")["details"].to_string().contains("did not grow"));
}

#[test]
fn usage_that_lags_is_waited_for_and_events_without_jobs_are_not_called_agreement() {
    let sandbox = Sandbox::with("[usage]\nlag = \"3s\"\n");
    let home = Home::with(&sandbox);
    let document = document(run(&home, &sandbox, &["--only", "credits", "--json"]), 0);
    assert_eq!(outcome(&document, "credits"), "passed", "{document:#}");
    sandbox.scenario("[usage]\nevents = \"anonymous\"\n");
    let document = self::document(run(&home, &sandbox, &["--only", "credits", "--json"]), 0);
    let credits = stage(&document, "credits");
    assert_eq!(credits["outcome"], "warned");
    assert!(credits["details"].to_string().contains("cannot be told"), "{credits:#}");
}

#[test]
fn a_key_without_credits_is_refused_never_mixed_up_and_leaves_nothing_to_resume() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let (status, made) =
        sandbox.http("POST", "/v1/admin/keys", r#"{"client_id": "broke", "credits": 0}"#);
    assert_eq!(status, 200, "{made}");
    let made: Value = serde_json::from_str(&made).unwrap();
    let broke = made["api_key"].as_str().unwrap();
    let path = home.path("config/rbgv/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let more = format!(
        "\n[profiles.broke]\nbase_url = \"{}\"\napi_key_env = \"BROKE_KEY\"\n\
         [profiles.same]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
         [profiles.far]\nbase_url = \"https://elsewhere.example\"\napi_key_env = \"BROKE_KEY\"\n",
        sandbox.base_url, sandbox.base_url
    );
    std::fs::write(&path, config + &more).unwrap();
    let smoke = |profile: &str| {
        let mut command = home.keyed(&sandbox);
        command
            .env("BROKE_KEY", broke)
            .args(["smoke-test", "--budget", "5", "--only", "no-credits", "--json"])
            .args(["--no-credits-profile", profile]);
        Ran::of(&mut command)
    };
    for _ in 0..2 {
        let document = document(smoke("broke"), 0);
        assert_eq!(outcome(&document, "no-credits"), "passed", "{document:#}");
    }
    let audit = sandbox.audit();
    assert_eq!(
        (audit.bills(), audit.creates()),
        (0, 1),
        "the draft of the first run is used again"
    );
    smoke("same").ends_with(2).says("same key");
    smoke("far").ends_with(2).says("base_url differs");
    // Credits that arrive later start nothing by themselves.
    sandbox.http("POST", "/sandbox/credits", r#"{"client_id": "broke", "credits": 100}"#);
    home.run(&sandbox, &["resume"]);
    assert_eq!(sandbox.audit().bills(), 0);
    let document = document(smoke("broke"), 3);
    assert!(stage(&document, "no-credits")["told"].as_str().unwrap().contains("has credits"));
}

#[test]
fn a_killed_smoke_test_is_not_billed_twice() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { delay_answer = \"60s\" }\n",
    );
    let home = Home::with(&sandbox);
    let args = ["smoke-test", "--budget", "5", "--only", "success"];
    let mut child = home
        .keyed(&sandbox)
        .args(args)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while sandbox.audit().bills() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    sandbox.scenario("");
    home.run(&sandbox, &args).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn a_job_that_takes_too_long_is_left_and_found_again() {
    let sandbox = Sandbox::start(&["--timer", "3s"]);
    let home = Home::with(&sandbox);
    let only = ["smoke-test", "--budget", "5", "--only", "success", "--json"];
    let short = [&only[..], &["--timeout", "1s"]].concat();
    let document = document(home.run(&sandbox, &short), 7);
    assert_eq!(document["verdict"]["word"], "timeout", "{document:#}");
    home.run(&sandbox, &only).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1);
}

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
fn a_suite_reports_each_clip_in_the_format_that_is_shipped() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("clips/short.mp4", 1);
    home.variant("clips/deep/long.mp4", 2);
    std::fs::write(home.work().join("clips/broken.mp4"), "no video").unwrap();
    let suite = ["smoke-test", "--suite", "clips", "--json", "-o", "kept", "--budget"];
    let document = document(home.run(&sandbox, &[&suite[..], &["3"]].concat()), 4);
    assert_eq!(outcome(&document, "suite"), "failed", "4 credits are more than 3");
    assert_eq!(sandbox.audit().bills(), 0);
    let document = self::document(home.run(&sandbox, &[&suite[..], &["4"]].concat()), 2);
    let clips: Vec<(&str, &str)> = document["stages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|stage| stage["stage"] == "suite")
        .map(|stage| (stage["name"].as_str().unwrap(), stage["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(clips.len(), 3, "{clips:?}");
    for (name, outcome) in clips {
        let expected = if name.ends_with("broken.mp4") { "failed" } else { "passed" };
        assert_eq!(outcome, expected, "{name}");
    }
    assert_eq!(sandbox.audit().bills(), 2);
    let kept: Vec<String> =
        home.files().into_iter().filter(|file| file.starts_with("kept/")).collect();
    assert!(kept.iter().any(|file| file.ends_with("short-nobg.webm")), "{kept:?}");
}

#[test]
fn a_key_that_grows_old_is_warned_of() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let path = home.path("config/rbgv/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let aged = "api_key_env = \"TEST_KEY\"\nkey_created = 2020-01-31\nkey_max_age = \"2160h\"\n";
    std::fs::write(&path, config.replace("api_key_env = \"TEST_KEY\"\n", aged)).unwrap();
    let document = document(home.run(&sandbox, &["smoke-test", "--json"]), 0);
    let authentication = stage(&document, "authentication");
    assert_eq!(authentication["outcome"], "warned");
    assert!(authentication["details"].to_string().contains("make a new key"));
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

#[test]
fn production_is_named_first_and_asked_about() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let path = home.path("config/rbgv/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let prod = "[profiles.test]\nenvironment = \"prod\"\nconfirm_above_credits = 3\n";
    std::fs::write(&path, config.replace("[profiles.test]\n", prod)).unwrap();
    let only = ["smoke-test", "--only", "success", "--budget"];
    let ran = home.run(&sandbox, &[&only[..], &["3"]].concat()).ends_with(0).says("is production");
    assert!(ran.stdout.starts_with("profile test (prod)"));
    home.run(&sandbox, &[&only[..], &["4"]].concat()).ends_with(2).says("--yes");
    assert_eq!(sandbox.audit().bills(), 1);
}
