//! Names of outputs. Whatever an input is called, its output lies where the user wants it and
//! nowhere else.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::conduct::Destination;
use super::inputs::{Found, Named};
use crate::model::{Failure, FailureKind, JobOptions};

/// Longest name that common file systems take, in bytes, less room for the name of a part.
const LONGEST_NAME: usize = 200;

/// How output names are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(String);

impl Template {
    /// The fields that a template may hold.
    const FIELDS: [&str; 4] = ["{stem}", "{ext}", "{model}", "{format}"];

    /// Reads a template such as `{stem}-nobg.{ext}`.
    ///
    /// # Errors
    /// An unknown field, a path, or a name that would be the same for every input's stem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.to_owned();
        for field in Self::FIELDS {
            rest = rest.replace(field, "");
        }
        if rest.contains(['{', '}']) {
            return Err(format!(
                "'{text}' has an unknown field; known: {}",
                Self::FIELDS.join(" ")
            ));
        }
        if text.contains('/') {
            return Err(format!("'{text}' holds a path; give the directory with -o"));
        }
        if text.is_empty() || text.contains('\0') {
            return Err("the template is empty".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    fn fill(&self, stem: &std::ffi::OsStr, options: &JobOptions) -> OsString {
        use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
        let filled = self
            .0
            .replace("{ext}", options.format.extension())
            .replace("{model}", options.model.as_str())
            .replace("{format}", options.format.as_str());
        // The stem goes in last and as bytes: it need not be text, and may look like a field.
        let mut name = Vec::new();
        for (n, piece) in filled.split("{stem}").enumerate() {
            if n > 0 {
                name.extend_from_slice(stem.as_bytes());
            }
            name.extend_from_slice(piece.as_bytes());
        }
        OsString::from_vec(name)
    }
}

impl Default for Template {
    fn default() -> Self {
        Self("{stem}-nobg.{ext}".to_owned())
    }
}

/// Where the output of `found` goes, absolute; none for standard output.
///
/// # Errors
/// A name that cannot be made, or an ending that contradicts the format.
pub(super) fn target(
    found: &Found,
    destination: &Destination,
    template: &Template,
    options: &JobOptions,
    current_dir: &Path,
) -> Result<Option<PathBuf>, Failure> {
    let directory = match destination {
        Destination::Stdout => return Ok(None),
        Destination::File(file) => {
            check_ending(file, options)?;
            return Ok(Some(current_dir.join(file)));
        }
        Destination::Directory(root) => root.join(tree_of(found)),
        Destination::Beside => match &found.input {
            Named::Path(path) => path.parent().map(Path::to_owned).unwrap_or_default(),
            Named::Url(_) => PathBuf::new(),
        },
    };
    let name = template.fill(&stem_of(found), options);
    if name.len() > LONGEST_NAME + 55 || matches!(name.as_encoded_bytes(), b"." | b"..") {
        let what = format!("naming the output of {}", found.below.display());
        let why = "the name would be too long for a file; give -o FILE or --name";
        return Err(Failure::new(FailureKind::Usage, what, why));
    }
    Ok(Some(current_dir.join(directory).join(name)))
}

/// The directories between the one that was named and the file; never any that lead elsewhere.
fn tree_of(found: &Found) -> PathBuf {
    let parent = found.below.parent().unwrap_or(Path::new(""));
    parent.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

fn stem_of(found: &Found) -> OsString {
    match &found.input {
        Named::Path(path) => path.file_stem().map_or_else(|| "video".into(), ToOwned::to_owned),
        Named::Url(url) => stem_of_url(url).into(),
    }
}

/// The last segment of an address as a harmless file name.
fn stem_of_url(url: &str) -> String {
    let segment = url::Url::parse(url)
        .ok()
        .and_then(|url| url.path_segments()?.next_back().map(ToOwned::to_owned))
        .unwrap_or_default();
    let stem = segment.rsplit_once('.').map_or(segment.as_str(), |(stem, _)| stem);
    let safe: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .take(LONGEST_NAME)
        .collect();
    let safe = safe.trim_start_matches('.');
    if safe.is_empty() { "video".to_owned() } else { safe.to_owned() }
}

fn check_ending(file: &Path, options: &JobOptions) -> Result<(), Failure> {
    let wanted = options.format.extension();
    let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending {
        Some(ending) if ending != wanted => {
            let what = format!("-o {}", file.display());
            let why = format!(
                "the ending .{ending} contradicts the format {}; name it .{wanted}, or choose another --format",
                options.format
            );
            Err(Failure::new(FailureKind::Usage, what, why))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OutputFormat;

    fn file(path: &str, below: &str) -> Found {
        Found { input: Named::Path(path.into()), below: below.into(), explicit: true }
    }

    fn put(found: &Found, destination: &Destination, template: &str) -> Option<PathBuf> {
        let options = JobOptions { format: OutputFormat::Mov, ..JobOptions::default() };
        let template = Template::parse(template).unwrap();
        target(found, destination, &template, &options, Path::new("/cwd")).unwrap()
    }

    #[test]
    fn outputs_lie_beside_or_below() {
        let plain = "{stem}-nobg.{ext}";
        let clip = file("in/my clip.v2.mp4", "my clip.v2.mp4");
        let beside = put(&clip, &Destination::Beside, plain).unwrap();
        assert_eq!(beside, Path::new("/cwd/in/my clip.v2-nobg.mov"));
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
            let found =
                Found { input: Named::Url(url.into()), below: PathBuf::new(), explicit: true };
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
        let refused = target(&clip, &to, &Template::default(), &options, Path::new("/"));
        assert!(refused.unwrap_err().why.contains(".webm"));
        for bad in ["{stem", "{foo}.webm", "a/{stem}", ""] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        let long = file(&format!("{}.mp4", "x".repeat(260)), "x.mp4");
        assert!(
            target(&long, &Destination::Beside, &Template::default(), &options, Path::new("/"))
                .is_err()
        );
    }
}
