//! The clips of the page: links to files, posters, embedded clips.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::data::{Clip, ClipKind, Side};
use crate::ledger::{BatchInput, InputSource, InputState};
use crate::media::{self, Container, FrameError, FrameFormat, FrameRequest};
use crate::model::Target;
use crate::model::secret::redact_url;
use crate::model::text::escaped;
use crate::output::formats::amounts;

/// Maximum size of an embedded clip in bytes.
const MAX_EMBEDDED_CLIP: u64 = 1 << 20;
/// Maximum size of all that is embedded in a page, in bytes. Larger pages are slow to open.
const MAX_EMBEDDED_TOTAL: usize = 50 << 20;
/// Number of inputs whose frame rate is read. Each takes milliseconds, and a run that was stopped has
/// seconds to write its page.
const MAX_RATES: usize = 1_000;
/// Maximum width and height of a poster in pixels.
const POSTER_SIZE: (u32, u32) = (640, 360);

/// Finds the clips of the rows of a page in `directory`.
#[derive(Debug)]
pub struct MediaLinks {
    directory: PathBuf,
    embedding: Option<Embedding>,
    /// Number of inputs whose frame rate may still be read.
    unread_rates: usize,
}

#[derive(Debug)]
struct Embedding {
    /// Environment of FFmpeg.
    vars: BTreeMap<String, String>,
    result: EmbedResult,
}

/// Extent of what was embedded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmbedResult {
    pub bytes: usize,
    /// Clips that are only linked because they are larger than 1 MiB.
    pub large_clips: usize,
    /// Posters and clips that are left out because the page would be too large.
    pub over_total: usize,
    pub ffmpeg_missing: bool,
}

impl EmbedResult {
    /// Warnings about what the page does not contain.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.large_clips > 0 {
            warnings.push(format!(
                "{} larger than 1 MiB: linked, not embedded; keep the page beside them",
                amounts::counted(self.large_clips as u64, "clip is", "clips are")
            ));
        }
        if self.over_total > 0 {
            let left_out = self.over_total as u64;
            warnings.push(format!(
                "{} left out: the page already embeds 50 MiB",
                amounts::counted(left_out, "poster or clip is", "posters and clips are")
            ));
        }
        if self.ffmpeg_missing {
            warnings.push("no posters: FFmpeg is not installed".to_owned());
        }
        warnings
    }
}

impl MediaLinks {
    /// Links relative to `directory`, which is absolute.
    #[must_use]
    pub fn relative_to(directory: PathBuf) -> Self {
        Self { directory, embedding: None, unread_rates: MAX_RATES }
    }

    /// Also embeds posters and small clips. `vars` is the environment of FFmpeg.
    #[must_use]
    pub fn embedding(directory: PathBuf, vars: BTreeMap<String, String>) -> Self {
        let embedding = Some(Embedding { vars, result: EmbedResult::default() });
        Self { directory, embedding, unread_rates: MAX_RATES }
    }

    #[must_use]
    pub fn embedded(&self) -> EmbedResult {
        self.embedding.as_ref().map(|embedding| embedding.result.clone()).unwrap_or_default()
    }

    /// Both sides of an input, and the seconds of a frame if known.
    pub fn sides(
        &mut self,
        input: &BatchInput,
        source: Option<&InputSource>,
    ) -> (Side, Side, Option<f64>) {
        let not_loaded = |what: &str, shown: &str| {
            missing(format!("{what}, which this page does not load: {}", escaped(shown)))
        };
        let mut frame = None;
        let before = match source {
            None => missing("The input was rejected, so nothing was sent."),
            Some(InputSource::Url(url)) => not_loaded("The input is a URL", &redact_url(url)),
            Some(InputSource::Object { object, .. }) => {
                not_loaded("The input is an object", &object.url.to_string())
            }
            Some(InputSource::File { path, size, modified_ns, .. }) => {
                let is_changed =
                    media::is_unchanged(path, *size, *modified_ns).is_ok_and(|same| !same);
                let note = is_changed.then_some("The input has changed since it was uploaded.");
                frame = self.frame_seconds(path);
                self.side(path, "input", note)
            }
        };
        let is_done = matches!(input.state, InputState::Done | InputState::Skipped);
        let after = match &input.target {
            _ if !is_done => missing("There is no output."),
            None => missing("The output went to standard output."),
            Some(Target::File(path)) => self.side(path, "output", None),
            Some(Target::Object(url)) => not_loaded("The output is an object", &url.to_string()),
        };
        (before, after, frame)
    }

    fn side(&mut self, path: &Path, what: &str, note: Option<&'static str>) -> Side {
        let Ok(container) = media::container_of(path) else {
            let shown = escaped(&path.to_string_lossy());
            return missing(format!("The {what} is no longer at {shown}."));
        };
        let kind = kind_of(container);
        let (mut embedded, mut poster) = (None, None);
        if let Some(embedding) = self.embedding.as_mut().filter(|_| kind != ClipKind::Other) {
            embedded = embedding.clip(path, container);
            if embedded.is_none() && kind == ClipKind::Video {
                poster = embedding.poster(path);
            }
        }
        let link = relative_url(&self.directory, path);
        Side::File(Clip { link, kind, poster, embedded, note })
    }

    /// Mean duration of a frame, without which the page steps by 1/25 s.
    fn frame_seconds(&mut self, path: &Path) -> Option<f64> {
        self.unread_rates = self.unread_rates.checked_sub(1)?;
        let video = media::inspect_input(path).ok()?;
        video.length()?.frame.filter(|seconds| (0.001..10.0).contains(seconds))
    }
}

impl Embedding {
    fn clip(&mut self, path: &Path, container: Container) -> Option<String> {
        let size = fs::metadata(path).ok()?.len();
        if size > MAX_EMBEDDED_CLIP {
            self.result.large_clips += 1;
            return None;
        }
        self.data_url(mime_type(container)?, &fs::read(path).ok()?)
    }

    fn poster(&mut self, path: &Path) -> Option<String> {
        if self.result.ffmpeg_missing || self.result.bytes >= MAX_EMBEDDED_TOTAL {
            return None;
        }
        let frame = |format| {
            media::extract_frame(&FrameRequest {
                file: path,
                at: Duration::ZERO,
                max_size: POSTER_SIZE,
                format,
                vars: &self.vars,
            })
        };
        let (mut mime_type, mut picture) = ("image/webp", frame(FrameFormat::WebP));
        if matches!(picture, Err(FrameError::Undecodable(_))) {
            (mime_type, picture) = ("image/png", frame(FrameFormat::Png));
        }
        match picture {
            Ok(picture) => self.data_url(mime_type, &picture),
            Err(FrameError::NotInstalled) => {
                self.result.ffmpeg_missing = true;
                None
            }
            // The browser shows why it cannot play the clip.
            Err(_) => None,
        }
    }

    fn data_url(&mut self, mime_type: &str, content: &[u8]) -> Option<String> {
        let url = format!("data:{mime_type};base64,{}", BASE64_STANDARD.encode(content));
        if self.result.bytes + url.len() > MAX_EMBEDDED_TOTAL {
            self.result.over_total += 1;
            return None;
        }
        self.result.bytes += url.len();
        Some(url)
    }
}

fn missing(why: impl Into<String>) -> Side {
    Side::Missing { why: why.into() }
}

fn kind_of(container: Container) -> ClipKind {
    match container {
        Container::Gif | Container::WebP | Container::Png | Container::Jpeg | Container::Avif => {
            ClipKind::Picture
        }
        container if container.is_moving() => ClipKind::Video,
        _ => ClipKind::Other,
    }
}

fn mime_type(container: Container) -> Option<&'static str> {
    Some(match container {
        // Browsers play the H.264 of a QuickTime file under this name only.
        Container::Mp4 | Container::QuickTime => "video/mp4",
        Container::WebM => "video/webm",
        Container::Ogg => "video/ogg",
        Container::Gif => "image/gif",
        Container::WebP => "image/webp",
        Container::Png => "image/png",
        Container::Jpeg => "image/jpeg",
        Container::Avif => "image/avif",
        _ => return None,
    })
}

/// URL of the file at `path`, relative to a page in `directory`. Both are absolute.
fn relative_url(directory: &Path, path: &Path) -> String {
    let from: Vec<Component<'_>> = directory.components().collect();
    let to: Vec<Component<'_>> = path.components().collect();
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| percent_encoded(part.as_os_str().as_bytes()));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// A part of a path, with everything but unreserved characters encoded.
fn percent_encoded(part: &[u8]) -> String {
    let encoded = |byte: &u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    part.iter().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn links_are_relative_and_survive_odd_names() {
        // (page's directory, file, link)
        let table: [(&str, &[u8], &str); 6] = [
            ("/a/b", b"/a/b/c.mp4", "c.mp4"),
            ("/a/b", b"/a/c/d.mp4", "../c/d.mp4"),
            ("/", b"/a/c.mp4", "a/c.mp4"),
            ("/a", b"/b/50% #1?.mp4", "../b/50%25%20%231%3F.mp4"),
            ("/a", b"/a/javascript:x", "javascript%3Ax"),
            ("/a", b"/a/\xff\"<\n.mp4", "%FF%22%3C%0A.mp4"),
        ];
        for (directory, file, link) in table {
            let file = Path::new(OsStr::from_bytes(file));
            assert_eq!(relative_url(Path::new(directory), file), link);
        }
    }

    #[test]
    fn what_is_not_embedded_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, size: usize| {
            let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
            bytes.resize(size, 0);
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let mut embedding = Embedding { vars: BTreeMap::new(), result: EmbedResult::default() };
        let small = file("small.png", 100);
        let url = embedding.clip(&small, Container::Png).unwrap();
        assert!(url.starts_with("data:image/png;base64,iVBORw0K"), "{url}");
        assert_eq!(embedding.result.bytes, url.len());
        assert!(embedding.clip(&file("large.png", 1_048_577), Container::Png).is_none());
        embedding.result.bytes = MAX_EMBEDDED_TOTAL - 10;
        assert!(embedding.clip(&small, Container::Png).is_none());
        let result = embedding.result;
        assert_eq!((result.large_clips, result.over_total), (1, 1));
        assert_eq!(result.warnings().len(), 2);
    }

    #[test]
    fn files_that_are_gone_or_changed_are_reported() {
        let dir = tempfile::tempdir().unwrap();
        let mut links = MediaLinks::relative_to(dir.path().to_owned());
        let gone = links.side(&dir.path().join("gone.mp4"), "input", None);
        let Side::Missing { why } = gone else { panic!("{gone:?}") };
        assert!(why.contains("no longer at") && why.contains("gone.mp4"), "{why}");
        let path = dir.path().join("a.gif");
        fs::write(&path, b"GIF89a").unwrap();
        let is_unchanged = |size, modified| media::is_unchanged(&path, size, modified).unwrap();
        assert!(!is_unchanged(7, 0));
        let found = fs::metadata(&path).unwrap();
        assert!(is_unchanged(6, found.mtime() * 1_000_000_000 + found.mtime_nsec()));
    }
}
