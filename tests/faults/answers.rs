//! Rows 34 and 35: answers in every shape, and lists that cannot be trusted.

use crate::case::Case;

#[test]
fn row_34_every_shape_of_answer_is_understood() {
    for shape in ["array", "items", "jobs", "data"] {
        let mut case = Case::new(&format!("[answers]\nlist = \"{shape}\"\nid = \"job_id\"\n"));
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4"]).ends_with(0);
        let listed = case.run(&["status", "--remote", "--json"]).ends_with(0);
        assert_eq!(listed.json().len(), 1, "{shape}");
    }
}

#[test]
fn row_34_every_shape_of_error_shows_message_and_request_id() {
    for shape in ["contract", "text", "message", "detail", "validation"] {
        let mut case =
            Case::new(&format!("[answers]\nerror = \"{shape}\"\nrequest_id = \"header\"\n"));
        let ran = case.run(&["status", "no-such-job"]).ends_with(6);
        assert!(ran.stderr.contains("404"), "{shape}: {}", ran.stderr);
        assert!(ran.stderr.contains("request "), "{shape}: {}", ran.stderr);
    }
    for shape in ["html", "empty"] {
        let mut case = Case::new(&format!("[answers]\nerror = \"{shape}\"\n"));
        let ran = case.run(&["status", "no-such-job"]);
        assert_ne!(ran.code, 0);
        assert!(!ran.stderr.contains("<html"), "a page is told in words: {}", ran.stderr);
    }
}

#[test]
fn row_34_unknown_states_and_fields_are_tolerated_and_floods_bounded() {
    let mut case = Case::new(
        "[[fault]]\non = \"GET /v1/jobs/*\"\ntimes = 2\ndo = { set = { status = \"warming_up\", novelty = 7 } }\n\
         [[fault]]\non = \"GET /v1/jobs/*\"\ndo = { null = [\"error\", \"duration_seconds\", \"progress\"] }\n",
    );
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4"]).ends_with(0);
    case.then("[[fault]]\non = \"GET /v1/usage/summary\"\ndo = { pad = 50000000 }\n");
    let ran = case.run(&["usage"]);
    assert_eq!(ran.code, 11, "{}", ran.stderr);
}

#[test]
fn row_35_a_list_that_shifts_omits_and_ignores_the_limit_loses_nothing() {
    for fault in ["{ list_shift = 1 }", "{ list_omits = 2 }", "\"list_ignores_limit\""] {
        let mut case = Case::new(&format!("[[fault]]\non = \"GET /v1/jobs\"\ndo = {fault}\n"));
        case.home.clips(6);
        let ran = case.run(&["run", ".", "-o", "out/"]).ends_with(0);
        assert_eq!(ran.lines().len(), 6, "{fault}");
        assert_eq!(case.audit().bills(), 6);
    }
}
