//! Where outputs go: proven before anything is billed, and named so that none is lost.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::support::{Home, Ran, Sandbox, wait_for};

/// Who is nobody on Linux.
const NOBODY: u32 = 65_534;

fn pipe(path: &Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_regular_files_that_are_not_inputs_are_replaced() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let clip = home.clip("a.mp4");
    home.variant("b.mp4", 2);
    let before = std::fs::read(&clip).unwrap();
    let work = home.work();
    pipe(&work.join("pipe.webm"));
    std::fs::create_dir(work.join("folder.webm")).unwrap();
    std::fs::create_dir(work.join("b-nobg.webm")).unwrap();
    symlink("/dev/null", work.join("null.webm")).unwrap();
    symlink("nowhere", work.join("dangling.webm")).unwrap();
    symlink("a.mp4", work.join("link.webm")).unwrap();
    std::fs::hard_link(&clip, work.join("hard.webm")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(work.join("socket.webm")).unwrap();
    let mp4 = ["--format", "mp4", "--background", "green"];
    for (args, expected) in [
        (&["run", "a.mp4", "-o", "pipe.webm"][..], "a pipe"),
        (&["run", "a.mp4", "-o", "socket.webm"], "a socket"),
        (&["run", "a.mp4", "-o", "null.webm"], "a symbolic link"),
        (&["run", "a.mp4", "-o", "dangling.webm"], "a symbolic link"),
        (&["run", "a.mp4", "-o", "/dev/null"], "a device"),
        (&["run", "b.mp4"], "a directory"),
        (&["run", "a.mp4", "-o", "link.webm"], "never replaced"),
        (&["run", "a.mp4", "-o", "hard.webm"], "never replaced"),
        (
            &["run", "a.mp4", "--name", "{stem}.mp4", mp4[0], mp4[1], mp4[2], mp4[3]],
            "never replaced",
        ),
        // The input that would be replaced is found before, and after, the one that replaces it.
        (
            &["run", "b.mp4", "a.mp4", "--name", "a.{ext}", mp4[0], mp4[1], mp4[2], mp4[3]],
            "never replaced",
        ),
        (
            &["run", "a.mp4", "b.mp4", "--name", "b.{ext}", mp4[0], mp4[1], mp4[2], mp4[3]],
            "never replaced",
        ),
    ] {
        for extra in [&["--overwrite"][..], &["--dry-run"]] {
            let reported =
                home.run(&sandbox, &[args, extra].concat()).ends_with(2).says(expected).stderr;
            assert!(!reported.contains("add --overwrite"), "{reported}");
        }
    }
    // Where it was refused, the folder and the pipe are still there.
    assert!(work.join("folder.webm").is_dir() && work.join("b-nobg.webm").is_dir());
    assert_eq!(std::fs::read(&clip).unwrap(), before);
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
}

#[test]
fn outputs_among_the_inputs_may_be_replaced() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("a.mp4");
    std::fs::write(home.work().join("a-nobg.webm"), "no video").unwrap();
    home.run(&sandbox, &["run", ".", "--overwrite"]).ends_with(1);
    for name in ["{stem}-nobg.{ext}", "{stem}~.{ext}"] {
        for flags in [&[][..], &["--overwrite"], &["--overwrite", "--again"]] {
            let args = [&["run", ".", "--name", name][..], flags].concat();
            assert_eq!(home.run(&sandbox, &args).ends_with(0).lines().len(), 1, "{args:?}");
        }
    }
    // An input that is not one claims no output.
    home.variant("list/a.mov", 3);
    std::fs::write(home.work().join("list/a.mp4"), "no video").unwrap();
    home.run(&sandbox, &["run", "list"]).ends_with(1);
    assert!(home.work().join("list/a-nobg.webm").exists());
}

#[test]
fn fetch_and_resume_prove_their_targets_too() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let clip = home.clip("a.mp4");
    let started = home.run(&sandbox, &["run", "a.mp4", "--no-wait"]).ends_with(0);
    let job = started.lines()[0].to_owned();
    pipe(&home.work().join("pipe.webm"));
    std::fs::hard_link(&clip, home.work().join("hard.webm")).unwrap();
    for (target, expected) in [("pipe.webm", "a pipe"), ("hard.webm", "never replaced")] {
        home.run(&sandbox, &["fetch", &job, "-o", target, "--overwrite"])
            .ends_with(2)
            .says(expected);
    }
    pipe(&home.work().join("a-nobg.webm"));
    home.run(&sandbox, &["resume", "--overwrite"]).ends_with(2).says("a pipe").says("rbgv resume");
    std::fs::remove_file(home.work().join("a-nobg.webm")).unwrap();
    home.run(&sandbox, &["resume"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn a_long_name_is_fetched_or_refused_before_it_is_billed() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    // With "-nobg.webm", 255 bytes: as long as a name can be.
    home.variant(&format!("in/{}.mp4", "n".repeat(245)), 1);
    home.run(&sandbox, &["run", "in", "-o", "out"]).ends_with(0);
    assert_eq!((home.parts(), sandbox.audit().bills()), (vec![], 1));
    home.variant(&format!("{}.mp4", "n".repeat(246)), 2);
    let long = format!("{}.webm", "o".repeat(300));
    let folder = format!("new/{}/x.webm", "o".repeat(300));
    let name = format!("{}.mp4", "n".repeat(246));
    for output in [&[][..], &["-o", "new/"], &["-o", &long], &["-o", &folder]] {
        let args = [&["run", &name][..], output].concat();
        let ran = home.run(&sandbox, &args);
        assert!(ran.code == 2 || ran.code == 9, "{output:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("too long"), "{output:?}: {}", ran.stderr);
    }
    assert_eq!(sandbox.audit().bills(), 1);
}

#[test]
fn a_directory_that_takes_no_files_is_refused_before_anything_is_billed() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for n in 0..4 {
        home.variant(&format!("in/{n}.mp4"), n);
    }
    std::fs::write(home.work().join("file"), "").unwrap();
    for args in
        [&["run", "in", "-o", "file/sub"][..], &["run", "in/1.mp4", "-o", "file/deep/x.webm"]]
    {
        for dry in [&[][..], &["--dry-run"]] {
            home.run(&sandbox, &[args, dry].concat()).ends_with(9).says("is not a directory");
        }
    }
    // As a user who is bound by permissions.
    let home = Home::with(&sandbox);
    for n in 0..4 {
        home.variant(&format!("in/{n}.mp4"), n);
    }
    let out = home.work().join("out");
    std::fs::create_dir(&out).unwrap();
    set_mode(&out, 0o555);
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        set_mode(&home.path(""), 0o755);
        for below in ["work", "state", "tmp"] {
            set_mode(&home.path(below), 0o777);
        }
        // A state directory of another user is refused.
        chown(home.path("state"), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let run = |args: &[&str]| {
        let mut command = home.keyed(&sandbox);
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ran::of(command.args(args))
    };
    for args in [
        &["run", "in", "-o", "out", "--dry-run"][..],
        &["run", "in", "-o", "out", "--in-flight", "1", "--fail-fast"],
        &["run", "in", "-o", "out/new/deep/"],
        &["run", "in/1.mp4", "-o", "out/x.webm"],
    ] {
        run(args).ends_with(9).says("no permission to write to").says("-o");
    }
    if is_root {
        let shared = home.work().join("shared");
        std::fs::create_dir(&shared).unwrap();
        set_mode(&shared, 0o1777);
        std::fs::write(shared.join("x.webm"), "precious").unwrap();
        run(&["run", "in/1.mp4", "-o", "shared/x.webm", "--overwrite"])
            .ends_with(9)
            .says("sticky directory");
    }
    let audit = sandbox.audit();
    assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (0, 0, 0));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn an_unwritable_directory_in_the_middle_stops_further_starts() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    for n in 0..8 {
        home.variant(&format!("in/{n}.mp4"), n);
    }
    let child = home
        .keyed(&sandbox)
        .args(["run", "in", "-o", "out", "--in-flight", "1"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The directory is made with the first output.
    wait_for("an upload", || sandbox.audit().uploads() > 0);
    std::fs::write(home.work().join("out"), "").unwrap();
    let output = child.wait_with_output().unwrap();
    let reported = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(9), "{reported}");
    assert!(
        reported.contains("out is not a directory") && !reported.contains("make room"),
        "{reported}"
    );
    let bills = sandbox.audit().bills();
    assert!(bills <= 3, "{bills} jobs were started\n{reported}");
    home.run(&sandbox, &["resume"]).ends_with(9).says("is not a directory");
    assert_eq!(sandbox.audit().bills(), bills, "nothing is started that cannot be written");
    std::fs::remove_file(home.work().join("out")).unwrap();
    home.run(&sandbox, &["resume"]).ends_with(0);
    assert_eq!(sandbox.audit().bills(), 8);
}

#[test]
fn inputs_that_fail_without_a_job_are_listed_with_the_reason() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.clip("in/a.mp4");
    std::fs::write(home.work().join("in/text.mp4"), "text").unwrap();
    std::fs::create_dir(home.work().join("out")).unwrap();
    std::fs::write(home.work().join("out/a-nobg.webm"), "not ours").unwrap();
    home.run(&sandbox, &["run", "in", "-o", "out/"]).ends_with(1);
    let failed = home.run_alone(&["status", "--failed"]).ends_with(0).stdout;
    let row = |name: &str| failed.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("in/a.mp4").contains("failed"), "{failed}");
    assert!(row("in/text.mp4").contains("skipped"), "{failed}");
    assert!(failed.contains("a different file with this name exists"), "{failed}");
    assert!(failed.contains("not a video"), "{failed}");
    let names = home.run_alone(&["status", "--failed", "--fields", "input"]).ends_with(0);
    assert_eq!(names.lines().len(), 2, "{}", names.stdout);
    home.run(&sandbox, &["run", "in/a.mp4", "-o", "out/", "--overwrite"]).ends_with(0);
    home.run_alone(&["status", "--failed"]).ends_with(0).says("no failed inputs");
}

#[test]
fn inputs_that_differ_in_ending_or_folder_only_get_outputs_of_their_own() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/IMG_1.mp4", 1);
    home.variant("in/IMG_1.MOV", 2);
    home.variant("cam1/0001.mp4", 3);
    home.variant("cam2/0001.mp4", 4);
    home.clip("cam2/x/0001.mp4");

    // The advice of each message works when it is followed.
    for args in
        [&["run", "in", "-o", "out"][..], &["run", "cam1/0001.mp4", "cam2/0001.mp4", "-o", "out/"]]
    {
        let reported =
            home.run(&sandbox, args).ends_with(2).says("both would be written to").stderr;
        let template = reported.split("--name '").nth(1).unwrap().split('\'').next().unwrap();
        let ran = home.run(&sandbox, &[args, &["--name", template]].concat()).ends_with(0);
        assert_eq!(ran.lines().len(), 2, "{template}");
    }
    for name in ["IMG_1-mp4", "IMG_1-MOV", "cam1-0001", "cam2-0001"] {
        assert!(home.work().join(format!("out/{name}-nobg.webm")).exists(), "{name}");
    }
    home.run(&sandbox, &["run", "in/IMG_1.mp4"]).ends_with(0);
    let reported = home.run(&sandbox, &["run", "in/IMG_1.MOV"]).ends_with(2).stderr;
    let template = reported.split("--name '").nth(1).unwrap().split('\'').next().unwrap();
    home.run(&sandbox, &["run", "in/IMG_1.MOV", "--name", template]).ends_with(0);

    // A list keeps folders; a file that is named twice, in any form, is one input.
    let list =
        "cam1/0001.mp4\n./cam1/0001.mp4\ncam1/../cam1/0001.mp4\ncam2/0001.mp4\ncam2/x/0001.mp4\n";
    let mut command = home.keyed(&sandbox);
    let ran = Ran::with_input(command.args(["run", "-", "-o", "done/"]), list).ends_with(0);
    assert_eq!(ran.lines().len(), 3, "{}", ran.stdout);
    for name in ["cam1/0001", "cam2/0001", "cam2/x/0001"] {
        assert!(home.work().join(format!("done/{name}-nobg.webm")).exists(), "{name}");
    }
    let twice = ["run", "cam1/0001.mp4", "cam1/", "./cam1/0001.mp4"];
    assert_eq!(home.run(&sandbox, &twice).ends_with(0).lines().len(), 1);
    assert_eq!(sandbox.audit().bills(), 5, "other names cost nothing");

    // Two paths to one output are seen through.
    std::fs::create_dir(home.work().join("alias")).unwrap();
    symlink("cam1", home.work().join("alias/cam2")).unwrap();
    std::fs::create_dir(home.work().join("alias/cam1")).unwrap();
    let mut command = home.keyed(&sandbox);
    Ran::with_input(command.args(["run", "-", "-o", "alias/"]), "cam1/0001.mp4\ncam2/0001.mp4\n")
        .ends_with(2)
        .says("both would be written to");
}

#[test]
fn printed_paths_have_no_dot_components() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    home.variant("in/a.mp4", 1);
    for args in [&["run", "."][..], &["run", "./in/./a.mp4", "-o", "./out/./"], &["run", "./in/."]]
    {
        let ran = home.run(&sandbox, &[args, &["-r"]].concat()).ends_with(0);
        let path = ran.lines()[0].to_owned();
        assert!(!ran.stdout.contains("/./") && !ran.stderr.contains("/./"), "{ran:?}");
        assert!(Path::new(&path).exists(), "{path}");
    }
    let job = home
        .run(&sandbox, &["run", "in/a.mp4", "--model", "light", "--name", "l.{ext}", "--no-wait"]);
    let job = job.ends_with(0).lines()[0].to_owned();
    let fetched = home.run(&sandbox, &["fetch", &job, "-o", "./got/./"]).ends_with(0);
    assert_eq!(fetched.lines(), [home.work().join("got/l.webm").to_str().unwrap()]);
}
