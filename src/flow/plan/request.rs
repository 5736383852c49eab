//! What is planned, with what, and the result.

use std::collections::HashSet;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::inputs::{FileSelection, InputList, InputSpec};
use super::outputs::output_path::NameTemplate;
use crate::flow::run_options::{Destination, RunOptions};
use crate::ledger::{ApiKeyId, BatchId, Ledger, PlanTotals};
use crate::model::event::RemarkLevel;
use crate::model::{Event, Failure, JobOptions, Observer, Pricing, Random};
use crate::store::ObjectStores;

/// Request for a plan.
pub struct PlanRequest {
    /// Inputs as the user named them.
    pub named: Vec<InputSpec>,
    /// Lists of further inputs.
    pub lists: Vec<InputList>,
    /// Selection of the files of directories.
    pub selection: FileSelection,
    /// Restricts the discovered files to those of a watched directory. The run is then unattended,
    /// and a mistake in one input does not stop the others.
    pub only: Option<HashSet<PathBuf>>,
    pub destination: Destination,
    /// Names of outputs.
    pub template: NameTemplate,
    pub options: JobOptions,
    pub run_options: RunOptions,
    /// Objects are identified by their content, which is read.
    pub hash_objects: bool,
    /// Base of relative paths.
    pub current_dir: PathBuf,
}

/// Dependencies of planning.
pub struct Planner<'a> {
    pub ledger: &'a Ledger,
    /// Object stores of inputs and outputs.
    pub stores: &'a ObjectStores,
    /// Origin of the service, and the key that creates new jobs.
    pub key: ApiKeyId,
    /// Name of the profile.
    pub profile: &'a str,
    /// Prices, if the service published any.
    pub pricing: Option<&'a Pricing>,
    /// Source of correlation ids.
    pub random: &'a dyn Random,
    /// Receives the progress of reading inputs.
    pub observer: &'a dyn Observer,
    /// Cancels the planning.
    pub stop: &'a CancellationToken,
}

/// A plan in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub batch: BatchId,
    pub totals: PlanTotals,
    /// Named inputs that were rejected, although others were accepted.
    pub refused: Vec<Failure>,
    /// Files that were skipped because their names are those of outputs, although the ledger does
    /// not have them.
    pub outputs: Vec<UnknownOutput>,
}

impl Plan {
    /// No input was found: its batch is not worth keeping.
    pub fn is_empty(&self) -> bool {
        let PlanTotals { todo, done, failed, rejected, .. } = self.totals;
        todo + done + failed + rejected == 0
    }
}

impl Planner<'_> {
    pub(super) fn warn_about(&self, failures: &[Failure]) {
        for failure in failures {
            let text = format!("skipped: {failure}");
            self.observer.observe(&Event::Notice { level: RemarkLevel::Warning, text });
        }
    }
}

/// A file with the name of an output beside its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownOutput {
    /// As discovered.
    pub name: String,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
    /// In bytes.
    pub size: u64,
}
