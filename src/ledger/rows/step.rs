//! Steps of an attempt, as rows of `attempt_log`.

use std::fmt;

use strum::{EnumString, IntoStaticStr};

use super::attempt::AttemptStatus;
use crate::ledger::LedgerError;
use crate::ledger::database::value::{FromRow, Row};
use crate::model::{Failure, Timestamp};

/// One row of `attempt_log`.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptStep {
    pub at: Timestamp,
    /// Status after the step.
    pub status: AttemptStatus,
    pub note: StepNote,
    /// Request id of the service.
    pub request_id: Option<String>,
}

impl FromRow for AttemptStep {
    fn from_row(row: &Row<'_>) -> Result<Self, LedgerError> {
        Ok(Self {
            at: row.get("at")?,
            status: row.get("status")?,
            note: row.get("note")?,
            request_id: row.get("request_id")?,
        })
    }
}

/// Action that follows a step. Rows of earlier versions have other words for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum StepAction {
    Upload,
    Create,
    #[strum(serialize = "search for the job of a lost create")]
    Search,
    Draft,
    Start,
    #[strum(to_string = "poll", serialize = "look")]
    Poll,
    Follow,
    #[strum(serialize = "ask for the usage events")]
    AskUsage,
    /// Until earlier requests have arrived, or a draft has shown whether it runs by itself.
    #[strum(to_string = "wait", serialize = "wait for requests to drain")]
    Wait,
    /// A call that the client repeated; the attempt stays where it is.
    Retry,
    #[strum(serialize = "back off")]
    BackOff,
    #[strum(to_string = "suspend", serialize = "rest")]
    Suspend,
    Finish,
    /// Decisions of the user.
    Accepted,
    Abandoned,
    /// Of a newer version.
    #[strum(serialize = "")]
    Unknown,
}

/// Text of a step: its action, and the failure that led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepNote {
    pub action: StepAction,
    /// The failure; of an unknown action, the whole text.
    pub detail: Option<String>,
}

impl StepNote {
    /// A step that `failure` led to.
    #[must_use]
    pub fn of_failure(action: StepAction, failure: &Failure) -> Self {
        Self { action, detail: Some(failure.to_string()) }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if let Ok(action) = text.parse::<StepAction>() {
            return action.into();
        }
        let known = text
            .split_once(": ")
            .and_then(|(action, detail)| Some((action.parse::<StepAction>().ok()?, detail)));
        let (action, detail) = known.unwrap_or((StepAction::Unknown, text));
        Self { action, detail: Some(detail.to_owned()) }
    }
}

impl From<StepAction> for StepNote {
    fn from(action: StepAction) -> Self {
        Self { action, detail: None }
    }
}

impl fmt::Display for StepNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action: &str = self.action.into();
        match (&self.detail, self.action) {
            (None, _) => f.write_str(action),
            (Some(text), StepAction::Unknown) => f.write_str(text),
            (Some(detail), _) => write!(f, "{action}: {detail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_are_written_and_as_earlier_versions_wrote_them() {
        for text in ["upload", "search for the job of a lost create", "back off: a: b", "poll"] {
            let note = StepNote::parse(text);
            assert!(note.action != StepAction::Unknown, "{text}");
            assert_eq!(note.to_string(), text);
        }
        assert_eq!(StepNote::parse("look"), StepAction::Poll.into());
        assert_eq!(StepNote::parse("rest: no credits").to_string(), "suspend: no credits");
        for text in ["of a newer version: x", "unknown"] {
            let note = StepNote::parse(text);
            assert_eq!((note.action, note.to_string()), (StepAction::Unknown, text.to_owned()));
        }
    }
}
