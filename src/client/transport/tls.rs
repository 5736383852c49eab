//! TLS as both clients use it: rustls with ring, trusting what the platform trusts.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// TLS settings, and why https cannot be used with them, if so.
pub(crate) struct Tls {
    pub(crate) config: ClientConfig,
    pub(crate) unusable: Option<String>,
}

/// Settings that trust the platform's certificates. Machines without any (a bare container) still
/// get settings, which trust nothing: plain http to this machine works, and https says what is
/// missing before it is tried.
///
/// # Errors
/// When the cryptography itself is unusable, in words.
pub(crate) fn platform() -> Result<Tls, String> {
    let provider = Arc::new(ring::default_provider());
    match trusting_the_platform(Arc::clone(&provider)) {
        Ok(config) => Ok(Tls { config, unusable: None }),
        Err(why) => trusting_nothing(provider, why),
    }
}

/// Settings for a machine without certificates.
pub(crate) fn trusting_nothing(provider: Arc<CryptoProvider>, why: String) -> Result<Tls, String> {
    let config =
        builder(provider)?.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Ok(Tls { config: http1(config), unusable: Some(why) })
}

fn trusting_the_platform(provider: Arc<CryptoProvider>) -> Result<ClientConfig, String> {
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

/// HTTP/1.1 only, one exchange a connection at a time: when a connection breaks, one call is in
/// doubt and not every start that shares it, and bulk data never stands before a start.
fn http1(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
