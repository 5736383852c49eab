//! Row 37: Ctrl-C once, and twice.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::case::Case;
use crate::support::{Sandbox, wait_for};

#[test]
fn row_37_once_drains_and_says_how_to_resume_twice_leaves() {
    for times in [1, 2] {
        let sandbox = Sandbox::start(&["--timer", "1500ms", "--workers", "8"]);
        let mut case = Case::of(sandbox, "");
        case.home.clips(3);
        let child = case
            .home
            .keyed(&case.sandbox)
            .args(["run", ".", "-o", "out/"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for("a start", || case.audit().bills() > 0);
        let pid = Pid::from_child(&child);
        for _ in 0..times {
            kill_process(pid, Signal::INT).unwrap();
            std::thread::sleep(Duration::from_millis(30));
        }
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{message}");
        if times == 1 {
            assert!(message.contains("rbgv resume"), "{message}");
        }
        let ran = case.run(&["resume"]).ends_with(0);
        assert_eq!(ran.lines().len(), 3);
        assert_eq!(case.audit().bills(), 3);
    }
}
