//! The text of a configuration file, for an editor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::atomic_write::{read_or_empty, write_atomically};
use super::set_value::check_file;
use crate::model::{Failure, FailureKind};

/// The text of a configuration file before it is edited.
pub struct ConfigText {
    path: PathBuf,
    pub text: String,
}

impl ConfigText {
    /// Reads the file at `path`, which may not exist yet.
    ///
    /// # Errors
    /// [`FailureKind::Local`]: it cannot be read.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Ok(Self { path: path.to_owned(), text: read_or_empty(path)? })
    }

    /// Checks `edited` as the new text.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], with line and column.
    pub fn check(&self, edited: &str, vars: &BTreeMap<String, String>) -> Result<(), Failure> {
        check_file(&self.path, edited, vars).map(drop)
    }

    /// Replaces the file in one step, if nobody has changed it since.
    ///
    /// # Errors
    /// [`FailureKind::Local`]: it was changed, or cannot be written.
    pub fn replace(&self, edited: &str) -> Result<(), Failure> {
        let what = format!("writing {}", self.path.display());
        if read_or_empty(&self.path)? != self.text {
            let why = "another program changed it meanwhile";
            return Err(Failure::new(FailureKind::Local, what, why));
        }
        let target = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        write_atomically(&target, edited).map_err(|error| Failure::local(what, &error))
    }
}
