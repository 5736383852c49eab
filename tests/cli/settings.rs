//! Configuration, profiles and keys.

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
