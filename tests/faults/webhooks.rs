//! Row 40: webhooks that are not to be believed, and those that never come.

use std::io::Write as _;
use std::net::TcpStream;

use crate::case::Case;
use crate::support::{Listener, Sandbox, WEBHOOK_SECRET};

/// A sandbox that signs, and tries each delivery once.
fn signing(fault: &str) -> Case {
    let sandbox = Sandbox::start(&["--timer", "100ms", "--webhook-secret", WEBHOOK_SECRET]);
    sandbox.scenario(&format!(
        "[webhooks]\nattempts = 1\n[[fault]]\non = \"WEBHOOK job.completed\"\ndo = \"{fault}\"\n"
    ));
    Case::of(sandbox, "")
}

#[test]
fn row_40_webhooks_that_cannot_be_believed_are_refused() {
    for (fault, reason) in [("bad_signature", "wrong_signature"), ("old_timestamp", "too_old")] {
        let mut case = signing(fault);
        let mut listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
        case.home.clip("a.mp4");
        case.run(&["run", "a.mp4", "--webhook-url", &listener.url()]).ends_with(0);
        let refused = listener.wait_for(|line| line["event"] == "refused");
        assert_eq!(refused["reason"], reason);
        assert_eq!(listener.stop(), Some(0));
    }
    let mut case = signing("lose");
    let listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4", "--webhook-url", &listener.url()]).ends_with(0);
}

#[test]
fn row_40_a_repeated_delivery_is_ignored_also_after_a_restart() {
    let mut case = signing("duplicate");
    let mut listener = Listener::start(case.home.keyed(&case.sandbox), &["--keep", "kept"]);
    case.home.clip("a.mp4");
    case.run(&["run", "a.mp4", "--webhook-url", &listener.url()]).ends_with(0);
    let completed = |line: &serde_json::Value| line["webhook"] == "job.completed";
    let first = listener.wait_for(completed);
    let second = listener.wait_for(completed);
    assert_eq!((&first["event"], &second["event"]), (&"webhook".into(), &"repeated".into()));
    assert_eq!(first["delivery"], second["delivery"]);
    assert!(!first.to_string().contains("sig="), "no link is shown: {first}");
    assert_eq!(listener.stop(), Some(0));

    let kept = std::fs::read_to_string(case.home.work().join("kept")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
    let text = |key: &str| kept[key].as_str().unwrap();
    let mut restarted = Listener::start(case.home.keyed(&case.sandbox), &[]);
    // Under its own id, and under another one: the id is not signed.
    for id in [text("delivery_id"), "another"] {
        let headers = [
            ("X-Webhook-Event", text("event")),
            ("X-Webhook-Delivery-Id", id),
            ("X-Webhook-Timestamp", text("timestamp")),
            ("X-Webhook-Signature", text("signature")),
        ];
        assert_eq!(restarted.post(&headers, text("body").as_bytes()), 200);
        let repeated = restarted.wait_for(|_| true);
        assert_eq!(repeated["event"], "repeated", "{repeated}");
    }
}

#[test]
fn row_40_a_huge_body_is_not_read() {
    let case = Case::of(Sandbox::quick(), "");
    let mut listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
    assert_eq!(listener.post(&[], &vec![b'x'; 3 << 20]), 413);
    assert_eq!(listener.wait_for(|_| true)["reason"], "too_large");
    // Without a length, in pieces.
    let mut stream = TcpStream::connect(&listener.address).unwrap();
    let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let piece = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    for _ in 0..40 {
        if stream.write_all(piece.as_bytes()).is_err() {
            break;
        }
    }
    assert_eq!(listener.wait_for(|_| true)["reason"], "too_large");
    assert_eq!(listener.post(&[], b"{}"), 401, "unsigned");
}
