//! Rows 25 to 31 and 36: getting bytes there and back.

use crate::case::Case;
use crate::support::wait_for;

#[test]
fn row_25_an_upload_that_stalls_or_is_cut_starts_again() {
    for fault in ["cut_upload = \"99%\"", "stall_upload = { at = \"50%\", for = \"20s\" }"] {
        let mut case = Case::timed(
            &format!("[[fault]]\non = \"POST /v1/uploads\"\nnth = 1\ndo = {{ {fault} }}\n"),
            "idle_timeout = \"700ms\"\n",
        );
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        let audit = case.audit();
        assert_eq!((audit.uploads(), audit.creates(), audit.bills()), (2, 1, 1), "{fault}");
    }
}

#[test]
fn row_26_equal_inputs_share_a_bill_and_earlier_results_are_returned() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    case.home.clip("b.mp4");
    let first = case.run(&["run", "a.mp4", "b.mp4"]).ends_with(0);
    assert_eq!(first.lines().len(), 2);
    let again = case.run(&["run", "a.mp4", "b.mp4"]).ends_with(0);
    assert_eq!(again.lines().len(), 2);
    assert_eq!(case.audit().bills(), 1);
}

#[test]
fn row_26_an_input_that_changes_while_it_is_uploaded_is_noticed() {
    use std::io::Write as _;
    let case =
        Case::new("[[fault]]\non = \"POST /v1/uploads\"\nnth = 1\ndo = { delay = \"1s\" }\n");
    let path = case.home.clip("a.mp4");
    let child = case
        .home
        .keyed(&case.sandbox)
        .args(["run", "a.mp4"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("the upload", || case.audit().uploads() > 0);
    std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_ne!(output.status.code(), Some(0));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("changed"), "{message}");
    assert_eq!(case.audit().creates(), 0, "no job of a file that was not what was hashed");
}

#[test]
fn row_27_an_upload_that_was_forgotten_is_sent_once_more() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    case.run(&["upload", "a.mp4"]).ends_with(0);
    case.then("[[fault]]\non = \"POST /v1/jobs\"\nnth = 1\ndo = \"forget_upload\"\n");
    case.run(&["run", "a.mp4"]).ends_with(0);
    let audit = case.audit();
    assert_eq!((audit.uploads(), audit.bills()), (2, 1));
}

#[test]
fn row_28_a_download_is_resumed_or_restarted_and_never_spliced() {
    for (cuts, then) in [
        ("nth = [1, 2, 3]\ndo = { cut = { at = \"40%\" } }", ""),
        ("nth = 1\ndo = { cut = { at = 1 } }", ""),
        ("nth = 1\ndo = { cut = { at = \"99%\" } }", ""),
        ("nth = 1\ndo = { cut = { at = \"50%\" } }", "\"changing_etag\""),
        ("nth = 1\ndo = { cut = { at = \"50%\" } }", "\"wrong_content_range\""),
        ("nth = 1\ndo = { cut = { at = \"50%\" } }", "\"no_range\""),
    ] {
        let mut scenario = format!("[[fault]]\non = \"GET /outputs/*/*\"\n{cuts}\n");
        if !then.is_empty() {
            scenario += &format!("[[fault]]\non = \"GET /outputs/*/*\"\ndo = {then}\n");
        }
        let mut case = Case::new("");
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        let plain = std::fs::read(case.home.work().join("a-nobg.webm")).unwrap();
        case.then(&scenario);
        std::fs::remove_file(case.home.work().join("a-nobg.webm")).unwrap();
        case.run(&["run", "a.mp4"]).ends_with(0);
        let resumed = std::fs::read(case.home.work().join("a-nobg.webm")).unwrap();
        assert!(plain == resumed, "{cuts} {then}");
        assert_eq!(case.audit().bills(), 1);
    }
}

#[test]
fn row_29_an_expired_link_is_asked_for_again() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /outputs/*/*\"\nnth = 1\ndo = [\"revoke_link\", { cut = { at = \"50%\" } }]\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    assert_eq!(case.audit().bills(), 1);
}

#[test]
fn row_30_short_bodies_and_pages_are_not_published() {
    for fault in ["{ shorten = 100 }", "{ answer = { status = 200, body = \"html\" } }"] {
        let mut case = Case::new(&format!("[[fault]]\non = \"GET /outputs/*/*\"\ndo = {fault}\n"));
        case.home.clip("a.mp4");
        let ran = case.run(&["run", "a.mp4"]);
        assert_eq!(ran.code, 8, "{fault}: {}", ran.stderr);
        assert!(!case.home.work().join("a-nobg.webm").exists());
        case.sandbox.scenario("");
        case.run(&["resume"]).ends_with(0);
        assert_eq!(case.audit().bills(), 1, "{fault}");
    }
}

/// The service works on another video than it was sent.
#[test]
fn row_30_an_output_of_another_length_is_not_published() {
    let mut case = Case::new("");
    let stand_in = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/sandbox/assets/standin/standin.mp4");
    std::fs::copy(stand_in, case.home.work().join("short.mp4")).unwrap();
    let sent = case.run(&["upload", "--json", "short.mp4"]).ends_with(0);
    let url =
        sent.json().iter().find_map(|line| Some(line["video_url"].as_str()?.to_owned())).unwrap();
    let answer = format!("{{ set = {{ video_url = \"{url}\" }} }}");
    case.sandbox.scenario(&format!("[[fault]]\non = \"POST /v1/uploads\"\ndo = {answer}\n"));
    case.home.clip("a.mp4");
    for format in ["webm", "gif", "png_sequence"] {
        let lasts = if format == "png_sequence" { "1.04" } else { "1.00" };
        case.run(&["run", "a.mp4", "--format", format])
            .ends_with(8)
            .says(&format!("it lasts {lasts} s, but its input lasts 2.00 s"));
    }
    let names = case.home.files();
    assert!(names.iter().all(|name| !name.contains("-nobg")), "{names:?}");
}

#[test]
fn row_31_an_existing_file_is_kept() {
    let mut case = Case::new("");
    case.home.clip("a.mp4");
    std::fs::write(case.home.work().join("a-nobg.webm"), "precious").unwrap();
    case.run(&["run", "a.mp4"]).ends_with(2).says("--overwrite");
    assert_eq!(std::fs::read(case.home.work().join("a-nobg.webm")).unwrap(), b"precious");
    case.run(&["run", "a.mp4", "--overwrite"]).ends_with(0);
    assert_ne!(std::fs::read(case.home.work().join("a-nobg.webm")).unwrap(), b"precious");
}

#[test]
fn row_36_progress_backwards_and_a_late_link_are_waited_out() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /v1/jobs/*\"\ndo = \"progress_backwards\"\n\
         [[fault]]\non = \"GET /v1/jobs/*\"\nuntil = \"1500ms\"\ndo = { null = [\"output_url\"] }\n",
    );
    case.home.clip("a.mp4");
    let ran = case.run(&["run", "--json", "a.mp4"]).ends_with(0);
    let shown: Vec<f64> = ran.json().iter().filter_map(|event| event["percent"].as_f64()).collect();
    assert!(shown.windows(2).all(|pair| pair[0] <= pair[1]), "{shown:?}");
    assert_eq!(case.audit().bills(), 1);
}
