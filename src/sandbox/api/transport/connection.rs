//! Connections that can be reset or closed from inside a call, after an answer, or when idle.
//!
//! A reset has to leave the machine as an RST segment, which takes `SO_LINGER` zero on the socket
//! and dropping it without an answer; hyper owns the socket, so a handle tells it to fail. Where a
//! connection ends between calls, hyper reads an end of file, as if the client had closed it.

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
/// The last answer has been handed to hyper, and may not have left yet.
const LAST_ANSWER: u8 = 3;
/// The last answer has left.
const FINISHED: u8 = 4;

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The connection was reset.
    #[error("the connection was reset")]
    Reset,
    /// The connection was closed.
    #[error("the connection was closed")]
    Closed,
}

#[derive(Debug, Default)]
struct ConnectionFault {
    state: AtomicU8,
    /// A call has arrived and its answer has not been handed to hyper.
    busy: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// A handle on the connection that a call came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Arc<ConnectionFault>);

impl Connection {
    /// Ends the connection with an RST.
    pub(crate) fn reset(&self) {
        self.end(RESET);
    }

    /// Ends the connection with a FIN.
    pub(crate) fn close(&self) {
        self.end(CLOSED);
    }

    /// How it was ended from inside, if it was.
    pub(crate) fn ended(&self) -> Option<NoAnswer> {
        match self.0.state.load(Ordering::Acquire) {
            CLOSED => Some(NoAnswer::Closed),
            RESET => Some(NoAnswer::Reset),
            _ => None,
        }
    }

    /// A call has arrived.
    pub(crate) fn begin_call(&self) {
        self.0.busy.store(true, Ordering::Release);
    }

    /// The body of the answer, at whose end the call is over: then the connection ends if the
    /// answer is the `last`, or else is idle.
    pub(crate) fn until_answered(&self, body: Body, last: bool) -> Body {
        let answering = Answering { fate: Arc::clone(&self.0), last };
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            // The body owns it.
            let _ = &answering;
        }))
    }

    fn end(&self, state: u8) {
        self.0.state.store(state, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
    }
}

/// Ends a call when hyper lets go of the answer's body.
struct Answering {
    fate: Arc<ConnectionFault>,
    last: bool,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.fate.busy.store(false, Ordering::Release);
        // Hyper reads while it answers; the next read finds the connection idle.
        self.fate.reader.wake();
        if self.last {
            // Only an open connection: one that a fault has ended stays so.
            let (from, to) = (OPEN, LAST_ANSWER);
            let _ = self.fate.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
        }
    }
}

/// Accepts connections with a handle each.
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
                    // Small answers must not wait for an acknowledgement of the one before; a
                    // socket that refuses the option is slower, not wrong.
                    let _ = stream.set_nodelay(true);
                    let fate = Arc::new(ConnectionFault::default());
                    let stream = FaultyStream {
                        inner: stream,
                        fate: Arc::clone(&fate),
                        app: Arc::clone(&self.app),
                        idle: None,
                    };
                    return (stream, Connection(fate));
                }
                // Out of descriptors, or the peer left before we looked: others still wait.
                Err(error) => {
                    tracing::debug!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr().map(|_: SocketAddr| Connection(Arc::default()))
    }
}

impl Connected<IncomingStream<'_, Tracked>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Tracked>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A socket that fails once its handle says so.
pub(crate) struct FaultyStream {
    inner: TcpStream,
    fate: Arc<ConnectionFault>,
    app: Arc<App>,
    /// Ends a connection on which nothing happens.
    idle: Option<Pin<Box<Sleep>>>,
}

impl FaultyStream {
    fn ended(&self) -> Option<io::Error> {
        match self.fate.state.load(Ordering::Acquire) {
            CLOSED => Some(io::ErrorKind::BrokenPipe.into()),
            RESET => Some(io::ErrorKind::ConnectionReset.into()),
            _ => None,
        }
    }

    /// Whether the connection has been idle for as long as the scenario allows.
    fn is_stale(&mut self, context: &mut Context<'_>) -> bool {
        let limit = self.app.director().scenario.connections.idle;
        let Some(limit) = limit.filter(|_| !self.fate.busy.load(Ordering::Acquire)) else {
            self.idle = None;
            return false;
        };
        let idle = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        idle.as_mut().poll(context).is_ready()
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        if self.fate.state.load(Ordering::Acquire) == RESET {
            // Without it the peer would see an orderly end, which is the other fault.
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
        self.fate.reader.register(context.waker());
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        if self.fate.state.load(Ordering::Acquire) == FINISHED {
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
        self.fate.writer.register(context.waker());
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fate.writer.register(context.waker());
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        // Hyper flushes the socket once it has written all that it holds.
        if flushed.is_ready() && self.fate.state.load(Ordering::Acquire) == LAST_ANSWER {
            self.fate.state.store(FINISHED, Ordering::Release);
            self.fate.reader.wake();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
