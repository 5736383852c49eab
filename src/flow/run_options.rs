//! Options of a run, stored with its batch so that `resume` behaves alike.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use strum::{EnumString, VariantNames};

use super::state_machine::Goal;
use crate::model::{Credits, Failure, ObjectUrl};

/// Destination of outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Beside each input, also in an object store; for URLs, the current directory.
    Beside,
    /// This directory, with the input tree kept.
    Directory(PathBuf),
    /// This one file.
    File(PathBuf),
    /// Objects below this prefix, with the input tree kept.
    Prefix(ObjectUrl),
    /// This one object.
    Object(ObjectUrl),
    /// Standard output, for the bytes of a single output.
    Stdout,
}

/// When the service gets a signed URL of an object instead of its bytes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ByUrl {
    /// Where the address of the store is public.
    #[default]
    Auto,
    /// Where it is not, too: the service may be in the same network.
    Always,
    Never,
}

/// Options of a run. `resume` may override each of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunOptions {
    /// Last stage to run.
    pub goal: Goal,
    /// Maximum jobs in flight.
    pub in_flight: u32,
    /// Maximum credits that the batch may start, by estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_credits: Option<Credits>,
    /// Existing files at output paths are replaced.
    #[serde(default)]
    pub overwrite: bool,
    /// The first failure stops the run.
    #[serde(default)]
    pub fail_fast: bool,
    /// Maximum new, billed attempts for a job that failed at the service.
    #[serde(default)]
    pub retry_failed: u32,
    /// Objects are sent as signed URLs.
    #[serde(default)]
    pub by_url: ByUrl,
    /// Completed inputs get a new, billed attempt.
    #[serde(skip)]
    pub again: bool,
}

impl RunOptions {
    /// JSON for the ledger. `again` is left out: resuming never creates new attempts.
    pub(crate) fn to_json(&self) -> String {
        // A struct of numbers, flags and strings always serializes.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Parses the JSON of a batch. The goal of a resumed batch is always [`Goal::Finish`].
    pub fn of_batch(json: &str) -> Result<Self, Failure> {
        let stored: Self = serde_json::from_str(json)
            .map_err(|error| Failure::local("reading the batch from the ledger", &error))?;
        Ok(Self { goal: Goal::Finish, in_flight: stored.in_flight.max(1), ..stored })
    }

    /// Rejects values out of range.
    pub fn check(&self) -> Result<(), Failure> {
        if self.in_flight == 0 {
            let why = "must be at least 1";
            return Err(Failure::usage("--in-flight 0", why));
        }
        if self.max_credits.is_some_and(|max| !max.0.is_finite() || max.0 < 0.0) {
            let why = "expected 0 or more credits";
            return Err(Failure::usage("--max-credits", why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_resumed_as_it_was_begun_but_to_the_end() {
        let begun = RunOptions {
            goal: Goal::Start,
            in_flight: 3,
            max_credits: Some(Credits(9.5)),
            overwrite: true,
            fail_fast: true,
            retry_failed: 2,
            by_url: ByUrl::Never,
            again: true,
        };
        let stored = serde_json::json!({
            "goal": "start", "in_flight": 3, "max_credits": 9.5, "overwrite": true,
            "fail_fast": true, "retry_failed": 2, "by_url": "never",
        });
        assert_eq!(serde_json::json!(begun), stored, "names stay");
        let resumed = RunOptions::of_batch(&begun.to_json()).unwrap();
        assert_eq!(resumed, RunOptions { goal: Goal::Finish, again: false, ..begun });
        assert!(RunOptions::of_batch("nonsense").is_err());
    }
}
