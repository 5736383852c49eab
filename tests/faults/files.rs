//! Rows 22, 38 and 39: disks, names and archives.

use std::io::Write as _;

use crate::case::Case;

#[test]
fn row_22_an_output_that_cannot_be_written_is_a_local_failure_and_resumable() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    // A file where the output directory has to be.
    std::fs::write(case.home.work().join("blocked"), "x").unwrap();
    let target = case.home.work().join("blocked/deep/out.webm");
    let run = ["run", "a.mp4", "-o", target.to_str().unwrap()];
    case.run(&run).ends_with(9).says("is not a directory");
    assert_eq!(case.audit().bills(), 0, "seen before anything is paid for");
    case.run(&["run", "a.mp4", "-o", target.to_str().unwrap(), "--no-wait"]).ends_with(9);
    std::fs::remove_file(case.home.work().join("blocked")).unwrap();
    case.run(&["run", "a.mp4", "-o", target.to_str().unwrap(), "--no-wait"]).ends_with(0);
    std::fs::write(case.home.work().join("blocked"), "x").unwrap();
    case.run(&["resume"]).ends_with(9).says("is not a directory");
    std::fs::remove_file(case.home.work().join("blocked")).unwrap();
    case.run(&["resume"]).ends_with(0);
    assert!(target.exists());
    assert_eq!(case.audit().bills(), 1);
}

#[test]
fn row_38_hostile_names_and_messages_stay_where_they_belong() {
    let long = "x".repeat(4_000);
    let mut case = Case::new(&format!(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = {{ fail_job = \"\\u001b]0;owned\\u0007 ../../etc {long}\" }}\n"
    ));
    let name = "..%2f\x1b[31m\n\u{202e}gpj.mp4";
    case.home.clip(name);
    let ran = case.run(&["run", name]).ends_with(6);
    for hostile in ['\x1b', '\x07', '\u{202e}'] {
        assert!(!ran.stderr.contains(hostile), "{:?}", ran.stderr);
    }
    assert!(ran.stderr.lines().all(|line| line.chars().count() < 3_000), "bounded lines");
    case.run(&["run", name, "--retry-failed", "1", "-o", "out/"]).ends_with(0);
    let outside: Vec<_> = case
        .home
        .files()
        .into_iter()
        .filter(|file| !file.starts_with("out/") && file.contains("nobg"))
        .collect();
    assert_eq!(outside, Vec::<String>::new());
}

#[test]
fn row_39_archives_that_climb_out_are_refused() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    let started = case.run(&["run", "a.mp4", "--format", "png_sequence", "--no-wait"]).ends_with(0);
    let job = started.lines()[0].to_owned();
    case.run(&["fetch", &job]).ends_with(0);
    let good = std::fs::read(case.home.work().join("a-nobg.zip")).unwrap();
    let mut evil = std::fs::File::create(case.home.work().join("a-nobg.zip")).unwrap();
    // Same length of names, so that the archive stays well-formed: "frame_" becomes "../../".
    let text = String::from_utf8_lossy(&good).into_owned();
    assert!(text.contains(".png"));
    let mut bytes = good.clone();
    let at: Vec<usize> =
        bytes.windows(4).enumerate().filter(|(_, w)| *w == b".png").map(|(n, _)| n).collect();
    for dot in at {
        let start = (0..dot)
            .rev()
            .find(|n| !bytes[*n].is_ascii_alphanumeric() && !b"_-/.".contains(&bytes[*n]))
            .map_or(0, |n| n + 1);
        if dot - start >= 3 {
            bytes[start..start + 3].copy_from_slice(b"../");
        }
    }
    evil.write_all(&bytes).unwrap();
    drop(evil);
    let before = case.home.files();
    // What the service sends is checked like this archive when it is fetched and when unpacked.
    let checked = rbgv::media::check_archive(
        &case.home.work().join("a-nobg.zip"),
        rbgv::media::ArchiveBounds::default(),
    );
    assert!(checked.is_err(), "{checked:?}");
    assert_eq!(case.home.files(), before);
    std::fs::write(case.home.work().join("a-nobg.zip"), good).unwrap();
}
