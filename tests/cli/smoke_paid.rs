//! `rbgv smoke-test` where it sends and spends: the clip all the way, what has to be refused, and what
//! all of it may cost.

use serde_json::Value;

use super::smoke::{document, outcome, run, stage};
use crate::support::{Home, Ran, Sandbox};

#[test]
fn all_stages_pass_and_one_job_is_billed() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = run(&home, &sandbox, &["--burst", "5", "--json"]);
    assert!(!ran.stdout.contains(&sandbox.api_key) && !ran.stderr.contains(&sandbox.api_key));
    let document = document(ran, 0);
    assert_eq!(document["verdict"]["word"], "passed", "{document:#}");
    // The sandbox shows what the contract lists, and nothing else.
    assert_eq!(document["drift"], serde_json::json!([]));
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
    // The model alone was a reason to refuse.
    let refused = stage(&document, "invalid-option");
    assert_eq!(refused["details"], serde_json::json!([]), "{refused:#}");
    for stage in document["stages"].as_array().unwrap() {
        let ran = stage["seconds"].is_number();
        assert!(
            !ran || stage["name"] == "burst" || stage["budget_seconds"].is_number(),
            "{stage:#}"
        );
    }
    let audit = sandbox.audit();
    assert_eq!((audit.bills(), audit.uploads()), (1, 2), "the clip, and the file that is none");
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[cfg(feature = "matting")]
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
fn an_estimate_above_the_budget_is_refused_before_spending() {
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
fn a_failed_job_and_failure_paths_that_do_not_fail_are_distinguished() {
    // (scenario, stage, code, verdict)
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
            "[jobs]\ndraft_state = \"created\"\n[[fault]]\non = \"GET /v1/jobs/*\"\n\
             do = { set = { billing_status = \"not_charged\" } }\n",
            "credits",
            11,
            "contract",
        ),
        (
            "[[fault]]\non = \"GET /api/download/*\"\ndo = { set = { download_url = \"/health\" } }\n",
            "credits",
            11,
            "contract",
        ),
        (
            "[jobs]\ndraft_state = \"created\"\n[[fault]]\non = \"GET /v1/jobs/*\"\n\
             do = { set = { billing_status = \"charged\" } }\n",
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
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let document = document(home.run(&sandbox, &only), 11);
    assert_eq!(document["verdict"]["word"], "contract", "{document:#}");
    let printed = stage(&document, "dead-link")["told"].to_string();
    assert!(printed.contains("grew by"), "{printed}");
    // Events that name their jobs say that it was not this one.
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    sandbox.scenario(grows);
    let document = self::document(home.run(&sandbox, &only), 0);
    assert_eq!(outcome(&document, "dead-link"), "warned", "{document:#}");
    let printed = stage(&document, "dead-link")["details"].to_string();
    assert!(printed.contains("another program"), "{printed}");
    sandbox.scenario("");
    let document = self::document(home.run(&sandbox, &only), 0);
    assert_eq!(outcome(&document, "dead-link"), "passed", "{document:#}");
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
    assert!(credits["details"].to_string().contains("is unknown"), "{credits:#}");
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
    smoke("far").ends_with(2).says("base_url is different");
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
fn production_is_named_first_and_asked_about() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let path = home.path("config/rbgv/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    let prod = "[profiles.test]\nenvironment = \"prod\"\nconfirm_above_credits = 3\n";
    std::fs::write(&path, config.replace("[profiles.test]\n", prod)).unwrap();
    let only = ["smoke-test", "--only", "success", "--budget"];
    let ran =
        home.run(&sandbox, &[&only[..], &["3"]].concat()).ends_with(0).says("production profile");
    assert!(ran.stdout.starts_with("profile test (prod)"));
    home.run(&sandbox, &[&only[..], &["4"]].concat()).ends_with(2).says("--yes");
    assert_eq!(sandbox.audit().bills(), 1);
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
    let document = self::document(home.run(&sandbox, &[&suite[..], &["4"]].concat()), 1);
    let clips: Vec<(&str, &str)> = document["stages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|stage| stage["stage"] == "suite")
        .map(|stage| (stage["name"].as_str().unwrap(), stage["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(clips.len(), 3, "{clips:?}");
    assert_eq!(document["verdict"]["word"], "input");
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
fn every_response_is_compared_with_the_contract() {
    let fault = |on: &str, what: &str| format!("[[fault]]\non = \"{on}\"\ndo = {{ {what} }}\n");
    // (call, change of its response, how it is reported, the stage that reports it)
    let table = [
        ("POST /v1/uploads", "set = { node = 7 }", "not in the contract: upload.node", "success"),
        (
            "POST /v1/uploads",
            "rename = { filename = \"name\" }",
            "missing: upload.filename",
            "success",
        ),
        ("POST /v1/jobs", "set = { eta = 7 }", "not in the contract: create.eta", "success"),
        ("POST /v1/jobs", "rename = { message = \"note\" }", "missing: create.message", "success"),
        ("POST /v1/jobs/*/start", "set = { eta = 7 }", "not in the contract: start.eta", "success"),
        (
            "POST /v1/jobs/*/start",
            "set = { message = 7 }",
            "start.message is a number, but a string or null is documented",
            "success",
        ),
        ("GET /v1/jobs/*", "set = { queue = 3 }", "not in the contract: job.queue", "success"),
        (
            "GET /v1/jobs/*",
            "rename = { webhook_url = \"hook\" }",
            "missing: job.webhook_url",
            "success",
        ),
        (
            "GET /api/download/*",
            "rename = { output_format = \"format\" }",
            "missing: download.output_format",
            "credits",
        ),
    ];
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let only = ["smoke-test", "--budget", "5", "--only", "credits", "--json"];
    for (on, what, printed, name) in table {
        sandbox.scenario(&fault(on, what));
        let document = document(home.run(&sandbox, &only), 0);
        let drift = document["drift"].as_array().unwrap();
        assert!(drift.contains(&printed.into()), "{printed}: {drift:?}");
        // What is gone is warned of; what is new is allowed.
        let expected = if printed.starts_with("not in") { "passed" } else { "warned" };
        assert_eq!(outcome(&document, name), expected, "{document:#}");
    }
}

#[test]
fn states_that_nobody_knows_fail() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\nper_path = true\n\
         do = { set = { status = \"archived\" } }\n",
    );
    let home = Home::with(&sandbox);
    let only = ["smoke-test", "--budget", "5", "--only", "success", "--json"];
    let document = document(home.run(&sandbox, &only), 11);
    assert!(stage(&document, "success")["told"].as_str().unwrap().contains("archived"));
    assert_eq!(document["drift"], serde_json::json!(["unknown job status: archived"]));
    // A suite tells it of the clip.
    home.variant("clips/one.mp4", 1);
    let suite = ["smoke-test", "--budget", "5", "--suite", "clips", "--only", "suite", "--json"];
    let document = self::document(home.run(&sandbox, &suite), 11);
    assert_eq!(outcome(&document, "one.mp4"), "failed", "{document:#}");
}

#[test]
fn an_unknown_price_is_not_started_without_budget_left() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    // The success path takes all of it; or is refused.
    for (budget, words) in [("2", "the rest of the budget"), ("1.9", "ran out of credits")] {
        let ran = home.run(
            &sandbox,
            &["smoke-test", "--budget", budget, "--only", "success,dead-link", "--json"],
        );
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let dead_link = stage(&document, "dead-link");
        assert_eq!(dead_link["outcome"], "skipped", "{document:#}");
        assert!(dead_link["told"].as_str().unwrap().contains(words), "{dead_link:#}");
    }
    let audit = sandbox.audit();
    assert_eq!((audit.creates(), audit.bills()), (1, 1));
    let only = ["smoke-test", "--budget", "0.1", "--only", "dead-link", "--json"];
    assert_eq!(outcome(&document(home.run(&sandbox, &only), 0), "dead-link"), "passed");
}
