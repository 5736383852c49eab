//! The demuxer for a file, chosen from its first bytes.
//!
//! FFmpeg's own detection includes playlists and concat lists, which make it open other files and URLs.
//! Therefore every file is opened with a demuxer from this list, and other files are refused.

use std::path::Path;

use crate::media::{self, Container};
use crate::sandbox::matting::EngineError;

/// The demuxer for an MP4, QuickTime, WebM or AVI video (contract, *Upload*).
pub(crate) fn demuxer(file: &Path) -> Result<&'static str, EngineError> {
    video_demuxer(container_of(file)?).ok_or_else(|| {
        EngineError(
            "Invalid file type: not an MP4, QuickTime, WebM or AVI video by its content".to_owned(),
        )
    })
}

/// The demuxer for a PNG, JPEG, WebP or GIF background picture.
pub(crate) fn picture_demuxer(file: &Path) -> Result<&'static str, EngineError> {
    image_demuxer(container_of(file)?).ok_or_else(|| {
        EngineError("The background is not a PNG, JPEG, WebP or GIF picture".to_owned())
    })
}

fn container_of(file: &Path) -> Result<Container, EngineError> {
    media::container_of(file).map_err(EngineError::because("Cannot read the file"))
}

fn video_demuxer(container: Container) -> Option<&'static str> {
    use Container::{Avi, Matroska, Mp4, QuickTime, WebM};
    let accepted = matches!(container, Mp4 | QuickTime | WebM | Matroska | Avi);
    media::demuxer(container).filter(|_| accepted)
}

fn image_demuxer(container: Container) -> Option<&'static str> {
    use Container::{Gif, Jpeg, Png, WebP};
    let accepted = matches!(container, Png | Jpeg | Gif | WebP);
    media::demuxer(container).filter(|_| accepted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sniff;

    #[test]
    fn lists_that_name_other_files_have_no_demuxer() {
        for text in [
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile:///etc/hostname\n",
            "ffconcat version 1.0\nfile /etc/hostname\n",
            "RIFF\0\0\0\0WAVEfmt ",
            "<?xml version=\"1.0\"?><MPD></MPD>",
            "",
            "ftyp",
        ] {
            let container = sniff(text.as_bytes());
            assert_eq!(video_demuxer(container), None, "{text:?}");
            assert_eq!(image_demuxer(container), None, "{text:?}");
        }
    }
}
