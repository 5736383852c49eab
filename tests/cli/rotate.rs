//! Rotating a key: both at once, jobs with the key that made them, and no end before its time.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::support::{Home, Ran, Sandbox, wait_for};

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

    fn config(&self) -> String {
        std::fs::read_to_string(self.home.path("config/rbgv/config.toml")).unwrap()
    }

    /// Names of the files that hold keys.
    fn key_files(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.home.path("config/rbgv")).unwrap();
        let names = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".key")).collect();
        names.sort();
        names
    }

    /// Begins with a key on standard input.
    fn begin_with(&self, key: &str) -> Ran {
        let mut command = self.home.command();
        command.env("TEST_KEY", &self.old).args(["profile", "rotate", "--begin", "--key-stdin"]);
        Ran::with_input(&mut command, &format!("{key}\n"))
    }

    /// Switches a key of the sandbox on or off, by its fingerprint.
    fn switch(&self, which: &str, fingerprint: &str) {
        let mut command = self.home.command();
        command.env("RBGV_ADMIN_TOKEN", &self.sandbox.admin_token);
        Ran::of(command.args(["keys", which, fingerprint])).ends_with(0);
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
fn new_jobs_take_the_new_key_and_nothing_is_paid_for_twice() {
    let rotation = Rotation::new();
    rotation.home.clips(4);
    rotation.run(&["run", "clip-000.mp4", "clip-001.mp4", "-o", "out/"]).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    let starts = rotation.starts();
    assert_eq!((starts.len(), starts.values().sum::<usize>()), (2, 4), "{starts:?}");
    assert_eq!(rotation.sandbox.audit().bills(), 4);
    let status = rotation.rotate(&["--status", "--json"]).ends_with(0).json();
    let keys = status[0]["keys"].as_array().unwrap();
    assert_eq!((&keys[0]["jobs"], &keys[1]["jobs"]), (&2.into(), &2.into()), "{status:?}");
    assert_eq!((&keys[0]["completed"], &keys[1]["completed"]), (&2.into(), &2.into()));
    // The same command again pays nothing.
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert_eq!(rotation.sandbox.audit().bills(), 4);
    rotation.rotate(&["--finish"]).ends_with(0);
    let config = std::fs::read_to_string(rotation.home.path("config/rbgv/config.toml")).unwrap();
    assert!(config.contains("api_key_env = \"NEW_KEY\"") && !config.contains("TEST_KEY"));
    rotation.run(&["run", ".", "-o", "out/"]).ends_with(0);
    assert_eq!(rotation.sandbox.audit().bills(), 4, "nothing is paid for twice by a new key");
}

#[test]
fn jobs_are_followed_with_the_key_that_created_them_and_prevent_the_finish() {
    let rotation = Rotation::new();
    rotation.home.clips(3);
    let started = rotation.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    let old_job = started.lines()[0].to_owned();
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.rotate(&["--finish"]).ends_with(2).says("3 jobs still need");
    rotation.home.variant("late.mp4", 77);
    let late = rotation.run(&["run", "late.mp4", "-o", "out/", "--no-wait"]).ends_with(0);
    let new_job = late.lines()[0].to_owned();
    let asked = rotation.run(&["status", "--json", &old_job, &new_job]).ends_with(0);
    assert_eq!(asked.json().len(), 2, "each is asked for with its own key");
    rotation.run(&["status", "--wait"]).ends_with(0);
    rotation.run(&["status", "--remote"]).ends_with(0);
    rotation.rotate(&["--abort"]).ends_with(2).says("1 job still needs");
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
    rotation.home.variant("later/never.mp4", 99);
    rotation.sandbox.scenario(
        "[[fault]]\non = \"POST /v1/uploads\"\ndo = { answer = { status = 402, code = \"insufficient_credits\" } }\n",
    );
    rotation.run(&["run", "later/never.mp4"]).ends_with(4);
    rotation.sandbox.scenario("");
    rotation.home.clips(6);
    rotation.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.run(&["resume", "2"]).ends_with(0);
    assert_eq!(rotation.starts().len(), 1, "their own key");
    // What was planned with the old key and sent nothing is made with the new one.
    rotation.run(&["resume", "1"]).ends_with(0);
    assert_eq!(rotation.starts().len(), 2);
    assert_eq!(rotation.sandbox.audit().bills(), 7);
    rotation.rotate(&["--finish"]).ends_with(0);
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

#[test]
fn figures_alarm_and_audit_are_of_both_keys() {
    let rotation = Rotation::new();
    rotation.home.clips(2);
    rotation.run(&["run", "clip-000.mp4"]).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.run(&["run", "clip-001.mp4"]).ends_with(0);

    let usage = rotation.run(&["usage", "--events", "--json"]).ends_with(0).json().remove(0);
    assert_eq!((&usage["jobs"], &usage["credits_used"]), (&2.into(), &4.0.into()), "{usage}");
    assert_eq!(usage["by_day"][0]["credits"], 4.0, "{usage}");
    let keys = usage["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key["credits_used"] == 2.0), "{usage}");
    assert_eq!(usage["events"].as_array().unwrap().len(), 2);
    assert_eq!(usage["events"][1]["key_fingerprint"], keys[1]["key_fingerprint"]);
    let text = rotation.run(&["usage"]).ends_with(0).stdout;
    assert!(text.contains("total") && text.contains("4.00 credits"), "{text}");
    rotation.run(&["usage", "--budget", "3"]).ends_with(10).says("4.00 credits");

    let audit = |code| {
        let ran = rotation.run(&["usage", "--reconcile", "--lag", "0", "--json"]);
        ran.ends_with(code).json().remove(0)
    };
    let both = audit(0);
    assert_eq!((&both["verdict"], &both["matched"]), (&"matched".into(), &2.into()), "{both}");
    // Once the old key is gone, its jobs cannot be asked about, and are not passed over.
    rotation.rotate(&["--finish"]).ends_with(0);
    let one = audit(0);
    assert_eq!((&one["verdict"], &one["matched"]), (&"unproven".into(), &1.into()), "{one}");
    assert!(one["unchecked"].to_string().contains("another key"), "{one}");
}

#[test]
fn a_key_on_standard_input_leaves_nothing_behind_when_it_is_wrong() {
    let rotation = Rotation::new();
    let before = rotation.config();
    let wrong = rotation.begin_with("sk-planted-wrong").ends_with(3);
    assert!(!wrong.stderr.contains("sk-planted"), "{}", wrong.stderr);
    assert_eq!((rotation.config(), rotation.key_files().len()), (before.clone(), 0));
    rotation.begin_with(&rotation.new).ends_with(0);
    assert!(!rotation.config().contains(&rotation.new), "the key is in a file of its own");
    assert_eq!(rotation.key_files().len(), 1);
    rotation.rotate(&["--abort"]).ends_with(0);
    assert_eq!(rotation.config(), before);
    // The same key again, and then a third one: each has a file of its own.
    rotation.begin_with(&rotation.new).ends_with(0);
    rotation.rotate(&["--finish"]).ends_with(0).says("variable TEST_KEY");
    rotation.begin_with(&rotation.sandbox.new_key()).ends_with(0);
    assert_eq!(rotation.key_files().len(), 2);
    rotation.rotate(&["--finish"]).ends_with(0).says("test-");
    rotation.run(&["usage"]).ends_with(0);
}

#[test]
fn killed_while_the_new_key_is_tried_nothing_has_begun() {
    let rotation = Rotation::new();
    let before = rotation.config();
    rotation
        .sandbox
        .scenario("[[fault]]\non = \"GET /v1/usage/summary\"\ndo = { delay = \"30s\" }\n");
    let mut command = rotation.home.command();
    command.env("TEST_KEY", &rotation.old).env("NEW_KEY", &rotation.new);
    command.args(["profile", "rotate", "--begin", "--key-env", "NEW_KEY"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let asked = || rotation.sandbox.audit().0["requests"].to_string().contains("usage/summary");
    wait_for("the new key to be tried", asked);
    assert_eq!(rotation.config(), before, "nothing is written before the service has taken it");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(rotation.config(), before);
    rotation.sandbox.scenario("");
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
}

#[test]
fn a_rotation_to_a_key_that_was_switched_off_can_only_be_aborted() {
    let rotation = Rotation::new();
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    let status = rotation.rotate(&["--status", "--json"]).ends_with(0).json().remove(0);
    let print = status["keys"][1]["key_fingerprint"].as_str().unwrap().to_owned();
    rotation.switch("disable", &print);
    let before = rotation.config();
    rotation.rotate(&["--finish"]).ends_with(3);
    assert_eq!(rotation.config(), before);
    // The way back is always open.
    let aborted = rotation.rotate(&["--abort", "--json"]).ends_with(0).json().remove(0);
    assert_eq!(
        (&aborted["step"], &aborted["dropped_key_fingerprint"]),
        (&"abort".into(), &print.into())
    );
}

#[test]
fn a_new_key_that_is_refused_does_not_stop_jobs_of_the_old_one() {
    let rotation = Rotation::new();
    rotation.home.clip("old.mp4");
    rotation.run(&["run", "old.mp4", "--no-wait"]).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    let status = rotation.rotate(&["--status", "--json"]).ends_with(0).json().remove(0);
    rotation.switch("disable", status["keys"][1]["key_fingerprint"].as_str().unwrap());
    rotation.home.variant("a.mp4", 77);
    let both = rotation.run(&["run", "old.mp4", "a.mp4"]).ends_with(3).says("not valid");
    assert_eq!((both.lines().len(), rotation.sandbox.audit().bills()), (1, 1));
    // After the rotation is aborted, the input that sent nothing is made with the old key.
    rotation.rotate(&["--abort"]).ends_with(0);
    rotation.run(&["resume"]).ends_with(0);
    assert_eq!((rotation.starts().len(), rotation.sandbox.audit().bills()), (1, 2));
}

#[test]
fn a_running_process_prevents_the_finish() {
    let rotation = Rotation::new();
    rotation.home.clips(4);
    rotation.sandbox.scenario("[[fault]]\non = \"POST /v1/uploads\"\ndo = { delay = \"60s\" }\n");
    let mut command = rotation.home.command();
    command.env("TEST_KEY", &rotation.old).args(["run", ".", "-o", "out/"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("an upload", || {
        rotation.sandbox.audit().0["requests"].to_string().contains("/v1/uploads")
    });
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(0);
    rotation.rotate(&["--finish"]).ends_with(2).says("4 jobs still need");
    run.kill().unwrap();
    run.wait().unwrap();
    rotation.rotate(&["--finish"]).ends_with(0);
    rotation.sandbox.scenario("");
    let mut resume = rotation.home.command();
    Ran::of(resume.env("NEW_KEY", &rotation.new).arg("resume")).ends_with(0);
    assert_eq!(rotation.sandbox.audit().bills(), 4);
}

#[test]
fn a_rotation_that_could_have_no_effect_is_refused() {
    let rotation = Rotation::new();
    let before = rotation.config();
    let mut command = rotation.home.command();
    command.env("TEST_KEY", &rotation.old).env("RBGV_API_KEY", &rotation.old);
    command.env("NEW_KEY", &rotation.new);
    command.args(["profile", "rotate", "--begin", "--key-env", "NEW_KEY"]);
    Ran::of(&mut command).ends_with(2).says("RBGV_API_KEY");
    // A project's own key overrides that of the user's file.
    std::fs::write(rotation.home.work().join("own.key"), &rotation.old).unwrap();
    let project = "[profiles.test]\napi_key_file = \"own.key\"\n";
    std::fs::write(rotation.home.work().join("rbgv.toml"), project).unwrap();
    Ran::of(rotation.home.command().args(["config", "trust"])).ends_with(0);
    rotation.rotate(&["--begin", "--key-env", "NEW_KEY"]).ends_with(2).says("rbgv.toml");
    std::fs::remove_file(rotation.home.work().join("rbgv.toml")).unwrap();
    // A key where the name of a variable belongs is not repeated.
    let mistaken = rotation.rotate(&["--begin", "--key-env", "sk-live-planted"]).ends_with(3);
    assert!(!mistaken.stderr.contains("planted"), "{}", mistaken.stderr);
    assert_eq!(rotation.config(), before);
}

#[test]
fn a_job_whose_key_is_not_loaded_is_paused_and_not_polled() {
    let rotation = Rotation::new();
    rotation.home.clips(2);
    let started = rotation.run(&["run", ".", "-o", "out/", "--no-wait"]).ends_with(0);
    let asked = || {
        let requests = rotation.sandbox.audit().0["requests"].as_array().unwrap().clone();
        requests.iter().filter(|row| row["status"] == 404).count()
    };
    let mut resume = rotation.home.command();
    resume.env("RBGV_API_KEY", &rotation.new).arg("resume");
    Ran::of(&mut resume).ends_with(3).says("which is not loaded");
    let mut status = rotation.home.command();
    status.env("RBGV_API_KEY", &rotation.new).args(["status", started.lines()[0]]);
    Ran::of(&mut status).ends_with(3).says("which is not loaded");
    assert_eq!(asked(), 0, "another key is not asked about it");
    // Nothing was lost by the mistake.
    let fetched = rotation.run(&["resume"]).ends_with(0);
    assert_eq!((fetched.lines().len(), rotation.sandbox.audit().bills()), (2, 2));
}
