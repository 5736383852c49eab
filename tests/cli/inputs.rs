//! What inputs a run finds, what it says of those that it does not take, and what a watcher outlives.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::{Home, Ran, Sandbox, wait_for};

fn forbid(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
}

fn allow(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_folder_without_videos_says_what_is_in_it_and_is_not_a_success() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("deep/sub/a.mp4");
    std::fs::create_dir_all(home.work().join("other")).unwrap();
    std::fs::create_dir_all(home.work().join("empty")).unwrap();
    for name in ["1.MTS", "2.MTS", "notes.txt"] {
        std::fs::write(home.work().join("other").join(name), "x").unwrap();
    }
    for dry in [&["--dry-run"][..], &[]] {
        let run =
            |folder: &str| home.run(&sandbox, &[&["run", folder][..], dry].concat()).ends_with(2);
        run("deep").says("1 subdirectory (add -r)").says("next: rbgv run -r 'deep'");
        run("other").says("3 files with other extensions (.MTS, .txt)").says("--include '*.MTS'");
        run("empty").says("the directory is empty");
    }
    let message = home.run(&sandbox, &["run", "empty", "--json"]).ends_with(2).json();
    assert_eq!(message.last().unwrap()["error"]["exit_code"], 2);
    std::fs::write(home.work().join("list"), "\n").unwrap();
    home.run(&sandbox, &["run", "--from-file", "list"]).ends_with(0).says("nothing to do");
    let status = home.run(&sandbox, &["status", "--json"]).ends_with(0).stdout;
    assert!(!status.contains("\"batch\""), "nothing of it is kept: {status}");
    // The others are done all the same.
    let ran = home.run(&sandbox, &["run", "empty", "deep/sub", "-o", "out"]).ends_with(2);
    assert_eq!(ran.lines().len(), 1, "{}", ran.stderr);
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn unreadable_inputs_do_not_stop_others() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/a.mp4", 1);
    home.variant("in/closed/b.mp4", 2);
    home.variant("in/secret.mp4", 3);
    let (closed, secret) = (home.work().join("in/closed"), home.work().join("in/secret.mp4"));
    let run = |args: &[&str]| Ran::of(home.unprivileged(&sandbox).args(args));
    forbid(&closed);
    forbid(&secret);
    let ran = run(&["run", "-r", "in", "-o", "out"]).ends_with(1);
    let ran = ran.says("in/closed: skipped").says("in/secret.mp4: skipped");
    assert_eq!(ran.lines().len(), 1);
    for glob in ["closed", "closed/", "closed/**"] {
        let args = ["run", "-r", "in", "-o", "out", "--exclude", glob, "--exclude", "secret.*"];
        assert!(!run(&args).ends_with(0).stderr.contains("skipped"), "{glob} prunes");
    }
    // Named themselves, and beside others.
    run(&["run", "in/secret.mp4", "in/closed", "in/a.mp4", "-o", "out"])
        .ends_with(2)
        .says("in/secret.mp4: it cannot be read")
        .says("in/closed: no videos in this directory: cannot be read");
    run(&["run", "in/closed"]).ends_with(2).says("cannot be read").says("next: ls -ld");
    run(&["run", "in/secret.mp4"]).ends_with(2).says("cannot be read").says("next: ls -l");
    allow(&closed);
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn outputs_of_another_ledger_are_not_taken_for_inputs() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/a.mp4", 1);
    home.variant("in/b.mp4", 2);
    // Below the inputs, and beside them.
    home.run(&sandbox, &["run", "-r", "in", "-o", "in/done"]).ends_with(0);
    home.run(&sandbox, &["run", "in"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 2);
    let elsewhere = |args: &[&str]| {
        let mut command = home.keyed(&sandbox);
        Ran::of(command.env("RBGV_STATE_DIR", home.path("other")).args(args))
    };
    std::fs::create_dir(home.path("other")).unwrap();
    let again = ["run", "-r", "in", "-o", "in/done", "--overwrite"];
    elsewhere(&again).ends_with(2).says("2 files such as in/a-nobg.webm").says("--yes");
    elsewhere(&[&again[..], &["--dry-run"]].concat())
        .ends_with(2)
        .says("named like outputs of rbgv");
    let ran = elsewhere(&[&again[..], &["--yes"]].concat()).ends_with(0);
    assert_eq!(ran.lines().len(), 2, "{}", ran.stderr);
    elsewhere(&again).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 2, "asked once, and nothing is paid for again");
    assert!(!home.work().join("in/done/done").exists());
    // Its name alone makes no output of a file that is named itself.
    std::fs::copy(home.variant("c.mp4", 3), home.work().join("in/a-nobg.mp4")).unwrap();
    elsewhere(&["run", "in/a-nobg.mp4", "-o", "out/"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 3);
}

#[test]
fn a_dry_run_ends_as_the_run_would() {
    let failing =
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { fail_job = \"no subject\" }\n";
    let sandbox = Sandbox::with(failing);
    let home = Home::with(&sandbox);
    home.variant("bad/a.mp4", 1);
    home.run(&sandbox, &["run", "bad"]).ends_with(6);
    home.variant("in/b.mp4", 2);
    home.variant("in/c.mp4", 3);
    std::fs::write(home.work().join("in/fake.mp4"), "text").unwrap();
    let config = std::fs::read_to_string(home.path("config/rbgv/config.toml")).unwrap();
    let asking = config.replace("api_key_env", "confirm_above_credits = 1\napi_key_env");
    let write = |text: &str| std::fs::write(home.path("config/rbgv/config.toml"), text).unwrap();
    // (arguments, how both end)
    for (args, code) in [
        (vec!["run", "bad"], 6),
        (vec!["run", "bad", "in/b.mp4", "-o", "out", "--max-credits", "1"], 4),
        (vec!["run", "bad", "in/b.mp4", "-o", "out"], 1),
        (vec!["run", "in", "-o", "out", "--max-credits", "1"], 4),
        (vec!["run", "in", "-o", "out"], 1),
        (vec!["run", "in/b.mp4", "in/c.mp4", "-o", "out"], 0),
    ] {
        home.run(&sandbox, &[&args[..], &["--dry-run"]].concat()).ends_with(code);
        home.run(&sandbox, &args).ends_with(code);
    }
    home.variant("new/d.mp4", 4);
    write(&asking);
    for args in [&["run", "new"][..], &["run", "new", "--dry-run"]] {
        home.run(&sandbox, args).ends_with(2).says("no terminal to prompt on").says("--yes");
    }
    write(&config);
    let mut foreign = home.command();
    let args = ["run", "new", "--dry-run"];
    Ran::of(foreign.env("TEST_KEY", "rbv_unknown_key_0123456789").args(args)).ends_with(3);
}

#[test]
fn addresses_that_the_service_cannot_fetch_are_named_as_such() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "HTTPS://example.com/a.mp4", "--dry-run"]).ends_with(0);
    for (address, why) in [
        ("ftp://example.com/a.mp4", "ftp:// URLs are not supported"),
        ("File:///etc/a.mp4", "next: rbgv run '/etc/a.mp4'"),
        ("https://", "incomplete URL"),
    ] {
        home.run(&sandbox, &["run", address, "--dry-run"]).ends_with(2).says(why);
    }
    std::fs::write(home.work().join("list"), "\u{feff}ftp://bucket/b.mp4\r\na.mp4\r\n").unwrap();
    let ran = home.run(&sandbox, &["run", "--from-file", "list", "-o", "out"]).ends_with(1);
    assert_eq!(ran.says("ftp://bucket/b.mp4: skipped").lines().len(), 1);
    home.run(&sandbox, &["run", "--from-file", "a.mp4"])
        .ends_with(2)
        .says("an MP4 video instead of a list of inputs")
        .says("next: rbgv run");
}

#[test]
fn inputs_that_are_not_videos_do_not_stop_a_batch() {
    let scenario = "[[fault]]\non = \"POST /v1/jobs/*/start\"\ntimes = 5\n\
                    do = { fail_job = \"Invalid video: no frame of it can be decoded\" }\n";
    let sandbox = Sandbox::with(scenario);
    let home = Home::with(&sandbox);
    home.clips(12);
    let ran = home.run(&sandbox, &["run", ".", "-o", "out/"]).ends_with(1);
    assert_eq!(ran.lines().len(), 7, "{}", ran.stderr);
}

/// A watcher, and how it is ended.
struct Watcher(Child);

impl Watcher {
    fn start(home: &Home, sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = home.unprivileged(sandbox);
        command.args(["run", "--watch"]).args(args).stdout(Stdio::null());
        let message = std::fs::File::create(home.path("told")).unwrap();
        Self(command.stderr(message).spawn().unwrap())
    }

    fn interrupt(mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "it still watches");
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert_eq!(self.0.wait().unwrap().code(), Some(130));
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_watcher_survives_failures_of_single_files() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/a.mp4", 1);
    // Two that would be written to one output, a folder that is closed, and one that comes and goes.
    home.variant("in/one/clip.mp4", 2);
    home.variant("in/one/clip.mov", 3);
    home.variant("in/closed/b.mp4", 4);
    std::fs::create_dir(home.work().join("gone")).unwrap();
    let closed = home.work().join("in/closed");
    let watcher = {
        forbid(&closed);
        Watcher::start(&home, &sandbox, &["-r", "in", "gone", "-o", "in/done"])
    };
    let out = |name: &str| home.work().join("in/done").join(name);
    wait_for("the first", || out("a-nobg.webm").exists() && out("one/clip-nobg.webm").exists());
    std::fs::remove_dir(home.work().join("gone")).unwrap();
    std::fs::write(home.work().join("in/fake.mp4"), "text").unwrap();
    home.variant("in/c.mp4", 5);
    wait_for("a later one", || out("c-nobg.webm").exists());
    allow(&closed);
    wait_for("the closed one", || out("closed/b-nobg.webm").exists());
    home.variant("gone/d.mp4", 6);
    wait_for("the one that came back", || out("d-nobg.webm").exists());
    watcher.interrupt();
    let message = std::fs::read_to_string(home.path("told")).unwrap();
    assert_eq!(message.matches("cannot read in/closed").count(), 1, "{message}");
    assert!(message.contains("fake.mp4: skipped"), "{message}");
    assert!(!out("done").exists(), "its own outputs are left alone");
}

#[test]
fn a_watcher_resumes_what_it_paused() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    home.configure(&sandbox, "retry_after_max = \"1s\"\n");
    home.variant("in/a.mp4", 1);
    // Enough for one.
    sandbox.top_up(-10_000.0 + 2.5);
    let watcher = Watcher::start(&home, &sandbox, &["in", "-o", "out"]);
    let done = |name: &str| home.work().join("out").join(name).exists();
    let message = || std::fs::read_to_string(home.path("told")).unwrap();
    wait_for("the first", || done("a-nobg.webm"));
    home.variant("in/b.mp4", 2);
    wait_for("the credits to end", || message().contains("paused; retrying in"));
    sandbox.top_up(100.0);
    wait_for("the second", || done("b-nobg.webm"));
    // The service is away for longer than any call waits.
    sandbox.scenario(
        "[[fault]]\non = \"* /v1/**\"\ndo = { answer = { status = 503 } }\n\
         [[fault]]\non = \"* /api/**\"\ndo = { answer = { status = 503 } }\n",
    );
    home.variant("in/c.mp4", 3);
    wait_for("the outage", || message().contains("longer than outage_max"));
    sandbox.scenario("");
    wait_for("the third", || done("c-nobg.webm"));
    watcher.interrupt();
    assert_eq!(sandbox.audit().bills(), 3);
}

#[test]
fn a_watcher_ends_with_a_key_that_is_refused_and_watches_directories_only() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("in/a.mp4");
    for input in ["in/a.mp4", "nowhere", "https://example.com/a.mp4"] {
        home.run(&sandbox, &["run", "--watch", input])
            .ends_with(2)
            .says("--watch needs a directory");
    }
    let mut foreign = home.command();
    let args = ["run", "--watch", "in"];
    Ran::of(foreign.env("TEST_KEY", "rbv_unknown_key_0123456789").args(args)).ends_with(3);
}
