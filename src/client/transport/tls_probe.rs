//! A TLS handshake without a request, for diagnosis.

use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::{self, TransportError, is_no_tls};
use super::tls;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HandshakeError {
    /// This machine has no trusted certificates.
    NoTrust(String),
    /// The server does not speak TLS.
    NoTls(String),
    /// No response, or not in time.
    Unreachable(String),
    /// The certificate is expired or not yet valid.
    Expired(String),
    /// The certificate is not accepted for another reason.
    Untrusted(String),
}

pub(crate) async fn handshake(
    host: &str,
    port: u16,
    max_wait: Duration,
) -> Result<(), HandshakeError> {
    let tls = tls::platform().map_err(HandshakeError::NoTrust)?;
    if let Some(why) = tls.unusable {
        return Err(HandshakeError::NoTrust(why));
    }
    let unreachable = |why: String| HandshakeError::Unreachable(why);
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| unreachable(format!("{host} is not a valid host name")))?;
    let connector = TlsConnector::from(Arc::new(tls.config));
    let handshake = timeout(max_wait, async {
        let stream = TcpStream::connect((host, port)).await?;
        connector.connect(name, stream).await
    });
    match handshake.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(why(&error)),
        Err(_) => Err(unreachable(format!("no response after {} s", max_wait.as_secs_f64()))),
    }
}

fn why(error: &std::io::Error) -> HandshakeError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(bad)) => classify_certificate_error(bad),
        Some(other) if is_no_tls(other) => HandshakeError::NoTls(TransportError::NoTls.to_string()),
        Some(other) => HandshakeError::Unreachable(error::tls_message(other).to_owned()),
        None => HandshakeError::Unreachable(
            error::io_message(error).unwrap_or(error::NOT_RESOLVED).to_owned(),
        ),
    }
}

fn classify_certificate_error(bad: &CertificateError) -> HandshakeError {
    let why = format!("certificate not accepted: {}", error::certificate_message(bad));
    match bad {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => HandshakeError::Expired(why),
        _ => HandshakeError::Untrusted(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_out_of_its_time_is_told_from_one_that_nobody_vouches_for() {
        let wrap = |bad| std::io::Error::other(rustls::Error::InvalidCertificate(bad));
        assert!(matches!(why(&wrap(CertificateError::Expired)), HandshakeError::Expired(_)));
        assert!(matches!(
            why(&wrap(CertificateError::UnknownIssuer)),
            HandshakeError::Untrusted(_)
        ));
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert!(matches!(why(&refused), HandshakeError::Unreachable(_)));
    }

    #[tokio::test]
    async fn what_speaks_no_tls_is_no_peer() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream);
            }
        });
        let refused = handshake("127.0.0.1", port, Duration::from_secs(20)).await.unwrap_err();
        // A machine without certificates fails before it connects.
        assert!(
            matches!(refused, HandshakeError::Unreachable(_) | HandshakeError::NoTrust(_)),
            "{refused:?}"
        );
    }
}
