//! Keys and signed links appear nowhere.

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
