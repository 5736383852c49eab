//! `rbgv status --limits`.

use crate::support::{Home, Sandbox};

/// Calls that a server has seen.
fn calls(sandbox: &Sandbox) -> usize {
    sandbox.audit().0["requests"].as_array().unwrap().len()
}

#[test]
fn limits_of_a_key_are_shown_without_a_request() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\n\
         do = { answer = { status = 429, code = \"rate_limited\", retry_after = \"36000\" } }\n",
    );
    let home = Home::with(&sandbox);
    let before = home.run(&sandbox, &["status", "--limits"]).ends_with(0);
    assert!(before.stdout.contains("0, 0 rejected"), "{}", before.stdout);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(5);
    let sent = calls(&sandbox);
    let message = home.run(&sandbox, &["status", "--limits"]).ends_with(0).stdout;
    for text in [
        "job submissions",
        "status polls",
        "concurrent jobs",
        "0 of 64",
        "in 9 h 59 min (Retry-After)",
        "1 rejected",
        "circuit breaker closed",
    ] {
        assert!(message.contains(text), "{text:?} in {message}");
    }
    assert!(!message.contains(&sandbox.api_key), "{message}");
    let json = home.run(&sandbox, &["status", "--limits", "--json"]).ends_with(0).json();
    assert_eq!(json.len(), 1);
    let (limits, submissions) = (&json[0], &json[0]["submissions"]);
    assert_eq!(submissions["maximum"], 50.0);
    assert_eq!(submissions["next"]["paused"], true, "uploads and creates wait, too");
    assert_eq!(limits["polls"]["next"]["in_seconds"], 0.0, "polls do not");
    assert_eq!(limits["in_flight"]["next_start"]["paused"], true, "{limits:#}");
    let in_flight = &limits["in_flight"];
    assert_eq!((&in_flight["limit"], &in_flight["maximum"]), (&64.into(), &64.into()));
    assert!(in_flight["window"].is_null(), "one refusal does not show a window");
    assert_eq!(
        (&limits["refused_last_hour"], &submissions["refused_last_hour"]),
        (&1.into(), &1.into())
    );
    assert_eq!(limits["hosts"][0]["breaker"], "closed");
    assert_eq!(calls(&sandbox), sent, "nothing is sent");
}

#[test]
fn a_stop_is_shown_with_its_remedy() {
    let sandbox = Sandbox::start(&["--timer", "100ms", "--credits", "0"]);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(4);
    let message = home.run(&sandbox, &["status", "--limits"]).ends_with(0).stdout;
    assert!(message.contains("blocked: no credits; top up, then rbgv resume"), "{message}");
    let json = home.run(&sandbox, &["status", "--limits", "--json"]).ends_with(0).json();
    assert_eq!(json[0]["in_flight"]["next_start"]["blocked"], "insufficient_credits");
    assert_eq!(json[0]["submissions"]["next"]["in_seconds"], 0.0, "drafts cost nothing");
}
