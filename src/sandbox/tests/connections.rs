//! Connections as raw sockets see them: refusals before a body is read, and when a connection is closed.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::harness::{Lab, options};
use crate::sandbox::util::http_client;
use crate::sandbox::{Options, UploadLimits};

/// Long enough for anything that happens at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than the buffers of a loopback connection hold.
const BODY: usize = 9 << 20;

const FORM: &str = "Content-Type: multipart/form-data; boundary=b\r\n";

/// One call: method and path, its headers, and the status that it is refused with.
struct Call {
    what: &'static str,
    path: &'static str,
    headers: String,
    status: u16,
}

async fn connect(origin: &str) -> TcpStream {
    TcpStream::connect(origin.strip_prefix("http://").unwrap()).await.unwrap()
}

/// The head of the next answer in lower case, whose body is read as well.
async fn head(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ").map_or("0", |(_, rest)| rest);
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return head.to_owned();
            }
        }
        let read = timeout(PATIENCE, socket.read_buf(&mut seen)).await.unwrap().unwrap();
        assert!(read > 0, "closed before the end of the answer: {text}");
    }
}

/// The status of the next answer.
async fn status(socket: &mut TcpStream) -> u16 {
    head(socket).await.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Asks for pricing; the head of the answer.
async fn ask(socket: &mut TcpStream) -> String {
    socket.write_all(b"GET /api/pricing HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    head(socket).await
}

/// The whole call, as `chunked` says, with a body of zeros behind the head of a part.
async fn send(socket: &mut TcpStream, call: &Call, host: &str, chunked: bool) {
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n";
    let body = [part.as_bytes(), &vec![0; BODY]].concat();
    let length = if chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {}", body.len())
    };
    let (path, headers) = (call.path, &call.headers);
    let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}{length}\r\n\r\n");
    let mut bytes = head.into_bytes();
    if chunked {
        for piece in body.chunks(1 << 16) {
            bytes.extend(format!("{:x}\r\n", piece.len()).as_bytes());
            bytes.extend(piece);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
    } else {
        bytes.extend(body);
    }
    let sent = timeout(PATIENCE, socket.write_all(&bytes)).await;
    sent.unwrap_or_else(|_| panic!("{}: not read", call.what))
        .unwrap_or_else(|error| panic!("{}: {error}", call.what));
}

fn calls(key: &str) -> Vec<Call> {
    let with_key = format!("X-Api-Key: {key}\r\n{FORM}");
    let call = |what, path, headers: &str, status| Call {
        what,
        path,
        headers: headers.to_owned(),
        status,
    };
    let wrong = format!("X-Api-Key: wrong\r\n{FORM}");
    let plain = format!("X-Api-Key: {key}\r\n");
    vec![
        call("an upload without a key", "/v1/uploads", FORM, 401),
        call("an upload with a wrong key", "/v1/uploads", &wrong, 401),
        call("an upload that is no form", "/v1/uploads", &plain, 400),
        call("an upload that is no video", "/v1/uploads", &with_key, 400),
        call("a create without a key", "/v1/jobs", "", 413),
        call("a create that is too long", "/v1/jobs", &plain, 413),
        call("a start that is too long", "/v1/jobs/job_1/start", &plain, 413),
        call("an unknown route", "/v1/nothing", &plain, 413),
        call("an unknown route without a key", "/nothing", "", 413),
        call("a key for nobody", "/v1/admin/keys", "", 413),
        call("a scenario without a token", "/sandbox/scenario", "", 401),
    ]
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_sees_the_refusal() {
    let lab = Lab::new();
    for call in calls(&lab.key) {
        for chunked in [false, true] {
            let mut socket = connect(&lab.sandbox.base_url).await;
            send(&mut socket, &call, "localhost", chunked).await;
            assert_eq!(status(&mut socket).await, call.status, "{}", call.what);
            // What was sent is out of the way: the connection serves the next call.
            socket.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            assert_eq!(status(&mut socket).await, 200, "{}", call.what);
        }
    }
    let foreign =
        Call { what: "a foreign host", path: "/v1/uploads", headers: FORM.to_owned(), status: 421 };
    let other =
        Call { what: "a link", path: "/uploads/x.mp4", headers: String::new(), status: 413 };
    for (origin, call, host) in [
        (&lab.sandbox.base_url, &foreign, "evil.example"),
        (&lab.sandbox.cdn_url, &foreign, "evil.example"),
        (&lab.sandbox.cdn_url, &other, "localhost"),
    ] {
        let mut socket = connect(origin).await;
        send(&mut socket, call, host, false).await;
        assert_eq!(status(&mut socket).await, call.status, "{} at {origin}", call.what);
    }
}

#[tokio::test]
async fn refusals_by_limits_and_faults_reach_such_a_client_too() {
    let upload = |lab: &Lab, status| Call {
        what: "an upload",
        path: "/v1/uploads",
        headers: format!("X-Api-Key: {}\r\n{FORM}", lab.key),
        status,
    };
    let fault = "[[fault]]\non = \"POST /v1/uploads\"\ndo = { answer = { status = 503 } }";
    for (scenario, status_wanted) in
        [("[limits]\ntransfer = { rate = 0.001, burst = 1.0 }", 429), (fault, 503)]
    {
        let lab = Lab::with(scenario);
        lab.send_file(super::harness::CLIP, "clip.mp4").await;
        let call = upload(&lab, status_wanted);
        let mut socket = connect(&lab.sandbox.base_url).await;
        send(&mut socket, &call, "localhost", false).await;
        assert_eq!(status(&mut socket).await, status_wanted, "{scenario}");
    }
    let limits = UploadLimits { bytes: 1 << 20, ..UploadLimits::default() };
    let scenario = "[uploads]\ntoo_large_status = 413";
    let lab = Lab::from(Options { limits, ..options(scenario) });
    let call = upload(&lab, 413);
    // The first bytes are those of a video, so that the size is what is wrong.
    let mut socket = connect(&lab.sandbox.base_url).await;
    let part = "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\0\0\0\x20ftypisom";
    let body = [part.as_bytes(), &vec![0; BODY]].concat();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: {}\r\n\r\n",
        call.headers,
        body.len()
    );
    let bytes = [head.as_bytes(), &body].concat();
    timeout(PATIENCE, socket.write_all(&bytes)).await.unwrap().unwrap();
    assert_eq!(status(&mut socket).await, 413);
}

/// Such a client sends its body only after a 100; a refusal is sent instead of the 100.
#[tokio::test]
async fn a_client_that_asks_first_is_refused_without_sending() {
    let limited = "[[limits.bucket]]\ncalls = [\"start\"]\nrate = 0.001\nburst = 1.0";
    let lab = Lab::with(limited);
    lab.start("job_1").await;
    let key = format!("X-Api-Key: {}\r\n", lab.key);
    for (path, headers, length, wanted) in [
        ("/v1/uploads", FORM.to_owned(), 5_000_000, 401),
        ("/v1/uploads", key.clone(), 5_000_000, 400),
        ("/v1/uploads", format!("{key}{FORM}"), 5_000_000_000_u64, 400),
        ("/v1/jobs", String::new(), 100, 401),
        ("/v1/jobs", key.clone(), 5_000_000, 413),
        ("/v1/jobs/job_1/start", "X-Api-Key: wrong\r\n".to_owned(), 100, 401),
        ("/v1/jobs/job_1/start", key.clone(), 100, 429),
        ("/v1/nothing", key.clone(), 100, 404),
        ("/nothing", String::new(), 100, 404),
    ] {
        let mut socket = connect(&lab.sandbox.base_url).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Expect: 100-continue\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(status(&mut socket).await, wanted, "{path}");
    }
    // An accepted one gets the 100, and its body is read.
    let mut socket = connect(&lab.sandbox.base_url).await;
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n{key}Expect: 100-continue\r\n\
         Content-Length: 2\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&mut socket).await, 100);
    socket.write_all(b"{}").await.unwrap();
    assert_eq!(status(&mut socket).await, 400);
}

/// Whether the other side ends the connection in good order within `patience`.
async fn is_closed(socket: &mut TcpStream, patience: Duration) -> bool {
    let read = timeout(patience, socket.read(&mut [0])).await;
    read.is_ok_and(|read| read.unwrap() == 0)
}

#[tokio::test]
async fn a_connection_is_kept_or_closed_after_each_answer() {
    for (close, is_announced, is_over) in
        [("never", false, false), ("announced", true, true), ("silent", false, true)]
    {
        let lab = Lab::with(&format!("[connections]\nclose = \"{close}\""));
        let mut socket = connect(&lab.sandbox.base_url).await;
        let head = ask(&mut socket).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(head.contains("connection: close"), is_announced, "{close}: {head}");
        if is_over {
            assert!(is_closed(&mut socket, PATIENCE).await, "{close}");
        } else {
            ask(&mut socket).await;
        }
    }
}

#[tokio::test]
async fn large_answers_arrive_whole_before_a_silent_close() {
    let mut lab = Lab::with(
        "[connections]\nclose = \"silent\"\n[timer]\noutput_bytes = 20000000\n\
         [[fault]]\non = \"GET /v1/usage/**\"\ndo = { pad = 5000000 }",
    );
    // A client that keeps connections may send on one that is just being closed.
    lab.client = http_client::build(|builder| builder.pool_max_idle_per_host(0)).unwrap();
    let job = lab.finished().await;
    let link = job["output_url"].as_str().unwrap();
    for _ in 0..3 {
        let output = lab.client.get(link).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(output.len(), 20_000_000);
        let (status, usage) = lab.get("/v1/usage/summary").await;
        assert_eq!(status, 200);
        assert_eq!(usage["padding"].as_str().unwrap().len(), 5_000_000);
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let lab = Lab::with(
        "[connections]\nidle = \"300ms\"\n\
         [[fault]]\non = \"GET /api/pricing\"\nnth = 3\ndo = { delay = \"1s\" }",
    );
    let mut socket = connect(&lab.sandbox.base_url).await;
    ask(&mut socket).await;
    ask(&mut socket).await;
    ask(&mut socket).await;
    assert!(is_closed(&mut socket, PATIENCE).await);
    // Without the rule it stays.
    lab.admin(reqwest::Method::POST, "/sandbox/scenario", String::new()).await;
    let mut socket = connect(&lab.sandbox.base_url).await;
    ask(&mut socket).await;
    assert!(!is_closed(&mut socket, Duration::from_millis(600)).await);
}
