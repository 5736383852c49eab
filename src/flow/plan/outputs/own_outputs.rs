//! Outputs that the ledger does not have, created on another machine or before the ledger was lost.
//! They are recognised by the name that the output of a video beside them has.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::output_path::NameTemplate;
use crate::flow::plan::inputs::{DiscoveredInput, InputSpec, has_video_ending};

/// The videos beside a file, which may be its sources.
pub(crate) struct SourceVideos {
    templates: Vec<NameTemplate>,
    /// Files that were named themselves.
    named: HashSet<PathBuf>,
    /// The last directory that was read, with the stems of its videos.
    read: Option<(PathBuf, HashSet<OsString>)>,
}

impl SourceVideos {
    /// The sources of outputs with names by `template`, or by the default one.
    pub(crate) fn new(named: &[InputSpec], template: &NameTemplate) -> Self {
        let templates = template.and_default();
        let path = |named: &InputSpec| match named {
            InputSpec::Path(path) => Some(path.clone()),
            InputSpec::Url(_) | InputSpec::Object(_) => None,
        };
        Self { templates, named: named.iter().filter_map(path).collect(), read: None }
    }

    /// `found`, the file at `path`, has the name of an output of a video beside it. A file that was
    /// named itself is meant as an input, unless that video was named too: then both came from a
    /// pattern.
    pub(crate) fn has_source_of(&mut self, found: &DiscoveredInput, path: &Path) -> bool {
        let (InputSpec::Path(given), Some(name)) = (&found.input, path.file_name()) else {
            return false;
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        let folder = directory.file_name().unwrap_or_default();
        let stems: Vec<OsString> =
            self.templates.iter().flat_map(|template| template.stems_of(name, folder)).collect();
        if stems.is_empty() {
            return false;
        }
        if found.explicit {
            let sibling = |other: &&PathBuf| other.parent() == given.parent() && *other != given;
            return self.named.iter().filter(sibling).any(|other| is_of(other, &stems));
        }
        if self.read.as_ref().is_none_or(|(read, _)| read != directory) {
            self.read = Some((directory.to_owned(), stems_in(directory)));
        }
        self.read
            .as_ref()
            .is_some_and(|(_, sibling)| stems.iter().any(|stem| sibling.contains(stem)))
    }
}

fn is_of(path: &Path, stems: &[OsString]) -> bool {
    has_video_ending(path)
        && path.file_stem().is_some_and(|stem| stems.iter().any(|wanted| wanted == stem))
}

/// The stems of the videos in a directory; empty if it cannot be read.
fn stems_in(directory: &Path) -> HashSet<OsString> {
    let Ok(inputs) = std::fs::read_dir(directory) else { return HashSet::new() };
    let names = inputs.filter_map(|input| Some(PathBuf::from(input.ok()?.file_name())));
    names
        .filter(|name| has_video_ending(name))
        .filter_map(|name| name.file_stem().map(OsStr::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &Path, explicit: bool) -> DiscoveredInput {
        let below = path.file_name().unwrap().into();
        DiscoveredInput { input: InputSpec::Path(path.to_owned()), below, explicit }
    }

    #[test]
    fn outputs_are_known_by_the_video_beside_them() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.mp4", "B.MOV", "notes.txt"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let own = NameTemplate::parse("{stem}_{model}.{ext}").unwrap();
        let bare = NameTemplate::parse("{stem}.{ext}").unwrap();
        // (name, with the default template, with a custom one)
        let table = [
            ("a-nobg.webm", true, true),
            ("a-nobg.mov", true, true),
            ("B-nobg.mp4", true, true),
            ("b-nobg.mp4", false, false),
            ("a_pro.webm", false, true),
            ("a_prompt.webm", false, false),
            ("notes-nobg.webm", false, false),
            ("c-nobg.webm", false, false),
            ("a.webm", false, false),
            ("-nobg.webm", false, false),
            ("a-nobg-nobg.webm", false, false),
        ];
        for (name, usual, with_own) in table {
            let path = dir.path().join(name);
            for (template, expected) in
                [(&NameTemplate::default(), usual), (&bare, usual), (&own, with_own)]
            {
                let mut sources = SourceVideos::new(&[], template);
                let is_one = sources.has_source_of(&found(&path, false), &path);
                assert_eq!(is_one, expected, "{name} {template:?}");
            }
        }
    }

    #[test]
    fn outputs_with_ending_and_folder_in_their_names_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("cam1");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.MOV"), b"x").unwrap();
        let template = NameTemplate::parse("{folder}_{stem}-{ending}.{ext}").unwrap();
        for (name, expected) in [
            ("cam1_a-MOV.webm", true),
            ("cam1_a-webm.webm", true),
            ("cam2_a-MOV.webm", false),
            ("cam1_b-MOV.webm", false),
            ("cam1_a-take.webm", false),
        ] {
            let path = folder.join(name);
            let is_one =
                SourceVideos::new(&[], &template).has_source_of(&found(&path, false), &path);
            assert_eq!(is_one, expected, "{name}");
        }
    }

    #[test]
    fn a_file_that_is_named_alone_is_meant() {
        let (source, output) = (PathBuf::from("in/a.mp4"), PathBuf::from("in/a-nobg.webm"));
        let path = Path::new("/cwd").join(&output);
        let has_source = |named: &[&PathBuf]| {
            let named: Vec<InputSpec> =
                named.iter().map(|path| InputSpec::Path((*path).clone())).collect();
            SourceVideos::new(&named, &NameTemplate::default())
                .has_source_of(&found(&output, true), &path)
        };
        assert!(!has_source(&[&output]));
        assert!(has_source(&[&output, &source]), "as in/* names them");
        assert!(!has_source(&[&output, &"other/a.mp4".into()]));
    }
}
