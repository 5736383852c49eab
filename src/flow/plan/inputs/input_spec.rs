//! An input as the user names it: a path, a URL, or objects of a store.

use std::path::PathBuf;

use crate::model::text::shell_quoted;
use crate::model::{Failure, ObjectUrl};

/// An input as named by the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputSpec {
    /// A file or a directory.
    Path(PathBuf),
    /// A URL with its scheme in lower case. The plan checks whether the service can fetch it.
    Url(String),
    /// An object; a prefix that ends with a slash; or a glob.
    Object(ObjectUrl),
}

impl InputSpec {
    /// Parses an argument, or a line of a list.
    pub fn read(text: PathBuf) -> Self {
        let Some(url) = text.to_str().and_then(address) else { return Self::Path(text) };
        match ObjectUrl::parse(&url) {
            Some(Ok(object)) => Self::Object(object),
            _ => Self::Url(url),
        }
    }
}

/// `text` as a URL, if it begins with `scheme://`, or with a scheme that no path begins with.
fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.trim().split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let is_known = matches!(scheme.as_str(), "http" | "https" | "file");
    (is_scheme && (is_known || rest.starts_with("//"))).then(|| format!("{scheme}:{rest}"))
}

/// Rejects a URL that the service cannot fetch.
pub(crate) fn check_address(url: &str) -> Result<(), Failure> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    let refused = |why: String, next: String| {
        let shown = crate::model::secret::redact_url(url);
        Err(Failure::usage(shown, why).with_next(next))
    };
    match scheme {
        "http" | "https" => {
            let is_whole = rest.starts_with("//")
                && url::Url::parse(url).is_ok_and(|parsed| parsed.host_str().is_some());
            if is_whole {
                return Ok(());
            }
            let why = format!("incomplete URL: {scheme}:// must be followed by a host");
            refused(why, format!("rbgv run {scheme}://HOST/PATH"))
        }
        "file" => {
            let path = url::Url::parse(url).ok().and_then(|parsed| parsed.to_file_path().ok());
            let path = path.map_or_else(|| "PATH".to_owned(), |path| shell_quoted(&path));
            let why = "file URLs are not supported";
            refused(why.to_owned(), format!("rbgv run {path}"))
        }
        _ => {
            if let Some(Err(why)) = ObjectUrl::parse(url) {
                return refused(why, format!("rbgv run {scheme}://BUCKET/KEY"));
            }
            let why = format!(
                "{scheme}:// URLs are not supported; use http://, https://, s3://, gs:// or az://"
            );
            let next = "download the file first, or use a public https:// URL";
            refused(why, next.to_owned())
        }
    }
}

#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_address(text: &str) {
    if let InputSpec::Url(url) = InputSpec::read(text.into()) {
        let _ = check_address(&url);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    #[test]
    fn addresses_are_known_by_their_scheme_in_any_case() {
        let read = |text: &str| match InputSpec::read(text.into()) {
            InputSpec::Url(url) => Some(url),
            InputSpec::Path(_) | InputSpec::Object(_) => None,
        };
        // (text, URL, error)
        let table = [
            ("https://x.example/a.mp4", "https://x.example/a.mp4", None),
            ("HTTPS://x.example/A.mp4", "https://x.example/A.mp4", None),
            (" Http://x.example/a.mp4 ", "http://x.example/a.mp4", None),
            ("s3:///a.mp4", "s3:///a.mp4", Some("bucket")),
            ("GS://bucket//a.mp4", "gs://bucket//a.mp4", Some("empty part")),
            ("ftp://x.example/a.mp4", "ftp://x.example/a.mp4", Some("ftp://")),
            ("file:///etc/a.mp4", "file:///etc/a.mp4", Some("file")),
            ("FILE:/etc/a.mp4", "file:/etc/a.mp4", Some("file")),
            ("https:x.example", "https:x.example", Some("incomplete")),
            ("https://", "https://", Some("incomplete")),
        ];
        for (text, address, wrong) in table {
            assert_eq!(read(text).as_deref(), Some(address), "{text}");
            let checked = check_address(address);
            match wrong {
                None => assert_eq!(checked, Ok(()), "{text}"),
                Some(word) => {
                    let failure = checked.unwrap_err();
                    assert_eq!(failure.kind, FailureKind::Usage);
                    assert!(failure.why.contains(word) && failure.next.is_some(), "{failure}");
                }
            }
        }
        for text in ["s3://bucket/a b.mp4", "GS://bucket/in/", "az://container", "s3://b/*.mp4"] {
            assert!(matches!(InputSpec::read(text.into()), InputSpec::Object(_)), "{text}");
        }
        let next = check_address("file:///etc/it's%20a.mp4").unwrap_err().next.unwrap();
        assert_eq!(next, r"rbgv run '/etc/it'\''s a.mp4'");
        for path in ["a.mp4", "C:a.mp4", "12:30 take.mp4", "a:b/c.mp4", "/x/http://y", "-://x"] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
