//! Row 40: webhooks that are not to be believed, and those that never come.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::case::Case;
use crate::support::{Listener, Sandbox, WEBHOOK_SECRET, this_moment, wait_for};

/// A sandbox that signs, and tries each delivery once.
fn signing(fault: &str) -> Case {
    let sandbox = Sandbox::start(&["--timer", "100ms", "--webhook-secret", WEBHOOK_SECRET]);
    sandbox.scenario(&format!(
        "[webhooks]\nattempts = 1\n[[fault]]\non = \"WEBHOOK job.completed\"\ndo = \"{fault}\"\n"
    ));
    Case::of(sandbox, "")
}

#[test]
fn row_40_untrusted_webhooks_are_refused() {
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

/// A webhook that says that a job has ended.
fn ended(job: &str) -> String {
    format!(r#"{{"event": "job.completed", "data": {{"id": "{job}", "status": "completed"}}}}"#)
}

#[test]
fn row_40_what_a_crash_left_is_handled_when_it_is_posted_again() {
    let case = Case::of(Sandbox::quick(), "");
    // Hands the first on for as long as it likes; the second waits behind it.
    let exec = "echo begun >> begun; while ! test -e go; do sleep 0.05; done";
    let listener =
        Listener::start(case.home.keyed(&case.sandbox), &["--keep", "kept", "--exec", exec]);
    let stamp = this_moment();
    assert_eq!(listener.post_signed("d-1", &stamp, &ended("j-1")), 200);
    wait_for("the command", || case.home.work().join("begun").exists());
    assert_eq!(listener.post_signed("d-2", &stamp, &ended("j-2")), 200);
    listener.crash();
    std::fs::write(case.home.work().join("go"), "").unwrap();

    let kept = std::fs::read_to_string(case.home.work().join("kept")).unwrap();
    let kept: Vec<serde_json::Value> =
        kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let story = "echo \"$RBGV_DELIVERY\" >> heard";
    let mut restarted = Listener::start(case.home.keyed(&case.sandbox), &["--exec", story]);
    for event in ["webhook", "repeated"] {
        for delivery in &kept {
            let text = |key: &str| delivery[key].as_str().unwrap();
            let headers = [
                ("X-Webhook-Delivery-Id", text("delivery_id")),
                ("X-Webhook-Timestamp", text("timestamp")),
                ("X-Webhook-Signature", text("signature")),
            ];
            assert_eq!(restarted.post(&headers, text("body").as_bytes()), 200);
            assert_eq!(restarted.wait_for(|_| true)["event"], event);
        }
    }
    assert_eq!(restarted.stop(), Some(0));
    let heard = std::fs::read_to_string(case.home.work().join("heard")).unwrap();
    assert_eq!(heard, "d-1\nd-2\n", "each once, in the order in which they came");
}

#[test]
fn row_40_a_listener_says_what_an_earlier_one_left() {
    let case = Case::of(Sandbox::quick(), "");
    let args = ["--keep", "kept", "--exec", "exit 1"];
    let mut listener = Listener::start(case.home.keyed(&case.sandbox), &args);
    assert_eq!(listener.post_signed("d-1", &this_moment(), &ended("j-1")), 200);
    listener.wait_for(|line| line["event"] == "webhook");
    assert_eq!(listener.stop(), Some(0));
    let mut command = case.home.keyed(&case.sandbox);
    command.env("RBGV_WEBHOOK_SECRET", WEBHOOK_SECRET);
    command.args(["listen", "--listen", "127.0.0.1:0", "--keep", "kept"]);
    command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut restarted = command.spawn().unwrap();
    let mut lines = BufReader::new(restarted.stderr.take().unwrap()).lines().map(Result::unwrap);
    let message = lines.find(|line| line.contains("not fully handled")).unwrap();
    assert!(
        message.contains("1 webhook was") && message.contains("post it again from"),
        "{message}"
    );
    restarted.kill().unwrap();
    restarted.wait().unwrap();
}

#[test]
fn row_40_a_webhook_that_lies_settles_nothing() {
    let mut case = Case::of(Sandbox::start(&["--timer", "1h"]), "");
    let mut listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
    case.home.clip("a.mp4");
    let started =
        case.run(&["run", "a.mp4", "--no-wait", "--webhook-url", &listener.url()]).ends_with(0);
    let job = started.lines()[0].to_owned();
    // Signed and fresh, about our own job, and false: one poll, and nothing is settled by it.
    for (id, body) in [
        ("d-1", ended(&job)),
        ("d-2", ended(&job).replace("completed", "failed")),
        ("d-3", ended(&job).replace("\"id\"", "\"job_id\"")),
    ] {
        assert_eq!(listener.post_signed(id, &this_moment(), &body), 200);
        let heard = listener.wait_for(|line| line["event"] == "webhook");
        assert_eq!(heard["settled"], "not_confirmed", "{heard}");
    }
    let message = case.run(&["logs", &job, "--json"]).ends_with(0).json().remove(0);
    assert_eq!(
        (&message["phase"], &message["failure"]),
        (&"running".into(), &serde_json::Value::Null)
    );
    assert_eq!(message["webhooks"].as_array().unwrap().len(), 3, "{message}");
    // A forged one does not even cause a poll.
    let looks = case.sandbox.audit().requests("GET", &job);
    let forged = [
        ("X-Webhook-Delivery-Id", "d-4"),
        ("X-Webhook-Timestamp", &*this_moment()),
        ("X-Webhook-Signature", &format!("sha256={}", "0".repeat(64))),
    ];
    assert_eq!(listener.post(&forged, ended(&job).as_bytes()), 401);
    let refused = listener.wait_for(|line| line["delivery"] == "d-4");
    assert_eq!(refused["reason"], "wrong_signature");
    assert_eq!(case.sandbox.audit().requests("GET", &job), looks);
}

#[test]
fn row_40_a_slow_client_delays_no_other() {
    let case = Case::of(Sandbox::quick(), "");
    let listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
    // One who never ends his headers, one who never ends his body.
    let dawdling: Vec<TcpStream> =
        ["POST / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"]
            .iter()
            .map(|said| {
                let mut stream = TcpStream::connect(&listener.address).unwrap();
                stream.write_all(said.as_bytes()).unwrap();
                stream
            })
            .collect();
    assert_eq!(listener.post_signed("d-1", &this_moment(), &ended("j-1")), 200);
    let began = std::time::Instant::now();
    assert_eq!(listener.stop(), Some(0));
    // Three seconds are given to open requests; connections may last thirty.
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    drop(dawdling);
}

#[test]
fn row_40_a_job_settled_by_a_webhook_is_as_one_that_was_followed() {
    let mut case =
        Case::of(Sandbox::start(&["--timer", "300ms", "--webhook-secret", WEBHOOK_SECRET]), "");
    let mut listener = Listener::start(case.home.keyed(&case.sandbox), &[]);
    case.home.clip("polled.mp4");
    case.home.variant("told.mp4", 1);
    case.run(&["run", "polled.mp4"]).ends_with(0);
    let args = ["run", "told.mp4", "--no-wait", "--webhook-url", &listener.url()];
    case.run(&args).ends_with(0);
    let heard = listener.wait_for(|line| line["webhook"] == "job.completed");
    assert_eq!(heard["settled"], "settled");
    case.run(&["fetch", "--all"]).ends_with(0);
    let mut facts = |name: &str| {
        let message = case.run(&["logs", name, "--json"]).ends_with(0).json().remove(0);
        let last = message["steps"].as_array().unwrap().last().unwrap().clone();
        assert!(message["finished_at"].is_string() && last["request_id"].is_string(), "{message}");
        let output = message["outputs"].as_array().unwrap().last().unwrap();
        assert!(output["sha256"].is_string() && output["done_at"].is_string(), "{message}");
        ["phase", "status", "estimate", "charged", "failure", "model", "attempt"]
            .map(|key| message[key].clone())
            .into_iter()
            .chain([last["phase"].clone(), last["then"].clone(), output["state"].clone()])
            .collect::<Vec<_>>()
    };
    assert_eq!(facts("told.mp4"), facts("polled.mp4"));
    assert_eq!((case.sandbox.audit().starts(), case.sandbox.audit().bills()), (2, 2));
}
