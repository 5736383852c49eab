//! Connections that the service closes, as raw sockets see them.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::harness::Lab;
use crate::sandbox::util::http_client;

/// Long enough for anything that happens at once, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(lab: &Lab) -> TcpStream {
    let address = lab.sandbox.base_url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Asks for pricing, and reads the head and the body of the answer.
async fn ask(socket: &mut TcpStream) -> String {
    socket.write_all(b"GET /api/pricing HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let (_, length) = head.split_once("content-length: ").unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() == length {
                return head.to_owned();
            }
        }
        let read = timeout(PATIENCE, socket.read_buf(&mut seen)).await.unwrap().unwrap();
        assert!(read > 0, "closed before the end of the answer: {text}");
    }
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
        let mut socket = connect(&lab).await;
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
    let mut socket = connect(&lab).await;
    ask(&mut socket).await;
    ask(&mut socket).await;
    ask(&mut socket).await;
    assert!(is_closed(&mut socket, PATIENCE).await);
    // Without the rule it stays.
    lab.admin(reqwest::Method::POST, "/sandbox/scenario", String::new()).await;
    let mut socket = connect(&lab).await;
    ask(&mut socket).await;
    assert!(!is_closed(&mut socket, Duration::from_millis(600)).await);
}
