//! Detection of hosts on this machine.

use std::net::IpAddr;

use url::{Host, Url};

pub fn is_loopback(url: &Url) -> bool {
    // The address of an IPv6 host is in brackets.
    url.host_str().is_some_and(|host| is_loopback_host(host.trim_matches(['[', ']'])))
}

/// [`is_loopback`] of a host by its name or address.
pub fn is_loopback_host(host: &str) -> bool {
    if let Ok(ip) = host.parse::<IpAddr>() {
        // The unspecified address also connects to this machine.
        let ip = ip.to_canonical();
        return ip.is_loopback() || ip.is_unspecified();
    }
    let name = host.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether strangers may reach the host of `url`, by its name or address alone.
pub fn is_public_host(url: &Url) -> bool {
    const PRIVATE: [&str; 7] =
        [".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".test"];
    if is_loopback(url) {
        return false;
    }
    match url.host() {
        Some(Host::Ipv4(ip)) => !(ip.is_private() || ip.is_link_local() || ip.is_documentation()),
        Some(Host::Ipv6(ip)) => !(ip.is_unique_local() || ip.is_unicast_link_local()),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name.contains('.') && !PRIVATE.iter().any(|suffix| name.ends_with(suffix))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_many_names() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://0.0.0.0", true),
            ("http://localhost.", true),
            ("http://api.localhost", true),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost.example", false),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
