//! `rbgv logs`, and what the log of calls holds.

use serde_json::Value;

use crate::support::{Home, Sandbox, wait_for};

#[test]
fn a_log_is_found_by_job_input_output_and_request() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let ran = home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let output = ran.lines()[0].to_owned();
    let story = |word: &str| -> Value {
        home.run_alone(&["logs", word, "--json"]).ends_with(0).json().remove(0)
    };
    let reported = story("a.mp4");
    let job = reported["job"].as_str().unwrap().to_owned();
    let steps = reported["steps"].as_array().unwrap();
    let ids: Vec<&str> = steps.iter().filter_map(|step| step["request_id"].as_str()).collect();
    assert!(ids.len() >= 3, "upload, create, start and looks have request ids: {reported}");
    assert_eq!(story(&job), reported);
    assert_eq!(story(&output), reported);
    assert_eq!(story(ids[0])["job"], job, "by the id of a good answer");
    assert_eq!(reported["outputs"][0]["state"], "done");
    let notes: Vec<&str> = steps.iter().filter_map(|step| step["then"].as_str()).collect();
    let place = |word| notes.iter().position(|note| *note == word).unwrap();
    assert!(place("upload") < place("create") && place("create") < place("start"), "{notes:?}");

    let text = home.run_alone(&["logs", &job]).ends_with(0).stdout;
    assert!(text.contains(&job) && text.contains(ids[0]), "{text}");
    let mut rest = &*text;
    for part in ["planned", "uploading", "creating a draft", "starting (billed", "output done"] {
        let (_, after) =
            rest.split_once(part).unwrap_or_else(|| panic!("{part}, in order: {text}"));
        rest = after;
    }
    assert!(!text.contains(&sandbox.api_key) && !text.contains("sig="), "{text}");
    home.run_alone(&["logs", "no-such-thing"]).ends_with(2).says("next: rbgv status");
    home.run_alone(&["logs", "no such.mp4"]).ends_with(2).says("rbgv status 'no such.mp4'");

    home.run(&sandbox, &["run", "a.mp4", "--again", "--overwrite"]).ends_with(0);
    let newest = home.run_alone(&["logs", "a.mp4", "--limit", "1", "--json"]).ends_with(0);
    assert_eq!(newest.json().len(), 1);
    assert_eq!(newest.json()[0]["attempt"], 2);
    newest.says("use --limit N for more");
    let both = home.run_alone(&["logs", "a.mp4", "--json"]).ends_with(0);
    assert_eq!(both.json().len(), 2);
    assert!(!both.stderr.contains("--limit N"), "{}", both.stderr);
}

#[test]
fn a_failure_is_shown_with_its_reason_and_remedy() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { fail_job = \"no subject found in https://cdn.example/a?sig=planted-link\" }",
    );
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(6);
    let text = home.run_alone(&["logs", "a.mp4"]).ends_with(0).stdout;
    assert!(text.contains("no subject found"), "{text}");
    assert!(text.contains("rbgv explain job_failed"), "{text}");
    let json = home.run_alone(&["logs", "a.mp4", "--json"]).ends_with(0).stdout;
    assert!(!(text + &json).contains("planted"), "what the service says may hold a link: {json}");
}

#[test]
fn repeated_calls_leave_their_reason_in_the_log() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\n\
         do = { answer = { status = 429, code = \"rate_limited\", message = \"slow down\" } }",
    );
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let text = home.run_alone(&["logs", "a.mp4"]).ends_with(0).stdout;
    assert!(text.contains("back off") && text.contains("slow down"), "{text}");
}

#[test]
fn every_call_is_logged_with_all_that_support_asks_for() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let log = home.path("log");
    let file = log.to_str().unwrap();
    let args = ["run", "a.mp4", "--log-file", file];
    home.run(&sandbox, &[&args[..], &["--log-format", "json"]].concat()).ends_with(0);
    let text = std::fs::read_to_string(&log).unwrap();
    let calls: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &Value| line["target"] == "rbgv::api")
        .collect();
    let path = |call: &Value| call["path"].as_str().unwrap().to_owned();
    assert!(calls.len() >= 5, "{text}");
    for call in &calls {
        assert_eq!(call["profile"], "test", "{call}");
        assert_eq!(call["attempt"], 1, "{call}");
        let outside = path(call).starts_with("http") || path(call) == "/api/pricing";
        assert!(outside || call["request_id"].is_string(), "{call}");
        // Prices and lists of jobs are about no single input.
        let general =
            path(call) == "/api/pricing" || (path(call) == "/v1/jobs" && call["method"] == "GET");
        assert!(general || call["item"] == "a.mp4", "{call}");
        let early = ["/api/pricing", "/v1/uploads", "/v1/jobs"].contains(&path(call).as_str());
        assert!(early || call["job_id"].is_string(), "{call}");
    }
    std::fs::remove_file(&log).unwrap();
    home.variant("b.mp4", 1);
    home.run(&sandbox, &["run", "b.mp4", "--log-file", file]).ends_with(0);
    let text = std::fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = text.lines().filter(|line| line.contains("rbgv::api")).collect();
    assert!(calls.len() >= 5, "{text}");
    for call in calls {
        let of = |path: &str| call.contains(&format!("path=\"{path}\""));
        let (prices, early) = (of("/api/pricing"), of("/v1/uploads") || of("/v1/jobs"));
        let listing = of("/v1/jobs") && call.contains("method=\"GET\"");
        let outside = call.contains("path=\"http");
        for (word, needed) in [
            ("profile=\"test\"", true),
            ("attempt=1", true),
            ("status=20", true),
            ("request_id=\"", !outside && !prices),
            ("job_id=\"", !prices && !early),
            ("item=\"b.mp4\"", !prices && !listing),
        ] {
            assert!(!needed || call.contains(word), "{word}: {call}");
        }
    }
}

#[test]
fn a_running_job_is_followed_to_its_end() {
    let sandbox = Sandbox::start(&["--timer", "2s"]);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let mut run = home.keyed(&sandbox).args(["-q", "run", "a.mp4"]).spawn().unwrap();
    wait_for("the start of the job", || sandbox.audit().starts() == 1);
    let followed = home.run_alone(&["logs", "a.mp4", "--follow", "--json"]).ends_with(0).json();
    assert!(run.wait().unwrap().success());
    let (first, rest) = followed.split_first().unwrap();
    let shown = first["steps"].as_array().unwrap().len();
    let all = home.run_alone(&["logs", "a.mp4", "--json"]).ends_with(0).json().remove(0);
    let all = all["steps"].as_array().unwrap();
    assert_eq!(all[shown..], *rest, "every step once");
    assert_eq!(rest.last().unwrap()["phase"], "completed");
    let again = home.run_alone(&["logs", "a.mp4", "--follow"]).ends_with(0);
    assert_eq!(again.stdout, home.run_alone(&["logs", "a.mp4"]).ends_with(0).stdout);
}
