//! Reads a configuration file that is to be changed, and replaces it in one step.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::model::Failure;

/// The text of the file at `path`; empty when there is none.
pub(crate) fn read_or_empty(path: &Path) -> Result<String, Failure> {
    match fs::read_to_string(path) {
        // TOML does not allow the byte order mark that some editors write.
        Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::local(format!("reading {}", path.display()), &error)),
    }
}

/// Replaces the file at `path` in one step, readable only by its owner.
pub(crate) fn write_atomically(path: &Path, text: &str) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    // Temporary files have mode 0600.
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
