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
fn a_wrong_file_is_reported_with_its_line() {
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

#[test]
fn a_setting_is_read_changed_and_checked() {
    let home = Home::new();
    let file = home.path("config/rbgv/config.toml");
    let path = home.run_alone(&["config", "path"]).ends_with(0);
    assert_eq!(path.lines(), [file.to_str().unwrap()]);
    let get = |key: &str| home.run_alone(&["config", "get", key]);
    let set = |key: &str, value: &str| home.run_alone(&["config", "set", key, value]);
    assert_eq!(get("defaults.model").ends_with(0).stdout, "original\n");
    set("defaults.model", "pro").ends_with(0);
    assert_eq!(get("defaults.model").ends_with(0).stdout, "pro\n");
    set("defaults.model", "best").ends_with(2).says("best");
    set("profiles.default.api_key", "sk-planted").ends_with(2).says("rbgv init");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[defaults]\nmodel = \"pro\"\n");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    get("defaults.modle").ends_with(2).says("rbgv config show");
    std::fs::write(home.work().join("rbgv.toml"), "[defaults]\nmodel = \"light\"\n").unwrap();
    set("defaults.model", "human").ends_with(0).says("overrides it with light");
}

#[test]
fn an_edited_file_is_checked_before_it_is_replaced() {
    let home = Home::new();
    let file = home.path("config/rbgv/config.toml");
    // A file that no command could read is what an editor is for.
    std::fs::write(&file, "[defaults]\nmodle = \"pro\" # mine\n").unwrap();
    let edit = |editor: &str| {
        let mut command = home.command();
        command.env("EDITOR", editor).env("RBGV_API_KEY", "sk-planted").args(["config", "edit"]);
        Ran::of(&mut command)
    };
    edit("sed -i s/modle/modell/").ends_with(3).says("line 2").says("rbgv config edit");
    edit("false").ends_with(9).says("EDITOR");
    edit("true").ends_with(0).says("unchanged");
    edit("env > seen; sed -i s/modle/model/").ends_with(0).says("saved");
    let seen = std::fs::read_to_string(home.work().join("seen")).unwrap();
    assert!(!seen.contains("sk-planted"), "the editor gets no key");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "[defaults]\nmodel = \"pro\" # mine\n");
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0, "no copy is left");
}
