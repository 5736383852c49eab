//! Input discovery: files, directories, URLs, objects and lists, streamed and never all in memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file_selection::{FileChoice, FileSelection};
use super::input_list::InputList;
use super::input_spec::InputSpec;
use super::skipped_files::SkippedFiles;
use crate::flow::output_file::{FileId, file_id};
use crate::media::{self, InputError, Video};
use crate::model::{Failure, ObjectUrl, StoredObject};

/// What is known of an object before its plan.
#[derive(Debug)]
pub(crate) struct InspectedObject {
    pub(crate) object: StoredObject,
    pub(crate) video: Result<Video, InputError>,
    /// Of the content, if it was read.
    pub(crate) sha256: Option<String>,
    /// Written by this program, on any machine.
    pub(crate) is_output: bool,
}

/// A discovered input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredInput {
    pub input: InputSpec,
    /// Path below the named directory, for keeping the tree; otherwise the file name.
    pub below: PathBuf,
    /// Named on the command line itself, so that a mistake is the user's.
    pub explicit: bool,
}

/// Results of the discovery, in order.
#[derive(Debug)]
pub(crate) enum DirectoryItem {
    Input(DiscoveredInput),
    Object(DiscoveredInput, Box<InspectedObject>),
    /// A directory below a named one cannot be read.
    Unreadable {
        path: PathBuf,
        why: String,
    },
    /// A named directory was read to its end.
    Directory(ScannedDirectory),
}

/// A named directory, after everything in it.
#[derive(Debug)]
pub(crate) struct ScannedDirectory {
    /// Or the URL of a prefix.
    pub(crate) path: PathBuf,
    pub(crate) explicit: bool,
    /// Files in it that were taken as inputs.
    pub(crate) inputs: usize,
    pub(crate) skipped: SkippedFiles,
}

impl ScannedDirectory {
    pub(crate) fn new(path: PathBuf, explicit: bool) -> Self {
        Self { path, explicit, inputs: 0, skipped: SkippedFiles::default() }
    }
}

pub(crate) type Take<'a> = dyn FnMut(DirectoryItem) -> Result<(), Failure> + 'a;

/// Calls [`Take`] for every object behind a URL, which was named itself or not.
pub(crate) type FindObjects<'a> =
    dyn Fn(&ObjectUrl, bool, &mut Take<'_>) -> Result<(), Failure> + 'a;

/// [`FindObjects`] where objects cannot be inputs.
pub(crate) fn no_objects(url: &ObjectUrl, _: bool, _: &mut Take<'_>) -> Result<(), Failure> {
    Err(Failure::usage(url.to_string(), "objects cannot be inputs here")
        .with_next(format!("rbgv run {}", url.shell_quoted())))
}

/// Calls `take` for everything behind `named`, then for each line of `lists`. Directories are read
/// in order of names, so that equal runs have equal orders.
pub(crate) fn find(
    named: &[InputSpec],
    lists: Vec<InputList>,
    selection: &FileSelection,
    find_objects: &FindObjects<'_>,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    for input in named {
        find_one(input.clone(), true, selection, find_objects, take)?;
    }
    for list in lists {
        list.read(&mut |input| find_one(input, false, selection, find_objects, take))?;
    }
    Ok(())
}

fn find_one(
    input: InputSpec,
    explicit: bool,
    selection: &FileSelection,
    find_objects: &FindObjects<'_>,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    // For inputs of a list, the folders of relative paths are kept like those below a directory.
    let is_kept = |path: &Path| !explicit && path.is_relative();
    match &input {
        InputSpec::Path(path) if path.is_dir() => {
            let parent = if is_kept(path) { path.clone() } else { PathBuf::new() };
            walk(path, explicit, selection, &mut |item| match item {
                DirectoryItem::Input(found) => take(DirectoryItem::Input(DiscoveredInput {
                    below: parent.join(&found.below),
                    ..found
                })),
                item => take(item),
            })
        }
        InputSpec::Path(path) => {
            let file = path.file_name().map(PathBuf::from).unwrap_or_default();
            let below = if is_kept(path) { path.clone() } else { file };
            take(DirectoryItem::Input(DiscoveredInput { input, below, explicit }))
        }
        InputSpec::Object(url) => find_objects(url, explicit, take),
        InputSpec::Url(_) => {
            take(DirectoryItem::Input(DiscoveredInput { input, below: PathBuf::new(), explicit }))
        }
    }
}

fn walk(
    root: &Path,
    explicit: bool,
    selection: &FileSelection,
    take: &mut Take<'_>,
) -> Result<(), Failure> {
    let outputs = selection.outputs.as_deref().and_then(identity);
    let mut directory = ScannedDirectory::new(root.to_owned(), explicit);
    let skipped = &mut directory.skipped;
    let mut open = Vec::new();
    match sorted_entries(root) {
        Ok(entries) => open.push(entries),
        Err(error) => skipped.unreadable_root = Some(error.to_string()),
    }
    while let Some(entries) = open.last_mut() {
        let Some(entry) = entries.next() else {
            open.pop();
            continue;
        };
        let path = entry.path();
        let below = path.strip_prefix(root).unwrap_or(&path).to_owned();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            skipped.hidden += 1;
            continue;
        }
        let kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) {
            if selection.pruned.is_match(&below) {
                skipped.excluded += 1;
            } else if outputs.is_some() && outputs == identity(&path) {
                skipped.output_directory = true;
            } else if !selection.recursive {
                skipped.subfolders += 1;
            } else {
                match sorted_entries(&path) {
                    Ok(entries) => open.push(entries),
                    // It was removed while its parent was read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        skipped.unreadable += 1;
                        take(DirectoryItem::Unreadable { path, why: error.to_string() })?;
                    }
                }
            }
            continue;
        }
        // An unreadable file is an input all the same: the plan reports it.
        let target = fs::metadata(&path).ok();
        let choice = match selection.choose(&below) {
            FileChoice::OtherEnding
                if below.extension().is_none()
                    && target.as_ref().is_some_and(fs::Metadata::is_file)
                    && media::is_video(&path) =>
            {
                FileChoice::Taken
            }
            choice => choice,
        };
        match (choice, target) {
            // Links to directories are not followed: they can lead out of the tree, or in circles.
            (_, Some(target)) if target.is_dir() => skipped.links += 1,
            (FileChoice::Excluded, _) => skipped.excluded += 1,
            (FileChoice::NotIncluded, _) => skipped.not_included += 1,
            (FileChoice::OtherEnding, _) => skipped.other_ending(&below),
            (FileChoice::Taken, Some(target)) if !target.is_file() => skipped.special += 1,
            (FileChoice::Taken, _) => {
                directory.inputs += 1;
                let input = InputSpec::Path(path);
                take(DirectoryItem::Input(DiscoveredInput { input, below, explicit: false }))?;
            }
        }
    }
    take(DirectoryItem::Directory(directory))
}

/// The entries of a directory in order of names.
fn sorted_entries(path: &Path) -> io::Result<std::vec::IntoIter<fs::DirEntry>> {
    let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    Ok(entries.into_iter())
}

fn identity(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|metadata| file_id(&metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FailureKind;

    fn found(
        named: &[InputSpec],
        lists: Vec<InputList>,
        selection: &FileSelection,
    ) -> Result<Vec<(String, bool)>, Failure> {
        let mut all = Vec::new();
        find(named, lists, selection, &no_objects, &mut |item| {
            if let DirectoryItem::Input(found) = item {
                let shown = match &found.input {
                    InputSpec::Path(_) => found.below.display().to_string(),
                    InputSpec::Url(url) => url.clone(),
                    InputSpec::Object(url) => url.to_string(),
                };
                all.push((shown, found.explicit));
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// The notice about a directory.
    fn skipped_notice(dir: &Path, selection: &FileSelection) -> String {
        let mut notices = Vec::new();
        let here = [InputSpec::Path(dir.to_owned())];
        find(&here, vec![], selection, &no_objects, &mut |item| {
            if let DirectoryItem::Directory(directory) = item {
                notices.push(directory.skipped.to_string());
            }
            Ok(())
        })
        .unwrap();
        notices.join("|")
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
        let here = [InputSpec::Path(dir.path().to_owned())];
        let flat = FileSelection::new(false, &[], &[]).unwrap();
        assert_eq!(names(&found(&here, vec![], &flat).unwrap()), ["a.MOV", "b.mp4"]);
        let deep = FileSelection::new(true, &[], &[]).unwrap();
        let all = found(&here, vec![], &deep).unwrap();
        assert_eq!(names(&all), ["a.MOV", "b.mp4", "sub/d e.webm"]);
        assert!(all.iter().all(|(_, explicit)| !explicit));
        let chosen = FileSelection::new(true, &["*.bin".into(), "sub/*.webm".into()], &[]).unwrap();
        assert_eq!(names(&found(&here, vec![], &chosen).unwrap()), ["sub/d e.webm", "sub/raw.bin"]);
        let left_out = FileSelection::new(true, &[], &["sub/**".into(), "b.*".into()]).unwrap();
        assert_eq!(names(&found(&here, vec![], &left_out).unwrap()), ["a.MOV"]);
        assert_eq!(
            FileSelection::new(true, &["[".into()], &[]).unwrap_err().kind,
            FailureKind::Usage
        );
    }

    #[test]
    fn what_is_passed_over_is_counted() {
        let dir = tree();
        let flat = FileSelection::new(false, &[], &[]).unwrap();
        assert_eq!(
            skipped_notice(dir.path(), &flat),
            "1 file with another extension (.txt); 1 hidden; 1 subdirectory (add -r)"
        );
        for name in ["a.MTS", "b.mts", "c.MTS", "Makefile", "d.srt", "e.srt", "f.nfo", "g.ass"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        assert!(
            skipped_notice(dir.path(), &flat).starts_with(
                "9 files with other extensions (none, .MTS, .mts, .srt, .nfo and others); 1 hidden"
            ),
            "{}",
            skipped_notice(dir.path(), &flat)
        );
        for name in ["a.MTS", "b.mts", "c.MTS", "Makefile", "d.srt", "e.srt", "f.nfo", "g.ass"] {
            std::fs::remove_file(dir.path().join(name)).unwrap();
        }
        let none = FileSelection::new(true, &["*.avi".into()], &["sub/**".into()]).unwrap();
        assert_eq!(
            skipped_notice(dir.path(), &none),
            "3 files not matched by --include; 1 excluded by --exclude; 1 hidden"
        );
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(skipped_notice(empty.path(), &flat), "the directory is empty");
    }

    #[test]
    fn videos_of_any_usual_ending_and_of_none_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        let clip = include_bytes!("../../../sandbox/assets/standin/standin.mp4");
        for name in ["a.m4v", "b.QT", "c", "d.e.f"] {
            std::fs::write(dir.path().join(name), clip).unwrap();
        }
        std::fs::write(dir.path().join("LICENSE"), b"text").unwrap();
        let here = [InputSpec::Path(dir.path().to_owned())];
        let flat = FileSelection::new(false, &[], &[]).unwrap();
        assert_eq!(names(&found(&here, vec![], &flat).unwrap()), ["a.m4v", "b.QT", "c"]);
        assert_eq!(skipped_notice(dir.path(), &flat), "2 files with other extensions (none, .f)");
    }

    #[test]
    fn the_directory_of_the_outputs_is_not_read() {
        let dir = tree();
        let here = [InputSpec::Path(dir.path().to_owned())];
        let deep = || FileSelection::new(true, &[], &[]).unwrap();
        let selection = deep().without_outputs_in(dir.path().join("./sub"));
        assert_eq!(names(&found(&here, vec![], &selection).unwrap()), ["a.MOV", "b.mp4"]);
        let parent = deep().without_outputs_in(dir.path().to_owned());
        assert_eq!(found(&here, vec![], &parent).unwrap().len(), 3, "the root itself is read");
        let missing = deep().without_outputs_in(dir.path().join("none"));
        assert_eq!(found(&here, vec![], &missing).unwrap().len(), 3);
    }

    #[test]
    fn an_excluded_directory_is_not_read() {
        let dir = tree();
        let here = [InputSpec::Path(dir.path().to_owned())];
        for glob in ["sub", "sub/", "sub/*", "sub/**", "s?b", "**/sub/**"] {
            let left_out = FileSelection::new(true, &[], &[glob.into()]).unwrap();
            assert!(left_out.pruned.is_match("sub"), "{glob}");
            assert_eq!(
                names(&found(&here, vec![], &left_out).unwrap()),
                ["a.MOV", "b.mp4"],
                "{glob}"
            );
        }
        let file_only = FileSelection::new(true, &[], &["sub/*.webm".into()]).unwrap();
        assert!(!file_only.pruned.is_match("sub"));
    }

    #[test]
    fn links_and_special_files_are_neither_followed_nor_read() {
        let dir = tree();
        std::os::unix::fs::symlink(dir.path().join("sub"), dir.path().join("z.mp4")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling.mp4")).unwrap();
        std::os::unix::net::UnixListener::bind(dir.path().join("socket.mp4")).unwrap();
        let here = [InputSpec::Path(dir.path().to_owned())];
        let flat = FileSelection::new(false, &[], &[]).unwrap();
        let all = found(&here, vec![], &flat).unwrap();
        assert_eq!(names(&all), ["a.MOV", "b.mp4", "dangling.mp4"], "the plan says what is wrong");
        let notices = skipped_notice(dir.path(), &flat);
        assert!(
            notices.contains("1 link to a directory")
                && notices.contains("1 that is not a regular file"),
            "{notices}"
        );
    }
}
