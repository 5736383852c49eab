//! `rbgv keys`: for those with an admin token.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Home, Ran, Sandbox};

fn keys(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Ran {
    let mut command = home.command();
    command.env("RBGV_ADMIN_TOKEN", &sandbox.admin_token).arg("keys").args(args);
    Ran::of(&mut command)
}

#[test]
fn a_key_is_made_used_and_switched_off() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let made = keys(&home, &sandbox, &["create", "team", "--note", "for ci"]).ends_with(0);
    let [key] = made.lines()[..] else { panic!("one line: {}", made.stdout) };
    assert!(!made.stderr.contains(key), "the key is shown once");
    let mut usage = home.command();
    usage.env("TEST_KEY", key).arg("usage");
    Ran::of(&mut usage).ends_with(0);
    let listed = keys(&home, &sandbox, &["list", "--json"]).ends_with(0);
    assert!(!listed.stdout.contains(key));
    let listed = &listed.json()[0];
    let mine = listed.as_array().unwrap().iter().find(|key| key["client_id"] == "team").unwrap();
    assert_eq!((&mine["enabled"], &mine["answer"]["note"]), (&true.into(), &"for ci".into()));
    let fingerprint = mine["key_fingerprint"].as_str().unwrap();
    keys(&home, &sandbox, &["disable", fingerprint]).ends_with(0);
    Ran::of(&mut usage).ends_with(3);
    keys(&home, &sandbox, &["enable", fingerprint]).ends_with(0);
    Ran::of(&mut usage).ends_with(0);
    keys(&home, &sandbox, &["disable", "no-such-key"]).ends_with(6);
}

#[test]
fn in_production_a_key_is_switched_off_only_after_a_yes() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let config = home.path("config/rbgv/config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("api_key_env", "environment = \"prod\"\napi_key_env");
    std::fs::write(&config, text).unwrap();
    let listed = keys(&home, &sandbox, &["list", "--json"]).ends_with(0);
    let fingerprint = listed.json()[0][0]["key_fingerprint"].as_str().unwrap().to_owned();
    let refused =
        keys(&home, &sandbox, &["disable", &fingerprint]).ends_with(2).says("disables key");
    assert!(!refused.stderr.contains("is off"), "{}", refused.stderr);
    home.run(&sandbox, &["usage"]).ends_with(0);
    keys(&home, &sandbox, &["disable", &fingerprint, "--yes"]).ends_with(0).says("is disabled");
    home.run(&sandbox, &["usage"]).ends_with(3);
}

#[test]
fn a_key_can_go_to_a_private_file_and_nowhere_else() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let made = keys(&home, &sandbox, &["create", "team", "--to", "new.key"]).ends_with(0);
    let path = home.work().join("new.key");
    let key = std::fs::read_to_string(&path).unwrap().trim().to_owned();
    assert!(!key.is_empty() && !made.stdout.contains(&key) && !made.stderr.contains(&key));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let before = keys(&home, &sandbox, &["list", "--json"]).json()[0].as_array().unwrap().len();
    keys(&home, &sandbox, &["create", "team", "--to", "new.key"]).ends_with(2);
    let after = keys(&home, &sandbox, &["list", "--json"]).json()[0].as_array().unwrap().len();
    assert_eq!(before, after, "nothing is made that could not be kept");
}

#[test]
fn without_a_token_it_says_how_to_give_one() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.run(&sandbox, &["keys", "list"]).ends_with(3).says("RBGV_ADMIN_TOKEN");
    let mut wrong = home.command();
    wrong.env("RBGV_ADMIN_TOKEN", "planted-token").args(["keys", "list"]);
    let ran = Ran::of(&mut wrong).ends_with(3);
    assert!(!ran.stderr.contains("planted-token"));
}
