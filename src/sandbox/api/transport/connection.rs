//! Connections that can be reset or closed during a call, after a response, or when idle.
//!
//! A reset must produce an RST segment: `SO_LINGER` zero and dropping the socket without a
//! response. Hyper owns the socket, so a handle makes it fail. Between calls, hyper reads an end of
//! file, as if the client had closed the connection.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::StreamExt as _;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

use crate::sandbox::state::app::App;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const RESET: u8 = 2;
/// The last response is with hyper and may not be sent yet.
const LAST_RESPONSE: u8 = 3;
/// The last response was sent.
const FINISHED: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("the connection was reset")]
    Reset,
    #[error("the connection was closed")]
    Closed,
}

impl From<NoAnswer> for io::Error {
    fn from(fault: NoAnswer) -> Self {
        match fault {
            NoAnswer::Closed => io::ErrorKind::BrokenPipe.into(),
            NoAnswer::Reset => io::ErrorKind::ConnectionReset.into(),
        }
    }
}

#[derive(Debug, Default)]
struct ConnectionState {
    state: AtomicU8,
    /// A call is being processed.
    busy: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// Handle of the connection of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Arc<ConnectionState>);

impl Connection {
    /// Ends the connection with an RST.
    pub(crate) fn reset(&self) {
        self.end(RESET);
    }

    /// Ends the connection with a FIN.
    pub(crate) fn close(&self) {
        self.end(CLOSED);
    }

    /// The fault that ended it, if any.
    pub(crate) fn ended(&self) -> Option<NoAnswer> {
        match self.0.state.load(Ordering::Acquire) {
            CLOSED => Some(NoAnswer::Closed),
            RESET => Some(NoAnswer::Reset),
            _ => None,
        }
    }

    pub(crate) fn begin_call(&self) {
        self.0.busy.store(true, Ordering::Release);
    }

    /// The response body, at whose end the call is over: the connection then closes if this is the
    /// `last` response, and is idle otherwise.
    pub(crate) fn until_answered(&self, body: Body, last: bool) -> Body {
        let answering = Answering { connection: self.clone(), last };
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _ = &answering;
        }))
    }

    fn is_in(&self, state: u8) -> bool {
        self.0.state.load(Ordering::Acquire) == state
    }

    fn end(&self, state: u8) {
        self.0.state.store(state, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
    }
}

/// Ends a call when hyper drops the response body.
struct Answering {
    connection: Connection,
    last: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        let shared = &self.connection.0;
        shared.busy.store(false, Ordering::Release);
        // Hyper reads while it responds; the next read finds the connection idle.
        shared.reader.wake();
        if self.last {
            // Only for an open connection, not for one that a fault has ended.
            let (from, to) = (OPEN, LAST_RESPONSE);
            let _ = shared.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        }
    }
}

pub(crate) struct Tracked {
    pub(crate) listener: TcpListener,
    pub(crate) app: Arc<App>,
}

impl Listener for Tracked {
    type Io = FaultyStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Small responses must not wait for an acknowledgement of the previous one;
                    // without the option the socket is only slower.
                    let _ = stream.set_nodelay(true);
                    let connection = Connection::default();
                    let stream = FaultyStream {
                        inner: stream,
                        connection: connection.clone(),
                        app: Arc::clone(&self.app),
                        idle: None,
                    };
                    return (stream, connection);
                }
                // Out of file descriptors, or the peer has left; others still wait.
                Err(error) => {
                    tracing::debug!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr().map(|_: SocketAddr| Connection::default())
    }
}

impl Connected<IncomingStream<'_, Tracked>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Tracked>) -> Self {
        stream.remote_addr().clone()
    }
}

pub(crate) struct FaultyStream {
    inner: TcpStream,
    connection: Connection,
    app: Arc<App>,
    /// Timer of an idle connection.
    idle: Option<Pin<Box<Sleep>>>,
}

impl FaultyStream {
    /// Whether the idle time of the scenario is over.
    fn is_stale(&mut self, context: &mut Context<'_>) -> bool {
        let limit = self.app.injector().scenario.connections.idle;
        let Some(limit) = limit.filter(|_| !self.connection.0.busy.load(Ordering::Acquire)) else {
            self.idle = None;
            return false;
        };
        let idle = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        idle.as_mut().poll(context).is_ready()
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        if self.connection.is_in(RESET) {
            // Otherwise the peer would see a regular close.
            let _ = self.inner.set_zero_linger();
        }
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.connection.0.reader.register(context.waker());
        if let Some(fault) = self.connection.ended() {
            return Poll::Ready(Err(fault.into()));
        }
        if self.connection.is_in(FINISHED) {
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if read.is_ready() {
            self.idle = None;
        } else if self.is_stale(context) {
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.0.writer.register(context.waker());
        if let Some(fault) = self.connection.ended() {
            return Poll::Ready(Err(fault.into()));
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.0.writer.register(context.waker());
        if let Some(fault) = self.connection.ended() {
            return Poll::Ready(Err(fault.into()));
        }
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        // Hyper flushes the socket after its last write.
        if flushed.is_ready() && self.connection.is_in(LAST_RESPONSE) {
            self.connection.0.state.store(FINISHED, Ordering::Release);
            self.connection.0.reader.wake();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(fault) = self.connection.ended() {
            return Poll::Ready(Err(fault.into()));
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
