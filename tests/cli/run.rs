//! `rbgv run`: inputs, names, identity, options.

use crate::support::{Home, Ran, Sandbox, wait_for};

#[test]
fn one_clip_goes_the_whole_way_and_is_billed_once() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("my clip.mp4");
    let ran = home.run(&sandbox, &["run", "my clip.mp4"]).ends_with(0);
    let expected = home.work().join("my clip-nobg.webm");
    assert_eq!(ran.lines(), [expected.to_str().unwrap()]);
    assert!(expected.exists());
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.starts(), audit.bills()), (1, 1, 1, 1));
    assert_eq!(home.parts(), Vec::<String>::new());
}

#[test]
fn the_same_command_again_costs_nothing() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let first = home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    let again = home.run(&sandbox, &["run", "a.mp4"]).ends_with(0);
    assert_eq!(first.stdout, again.stdout);
    assert_eq!(sandbox.audit().bills(), 1);

    std::fs::rename(home.work().join("a.mp4"), home.work().join("renamed.mp4")).unwrap();
    home.run(&sandbox, &["run", "renamed.mp4"]).ends_with(0);
    assert!(home.work().join("renamed-nobg.webm").exists());
    assert_eq!(sandbox.audit().bills(), 1, "a renamed file is the same input");

    std::fs::remove_file(home.work().join("a-nobg.webm")).unwrap();
    std::fs::remove_file(home.work().join("renamed-nobg.webm")).unwrap();
    home.run(&sandbox, &["run", "renamed.mp4"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1, "a lost output is fetched again from its job");

    home.run(
        &sandbox,
        &["run", "renamed.mp4", "--model", "light", "--name", "{stem}-{model}.{ext}"],
    )
    .ends_with(0);
    assert_eq!(sandbox.audit().bills(), 2, "other options are other work");
    home.run(&sandbox, &["run", "renamed.mp4", "--again", "--overwrite"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 3, "--again makes a new attempt");
}

#[test]
fn a_tree_keeps_its_shape_and_equal_clips_share_a_bill() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("in/one.mp4");
    home.clip("in/sub/two.mp4");
    home.variant("in/sub/three.mov", 3);
    std::fs::write(home.work().join("in/notes.txt"), "x").unwrap();
    let ran = home.run(&sandbox, &["run", "in", "-r", "-o", "out"]).ends_with(0);
    assert_eq!(ran.lines().len(), 3);
    for name in ["out/one-nobg.webm", "out/sub/two-nobg.webm", "out/sub/three-nobg.webm"] {
        assert!(home.work().join(name).exists(), "{name}");
    }
    assert_eq!(sandbox.audit().bills(), 2);
    let again = home.run(&sandbox, &["run", ".", "-r", "-o", "out2"]).ends_with(0);
    assert_eq!(again.lines().len(), 3, "outputs are not inputs");
    assert_eq!(sandbox.audit().bills(), 2);
}

#[test]
fn lists_name_inputs_and_a_bad_one_stops_no_other() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("a.mp4", 1);
    home.variant("b with space.mp4", 2);
    std::fs::write(home.work().join("fake.mp4"), "<html>no video</html>").unwrap();
    std::fs::write(home.work().join("list"), "a.mp4\0fake.mp4\0b with space.mp4\0").unwrap();
    let ran = home
        .run(&sandbox, &["run", "--from-file", "list", "-0", "-o", "out/"])
        .ends_with(1)
        .says("fake.mp4");
    assert_eq!(ran.lines().len(), 2);
    assert_eq!(sandbox.audit().bills(), 2);
}

#[test]
fn mistakes_are_refused_before_anything_is_sent() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.clip("sub/a.mp4");
    std::fs::write(home.work().join("fake.mp4"), "not a video").unwrap();
    std::fs::write(home.work().join("page.png"), "<!DOCTYPE html><html></html>").unwrap();
    std::fs::write(home.work().join("empty.png"), "").unwrap();
    std::fs::write(home.work().join("there-nobg.webm"), "precious").unwrap();
    home.variant("there.mp4", 9);
    for (args, expected) in [
        (vec!["run", "a.mp4", "--format", "mp4"], "--background green"),
        (vec!["run", "a.mp4", "--prompt", "dog"], "--model pro"),
        (vec!["run", "a.mp4", "--background", "there.mp4"], "an image (png, jpeg, webp or gif)"),
        (vec!["run", "a.mp4", "--background", "page.png"], "a web page; use transparent, green"),
        (vec!["run", "a.mp4", "--background", "empty.png"], "it is empty; use transparent"),
        (vec!["run", "a.mp4", "--background", "gone.png"], "no such file; use transparent"),
        (vec!["run", "a.mp4", "--background", "sub/"], "a directory, not a file; use"),
        (vec!["run", "a.mp4", "--background", "ftp://x.example/a.png"], "ftp URLs"),
        (vec!["run", "a.mp4", "--canvas", "0x9"], "2 to 7680"),
        (vec!["run", "a.mp4", "--anchor", "moon"], "bottom-center"),
        (vec!["run", "a.mp4", "--scale", "NaN"], "0.01 to 10"),
        (vec!["run", "a.mp4", "--webhook-url", "hook"], "--webhook-url"),
        (vec!["upload", "gone.mp4", "page.png"], "gone.mp4"),
        (vec!["run", "fake.mp4"], "fake.mp4"),
        (vec!["run", "gone.mp4"], "gone.mp4"),
        (vec!["run", "a.mp4", "-o", "x.mov"], "--format"),
        (vec!["run", "there.mp4"], "--overwrite"),
        (vec!["run", "a.mp4", "--in-flight", "0"], "in-flight"),
        (vec!["run"], "INPUT"),
        (vec!["run", "a.mp4", "-o", "-", "--json"], "-o -"),
        (vec!["run", "a.mp4", "there.mp4", "-o", "-"], "-o DIR/"),
    ] {
        let ran = home.run(&sandbox, &args).ends_with(2).says(expected);
        if args.contains(&"--json") {
            assert_eq!(ran.json()[0]["error"]["exit_code"], 2, "{args:?}");
        } else {
            assert_eq!(ran.stdout, "", "{args:?}");
        }
    }
    // Two inputs that would write one file.
    home.variant("other/a.mp4", 5);
    home.run(&sandbox, &["run", "a.mp4", "other/a.mp4", "-o", "out/"]).ends_with(2).says("both");
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
    assert_eq!(std::fs::read(home.work().join("there-nobg.webm")).unwrap(), b"precious");
}

#[test]
fn every_option_of_the_contract_arrives() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let args = [
        "run",
        "a.mp4",
        "-o",
        "a.mov",
        "--model",
        "pro",
        "--format",
        "mov",
        "--background",
        "#336699",
        "--prompt",
        "person",
        "--canvas",
        "640x360",
        "--anchor",
        "bottom-center",
        "--scale",
        "0.5",
        "--offset",
        "-4,8",
        "--tag",
        "project=demo",
        "--set",
        "extra={\"a\":1}",
    ];
    home.run(&sandbox, &args).ends_with(0);
    let audit = sandbox.audit();
    let request = audit.0["work"][0]["request"].to_string().to_lowercase();
    let parts = [
        r#""model":"pro""#,
        r#""format":"mov""#,
        r#""color":[0.2"#,
        "[640,360]",
        "bottom-center",
        r#""scale":0.5"#,
        r#""offset":[-4,8]"#,
        r#""text_prompt":"person""#,
        r#""project":"demo""#,
    ];
    for part in parts {
        assert!(request.contains(part), "{part} is missing in {request}");
    }
}

#[test]
fn a_dry_run_prices_and_sends_nothing() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let ran = home.run(&sandbox, &["run", "a.mp4", "--dry-run", "--json"]).ends_with(0);
    let plan = &ran.json()[0];
    // Two seconds at sixty credits a minute.
    let credits = plan["estimated_credits"].as_f64().unwrap();
    assert!((credits - 2.0).abs() < 0.1, "{plan}");
    assert_eq!(plan["todo"], 1);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates()), (0, 0));
    home.run(&sandbox, &["status"]).ends_with(0);
}

#[test]
fn a_bound_on_credits_holds_and_resume_continues() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(4);
    let ran = home
        .run(&sandbox, &["run", ".", "-o", "out/", "--max-credits", "5"])
        .ends_with(4)
        .says("--max-credits");
    assert_eq!(ran.lines().len(), 2);
    assert_eq!(sandbox.audit().bills(), 2);
    let ran = home.run(&sandbox, &["resume", "--max-credits", "100"]).ends_with(0);
    assert_eq!(ran.lines().len(), 2);
    assert_eq!(sandbox.audit().bills(), 4);
}

#[test]
fn jobs_in_flight_keep_their_bound() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clips(12);
    home.run(&sandbox, &["run", ".", "-o", "out/", "--in-flight", "3"]).ends_with(0);
    let audit = sandbox.audit();
    assert_eq!(audit.bills(), 12);
    assert!(audit.most_in_flight() <= 3, "{}", audit.most_in_flight());
}

#[test]
fn bytes_can_go_to_standard_output() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    let output = home.keyed(&sandbox).args(["run", "a.mp4", "-o", "-"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(&output.stdout[..4], b"\x1a\x45\xdf\xa3", "the bytes of a WebM");
    assert_eq!(home.files(), ["a.mp4"]);
}

#[test]
fn jobs_can_be_left_alone_and_fetched_later() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("a.mp4", 1);
    home.variant("b.mp4", 2);
    let started = home.run(&sandbox, &["run", ".", "--no-wait"]).ends_with(0);
    assert_eq!(started.lines().len(), 2, "two ids: {}", started.stdout);
    home.run(&sandbox, &["status", "--wait"]).ends_with(0);
    let fetched = home.run(&sandbox, &["fetch", "--all"]).ends_with(0);
    assert_eq!(fetched.lines().len(), 2);
    assert!(home.work().join("a-nobg.webm").exists());
    home.run(&sandbox, &["run", "."]).ends_with(0);
    let audit = sandbox.audit();
    assert_eq!((audit.starts(), audit.bills()), (2, 2));
}

#[test]
fn drafts_cost_nothing_until_resumed() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4", "--draft"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 0);
    home.run(&sandbox, &["resume"]).ends_with(0);
    let audit = sandbox.audit();
    assert_eq!((audit.creates(), audit.bills()), (1, 1));
}

#[test]
fn a_failed_job_is_reported_and_retried_only_when_asked() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { fail_job = \"no subject found\" }\n",
    );
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(6).says("no subject found");
    home.run(&sandbox, &["run", "a.mp4"]).ends_with(6).says("--retry-failed");
    assert_eq!(sandbox.audit().starts(), 1);
    home.run(&sandbox, &["run", "a.mp4", "--retry-failed", "1"]).ends_with(0);
    assert_eq!(sandbox.audit().starts(), 2);
}

#[test]
fn watched_directories_give_files_as_they_are_finished() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/first.mp4", 1);
    let whole = std::fs::read(home.variant("second.mp4", 2)).unwrap();
    let child = home
        .keyed(&sandbox)
        .args(["run", "--watch", "in", "-o", "out/"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let wait = |what: &str, name: &str| wait_for(what, || home.work().join(name).exists());
    std::fs::write(home.work().join("in/second.mp4"), &whole[..whole.len() / 2]).unwrap();
    wait("the first", "out/first-nobg.webm");
    assert_eq!(sandbox.audit().bills(), 1, "half a file is no input");
    std::fs::write(home.work().join("in/second.mp4"), whole).unwrap();
    wait("the second", "out/second-nobg.webm");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(sandbox.audit().bills(), 2);
}

#[test]
fn new_options_start_with_one_job_and_a_surge_of_failures_stops() {
    let sandbox = Sandbox::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { fail_job = \"wrong option\" }\n",
    );
    let home = Home::with(&sandbox);
    home.clips(30);
    home.run(&sandbox, &["run", ".", "-o", "out/"]).ends_with(6).says("too many jobs are failing");
    let audit = sandbox.audit();
    assert!(audit.starts() <= 4, "{} jobs were paid for", audit.starts());
    sandbox.scenario("");
    home.run(&sandbox, &["resume"]).ends_with(1);
    assert_eq!(sandbox.audit().bills(), 30, "what failed is not paid for again");
}

#[test]
fn waiting_for_an_absent_service_is_reported_once() {
    let sandbox = Sandbox::quick();
    let home = Home::new();
    home.configure(&sandbox, "backoff_first = \"500ms\"\nbackoff_max = \"1s\"\n");
    home.clip("a.mp4");
    for args in [&["run", "a.mp4"][..], &["--json", "usage"], &["status", "job-1"]] {
        let mut command = home.keyed(&sandbox);
        command.env("RBGV_BASE_URL", "http://127.0.0.1:9").env("RBGV_API_KEY", "sk-test");
        let ran = Ran::of(command.args(args));
        let ran = ran.ends_with(5);
        assert_eq!(ran.stderr.matches("; retrying").count(), 1, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("connection refused"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_mistake_in_a_single_input_says_what_to_do() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    std::fs::write(home.work().join("no video.txt"), "text").unwrap();
    home.run(&sandbox, &["run", "no video.txt"])
        .ends_with(2)
        .says("no video.txt: it is not a video")
        .says("next: use an mp4, mov, webm or avi file");
    home.run(&sandbox, &["run", "gone.mp4"]).ends_with(2).says("next: ls");
    let message = home.run(&sandbox, &["upload", "no video.txt"]).ends_with(2).stderr;
    assert!(message.starts_with("error: no video.txt: it is not a video"), "{message}");
    assert!(message.ends_with("\n  next: use an mp4, mov, webm or avi file\n"), "{message}");
    assert_eq!(message.matches("no video.txt").count(), 1, "{message}");
}
