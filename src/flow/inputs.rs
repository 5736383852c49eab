//! Finding inputs: files, directories, addresses and lists, one after another and never all in
//! memory.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::WalkDir;

use crate::model::{Failure, FailureKind};

/// Endings that make a file of a directory an input when no `--include` says otherwise. The
/// content decides later; this only keeps notes and pictures out.
const VIDEO_ENDINGS: [&str; 12] =
    ["mp4", "m4v", "mov", "qt", "webm", "avi", "mkv", "mpg", "mpeg", "wmv", "flv", "3gp"];

/// Longest line of a list, in bytes: twice the longest path that systems take.
const LONGEST_LINE: u64 = 8_192;

/// Something that the user named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A file or a directory.
    Path(PathBuf),
    /// A public address.
    Url(String),
}

impl Named {
    /// An argument, or a line of a list.
    #[must_use]
    pub fn read(text: PathBuf) -> Self {
        match text.to_str() {
            Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
                Self::Url(url.to_owned())
            }
            _ => Self::Path(text),
        }
    }
}

/// A list of inputs, opened by the caller.
pub struct List {
    /// What to call it in messages.
    pub name: String,
    /// Its text.
    pub reader: Box<dyn Read + Send>,
    /// Whether entries end with NUL instead of a line break.
    pub nul: bool,
}

/// Which files of a directory are taken.
#[derive(Debug, Clone)]
pub struct Selection {
    recursive: bool,
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// Reads the globs. They are matched against the path below the directory, and a glob without
    /// a slash against the file's name alone.
    ///
    /// # Errors
    /// Names the glob that cannot be read.
    pub fn new(recursive: bool, include: &[String], exclude: &[String]) -> Result<Self, Failure> {
        let include = if include.is_empty() { None } else { Some(globs("--include", include)?) };
        Ok(Self { recursive, include, exclude: globs("--exclude", exclude)? })
    }

    fn takes(&self, below: &Path) -> bool {
        let matches = |set: &GlobSet| set.is_match(below);
        if matches(&self.exclude) {
            return false;
        }
        match &self.include {
            Some(include) => matches(include),
            None => has_video_ending(below),
        }
    }
}

fn globs(flag: &str, patterns: &[String]) -> Result<GlobSet, Failure> {
    let bad = |pattern: &str, why: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Usage, format!("{flag} {pattern}"), why.to_string())
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let anywhere =
            if pattern.contains('/') { pattern.clone() } else { format!("**/{pattern}") };
        let glob = GlobBuilder::new(&anywhere)
            .literal_separator(true)
            .build()
            .map_err(|error| bad(pattern, &error))?;
        set.add(glob);
    }
    set.build().map_err(|error| bad("", &error))
}

fn has_video_ending(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| VIDEO_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// An input that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub input: Named,
    /// Path below the directory that was named, for keeping the tree; for others the file name.
    pub below: PathBuf,
    /// Whether it was named on the command line itself, so that a mistake is the user's.
    pub explicit: bool,
}

/// Calls `take` for each input behind `named`, then for each entry of `lists`. Directories are
/// read in order of names, so that equal runs meet equal orders.
///
/// # Errors
/// What `take` answers, a list that cannot be read, or a name that leads nowhere.
pub(super) fn find(
    named: &[Named],
    lists: Vec<List>,
    selection: &Selection,
    take: &mut dyn FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for input in named {
        find_one(input.clone(), true, selection, take)?;
    }
    for list in lists {
        read_list(list, &mut |input| find_one(input, false, selection, take))?;
    }
    Ok(())
}

fn find_one(
    input: Named,
    explicit: bool,
    selection: &Selection,
    take: &mut dyn FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    // Of a list, the folders of relative paths are kept like those below a directory.
    let is_kept = |path: &Path| !explicit && path.is_relative();
    match &input {
        Named::Path(path) if path.is_dir() => {
            let above = if is_kept(path) { path.clone() } else { PathBuf::new() };
            walk(path, selection, &mut |found| {
                take(Found { below: above.join(&found.below), ..found })
            })
        }
        Named::Path(path) => {
            let file = path.file_name().map(PathBuf::from).unwrap_or_default();
            let below = if is_kept(path) { path.clone() } else { file };
            take(Found { input, below, explicit })
        }
        Named::Url(_) => take(Found { input, below: PathBuf::new(), explicit }),
    }
}

fn walk(
    root: &Path,
    selection: &Selection,
    take: &mut dyn FnMut(Found) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let depth = if selection.recursive { usize::MAX } else { 1 };
    // Links to directories are not followed: they can lead out of the tree, or in circles.
    let walk = WalkDir::new(root).max_depth(depth).sort_by_file_name().into_iter();
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    for entry in walk.filter_entry(visible) {
        let entry = entry.map_err(|error| {
            let what = format!("reading the directory {}", root.display());
            Failure::local(what, &error)
        })?;
        let path = entry.path();
        if !path.is_file() {
            continue;
        }
        let below = path.strip_prefix(root).unwrap_or(path).to_owned();
        if selection.takes(&below) {
            take(Found { input: Named::Path(path.to_owned()), below, explicit: false })?;
        }
    }
    Ok(())
}

fn read_list(
    list: List,
    take: &mut dyn FnMut(Named) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::local(format!("reading the list {}", list.name), why)
    };
    let end = if list.nul { 0 } else { b'\n' };
    let mut reader = BufReader::new(list.reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(end, &mut line)
            .map_err(|error| failed(&error))?;
        if read == 0 {
            return Ok(());
        }
        if line.last() == Some(&end) {
            line.pop();
        } else if line.len() as u64 == LONGEST_LINE {
            return Err(failed(&"an entry is longer than any path; is it a list of file names?"));
        }
        if end == b'\n' && line.last() == Some(&b'\r') {
            line.pop();
        }
        if !line.is_empty() {
            take(Named::read(path_of(&line)))?;
        }
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        named: &[Named],
        lists: Vec<List>,
        selection: &Selection,
    ) -> Result<Vec<(String, bool)>, Failure> {
        let mut all = Vec::new();
        find(named, lists, selection, &mut |found| {
            let shown = match &found.input {
                Named::Path(_) => found.below.display().to_string(),
                Named::Url(url) => url.clone(),
            };
            all.push((shown, found.explicit));
            Ok(())
        })?;
        Ok(all)
    }

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("sub/.hidden")).unwrap();
        for name in [
            "b.mp4",
            "a.MOV",
            "notes.txt",
            ".c.mp4",
            "sub/d e.webm",
            "sub/.hidden/x.mp4",
            "sub/raw.bin",
        ] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        dir
    }

    fn names(all: &[(String, bool)]) -> Vec<&str> {
        all.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn directories_give_their_videos_in_order() {
        let dir = tree();
        let here = [Named::Path(dir.path().to_owned())];
        let flat = Selection::new(false, &[], &[]).unwrap();
        assert_eq!(names(&found(&here, vec![], &flat).unwrap()), ["a.MOV", "b.mp4"]);
        let deep = Selection::new(true, &[], &[]).unwrap();
        let all = found(&here, vec![], &deep).unwrap();
        assert_eq!(names(&all), ["a.MOV", "b.mp4", "sub/d e.webm"]);
        assert!(all.iter().all(|(_, explicit)| !explicit));
        let chosen = Selection::new(true, &["*.bin".into(), "sub/*.webm".into()], &[]).unwrap();
        assert_eq!(names(&found(&here, vec![], &chosen).unwrap()), ["sub/d e.webm", "sub/raw.bin"]);
        let left_out = Selection::new(true, &[], &["sub/**".into(), "b.*".into()]).unwrap();
        assert_eq!(names(&found(&here, vec![], &left_out).unwrap()), ["a.MOV"]);
        assert_eq!(Selection::new(true, &["[".into()], &[]).unwrap_err().kind, FailureKind::Usage);
    }

    #[test]
    fn lists_hold_paths_and_addresses_in_both_forms() {
        let list =
            |text: &'static [u8], nul| List { name: "list".into(), reader: Box::new(text), nul };
        let any = Selection::new(false, &[], &[]).unwrap();
        let lines = list(b"a b.mp4\r\n\nhttps://x.example/v.mp4\nlast.mp4", false);
        let all = found(&[], vec![lines], &any).unwrap();
        assert_eq!(names(&all), ["a b.mp4", "https://x.example/v.mp4", "last.mp4"]);
        let nuls = list(b"line\nbreak.mp4\0b.mp4\0", true);
        assert_eq!(names(&found(&[], vec![nuls], &any).unwrap()), ["line\nbreak.mp4", "b.mp4"]);
        let endless =
            List { name: "list".into(), reader: Box::new(std::io::repeat(b'x')), nul: false };
        assert_eq!(found(&[], vec![endless], &any).unwrap_err().kind, FailureKind::Local);
    }
}
