//! The content of a page as a value.

use std::time::Duration;

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

use crate::model::{Credits, Timestamp};

#[derive(Debug, Clone)]
pub struct Report {
    pub batch: BatchFacts,
    /// Failures first.
    pub rows: Vec<ReportRow>,
    pub timeline: Timeline,
    /// Durations of the jobs at the service.
    pub job_times: Histogram,
}

#[derive(Debug, Clone)]
pub struct BatchFacts {
    pub number: i64,
    pub profile: String,
    /// In a shared ledger, the machine that planned it.
    pub machine: Option<String>,
    /// Scheme, host and port of the API.
    pub service: String,
    pub created_at: Timestamp,
    /// `None` while the batch has open inputs.
    pub finished_at: Option<Timestamp>,
    pub written_at: Timestamp,
    /// Credits of the jobs that this batch started.
    pub cost: Cost,
}

/// State of an input, in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum RowState {
    Failed,
    NeedsReview,
    /// Not usable, so nothing was sent.
    Rejected,
    Unfinished,
    /// Started or drafted, and not waited for.
    Started,
    Done,
    /// Done by an earlier batch.
    DoneBefore,
}

impl RowState {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Name in the markup.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    #[must_use]
    pub fn label(self) -> String {
        self.as_str().replace('-', " ")
    }
}

/// All text is free of secrets; the page escapes it.
#[derive(Debug, Clone)]
pub struct ReportRow {
    pub name: String,
    pub state: RowState,
    /// The reason of a failure or pause.
    pub reason: Option<String>,
    /// The suggested command.
    pub next: Option<String>,
    pub job: Option<String>,
    pub times: PhaseTimes,
    pub cost: Option<Cost>,
    /// IDs and options, as names and values.
    pub facts: Vec<(&'static str, String)>,
    pub before: Side,
    pub after: Side,
    /// Seconds of a frame, if known.
    pub frame: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhaseTimes {
    pub upload: Option<Duration>,
    /// From the end of the upload until the service accepted the start.
    pub queue: Option<Duration>,
    /// From there until the job was seen to be finished.
    pub processing: Option<Duration>,
    pub download: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    pub credits: Credits,
    /// Part of it is an estimate.
    pub is_estimate: bool,
}

/// The input or output of a row. The script of the page reads it as JSON, with short names because
/// there may be thousands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Side {
    Missing {
        /// The reason why there is nothing to show.
        #[serde(rename = "t")]
        why: String,
    },
    File(Clip),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Clip {
    /// URL of the file, relative to the page.
    #[serde(rename = "h")]
    pub link: String,
    #[serde(rename = "k")]
    pub kind: ClipKind,
    /// Data URL of its first frame.
    #[serde(skip)]
    pub poster: Option<String>,
    /// Data URL of the whole file.
    #[serde(skip)]
    pub embedded: Option<String>,
    /// Remark about the file.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ClipKind {
    #[serde(rename = "v")]
    Video,
    #[serde(rename = "p")]
    Picture,
    /// Something that a browser does not show, such as an archive.
    #[serde(rename = "o")]
    Other,
}

/// Events of the batch, in milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    pub from: i64,
    pub to: i64,
    /// Times at which jobs were submitted; sorted.
    pub submitted: Vec<i64>,
    /// Times at which jobs were seen to be finished; sorted.
    pub finished: Vec<i64>,
    /// Begin and end of processing of each job.
    pub processing: Vec<(i64, i64)>,
    /// Times at which calls were rejected or failed; sorted.
    pub refusals: Vec<i64>,
    /// Intervals in which at least one input was paused; sorted, disjoint.
    pub pauses: Vec<(i64, i64)>,
}

/// Durations in milliseconds, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram(pub Vec<u64>);
