//! `rbgv status --limits`.

use crate::support::{Home, Sandbox};

/// Calls that a server has seen.
fn calls(sandbox: &Sandbox) -> usize {
    sandbox.audit().0["requests"].as_array().unwrap().len()
}

#[test]
fn what_is_known_of_a_key_is_told_in_words_and_nothing_is_sent_for_it() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\n\
         do = { answer = { status = 429, code = \"rate_limited\", retry_after = \"36000\" } }\n",
    );
    let home = Home::with(&sandbox);
    let before = home.run(&sandbox, &["status", "--limits"]).ends_with(0);
    assert!(before.stdout.contains("0, 0 of them refused"), "{}", before.stdout);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(5);
    let sent = calls(&sandbox);
    let told = home.run(&sandbox, &["status", "--limits"]).ends_with(0).stdout;
    for text in [
        "creates and starts",
        "looks",
        "uploads",
        "jobs in flight",
        "0 of 4",
        "in 9 h 59 min, as the service asked",
        "1 of them refused",
        "answers; calls go through",
    ] {
        assert!(told.contains(text), "{text:?} in {told}");
    }
    assert!(!told.contains(&sandbox.api_key), "{told}");
    let json = home.run(&sandbox, &["status", "--limits", "--json"]).ends_with(0).json();
    assert_eq!(json.len(), 1);
    let (limits, lanes) = (&json[0], &json[0]["lanes"]);
    assert_eq!((&lanes[0]["lane"], &lanes[0]["at_once"]), (&"control".into(), &10.into()));
    assert_eq!(limits["in_flight"]["next_start"]["parked"], true, "{limits:#}");
    assert_eq!(
        (&limits["in_flight"]["cap"], &limits["in_flight"]["most"]),
        (&4.0.into(), &64.0.into())
    );
    assert_eq!(
        (&limits["refused_last_hour"], &lanes[0]["refused_last_hour"]),
        (&1.into(), &1.into())
    );
    assert_eq!(limits["hosts"][0]["breaker"], "closed");
    assert_eq!(calls(&sandbox), sent, "nothing is sent");
}

#[test]
fn a_stop_is_told_with_what_ends_it() {
    let sandbox = Sandbox::start(&["--timer", "100ms", "--credits", "0"]);
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(4);
    let told = home.run(&sandbox, &["status", "--limits"]).ends_with(0).stdout;
    assert!(told.contains("stopped: no credits; top up, then rbgv resume"), "{told}");
    let json = home.run(&sandbox, &["status", "--limits", "--json"]).ends_with(0).json();
    assert_eq!(json[0]["in_flight"]["next_start"]["stopped"], "insufficient_credits");
    assert_eq!(json[0]["lanes"][0]["next"]["in_seconds"], 0.0, "drafts cost nothing");
}
