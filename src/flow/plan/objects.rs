//! Discovery of inputs in object stores: one object, the objects below a prefix, or those that match a glob.
//! Lists are read page by page, and the videos of a page are inspected a few at a time.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use globset::{GlobBuilder, GlobMatcher};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::inputs::{
    DirectoryItem, DiscoveredInput, FileChoice, FileSelection, InputSpec, InspectedObject,
    ScannedDirectory, SkippedFiles, Take,
};
use super::outputs::output_path::NameTemplate;
use super::outputs::output_target::short_digest;
use crate::flow::context::interrupted;
use crate::media::InputError;
use crate::model::{
    Event, Failure, InputEvent, InputRef, ObjectUrl, Observer, Stage, StoredObject,
};
use crate::store::ObjectStores;

/// Objects that are inspected at the same time.
const INSPECTED_AT_ONCE: usize = 16;

/// Finds the objects behind a URL.
pub(crate) struct ObjectFinder<'a> {
    stores: &'a ObjectStores,
    /// Reads every object to hash its content.
    hash: bool,
    /// By which outputs are named.
    templates: Vec<NameTemplate>,
    /// Receives the progress of reading objects.
    observer: &'a dyn Observer,
    stop: &'a CancellationToken,
}

/// The objects that a URL names.
struct Pattern {
    /// Common start of their keys.
    prefix: ObjectUrl,
    /// Part of the key before the path that is kept in output directories.
    root: ObjectUrl,
    glob: Option<GlobMatcher>,
    recursive: bool,
}

impl Pattern {
    /// `None` for a single object.
    fn of(url: &ObjectUrl, recursive: bool) -> Result<Option<Self>, Failure> {
        if url.is_prefix() {
            let (prefix, root) = (url.clone(), url.clone());
            return Ok(Some(Self { prefix, root, glob: None, recursive }));
        }
        let Some(first) = url.glob_start() else { return Ok(None) };
        let glob = GlobBuilder::new(&url.key).literal_separator(true).build();
        let glob = glob.map_err(|error| {
            Failure::usage(url.to_string(), error.kind().to_string())
                .with_next(format!("rbgv run -r {}", url.folder().shell_quoted()))
        })?;
        let prefix = url.with_key(&url.key[..first]);
        Ok(Some(Self {
            root: prefix.folder(),
            // The glob also matches in folders below its fixed part.
            recursive: url.key[first..].contains('/') || url.key.contains("**"),
            glob: Some(glob.compile_matcher()),
            prefix,
        }))
    }
}

impl<'a> ObjectFinder<'a> {
    pub(crate) fn new(
        stores: &'a ObjectStores,
        hash: bool,
        template: &NameTemplate,
        observer: &'a dyn Observer,
        stop: &'a CancellationToken,
    ) -> Self {
        Self { stores, hash, templates: template.and_default(), observer, stop }
    }

    /// Calls `take` for every object behind `url`. For threads of the runtime that may block.
    pub(crate) fn find(
        &self,
        url: &ObjectUrl,
        explicit: bool,
        selection: &FileSelection,
        take: &mut Take<'_>,
    ) -> Result<(), Failure> {
        match Pattern::of(url, selection.recursive)? {
            None => self.find_one(url, explicit, take),
            Some(pattern) => self.find_all(url, &pattern, explicit, selection, take),
        }
    }

    fn find_one(
        &self,
        url: &ObjectUrl,
        explicit: bool,
        take: &mut Take<'_>,
    ) -> Result<(), Failure> {
        let input = InputSpec::Object(url.clone());
        let below = PathBuf::from(url.file_name());
        let found = DiscoveredInput { input, below, explicit };
        let Some(head) = Handle::current().block_on(self.stores.head(url))? else {
            let missing = missing(StoredObject { url: url.clone(), size: 0, etag: None });
            return take(DirectoryItem::Object(found, Box::new(missing)));
        };
        let is_output = head.tag.is_some();
        let inspected = Handle::current().block_on(self.inspect(head.object, is_output))?;
        take(DirectoryItem::Object(found, Box::new(inspected)))
    }

    fn find_all(
        &self,
        url: &ObjectUrl,
        pattern: &Pattern,
        explicit: bool,
        selection: &FileSelection,
        take: &mut Take<'_>,
    ) -> Result<(), Failure> {
        let mut directory = ScannedDirectory::new(PathBuf::from(url.to_string()), explicit);
        let mut next = None;
        loop {
            if self.stop.is_cancelled() {
                return Err(interrupted());
            }
            let page = self.stores.page(&pattern.prefix, pattern.recursive, next);
            let page = Handle::current().block_on(page)?;
            directory.skipped.subfolders += if pattern.glob.is_none() { page.folders } else { 0 };
            let mut taken = page.objects;
            taken.retain(|object| is_taken(object, pattern, selection, &mut directory.skipped));
            for group in taken.chunks(INSPECTED_AT_ONCE) {
                let inspected = join_all(group.iter().map(|object| self.inspect_found(object)));
                for inspected in Handle::current().block_on(inspected) {
                    let inspected = inspected?;
                    let url = inspected.object.url.clone();
                    let below = PathBuf::from(&url.key[pattern.root.key.len()..]);
                    let found =
                        DiscoveredInput { input: InputSpec::Object(url), below, explicit: false };
                    directory.inputs += 1;
                    take(DirectoryItem::Object(found, Box::new(inspected)))?;
                }
            }
            next = page.next;
            if next.is_none() {
                return take(DirectoryItem::Directory(directory));
            }
        }
    }

    /// An object of a list. What lists leave out is only requested where it is needed: the metadata of an object
    /// that is named like an output, and the entity tag with stores that do not list it.
    async fn inspect_found(&self, object: &StoredObject) -> Result<InspectedObject, Failure> {
        if object.etag.is_some() && !self.is_named_like_output(&object.url) {
            return self.inspect(object.clone(), false).await;
        }
        if let Some(head) = self.stores.head(&object.url).await? {
            return self.inspect(head.object, head.tag.is_some()).await;
        }
        // It was deleted after it was listed.
        Ok(missing(object.clone()))
    }

    fn is_named_like_output(&self, url: &ObjectUrl) -> bool {
        let folder = url.folder();
        let folder = Path::new(&folder.key).file_name().unwrap_or_else(|| OsStr::new(&url.bucket));
        let name = OsStr::new(url.file_name());
        self.templates.iter().any(|template| !template.stems_of(name, folder).is_empty())
    }

    async fn inspect(
        &self,
        object: StoredObject,
        is_output: bool,
    ) -> Result<InspectedObject, Failure> {
        if is_output {
            // Not read: it is skipped.
            let video = Err(InputError::Empty);
            return Ok(InspectedObject { object, video, sha256: None, is_output });
        }
        let video = self.stores.inspect(&object).await;
        let sha256 = if self.hash && video.is_ok() {
            let name = object.url.to_string();
            // A number that no input of the ledger has.
            let input = InputRef { id: reading_id(&name), name };
            let emit = |what| {
                let input = input.clone();
                self.observer.observe(&Event::Input { input, what });
            };
            emit(InputEvent::Phase(Stage::Hash));
            let total = Some(object.size);
            let hash = self.stores.hash(&object, |done| emit(InputEvent::Bytes { done, total }));
            let hash = hash.await;
            emit(InputEvent::Known);
            Some(hash?)
        } else {
            None
        };
        Ok(InspectedObject { object, video, sha256, is_output })
    }
}

fn missing(object: StoredObject) -> InspectedObject {
    InspectedObject { object, video: Err(InputError::Missing), sha256: None, is_output: false }
}

/// The object is an input; otherwise the reason is counted.
fn is_taken(
    object: &StoredObject,
    pattern: &Pattern,
    selection: &FileSelection,
    skipped: &mut SkippedFiles,
) -> bool {
    let url = &object.url;
    let Some(below) = url.key.strip_prefix(&pattern.root.key).filter(|below| !below.is_empty())
    else {
        return false;
    };
    let below = Path::new(below);
    if selection.is_output_object(&pattern.root, url) {
        skipped.output_directory = true;
        return false;
    }
    if let Some(glob) = &pattern.glob {
        if !glob.is_match(&url.key) {
            return false;
        }
        skipped.excluded += usize::from(selection.excludes(below));
        return !selection.excludes(below);
    }
    let hidden = |part: &OsStr| part.as_encoded_bytes().starts_with(b".");
    if below.iter().any(hidden) {
        skipped.hidden += 1;
        return false;
    }
    match selection.choose(below) {
        FileChoice::Taken => return true,
        FileChoice::Excluded => skipped.excluded += 1,
        FileChoice::NotIncluded => skipped.not_included += 1,
        // An empty object without an extension stands for a folder.
        FileChoice::OtherEnding if object.size == 0 && below.extension().is_none() => {}
        FileChoice::OtherEnding => skipped.other_ending(below),
    }
    false
}

/// A negative number for the events of an object that is not in the ledger yet.
fn reading_id(name: &str) -> i64 {
    (short_digest(name.as_bytes()) | 1 << 63).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ObjectUrl {
        ObjectUrl::parse(text).unwrap().unwrap()
    }

    /// The keys that are taken, of those below the prefix that is listed.
    fn taken<'a>(
        named: &str,
        selection: &FileSelection,
        keys: &[&'a str],
    ) -> (Vec<&'a str>, SkippedFiles) {
        let named = url(named);
        let pattern = Pattern::of(&named, selection.recursive).unwrap().unwrap();
        let mut skipped = SkippedFiles::default();
        let is_listed = |key: &&&str| {
            let below = key.strip_prefix(&*pattern.prefix.key);
            below.is_some_and(|below| pattern.recursive || !below.contains('/'))
        };
        let taken = keys.iter().filter(is_listed).copied().filter(|key| {
            let object = StoredObject { url: named.with_key(*key), size: 1, etag: None };
            is_taken(&object, &pattern, selection, &mut skipped)
        });
        (taken.collect(), skipped)
    }

    const KEYS: [&str; 8] = [
        "in/a.mp4",
        "in/b.MOV",
        "in/notes.txt",
        "in/.hidden.mp4",
        "in/sub/c.mp4",
        "in/sub/deep/d.mp4",
        "inner.mp4",
        "out/a-nobg.webm",
    ];

    #[test]
    fn a_prefix_gives_its_videos_and_a_glob_what_it_matches() {
        let flat = FileSelection::new(false, &[], &[]).unwrap();
        let deep = FileSelection::new(true, &[], &[]).unwrap();
        let (all, skipped) = taken("s3://b/in/", &flat, &KEYS);
        assert_eq!(all, ["in/a.mp4", "in/b.MOV"]);
        assert_eq!((skipped.hidden, skipped.other_endings), (1, 1));
        let (all, _) = taken("s3://b/in/", &deep, &KEYS);
        assert_eq!(all, ["in/a.mp4", "in/b.MOV", "in/sub/c.mp4", "in/sub/deep/d.mp4"]);
        for (glob, expected) in [
            ("s3://b/in/*.mp4", &["in/a.mp4", "in/.hidden.mp4"][..]),
            ("s3://b/in/*", &["in/a.mp4", "in/b.MOV", "in/notes.txt", "in/.hidden.mp4"]),
            ("s3://b/in*.mp4", &["inner.mp4"]),
            ("s3://b/in/*/c.mp4", &["in/sub/c.mp4"]),
            (
                "s3://b/**/*.mp4",
                &["in/a.mp4", "in/.hidden.mp4", "in/sub/c.mp4", "in/sub/deep/d.mp4", "inner.mp4"],
            ),
            ("s3://b/in/{a,b}.*", &["in/a.mp4", "in/b.MOV"]),
        ] {
            assert_eq!(taken(glob, &flat, &KEYS).0, expected, "{glob}");
        }
        let chosen = FileSelection::new(true, &["c.*".into()], &["sub/deep/**".into()]).unwrap();
        assert_eq!(taken("s3://b/in/", &chosen, &KEYS).0, ["in/sub/c.mp4"]);
        assert!(Pattern::of(&url("s3://b/in/a.mp4"), true).unwrap().is_none());
        let Err(failure) = Pattern::of(&url("s3://b/in/[a"), true) else { panic!("it is no glob") };
        assert_eq!(failure.next.as_deref(), Some("rbgv run -r 's3://b/in/'"));
    }

    #[test]
    fn the_prefix_of_the_outputs_is_not_read() {
        let deep = || FileSelection::new(true, &[], &[]).unwrap();
        let selection = deep().without_objects_below(url("s3://b/out/"));
        let (all, skipped) = taken("s3://b/", &selection, &KEYS);
        assert!(!all.contains(&"out/a-nobg.webm") && all.contains(&"inner.mp4"), "{all:?}");
        assert!(skipped.output_directory);
        let (all, _) = taken("s3://b/out/", &selection, &KEYS);
        assert_eq!(all, ["out/a-nobg.webm"], "the prefix itself is read");
        let other = deep().without_objects_below(url("gs://b/out/"));
        assert!(taken("s3://b/", &other, &KEYS).0.contains(&"out/a-nobg.webm"));
    }
}
