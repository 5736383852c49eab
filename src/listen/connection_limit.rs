//! Limits for connections from the internet: number in total and per address, time for headers, and
//! lifetime.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// Maximum open connections; more wait to be accepted.
const MAX_CONNECTIONS: usize = 128;

/// Maximum open connections per address; more are closed.
const MAX_CONNECTIONS_PER_ADDRESS: usize = 16;

/// Time for the headers of a request, from the start of its connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum lifetime of a connection.
const LIFETIME: Duration = Duration::from_secs(30);

/// Pause after a failed accept, for example without free file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

pub(crate) struct LimitedListener {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    addresses: Arc<AddressCounts>,
    /// Called for each connection closed because of the limit per address.
    on_refusal: Box<dyn Fn(IpAddr) + Send>,
}

impl LimitedListener {
    pub(crate) fn new(listener: TcpListener, on_refusal: impl Fn(IpAddr) + Send + 'static) -> Self {
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        Self { listener, permits, addresses: Arc::default(), on_refusal: Box::new(on_refusal) }
    }
}

impl Listener for LimitedListener {
    type Io = BoundedConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (BoundedConnection, SocketAddr) {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, from)) => match self.addresses.admit(from.ip()) {
                    Some(admitted) => {
                        return (BoundedConnection::new(stream, permit, admitted), from);
                    }
                    None => (self.on_refusal)(from.ip()),
                },
                Err(error) => {
                    tracing::debug!("accept: {error}");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Number of connections per address.
#[derive(Default)]
struct AddressCounts(Mutex<HashMap<IpAddr, usize>>);

impl AddressCounts {
    /// `None` if the limit of the address is reached.
    fn admit(self: &Arc<Self>, address: IpAddr) -> Option<CountedConnection> {
        let address = network(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.entry(address).or_default();
        if *number >= MAX_CONNECTIONS_PER_ADDRESS {
            return None;
        }
        *number += 1;
        Some(CountedConnection { addresses: Arc::clone(self), address })
    }
}

/// The unit of the limit: for IPv6 the first 64 bits, which one host usually controls.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.into(),
            None => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        },
        ip @ IpAddr::V4(_) => ip,
    }
}

/// A counted connection.
struct CountedConnection {
    addresses: Arc<AddressCounts>,
    address: IpAddr,
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = open.get_mut(&self.address) {
            *number -= 1;
            if *number == 0 {
                open.remove(&self.address);
            }
        }
    }
}

/// A connection with a deadline. It carries one request: the first blank line ends the headers.
pub(crate) struct BoundedConnection {
    stream: TcpStream,
    began: Instant,
    ends: Pin<Box<Sleep>>,
    /// State of the search for the end of the headers.
    headers: HeadersEnd,
    _permit: OwnedSemaphorePermit,
    _admitted: CountedConnection,
}

impl BoundedConnection {
    fn new(stream: TcpStream, permit: OwnedSemaphorePermit, admitted: CountedConnection) -> Self {
        let began = Instant::now();
        let ends = Box::pin(sleep_until(began + HEADER_TIMEOUT));
        let headers = HeadersEnd::default();
        Self { stream, began, ends, headers, _permit: permit, _admitted: admitted }
    }

    /// Whether the deadline has passed.
    fn is_expired(&mut self, context: &mut Context<'_>) -> bool {
        self.ends.as_mut().poll(context).is_ready()
    }
}

/// Searches the blank line after the headers.
#[derive(Default)]
struct HeadersEnd {
    /// Line feeds at the end of the bytes so far, ignoring carriage returns.
    breaks: u8,
    seen: bool,
}

impl HeadersEnd {
    /// Whether `bytes` contain it, for the first time.
    fn is_in(&mut self, bytes: &[u8]) -> bool {
        if self.seen {
            return false;
        }
        for byte in bytes {
            match byte {
                b'\n' => self.breaks += 1,
                b'\r' => {}
                _ => self.breaks = 0,
            }
            if self.breaks == 2 {
                self.seen = true;
                return true;
            }
        }
        false
    }
}

impl AsyncRead for BoundedConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_expired(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.headers.is_in(&buffer.filled()[before..]) {
            let deadline = self.began + LIFETIME;
            self.ends.as_mut().reset(deadline);
            // Polled again to register the new deadline.
            let _ = self.is_expired(context);
        }
        read
    }
}

impl AsyncWrite for BoundedConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_expired(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_headers_is_found_however_it_is_cut() {
        let request = b"POST / HTTP/1.1\r\nHost: x\r\n\r\nbody\n\n";
        for cut in 0..request.len() {
            let mut end = HeadersEnd::default();
            let found = [&request[..cut], &request[cut..]].map(|part| end.is_in(part));
            assert_eq!(found.iter().filter(|found| **found).count(), 1, "{cut}");
            assert_eq!(found[0], cut >= 28, "{cut}");
        }
        assert!(!HeadersEnd::default().is_in(b"POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n"));
    }

    #[test]
    fn an_address_has_so_many_connections_and_others_are_not_concerned() {
        let addresses = Arc::<AddressCounts>::default();
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let mut open: Vec<_> =
            (0..MAX_CONNECTIONS_PER_ADDRESS).map(|_| addresses.admit(one)).collect();
        assert!(open.iter().all(Option::is_some));
        assert!(addresses.admit(one).is_none());
        assert!(addresses.admit("2001:db8::2".parse().unwrap()).is_none(), "the same host");
        for other in ["2001:db8:0:1::1", "192.0.2.1", "::ffff:192.0.2.1"] {
            assert!(addresses.admit(other.parse().unwrap()).is_some(), "{other}");
        }
        open.pop();
        assert!(addresses.admit(one).is_some());
        open.clear();
        assert!(addresses.0.lock().unwrap().is_empty());
    }
}
