//! Profiles: adding, trying, and what is said of production.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Home, Ran, Sandbox};

#[test]
fn a_profile_is_added_and_checked() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let mut add = home.command();
    add.args(["profile", "add", "live", "--base-url", &sandbox.base_url]).args([
        "--environment",
        "staging",
        "--default",
        "--key-stdin",
    ]);
    let added = Ran::with_input(&mut add, &format!("{}\n", sandbox.api_key)).ends_with(0);
    let config = std::fs::read_to_string(home.path("config/rbgv/config.toml")).unwrap();
    for text in [&config, &added.stdout, &added.stderr] {
        assert!(!text.contains(&sandbox.api_key), "the key stands in a file of its own: {text}");
    }
    let kept = home.path("config/rbgv/live.key");
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let checked = home.run_alone(&["profile", "check", "live", "--json"]).ends_with(0);
    let checks = checked.json()[0]["checks"].as_array().unwrap().clone();
    assert!(checks.iter().all(|check| check["ok"] == true), "{checks:?}");
    let shown = home.run_alone(&["profile", "show"]).ends_with(0);
    assert!(shown.stdout.contains("staging") && !shown.stdout.contains(&sandbox.api_key));
    Ran::with_input(&mut add, "another\n").ends_with(2).says("already");
}

#[test]
fn a_profile_that_does_not_work_says_where_and_how() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let add = |name: &str, more: &[&str]| {
        let base = ["profile", "add", name, "--base-url", &sandbox.base_url];
        home.run_alone(&[&base[..], more].concat())
    };
    let refused = add("unset", &["--key-env", "NO_SUCH_VARIABLE"]).ends_with(3);
    refused.says("NO_SUCH_VARIABLE").says("--no-check");
    add("unset", &["--key-env", "NO_SUCH_VARIABLE", "--no-check"]).ends_with(0);
    let unset = home.run_alone(&["profile", "check", "unset"]).ends_with(3);
    assert!(unset.stdout.contains("NO_SUCH_VARIABLE"), "{}", unset.stdout);
    assert!(unset.stdout.contains("healthy"), "what needs no key is looked at");
    std::fs::write(home.work().join("wrong.key"), "sk-planted-wrong\n").unwrap();
    let refused = add("wrong", &["--key-file", "wrong.key"]).ends_with(3).says("401");
    assert!(!refused.stderr.contains("sk-planted"));
    add("wrong", &["--key-file", "wrong.key", "--no-check"]).ends_with(0);
    let wrong = home.run_alone(&["profile", "check", "wrong"]).ends_with(3);
    assert!(wrong.stdout.contains("401") && !wrong.stdout.contains("sk-planted"));
    add("none", &[]).ends_with(0).says("RBGV_API_KEY");
    home.run_alone(&["profile", "check", "nope"]).ends_with(3).says("nope");
}

#[test]
fn production_says_so_and_asks_before_a_large_write() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let profile = |bound: &str| {
        let config = format!(
            "[profiles.live]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\n\
             environment = \"prod\"\n{bound}",
            sandbox.base_url
        );
        std::fs::write(home.path("config/rbgv/config.toml"), config).unwrap();
    };
    profile("confirm_above_credits = 0.01\n");
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(2).says("production profile").says("--yes");
    assert_eq!(sandbox.audit().uploads(), 0, "nothing was sent");
    home.run(&sandbox, &["run", "a.mp4", "--yes"]).ends_with(0).says("production profile");
    profile("");
    home.variant("b.mp4", 1);
    home.run(&sandbox, &["run", "b.mp4"]).ends_with(0).says("production profile");
    let again = home.run(&sandbox, &["run", "b.mp4"]).ends_with(0);
    assert!(!again.stderr.contains("production profile"), "nothing is written: {}", again.stderr);
}

#[test]
fn every_write_to_production_says_so_first_and_quietly_too() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    let config = format!(
        "[profiles.live]\nbase_url = \"{}\"\napi_key_env = \"TEST_KEY\"\nenvironment = \"prod\"\n\
         confirm_above_credits = 3\n",
        sandbox.base_url
    );
    std::fs::write(home.path("config/rbgv/config.toml"), config).unwrap();
    home.clip("a.mp4");
    home.variant("b.mp4", 1);
    home.run(&sandbox, &["-q", "upload", "a.mp4"]).ends_with(0).says("production profile");
    home.run(&sandbox, &["-q", "smoke-test", "--only", "not-a-video"]).says("production profile");
    home.run(&sandbox, &["-q", "smoke-test", "--budget", "3", "--only", "success"])
        .ends_with(0)
        .says("production profile");
    home.run(&sandbox, &["smoke-test", "--budget", "4", "--only", "success"])
        .ends_with(2)
        .says("--yes");
    let ran = home.run(&sandbox, &["-q", "run", "a.mp4"]).ends_with(0).says("production profile");
    assert!(ran.stderr.contains("1 job, about"), "{}", ran.stderr);
    // What costs nothing and changes nothing is not a write.
    for args in
        [&["usage"][..], &["status", "--remote"], &["fetch", "--all"], &["profile", "check"]]
    {
        let ran = home.run(&sandbox, args).ends_with(0);
        assert!(!ran.stderr.contains("production profile"), "{args:?}: {}", ran.stderr);
    }
    // A batch of small jobs is large by its sum.
    home.run(&sandbox, &["run", "a.mp4", "b.mp4", "--again", "--overwrite"])
        .ends_with(2)
        .says("--yes");
    let tried =
        home.run(&sandbox, &["run", "b.mp4", "--draft"]).ends_with(0).says("production profile");
    assert!(tried.lines().len() == 1);
}

#[test]
fn a_profile_is_refused_before_its_key_is_kept() {
    let home = Home::new();
    let mut add = home.command();
    add.args(["profile", "add", "../up", "--key-stdin"]);
    Ran::with_input(&mut add, "sk-planted\n").ends_with(2).says("letters");
    assert!(!home.path("config/up.key").exists());
    let mut add = home.command();
    add.args(["profile", "add", "two", "--key-stdin", "--base-url", "http://far.example"]);
    Ran::with_input(&mut add, "sk-planted\n").ends_with(3).says("allow_http");
    assert!(!home.path("config/rbgv/two.key").exists(), "nothing names it");
    std::fs::write(home.path("config/rbgv/three.key"), "another\n").unwrap();
    let mut add = home.command();
    add.args(["profile", "add", "three", "--key-stdin", "--no-check"]);
    let ran = Ran::with_input(&mut add, "sk-planted\n").ends_with(9).says("--key-file");
    assert!(!ran.stderr.contains("sk-planted"));
    home.run_alone(&["profile", "add", "four", "--key-env", "sk-planted"]).ends_with(3);
    let listed = home.run_alone(&["profile", "list", "--json"]).ends_with(0);
    assert!(!listed.stdout.contains("planted"), "{}", listed.stdout);
}
