//! Keys and signed links appear nowhere.

use base64::Engine as _;

use crate::support::{Home, Ran, Sandbox};

#[test]
fn no_key_and_no_signed_link_is_printed_logged_or_stored() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let mut printed = String::new();
    for args in [
        vec!["-vv", "--log-file", "log.json", "--log-format", "json", "run", "a.mp4"],
        vec!["-vv", "--log-file", "log.txt", "run", "--again", "--overwrite", "a.mp4"],
        vec!["config", "show"],
        vec!["profile", "list", "--json"],
        vec!["status", "--remote", "--json"],
    ] {
        let ran = home.run(&sandbox, &args).ends_with(0);
        printed += &ran.stdout;
        printed += &ran.stderr;
    }
    let mut wrong = home.command();
    wrong.env("TEST_KEY", "sk-wrong-secret-key").args(["-vv", "usage"]);
    let ran = Ran::of(&mut wrong).ends_with(3);
    printed += &ran.stderr;
    assert!(
        printed.contains("POST") && printed.contains("/v1/jobs"),
        "calls are logged: {printed}"
    );
    let mut everything = vec![("output".to_owned(), printed.into_bytes())];
    for name in
        ["work/log.json", "work/log.txt", "state/ledger.sqlite3", "state/ledger.sqlite3-wal"]
    {
        if let Ok(bytes) = std::fs::read(home.path(name)) {
            everything.push((name.to_owned(), bytes));
        }
    }
    assert!(everything.len() >= 4, "logs and ledger were looked at");
    for (place, bytes) in everything {
        for secret in [sandbox.api_key.as_str(), "sk-wrong-secret-key", "signature=", "sig="] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {place}");
        }
    }
}

/// `key` as a service may write it, which is as good as the key.
fn written_forms(key: &str) -> Vec<String> {
    let percent: Vec<_> = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let base64 = base64::prelude::BASE64_STANDARD.encode(format!("key:{key}"));
    vec![key.to_owned(), key.to_uppercase(), percent.concat(), hex::encode(key), base64]
}

#[test]
fn a_key_that_the_service_echoes_appears_nowhere() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(5);
    let forms = written_forms(&sandbox.api_key);
    let echo = format!(
        "you sent {} \u{1b}[2J\u{61c} https://cdn.example/o?sig=s3cret-sig",
        forms.join(" ")
    );
    let echo = serde_json::to_string(&echo).unwrap().replace("\\\\u{61c}", "\\u061c");
    let header = &sandbox.api_key;
    sandbox.scenario(&format!(
        "[[fault]]\non = \"POST /v1/uploads\"\nnth = 1\n\
         do = {{ answer = {{ status = 400, message = {echo} }} }}\n\
         [[fault]]\non = \"POST /v1/jobs\"\nnth = 1\n\
         do = {{ answer = {{ status = 422, code = {echo}, message = {echo} }} }}\n\
         [[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = {{ fail_job = {echo} }}\n\
         [[fault]]\non = \"GET /v1/jobs*\"\n\
         do = [{{ set = {{ note = {echo}, created_at = {echo} }} }}, \
               {{ headers = {{ x-request-id = \"{header}\" }} }}]\n\
         [[fault]]\non = \"GET /v1/usage/*\"\ndo = {{ set = {{ note = {echo} }} }}\n\
         [[fault]]\non = \"GET /health\"\n\
         do = [{{ set = {{ status = {echo}, note = {echo} }} }}, \
               {{ headers = {{ x-request-id = \"{header}\" }} }}]\n"
    ));
    let mut printed = Vec::new();
    for args in [
        vec!["-vv", "--json", "--log-file", "log.json", "--log-format", "json", "run", "."],
        vec!["-vv", "--log-file", "log.txt", "resume"],
        vec!["status", "--remote", "--json"],
        vec!["status"],
        vec!["usage", "--json"],
        vec!["logs", "--json"],
        vec!["doctor", "--json"],
    ] {
        let ran = Ran::of(home.keyed(&sandbox).args(&args));
        printed.push((args.join(" "), format!("{}{}", ran.stdout, ran.stderr).into_bytes()));
    }
    let summary = home.path("summary.md");
    let ran = Ran::of(
        home.keyed(&sandbox)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_ACTIONS", "true")
            .args(["-vv", "smoke-test", "--junit", "result.xml"]),
    );
    printed.push(("smoke-test".to_owned(), format!("{}{}", ran.stdout, ran.stderr).into_bytes()));
    for name in [
        "work/log.json",
        "work/log.txt",
        "work/result.xml",
        "summary.md",
        "state/ledger.sqlite3",
        "state/ledger.sqlite3-wal",
    ] {
        if let Ok(bytes) = std::fs::read(home.path(name)) {
            printed.push((name.to_owned(), bytes));
        }
    }
    assert!(printed.len() >= 13, "{}", printed.len());
    let text: Vec<String> =
        printed.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(
        text.iter().filter(|text| text.contains("you sent (hidden)")).count() >= 6,
        "{text:#?}"
    );
    for ((place, bytes), text) in printed.iter().zip(&text) {
        for secret in forms.iter().map(String::as_str).chain(["s3cret-sig", "\u{61c}"]) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {place}: {text}");
        }
        assert!(!text.contains("\u{1b}[2J"), "{place}");
    }
}

#[test]
fn the_log_names_each_call_with_its_ids() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["--log-file", "log", "--log-format", "json", "run", "a.mp4"]).ends_with(0);
    let log = std::fs::read_to_string(home.work().join("log")).unwrap();
    let calls: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["target"] == "rbgv::api")
        .collect();
    let start = calls
        .iter()
        .find(|call| call.to_string().contains("/start"))
        .unwrap_or_else(|| panic!("no start in {log}"));
    let text = start.to_string();
    for field in ["method", "path", "status", "attempt", "request_id", "job"] {
        assert!(text.contains(field), "{field} is missing in {text}");
    }
}
