//! A scripted server: one step per connection, in order. It reads requests with minimal HTTP, and
//! writes bytes unmodified.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The script of one connection.
pub(crate) enum Step {
    /// Reads the request, writes these bytes, closes.
    Say(Vec<u8>),
    /// Reads the request, writes these bytes, and keeps the connection open.
    SayAndHold(Vec<u8>),
    /// Reads the request and closes without a response.
    Close,
    /// Reads the request headers, writes these bytes, and keeps the connection open.
    SayEarly(Vec<u8>),
    /// Reads a part of the request, and keeps the connection open.
    StopReading,
    /// Reads the request, writes the first bytes, then the second ones repeatedly.
    Flood(Vec<u8>, Vec<u8>),
}

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Request line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    written: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::new(Mutex::new(0));
        let task = tokio::spawn(serve(listener, steps, Arc::clone(&seen), Arc::clone(&written)));
        Self { url, seen, written, task }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Bytes written by a flood before the client disconnected.
    pub(crate) fn written(&self) -> usize {
        *self.written.lock().unwrap()
    }
}

async fn serve(
    listener: TcpListener,
    steps: Vec<Step>,
    seen: Arc<Mutex<Vec<Seen>>>,
    written: Arc<Mutex<usize>>,
) {
    let mut held = Vec::new();
    for step in steps {
        let (mut socket, _) = listener.accept().await.unwrap();
        if matches!(step, Step::StopReading) {
            let mut little = [0; 100];
            let _ = socket.read(&mut little).await;
            held.push(socket);
            continue;
        }
        if let Step::SayEarly(bytes) = step {
            let mut little = [0; 100];
            let _ = socket.read(&mut little).await;
            socket.write_all(&bytes).await.unwrap();
            held.push(socket);
            continue;
        }
        let request = read_request(&mut socket).await.expect("the request ended early");
        seen.lock().unwrap().push(request);
        match step {
            Step::Say(bytes) => {
                socket.write_all(&bytes).await.unwrap();
                socket.shutdown().await.unwrap();
            }
            Step::SayAndHold(bytes) => {
                socket.write_all(&bytes).await.unwrap();
                held.push(socket);
            }
            Step::Flood(first, again) => {
                let _ = socket.write_all(&first).await;
                while socket.write_all(&again).await.is_ok() {
                    *written.lock().unwrap() += again.len();
                }
            }
            Step::Close | Step::StopReading | Step::SayEarly(_) => {}
        }
    }
    // Further connections stay open without a response.
    std::future::pending::<()>().await;
}

/// The next request, or `None` if the connection ends before its headers.
pub(crate) async fn read_request(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if !socket.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = bytes.split_off(end);
    while body.len() < length && socket.read_buf(&mut body).await.is_ok_and(|read| read > 0) {}
    Some(Seen { head, body })
}

/// A response with a JSON body.
pub(crate) fn response(status: u16, body: &str) -> Vec<u8> {
    response_with(status, "content-type: application/json\r\nx-request-id: r-head\r\n", body)
}

/// A response with `headers`, each terminated by a line break.
pub(crate) fn response_with(status: u16, headers: &str, body: &str) -> Vec<u8> {
    response_of(status, headers, body.as_bytes())
}

/// A response with `headers` and a binary body.
pub(crate) fn response_of(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
