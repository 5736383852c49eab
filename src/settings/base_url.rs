//! The base address of a profile, and whether a key may be sent there.

use url::Url;

use crate::model::host::is_loopback;
use crate::model::{Failure, FailureKind};

use super::file::decode::{self, SectionReader};
use super::file::located_value::LocatedValue;

/// Where the vendor's API is (contract).
pub(crate) const VENDOR: &str = "https://api.removebgvideo.com";

/// Reads `base_url`, or takes `above` it an address and the variable that gave it.
pub(crate) fn read(
    read: &mut SectionReader<'_>,
    above: Option<(&str, &str)>,
    allow_http: bool,
) -> Result<Url, Failure> {
    if let Some((address, variable)) = above {
        let url = parse(address, allow_http).map_err(|why| {
            Failure::new(FailureKind::Configuration, format!("variable {variable}"), why)
        })?;
        read.note("base_url", url.as_str(), format!("variable {variable}"));
        return Ok(url);
    }
    let vendor = parse(VENDOR, allow_http)
        .map_err(|why| Failure::new(FailureKind::Configuration, VENDOR, why))?;
    read.required("base_url", vendor, Url::to_string, |scalar| {
        parse(decode::text(scalar)?, allow_http)
    })
}

/// Where a file says that the API is, at `entry` or by default; none if that cannot be read.
pub(crate) fn filed(entry: Option<&LocatedValue>) -> Option<Url> {
    match entry {
        None => parse(VENDOR, false).ok(),
        Some(entry) => parse(decode::text(&entry.scalar).ok()?, true).ok(),
    }
}

/// The base address that `text` names.
///
/// # Errors
/// Says what to change; never repeats a text that may hold a password.
pub(crate) fn parse(text: &str, allow_http: bool) -> Result<Url, String> {
    let example = "write it as https://host or https://host/path";
    let url =
        Url::parse(text.trim()).map_err(|error| format!("no address ({error}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("not an http or https address; {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user or a password; keys have settings of their own".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("has a query or a fragment; {example}"));
    }
    if url.path().trim_end_matches('/').ends_with("/v1") {
        return Err(
            "ends with /v1, which every call puts behind it anyway; leave it out".to_owned()
        );
    }
    if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
        return Err(format!(
            "{url} would send the key unprotected; use https, or set allow_http = true in this \
             profile if nobody else can listen"
        ));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_this_machine_unless_allowed() {
        for good in
            ["https://api.example", "http://127.0.0.1:8080", "http://[::1]", "http://localhost"]
        {
            assert!(parse(good, false).is_ok(), "{good}");
        }
        assert!(parse("http://api.example", false).unwrap_err().contains("allow_http"));
        assert!(parse("http://api.example", true).is_ok());
        assert!(parse("http://127.0.0.1.evil.example", false).is_err());
    }

    #[test]
    fn an_address_is_no_place_for_secrets() {
        let planted = parse("https://me:hunter2@api.example", false).unwrap_err();
        assert!(!planted.contains("hunter2"), "{planted}");
        for bad in [
            "",
            "api.example",
            "ftp://api.example",
            "https://x.example/?a=b",
            "https://",
            "https://x.example/v1/",
        ] {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
    }
}
