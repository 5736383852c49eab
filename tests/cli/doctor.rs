//! `rbgv doctor`: what it finds, and that it shows no secrets.

use serde_json::Value;

use crate::support::{Home, Listener, Ran, Sandbox, WEBHOOK_SECRET, this_moment};

/// The checks by name and state; several may have one name.
fn found(ran: &Ran) -> Vec<(String, String, String)> {
    let document: Value = ran.json().remove(0);
    let word = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap().iter();
    checks.map(|check| (word(check, "check"), word(check, "state"), word(check, "says"))).collect()
}

/// The findings, without the free disk space, which the test does not control.
fn findings(ran: &Ran) -> Vec<String> {
    let all = found(ran).into_iter();
    all.filter(|(name, state, _)| state == "finding" && name != "disk")
        .map(|(name, ..)| name)
        .collect()
}

fn doctor(home: &Home, sandbox: &Sandbox) -> Ran {
    home.run(sandbox, &["doctor", "--json"])
}

fn configure(home: &Home, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let file = home.path("config/rbgv/config.toml");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_healthy_machine_has_no_findings() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let ran = doctor(&home, &sandbox);
    assert_eq!(findings(&ran), [""; 0], "{}", ran.stdout);
    let all = found(&ran);
    for name in [
        "configuration",
        "profile",
        "key",
        "name",
        "connection",
        "health",
        "clock",
        "key accepted",
        "ledger",
        "disk",
    ] {
        assert!(
            all.iter().any(|(check, state, _)| check == name && state == "ok"),
            "{name}: {all:?}"
        );
    }
    let text = home.run(&sandbox, &["doctor"]).stdout;
    assert!(text.contains("config.toml:") && text.contains("profiles.test.base_url"), "{text}");
    assert!(!text.contains(&sandbox.api_key), "{text}");
}

#[test]
fn a_broken_configuration_is_reported_with_its_line_and_the_rest_is_still_checked() {
    let home = Home::new();
    configure(&home, "default_profile = \"a\"\n\n[profiles.a]\nbase_ulr = \"x\"\n");
    let ran = home.run_alone(&["doctor", "--json"]).ends_with(10);
    assert_eq!(findings(&ran), ["configuration"]);
    let all = found(&ran);
    assert!(all[1].2.contains("line 4, column 1"), "{all:?}");
    assert!(all.iter().any(|(name, ..)| name == "ledger"), "{all:?}");
}

#[test]
fn problems_of_a_key_are_reported() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    assert_eq!(findings(&home.run_alone(&["doctor", "--json"]).ends_with(10)), ["key"]);
    let wrong = Ran::of(home.command().env("TEST_KEY", "sk-wrong-key").args(["doctor", "--json"]));
    assert_eq!(findings(&wrong.ends_with(10)), ["key accepted"]);
    configure(
        &home,
        &format!(
            "[profiles.test]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
             key_created = 2020-01-01\nkey_max_age = \"90d\"\n",
            sandbox.base_url
        ),
    );
    assert_eq!(findings(&doctor(&home, &sandbox).ends_with(10)), ["key age"]);
}

#[test]
fn every_secret_of_the_profile_is_checked() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let with = |more: &str| {
        configure(
            &home,
            &format!(
                "[profiles.test]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n{more}\n",
                sandbox.base_url
            ),
        );
        doctor(&home, &sandbox)
    };
    let well = with("next_key_command = \"echo planted-next\"\nwebhook_secret = \"planted-hook\"");
    assert_eq!(findings(&well), [""; 0], "{}", well.stdout);
    let named =
        |name: &str| found(&well).iter().any(|(check, state, _)| check == name && state == "ok");
    assert!(
        named("next key") && named("webhook secret") && !named("admin token"),
        "{}",
        well.stdout
    );
    assert!(!well.stdout.contains("planted"), "{}", well.stdout);
    // Every run would stop at it.
    assert_eq!(findings(&with("next_key_file = \"gone\"").ends_with(10)), ["next key"]);
    assert_eq!(findings(&with("webhook_secret_file = \"gone\"").ends_with(10)), ["webhook secret"]);
}

#[test]
fn unhandled_webhooks_are_reported() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut listener =
        Listener::start(home.keyed(&sandbox), &["--keep", "kept", "--exec", "false"]);
    let body = r#"{"event": "job.started", "data": {"id": "j-1"}}"#;
    assert_eq!(listener.post_signed("d-1", &this_moment(), body), 200);
    listener.wait_for(|line| line["event"] == "webhook");
    let there = found(&doctor(&home, &sandbox));
    let received = format!("received at {}", listener.address);
    assert!(there.iter().any(|(_, _, says)| *says == received), "{there:?}");
    listener.crash();
    assert_eq!(findings(&doctor(&home, &sandbox).ends_with(10)), ["webhooks"]);
}

#[test]
fn problems_of_the_service_are_reported() {
    let sandbox = Sandbox::with("[clock]\nskew = \"-1h\"");
    let home = Home::with(&sandbox);
    assert_eq!(findings(&doctor(&home, &sandbox).ends_with(10)), ["clock"]);
    sandbox.scenario("[[fault]]\non = \"GET /health\"\ndo = { set = { status = \"degraded\" } }");
    assert_eq!(findings(&doctor(&home, &sandbox).ends_with(10)), ["health"]);
    let gone = Ran::of(
        home.command()
            .env("RBGV_BASE_URL", "http://127.0.0.1:9")
            .env("RBGV_API_KEY", "sk-test")
            .args(["doctor", "--json"]),
    );
    assert_eq!(findings(&gone.ends_with(10)), ["connection"]);
}

#[test]
fn offline_asks_nothing_of_the_network() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let ran = home.run(&sandbox, &["doctor", "--offline", "--json"]);
    assert_eq!(findings(&ran), [""; 0]);
    assert_eq!(sandbox.audit().requests("GET", ""), 0);
}

#[test]
fn problems_of_the_ledger_are_reported() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.run(&sandbox, &["doctor"]);
    let file = home.path("state/ledger.sqlite3");
    assert!(!file.exists(), "looking does not make a ledger");
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let repaired = doctor(&home, &sandbox).ends_with(0);
    assert!(repaired.stdout.contains("other users could read"), "{}", repaired.stdout);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&file, "this is no database").unwrap();
    let damaged = doctor(&home, &sandbox).ends_with(10);
    assert_eq!(findings(&damaged), ["ledger"]);
    assert!(damaged.stdout.contains("restore a backup"), "{}", damaged.stdout);
}

#[test]
fn an_unusable_state_directory_is_reported_without_blaming_the_ledger() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let file = home.work().join("in the way");
    std::fs::write(&file, "").unwrap();
    for directory in [file.clone(), file.join("state")] {
        let mut command = home.keyed(&sandbox);
        command.env("RBGV_STATE_DIR", &directory).args(["doctor", "--json"]);
        let ran = Ran::of(&mut command).ends_with(10);
        assert_eq!(findings(&ran), ["ledger"], "{}", ran.stdout);
        assert!(ran.stdout.contains("RBGV_STATE_DIR to another"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("backup"), "{}", ran.stdout);
    }
    // A ledger whose neighbours cannot be made.
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let owners = home.path("state/owners");
    std::fs::remove_dir_all(&owners).unwrap();
    std::fs::write(&owners, "").unwrap();
    let ran = doctor(&home, &sandbox).ends_with(10);
    assert_eq!(findings(&ran), ["ledger"], "{}", ran.stdout);
    assert!(!ran.stdout.contains("backup"), "{}", ran.stdout);
}

#[test]
fn an_absent_service_is_reported_at_once() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let began = std::time::Instant::now();
    for (address, finding) in [
        ("http://127.0.0.1:9", &["connection"][..]),
        ("https://127.0.0.1:9", &["connection"]),
        // The waits of a test are too short for a service that is not on this machine.
        ("https://doctor.invalid", &["configuration", "name"]),
    ] {
        let mut command = home.command();
        command.env("RBGV_BASE_URL", address).env("RBGV_API_KEY", "sk-test");
        let ran = Ran::of(command.args(["doctor", "--json"]));
        assert_eq!(findings(&ran.ends_with(10)), finding, "{address}");
    }
    // One attempt each; the usual client tries for half a minute.
    assert!(began.elapsed() < std::time::Duration::from_secs(25), "{:?}", began.elapsed());
}

#[test]
fn a_key_out_of_credits_is_reported() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    sandbox.top_up(-1e9);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(4);
    assert_eq!(findings(&doctor(&home, &sandbox).ends_with(10)), ["stopped"]);
}

#[test]
fn no_form_of_the_result_holds_a_secret() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    std::fs::write(home.path("webhook"), WEBHOOK_SECRET).unwrap();
    let (base_url, key) = (&sandbox.base_url, &sandbox.api_key);
    let directory = home.path("").display().to_string();
    configure(
        &home,
        &format!(
            "[profiles.test]\nbase_url = \"{base_url}\"\napi_key = \"{key}\"\n\
             webhook_secret_file = \"{directory}/webhook\"\n\
             next_key_command = \"echo planted-next-key\"\n",
        ),
    );
    for form in [&["doctor"][..], &["doctor", "--json"]] {
        let mut command = home.command();
        command
            .env("RBGV_ADMIN_TOKEN", "planted-admin-token")
            .env("https_proxy", "http://jo:planted-password@proxy.example:3128")
            .args(form);
        let ran = Ran::of(&mut command);
        let shown = ran.stdout + &ran.stderr;
        for check in ["key", "next key", "admin token", "webhook secret", "proxy.example:3128"] {
            assert!(shown.contains(check), "{check}: {shown}");
        }
        for secret in
            [&**key, WEBHOOK_SECRET, "planted-next-key\"}", "planted-admin", "planted-pass"]
        {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }
}

#[test]
fn a_broken_file_is_reported_without_its_secrets() {
    let home = Home::new();
    configure(&home, "[profiles.a]\napi_key = \"sk-planted\"\nenvironment = \"nowhere\"\n");
    let ran = home.run_alone(&["doctor", "--json"]).ends_with(10);
    let shown = ran.stdout + &ran.stderr;
    assert!(shown.contains("line 3") && !shown.contains("planted"), "{shown}");
    // A file that is not TOML: the parser must not quote the line.
    configure(&home, "[profiles.a]\napi_key = sk-planted-bare\n");
    let ran = home.run_alone(&["doctor", "--json"]).ends_with(10);
    let shown = ran.stdout + &ran.stderr;
    assert!(shown.contains("line 2") && !shown.contains("planted"), "{shown}");
}
