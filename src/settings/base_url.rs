//! The base URL of a profile, and whether a key may be sent there.

use url::Url;

use crate::model::Failure;
use crate::model::host::is_loopback;

use super::file::decode::{self, SectionReader};
use super::file::located_value::LocatedValue;

/// Base URL of the vendor's API.
pub const VENDOR_URL: &str = "https://api.removebgvideo.com";

/// The address in `variable` (with the name of the variable), or else `base_url`.
pub(crate) fn read(
    read: &mut SectionReader<'_>,
    variable: Option<(&str, &str)>,
    allow_http: bool,
) -> Result<Url, Failure> {
    if let Some((address, name)) = variable {
        let url = parse(address, allow_http)
            .map_err(|why| Failure::configuration(format!("variable {name}"), why))?;
        read.record("base_url", url.as_str(), format!("variable {name}"));
        return Ok(url);
    }
    let vendor =
        parse(VENDOR_URL, allow_http).map_err(|why| Failure::configuration(VENDOR_URL, why))?;
    read.value_or("base_url", vendor, Url::to_string, |scalar| {
        parse(decode::text(scalar)?, allow_http)
    })
}

/// The address at `entry` of a file, or the default; `None` if it is invalid.
pub(crate) fn of_file(entry: Option<&LocatedValue>) -> Option<Url> {
    match entry {
        None => parse(VENDOR_URL, false).ok(),
        Some(entry) => parse(decode::text(&entry.scalar).ok()?, true).ok(),
    }
}

/// Parses and checks a base URL.
///
/// # Errors
/// What to change, without the text, which may contain a password.
pub fn parse(text: &str, allow_http: bool) -> Result<Url, String> {
    let example = "write it as https://host or https://host/path";
    let url =
        Url::parse(text.trim()).map_err(|error| format!("not an address ({error}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("not an http or https address; {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user or password; keys have their own settings".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("has a query or a fragment; {example}"));
    }
    if url.path().trim_end_matches('/').ends_with("/v1") {
        return Err("ends with /v1, which is added to every request; remove it".to_owned());
    }
    if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
        return Err(format!(
            "{url} would send the key unencrypted; use https, or set allow_http = true in this \
             profile if the network is trusted"
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
    fn an_address_must_not_contain_secrets() {
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
