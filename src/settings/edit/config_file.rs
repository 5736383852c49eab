//! A configuration file that is to be changed: its text, the check of a new one, and its replacement in
//! one step.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;

use tempfile::NamedTempFile;

use crate::model::{Failure, FailureKind};
use crate::settings::file::decode::{self, SectionReader};
use crate::settings::file::layer::Layer;
use crate::settings::file::located_value::FileOrigin;
use crate::settings::profile::{JobDefaultsLayer, Profile};
use crate::settings::types::DEFAULT_PROFILE;

/// A configuration file with its text before the change.
pub(crate) struct ConfigFile {
    pub(crate) path: Arc<Path>,
    pub(crate) text: String,
}

impl ConfigFile {
    /// Reads the file at `path`; its text is empty if it does not exist yet.
    ///
    /// # Errors
    /// [`FailureKind::Local`]: it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            // TOML does not allow the byte order mark that some editors write.
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(Failure::local(format!("reading {}", path.display()), &error));
            }
        };
        Ok(Self { path: path.into(), text })
    }

    /// Parses `text` as the content of this file.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], with line and column.
    pub(crate) fn parse(&self, text: &str) -> Result<Layer, Failure> {
        Layer::parse(&self.path, FileOrigin::User, text)
    }

    /// Parses `text` as the content of this file, of which every profile has to be valid.
    ///
    /// # Errors
    /// [`FailureKind::Configuration`], with line and column.
    pub(crate) fn check(
        &self,
        text: &str,
        vars: &BTreeMap<String, String>,
    ) -> Result<Layer, Failure> {
        let layer = self.parse(text)?;
        JobDefaultsLayer::read(&mut SectionReader::new("defaults", &layer.defaults), vars)?;
        for (name, profile) in &layer.profiles {
            Profile::read(name, profile, None, vars)?;
        }
        if let Some(entry) = layer.top.get("default_profile") {
            let name = decode::text(&entry.scalar)
                .map_err(|why| entry.place.failure(format!("`default_profile`: {why}")))?;
            if name != DEFAULT_PROFILE && !layer.profiles.contains_key(name) {
                return Err(entry.place.failure(format!("there is no profile '{name}'")));
            }
        }
        Ok(layer)
    }

    /// Replaces the file in one step, if nobody has changed it since. Afterwards only its owner can
    /// read it.
    ///
    /// # Errors
    /// [`FailureKind::Local`]: it was changed, or cannot be written.
    pub(crate) fn replace(&self, text: &str) -> Result<(), Failure> {
        let what = format!("writing {}", self.path.display());
        if Self::read(&self.path)?.text != self.text {
            let why = "another program changed it meanwhile";
            return Err(Failure::new(FailureKind::Local, what, why));
        }
        // A symbolic link, common for dotfiles, is kept; its target is replaced.
        let target = self.path.canonicalize().unwrap_or_else(|_| self.path.to_path_buf());
        write_atomically(&target, text).map_err(|error| Failure::local(what, &error))
    }
}

fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    // Temporary files have mode 0600.
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
