//! Which demuxer may open a file, decided from its first bytes.
//!
//! FFmpeg guesses by itself, and some of what it guesses (playlists, concat lists) makes it open
//! other files and addresses. So a file is only handed over with a demuxer from this list, and a
//! file that is none of these is refused before FFmpeg sees it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::sandbox::matting::EngineError;

/// How many bytes [`demuxer`] looks at.
const HEAD: u64 = 4096;

/// The demuxer for a video of one of the types that the service accepts (MP4, QuickTime, WebM,
/// AVI; contract, *Upload*).
pub(crate) fn demuxer(file: &Path) -> Result<&'static str, EngineError> {
    let head = head_of(file)?;
    video_demuxer(&head).ok_or_else(|| {
        EngineError(
            "Invalid file type: not an MP4, QuickTime, WebM or AVI video by its content".to_owned(),
        )
    })
}

/// The demuxer for a background picture: PNG, JPEG, WebP or GIF.
pub(crate) fn picture_demuxer(file: &Path) -> Result<&'static str, EngineError> {
    let head = head_of(file)?;
    picture_kind(&head).ok_or_else(|| {
        EngineError("The background is not a PNG, JPEG, WebP or GIF picture".to_owned())
    })
}

fn head_of(file: &Path) -> Result<Vec<u8>, EngineError> {
    let mut head = Vec::new();
    File::open(file)
        .and_then(|open| open.take(HEAD).read_to_end(&mut head))
        .map_err(|error| EngineError(format!("Cannot read the file: {error}")))?;
    Ok(head)
}

fn video_demuxer(head: &[u8]) -> Option<&'static str> {
    let at = |range: std::ops::Range<usize>| head.get(range);
    // The first box of an ISO or QuickTime file; old QuickTime files have no `ftyp`.
    if let Some(kind) = at(4..8)
        && [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"]
            .iter()
            .any(|b| *b == kind)
    {
        return Some("mov");
    }
    if at(0..4) == Some(&[0x1a, 0x45, 0xdf, 0xa3]) {
        return Some("matroska");
    }
    (at(0..4) == Some(b"RIFF") && matches!(at(8..12), Some(b"AVI " | b"AVIX"))).then_some("avi")
}

fn picture_kind(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("png_pipe")
    } else if head.starts_with(&[0xff, 0xd8, 0xff]) {
        Some("jpeg_pipe")
    } else if head.starts_with(b"GIF8") {
        Some("gif")
    } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        Some("webp_pipe")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_heads() {
        assert_eq!(video_demuxer(b"\0\0\0\x20ftypisom"), Some("mov"));
        assert_eq!(video_demuxer(b"\0\0\0\x08wide\0\0"), Some("mov"));
        assert_eq!(video_demuxer(b"\x1a\x45\xdf\xa3\x01"), Some("matroska"));
        assert_eq!(video_demuxer(b"RIFF\0\0\0\0AVI LIST"), Some("avi"));
        assert_eq!(picture_kind(b"RIFF\0\0\0\0WEBPVP8 "), Some("webp_pipe"));
    }

    #[test]
    fn lists_that_name_other_files_are_none_of_these() {
        for text in [
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/hostname\n",
            "ffconcat version 1.0\nfile /etc/hostname\n",
            "RIFF\0\0\0\0WAVEfmt ",
            "<?xml version=\"1.0\"?><MPD></MPD>",
            "",
            "ftyp",
        ] {
            assert_eq!(video_demuxer(text.as_bytes()), None, "{text:?}");
            assert_eq!(picture_kind(text.as_bytes()), None, "{text:?}");
        }
    }
}
