//! Accepted `Host` values.

use url::{Host, Url};

/// Accepted hosts besides loopback.
#[derive(Debug)]
pub(crate) struct Hosts {
    named: Vec<String>,
    any_address: bool,
}

impl Hosts {
    /// The hosts of `origins`. `any_address` accepts every IP address, since the machine may have
    /// several.
    pub(crate) fn of(origins: &[&str], any_address: bool) -> Self {
        let host = |origin: &&str| Url::parse(origin).ok()?.host_str().map(str::to_owned);
        Self { named: origins.iter().filter_map(host).collect(), any_address }
    }

    /// Whether `authority`, with or without a port, is accepted.
    pub(crate) fn has(&self, authority: &str) -> bool {
        if authority.contains(|c: char| !(c.is_ascii_alphanumeric() || ".-_:[]".contains(c))) {
            return false;
        }
        // Parsed like in a browser: 127.1 and 0x7f000001 are addresses, too.
        let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
        let own = url.host_str().is_some_and(|host| self.named.iter().any(|named| named == host));
        own || match url.host() {
            Some(Host::Ipv4(ip)) => self.any_address || ip.is_loopback(),
            Some(Host::Ipv6(ip)) => self.any_address || ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_mean_this_sandbox_are_known() {
        let local = Hosts::of(&["http://127.0.0.1:1", "http://box.example:2"], false);
        for own in
            ["127.0.0.1:9", "127.9.9.9", "[::1]:3", "localhost:4", "a.localhost", "BOX.example"]
        {
            assert!(local.has(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "box.example@evil.example",
            "evil@localhost",
            "localhost/x",
            "box.example.",
            "",
            "x y",
        ] {
            assert!(!local.has(foreign), "{foreign}");
        }
        let open = Hosts::of(&["http://127.0.0.1:1"], true);
        assert!(open.has("192.0.2.1:80") && open.has("[2001:db8::1]"));
        assert!(!open.has("evil.example"));
    }
}
