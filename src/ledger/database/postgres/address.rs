//! The address of a PostgreSQL server: `postgres://USER@HOST/DATABASE`.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::model::host::is_loopback_host;

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Silence after which a connection is taken for broken.
const SILENCE: Duration = Duration::from_secs(15);

/// Where a ledger's server is, and how to log in. Contains a password: never printed.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Config,
}

impl PostgresAddress {
    /// Parses a URL in the form of `libpq`. Without `sslmode`, servers on other machines are reached
    /// by TLS; their certificate is always verified. `password` is used where the URL has none.
    ///
    /// # Errors
    ///
    /// The reason, which never quotes the URL.
    pub fn parse(text: &str, password: Option<&str>) -> Result<Self, String> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err("it does not begin with postgres://".to_owned());
        }
        let text = without_verify_modes(text);
        let mut config: Config = text.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            cause.unwrap_or_else(|| "it is not a postgres:// URL".to_owned())
        })?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password);
        }
        let is_plain = if text.contains("sslmode=") {
            config.get_ssl_mode() == SslMode::Disable
        } else {
            config.get_hosts().iter().all(|host| match host {
                Host::Tcp(name) => is_loopback_host(name),
                Host::Unix(_) => true,
            })
        };
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        config
            .application_name("rbgv")
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        Ok(Self { config })
    }

    /// The password, to keep it out of all output.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        self.config.get_password().map(|password| String::from_utf8_lossy(password).into_owned())
    }
}

/// `libpq` modes that the parser does not know, and that mean what is done anyway.
fn without_verify_modes(text: &str) -> String {
    ["sslmode=verify-full", "sslmode=verify-ca"]
        .into_iter()
        .fold(text.to_owned(), |text, mode| text.replace(mode, "sslmode=require"))
}

/// Host and database, without user and password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = self.config.get_hosts().iter().enumerate().map(|(nth, host)| {
            let ports = self.config.get_ports();
            let port = ports.get(nth).or(ports.first()).filter(|port| **port != 5432);
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            match host {
                Host::Tcp(name) => format!("{name}{port}"),
                Host::Unix(path) => format!("{}{port}", path.display()),
            }
        });
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        write!(f, "postgres://{}/{database}", hosts.collect::<Vec<_>>().join(","))
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_elsewhere_are_reached_by_tls_unless_told_otherwise() {
        for (url, mode) in [
            ("postgres://u:p@db.example/rbgv", SslMode::Require),
            ("postgresql://u@db.example:5433/rbgv?sslmode=verify-full", SslMode::Require),
            ("postgres://u@db.example/rbgv?sslmode=prefer", SslMode::Require),
            ("postgres://u@db.example/rbgv?sslmode=disable", SslMode::Disable),
            ("postgres://u@localhost/rbgv", SslMode::Disable),
            ("postgres://u@localhost/rbgv?sslmode=require", SslMode::Require),
            ("postgres://u@%2Frun%2Fpostgresql/rbgv", SslMode::Disable),
        ] {
            assert_eq!(
                PostgresAddress::parse(url, None).unwrap().config.get_ssl_mode(),
                mode,
                "{url}"
            );
        }
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let address = PostgresAddress::parse("postgres://u:se%40cret@a,b:5433/x", None).unwrap();
        assert_eq!(address.to_string(), "postgres://a,b:5433/x");
        assert_eq!(format!("{address:?}"), "postgres://a,b:5433/x");
        assert_eq!(address.password().as_deref(), Some("se@cret"));
        let asked = PostgresAddress::parse("postgres://u@a/x", Some("other")).unwrap();
        assert_eq!(asked.password().as_deref(), Some("other"));
        for url in
            ["postgres://u:secret@a/x?port=secret", "postgres://", "postgres://u:secret@a/x?no=1"]
        {
            let why = PostgresAddress::parse(url, None).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
