//! `[answers]`: shapes that the contract leaves open.

use std::time::Duration;

use serde::Deserialize;

use crate::sandbox::util::duration;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerRules {
    pub(crate) error: ErrorShape,
    pub(crate) list: ListShape,
    /// Whether list objects have `total`.
    pub(crate) list_total: bool,
    /// Order of the list.
    pub(crate) order: ListOrder,
    /// Delay of jobs and their changes in the list.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) list_lag: Duration,
    pub(crate) id: IdField,
    pub(crate) request_id: RequestIdPlace,
    /// Default page size.
    pub(crate) page: usize,
    /// Maximum page size.
    pub(crate) page_max: usize,
    /// A `limit` above this is answered with 400.
    pub(crate) page_refused_above: Option<usize>,
    /// Status of the response to a create.
    pub(crate) create_status: u16,
    pub(crate) times: TimeForm,
    /// Compression of response bodies.
    pub(crate) compress: Option<Compress>,
    /// Duration of each call with a key.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) takes: Duration,
}

impl Default for AnswerRules {
    fn default() -> Self {
        Self {
            error: ErrorShape::Contract,
            list: ListShape::Items,
            list_total: true,
            order: ListOrder::Newest,
            list_lag: Duration::ZERO,
            id: IdField::Id,
            request_id: RequestIdPlace::Both,
            page: 20,
            page_max: 100,
            page_refused_above: None,
            create_status: 200,
            times: TimeForm::Utc,
            compress: None,
            takes: Duration::ZERO,
        }
    }
}

/// Shapes of an error (contract, *Errors*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorShape {
    Contract,
    /// `{"error": "text"}`
    Text,
    /// `{"message": "text"}`
    Message,
    /// `{"detail": "text"}`
    Detail,
    /// `{"detail": [{"loc": [...], "msg": "..."}]}`
    Validation,
    Html,
    Empty,
}

/// Shapes of a page of jobs (contract, *Job*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListShape {
    Array,
    Items,
    Jobs,
    Data,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListOrder {
    Newest,
    Oldest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IdField {
    Id,
    JobId,
    Both,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestIdPlace {
    Both,
    Body,
    Header,
    Nowhere,
}

/// Format of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TimeForm {
    /// `2026-01-01T00:00:00.000000Z`
    Utc,
    /// `2026-01-01T00:00:00.000000`, which is UTC
    Naive,
    /// `2026-01-01T02:00:00.000000+02:00`
    Offset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compress {
    /// If the request accepts it.
    Gzip,
    /// If the request accepts it.
    Deflate,
    /// Whether or not the request accepts it.
    AlwaysGzip,
}
