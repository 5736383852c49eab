//! What an uploaded or fetched file is, by its first bytes: names and declared types say nothing.

/// How many bytes are enough to tell.
pub(crate) const ENOUGH: usize = 16;

/// The kinds that the service takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentKind {
    /// MP4, QuickTime, WebM or AVI (contract, *Upload*).
    Video(&'static str),
    /// PNG, JPEG or WebP, for backgrounds.
    Picture(&'static str),
}

impl ContentKind {
    /// The usual extension.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Video(extension) | Self::Picture(extension) => extension,
        }
    }

    /// Tells the kind from the beginning of a file; the word is the usual extension.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [_, _, _, _, b'f', b't', b'y', b'p', b'q', b't', ..] => Some(Self::Video("mov")),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Self::Video("mp4")),
            // QuickTime files of old begin with one of these atoms.
            [_, _, _, _, b'm', b'o', b'o', b'v', ..] | [_, _, _, _, b'm', b'd', b'a', b't', ..] => {
                Some(Self::Video("mov"))
            }
            [0x1A, 0x45, 0xDF, 0xA3, ..] => Some(Self::Video("webm")),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'A', b'V', b'I', b' ', ..] => {
                Some(Self::Video("avi"))
            }
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Picture("png")),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Picture("jpg")),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
                Some(Self::Picture("webp"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let table: [(&[u8], Option<ContentKind>); 8] = [
            (b"\0\0\0\x20ftypisom", Some(ContentKind::Video("mp4"))),
            (b"\0\0\0\x14ftypqt  ", Some(ContentKind::Video("mov"))),
            (b"\x1a\x45\xdf\xa3....", Some(ContentKind::Video("webm"))),
            (b"RIFF\0\0\0\0AVI LIST", Some(ContentKind::Video("avi"))),
            (b"RIFF\0\0\0\0WEBPVP8X", Some(ContentKind::Picture("webp"))),
            (b"\x89PNG\r\n\x1a\n", Some(ContentKind::Picture("png"))),
            (b"#EXTM3U\nfile:///etc", None),
            (b"", None),
        ];
        for (head, kind) in table {
            assert_eq!(ContentKind::of(head), kind, "{head:?}");
        }
    }
}
