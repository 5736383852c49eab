//! Why there is no answer, read from the errors of the HTTP library.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::InvalidMessage;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No connection was made, or it closed before the request was written: nothing was sent.
    Unreachable(String),
    /// The certificate of the other side was not accepted: nothing was sent.
    Untrusted(String),
    /// The other side does not speak TLS: nothing was sent.
    NoTls,
    /// The connection broke after bytes may have arrived.
    Broken(String),
    /// Nothing moved for this long.
    Silent(Duration),
    /// The file to send could not be read.
    Unreadable(String),
    /// The request could not be made; nothing was sent.
    Unsendable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "no connection: {why}"),
            Self::Untrusted(why) => write!(f, "the certificate was not accepted: {why}"),
            Self::NoTls => f.write_str(
                "the server does not speak TLS at this port; use its https port, or write http:// in \
                 the address",
            ),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Silent(idle) => write!(f, "nothing moved for {} s", idle.as_secs_f64()),
            Self::Unreadable(why) | Self::Unsendable(why) => f.write_str(why),
        }
    }
}

pub(super) fn fault(error: &reqwest::Error) -> Fault {
    if error.is_builder() {
        return Fault::Unsendable(words(error));
    }
    if was_never_written(error) {
        return Fault::Unreachable("it closed before the request was sent".to_owned());
    }
    if !error.is_connect() {
        return Fault::Broken(if is_not_http(error) {
            "the answer is not HTTP; if the server speaks TLS at this port, write https:// in the \
             address"
                .to_owned()
        } else {
            words(error)
        });
    }
    // A connect error arises before the request is handed to a connection, whatever its cause:
    // the name, the port, the time it took, TLS, a proxy.
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => Fault::Untrusted(why.to_string()),
        Some(error) if is_no_tls(error) => Fault::NoTls,
        _ => Fault::Unreachable(words(error)),
    }
}

/// Whether what came instead of a TLS handshake is something else, such as plain HTTP.
pub(super) fn is_no_tls(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType))
}

/// Whether what came is no answer in HTTP.
fn is_not_http(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => error.is_parse() && !error.is_parse_too_large(),
        None => cause(error).is_some_and(is_not_http),
    }
}

/// Whether the request was still queued when its connection closed. The HTTP library hands such a
/// request back whole: none of its bytes was written.
fn was_never_written(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => error.is_canceled(),
        None => cause(error).is_some_and(was_never_written),
    }
}

/// The error of the TLS library, if that was it.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    error.downcast_ref().or_else(|| tls_error(cause(error)?))
}

/// The error behind `error`. An `io::Error` leaves the error that it wraps out of its `source`.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

/// The text of the innermost cause; the outer ones are generic.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::client::conn::http1;
    use hyper::rt::{Read, ReadBufCursor, Write};
    use rustls::CertificateError;

    use super::*;

    /// A connection whose other side is silent.
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

    /// The library's error for a request whose connection ends before (`written` is false) or after it
    /// was written.
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
}
