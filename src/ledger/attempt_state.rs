//! The row of the protocol: all that is remembered of one attempt at one item.
//!
//! The rules that change a row are in `flow::protocol`; here is only what a row is.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::model::{Failure, Instant, JobId};

/// Where an attempt stands. The words are the ledger's; see `docs/architecture.md` for the drawing.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptStatus {
    /// Nothing sent yet, or the upload has to be repeated.
    Planned,
    /// The service has the bytes; no job yet.
    Ready,
    /// A create was, or is about to be, sent; no answer recorded.
    CreateSent,
    /// A create without an answer, before it is known that drafts cost nothing.
    CreateDoubt,
    /// The job exists and was not started by us.
    Draft,
    /// A start was, or is about to be, sent; no answer recorded. From here on it may be billed.
    StartSent,
    /// A start without a clear answer.
    StartDoubt,
    /// A start that was refused in words; one look decides.
    StartRefused,
    /// Started.
    Running,
    /// Final: the output can be had, again and again, for nothing.
    Completed,
    /// Final: failed. Whether it was billed depends on `starts`.
    Failed,
    /// A person has to look: going on might bill twice, or follow the wrong job.
    NeedsReview,
    /// The service does not know our job under this key. Never made anew by itself.
    Halted,
}

impl AttemptStatus {
    /// Every phase, in the order that a job goes through them.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The ledger's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    /// Whether the attempt may occupy one of the key's places at the service.
    #[must_use]
    pub fn in_flight(self) -> bool {
        matches!(self, Self::StartSent | Self::StartDoubt | Self::StartRefused | Self::Running)
    }

    /// Whether the protocol does nothing more by itself.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::NeedsReview | Self::Halted)
    }
}

/// Of a row of `tasks`: a start was sent, or the draft ran, or may run, by itself.
pub(crate) const MAY_BE_BILLED: &str =
    "(start_count > 0 OR draft_observation IN ('started', 'pending'))";

/// Phases of a job that runs, or may run, at the service.
pub(crate) const IN_FLIGHT: &str = "'start_sent', 'start_doubt', 'start_refused', 'running'";

/// Phases in which no job was started.
pub(crate) const UNSTARTED: &str = "'planned', 'ready', 'create_sent', 'create_doubt', 'draft'";

/// Under which name the job's draft was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum DraftObservation {
    /// Under none.
    #[default]
    Unknown,
    /// As `created`, which is documented as not started.
    Created,
    /// Under any other name, before it is known whether it runs by itself.
    #[strum(serialize = "pending")]
    Unjudged,
    /// As `pending`, and it did not run by itself.
    #[strum(serialize = "pending_draft")]
    Pending,
    /// Under a name that is not documented, and it did not run by itself.
    #[strum(serialize = "other_draft")]
    Other,
    /// Running, although a draft was asked for.
    Started,
}

impl DraftObservation {
    /// The ledger's word. `pending` has meant [`DraftObservation::Unjudged`] since the first ledgers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads the ledger's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

/// The row.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptState {
    /// Where the attempt stands.
    pub status: AttemptStatus,
    /// The job, once known.
    pub job: Option<JobId>,
    /// Under which name its draft was seen.
    pub draft_observation: DraftObservation,
    /// Creates sent for this attempt that may have been executed.
    pub create_count: u32,
    /// Starts sent for this attempt that may have been executed.
    pub start_count: u32,
    /// How often the service forgot the upload.
    pub reupload_count: u32,
    /// Drafts that may have been left behind, unbilled.
    pub orphan_count: u32,
    /// When the last create or start was committed to be sent or came into doubt, the draft was first
    /// seen, or its start was refused.
    pub sent: Option<Instant>,
    /// Where the service has the bytes.
    pub video_url: Option<String>,
    /// Whether that address was known from an earlier upload.
    pub upload_reused: bool,
    /// Why it failed, or what a person has to look at.
    pub failure: Option<Failure>,
}

impl AttemptState {
    /// The row of an attempt that has done nothing.
    #[must_use]
    pub fn planned() -> Self {
        Self {
            status: AttemptStatus::Planned,
            job: None,
            draft_observation: DraftObservation::Unknown,
            create_count: 0,
            start_count: 0,
            reupload_count: 0,
            orphan_count: 0,
            sent: None,
            video_url: None,
            upload_reused: false,
            failure: None,
        }
    }

    /// Whether the attempt may have cost anything.
    #[must_use]
    pub fn may_be_billed(&self) -> bool {
        self.start_count > 0
            || matches!(
                self.draft_observation,
                DraftObservation::Started | DraftObservation::Unjudged
            )
    }
}
