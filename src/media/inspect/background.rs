//! Whether a file can be sent as a background picture, decided before anything is sent or spent.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::input::{MAX_UPLOAD_BYTES, name_with};
use crate::media::container::Container;
use crate::media::parse;

/// Bytes from the end of a picture in which its last marker is searched: cameras and editors
/// append notes of their own.
const TAIL: u64 = 64 * 1024;

/// A picture that can stand behind a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackgroundImage {
    /// Content type to send it under.
    pub content_type: &'static str,
    /// Extension that belongs to the content, without the dot.
    pub extension: &'static str,
}

impl BackgroundImage {
    /// The name to send the file at `path` under: its own, with the extension that belongs to its
    /// content. Control characters are left out.
    pub fn upload_name(self, path: &Path) -> String {
        name_with(self.extension, path, "background")
    }
}

/// Why a file is no background picture, in words that follow its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackgroundError {
    #[error("there is no such file")]
    Missing,
    /// It is a directory, a device, a socket or a pipe.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it is empty")]
    Empty,
    /// It is larger than the service takes.
    #[error(
        "it is too large: {:.1} MB, and the service takes at most {} MB",
        *.size as f64 / 1e6, MAX_UPLOAD_BYTES / 1_000_000
    )]
    TooLarge { size: u64 },
    /// Its content is something else, whatever its name says.
    #[error("it is not a picture that can be used: its content is {}", .0.describe())]
    NotAPicture(Container),
    /// It ends before its end.
    #[error("it is {} that is cut short; copy it again", .0.describe())]
    CutShort(Container),
}

/// Looks at the file at `path`: whether it is a whole PNG, JPEG, WebP or GIF of a size that the
/// service takes. The name is not looked at.
///
/// # Errors
/// Says what is wrong; nothing was sent.
pub fn inspect_picture(path: &Path) -> Result<BackgroundImage, BackgroundError> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if metadata.is_dir() {
        return Err(BackgroundError::NotAFile("a directory"));
    }
    if !metadata.is_file() {
        return Err(BackgroundError::NotAFile("a device, a socket or a pipe"));
    }
    if metadata.len() == 0 {
        return Err(BackgroundError::Empty);
    }
    let (container, size, file) = parse::open(path).map_err(|error| unreadable(&error))?;
    let (content_type, extension) = match container {
        Container::Png => ("image/png", "png"),
        Container::Jpeg => ("image/jpeg", "jpg"),
        Container::WebP => ("image/webp", "webp"),
        Container::Gif => ("image/gif", "gif"),
        other => return Err(BackgroundError::NotAPicture(other)),
    };
    if size > MAX_UPLOAD_BYTES {
        return Err(BackgroundError::TooLarge { size });
    }
    if !is_whole(container, file, size).map_err(|error| unreadable(&error))? {
        return Err(BackgroundError::CutShort(container));
    }
    Ok(BackgroundImage { content_type, extension })
}

/// Whether the picture has its end, as far as its markers tell.
fn is_whole(container: Container, mut file: File, size: u64) -> io::Result<bool> {
    if container == Container::WebP {
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut head)?;
        let body = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        return Ok(u64::from(body) + 8 <= size);
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    file.take(TAIL).read_to_end(&mut tail)?;
    let end: &[u8] = match container {
        Container::Png => b"IEND\xae\x42\x60\x82",
        Container::Jpeg => b"\xff\xd9",
        _ => b";",
    };
    Ok(tail.windows(end.len()).any(|window| window == end))
}

fn unreadable(error: &io::Error) -> BackgroundError {
    match error.kind() {
        io::ErrorKind::NotFound => BackgroundError::Missing,
        _ => BackgroundError::Unreadable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(name: &str) -> Vec<u8> {
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)).unwrap()
    }

    #[test]
    fn content_decides_and_not_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let judged = |bytes: &[u8]| {
            // Every name lies.
            let path = dir.path().join("background.png");
            std::fs::write(&path, bytes).unwrap();
            inspect_picture(&path)
        };
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0 scan \xff\xd9 notes of a camera".as_slice();
        for (bytes, extension) in [
            (media("opaque.png"), "png"),
            (media("clear.webp"), "webp"),
            (media("clear.gif"), "gif"),
            (jpeg.to_vec(), "jpg"),
        ] {
            let picture = judged(&bytes).unwrap();
            assert_eq!(picture.extension, extension);
            assert_eq!(
                picture.upload_name(Path::new("a/b\n.png")),
                format!("b.{extension}"),
                "under a name that fits"
            );
        }
        let png = media("opaque.png");
        assert_eq!(judged(&png[..png.len() - 6]), Err(BackgroundError::CutShort(Container::Png)));
        let webp = media("clear.webp");
        assert_eq!(
            judged(&webp[..webp.len() - 6]),
            Err(BackgroundError::CutShort(Container::WebP))
        );
        assert_eq!(judged(&jpeg[..14]), Err(BackgroundError::CutShort(Container::Jpeg)));
        assert_eq!(judged(b""), Err(BackgroundError::Empty));
        let page = b"<!DOCTYPE html><html><body>404</body></html>";
        assert_eq!(judged(page), Err(BackgroundError::NotAPicture(Container::Html)));
        let clip = media("plain.mp4");
        assert_eq!(judged(&clip), Err(BackgroundError::NotAPicture(Container::Mp4)));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(inspect_picture(&dir.path().join("gone.png")), Err(BackgroundError::Missing));
        assert_eq!(inspect_picture(dir.path()), Err(BackgroundError::NotAFile("a directory")));
        let pipe = dir.path().join("pipe.png");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(matches!(inspect_picture(&pipe), Err(BackgroundError::NotAFile(_))));
        let huge = dir.path().join("huge.png");
        std::fs::write(&huge, media("opaque.png")).unwrap();
        let file = File::options().write(true).open(&huge).unwrap();
        file.set_len(MAX_UPLOAD_BYTES + 1).unwrap();
        assert!(matches!(inspect_picture(&huge), Err(BackgroundError::TooLarge { .. })));
    }
}
