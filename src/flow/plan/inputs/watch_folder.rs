//! New, complete files of watched directories. A file is ready once its size and time have not
//! changed for a while *and* its container is complete; a file that is still being written is
//! checked again at the next scan.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::discover::{DirectoryItem, DiscoveredInput, find, no_objects};
use super::file_selection::FileSelection;
use super::input_spec::InputSpec;
use crate::media::{self, InputError};
use crate::model::{Failure, Instant};

/// Result of one scan of the watched directories.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FolderScan {
    /// Files that have become ready since the last scan.
    pub ready: HashSet<PathBuf>,
    /// Directories that cannot be read now, with the reason, in order.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Last observation of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SeenFile {
    size: u64,
    modified: Duration,
    since: Instant,
    reported: bool,
}

/// Watches directories for new files.
#[derive(Debug, Default)]
pub struct FolderWatcher {
    files: HashMap<PathBuf, SeenFile>,
}

impl FolderWatcher {
    /// Finds the files that have become ready since the last scan: unchanged for `quiet_period`, and with
    /// a complete container. A directory that cannot be read hides its own files only.
    pub fn scan(
        &mut self,
        named: &[InputSpec],
        selection: &FileSelection,
        current_dir: &Path,
        now: Instant,
        quiet_period: Duration,
    ) -> Result<FolderScan, Failure> {
        let mut scan = FolderScan::default();
        find(named, Vec::new(), selection, &no_objects, &mut |file| {
            match file {
                DirectoryItem::Input(DiscoveredInput {
                    input: InputSpec::Path(path),
                    explicit,
                    ..
                }) => {
                    match std::fs::metadata(current_dir.join(&path)) {
                        Ok(meta) => {
                            let modified = meta.modified().ok();
                            let modified =
                                modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                            let size_and_time = (meta.len(), modified.unwrap_or_default());
                            if self.observe_file(&path, size_and_time, now, quiet_period)
                                && is_complete(&current_dir.join(&path))
                            {
                                self.set_reported(&path, true);
                                scan.ready.insert(path);
                            }
                        }
                        // A named directory no longer exists.
                        Err(error) if explicit => scan.unreadable.push((path, error.to_string())),
                        Err(_) => {}
                    }
                }
                DirectoryItem::Unreadable { path, why } => scan.unreadable.push((path, why)),
                DirectoryItem::Directory(directory) => {
                    if let Some(why) = directory.skipped.unreadable_root {
                        scan.unreadable.push((directory.path, why));
                    }
                }
                DirectoryItem::Input(_) | DirectoryItem::Object(..) => {}
            }
            Ok(())
        })?;
        Ok(scan)
    }

    /// Makes files that could not be planned ready again at the next scan.
    pub fn retry(&mut self, files: &HashSet<PathBuf>) {
        for file in files {
            self.set_reported(file, false);
        }
    }

    /// Records the size and time of a file, and returns whether they have been the same for long
    /// enough.
    fn observe_file(
        &mut self,
        path: &Path,
        (size, modified): (u64, Duration),
        now: Instant,
        quiet_period: Duration,
    ) -> bool {
        let fresh = SeenFile { size, modified, since: now, reported: false };
        let file = self.files.entry(path.to_owned()).or_insert(fresh);
        if (file.size, file.modified) != (size, modified) {
            *file = fresh;
        }
        !file.reported && now.since(file.since) >= quiet_period
    }

    fn set_reported(&mut self, path: &Path, reported: bool) {
        if let Some(file) = self.files.get_mut(path) {
            file.reported = reported;
        }
    }
}

/// A file is complete, as far as its content shows. A file that is not a video is complete too: the
/// plan rejects it, once.
fn is_complete(path: &Path) -> bool {
    !matches!(media::inspect_input(path), Err(InputError::CutShort { .. } | InputError::Empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET_PERIOD: Duration = Duration::from_secs(2);

    #[test]
    fn a_file_is_taken_once_and_only_when_it_is_still_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let clip = include_bytes!("../../../sandbox/assets/astronaut.mp4");
        let path = dir.path().join("a.mp4");
        std::fs::write(&path, &clip[..clip.len() / 2]).unwrap();
        let named = [InputSpec::Path(dir.path().to_owned())];
        let any = FileSelection::new(false, &[], &[]).unwrap();
        let mut watcher = FolderWatcher::default();
        let mut at = |seconds: u64| {
            let now = Instant(seconds * 1_000);
            watcher.scan(&named, &any, Path::new("/"), now, QUIET_PERIOD).unwrap().ready.len()
        };
        assert_eq!([at(0), at(1), at(3), at(9)], [0; 4], "half a file is never ready");
        std::fs::write(&path, clip).unwrap();
        assert_eq!([at(10), at(11), at(12), at(13)], [0, 0, 1, 0]);
        std::fs::write(&path, &clip[..clip.len() / 3]).unwrap();
        assert_eq!([at(14), at(20)], [0, 0], "it is being written anew");
    }

    #[test]
    fn a_directory_that_is_gone_is_told_and_its_return_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = dir.path().join("inbox");
        let named = [InputSpec::Path(inbox.clone()), InputSpec::Path(dir.path().to_owned())];
        let any = FileSelection::new(false, &[], &[]).unwrap();
        let mut watcher = FolderWatcher::default();
        let clip = include_bytes!("../../../sandbox/assets/astronaut.mp4");
        std::fs::write(dir.path().join("other.mp4"), clip).unwrap();
        let mut at = |seconds: u64| {
            let now = Instant(seconds * 1_000);
            watcher.scan(&named, &any, Path::new("/"), now, QUIET_PERIOD).unwrap()
        };
        let scan = at(0);
        assert_eq!(scan.unreadable.len(), 1);
        assert_eq!(scan.unreadable[0].0, inbox);
        assert_eq!(at(3).ready.len(), 1, "the other directory is still read");
        std::fs::create_dir(&inbox).unwrap();
        std::fs::write(inbox.join("a.mp4"), clip).unwrap();
        assert_eq!(at(4), FolderScan::default());
        assert_eq!(at(6).ready.len(), 1);
    }

    #[test]
    fn what_is_put_back_is_ready_again() {
        let dir = tempfile::tempdir().unwrap();
        let clip = include_bytes!("../../../sandbox/assets/astronaut.mp4");
        std::fs::write(dir.path().join("a.mp4"), clip).unwrap();
        let named = [InputSpec::Path(dir.path().to_owned())];
        let any = FileSelection::new(false, &[], &[]).unwrap();
        let mut watcher = FolderWatcher::default();
        let scan = |watcher: &mut FolderWatcher, seconds: u64| {
            let now = Instant(seconds * 1_000);
            watcher.scan(&named, &any, Path::new("/"), now, QUIET_PERIOD).unwrap().ready
        };
        scan(&mut watcher, 0);
        let ready = scan(&mut watcher, 2);
        assert_eq!((ready.len(), scan(&mut watcher, 3).len()), (1, 0));
        watcher.retry(&ready);
        assert_eq!(scan(&mut watcher, 4), ready);
    }
}
