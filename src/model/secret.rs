//! Secrets that cannot be printed by accident: `Debug` and `Display` show a placeholder.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// An API key or admin token, wiped on drop.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Trims white space, such as the newline of a key file.
    pub fn new(raw: &str) -> Self {
        Self(SecretString::from(raw.trim().to_owned()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.expose_secret().is_empty()
    }

    /// The key itself, only for the header that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Replaces the key in output and storage.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::digest(self.expose().as_bytes());
        Fingerprint(hex::encode(&digest[..6]))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.fingerprint())
    }
}

/// The first twelve hex digits of the SHA-256 of a key: identifies the key without revealing it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A time-limited link to an output, or to an input in an object store. It grants access to the file,
/// so it is never stored, and only its host is displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct OutputLink(String);

impl OutputLink {
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole link, including its signature, for the request that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port: user, path, query and fragment may all grant access.
    pub fn redacted(&self) -> String {
        host_of(&self.0)
    }
}

impl fmt::Debug for OutputLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutputLink({})", self.redacted())
    }
}

/// `url` without user, password, query and fragment.
pub fn redact_url(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) => {
            let hidden = parsed.query().is_some();
            parsed.set_query(None);
            parsed.set_fragment(None);
            // Both fail only for URLs that cannot have a user.
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            if hidden { format!("{parsed}?…") } else { parsed.to_string() }
        }
        Err(_) => "(unreadable URL)".to_owned(),
    }
}

/// Scheme, host and port of `url`, with an ellipsis for the rest.
pub fn host_of(url: &str) -> String {
    let Ok(parsed) = url::Url::parse(url) else { return "(unreadable URL)".to_owned() };
    let host = parsed.host_str().unwrap_or_default();
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    let is_bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none();
    let more = if is_bare { "" } else { "/…" };
    format!("{}://{host}{port}{more}", parsed.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_only_its_fingerprint() {
        let key = ApiKey::new(" sk-very-secret\n");
        assert_eq!(key.expose(), "sk-very-secret");
        let shown = format!("{key:?} {}", key.fingerprint());
        assert!(!shown.contains("secret"), "{shown}");
        assert_eq!(key.fingerprint(), ApiKey::new("sk-very-secret").fingerprint());
        assert_eq!(key.fingerprint().0.len(), 12);
    }

    #[test]
    fn a_link_loses_what_signs_it() {
        let link = OutputLink::new("https://u:p@cdn.example/a/b.webm?sig=abc&exp=1#x");
        assert_eq!(link.redacted(), "https://cdn.example/…");
        assert_eq!(host_of("http://u:p@[::1]:80/?x"), "http://[::1]/…");
        assert_eq!(redact_url("https://u:p@a.example/b?sig=abc"), "https://a.example/b?…");
        assert!(!format!("{link:?}").contains("abc"));
        assert_eq!(redact_url("not a url ?sig=abc"), "(unreadable URL)");
    }
}
