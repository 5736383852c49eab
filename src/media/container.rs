//! Detection of file types by content; names are ignored.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::parse::{cursor::Cursor, ebml};

/// Bytes from the start of a file that [`sniff`] needs.
pub const SNIFF_BYTES: usize = 4 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// ISO base media file: mp4, m4v, 3gp, fragmented or not.
    Mp4,
    /// `QuickTime` movie.
    QuickTime,
    WebM,
    /// Matroska that is not WebM.
    Matroska,
    /// Audio Video Interleave.
    Avi,
    /// MPEG transport stream.
    MpegTs,
    /// MPEG program or elementary stream.
    MpegPs,
    Flv,
    Asf,
    Ogg,
    /// GIF, animated or not.
    Gif,
    /// WebP, animated or not.
    WebP,
    Png,
    Jpeg,
    /// HEIC, or other pictures in the same container.
    Heif,
    /// AVIF picture, or a sequence of them.
    Avif,
    /// Any other picture.
    Picture,
    /// Audio only.
    Sound,
    Zip,
    Tar,
    /// Gzip-compressed tar archive.
    TarGz,
    Pdf,
    Html,
    /// For example an error of an object store.
    Xml,
    Json,
    /// List of media URLs (HLS, concat); unsafe to open.
    Playlist,
    Unknown,
}

impl Container {
    /// Description that follows "is".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Mp4 => "an MP4 video",
            Self::QuickTime => "a QuickTime video",
            Self::WebM => "a WebM video",
            Self::Matroska => "a Matroska video (mkv)",
            Self::Avi => "an AVI video",
            Self::MpegTs => "an MPEG transport stream",
            Self::MpegPs => "an MPEG program stream",
            Self::Flv => "a Flash video",
            Self::Asf => "a Windows Media video",
            Self::Ogg => "an Ogg file",
            Self::Gif => "a GIF",
            Self::WebP => "a WebP picture",
            Self::Png => "a PNG picture",
            Self::Jpeg => "a JPEG picture",
            Self::Heif => "a HEIF picture or sequence of pictures (HEIC)",
            Self::Avif => "an AVIF picture or sequence of pictures",
            Self::Picture => "a picture",
            Self::Sound => "a sound file",
            Self::Zip => "a zip archive",
            Self::Tar => "a tar archive",
            Self::TarGz => "a compressed tar archive",
            Self::Pdf => "a PDF",
            Self::Html => "a web page",
            Self::Xml => "XML text",
            Self::Json => "JSON text",
            Self::Playlist => "a playlist",
            Self::Unknown => "an unknown file type",
        }
    }

    /// Content type and extension for an upload (contract, *Upload*); `None` if the service does
    /// not accept it.
    pub fn upload_type(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Mp4 => Some(("video/mp4", "mp4")),
            Self::QuickTime => Some(("video/quicktime", "mov")),
            Self::WebM => Some(("video/webm", "webm")),
            Self::Avi => Some(("video/x-msvideo", "avi")),
            _ => None,
        }
    }

    /// Whether it is a video or animation that can be converted to an accepted type.
    pub fn is_moving(self) -> bool {
        matches!(
            self,
            Self::Matroska
                | Self::MpegTs
                | Self::MpegPs
                | Self::Flv
                | Self::Asf
                | Self::Ogg
                | Self::Gif
                | Self::WebP
        ) || self.upload_type().is_some()
    }
}

/// Detects the type of a file from `head`: its first [`SNIFF_BYTES`], or all of it.
pub fn sniff(head: &[u8]) -> Container {
    by_magic(head)
        .or_else(|| iso(head))
        .or_else(|| streams(head))
        .or_else(|| archives(head))
        .or_else(|| text(head))
        .unwrap_or(Container::Unknown)
}

/// The type of the file at `path`.
pub fn container_of(path: &Path) -> io::Result<Container> {
    let mut head = Vec::new();
    File::open(path)?.take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    Ok(sniff(&head))
}

/// Types with a fixed signature.
fn by_magic(head: &[u8]) -> Option<Container> {
    const MAGICS: [(&[u8], Container); 22] = [
        (b"\x89PNG\r\n\x1a\n", Container::Png),
        (b"\xff\xd8\xff", Container::Jpeg),
        (b"GIF87a", Container::Gif),
        (b"GIF89a", Container::Gif),
        (b"PK\x03\x04", Container::Zip),
        (b"PK\x05\x06", Container::Zip),
        (b"%PDF-", Container::Pdf),
        (b"FLV\x01", Container::Flv),
        (b"fLaC", Container::Sound),
        (b"ID3", Container::Sound),
        (b"\xff\xfb", Container::Sound),
        (b"\xff\xf1", Container::Sound),
        (b"II*\0", Container::Picture),
        (b"MM\0*", Container::Picture),
        (b"8BPS", Container::Picture),
        (b"\0\0\0\x0cJXL ", Container::Picture),
        (b"\0\0\0\x0cjP  ", Container::Picture),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Container::Asf),
        (b"\x00\x00\x01\xba", Container::MpegPs),
        (b"\x00\x00\x01\xb3", Container::MpegPs),
        (b"#EXTM3U", Container::Playlist),
        (b"ffconcat", Container::Playlist),
    ];
    if let Some((_, kind)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(*kind);
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"AVI ") => Some(Container::Avi),
            Some(b"WEBP") => Some(Container::WebP),
            Some(b"WAVE") => Some(Container::Sound),
            _ => None,
        };
    }
    if head.starts_with(b"OggS") {
        // The first pages name the codecs.
        let names: [&[u8]; 5] = [b"\x80theora", b"\x80daala", b"\x01video", b"BBCD", b"OVP80"];
        let has_video = names.iter().any(|name| head.windows(name.len()).any(|w| w == *name));
        return Some(if has_video { Container::Ogg } else { Container::Sound });
    }
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        let mut bytes = io::Cursor::new(head);
        let mut cursor = Cursor::new(&mut bytes, head.len() as u64);
        let is_webm = ebml::is_webm(&mut cursor).unwrap_or(false);
        return Some(if is_webm { Container::WebM } else { Container::Matroska });
    }
    None
}

/// ISO base media files: the first box other than padding, and its brands.
fn iso(head: &[u8]) -> Option<Container> {
    let mut start = 0_usize;
    loop {
        let kind = head.get(start + 4..start + 8)?;
        let size =
            head.get(start..start + 4)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        match kind {
            b"ftyp" => {
                let end = start.saturating_add(size).min(head.len());
                return Some(by_brand(head.get(start + 8..end).unwrap_or_default()));
            }
            // Old QuickTime files have no `ftyp` box.
            b"moov" | b"mdat" | b"pnot" => return Some(Container::QuickTime),
            b"styp" | b"moof" | b"sidx" | b"emsg" | b"prft" => return Some(Container::Mp4),
            b"wide" | b"free" | b"skip" => {
                let next = start.saturating_add(size);
                if size < 8 || head.len() < next.saturating_add(8) {
                    return Some(Container::QuickTime);
                }
                start = next;
            }
            _ if start > 0 => return Some(Container::QuickTime),
            _ => return None,
        }
    }
}

/// Type according to a `ftyp` box: major brand, version, compatible brands.
fn by_brand(brands: &[u8]) -> Container {
    let has = |wanted: &[u8]| brands.chunks_exact(4).any(|brand| brand == wanted);
    match brands.get(..4).unwrap_or_default() {
        b"qt  " => Container::QuickTime,
        b"avif" | b"avis" | b"avio" => Container::Avif,
        b"mif1" | b"mif2" | b"msf1" | b"miaf" if has(b"avif") || has(b"avis") => Container::Avif,
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" | b"mif1"
        | b"mif2" | b"msf1" | b"miaf" | b"avci" | b"avcs" | b"j2ki" | b"jpeg" | b"crx " => {
            Container::Heif
        }
        _ => Container::Mp4,
    }
}

/// Transport streams have no header, only a sync byte every 188 bytes (192 on discs).
fn streams(head: &[u8]) -> Option<Container> {
    let synced =
        |start: usize, packet: usize| (0..3).all(|n| head.get(start + n * packet) == Some(&0x47));
    (synced(0, 188) || synced(4, 192)).then_some(Container::MpegTs)
}

fn archives(head: &[u8]) -> Option<Container> {
    if is_tar(head) {
        return Some(Container::Tar);
    }
    if head.starts_with(b"\x1f\x8b") {
        let mut inner = [0; 512];
        let read = flate2::read::MultiGzDecoder::new(head).read_exact(&mut inner);
        return (read.is_ok() && is_tar(&inner)).then_some(Container::TarGz);
    }
    None
}

/// A tar header has a valid checksum; old ones lack the magic `ustar`.
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..512) else { return false };
    let header = tar::Header::from_byte_slice(block);
    let sum: u32 = block[..148].iter().chain(&block[156..]).map(|b| u32::from(*b)).sum();
    block[0] != 0 && header.cksum().is_ok_and(|stated| stated == sum + 8 * 32)
}

fn text(head: &[u8]) -> Option<Container> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins = |word: &str| {
        head.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    if ["<!doctype html", "<html", "<head", "<body", "<title", "<script"].into_iter().any(begins) {
        return Some(Container::Html);
    }
    if begins("<?xml") || begins("<error") {
        return Some(Container::Xml);
    }
    let next = head.get(1..).map(<[u8]>::trim_ascii_start).and_then(<[u8]>::first);
    match (head.first(), next) {
        (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'{' | b'"' | b'[' | b']')) => {
            Some(Container::Json)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn content_decides() {
        let table: [(&[u8], Container); 31] = [
            (b"\0\0\0\x18ftypisom", Container::Mp4),
            (b"\0\0\0\x14ftypqt  ", Container::QuickTime),
            (b"\0\0\0\x08wide\0\0\0\0mdat", Container::QuickTime),
            (b"\0\0\0\x18ftypheic", Container::Heif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Container::Avif),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", Container::Heif),
            (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1avis", Container::Avif),
            (b"\0\0\0\x14ftypavis", Container::Avif),
            (b"\0\0\0\x08free\0\0\0\x10ftypisom", Container::Mp4),
            (
                b"\x1a\x45\xdf\xa3\x93\xec\x8a\x42\x82\x84webm\0\0\0\x42\x82\x84webm",
                Container::WebM,
            ),
            (
                b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0e\x42\x82\x08\0\0\0\0\0\0\x04webm",
                Container::Matroska,
            ),
            (
                b"\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x0e\x42\x82\x01\0\0\0\0\0\0\x04webm",
                Container::WebM,
            ),
            (b"\x1a\x45\xdf\xa3\x8d\xbf\x84\0\0\0\0\x42\x82\x84webm", Container::WebM),
            (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88webm\0\0\0\0", Container::WebM),
            (b"\x1a\x45\xdf\xa3\x8f\xec\x8d\x42\x82\x84webm\0\0\0\0\0\0", Container::Matroska),
            (b"ID3\x04", Container::Sound),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", Container::WebM),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Container::Matroska),
            (b"RIFF\0\0\0\0AVI LIST", Container::Avi),
            (b"RIFF\0\0\0\0WEBPVP8X", Container::WebP),
            (b"RIFF\0\0\0\0WAVEfmt ", Container::Sound),
            (b"GIF89a", Container::Gif),
            (b"PK\x03\x04", Container::Zip),
            (b"  <!DOCTYPE HTML><p>", Container::Html),
            (b"\xef\xbb\xbf<html>", Container::Html),
            (b"<?xml version=\"1.0\"?><Error>", Container::Xml),
            (b"{\"error\": 1}", Container::Json),
            (b"[1, 2", Container::Unknown),
            (b"#EXTM3U\nfile:///etc/passwd", Container::Playlist),
            (b"", Container::Unknown),
            (b"just words", Container::Unknown),
        ];
        for (head, expected) in table {
            assert_eq!(sniff(head), expected, "{}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn transport_streams_are_known_by_their_rhythm() {
        let mut stream = vec![0; 600];
        for at in [0, 188, 376] {
            stream[at] = 0x47;
        }
        assert_eq!(sniff(&stream), Container::MpegTs);
        stream[188] = 0;
        assert_eq!(sniff(&stream), Container::Unknown);
    }

    #[test]
    fn tar_is_known_with_and_without_gzip() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_cksum();
        builder.append_data(&mut header, "a.png", &b"x"[..]).unwrap();
        let plain = builder.into_inner().unwrap();
        assert_eq!(sniff(&plain), Container::Tar);
        let mut packed =
            flate2::read::GzEncoder::new(plain.as_slice(), flate2::Compression::fast());
        let mut bytes = Vec::new();
        packed.read_to_end(&mut bytes).unwrap();
        assert_eq!(sniff(&bytes), Container::TarGz);
    }

    proptest! {
        #[test]
        fn any_bytes_have_an_answer(head in proptest::collection::vec(any::<u8>(), 0..700)) {
            let _ = sniff(&head);
        }
    }
}
