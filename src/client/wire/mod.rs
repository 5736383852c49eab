//! Bodies as they travel: what requests are made of, and how answers are read. The only place of
//! the client that knows field names. Answers are read leniently, field by field, since the
//! contract leaves much open: unknown fields are kept, null is absent, and a field of another type
//! than expected does not spoil its neighbours.
//!
//! An answer is bounded, cleaned ([`Sanitizer`]) and only then read: no reader sees a text as the
//! service wrote it, except links and new keys, which become types that hide them.

pub(super) mod account;
pub(super) mod error;
pub(super) mod fields;
pub(super) mod job;
pub(super) mod parse;
pub(super) mod request;

pub(crate) use self::parse::{Unreadable, parse};
