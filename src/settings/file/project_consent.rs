//! The user's consent to a host, key or secret in a project file, recorded in the state directory for
//! the directory and the content of the file.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::model::{Failure, FailureKind};

use super::find::ProjectFile;

/// Folder of the state directory with one file per consent.
const FOLDER: &str = "confirmed";

/// The project file in use, and the settings in it that need the user's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    pub file: PathBuf,
    /// Descriptions of what needs consent. May contain foreign text.
    pub wants: Vec<String>,
    /// Path of the record of the consent, which may not exist.
    record: PathBuf,
    /// Content of the record.
    text: String,
}

impl Project {
    pub(crate) fn new(project: &ProjectFile, wants: Vec<String>, state_dir: &Path) -> Self {
        let file = project.path.canonicalize().unwrap_or_else(|_| project.path.clone());
        let mut hash = Sha256::new();
        hash.update(file.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(project.digest);
        let name = hex::encode(hash.finalize());
        let text = format!("{}\n{}\n", file.display(), hex::encode(project.digest));
        Self { file, wants, record: state_dir.join(FOLDER).join(name), text }
    }

    /// Whether nothing needs consent, or the user confirmed this content in this directory.
    pub fn is_confirmed(&self) -> bool {
        self.wants.is_empty() || self.is_recorded()
    }

    fn is_recorded(&self) -> bool {
        let us = rustix::process::geteuid().as_raw();
        let ours = |path: &Path| {
            path.symlink_metadata()
                .is_ok_and(|found| found.uid() == us && found.mode() & 0o022 == 0)
        };
        self.record.parent().is_some_and(ours)
            && ours(&self.record)
            && fs::read_to_string(&self.record).is_ok_and(|text| text == self.text)
    }

    /// Records the user's consent.
    ///
    /// # Errors
    /// [`FailureKind::Local`]: the state directory cannot be written.
    pub fn confirm(&self) -> Result<(), Failure> {
        let write = || {
            let folder = self.record.parent().unwrap_or(Path::new("."));
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(self.text.as_bytes())?;
            file.persist(&self.record)?;
            std::io::Result::Ok(())
        };
        write().map_err(|error| {
            Failure::local(format!("recording that {} is confirmed", self.file.display()), &error)
        })?;
        if self.is_recorded() {
            return Ok(());
        }
        let folder = self.record.parent().unwrap_or(Path::new("."));
        let why = "other users could change it; make it writable for you only";
        Err(Failure::new(FailureKind::Local, folder.display().to_string(), why))
    }

    /// The error that the file is not confirmed.
    pub fn unconfirmed(&self) -> Failure {
        let why = format!(
            "this project file adds settings that you have not confirmed: {}",
            self.wants.join("; ")
        );
        Failure::configuration(self.file.display().to_string(), why).with_next("rbgv config trust")
    }
}
