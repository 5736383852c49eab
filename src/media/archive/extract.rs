//! Checks and unpacks archives.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::bounds::{ArchiveBounds, MAX_NAMES_BYTES, Names, UnpackedBytes};
use super::picture::{self, Inspector};
use super::types::{ArchiveSummary, EntryVisitor};
use super::{tarball, zipped};
use crate::media::container::Container;
use crate::media::disk_space::check_space;
use crate::media::error::{OutputError, archive_read_error, write_error};
use crate::media::{memory_budget, parse};

/// Bytes between two checks of the free disk space.
const SPACE_CHECK_BYTES: usize = 1024 * 1024;

/// Checks every entry and picture of the archive at `path` without writing.
///
/// # Errors
///
/// The first unsafe or damaged entry.
pub fn check_archive(path: &Path, bounds: ArchiveBounds) -> Result<ArchiveSummary, OutputError> {
    let mut inspector = Inspector::default();
    walk(path, bounds, &mut |name, content| inspector.copy(name, content, &mut io::sink()))?;
    Ok(inspector.summary)
}

/// Unpacks the archive at `path` into `directory` and returns the sorted files. A new directory
/// appears complete or not at all. An existing one is an error unless `overwrite`: then regular
/// files are replaced after everything is unpacked, and other files stay. Nothing is written
/// outside.
pub fn extract_archive(
    path: &Path,
    directory: &Path,
    bounds: ArchiveBounds,
    overwrite: bool,
) -> Result<Vec<PathBuf>, OutputError> {
    let exists = match directory.symlink_metadata() {
        Ok(there) if overwrite && there.is_dir() => true,
        Ok(_) => return Err(OutputError::Exists(directory.to_owned())),
        Err(_) => false,
    };
    let parent = match directory.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err(OutputError::Exists(directory.to_owned())),
    };
    let fresh =
        tempfile::Builder::new().prefix(".rbgv-").tempdir_in(parent).map_err(write_error)?;
    let mut files = Vec::new();
    let mut inspector = Inspector::default();
    walk(path, bounds, &mut |name, content| {
        if !picture::is_named_picture(name) {
            return inspector.copy(name, content, &mut io::sink());
        }
        let target = fresh.path().join(name);
        if let Some(above) = target.parent() {
            fs::create_dir_all(above).map_err(write_error)?;
        }
        let file = File::create_new(&target).map_err(write_error)?;
        let mut file = SpaceCheckedFile { file, directory: fresh.path(), unchecked: 0 };
        let bytes = inspector.copy(name, content, &mut file)?;
        files.push(name.to_owned());
        file.flush().map_err(write_error)?;
        Ok(bytes)
    })?;
    files.sort();
    if exists {
        move_into(directory, fresh.path(), &files)?;
    } else {
        // Temporary directories are private; this one gets the usual permissions.
        set_default_permissions(fresh.path()).map_err(write_error)?;
        fs::rename(fresh.path(), directory).map_err(write_error)?;
        // The directory was renamed, so nothing is left to remove.
        let _ = fresh.keep();
    }
    Ok(files.into_iter().map(|name| directory.join(name)).collect())
}

/// Moves unpacked `files` from `fresh` into an existing directory. Replaces only regular files,
/// follows no links, and checks all files before it moves the first one.
fn move_into(directory: &Path, fresh: &Path, files: &[PathBuf]) -> Result<(), OutputError> {
    let is_there = |path: &Path, fits: fn(&fs::Metadata) -> bool| match path.symlink_metadata() {
        Ok(there) if fits(&there) => Ok(true),
        Ok(_) => Err(OutputError::Exists(path.to_owned())),
        Err(_) => Ok(false),
    };
    let folders = |name: &Path| {
        let folders = name.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
        let mut folders: Vec<_> = folders.map(|above| directory.join(above)).collect();
        folders.reverse();
        folders
    };
    for name in files {
        for folder in folders(name) {
            is_there(&folder, fs::Metadata::is_dir)?;
        }
        is_there(&directory.join(name), fs::Metadata::is_file)?;
    }
    for name in files {
        for folder in folders(name) {
            if !is_there(&folder, fs::Metadata::is_dir)? {
                fs::create_dir(&folder).map_err(write_error)?;
            }
        }
        fs::rename(fresh.join(name), directory.join(name)).map_err(write_error)?;
    }
    Ok(())
}

/// A file that fails when the disk is nearly full.
struct SpaceCheckedFile<'a> {
    file: File,
    directory: &'a Path,
    /// Bytes written since the last check of the disk.
    unchecked: usize,
}

impl Write for SpaceCheckedFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.unchecked == 0 {
            check_space(self.directory, SPACE_CHECK_BYTES as u64)?;
        }
        let written = self.file.write(bytes)?;
        self.unchecked += written;
        if self.unchecked >= SPACE_CHECK_BYTES {
            self.unchecked = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Gives `directory` the permissions of a newly created directory.
fn set_default_permissions(directory: &Path) -> io::Result<()> {
    let plain = directory.join(".rbgv-plain");
    fs::create_dir(&plain)?;
    let permissions = fs::metadata(&plain)?.permissions();
    fs::remove_dir(&plain)?;
    fs::set_permissions(directory, permissions)
}

/// Calls `visit` for every file of the archive at `path`, after checking its name and kind.
fn walk(
    path: &Path,
    bounds: ArchiveBounds,
    visit: &mut EntryVisitor<'_>,
) -> Result<(), OutputError> {
    let (container, size, file) = parse::open(path).map_err(archive_read_error)?;
    let count = UnpackedBytes::new(bounds, size);
    let mut names = Names::new(bounds);
    match container {
        Container::Zip => zipped::walk(file, size, &count, &mut names, visit),
        Container::Tar => {
            let _memory = memory_budget::reserve(MAX_NAMES_BYTES as u64);
            tarball::walk(file, &count, &mut names, visit)
        }
        Container::TarGz => {
            let _memory = memory_budget::reserve(MAX_NAMES_BYTES as u64);
            let unpacked = flate2::read::MultiGzDecoder::new(io::BufReader::new(file));
            tarball::walk(unpacked, &count, &mut names, visit)
        }
        other => Err(OutputError::NotAnArchive(other)),
    }
}
