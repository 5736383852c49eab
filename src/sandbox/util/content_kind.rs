//! The kinds of files that the service accepts, by content.

use crate::media::{Container, sniff};

/// An accepted kind with its usual extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentKind {
    /// MP4, QuickTime, WebM or AVI (contract, *Upload*).
    Video(&'static str),
    /// PNG, JPEG or WebP, for backgrounds.
    Picture(&'static str),
}

impl ContentKind {
    pub(crate) fn is_video(self) -> bool {
        matches!(self, Self::Video(_))
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Video(extension) | Self::Picture(extension) => extension,
        }
    }

    /// The kind of a file that begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        Some(match sniff(head) {
            Container::Mp4 => Self::Video("mp4"),
            Container::QuickTime => Self::Video("mov"),
            Container::WebM | Container::Matroska => Self::Video("webm"),
            Container::Avi => Self::Video("avi"),
            Container::Png => Self::Picture("png"),
            Container::Jpeg => Self::Picture("jpg"),
            Container::WebP => Self::Picture("webp"),
            _ => return None,
        })
    }
}
