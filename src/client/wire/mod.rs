//! Wire formats: bodies of requests, and lenient reading of responses. The only module of the
//! client that knows field names. Since the contract leaves much open, fields are read one by one:
//! unknown fields are preserved, null counts as absent, and a field of an unexpected type does not
//! affect others.
//!
//! Responses are bounded and sanitized ([`Sanitizer`](crate::model::Sanitizer)) before they are read: readers never see the
//! raw text of the service, except for links and new keys, which become types that hide them.

pub(super) mod account;
pub(super) mod error;
pub(super) mod fields;
pub(super) mod job;
pub(super) mod parse;
pub(super) mod request;

pub(crate) use self::parse::{Unreadable, parse};

/// Reads a body as a page of jobs.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_page(body: &[u8]) -> Option<super::JobPage> {
    let value = parse(body, &crate::model::Sanitizer::default()).ok()?;
    job::page(value, &url::Url::parse("https://api.example/").ok()?).ok()
}

/// Reads a body as every kind of response.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn read_as_everything(body: &[u8]) {
    let sanitizer = crate::model::Sanitizer::default();
    let _ = error::ErrorBody::read(body, &sanitizer);
    let (Ok(value), Ok(base)) = (parse(body, &sanitizer), url::Url::parse("https://api.example/"))
    else {
        return;
    };
    let id = crate::model::JobId("job_1".to_owned());
    let _ = (job::uploaded(&value), job::created(&value), job::started(&value, &id));
    let _ = (job::job(value.clone(), &id, &base), job::page(value.clone(), &base));
    let _ = (job::download_link(&value, &base), account::new_key(&value));
    let _ = (account::pricing(value.clone()), account::health(value.clone()));
    let _ = (account::usage_summary(value.clone()), account::usage_events(value.clone()));
    let _ = account::admin_keys(value);
}
