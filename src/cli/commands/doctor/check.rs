//! One line of the result of `rbgv doctor`.

use serde_json::{Value, json};

use crate::output::TextTone;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    Good,
    /// Information, not a problem.
    Note,
    /// A problem to fix.
    Finding,
}

impl CheckState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Finding => "finding",
        }
    }

    pub(crate) fn tone(self) -> TextTone {
        match self {
            Self::Good => TextTone::Good,
            Self::Note => TextTone::Plain,
            Self::Finding => TextTone::Bad,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) state: CheckState,
    pub(crate) says: String,
    pub(crate) fix: Option<String>,
}

impl Check {
    pub(crate) fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: CheckState::Good, says: says.into(), fix: None }
    }

    pub(crate) fn note(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: CheckState::Note, says: says.into(), fix: None }
    }

    pub(crate) fn finding(
        name: &'static str,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { name, state: CheckState::Finding, says: says.into(), fix: Some(fix.into()) }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "check": self.name,
            "state": self.state.as_str(),
            "says": self.says,
            "mend": self.fix,
        })
    }
}
