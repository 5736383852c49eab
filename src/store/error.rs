//! Failures of object stores in our own words. Only a store's error code is quoted: its other text may
//! contain signed requests.

use std::error::Error as _;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use super::environment::StoreConfig;
use crate::model::{Failure, FailureKind, ObjectUrl, StoreKind};

/// Maximum length of an error code, in bytes.
const CODE_MAX: usize = 40;

const CHANGED: &str = "the object changed during processing";
const CHANGED_NEXT: &str = "run the same command again; a changed object is a new input";

const BAD_KEY: &str = "the list contains a key with an empty part, '.', '..' or control characters";

/// What was done with an object when the failure occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    List,
    Read,
    Write,
    Sign,
}

/// Cause of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    NoBucket,
    NoObject,
    Changed,
    Denied(Option<String>),
    NoCredentials,
    Region,
    Unreachable(&'static str),
    Other(String),
}

pub(crate) fn failure(
    url: &ObjectUrl,
    error: &Error,
    access: Access,
    config: &StoreConfig,
) -> Failure {
    let cause = cause(error);
    let help = || "rbgv help storage".to_owned();
    let bucket = match url.kind {
        StoreKind::Azure => "container",
        StoreKind::S3 | StoreKind::Gcs => "bucket",
    };
    let (why, next) = match &cause {
        Cause::NoBucket => (format!("there is no {bucket} {}", url.bucket), help()),
        Cause::NoObject => {
            let next = format!("rbgv run --dry-run {}", url.folder().shell_quoted());
            ("there is no such object".to_owned(), next)
        }
        Cause::Changed => (CHANGED.to_owned(), CHANGED_NEXT.to_owned()),
        Cause::Denied(code) => {
            let code = code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
            let what = match access {
                Access::List => &format!("listing the {bucket}"),
                Access::Read => "reading it",
                Access::Write => "writing to it",
                Access::Sign => "signing a URL for it",
            };
            (format!("the credentials do not permit {what}{code}"), help())
        }
        Cause::NoCredentials => (no_credentials(url.kind, config), help()),
        Cause::Region => (
            "the bucket is in another region".to_owned(),
            "set AWS_REGION to the region of the bucket".to_owned(),
        ),
        Cause::Unreachable(why) => (
            format!("the object store cannot be reached: {why}"),
            "run the same command again".to_owned(),
        ),
        Cause::Other(why) => {
            (config.sanitizer.clean_short(why), "run the same command again".to_owned())
        }
    };
    let what = match access {
        Access::List => format!("listing {url}"),
        Access::Read => format!("reading {url}"),
        Access::Write => format!("writing {url}"),
        Access::Sign => format!("signing a URL of {url}"),
    };
    Failure::new(kind(&cause, access), what, why).with_next(next)
}

fn kind(cause: &Cause, access: Access) -> FailureKind {
    let is_lasting =
        matches!(cause, Cause::NoBucket | Cause::Denied(_) | Cause::NoCredentials | Cause::Region);
    match cause {
        _ if is_lasting && access == Access::Write => FailureKind::Unwritable,
        Cause::NoBucket | Cause::NoObject => FailureKind::Usage,
        _ if is_lasting => FailureKind::Configuration,
        _ => FailureKind::Local,
    }
}

fn cause(error: &Error) -> Cause {
    let text = error.to_string();
    let code = code(&text);
    match code.as_deref() {
        Some("NoSuchBucket" | "ContainerNotFound") => return Cause::NoBucket,
        Some(
            "AccessDenied"
            | "SignatureDoesNotMatch"
            | "InvalidAccessKeyId"
            | "ExpiredToken"
            | "InvalidToken"
            | "AuthenticationRequired"
            | "AuthenticationFailed"
            | "AuthorizationFailure"
            | "AuthorizationPermissionMismatch"
            | "InvalidAuthenticationInfo"
            | "NoAuthenticationInformation",
        ) => return Cause::Denied(code),
        Some(
            "PermanentRedirect"
            | "AuthorizationHeaderMalformed"
            | "IllegalLocationConstraintException",
        ) => return Cause::Region,
        _ => {}
    }
    match error {
        Error::NotFound { .. } => return Cause::NoObject,
        Error::Precondition { .. } => return Cause::Changed,
        Error::InvalidPath { .. } => {
            return Cause::Other(BAD_KEY.to_owned());
        }
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
            return Cause::Denied(code);
        }
        _ => {}
    }
    if text.contains("169.254.") || text.contains("metadata.google.internal") {
        // The machine has no service that issues credentials.
        return Cause::NoCredentials;
    }
    match http_error(error) {
        Some(HttpErrorKind::Connect) => Cause::Unreachable("cannot connect"),
        Some(HttpErrorKind::Timeout) => Cause::Unreachable("no response in time"),
        Some(_) => Cause::Unreachable("the transfer was interrupted"),
        None if text.contains("Received redirect") => Cause::Region,
        None => match code {
            Some(code) => Cause::Other(format!("the object store responded with {code}")),
            None => Cause::Other(text),
        },
    }
}

/// The content of `<Code>` in the store's response.
fn code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_plain = code.len() <= CODE_MAX && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_plain.then(|| code.to_owned())
}

/// The HTTP error in the chain of causes.
fn http_error(error: &Error) -> Option<HttpErrorKind> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(http) = inner.downcast_ref::<HttpError>() {
            return Some(http.kind());
        }
        cause = inner.source();
    }
    None
}

fn no_credentials(kind: StoreKind, config: &StoreConfig) -> String {
    let (names, hint) = match kind {
        StoreKind::S3 if config.vars.contains_key("AWS_PROFILE") => (
            "AWS_ACCESS_KEY_ID",
            "; AWS profiles are not read: eval \"$(aws configure export-credentials --format env)\"",
        ),
        StoreKind::S3 => ("AWS_ACCESS_KEY_ID", ""),
        StoreKind::Gcs => ("GOOGLE_APPLICATION_CREDENTIALS", ""),
        StoreKind::Azure => ("AZURE_STORAGE_ACCOUNT_KEY", ""),
    };
    format!("no credentials: {names} is not set, and this machine has no role of its own{hint}")
}

/// Failure of reading an object that is not the one that was planned.
pub(crate) fn changed(url: &ObjectUrl) -> Failure {
    Failure::new(FailureKind::Local, format!("reading {url}"), CHANGED).with_next(CHANGED_NEXT)
}

/// Failure of a client that cannot be built from the environment.
pub(crate) fn misconfigured(url: &ObjectUrl, error: &Error) -> Failure {
    let text = error.to_string();
    let why = match text.split_once("error: ") {
        Some((_, why)) => why.to_owned(),
        None => text,
    };
    Failure::configuration(url.to_string(), why).with_next("rbgv help storage")
}

/// Failure of a list with a key that cannot be addressed.
pub(crate) fn bad_list(prefix: &ObjectUrl) -> Failure {
    Failure::new(FailureKind::Local, format!("listing {prefix}"), BAD_KEY)
        .with_next("rename the object")
}

pub(crate) fn bad_key(url: &ObjectUrl) -> Failure {
    Failure::usage(url.to_string(), "this key cannot be addressed").with_next("rename the object")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(body: &str) -> Error {
        Error::PermissionDenied { path: "k".into(), source: body.to_owned().into() }
    }

    #[test]
    fn only_plain_codes_are_quoted() {
        let url = ObjectUrl::parse("s3://b/k").unwrap().unwrap();
        let shown = |body: &str, access| {
            failure(&url, &denied(body), access, &StoreConfig::default()).to_string()
        };
        let text =
            shown("<Error><Code>AccessDenied</Code><Key>X-Amz-Signature=ff</Key>", Access::Write);
        assert!(text.contains("s3://b/k") && text.contains("(AccessDenied)"), "{text}");
        let text = shown("<Code>secret is here</Code>", Access::Read);
        assert!(!text.contains("secret"), "{text}");
        let kind = |access| failure(&url, &denied(""), access, &StoreConfig::default()).kind;
        assert_eq!(kind(Access::Write), FailureKind::Unwritable);
        assert_eq!(kind(Access::Read), FailureKind::Configuration);
    }

    #[test]
    fn each_cause_has_its_next_command() {
        let url = ObjectUrl::parse("s3://b/in/k").unwrap().unwrap();
        let config = StoreConfig::default();
        let not_found =
            |body: &str| Error::NotFound { path: "k".into(), source: body.to_owned().into() };
        let shown = failure(&url, &not_found(""), Access::Read, &config);
        assert_eq!(shown.kind, FailureKind::Usage);
        assert_eq!(shown.next.as_deref(), Some("rbgv run --dry-run 's3://b/in/'"));
        let shown = failure(&url, &not_found("<Code>NoSuchBucket</Code>"), Access::Write, &config);
        assert_eq!(
            (shown.kind, shown.why.as_str()),
            (FailureKind::Unwritable, "there is no bucket b")
        );
        let other =
            Error::Generic { store: "S3", source: "Received redirect without LOCATION".into() };
        assert!(failure(&url, &other, Access::List, &config).next.unwrap().contains("AWS_REGION"));
    }
}
