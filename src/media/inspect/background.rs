//! Local check of a background picture before its upload.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::input::{InputError, MAX_UPLOAD_BYTES, name_with};
use crate::media::container::Container;
use crate::media::parse;

/// Bytes searched for the end marker: cameras and editors append data.
const TAIL_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackgroundImage {
    pub content_type: &'static str,
    /// By content, without the dot.
    pub extension: &'static str,
}

impl BackgroundImage {
    /// The upload name of the file at `path`: its own name without control characters, with the
    /// extension of its content.
    pub fn upload_name(self, path: &Path) -> String {
        name_with(self.extension, path, "background")
    }
}

/// Messages that follow the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackgroundError {
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// As any file that is uploaded: missing, unreadable, empty or too large.
    #[error(transparent)]
    File(#[from] InputError),
    #[error("it is not a picture that can be used: its content is {}", .0.describe())]
    NotAPicture(Container),
    #[error("it is {} that is cut short; copy it again", .0.describe())]
    CutShort(Container),
}

/// Checks that the file at `path` is a complete PNG, JPEG, WebP or GIF within the size limit. Its
/// name does not matter.
pub fn inspect_picture(path: &Path) -> Result<BackgroundImage, BackgroundError> {
    let metadata = std::fs::metadata(path).map_err(InputError::from)?;
    if metadata.is_dir() {
        return Err(BackgroundError::NotAFile("a directory"));
    }
    if !metadata.is_file() {
        return Err(BackgroundError::NotAFile("a device, a socket or a pipe"));
    }
    if metadata.len() == 0 {
        return Err(InputError::Empty.into());
    }
    let (container, size, file) = parse::open(path).map_err(InputError::from)?;
    let (content_type, extension) = match container {
        Container::Png => ("image/png", "png"),
        Container::Jpeg => ("image/jpeg", "jpg"),
        Container::WebP => ("image/webp", "webp"),
        Container::Gif => ("image/gif", "gif"),
        other => return Err(BackgroundError::NotAPicture(other)),
    };
    if size > MAX_UPLOAD_BYTES {
        return Err(InputError::TooLarge { size }.into());
    }
    if !is_whole(container, file, size).map_err(InputError::from)? {
        return Err(BackgroundError::CutShort(container));
    }
    Ok(BackgroundImage { content_type, extension })
}

/// Whether the end marker is present.
fn is_whole(container: Container, mut file: File, size: u64) -> io::Result<bool> {
    if container == Container::WebP {
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        let body = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        return Ok(u64::from(body) + 8 <= size);
    }
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)))?;
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let end: &[u8] = match container {
        Container::Png => b"IEND\xae\x42\x60\x82",
        Container::Jpeg => b"\xff\xd9",
        _ => b";",
    };
    Ok(tail.windows(end.len()).any(|window| window == end))
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
        assert_eq!(judged(b""), Err(InputError::Empty.into()));
        let page = b"<!DOCTYPE html><html><body>404</body></html>";
        assert_eq!(judged(page), Err(BackgroundError::NotAPicture(Container::Html)));
        let clip = media("plain.mp4");
        assert_eq!(judged(&clip), Err(BackgroundError::NotAPicture(Container::Mp4)));
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(inspect_picture(&dir.path().join("gone.png")), Err(InputError::Missing.into()));
        assert_eq!(inspect_picture(dir.path()), Err(BackgroundError::NotAFile("a directory")));
        let pipe = dir.path().join("pipe.png");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(matches!(inspect_picture(&pipe), Err(BackgroundError::NotAFile(_))));
        let huge = dir.path().join("huge.png");
        std::fs::write(&huge, media("opaque.png")).unwrap();
        let file = File::options().write(true).open(&huge).unwrap();
        file.set_len(MAX_UPLOAD_BYTES + 1).unwrap();
        assert!(matches!(
            inspect_picture(&huge),
            Err(BackgroundError::File(InputError::TooLarge { .. }))
        ));
    }
}
