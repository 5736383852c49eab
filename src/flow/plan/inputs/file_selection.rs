//! Selection of the files of a directory, and of the objects below a prefix.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::model::{Failure, ObjectUrl};

/// Extensions that make a file of a directory an input without `--include`; a file without
/// extension is an input if it is a video. The content decides later; this only skips notes and
/// pictures.
pub(crate) const VIDEO_ENDINGS: [&str; 12] =
    ["mp4", "m4v", "mov", "qt", "webm", "avi", "mkv", "mpg", "mpeg", "wmv", "flv", "3gp"];

/// Selection of the files of a directory.
#[derive(Debug, Clone)]
pub struct FileSelection {
    pub(crate) recursive: bool,
    include: Option<GlobSet>,
    exclude: GlobSet,
    /// Directories that are not read.
    pub(crate) pruned: GlobSet,
    /// Output directory: not read when it is below an input directory.
    pub(crate) outputs: Option<PathBuf>,
    /// Prefix of outputs in an object store: likewise.
    object_outputs: Option<ObjectUrl>,
}

/// Decision about a file of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileChoice {
    Taken,
    Excluded,
    NotIncluded,
    OtherEnding,
}

impl FileSelection {
    /// Parses the globs. They match the path below the directory; a glob without a slash matches
    /// the name alone. A directory that `exclude` matches, or all of whose content it matches, is
    /// not read.
    pub fn new(recursive: bool, include: &[String], exclude: &[String]) -> Result<Self, Failure> {
        let include = if include.is_empty() { None } else { Some(globs("--include", include)?) };
        let directories = exclude.iter().map(|glob| {
            let directory_glob = glob.strip_suffix("/**").or_else(|| glob.strip_suffix("/*"));
            directory_glob.or_else(|| glob.strip_suffix('/')).unwrap_or(glob).to_owned()
        });
        let directories: Vec<String> = directories.filter(|glob| !glob.is_empty()).collect();
        Ok(Self {
            recursive,
            include,
            exclude: globs("--exclude", exclude)?,
            pruned: globs("--exclude", &directories)?,
            outputs: None,
            object_outputs: None,
        })
    }

    /// Excludes the output directory.
    #[must_use]
    pub fn without_outputs_in(mut self, directory: PathBuf) -> Self {
        self.outputs = Some(directory);
        self
    }

    /// Excludes the outputs in an object store.
    #[must_use]
    pub fn without_objects_below(mut self, prefix: ObjectUrl) -> Self {
        self.object_outputs = Some(prefix);
        self
    }

    pub(crate) fn excludes(&self, below: &Path) -> bool {
        self.exclude.is_match(below)
    }

    /// The object is below the prefix of outputs, and `listed` is not.
    pub(crate) fn is_output_object(&self, listed: &ObjectUrl, url: &ObjectUrl) -> bool {
        self.object_outputs.as_ref().is_some_and(|outputs| {
            let has = |url: &ObjectUrl| {
                outputs.with_key(&*url.key) == *url && url.key.starts_with(&outputs.key)
            };
            has(url) && !has(listed)
        })
    }

    pub(crate) fn choose(&self, below: &Path) -> FileChoice {
        if self.exclude.is_match(below) {
            return FileChoice::Excluded;
        }
        match &self.include {
            Some(include) if include.is_match(below) => FileChoice::Taken,
            Some(_) => FileChoice::NotIncluded,
            None if has_video_ending(below) => FileChoice::Taken,
            None => FileChoice::OtherEnding,
        }
    }
}

fn globs(flag: &str, patterns: &[String]) -> Result<GlobSet, Failure> {
    let bad = |pattern: &str, why: &dyn std::fmt::Display| {
        Failure::usage(format!("{flag} {pattern}"), why.to_string())
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

pub(crate) fn has_video_ending(path: &Path) -> bool {
    path.extension()
        .and_then(|ending| ending.to_str())
        .is_some_and(|ending| VIDEO_ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}
