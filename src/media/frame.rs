//! A single picture of a video or image file, by FFmpeg.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::media::container::{Container, container_of};

/// Maximum run time of FFmpeg for one picture.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Maximum size of an encoded picture in bytes.
const MAX_PICTURE_BYTES: u64 = 64 << 20;
const MAX_STDERR_BYTES: u64 = 16 << 10;

/// Decoders to try for WebM, in order. FFmpeg's own decoder for VP8 and VP9 ignores alpha.
const WEBM_DECODERS: [Option<&str>; 3] = [Some("libvpx-vp9"), Some("libvpx"), None];

#[derive(Debug, Clone, Copy)]
pub struct FrameRequest<'a> {
    pub file: &'a Path,
    /// Time of the picture from the start of the file.
    pub at: Duration,
    /// Maximum width and height in pixels; the picture is scaled down to fit.
    pub max_size: (u32, u32),
    pub format: FrameFormat,
    /// Environment of FFmpeg; nothing else is inherited.
    pub vars: &'a BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFormat {
    Png,
    /// Lossy and small; not every FFmpeg has its encoder.
    WebP,
}

/// Messages that follow the name of the file.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrameError {
    #[error("FFmpeg is not installed")]
    NotInstalled,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is {}, which has no picture to show", .0.describe())]
    NoPictures(Container),
    #[error("there is no picture at {0:.2} s; the video is shorter")]
    PastEnd(f64),
    #[error("FFmpeg cannot decode it: {0}")]
    Undecodable(String),
    #[error("FFmpeg took longer than {} s", TIME_LIMIT.as_secs())]
    TimedOut,
}

/// The encoded picture.
pub fn extract_frame(request: &FrameRequest<'_>) -> Result<Vec<u8>, FrameError> {
    let container = container_of(request.file).map_err(|error| unreadable(&error))?;
    let demuxer = demuxer(container).ok_or(FrameError::NoPictures(container))?;
    let decoders = if demuxer == "matroska" { &WEBM_DECODERS[..] } else { &[None] };
    let mut result = Err(FrameError::Undecodable("no decoder".to_owned()));
    for decoder in decoders {
        result = run(request, &arguments(request, demuxer, *decoder));
        if !matches!(result, Err(FrameError::Undecodable(_))) {
            break;
        }
    }
    match result? {
        picture if picture.is_empty() => Err(FrameError::PastEnd(request.at.as_secs_f64())),
        picture => Ok(picture),
    }
}

fn unreadable(error: &io::Error) -> FrameError {
    FrameError::Unreadable(error.to_string())
}

/// FFmpeg's name for the demuxer of a container. FFmpeg's own detection is not used: it includes
/// playlists, which open other files.
pub(crate) fn demuxer(container: Container) -> Option<&'static str> {
    match container {
        Container::Mp4 | Container::QuickTime => Some("mov"),
        Container::WebM | Container::Matroska => Some("matroska"),
        Container::Avi => Some("avi"),
        Container::MpegTs => Some("mpegts"),
        Container::MpegPs => Some("mpeg"),
        Container::Flv => Some("flv"),
        Container::Asf => Some("asf"),
        Container::Ogg => Some("ogg"),
        Container::Gif => Some("gif"),
        Container::WebP => Some("webp_pipe"),
        Container::Png => Some("png_pipe"),
        Container::Jpeg => Some("jpeg_pipe"),
        _ => None,
    }
}

fn arguments(request: &FrameRequest<'_>, demuxer: &str, decoder: Option<&str>) -> Vec<OsString> {
    let mut list: Vec<OsString> = ["-v", "error", "-nostdin"].map(Into::into).into();
    if let Some(decoder) = decoder {
        list.extend(["-c:v", decoder].map(OsString::from));
    }
    if !request.at.is_zero() {
        list.extend(["-ss".into(), format!("{:.3}", request.at.as_secs_f64()).into()]);
    }
    list.extend(["-protocol_whitelist", "file,pipe", "-f", demuxer].map(OsString::from));
    list.extend(["-max_pixels", "134217728", "-i"].map(OsString::from));
    let mut address = OsString::from("file:");
    address.push(request.file);
    list.push(address);
    let (width, height) = request.max_size;
    // Square pixels first, then down to the bounds.
    let filter = format!(
        "scale='max(1,trunc(iw*sar))':ih,setsar=1,\
         scale='min({width},iw)':'min({height},ih)':force_original_aspect_ratio=decrease"
    );
    list.extend(["-map", "0:v:0", "-frames:v", "1", "-vf"].map(OsString::from));
    list.push(filter.into());
    let encoder = match request.format {
        FrameFormat::Png => ["-c:v", "png", "-pix_fmt", "rgba"],
        FrameFormat::WebP => ["-c:v", "libwebp", "-pix_fmt", "yuva420p"],
    };
    list.extend(encoder.map(OsString::from));
    list.extend(["-f", "image2pipe", "pipe:1"].map(OsString::from));
    list
}

fn run(request: &FrameRequest<'_>, arguments: &[OsString]) -> Result<Vec<u8>, FrameError> {
    let mut child = Command::new("ffmpeg")
        .args(arguments)
        .env_clear()
        .envs(request.vars)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FrameError::NotInstalled,
            _ => FrameError::Undecodable(error.to_string()),
        })?;
    // Both streams are read to their end, so that FFmpeg never waits for us.
    let stdout =
        child.stdout.take().map(|pipe| thread::spawn(move || read(pipe, MAX_PICTURE_BYTES)));
    let stderr =
        child.stderr.take().map(|pipe| thread::spawn(move || read(pipe, MAX_STDERR_BYTES)));
    let ended = wait(&mut child);
    let content = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
        reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
    };
    let (picture, stderr) = (content(stdout), content(stderr));
    match ended {
        Err(error) => Err(FrameError::Undecodable(error.to_string())),
        Ok(None) => Err(FrameError::TimedOut),
        Ok(Some(true)) => Ok(picture),
        Ok(Some(false)) => Err(FrameError::Undecodable(last_line(&stderr))),
    }
}

/// The first `limit` bytes; the rest is discarded.
fn read(mut pipe: impl Read, limit: u64) -> Vec<u8> {
    let mut kept = Vec::new();
    // What was read before an error is kept.
    let _ = pipe.by_ref().take(limit).read_to_end(&mut kept);
    let _ = io::copy(&mut pipe, &mut io::sink());
    kept
}

/// Whether it succeeded; `None` if it was killed after the time limit.
fn wait(child: &mut Child) -> io::Result<Option<bool>> {
    let mut left = TIME_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if left.is_zero() {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(POLL_INTERVAL);
        left = left.saturating_sub(POLL_INTERVAL);
    }
}

/// The last message.
fn last_line(stderr: &[u8]) -> String {
    let messages = String::from_utf8_lossy(stderr);
    let line =
        messages.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match ffmpeg_reason(line) {
        "" => "it gives no reason".to_owned(),
        reason => reason.to_owned(),
    }
}

/// A message of FFmpeg without the address in memory and the path in front of it.
pub(crate) fn ffmpeg_reason(line: &str) -> &str {
    let line = match (line.starts_with('['), line.split_once("] ")) {
        (true, Some((_, rest))) => rest,
        _ => line,
    };
    match (line.starts_with("file:"), line.rsplit_once(": ")) {
        (true, Some((_, rest))) => rest,
        _ => line,
    }
}

/// A decoded picture: RGBA, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub rgba: Vec<u8>,
}

/// Decodes a PNG of [`extract_frame`]; `None` if it is damaged.
pub fn decode_picture(encoded: &[u8]) -> Option<Picture> {
    let mut decoder = png::Decoder::new(Cursor::new(encoded));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    let info = reader.next_frame(&mut rgba).ok()?;
    rgba.truncate(info.buffer_size());
    let whole = u64::from(info.width) * u64::from(info.height) * 4;
    (info.color_type == png::ColorType::Rgba && rgba.len() as u64 == whole).then_some(Picture {
        width: info.width,
        height: info.height,
        rgba,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "a test finds FFmpeg where its user does")]
    fn vars() -> BTreeMap<String, String> {
        BTreeMap::from([("PATH".to_owned(), std::env::var("PATH").unwrap())])
    }

    fn frame(name: &str, at: u64, vars: &BTreeMap<String, String>) -> Result<Vec<u8>, FrameError> {
        let file = clip(name);
        extract_frame(&FrameRequest {
            file: &file,
            at: Duration::from_secs(at),
            max_size: (16, 16),
            format: FrameFormat::Png,
            vars,
        })
    }

    #[test]
    fn a_frame_fits_its_bounds_and_keeps_alpha() {
        for name in ["clear.webm", "clear-png.mov", "clear.gif", "plain.mp4"] {
            let picture = decode_picture(&frame(name, 0, &vars()).unwrap()).unwrap();
            assert!(picture.width <= 16 && picture.height <= 16 && picture.width > 1, "{name}");
            let is_clear = picture.rgba.as_chunks::<4>().0.iter().any(|pixel| pixel[3] < 255);
            assert_eq!(is_clear, name.starts_with("clear"), "{name}");
        }
    }

    #[test]
    fn files_without_a_frame_have_a_reason() {
        let none = BTreeMap::from([("PATH".to_owned(), "/nonexistent".to_owned())]);
        assert_eq!(frame("plain.mp4", 0, &none), Err(FrameError::NotInstalled));
        assert_eq!(frame("plain.mp4", 4_000, &vars()), Err(FrameError::PastEnd(4_000.0)));
        let readme = frame("README.md", 0, &vars());
        assert_eq!(readme, Err(FrameError::NoPictures(Container::Unknown)));
        let missing = frame("missing.mp4", 0, &vars()).unwrap_err().to_string();
        assert!(missing.contains("cannot be read"), "{missing}");
        let dir = tempfile::tempdir().unwrap();
        let broken = dir.path().join("broken.mp4");
        let whole = std::fs::read(clip("plain.mp4")).unwrap();
        std::fs::write(&broken, &whole[..64]).unwrap();
        let request = FrameRequest {
            file: &broken,
            at: Duration::ZERO,
            max_size: (16, 16),
            format: FrameFormat::WebP,
            vars: &vars(),
        };
        let Err(FrameError::Undecodable(why)) = extract_frame(&request) else { panic!() };
        assert!(!why.contains("file:") && !why.contains("0x"), "{why}");
    }
}
