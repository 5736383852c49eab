//! Transport errors, derived from the errors of the HTTP library.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::{CertificateError, InvalidMessage};

/// The reason for a missing response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// No connection, or it closed before the request was written: nothing was sent.
    Unreachable(String),
    /// The certificate of the server was not accepted: nothing was sent.
    Untrusted(String),
    /// The server does not speak TLS: nothing was sent.
    NoTls,
    /// The connection broke after bytes may have arrived.
    Broken(String),
    /// No data for this long.
    Silent(Duration),
    /// The file to upload could not be read.
    Unreadable(String),
    /// The request could not be built: nothing was sent.
    Unsendable(String),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "cannot connect: {why}"),
            Self::Untrusted(why) => write!(f, "certificate not accepted: {why}"),
            Self::NoTls => f.write_str(
                "the server does not use TLS on this port; use its https port, or http:// in the \
                 URL",
            ),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Silent(idle) => write!(f, "no response for {} s", idle.as_secs_f64()),
            Self::Unreadable(why) | Self::Unsendable(why) => f.write_str(why),
        }
    }
}

/// The host name has no address.
pub(crate) const NOT_RESOLVED: &str = "unknown host name, or no DNS response";

/// Failed name resolution.
#[derive(Debug)]
pub(crate) struct Unresolved;

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_RESOLVED)
    }
}

impl Error for Unresolved {}

pub(crate) fn classify_error(error: &reqwest::Error) -> TransportError {
    if error.is_builder() {
        return TransportError::Unsendable("the request cannot be sent".to_owned());
    }
    if was_never_written(error) {
        return TransportError::Unreachable("it closed before the request was sent".to_owned());
    }
    if !error.is_connect() {
        return TransportError::Broken(message(error).to_owned());
    }
    // Connect errors occur before the request is handed to a connection, whatever their cause: DNS,
    // port, timeout, TLS or proxy.
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(bad)) => {
            TransportError::Untrusted(certificate_message(bad).to_owned())
        }
        Some(error) if is_no_tls(error) => TransportError::NoTls,
        _ => TransportError::Unreachable(message(error).to_owned()),
    }
}

/// The server sent something else instead of a TLS handshake, such as plain HTTP.
pub(crate) fn is_no_tls(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType))
}

/// The request was still queued when its connection closed. The HTTP library returns such a
/// request, of which no byte was written.
fn was_never_written(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => error.is_canceled(),
        None => cause(error).is_some_and(was_never_written),
    }
}

/// The TLS error in the chain of causes.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| tls_error(cause(error)?))
}

/// The cause of `error`. `source` of an `io::Error` skips the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

/// A message in our own words: those of the libraries are for developers, and may quote the server.
pub(crate) fn message(error: &reqwest::Error) -> &'static str {
    if let Some(words) = known_message(error) {
        return words;
    }
    if error.is_timeout() {
        return "it took too long";
    }
    if error.is_connect() {
        return "the server did not accept the connection";
    }
    if error.is_body() || error.is_decode() {
        return "the transfer was interrupted";
    }
    "the exchange failed"
}

/// The message for the innermost known cause.
fn known_message(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let deeper = cause(error).and_then(known_message);
    deeper.or_else(|| {
        if error.is::<Unresolved>() {
            return Some(NOT_RESOLVED);
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(tls_message(error));
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return http_message(error);
        }
        io_message(error.downcast_ref::<io::Error>()?)
    })
}

pub(crate) fn tls_message(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(bad) => certificate_message(bad),
        rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
            "the server does not use TLS on this port; check the scheme and port of the URL"
        }
        rustls::Error::AlertReceived(_) => "the server rejected the TLS handshake",
        rustls::Error::PeerIncompatible(_) => "the server offers no secure TLS version or cipher",
        rustls::Error::NoCertificatesPresented => "the server presents no certificate",
        _ => "the TLS handshake failed",
    }
}

pub(crate) fn certificate_message(bad: &CertificateError) -> &'static str {
    match bad {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this machine's clock is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong"
        }
        CertificateError::UnknownIssuer => {
            "this machine does not trust its issuer; SSL_CERT_FILE can name other certificates"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another host"
        }
        CertificateError::Revoked => "it was revoked",
        CertificateError::BadEncoding | CertificateError::BadSignature => "it is damaged",
        _ => "it is not valid",
    }
}

fn http_message(error: &hyper::Error) -> Option<&'static str> {
    Some(match () {
        () if error.is_parse_too_large() => "the response header is too long",
        () if error.is_parse() => {
            "the response is not HTTP; if the server uses TLS on this port, use https:// in the \
             URL"
        }
        () if error.is_incomplete_message() => "it was closed before the response was complete",
        () if error.is_timeout() => "it took too long",
        () if error.is_canceled() || error.is_closed() => "it was closed",
        () => return None,
    })
}

pub(crate) fn io_message(error: &io::Error) -> Option<&'static str> {
    use io::ErrorKind as Kind;
    Some(match error.kind() {
        Kind::ConnectionRefused => "connection refused",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => {
            "the server closed it"
        }
        Kind::UnexpectedEof => "the server closed it too early",
        Kind::TimedOut => "it took too long",
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            "no route to the host"
        }
        Kind::AddrNotAvailable | Kind::AddrInUse => "no free port on this machine",
        Kind::PermissionDenied => "not permitted on this machine",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;
    use hyper::client::conn::http1;
    use hyper::rt::{Read, ReadBufCursor, Write};

    /// A connection without any response.
    struct Silent;

    impl Read for Silent {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl Write for Silent {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// The library's error for a request whose connection closes before (`written` is false) or
    /// after it was written.
    async fn error_of_a_closed_connection(written: bool) -> hyper::Error {
        let (mut sender, connection) = http1::handshake::<_, reqwest::Body>(Silent).await.unwrap();
        let request = sender.send_request(hyper::Request::new(reqwest::Body::from("start")));
        if written {
            let mut connection = Box::pin(connection);
            let _ = futures_util::poll!(&mut connection);
        } else {
            drop(connection);
        }
        request.await.unwrap_err()
    }

    #[tokio::test]
    async fn a_request_that_was_still_queued_was_never_written() {
        let queued = error_of_a_closed_connection(false).await;
        assert!(was_never_written(&queued), "{queued:?}");
        assert!(was_never_written(&io::Error::other(queued)));
        let written = error_of_a_closed_connection(true).await;
        assert!(!was_never_written(&written), "{written:?}");
        assert!(!was_never_written(&io::Error::from(io::ErrorKind::ConnectionReset)));
    }

    #[test]
    fn an_error_of_tls_is_found_however_it_is_wrapped() {
        let bad = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let once = io::Error::other(bad());
        let twice = io::Error::other(io::Error::other(bad()));
        for error in [&bad() as &(dyn Error + 'static), &once, &twice] {
            assert_eq!(tls_error(error), Some(&bad()), "{error:?}");
        }
        assert_eq!(tls_error(&io::Error::from(io::ErrorKind::ConnectionRefused)), None);
    }

    /// Messages of libraries contain type names, error codes, or text of the server.
    #[test]
    fn errors_are_told_in_our_words() {
        let tls = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let name = CertificateError::NotValidForNameContext {
            expected: "api.example".try_into().unwrap(),
            presented: vec!["DnsName(\"planted\")".into()],
        };
        let table: [(Box<dyn Error>, &str); 6] = [
            (Box::new(io::Error::from_raw_os_error(111)), "connection refused"),
            (Box::new(io::Error::from_raw_os_error(113)), "no route to the host"),
            (Box::new(io::Error::other(tls)), "does not use TLS"),
            (
                Box::new(io::Error::other(rustls::Error::InvalidCertificate(name))),
                "it is for another host",
            ),
            (Box::new(io::Error::other(Unresolved)), NOT_RESOLVED),
            (
                Box::new(io::Error::other(io::Error::from(io::ErrorKind::ConnectionReset))),
                "the server closed it",
            ),
        ];
        for (error, expected) in table {
            let told = known_message(&*error).unwrap();
            assert!(told.contains(expected), "{error:?}: {told}");
        }
        assert_eq!(known_message(&io::Error::other("words of a library")), None);
    }
}
