//! The outputs of in-process sandboxes, known by their content. A sandbox has a ledger of its own that ends
//! with it, so its outputs are recorded in the user's state directory: one empty file for each, named like
//! the SHA-256 of the output. They are never inputs, and a later run replaces them.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// The folder in the state directory.
const FOLDER: &str = "sandbox-outputs";

#[derive(Debug, Clone)]
pub(crate) struct SandboxOutputs {
    folder: PathBuf,
}

impl SandboxOutputs {
    pub(crate) fn of(state_dir: &Path) -> Self {
        Self { folder: state_dir.join(FOLDER) }
    }

    /// Whether nothing was recorded.
    pub(crate) fn is_empty(&self) -> bool {
        !self.folder.is_dir()
    }

    pub(crate) fn contain(&self, sha256: &str) -> bool {
        self.folder.join(sha256).is_file()
    }

    pub(crate) fn record(&self, sha256: &str) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        fs::File::create(self.folder.join(sha256)).map(drop)
    }
}
