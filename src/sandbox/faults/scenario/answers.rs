//! `[answers]`: the shapes that the contract leaves open.

use std::time::Duration;

use serde::Deserialize;

use crate::sandbox::util::duration;

/// The section.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerRules {
    pub(crate) error: ErrorShape,
    pub(crate) list: ListShape,
    /// Whether list objects carry `total`.
    pub(crate) list_total: bool,
    /// Which jobs are on the first page.
    pub(crate) order: ListOrder,
    /// How long a job, and each change of it, takes to show in the list.
    #[serde(deserialize_with = "duration::read")]
    pub(crate) list_lag: Duration,
    pub(crate) id: IdField,
    pub(crate) request_id: RequestIdPlace,
    /// Jobs in a page when no `limit` is given.
    pub(crate) page: usize,
    /// Most jobs in a page, whatever is asked.
    pub(crate) page_max: usize,
    /// A `limit` above this is answered with 400.
    pub(crate) page_refused_above: Option<usize>,
    /// Status of the answer to a create.
    pub(crate) create_status: u16,
    pub(crate) times: TimeForm,
    /// How the bodies of answers are compressed.
    pub(crate) compress: Option<Compress>,
    /// How long the service takes for each call with a key.
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

impl AnswerRules {
    pub(crate) fn check(&self) -> Result<(), String> {
        if ![200, 201, 202].contains(&self.create_status) {
            return Err("answers.create_status is 200, 201 or 202".to_owned());
        }
        if self.list_lag > Duration::from_hours(24) {
            return Err("answers.list_lag: at most a day".to_owned());
        }
        Ok(())
    }
}

/// The shapes of an error (contract, *Errors*).
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

/// The shapes of a page of jobs (contract, *Job*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ListShape {
    Array,
    Items,
    Jobs,
    Data,
}

/// Which jobs come first in the list.
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

/// How times are written.
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

/// How bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compress {
    /// Where the request accepts it.
    Gzip,
    /// Where the request accepts it.
    Deflate,
    /// Whatever the request accepts.
    AlwaysGzip,
}
