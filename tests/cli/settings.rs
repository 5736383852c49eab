//! Configuration, profiles and keys.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Home, Ran, Sandbox};

#[test]
fn flags_beat_variables_beat_files() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let shown = home.run(&sandbox, &["config", "show", "--json"]).ends_with(0);
    assert!(shown.stdout.contains("config.toml"), "{}", shown.stdout);
    let mut command = home.keyed(&sandbox);
    command.env("RBGV_BASE_URL", "http://127.0.0.1:9").args(["config", "show"]);
    let shown = Ran::of(&mut command).ends_with(0);
    assert!(shown.stdout.contains("RBGV_BASE_URL"), "{}", shown.stdout);
    home.run(&sandbox, &["--profile", "nope", "usage"]).ends_with(3).says("nope");
}

#[test]
fn both_key_variables_work() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for name in ["RBGV_API_KEY", "REMOVEBGVIDEO_API_KEY"] {
        let mut command = home.command();
        command.env(name, &sandbox.api_key).args(["usage"]);
        Ran::of(&mut command).ends_with(0);
    }
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let config = home.path("config/rbgv/config.toml");
    std::fs::write(&config, "[profiles.test]\nbase_ulr = \"https://x.example\"\n").unwrap();
    home.run_alone(&["status"]).ends_with(3).says("base_url").says("2");
    std::fs::write(&config, "[profiles.test\n").unwrap();
    home.run_alone(&["status"]).ends_with(3).says("config.toml");
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    let home = Home::new();
    let mut command = home.command();
    command
        .env("RBGV_BASE_URL", "http://192.0.2.1")
        .env("RBGV_API_KEY", "sk-secret")
        .args(["usage"]);
    let ran = Ran::of(&mut command).ends_with(3).says("allow_http");
    assert!(!ran.stderr.contains("sk-secret"));
}

#[test]
fn a_project_is_confirmed_by_the_command_that_its_refusal_names() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let file = home.work().join("rbgv.toml");
    let project =
        format!("[profiles.x]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n", sandbox.base_url);
    std::fs::write(&file, project).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    for args in [&["usage"][..], &["usage", "--yes"], &["--json", "usage"]] {
        let refused = home.run(&sandbox, args).ends_with(3);
        let next = refused.stderr.contains("rbgv config trust");
        assert!(next && refused.stderr.contains("TEST_KEY"), "{}", refused.stderr);
    }
    assert_eq!(sandbox.audit().requests("GET", ""), 0, "nothing was sent");
    let trusted = home.run(&sandbox, &["config", "trust"]).ends_with(0).says(&sandbox.base_url);
    assert_eq!(trusted.lines(), [file.canonicalize().unwrap().to_str().unwrap()]);
    home.run(&sandbox, &["usage"]).ends_with(0);
    std::fs::remove_file(&file).unwrap();
    home.run(&sandbox, &["config", "trust"]).ends_with(2);
}

#[test]
fn a_wrong_address_ends_with_3_and_says_what_to_check() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    home.clip("a.mp4");
    let wrong = format!("{}/wrong", sandbox.base_url);
    let tls = sandbox.base_url.replace("http://", "https://");
    // A machine without certificates says so before it connects.
    for (address, says) in [(wrong, "base_url"), (tls, "https")] {
        for args in [&["run", "-q", "a.mp4", "-o", "o.webm"][..], &["usage"]] {
            let mut command = home.command();
            command.env("RBGV_BASE_URL", &address).env("RBGV_API_KEY", &sandbox.api_key).args(args);
            let ran = Ran::of(&mut command).ends_with(3).says(says);
            assert!(!ran.stderr.contains("retrying"), "{}", ran.stderr);
        }
    }
}
