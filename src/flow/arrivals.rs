//! New files in watched directories: which of them are finished. A file is taken once its size and
//! time have not moved for a while *and* its container is whole; what is still being written is
//! looked at again.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::inputs::{Found, Named, Selection, find};
use crate::media::{self, BadInput};
use crate::model::{Failure, Instant};

/// What was seen of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sighting {
    size: u64,
    modified: Duration,
    since: Instant,
    taken: bool,
}

/// Files that come to watched directories.
#[derive(Debug, Default)]
pub struct Arrivals {
    seen: HashMap<PathBuf, Sighting>,
}

impl Arrivals {
    /// Looks around and answers the files that have become ready since the last look: unchanged
    /// for `still`, and with a container that is not cut short.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn look(
        &mut self,
        named: &[Named],
        selection: &Selection,
        current_dir: &Path,
        now: Instant,
        still: Duration,
    ) -> Result<HashSet<PathBuf>, Failure> {
        let mut ready = HashSet::new();
        find(named, Vec::new(), selection, &mut |found| {
            if let Found { input: Named::Path(path), .. } = found
                && let Ok(meta) = std::fs::metadata(current_dir.join(&path))
            {
                let modified =
                    meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let modified = modified.unwrap_or_default();
                if self.sight(&path, meta.len(), modified, now, still)
                    && is_whole(&current_dir.join(&path))
                {
                    self.take(&path);
                    ready.insert(path);
                }
            }
            Ok(())
        })?;
        Ok(ready)
    }

    /// Takes note of a file and says whether it has been still for long enough.
    fn sight(
        &mut self,
        path: &Path,
        size: u64,
        modified: Duration,
        now: Instant,
        still: Duration,
    ) -> bool {
        let fresh = Sighting { size, modified, since: now, taken: false };
        let seen = self.seen.entry(path.to_owned()).or_insert(fresh);
        if (seen.size, seen.modified) != (size, modified) {
            *seen = fresh;
        }
        !seen.taken && now.since(seen.since) >= still
    }

    fn take(&mut self, path: &Path) {
        if let Some(seen) = self.seen.get_mut(path) {
            seen.taken = true;
        }
    }
}

/// Whether a file is finished, as far as its content tells. What is no video at all is finished
/// too: the plan rejects it, once.
fn is_whole(path: &Path) -> bool {
    !matches!(media::inspect_input(path), Err(BadInput::CutShort { .. } | BadInput::Empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_and_only_when_it_is_still_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let clip = include_bytes!("../sandbox/assets/astronaut.mp4");
        let path = dir.path().join("a.mp4");
        std::fs::write(&path, &clip[..clip.len() / 2]).unwrap();
        let named = [Named::Path(dir.path().to_owned())];
        let any = Selection::new(false, &[], &[]).unwrap();
        let mut arrivals = Arrivals::default();
        let mut at = |seconds: u64| {
            let now = Instant(seconds * 1_000);
            arrivals.look(&named, &any, Path::new("/"), now, Duration::from_secs(2)).unwrap().len()
        };
        assert_eq!([at(0), at(1), at(3), at(9)], [0; 4], "half a file is never ready");
        std::fs::write(&path, clip).unwrap();
        assert_eq!([at(10), at(11), at(12), at(13)], [0, 0, 1, 0]);
        std::fs::write(&path, &clip[..clip.len() / 3]).unwrap();
        assert_eq!([at(14), at(20)], [0, 0], "it is being written anew");
    }
}
