//! Non-idempotent requests to servers that close connections in every way that HTTP permits: no
//! result may be ambiguous.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::server::read_request;
use super::{client, draft, endpoint, timing};
use crate::client::request::endpoint::Endpoint;
use crate::client::transport::{
    BodyEnd, HttpTransport, Payload, RESPONSE_MAX, Transport as _, TransportError, TransportRequest,
};
use crate::client::{RequestOptions, StartJob};
use crate::model::{JobId, JobOptions};

/// The time at which a server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Closing {
    /// After each response.
    AfterAnswer,
    /// After this idle time.
    AfterIdle(Duration),
    /// When a second request arrives, without a response to it. A client sees the same as if the
    /// request had crossed the closing of the connection, but at every second request, not by
    /// chance.
    AtSecondRequest,
}

struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `announces`: the server sends `Connection: close` before it closes.
    async fn start(closing: Closing, announces: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(socket, closing, announces));
            }
        });
        Self { url, connections, task }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn serve(mut socket: TcpStream, closing: Closing, announces: bool) {
    let header = if announces { "connection: close\r\n" } else { "" };
    let body = r#"{"success": true, "id": "j-1", "status": "created"}"#;
    let length = body.len();
    let response = format!("HTTP/1.1 200 OK\r\n{header}content-length: {length}\r\n\r\n{body}");
    for answered in 0.. {
        let request = match closing {
            Closing::AfterIdle(idle) if answered > 0 => {
                timeout(idle, read_request(&mut socket)).await.ok().flatten()
            }
            _ => read_request(&mut socket).await,
        };
        if request.is_none() || (closing == Closing::AtSecondRequest && answered > 0) {
            return;
        }
        if socket.write_all(response.as_bytes()).await.is_err() || closing == Closing::AfterAnswer {
            return;
        }
    }
}

async fn send(
    transport: &HttpTransport,
    base: &str,
    endpoint: &Endpoint,
    new_connection: bool,
) -> Result<(), TransportError> {
    let url = endpoint.url(&base.parse().unwrap()).unwrap();
    let payload = Payload::Json(Bytes::from_static(b"{}"));
    let (method, auth) = (endpoint.method, endpoint.auth);
    let response = transport
        .send(TransportRequest {
            method,
            url,
            auth,
            payload,
            new_connection,
            response_max: RESPONSE_MAX,
        })
        .await?;
    assert_eq!((response.head.status, response.end), (200, BodyEnd::Whole));
    Ok(())
}

/// Sends 200 creates and 200 starts in `rounds` rounds, alternating with requests on pooled
/// connections.
async fn creates_and_starts(closing: Closing, announces: bool, rounds: usize, pause: Duration) {
    let server = Server::start(closing, announces).await;
    let transport = HttpTransport::new(&endpoint(&server.url), &timing()).unwrap();
    let (create, start) = (Endpoint::create(), Endpoint::start(&JobId("j-1".into())));
    let look = Endpoint::job(&JobId("j-1".into()));
    for _ in 0..rounds {
        let jobs = (0..200 / rounds).map(|_| async {
            // Fills the pool with connections that the server closes now or soon.
            let _ = send(&transport, &server.url, &look, false).await;
            for endpoint in [&create, &start] {
                let sent = send(&transport, &server.url, endpoint, true).await;
                assert_eq!(sent, Ok(()), "{closing:?}, announced: {announces}");
            }
        });
        join_all(jobs).await;
        tokio::time::sleep(pause).await;
    }
}

#[tokio::test]
async fn no_create_or_start_is_in_doubt_because_its_server_closes_connections() {
    let idle = Duration::from_secs(1);
    // The next round starts when the server closes idle connections.
    let pause = idle.saturating_sub(Duration::from_millis(2));
    let servers = [false, true].map(|announces| async move {
        tokio::join!(
            creates_and_starts(Closing::AfterAnswer, announces, 10, Duration::ZERO),
            creates_and_starts(Closing::AtSecondRequest, announces, 10, Duration::ZERO),
            creates_and_starts(Closing::AfterIdle(idle), announces, 5, pause),
        )
    });
    join_all(servers).await;
}

#[tokio::test]
async fn the_client_makes_a_connection_for_each_create_and_start() {
    let server = Server::start(Closing::AtSecondRequest, false).await;
    let client = client(&server.url);
    let (id, options) = (JobId("j-1".into()), JobOptions::default());
    let metadata = std::collections::BTreeMap::new();
    // Its connection stays in the pool, where the next request on it fails.
    client.get(&id, RequestOptions::plain()).await.unwrap();
    let job = draft(&options, &metadata);
    client.create(&job, RequestOptions::plain()).await.unwrap();
    let start = StartJob { options: &options, background_image_url: None };
    client.start(&id, &start, RequestOptions::plain()).await.unwrap();
    assert_eq!(server.connections(), 3);
    let once = RequestOptions { repeats: false, ..RequestOptions::plain() };
    client.get(&id, once).await.expect_err("a pooled connection is used again");
    assert_eq!(server.connections(), 3);
}
