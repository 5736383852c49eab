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
