//! Connections that can be reset or closed from inside a call.
//!
//! A reset has to leave the machine as an RST segment, which takes `SO_LINGER` zero on the socket
//! and dropping it without an answer; hyper owns the socket, so a handle tells it to fail.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const RESET: u8 = 2;

/// Why a call got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The connection was reset.
    #[error("the connection was reset")]
    Reset,
    /// The connection was closed.
    #[error("the connection was closed")]
    Closed,
}

#[derive(Debug, Default)]
struct Fate {
    state: AtomicU8,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// A handle on the connection that a call came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Arc<Fate>);

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
    pub(crate) fn ended(&self) -> Option<Unanswered> {
        match self.0.state.load(Ordering::Acquire) {
            OPEN => None,
            CLOSED => Some(Unanswered::Closed),
            _ => Some(Unanswered::Reset),
        }
    }

    fn end(&self, state: u8) {
        self.0.state.store(state, Ordering::Release);
        self.0.reader.wake();
        self.0.writer.wake();
    }
}

/// Accepts connections with a handle each.
pub(crate) struct Tracked(pub(crate) TcpListener);

impl Listener for Tracked {
    type Io = Stream;
    type Addr = Connection;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    // Small answers must not wait for an acknowledgement of the one before; a
                    // socket that refuses the option is slower, not wrong.
                    let _ = stream.set_nodelay(true);
                    let fate = Arc::new(Fate::default());
                    return (Stream { inner: stream, fate: Arc::clone(&fate) }, Connection(fate));
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
        self.0.local_addr().map(|_: SocketAddr| Connection(Arc::default()))
    }
}

impl Connected<IncomingStream<'_, Tracked>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Tracked>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A socket that fails once its handle says so.
pub(crate) struct Stream {
    inner: TcpStream,
    fate: Arc<Fate>,
}

impl Stream {
    fn ended(&self) -> Option<io::Error> {
        match self.fate.state.load(Ordering::Acquire) {
            OPEN => None,
            CLOSED => Some(io::ErrorKind::BrokenPipe.into()),
            _ => Some(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.fate.state.load(Ordering::Acquire) == RESET {
            // Without it the peer would see an orderly end, which is the other fault.
            let _ = self.inner.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.fate.reader.register(context.waker());
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
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
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.ended() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
