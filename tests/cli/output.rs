//! What is printed where.

use crate::support::{Home, Sandbox};

#[test]
fn without_a_terminal_there_is_a_line_for_each_input_and_no_colour() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(3);
    let ran = home.run(&sandbox, &["run", "."]).ends_with(0);
    assert!(!ran.stderr.contains('\x1b') && !ran.stderr.contains('\r'), "{:?}", ran.stderr);
    // What is planned, each input, and the summary.
    assert_eq!(ran.stderr.lines().count(), 5, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("clip-00").count(), 6, "{}", ran.stderr);
    assert_eq!(ran.lines().len(), 3);
    let steps =
        home.run(&sandbox, &["run", "clip-000.mp4", "--again", "--overwrite", "-v"]).ends_with(0);
    steps.says("clip-000.mp4: creating").says("clip-000.mp4: downloading");
}

#[test]
fn one_pipe_for_both_streams_has_one_line_for_each_input() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let log = std::fs::File::create(home.path("log")).unwrap();
    let mut command = home.keyed(&sandbox);
    command.args(["run", "a.mp4"]).stdout(log.try_clone().unwrap()).stderr(log);
    assert!(command.status().unwrap().success());
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
    assert!(log.lines().nth(1).unwrap().ends_with("a-nobg.webm"), "{log}");
}

#[test]
fn json_is_one_object_a_line_and_nothing_else() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(2);
    let ran = home.run(&sandbox, &["run", ".", "--json", "-o", "out/"]).ends_with(0);
    let done = ran.json().iter().filter(|object| object["event"] == "done").count();
    assert_eq!(done, 2, "{}", ran.stdout);
}

#[test]
fn quiet_leaves_only_results() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let ran = home.run(&sandbox, &["run", "-q", "a.mp4"]).ends_with(0);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.lines().len(), 1);
}

#[test]
fn hostile_names_and_messages_reach_the_terminal_escaped() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { fail_job = \"bad \\u001b[2Jword\\nerror: forged\" }\n",
    );
    let home = Home::with(&sandbox);
    home.clip("a\x1b[31m\nb.mp4");
    let ran = home.run(&sandbox, &["run", "a\x1b[31m\nb.mp4"]).ends_with(6);
    assert!(!ran.stderr.contains('\x1b'), "{:?}", ran.stderr);
    assert!(!ran.stderr.lines().any(|line| line.starts_with("error: forged")), "{}", ran.stderr);
    let ran = home.run(&sandbox, &["run", "a\x1b[31m\nb.mp4", "--retry-failed", "1"]).ends_with(0);
    assert!(ran.stdout.contains('\x1b'), "a path for scripts is the path");
}

#[test]
fn a_reader_that_disconnects_is_not_an_error() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let mut command = std::process::Command::new("sh");
    let line = format!("'{}' completions bash | head -n 1", crate::support::RBGV);
    let output = command.args(["-c", &line]).current_dir(home.work()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_end_of_a_run_is_notified_if_asked() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let bin = home.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = bin.join("notify-send");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s|' \"$@\" >> notified; env >> notified\n")
        .unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |args: &[&str]| {
        crate::support::Ran::of(home.keyed(&sandbox).env("PATH", &path).arg("run").args(args))
    };
    run(&["a.mp4"]).ends_with(0);
    assert!(!home.work().join("notified").exists());
    let ran = run(&["a.mp4", "--notify"]).ends_with(0);
    assert!(!ran.stderr.contains('\x07'), "no bell without a terminal");
    let message = std::fs::read_to_string(home.work().join("notified")).unwrap();
    assert!(message.starts_with("--app-name=rbgv|rbgv|finished|"), "{message}");
    assert!(!message.contains(&sandbox.api_key), "it gets no key");
}
