//! The address of a PostgreSQL server: `postgres://USER@HOST/DATABASE`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use url::form_urlencoded;

use crate::model::host::is_loopback_host;

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Silence after which a connection is taken for broken.
const SILENCE: Duration = Duration::from_secs(15);

/// Where a ledger's server is, and how to log in. Contains a password: never printed.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Config,
    /// PEM file with the authorities to trust, instead of those of this machine.
    pub root_certificates: Option<PathBuf>,
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
        // The parser ends the password at the first one, and takes the rest for the host, which is shown.
        if text.matches('@').count() > 1 {
            return Err("an @ in its user, password or options has to be written as %40".to_owned());
        }
        let (text, root_certificates) = split_tls_options(text);
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
            let is_local = config.get_hosts().iter().all(|host| match host {
                Host::Tcp(name) => is_loopback_host(name),
                Host::Unix(_) => true,
            });
            is_local && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
        };
        config.ssl_mode(if is_plain { SslMode::Disable } else { SslMode::Require });
        config
            .application_name("rbgv")
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        Ok(Self { config, root_certificates })
    }

    /// The password, to keep it out of all output.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        self.config.get_password().map(|password| String::from_utf8_lossy(password).into_owned())
    }
}

/// Splits off the options of `libpq` that the parser does not know: `sslrootcert`, and modes that mean what is
/// done anyway.
fn split_tls_options(text: &str) -> (String, Option<PathBuf>) {
    let Some((base, query)) = text.rsplit_once('?') else { return (text.to_owned(), None) };
    let (mut options, mut root_certificates) = (Vec::new(), None);
    for option in query.split('&') {
        match option.split_once('=') {
            Some(("sslmode", "verify-full" | "verify-ca")) => options.push("sslmode=require"),
            Some(("sslrootcert", "system" | "")) => {}
            Some(("sslrootcert", _)) => {
                // In this query, unlike in a form, a plus sign is not a space.
                let encoded = option.replace('+', "%2B");
                let decoded = form_urlencoded::parse(encoded.as_bytes()).next();
                root_certificates = decoded.map(|(_, path)| PathBuf::from(path.as_ref()));
            }
            _ => options.push(option),
        }
    }
    (format!("{base}?{}", options.join("&")), root_certificates)
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
    use std::path::Path;

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
            ("postgres://u@localhost/rbgv?hostaddr=10.0.0.1", SslMode::Require),
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
    fn authorities_come_from_the_file_that_the_address_names() {
        for (query, file) in [
            ("sslrootcert=/etc/rds.pem", Some("/etc/rds.pem")),
            ("sslmode=verify-full&sslrootcert=%2Fa+b%20c.pem&port=5433", Some("/a+b c.pem")),
            ("sslmode=verify-ca&sslrootcert=system", None),
        ] {
            let address = PostgresAddress::parse(&format!("postgres://u:p@db/x?{query}"), None);
            let address = address.unwrap();
            assert_eq!(address.root_certificates.as_deref(), file.map(Path::new), "{query}");
            assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        }
        let address = PostgresAddress::parse("postgres://u:p?sslrootcert@db/x", None).unwrap();
        assert_eq!(address.password().as_deref(), Some("p?sslrootcert"));
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let address = PostgresAddress::parse("postgres://u:se%40cret@a,b:5433/x", None).unwrap();
        assert_eq!(address.to_string(), "postgres://a,b:5433/x");
        assert_eq!(format!("{address:?}"), "postgres://a,b:5433/x");
        assert_eq!(address.password().as_deref(), Some("se@cret"));
        let asked = PostgresAddress::parse("postgres://u@a/x", Some("other")).unwrap();
        assert_eq!(asked.password().as_deref(), Some("other"));
        for url in [
            "postgres://u:secret@a/x?port=secret",
            "postgres://",
            "postgres://u:secret@a/x?no=1",
            "postgres://u:p@secret@a/x",
            "postgres://u:p@secret/secret@a/x",
            "postgres://u:p@secret?secret@a/x",
        ] {
            let why = PostgresAddress::parse(url, None).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
