//! Why there is no answer, and how that is told from the HTTP library's errors.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No connection was made: nothing was sent.
    Unreachable(String),
    /// A connection was made, and the other side could not prove who it is: nothing was sent.
    Untrusted(String),
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
    if !error.is_connect() {
        return Fault::Broken(words(error));
    }
    // A connect error arises before the request is handed to a connection, whatever its cause:
    // the name, the port, the time it took, TLS, a proxy.
    match certificate(error) {
        Some(why) => Fault::Untrusted(why),
        None => Fault::Unreachable(words(error)),
    }
}

/// Why the other side's certificate was not accepted, if that was it.
fn certificate(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
        return Some(why.to_string());
    }
    // An io::Error gives what it wraps by `get_ref` and leaves it out of `source`.
    let inner = match error.downcast_ref::<io::Error>() {
        Some(wrapper) => wrapper.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    };
    certificate(inner?)
}

/// The innermost cause, which is the one that says something.
pub(super) fn words(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_certificate_is_found_however_it_is_wrapped() {
        let bad = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let once = io::Error::other(bad());
        let twice = io::Error::other(io::Error::other(bad()));
        for error in [&bad() as &(dyn Error + 'static), &once, &twice] {
            assert!(certificate(error).is_some(), "{error:?}");
        }
        let other = io::Error::other(rustls::Error::DecryptError);
        assert_eq!(certificate(&other), None);
        assert_eq!(certificate(&io::Error::from(io::ErrorKind::ConnectionRefused)), None);
    }
}
