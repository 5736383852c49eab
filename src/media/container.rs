//! Which kind of file some bytes begin. Content decides; names are never looked at here.

use std::io::Read as _;

/// As many bytes from the start of a file as [`sniff`] can use.
pub const SNIFF_BYTES: usize = 4 * 1024;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// ISO base media file: mp4, m4v, 3gp, fragmented or not.
    Mp4,
    /// `QuickTime` movie.
    QuickTime,
    /// WebM.
    WebM,
    /// Matroska that is not WebM.
    Matroska,
    /// Audio Video Interleave.
    Avi,
    /// MPEG transport stream.
    MpegTs,
    /// MPEG program or elementary stream.
    MpegPs,
    /// Flash video.
    Flv,
    /// Windows Media.
    Asf,
    /// Ogg.
    Ogg,
    /// GIF, animated or not.
    Gif,
    /// WebP, animated or not.
    WebP,
    /// One PNG.
    Png,
    /// One JPEG.
    Jpeg,
    /// HEIC or AVIF.
    Heif,
    /// Zip archive.
    Zip,
    /// Tar archive.
    Tar,
    /// Tar archive, compressed with gzip.
    TarGz,
    /// PDF.
    Pdf,
    /// A web page.
    Html,
    /// XML, such as the errors of object stores.
    Xml,
    /// JSON.
    Json,
    /// A list of media addresses (HLS, concat): never a clip, and dangerous to follow.
    Playlist,
    /// Nothing we know.
    Unknown,
}

impl Container {
    /// What it is, in words that follow "is".
    #[must_use]
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
            Self::Heif => "a HEIF or AVIF picture",
            Self::Zip => "a zip archive",
            Self::Tar => "a tar archive",
            Self::TarGz => "a compressed tar archive",
            Self::Pdf => "a PDF",
            Self::Html => "a web page",
            Self::Xml => "XML text",
            Self::Json => "JSON text",
            Self::Playlist => "a playlist",
            Self::Unknown => "of no known type",
        }
    }

    /// Content type and extension under which the service takes it (contract, *Upload*); none for
    /// what it does not take.
    #[must_use]
    pub fn upload_type(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Mp4 => Some(("video/mp4", "mp4")),
            Self::QuickTime => Some(("video/quicktime", "mov")),
            Self::WebM => Some(("video/webm", "webm")),
            Self::Avi => Some(("video/x-msvideo", "avi")),
            _ => None,
        }
    }

    /// Whether it shows moving pictures that could be repacked into a type that the service takes.
    #[must_use]
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

/// Which kind of file begins with `head` (the first [`SNIFF_BYTES`], or all if there are fewer).
#[must_use]
pub fn sniff(head: &[u8]) -> Container {
    by_magic(head)
        .or_else(|| iso(head))
        .or_else(|| streams(head))
        .or_else(|| archives(head))
        .or_else(|| text(head))
        .unwrap_or(Container::Unknown)
}

/// Files that begin with bytes of their own.
fn by_magic(head: &[u8]) -> Option<Container> {
    const MAGICS: [(&[u8], Container); 14] = [
        (b"\x89PNG\r\n\x1a\n", Container::Png),
        (b"\xff\xd8\xff", Container::Jpeg),
        (b"GIF87a", Container::Gif),
        (b"GIF89a", Container::Gif),
        (b"PK\x03\x04", Container::Zip),
        (b"PK\x05\x06", Container::Zip),
        (b"%PDF-", Container::Pdf),
        (b"FLV\x01", Container::Flv),
        (b"OggS", Container::Ogg),
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
            _ => None,
        };
    }
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        return Some(matroska(head));
    }
    None
}

/// WebM and Matroska differ by the `DocType` element (0x4282) in their header.
fn matroska(head: &[u8]) -> Container {
    let is_webm =
        head.windows(7).take(256).any(|w| w.starts_with(b"\x42\x82") && &w[3..7] == b"webm");
    if is_webm { Container::WebM } else { Container::Matroska }
}

/// ISO base media files: the first box says it, and its major brand which.
fn iso(head: &[u8]) -> Option<Container> {
    match head.get(4..8)? {
        b"ftyp" => Some(match head.get(8..12).unwrap_or_default() {
            b"qt  " => Container::QuickTime,
            b"heic" | b"heix" | b"heim" | b"heis" | b"mif1" | b"msf1" | b"avif" | b"crx " => {
                Container::Heif
            }
            _ => Container::Mp4,
        }),
        // Old QuickTime files have no type box.
        b"moov" | b"mdat" | b"wide" | b"pnot" | b"free" | b"skip" => Some(Container::QuickTime),
        b"styp" | b"moof" | b"sidx" => Some(Container::Mp4),
        _ => None,
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

/// A tar header is known by its checksum; the word `ustar` is missing in old ones.
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
        let table: [(&[u8], Container); 19] = [
            (b"\0\0\0\x18ftypisom", Container::Mp4),
            (b"\0\0\0\x14ftypqt  ", Container::QuickTime),
            (b"\0\0\0\x08wide\0\0\0\0mdat", Container::QuickTime),
            (b"\0\0\0\x18ftypheic", Container::Heif),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", Container::WebM),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Container::Matroska),
            (b"RIFF\0\0\0\0AVI LIST", Container::Avi),
            (b"RIFF\0\0\0\0WEBPVP8X", Container::WebP),
            (b"RIFF\0\0\0\0WAVEfmt ", Container::Unknown),
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
