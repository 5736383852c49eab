//! `rbgv smoke-test` over TLS: a loopback server with certificates of every kind before the sandbox.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::smoke::{document, outcome, stage};
use crate::support::{Home, Ran, Sandbox};

const DAY: i64 = 24 * 60 * 60;

/// Somebody whom machines may trust.
pub(crate) struct Authority {
    pub(crate) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn named(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// A certificate of a server for `host`, which began a year ago and ends in `days`.
    pub(crate) fn certify(&self, host: &str, days: i64) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let at = |days: i64| {
            // An hour more, so that whole days are left.
            let seconds = i64::try_from(now.as_secs()).unwrap() + days * DAY + 3_600;
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds.unsigned_abs())
        };
        (params.not_before, params.not_after) = (at(-365), at(days));
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// Settings of a server with such a certificate.
    fn vouch_for(&self, host: &str, days: i64) -> ServerConfig {
        let (certificate, key) = self.certify(host, days);
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap()
    }
}

/// A TLS proxy of the sandbox.
struct Front {
    port: u16,
    _runtime: Runtime,
}

impl Front {
    fn before(sandbox: &Sandbox, config: ServerConfig) -> Self {
        let behind = sandbox.base_url.trim_start_matches("http://").to_owned();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate closes the connection and says why.
                    let Ok(mut shaken) = acceptor.accept(stream).await else { return };
                    let Ok(mut sandbox) = TcpStream::connect(behind).await else { return };
                    let _ = copy_bidirectional(&mut shaken, &mut sandbox).await;
                });
            }
        });
        Self { port, _runtime: runtime }
    }
}

/// A smoke test at `https://localhost:PORT` that trusts `authority` and nobody else.
fn smoke(home: &Home, sandbox: &Sandbox, port: u16, authority: &Authority) -> Ran {
    let trusted = home.path("trusted.pem");
    std::fs::write(&trusted, authority.certificate.pem()).unwrap();
    let mut command = home.command();
    command
        .env("SSL_CERT_FILE", trusted)
        .env("RBGV_BASE_URL", format!("https://localhost:{port}"))
        .env("RBGV_API_KEY", &sandbox.api_key)
        .args(["smoke-test", "--json"]);
    Ran::of(&mut command)
}

#[test]
fn a_certificate_that_is_accepted_carries_every_stage() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let authority = Authority::named("trusted");
    let front = Front::before(&sandbox, authority.vouch_for("localhost", 90));
    let document = document(smoke(&home, &sandbox, front.port, &authority), 0);
    let tls = stage(&document, "tls");
    assert_eq!(tls["told"], "certificate accepted");
    assert!(tls["seconds"].is_number() && tls["budget_seconds"].is_number());
    for stage in ["tls", "health", "pricing", "authentication", "isolation", "listing", "usage"] {
        assert_eq!(outcome(&document, stage), "passed", "{stage}: {document:#}");
    }
}

#[test]
fn a_certificate_that_is_not_accepted_stops_everything_before_the_key_is_sent() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let (trusted, stranger) = (Authority::named("trusted"), Authority::named("stranger"));
    // (server, exit code, verdict, texts)
    let table = [
        (trusted.vouch_for("localhost", -1), 5, "unavailable", "expired"),
        (stranger.vouch_for("localhost", 90), 3, "configuration", "does not trust its issuer"),
        (trusted.vouch_for("elsewhere.example", 90), 3, "configuration", "for another host"),
    ];
    for (config, code, word, words) in table {
        let front = Front::before(&sandbox, config);
        let document = document(smoke(&home, &sandbox, front.port, &trusted), code);
        assert_eq!(document["verdict"]["word"], word, "{document:#}");
        let tls = stage(&document, "tls");
        assert_eq!(tls["outcome"], "failed");
        assert!(tls["told"].as_str().unwrap().contains(words), "{words}: {tls:#}");
        assert!(tls["next"].is_string(), "{tls:#}");
        for stage in ["health", "authentication", "usage"] {
            assert_eq!(outcome(&document, stage), "skipped", "{stage}");
        }
    }
    assert_eq!(sandbox.audit().0["requests"].as_array().unwrap().len(), 0);
}

#[test]
fn a_server_without_tls_is_a_wrong_address() {
    let sandbox = Sandbox::quick();
    let home = Home::with(&sandbox);
    let port = sandbox.base_url.rsplit(':').next().unwrap().parse().unwrap();
    let document = document(smoke(&home, &sandbox, port, &Authority::named("trusted")), 3);
    assert_eq!(document["verdict"]["word"], "configuration", "{document:#}");
    assert_eq!(outcome(&document, "tls"), "failed");
    assert_eq!(outcome(&document, "health"), "skipped");
}
