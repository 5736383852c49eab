//! TLS setup of all HTTP clients: rustls with ring, and the platform's certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// TLS settings, and the reason why https is unavailable with them, if it is.
pub(crate) struct Tls {
    pub(crate) config: ClientConfig,
    pub(crate) unusable: Option<String>,
}

/// Settings that trust the platform's certificates. On machines without any (such as bare
/// containers), they trust nothing: plain http to this machine works, and https fails with a clear
/// reason before it connects.
///
/// # Errors
/// The cryptography provider is unusable.
pub(crate) fn platform() -> Result<Tls, String> {
    let provider = Arc::new(ring::default_provider());
    match trust_platform(Arc::clone(&provider)) {
        Ok(config) => Ok(Tls { config, unusable: None }),
        Err(why) => trust_none(provider, why),
    }
}

/// Settings for connections that are not HTTP. They trust the authorities in the PEM file `roots`, or else those of
/// this machine; without any, no server.
///
/// # Errors
/// The cryptography provider is unusable, or the file has no certificates.
pub fn database_tls(roots: Option<&Path>) -> Result<ClientConfig, String> {
    let mut config = match roots {
        Some(path) => trust_file(path)?,
        None => platform()?.config,
    };
    config.alpn_protocols.clear();
    Ok(config)
}

fn trust_file(path: &Path) -> Result<ClientConfig, String> {
    let shown = path.display();
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("the certificates in {shown} cannot be read: {error}"))?;
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(format!("{shown} has no certificates"));
    }
    let provider = Arc::new(ring::default_provider());
    Ok(builder(provider)?.with_root_certificates(roots).with_no_client_auth())
}

/// Settings for a machine without certificates.
pub(crate) fn trust_none(provider: Arc<CryptoProvider>, why: String) -> Result<Tls, String> {
    let config =
        builder(provider)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Ok(Tls { config: http1(config), unusable: Some(why) })
}

fn trust_platform(provider: Arc<CryptoProvider>) -> Result<ClientConfig, String> {
    let none = "no CA certificates found; SSL_CERT_FILE can name a file with them";
    let verified = builder(provider)?.with_platform_verifier().map_err(|_| none.to_owned())?;
    Ok(http1(verified.with_no_client_auth()))
}

type Unverified = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder(provider: Arc<CryptoProvider>) -> Result<Unverified, String> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| "this build has no TLS cipher".to_owned())
}

/// HTTP/1.1 only, with one request per connection at a time: a broken connection leaves one call
/// ambiguous instead of all that share it, and bulk data never delays a start.
fn http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
