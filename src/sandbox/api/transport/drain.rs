//! Reads the rest of a request body before the response.
//!
//! Many clients send everything before they read. If the server responds and closes meanwhile, the
//! kernel resets the connection, and they see a broken pipe instead of the refusal.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use futures_util::stream::{Stream, StreamExt as _};

use super::connection::Connection;
use crate::sandbox::state::app::App;
use crate::sandbox::util::lock;

/// Maximum bytes read beyond the largest accepted upload.
const MAX_EXTRA_BYTES: u64 = 64 << 20;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Maximum time without a byte: such a client waits for the response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Middleware around every route of both origins.
pub(crate) async fn drain_body(
    State(app): State<Arc<App>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let expects = expects_continue(request.headers());
    let left = Arc::new(Mutex::new(None));
    let request = request.map(|body| {
        let body = UnreadBody { stream: body.into_data_stream(), touched: false };
        Body::from_stream(LentBody { body: Some(body), left: Arc::clone(&left) })
    });
    let response = next.run(request).await;
    let rest = lock(&left).take();
    match rest {
        // The client sends its body only after a 100 response, which the first read would trigger.
        Some(rest) if expects && !rest.touched => {}
        Some(rest) if connection.ended().is_none() => {
            let most = app.limits.bytes.saturating_add(MAX_EXTRA_BYTES);
            drain(rest.stream, most).await;
        }
        _ => {}
    }
    response
}

/// Whether the client waits for a 100 response before it sends the body.
pub(crate) fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

/// Reads to the end, or until `most` bytes or [`TIMEOUT`].
async fn drain<E>(mut stream: impl Stream<Item = Result<Bytes, E>> + Unpin, most: u64) {
    let all = async {
        let mut bytes = 0;
        while bytes <= most {
            match tokio::time::timeout(IDLE_TIMEOUT, stream.next()).await {
                Ok(Some(Ok(chunk))) => bytes += chunk.len() as u64,
                Ok(Some(Err(_)) | None) | Err(_) => return,
            }
        }
    };
    // Beyond the limit the client is cut off.
    let _ = tokio::time::timeout(TIMEOUT, all).await;
}

struct UnreadBody {
    stream: BodyDataStream,
    /// Whether any of it was read.
    touched: bool,
}

/// A body that returns its unread rest when the handler drops it.
struct LentBody {
    /// `None` after the end.
    body: Option<UnreadBody>,
    left: Arc<Mutex<Option<UnreadBody>>>,
}

impl Stream for LentBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        body.touched = true;
        let polled = Pin::new(&mut body.stream).poll_next(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        *lock(&self.left) = self.body.take();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// How many bytes of `pieces`, of ten bytes and one `every` few milliseconds, are read, and how long
    /// that takes.
    async fn read_of(pieces: u64, every: u64, most: u64) -> (u64, Duration) {
        let read = Arc::new(Mutex::new(0));
        let count = Arc::clone(&read);
        let stream = stream::iter(0..pieces).then(move |_| {
            let count = Arc::clone(&count);
            async move {
                tokio::time::sleep(Duration::from_millis(every)).await;
                *lock(&count) += 10;
                Ok::<_, axum::Error>(Bytes::from_static(&[0; 10]))
            }
        });
        let began = tokio::time::Instant::now();
        drain(Box::pin(stream), most).await;
        (*lock(&read), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn reading_is_bounded_by_bytes_by_time_and_by_silence() {
        assert_eq!(read_of(5, 10, 1000).await, (50, Duration::from_millis(50)));
        assert_eq!(read_of(500, 1, 95).await.0, 100);
        assert_eq!(read_of(500, 1100, 100_000).await, (270, TIMEOUT));
        assert_eq!(read_of(5, 60_000, 1000).await, (0, IDLE_TIMEOUT));
    }
}
