//! The skipped files of a directory, for users who expected inputs among them.

use std::fmt;
use std::path::Path;

use crate::model::ObjectUrl;

/// Maximum extensions shown.
const SHOWN_ENDINGS: usize = 5;

/// Counts of the skipped files of a directory.
#[derive(Debug, Default)]
pub(crate) struct SkippedFiles {
    pub(crate) other_endings: usize,
    /// Their extensions in order of discovery, up to a limit; empty for files without one.
    endings: Vec<String>,
    pub(crate) not_included: usize,
    pub(crate) excluded: usize,
    pub(crate) hidden: usize,
    pub(crate) subfolders: usize,
    pub(crate) links: usize,
    /// Devices, sockets and pipes.
    pub(crate) special: usize,
    pub(crate) unreadable: usize,
    pub(crate) output_directory: bool,
    /// Files that are outputs of this program.
    pub(crate) outputs: usize,
    /// Reason that the directory itself cannot be read.
    pub(crate) unreadable_root: Option<String>,
}

impl SkippedFiles {
    pub(crate) fn other_ending(&mut self, file: &Path) {
        self.other_endings += 1;
        let ending = file.extension().unwrap_or_default().to_string_lossy().into_owned();
        if self.endings.len() <= SHOWN_ENDINGS && !self.endings.contains(&ending) {
            self.endings.push(ending);
        }
    }

    /// The files with other extensions, in words; `None` without any.
    pub(crate) fn other_endings(&self) -> Option<String> {
        let files = match self.other_endings {
            0 => return None,
            1 => "1 file with another extension".to_owned(),
            more => format!("{more} files with other extensions"),
        };
        let name = |ending: &String| match ending.as_str() {
            "" => "none".to_owned(),
            ending => format!(".{ending}"),
        };
        let shown: Vec<_> = self.endings.iter().take(SHOWN_ENDINGS).map(name).collect();
        let others = if self.endings.len() > SHOWN_ENDINGS { " and others" } else { "" };
        Some(format!("{files} ({}{others})", shown.join(", ")))
    }

    /// The command that takes more of the objects that `url` names.
    pub(crate) fn next_for_objects(&self, url: &ObjectUrl) -> String {
        self.wider_run(&url.shell_quoted()).unwrap_or_else(|| {
            if url.is_prefix() {
                "rbgv help storage".to_owned()
            } else {
                format!("rbgv run --dry-run {}", url.folder().shell_quoted())
            }
        })
    }

    /// The command that takes more files of `directory`.
    pub(crate) fn next(&self, directory: &Path) -> String {
        let directory = crate::model::text::shell_quoted(directory);
        if self.unreadable_root.is_some() {
            return format!("ls -ld {directory}");
        }
        self.wider_run(&directory).unwrap_or_else(|| format!("ls -la {directory}"))
    }

    /// The command that takes skipped files of `quoted`, if there are any that a flag selects.
    fn wider_run(&self, quoted: &str) -> Option<String> {
        if self.subfolders > 0 {
            return Some(format!("rbgv run -r {quoted}"));
        }
        let ending = self.endings.iter().find(|ending| !ending.is_empty())?;
        Some(format!("rbgv run {quoted} --include '*.{ending}'"))
    }

    /// The counts in words; empty without any.
    pub(crate) fn parts(&self) -> Vec<String> {
        let counts = [
            (self.not_included, "file not matched by --include", "files not matched by --include"),
            (self.excluded, "excluded by --exclude", "excluded by --exclude"),
            (self.hidden, "hidden", "hidden"),
            (self.links, "link to a directory", "links to directories"),
            (self.special, "that is not a regular file", "that are not regular files"),
            (self.unreadable, "that cannot be read", "that cannot be read"),
            (self.outputs, "output of rbgv", "outputs of rbgv"),
            (usize::from(self.output_directory), "output directory", ""),
            (self.subfolders, "subdirectory (add -r)", "subdirectories (add -r)"),
        ];
        let counts =
            counts.into_iter().filter(|(number, ..)| *number > 0).map(|(number, one, many)| {
                format!("{number} {}", if number == 1 { one } else { many })
            });
        self.other_endings().into_iter().chain(counts).collect()
    }
}

impl fmt::Display for SkippedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.unreadable_root {
            return write!(f, "cannot be read: {why}");
        }
        let parts = self.parts();
        if parts.is_empty() {
            f.write_str("the directory is empty")
        } else {
            f.write_str(&parts.join("; "))
        }
    }
}
