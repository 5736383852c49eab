//! Objects of a store, and the targets of outputs: a local file or an object.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use strum::{EnumString, IntoStaticStr};

use super::text::shell_quoted;

/// Kind of an object store, by the scheme of its URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
pub enum StoreKind {
    #[strum(serialize = "s3")]
    S3,
    #[strum(serialize = "gs")]
    Gcs,
    #[strum(serialize = "az")]
    Azure,
}

impl StoreKind {
    pub fn scheme(self) -> &'static str {
        self.into()
    }
}

/// `s3://bucket/key`. The key is taken as it is written, without percent decoding. It may be empty or
/// end with a slash: then it is the prefix of other keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectUrl {
    pub kind: StoreKind,
    pub bucket: String,
    pub key: String,
}

impl ObjectUrl {
    /// Parses a URL; `None` if its scheme is not that of an object store.
    ///
    /// # Errors
    ///
    /// The bucket or the key cannot be used, with the reason.
    pub fn parse(text: &str) -> Option<Result<Self, String>> {
        let (scheme, rest) = text.split_once("://")?;
        let kind = scheme.to_ascii_lowercase().parse().ok()?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let url = Self { kind, bucket: bucket.to_owned(), key: key.to_owned() };
        Some(url.check().map(|()| url))
    }

    /// # Errors
    ///
    /// The bucket or the key cannot be used, with the reason.
    pub fn check(&self) -> Result<(), String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if self.bucket.is_empty() || !self.bucket.chars().all(is_name) {
            let scheme = self.kind.scheme();
            return Err(format!("{scheme}:// must be followed by the name of a bucket and a key"));
        }
        check_key(&self.key)
    }

    /// The key names other keys: it is empty or ends with a slash.
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// Position in the key at which a glob begins, if it is one.
    pub fn glob_start(&self) -> Option<usize> {
        self.key.find(['*', '?', '[', '{'])
    }

    /// The URL as an argument of a shell.
    pub fn shell_quoted(&self) -> String {
        shell_quoted(Path::new(&self.to_string()))
    }

    /// The same bucket with another key.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self { kind: self.kind, bucket: self.bucket.clone(), key: key.into() }
    }

    /// The prefix in which the object is: its key up to the last slash.
    #[must_use]
    pub fn folder(&self) -> Self {
        self.with_key(self.key.rfind('/').map_or("", |slash| &self.key[..=slash]))
    }

    /// The key after its last slash.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }

    /// The object below this prefix with a relative `path`.
    ///
    /// # Errors
    ///
    /// The path is not Unicode, or no valid key.
    pub fn join(&self, path: &Path) -> Result<Self, String> {
        let below = path.to_str().ok_or("the name is not valid UTF-8, and keys have to be")?;
        let slash = if self.is_prefix() { "" } else { "/" };
        let joined = self.with_key(format!("{}{slash}{below}", self.key));
        joined.check().map(|()| joined)
    }

    /// Bucket and key as a path, of which output names are made.
    pub fn as_path(&self) -> PathBuf {
        Path::new(&self.bucket).join(&self.key)
    }
}

/// Rejects keys that no store client can address unambiguously.
fn check_key(key: &str) -> Result<(), String> {
    if key.chars().any(char::is_control) {
        return Err("the key contains control characters".to_owned());
    }
    let mut parts = key.strip_suffix('/').unwrap_or(key).split('/');
    let is_bad = |part: &str| matches!(part, "" | "." | "..");
    if !key.is_empty() && parts.any(is_bad) {
        return Err("the key contains an empty part, '.' or '..'".to_owned());
    }
    Ok(())
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/{}", self.kind.scheme(), self.bucket, self.key)
    }
}

/// An object as it was when it was listed or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    pub url: ObjectUrl,
    /// In bytes.
    pub size: u64,
    /// Changes with the content.
    pub etag: Option<String>,
}

/// Where the output of an input is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// Absolute path of a file.
    File(PathBuf),
    Object(ObjectUrl),
}

impl Target {
    pub fn as_file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Object(_) => None,
        }
    }

    /// Path or URL as bytes, since a path need not be Unicode.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::File(path) => path.as_os_str().as_bytes().to_vec(),
            Self::Object(url) => url.to_string().into_bytes(),
        }
    }

    /// Inverse of [`Target::to_bytes`]: an absolute path never begins with a scheme.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match std::str::from_utf8(&bytes).ok().and_then(ObjectUrl::parse) {
            Some(Ok(url)) => Self::Object(url),
            _ => Self::File(OsString::from_vec(bytes).into()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Object(url) => url.fmt(f),
        }
    }
}

impl From<PathBuf> for Target {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&str> for Target {
    fn from(path: &str) -> Self {
        Self::File(path.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ObjectUrl {
        ObjectUrl::parse(text).unwrap().unwrap()
    }

    #[test]
    fn a_key_is_taken_as_it_is_written() {
        let clip = url("S3://bucket/in/a b#ü%20.mp4");
        assert_eq!((clip.kind, clip.bucket.as_str()), (StoreKind::S3, "bucket"));
        assert_eq!(clip.key, "in/a b#ü%20.mp4");
        assert_eq!(clip.to_string(), "s3://bucket/in/a b#ü%20.mp4");
        assert_eq!(clip.file_name(), "a b#ü%20.mp4");
        assert_eq!(clip.folder(), url("s3://bucket/in/"));
        assert_eq!(url("gs://b/x.mp4").folder(), url("gs://b"));
        for (text, is_prefix) in
            [("az://c", true), ("gs://b/", true), ("s3://b/in/", true), ("s3://b/in", false)]
        {
            assert_eq!(url(text).is_prefix(), is_prefix, "{text}");
        }
    }

    #[test]
    fn keys_that_cannot_be_addressed_are_refused() {
        for text in [
            "s3://",
            "s3:///key",
            "s3://b c/key",
            "s3://u:p@b/key",
            "s3://b//key",
            "s3://b/a//c",
            "s3://b/../c",
            "s3://b/a/./c",
            "gs://b/a\nc",
            "az://b/a//",
        ] {
            assert!(ObjectUrl::parse(text).unwrap().is_err(), "{text}");
        }
        for text in ["https://x.example/a", "/s3://b/c", "s3:/b/c", "s3x://b/c"] {
            assert!(ObjectUrl::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn outputs_stay_below_their_prefix() {
        let out = url("s3://b/out/");
        assert_eq!(out.join(Path::new("a/b.webm")), Ok(url("s3://b/out/a/b.webm")));
        assert_eq!(url("s3://b").join(Path::new("b.webm")), Ok(url("s3://b/b.webm")));
        assert_eq!(url("s3://b/out").join(Path::new("b.webm")), Ok(url("s3://b/out/b.webm")));
        for path in ["../b.webm", "/b.webm", "a//b", "."] {
            assert!(out.join(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn targets_are_stored_as_bytes() {
        let foreign = PathBuf::from(OsString::from_vec(b"/out/a\xff.webm".to_vec()));
        for target in [
            Target::File("/out/s3:/b".into()),
            Target::File(foreign),
            Target::Object(url("s3://b/ü.webm")),
        ] {
            assert_eq!(Target::from_bytes(target.to_bytes()), target);
        }
    }
}
