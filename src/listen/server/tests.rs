//! Which deliveries are accepted and which are refused, and what is on the disk before the response.

use std::convert::Infallible;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::ledger::Ledger;
use crate::model::ManualClock;

const STAMP: &str = "2026-01-01T00:00:00Z";
const ENDED: &[u8] = br#"{"event":"job.completed","data":{"id":"j-1","status":"completed"}}"#;

struct TestServer {
    server: WebhookServer,
    events: mpsc::Receiver<ReceivedEvent>,
    dir: tempfile::TempDir,
}

fn test_server(slots: usize) -> TestServer {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::default());
    let (events, received) = mpsc::channel(slots);
    let server = WebhookServer {
        ledger: AsyncLedger::new(Ledger::open(&dir.path().join("state"), clock.clone()).unwrap()),
        keep: Some(Arc::new(DeliveryLog::open(dir.path().join("kept")).unwrap())),
        origin: "https://api.example".into(),
        secret: ApiKey::new("planted"),
        sanitizer: Sanitizer::default(),
        max_age: Duration::from_mins(5),
        max_body: 1_000,
        clock,
        events,
        in_progress: Arc::default(),
        rejections: Arc::default(),
    };
    TestServer { server, events: received, dir }
}

fn signed(id: &str, body: &[u8]) -> WebhookHeaders {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"planted").unwrap();
    mac.update(&[STAMP.as_bytes(), b".", body].concat());
    WebhookHeaders {
        event: None,
        delivery_id: Some(id.into()),
        timestamp: Some(STAMP.into()),
        signature: Some(format!("sha256={}", hex::encode(mac.finalize().into_bytes()))),
    }
}

impl TestServer {
    async fn answers(&self, headers: WebhookHeaders, body: Body) -> (u16, &'static str) {
        match self.server.receive(headers, &HeaderMap::new(), body).await {
            Ok(()) => (200, "ok"),
            Err(Rejection { status, reason, .. }) => (status.as_u16(), reason),
        }
    }

    async fn posted(&self, id: &str, body: &'static [u8]) -> (u16, &'static str) {
        self.answers(signed(id, body), Body::from(body)).await
    }

    fn kept(&self) -> usize {
        std::fs::read_to_string(self.dir.path().join("kept")).unwrap().lines().count()
    }
}

#[tokio::test]
async fn what_is_answered_with_success_is_written_down_before() {
    let mut test = test_server(8);
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    assert_eq!(test.kept(), 1);
    let unhandled = test.server.ledger.count_unhandled_deliveries("https://api.example").await;
    assert_eq!(unhandled, Ok(1));
    let Some(ReceivedEvent::Accepted(first)) = test.events.recv().await else {
        panic!("not taken")
    };
    // Again while it is in hand: answered, not kept twice, not handled twice.
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    assert!(matches!(test.events.recv().await, Some(ReceivedEvent::Repeated { .. })));
    assert_eq!(test.kept(), 1);
    // Its handling broke off: the next time it comes it is taken again.
    drop(first);
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    assert!(matches!(test.events.recv().await, Some(ReceivedEvent::Accepted(_))));
    test.server.ledger.mark_delivery_handled("d-1").await.unwrap();
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    assert!(matches!(test.events.recv().await, Some(ReceivedEvent::Repeated { .. })));
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let mut test = test_server(8);
    let file = test.dir.path().join("kept");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(test.posted("d-1", ENDED).await, (500, "not_recorded"));
    assert!(test.events.try_recv().is_err(), "nobody handles it");
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    assert!(matches!(test.events.recv().await, Some(ReceivedEvent::Accepted(_))));
    assert_eq!(test.kept(), 1);
}

#[tokio::test]
async fn a_flood_of_nonsense_leaves_places_for_what_is_true() {
    let test = test_server(4);
    let server = Arc::new(test.server.clone());
    for _ in 0..MAX_REPORTS {
        let request = Request::post("/").body(Body::from("{}")).unwrap();
        assert_eq!(respond(State(Arc::clone(&server)), request).await, 401);
    }
    assert_eq!(test.server.events.capacity(), 2, "half of the places are still free");
    assert_eq!(test.posted("d-1", ENDED).await, (200, "ok"));
    let other = br#"{"event":"job.started","data":{"id":"j-2"}}"#;
    assert_eq!(test.posted("d-2", other).await, (200, "ok"));
    let third = br#"{"event":"job.started","data":{"id":"j-3"}}"#;
    assert_eq!(test.posted("d-3", third).await, (503, "busy"));
    assert_eq!(test.kept(), 2, "what is not taken is not kept");
    // A repetition needs no place behind it.
    assert_eq!(test.server.events.capacity(), 0);
}

#[tokio::test(start_paused = true)]
async fn bodies_that_do_not_end_well_are_told_apart() {
    let test = test_server(8);
    let slow = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    assert_eq!(test.answers(signed("d-1", b""), slow).await, (408, "too_slow"));
    let broken: [Result<&[u8], _>; 2] = [Ok(&ENDED[..20]), Err(std::io::Error::other("reset"))];
    let broken = Body::from_stream(futures_util::stream::iter(broken));
    assert_eq!(test.answers(signed("d-1", ENDED), broken).await, (400, "cut_short"));
    let huge: [Result<_, Infallible>; 2] = [Ok(vec![b'x'; 600]), Ok(vec![b'x'; 600])];
    let huge = Body::from_stream(futures_util::stream::iter(huge));
    assert_eq!(test.answers(signed("d-1", ENDED), huge).await, (413, "too_large"));
    assert_eq!(test.posted("d-1", b"no JSON").await, (400, "unreadable_body"));
    assert_eq!(test.posted("", ENDED).await, (400, "no_delivery_id"));
    let other = WebhookHeaders { signature: signed("d-1", b"x").signature, ..signed("d-1", b"") };
    assert_eq!(test.answers(other, Body::from(ENDED)).await, (401, "wrong_signature"));
    assert_eq!((test.kept(), test.events.len()), (0, 0), "none of it is written down");
}

#[test]
fn of_a_header_that_stands_twice_nobody_knows_which_was_meant() {
    let mut headers = HeaderMap::new();
    headers.append("x-webhook-signature", "sha256=1".parse().unwrap());
    assert_eq!(header(&headers, "X-Webhook-Signature").as_deref(), Some("sha256=1"));
    headers.append("x-webhook-signature", "sha256=2".parse().unwrap());
    assert_eq!(header(&headers, "X-Webhook-Signature"), None);
}

/// The reasons of the reported events.
fn reported(test: &mut TestServer) -> Vec<(&'static str, u64)> {
    let mut all = Vec::new();
    while let Ok(incoming) = test.events.try_recv() {
        let ReceivedEvent::Rejected { reason, unreported, .. } = incoming else {
            panic!("{incoming:?}")
        };
        all.push((reason, unreported));
    }
    all
}

#[tokio::test]
async fn refusals_are_told_of_at_a_bounded_rate_and_the_rest_is_counted() {
    let clock = Arc::new(ManualClock::default());
    let mut test = test_server(1_024);
    test.server.clock = clock.clone();
    for _ in 0..100 {
        test.server.report_rejection(BUSY, String::new(), None);
    }
    assert_eq!(reported(&mut test), [(BUSY, 0); MAX_REPORTS as usize]);
    clock.advance(REPORT_WINDOW);
    test.server.report_rejection(TOO_SLOW, String::new(), None);
    assert_eq!(reported(&mut test), [(TOO_SLOW, 90)]);
}

/// A connection to a server of `test`'s server.
async fn connected(address: std::net::SocketAddr, said: &str) -> tokio::net::TcpStream {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(said.as_bytes()).await.unwrap();
    socket
}

async fn everything(socket: &mut tokio::net::TcpStream) -> String {
    let mut read = Vec::new();
    // A connection that is cut off may be reset.
    let _ = socket.read_to_end(&mut read).await;
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn a_stranger_holds_few_connections_and_none_for_long() {
    let mut test = test_server(1_024);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, test.server.clone(), stop.clone()));
    let began = tokio::time::Instant::now();
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(connected(address, "POST / HTTP/1.1\r\nHost: x\r\n").await);
    }
    // One more is closed at once, and reported.
    let mut surplus = connected(address, "").await;
    assert_eq!(everything(&mut surplus).await, "");
    assert!(began.elapsed() < Duration::from_secs(4), "at once");
    assert_eq!(reported(&mut test), [(TOO_MANY_CONNECTIONS, 0)]);
    // One that completes its headers is answered, and not kept.
    let mut done = held.remove(0);
    done.write_all(b"Content-Length: 2\r\n\r\n{}").await.unwrap();
    let answer = everything(&mut done).await;
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("connection: close"), "{answer}");
    // The others lose their connections after five seconds.
    for socket in &mut held {
        assert_eq!(everything(socket).await, "");
    }
    let took = began.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(20)).contains(&took), "{took:?}");
    // Headers in time give the body its own.
    let start = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
    let mut slow = connected(address, start).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    slow.write_all(b"{}").await.unwrap();
    assert!(everything(&mut slow).await.starts_with("HTTP/1.1 401"));
    stop.cancel();
    serving.await.unwrap().unwrap();
}
