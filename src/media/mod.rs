//! Properties of files that need no service: type by content, duration, size, alpha, completeness, hash,
//! and the safety of an archive.
//!
//! Every file may be hostile: a clip from a stranger, an output of a server that lies. Memory is bounded,
//! and errors are typed; no input causes a panic, an endless loop or an allocation of its choice.
//! Containers are parsed here and not by demuxer crates: those do not report whether a file is truncated, how
//! long fragments last or whether a codec has alpha, and one of them loops for ever on some input. Lengths are
//! counted from the pictures; totals in headers are not trusted.
//!
//! Reading order: `container` (type by content), `stream_info`, `parse/` (one parser per container),
//! `archive/`, `error`, `inspect/` (the checks of inputs and outputs), and on their own `hash`, `frame`
//! (a single picture, by FFmpeg), `disk_space` and `memory_budget`.

mod archive;
mod container;
mod disk_space;
mod error;
mod frame;
mod hash;
mod inspect;
mod memory_budget;
mod parse;
mod stream_info;

#[cfg(test)]
mod tests;

pub use self::archive::{
    ArchiveBounds, ArchiveError, ArchiveSummary, check_archive, extract_archive,
};
pub use self::container::{Container, SNIFF_BYTES, container_of, sniff};
pub use self::disk_space::check_space;
pub use self::error::OutputError;
pub use self::frame::{
    FrameError, FrameFormat, FrameRequest, Picture, decode_picture, extract_frame,
};
#[cfg(feature = "matting")]
pub(crate) use self::frame::{demuxer, ffmpeg_reason};
pub use self::hash::{ContentHash, hash_file, is_unchanged};
pub use self::inspect::background::{BackgroundError, BackgroundImage, inspect_picture};
pub use self::inspect::input::{
    InputError, MAX_UPLOAD_BYTES, Video, inspect_input, inspect_source, is_video, video_seconds,
};
pub use self::inspect::opacity::{Opacity, read_opacity, remark_on_opacity};
pub use self::inspect::output::{OutputSpec, VerifiedOutput, largest_output, verify_output};
pub use self::stream_info::{ExpectedLength, track_preference};

/// Parses bytes as every kind of container.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_container(bytes: &[u8]) {
    let _ = (sniff(bytes), video_seconds(bytes));
    for container in [
        Container::Mp4,
        Container::QuickTime,
        Container::WebM,
        Container::Matroska,
        Container::Avi,
        Container::WebP,
        Container::Gif,
    ] {
        let _ = parse::stream_info(container, &mut std::io::Cursor::new(bytes), bytes.len() as u64);
    }
}

/// Parses bytes as the archive of a PNG sequence.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_archive(bytes: &[u8]) {
    fuzz_file(bytes, |path| {
        let bounds = ArchiveBounds { entries: 100, total_bytes: 1 << 20, ratio: 200 };
        let _ = check_archive(path, bounds);
    });
}

/// Parses bytes as a picture.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz_picture(bytes: &[u8]) {
    let _ = Opacity::from_mask(bytes);
    fuzz_file(bytes, |path| {
        let _ = inspect_picture(path);
    });
}

#[cfg(any(test, feature = "fuzz"))]
fn fuzz_file(bytes: &[u8], parse: impl FnOnce(&std::path::Path)) {
    use std::io::Write as _;
    if let Ok(mut file) = tempfile::NamedTempFile::new() {
        let _ = file.write_all(bytes);
        parse(file.path());
    }
}
