//! Clients that know the API's documentation and nothing else go the whole way against the
//! sandbox, and meet the documented failures.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::duration_suboptimal_units,
    clippy::format_push_string,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "end-to-end tests: real time and environment, and a failed unwrap is a failed test"
)]

use std::process::Command;
use std::time::Duration;

use rbgv::sandbox::{Distribution, EngineChoice, Options, Running, start_thread};
use serde_json::{Value, json};

const CLIP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/assets/astronaut.mp4");

/// A sandbox whose jobs take half a second, and a key of it that has no credits.
fn sandbox() -> (Running, String) {
    let options = Options {
        engine: EngineChoice::Timer(Distribution::Fixed(Duration::from_millis(500))),
        ..Options::default()
    };
    let sandbox = start_thread(options).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = runtime.block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .post(format!("{}/v1/admin/keys", sandbox.base_url))
            .header("X-Admin-Token", &sandbox.admin_token)
            .header("Content-Type", "application/json")
            .body(json!({ "client_id": "poor", "credits": 0 }).to_string())
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
    });
    let made: Value = serde_json::from_slice(&made).unwrap();
    let empty_key = made["api_key"].as_str().unwrap().to_owned();
    (sandbox, empty_key)
}

/// Runs `program SCRIPT BASE_URL API_KEY CLIP EMPTY_KEY` and expects that it reports success.
fn passes(program: &str, script: &str) {
    let (sandbox, empty_key) = sandbox();
    let output = Command::new(program)
        .arg(format!("{}/tests/contract/{script}", env!("CARGO_MANIFEST_DIR")))
        .args([&sandbox.base_url, &sandbox.api_key, CLIP, &empty_key])
        .output()
        .unwrap_or_else(|error| panic!("{program} (README says how to install it): {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
    let verdict: Value = serde_json::from_str(said.trim()).unwrap();
    assert_eq!(verdict["ok"], true, "{said}");
}

#[test]
fn a_python_client_with_requests() {
    // The first Python that has the package: a machine may have several.
    let has_requests = |program: &&str| {
        Command::new(program)
            .args(["-c", "import requests"])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has_requests);
    passes(python.expect("a Python with requests (README says how to install it)"), "client.py");
}

#[test]
fn a_node_client_with_fetch() {
    passes("node", "client.mjs");
}
