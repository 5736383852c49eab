//! Rotating a key: both at once, jobs with the key that made them, and no end before its time.

use std::collections::BTreeMap;

use crate::support::{Home, Ran, Sandbox};

struct Rotation {
    sandbox: Sandbox,
    home: Home,
    old: String,
    new: String,
}

impl Rotation {
    fn new() -> Self {
        let sandbox = Sandbox::quick();
        let (old, new) = (sandbox.api_key.clone(), sandbox.new_key());
        Self { home: Home::with(&sandbox), sandbox, old, new }
    }

    /// Runs with both keys within reach.
    fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.home.command();
        command.env("TEST_KEY", &self.old).env("NEW_KEY", &self.new);
        Ran::of(command.args(args))
    }

    fn rotate(&self, args: &[&str]) -> Ran {
        self.run(&[&["profile", "rotate"], args].concat())
    }

    /// Starts that the service saw, by key.
    fn starts(&self) -> BTreeMap<String, usize> {
        let audit = self.sandbox.audit();
        let mut by_key = BTreeMap::new();
        for row in audit.0["requests"].as_array().unwrap() {
            if row["path"].as_str().is_some_and(|path| path.ends_with("/start")) {
                *by_key.entry(row["key"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        by_key
    }
}

#[test]
fn a_share_of_new_jobs_goes_to_the_new_key() {
    let rotation = Rotation::new();
    rotation.home.clips(12);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY", "--share", "50"]).ends_with(0);
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    let starts = rotation.starts();
    assert_eq!((starts.len(), starts.values().sum::<usize>()), (2, 12), "{starts:?}");
    assert_eq!(rotation.sandbox.audit().bills(), 12);
    let status = rotation.rotate(&["--status", "--json"]).ends_with(0).json();
    let keys = status[0]["keys"].as_array().unwrap();
    let jobs = |at: usize| keys[at]["jobs"].as_u64().unwrap();
    assert!(jobs(0) > 0 && jobs(1) > 0 && jobs(0) + jobs(1) == 12, "{status:?}");
    assert_eq!(keys[0]["completed"].as_u64().unwrap() + keys[1]["completed"].as_u64().unwrap(), 12);
    // The same command again pays nothing, whatever the share is by now.
    rotation.rotate(&["--share", "100"]).ends_with(0);
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert_eq!(rotation.sandbox.audit().bills(), 12);
    rotation.rotate(&["--finish"]).ends_with(0);
    let config = std::fs::read_to_string(rotation.home.path("config/rbgv/config.toml")).unwrap();
    assert!(config.contains("api_key_env = \"NEW_KEY\"") && !config.contains("TEST_KEY"));
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert_eq!(rotation.sandbox.audit().bills(), 12, "nothing is paid for twice by a new key");
}

#[test]
fn jobs_are_followed_with_the_key_that_made_them_and_hold_up_the_end() {
    let rotation = Rotation::new();
    rotation.home.clips(3);
    let started = rotation.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    let old_job = started.lines()[0].to_owned();
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY", "--share", "100"]).ends_with(0);
    rotation.rotate(&["--finish"]).ends_with(2).says("3 jobs need");
    rotation.home.variant("late.mp4", 77);
    let late = rotation.run(&["run", "late.mp4", "-o", "out/", "--no-wait"]).ends_with(0);
    let new_job = late.lines()[0].to_owned();
    let asked = rotation.run(&["status", "--json", &old_job, &new_job]).ends_with(0);
    assert_eq!(asked.json().len(), 2, "each is asked for with its own key");
    rotation.run(&["status", "--wait"]).ends_with(0);
    rotation.run(&["status", "--remote"]).ends_with(0);
    rotation.rotate(&["--give-up"]).ends_with(2).says("1 job needs");
    let fetched = rotation.run(&["fetch", "--all"]).ends_with(0);
    assert_eq!(fetched.lines().len(), 4);
    let old = rotation.run(&["fetch", &old_job, "-o", "again/"]).ends_with(0);
    assert_eq!(old.lines().len(), 1);
    rotation.rotate(&["--finish"]).ends_with(0).says("rbgv keys disable");
    assert_eq!(rotation.sandbox.audit().bills(), 4);
}

#[test]
fn an_interrupted_batch_is_resumed_with_both_keys() {
    let rotation = Rotation::new();
    rotation.home.clips(6);
    rotation.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.run(&["resume"]).ends_with(0);
    assert_eq!(rotation.starts().len(), 1, "their own key");
    // What was planned with the old key and sent nothing is made with the new one afterwards.
    rotation.home.variant("never.mp4", 99);
    rotation.sandbox.scenario(
        "[[fault]]\non = \"POST /v1/uploads\"\ndo = { answer = { status = 402, code = \"insufficient_credits\" } }\n",
    );
    rotation.run(&["run", "never.mp4"]).ends_with(4);
    rotation.sandbox.scenario("");
    rotation.rotate(&["--finish"]).ends_with(0);
    let mut command = rotation.home.command();
    command.env("NEW_KEY", &rotation.new).args(["resume"]);
    Ran::of(&mut command).ends_with(0);
    assert_eq!(rotation.starts().len(), 2);
    assert_eq!(rotation.sandbox.audit().bills(), 7);
}

#[test]
fn a_new_key_that_does_not_work_changes_nothing() {
    let rotation = Rotation::new();
    let before = std::fs::read_to_string(rotation.home.path("config/rbgv/config.toml")).unwrap();
    rotation.rotate(&["--status"]).ends_with(2).says("--begin");
    rotation.rotate(&["--begin", "--key-env", "TEST_KEY"]).ends_with(2).says("already");
    std::fs::write(rotation.home.work().join("bad"), "sk-planted\n").unwrap();
    let ran = rotation.rotate(&["--begin", "--key-file", "bad"]).ends_with(3);
    assert!(!ran.stderr.contains("sk-planted"));
    let after = std::fs::read_to_string(rotation.home.path("config/rbgv/config.toml")).unwrap();
    assert_eq!(before, after);
}
