//! Names of outputs. No input name can lead its output out of the requested directory.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use super::output_target::without_dots;
use crate::flow::plan::inputs::{DiscoveredInput, InputSpec, VIDEO_ENDINGS};
use crate::flow::run_options::Destination;
use crate::model::{Failure, JobOptions, ModelName, ObjectUrl, OutputFormat, Target};

/// Maximum bytes of a URL segment that becomes part of a name.
const MAX_SEGMENT_BYTES: usize = 200;

/// Template of output names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(String);

impl NameTemplate {
    /// The fields of a template.
    const FIELDS: [&str; 6] = ["{stem}", "{ending}", "{folder}", "{ext}", "{model}", "{format}"];

    /// Parses a template such as `{stem}-nobg.{ext}`.
    ///
    /// # Errors
    ///
    /// An unknown field, a path, or a name that does not depend on the input's stem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_known = |piece: &str| Self::FIELDS.contains(&piece) || !piece.contains(['{', '}']);
        if !pieces(text).all(is_known) {
            return Err(format!(
                "'{text}' has an unknown field; known: {}",
                Self::FIELDS.join(" ")
            ));
        }
        if text.contains('/') {
            return Err(format!("'{text}' contains a path; use -o for the directory"));
        }
        if text.is_empty() || text.contains('\0') {
            return Err("the template is empty".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// This template with further fields (stem, extension or folder), so that two inputs with the
    /// same output name get different ones. `None` where the fields do not tell them apart.
    pub(crate) fn disambiguated(&self, one: &SourceName, other: &SourceName) -> Option<String> {
        let mut text = self.0.clone();
        if !text.contains("{stem}") {
            text = Self::default().0;
        }
        let lacks = |field: &str| !self.0.contains(field);
        let mut is_told_apart = one.stem != other.stem && lacks("{stem}");
        if one.ending != other.ending && lacks("{ending}") {
            text = text.replacen("{stem}", "{stem}-{ending}", 1);
            is_told_apart = true;
        }
        if one.folder != other.folder && lacks("{folder}") {
            text = text.replacen("{stem}", "{folder}-{stem}", 1);
            is_told_apart = true;
        }
        is_told_apart.then_some(text)
    }

    fn fill(&self, source: &SourceName, options: &JobOptions) -> OsString {
        let mut name = OsString::new();
        for piece in pieces(&self.0) {
            match piece {
                "{stem}" => name.push(&source.stem),
                "{ending}" => name.push(&source.ending),
                "{folder}" => name.push(&source.folder),
                "{ext}" => name.push(options.format.extension()),
                "{model}" => name.push(options.model.as_str()),
                "{format}" => name.push(options.format.as_str()),
                text => name.push(text),
            }
        }
        name
    }
}

/// The fields of a template, with their braces, and the text between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('}').flat_map(|part| {
        let (before, field) = part.split_at(part.find('{').unwrap_or(part.len()));
        [before, field]
    })
}

impl NameTemplate {
    /// The templates by which earlier outputs may be named: this one and the default.
    pub(crate) fn and_default(&self) -> Vec<Self> {
        let mut templates = vec![Self::default(), self.clone()];
        templates.dedup();
        templates
    }

    /// The stems of the inputs in `folder` whose output may be called `name`, with any model and
    /// format. Empty for a template that adds nothing to the stem: its outputs look like any video.
    pub(crate) fn stems_of(&self, name: &OsStr, folder: &OsStr) -> Vec<OsString> {
        let is_bare =
            self.0.replace("{stem}", "").replace("{ext}", "").trim_matches('.').is_empty();
        if is_bare {
            return Vec::new();
        }
        let endings =
            if self.0.contains("{ending}") { endings_as_written() } else { vec![OsString::new()] };
        let mut stems: Vec<OsString> = Vec::new();
        for ending in endings {
            let source = SourceName { stem: STEM.into(), ending, folder: folder.to_owned() };
            for (model, format) in ModelName::ALL
                .iter()
                .flat_map(|model| OutputFormat::ALL.iter().map(|format| (*model, *format)))
            {
                let options = JobOptions { model, format, ..JobOptions::default() };
                let stem = between(name, &self.fill(&source, &options));
                stems.extend(stem.filter(|stem| !stems.contains(stem)));
            }
        }
        stems
    }
}

/// Extensions of videos in lower and upper case.
fn endings_as_written() -> Vec<OsString> {
    let written = |ending: &str| [ending.to_owned(), ending.to_ascii_uppercase()];
    VIDEO_ENDINGS.into_iter().flat_map(written).map(OsString::from).collect()
}

/// The part of `name` at the position of the stem placeholder in `filled`.
fn between(name: &OsStr, filled: &OsStr) -> Option<OsString> {
    let (before, behind) = filled.to_str()?.split_once(STEM)?;
    let rest = name.as_bytes().strip_prefix(before.as_bytes())?;
    let stem = rest.strip_suffix(behind.as_bytes())?;
    (!stem.is_empty()).then(|| OsString::from_vec(stem.to_vec()))
}

/// Placeholder for the stem while a template is matched.
const STEM: &str = "\u{0}";

impl Default for NameTemplate {
    fn default() -> Self {
        Self("{stem}-nobg.{ext}".to_owned())
    }
}

/// Target of the output of `found`; `None` for standard output.
pub(crate) fn target(
    found: &DiscoveredInput,
    destination: &Destination,
    template: &NameTemplate,
    options: &JobOptions,
    current_dir: &Path,
) -> Result<Option<Target>, Failure> {
    let folder = match destination {
        Destination::Stdout => return Ok(None),
        Destination::File(file) => {
            check_ending(file, options)?;
            return Ok(Some(without_dots(&current_dir.join(file)).into()));
        }
        Destination::Object(url) => {
            check_ending(Path::new(&url.to_string()), options)?;
            return Ok(Some(Target::Object(url.clone())));
        }
        Destination::Directory(root) => Folder::Local(root.join(relative_directory(found))),
        Destination::Prefix(prefix) => Folder::Objects(prefix.clone(), relative_directory(found)),
        Destination::Beside => match &found.input {
            InputSpec::Path(path) => {
                Folder::Local(path.parent().map(Path::to_owned).unwrap_or_default())
            }
            InputSpec::Url(_) => Folder::Local(PathBuf::new()),
            InputSpec::Object(url) => Folder::Objects(url.folder(), PathBuf::new()),
        },
    };
    let name = template.fill(&SourceName::of(&found.input, current_dir), options);
    let bad_name = |why: &str| {
        let what = format!("naming the output of {}", found.below.display());
        Failure::usage(what, why).with_next("use another --name")
    };
    if matches!(name.as_encoded_bytes(), b"" | b"." | b"..") {
        return Err(bad_name("the name is empty or that of a directory"));
    }
    Ok(Some(match folder {
        Folder::Local(folder) => without_dots(&current_dir.join(folder).join(name)).into(),
        Folder::Objects(prefix, below) => {
            Target::Object(prefix.join(&below.join(name)).map_err(|why| bad_name(&why))?)
        }
    }))
}

/// Where the output with a name is written.
enum Folder {
    Local(PathBuf),
    /// A prefix, and the part of the input's path that is kept below it.
    Objects(ObjectUrl, PathBuf),
}

/// The directories between the named one and the file; never any that lead elsewhere.
fn relative_directory(found: &DiscoveredInput) -> PathBuf {
    let parent = found.below.parent().unwrap_or(Path::new(""));
    parent.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// The parts of an output name that come from its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceName {
    stem: OsString,
    /// Without the dot, in its original case.
    ending: OsString,
    /// Name of the source's folder.
    folder: OsString,
}

impl SourceName {
    pub(crate) fn of(input: &InputSpec, current_dir: &Path) -> Self {
        let url = match input {
            InputSpec::Path(path) => return Self::of_path(&without_dots(&current_dir.join(path))),
            InputSpec::Object(url) => return Self::of_path(&url.as_path()),
            InputSpec::Url(url) => url::Url::parse(url).ok(),
        };
        let mut segments: Vec<&str> =
            url.as_ref().and_then(|url| Some(url.path_segments()?.collect())).unwrap_or_default();
        let file = segments.pop().unwrap_or_default();
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        let folder = segments.pop().filter(|folder| !folder.is_empty()).unwrap_or(host);
        let stem = sanitize(stem);
        Self {
            stem: if stem.is_empty() { "video".into() } else { stem.into() },
            ending: sanitize(ending).into(),
            folder: sanitize(folder).into(),
        }
    }

    fn of_path(path: &Path) -> Self {
        let owned = |name: Option<&OsStr>| name.map(ToOwned::to_owned).unwrap_or_default();
        Self {
            stem: path.file_stem().map_or_else(|| "video".into(), ToOwned::to_owned),
            ending: owned(path.extension()),
            folder: owned(path.parent().and_then(Path::file_name)),
        }
    }
}

/// A URL segment as part of a file name.
fn sanitize(segment: &str) -> String {
    let safe: String = segment
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .take(MAX_SEGMENT_BYTES)
        .collect();
    safe.trim_start_matches('.').to_owned()
}

fn check_ending(file: &Path, options: &JobOptions) -> Result<(), Failure> {
    let wanted = options.format.extension();
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending {
        Some(ending) if ending != wanted => {
            let what = format!("-o {}", file.display());
            let why = format!(
                "the extension .{ending} does not match the format {}; use .{wanted} or another \
                 --format",
                options.format
            );
            Err(Failure::usage(what, why))
        }
        _ => Ok(()),
    }
}

/// Fills a template with a foreign name. The first line is the template, the second one the input.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_template(text: &str) {
    let (template, input) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(template) = NameTemplate::parse(template) else { return };
    let input = InputSpec::read(input.into());
    let found = DiscoveredInput { input, below: PathBuf::from(text), explicit: true };
    let destination = Destination::Directory("out".into());
    let options = JobOptions::default();
    if let Ok(Some(target)) = target(&found, &destination, &template, &options, Path::new("/cwd")) {
        let path = target.as_file().unwrap_or(Path::new(""));
        assert!(path.starts_with("/cwd/out") && path != Path::new("/cwd/out"));
        let _ = template.stems_of(path.file_name().unwrap_or_default(), OsStr::new("out"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, below: &str) -> DiscoveredInput {
        DiscoveredInput { input: InputSpec::Path(path.into()), below: below.into(), explicit: true }
    }

    fn put(found: &DiscoveredInput, destination: &Destination, template: &str) -> Option<PathBuf> {
        let options = JobOptions { format: OutputFormat::Mov, ..JobOptions::default() };
        let template = NameTemplate::parse(template).unwrap();
        let target = target(found, destination, &template, &options, Path::new("/cwd")).unwrap();
        target.map(|target| target.as_file().unwrap().to_owned())
    }

    #[test]
    fn outputs_of_objects_are_objects_unless_a_directory_is_named() {
        let url = |text: &str| ObjectUrl::parse(text).unwrap().unwrap();
        let object = |text: &str, below: &str| {
            let input = InputSpec::Object(url(text));
            DiscoveredInput { input, below: below.into(), explicit: false }
        };
        let options = JobOptions { format: OutputFormat::Mov, ..JobOptions::default() };
        let named = |found: &DiscoveredInput, destination: &Destination| {
            let plain = NameTemplate::default();
            let target = target(found, destination, &plain, &options, Path::new("/cwd"));
            target.map(|target| target.unwrap().to_string())
        };
        let clip = object("s3://b/in/cam 1/a#b.mp4", "cam 1/a#b.mp4");
        assert_eq!(named(&clip, &Destination::Beside).unwrap(), "s3://b/in/cam 1/a#b-nobg.mov");
        let out = Destination::Prefix(url("gs://c/out/"));
        assert_eq!(named(&clip, &out).unwrap(), "gs://c/out/cam 1/a#b-nobg.mov");
        let local = Destination::Directory("out".into());
        assert_eq!(named(&clip, &local).unwrap(), "/cwd/out/cam 1/a#b-nobg.mov");
        assert_eq!(named(&file("in/x.mp4", "x.mp4"), &out).unwrap(), "gs://c/out/x-nobg.mov");
        assert_eq!(
            named(&object("az://c/x.mp4", "x.mp4"), &Destination::Beside).unwrap(),
            "az://c/x-nobg.mov"
        );
        let one = Destination::Object(url("s3://b/y.mp4"));
        assert!(named(&clip, &one).unwrap_err().why.contains(".mp4"));
        let foreign = Path::new(OsStr::from_bytes(b"a\xff.mp4")).to_owned();
        let found = DiscoveredInput {
            input: InputSpec::Path(foreign.clone()),
            below: foreign,
            explicit: true,
        };
        assert!(named(&found, &out).unwrap_err().why.contains("UTF-8"));
    }

    #[test]
    fn outputs_lie_beside_or_below() {
        let plain = "{stem}-nobg.{ext}";
        let clip = file("in/my clip.v2.mp4", "my clip.v2.mp4");
        let sibling = put(&clip, &Destination::Beside, plain).unwrap();
        assert_eq!(sibling, Path::new("/cwd/in/my clip.v2-nobg.mov"));
        let tree = file("in/a/b.mp4", "a/b.mp4");
        let out = Destination::Directory("out".into());
        assert_eq!(put(&tree, &out, plain).unwrap(), Path::new("/cwd/out/a/b-nobg.mov"));
        assert_eq!(
            put(&tree, &out, "{model}_{stem}.{format}").unwrap(),
            Path::new("/cwd/out/a/original_b.mov")
        );
        assert_eq!(put(&tree, &Destination::Stdout, plain), None);
        assert_eq!(
            put(&tree, &Destination::File("x.mov".into()), plain).unwrap(),
            Path::new("/cwd/x.mov")
        );
    }

    #[test]
    fn no_name_leads_out() {
        let out = Destination::Directory("out".into());
        for (url, expected) in [
            ("https://x.example/a/v%2F..%2Fz.mp4?t=1", "v_2F.._2Fz-nobg.mov"),
            ("https://x.example/", "video-nobg.mov"),
            ("https://x.example/..hidden.mp4", "hidden-nobg.mov"),
        ] {
            let found = DiscoveredInput {
                input: InputSpec::Url(url.into()),
                below: PathBuf::new(),
                explicit: true,
            };
            let path = put(&found, &out, "{stem}-nobg.{ext}").unwrap();
            assert_eq!(path, Path::new("/cwd/out").join(expected), "{url}");
        }
        let climbing = file("in/b.mp4", "../../b.mp4");
        assert_eq!(put(&climbing, &out, "{stem}.{ext}").unwrap(), Path::new("/cwd/out/b.mov"));
        let braces = file("{ext}.mp4", "{ext}.mp4");
        assert_eq!(put(&braces, &out, "{stem}.{ext}").unwrap(), Path::new("/cwd/out/{ext}.mov"));
    }

    #[test]
    fn contradictions_are_refused() {
        let options = JobOptions::default();
        let clip = file("a.mp4", "a.mp4");
        let to = Destination::File("a.mp4".into());
        let refused = target(&clip, &to, &NameTemplate::default(), &options, Path::new("/"));
        assert!(refused.unwrap_err().why.contains(".webm"));
        // A file at the root has no folder.
        let found = file("/clip", "clip");
        for template in ["{folder}", "{ending}", ".{ending}"] {
            let template = NameTemplate::parse(template).unwrap();
            let out = Destination::Directory("out".into());
            let refused = target(&found, &out, &template, &options, Path::new("/"));
            assert!(refused.unwrap_err().why.contains("directory"), "{template:?}");
        }
        for bad in ["{stem", "stem}", "{foo}.webm", "a/{stem}", "", "{{stem}}", "{st{ext}em}"] {
            assert!(NameTemplate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields_tell_endings_and_folders_apart() {
        let out = Destination::Directory("out".into());
        let name = |path: &str, template: &str| {
            let found = file(path, Path::new(path).file_name().unwrap().to_str().unwrap());
            put(&found, &out, template).unwrap().file_name().unwrap().to_owned()
        };
        let all = "{folder}-{stem}-{ending}.{ext}";
        assert_eq!(name("cam1/0001.MOV", all), "cam1-0001-MOV.mov");
        assert_eq!(name("/x/cam 2/./0001", all), "cam 2-0001-.mov");
        assert_eq!(name("a.mp4", all), "cwd-a-mp4.mov");
        assert_eq!(name("./{folder}.mp4", "{stem}.{ext}"), "{folder}.mov");
        let url = InputSpec::Url("https://x.example/cam%2F1/0001.webm?sig=1".into());
        let found = DiscoveredInput { input: url, below: PathBuf::new(), explicit: true };
        let named = put(&found, &out, all).unwrap();
        assert_eq!(named, Path::new("/cwd/out/cam_2F1-0001-webm.mov"));
        let hosted = InputSpec::Url("https://x.example/0001.webm".into());
        let found = DiscoveredInput { input: hosted, below: PathBuf::new(), explicit: true };
        assert_eq!(put(&found, &out, "{folder}.mov").unwrap(), Path::new("/cwd/out/x.example.mov"));
    }

    #[test]
    fn the_advice_for_equal_names_tells_them_apart() {
        let options = JobOptions::default();
        let source = |path: &str| SourceName::of(&InputSpec::Path(path.into()), Path::new("/cwd"));
        for (template, one, other) in [
            ("{stem}-nobg.{ext}", "IMG_1.mp4", "IMG_1.MOV"),
            ("{stem}-nobg.{ext}", "cam1/0001.mp4", "cam2/0001.mp4"),
            ("{stem}-nobg.{ext}", "cam1/0001.mp4", "cam2/0001.mov"),
            ("{stem}-{ending}.{ext}", "cam1/0001.mp4", "cam2/0001.mp4"),
            ("{folder}.{ext}", "cam1/1.mp4", "cam1/2.mp4"),
            ("out.{ext}", "cam1/1.mp4", "cam2/1.mp4"),
            ("{model}.{ext}", "1.mp4", "1.mov"),
        ] {
            let (one, other) = (source(one), source(other));
            let filled = |text: &str| {
                let template = NameTemplate::parse(text).unwrap();
                (template.fill(&one, &options), template.fill(&other, &options))
            };
            let (first, second) = filled(template);
            assert_eq!(first, second, "{template}");
            let advice =
                NameTemplate::parse(template).unwrap().disambiguated(&one, &other).unwrap();
            let (first, second) = filled(&advice);
            assert_ne!(first, second, "{template}: {advice}");
        }
        let (one, other) = (source("a/x/1.mp4"), source("b/x/1.mp4"));
        assert_eq!(NameTemplate::default().disambiguated(&one, &other), None);
    }
}
