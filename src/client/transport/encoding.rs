//! `Content-Encoding`: bounded decoding of gzip and deflate. Other and multiple encodings are
//! errors that name them.

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::{Decompress, FlushDecompress, Status};
use futures_util::stream;

use super::{BodyEnd, Response, ResponseBody, ResponseHead, TransportError};

/// Size of decoded chunks, in bytes.
const CHUNK_SIZE: usize = 64 * 1024;
/// Largest window of the format, as a power of two.
const WINDOW_BITS: u8 = 15;
/// First byte of a gzip member.
const GZIP_MAGIC: u8 = 0x1f;
/// Low half of the first byte of a zlib stream. A raw deflate stream does not start with it.
const ZLIB_METHOD: u8 = 8;
/// Longest list of encodings in a message, in characters.
const NAMES_MAX: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentCoding {
    Gzip,
    /// A zlib stream (RFC 9110, 8.4.1.2), or a raw deflate stream, which some servers send instead.
    Deflate,
}

/// Incremental decoder of one body.
pub(crate) struct Decoder {
    coding: ContentCoding,
    /// `None` before the first byte.
    stream: Option<Decompress>,
    has_ended: bool,
}

impl Decoder {
    /// A decoder for the body of `head`, or `None` if it is not encoded.
    ///
    /// # Errors
    /// The encoding is not supported; the message names it.
    pub(crate) fn new(head: &ResponseHead) -> Result<Option<Self>, String> {
        let header = head.content_encoding.as_deref().unwrap_or_default().to_ascii_lowercase();
        // `aws-chunked` describes the upload of an object. Some storage services return it with a
        // body that is not encoded.
        let names: Vec<&str> = header
            .split(',')
            .map(str::trim)
            .filter(|name| !matches!(*name, "" | "identity" | "aws-chunked"))
            .collect();
        let coding = match names[..] {
            [] => return Ok(None),
            ["gzip" | "x-gzip"] => ContentCoding::Gzip,
            ["deflate"] => ContentCoding::Deflate,
            _ => {
                let names: String = names.join(", ").chars().take(NAMES_MAX).collect();
                return Err(format!(
                    "unsupported encoding {names}; only gzip and deflate are \
                                    supported"
                ));
            }
        };
        Ok(Some(Self { coding, stream: None, has_ended: false }))
    }

    /// Decodes the start of `input` into `output`. Returns the bytes read and written; both are 0
    /// if more input is needed.
    ///
    /// # Errors
    /// The input is corrupt.
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), String> {
        let first = input.first().copied();
        if self.has_ended {
            if self.coding != ContentCoding::Gzip || first != Some(GZIP_MAGIC) {
                // Padding after the end.
                return Ok((input.len(), 0));
            }
            (self.stream, self.has_ended) = (None, false);
        }
        let coding = self.coding;
        let stream = match (&mut self.stream, first) {
            (Some(stream), _) => stream,
            (None, None) => return Ok((0, 0)),
            (none, Some(first)) => none.insert(match coding {
                ContentCoding::Gzip => Decompress::new_gzip(WINDOW_BITS),
                ContentCoding::Deflate => Decompress::new(first & 0x0f == ZLIB_METHOD),
            }),
        };
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| format!("invalid {} data", coding.name()))?;
        self.has_ended = status == Status::StreamEnd;
        let progress = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        Ok((progress(stream.total_in(), read), progress(stream.total_out(), written)))
    }

    /// The body may end here: at the end of its stream, or before its first byte.
    fn is_complete(&self) -> bool {
        self.has_ended || self.stream.is_none()
    }
}

impl ContentCoding {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }
}

impl Response {
    /// Decodes the body, with the same size limit as for one that is not encoded.
    pub(crate) fn decoded(self, response_max: usize) -> Self {
        let decoder = match Decoder::new(&self.head) {
            Ok(None) => return self,
            Ok(Some(decoder)) => decoder,
            Err(why) => {
                return Self { body: Bytes::new(), end: BodyEnd::Undecodable(why), ..self };
            }
        };
        let (body, end) =
            decode_whole(decoder, &self.body, self.end, self.head.body_max(response_max));
        Self { body, end, ..self }
    }
}

/// Decodes `input`, which ended with `end`, to at most `most` bytes.
fn decode_whole(
    mut decoder: Decoder,
    mut input: &[u8],
    end: BodyEnd,
    most: usize,
) -> (Bytes, BodyEnd) {
    let mut body = BytesMut::new();
    let mut piece = vec![0; CHUNK_SIZE];
    loop {
        let (read, written) = match decoder.decode(input, &mut piece) {
            Ok(progress) => progress,
            Err(why) => return (body.freeze(), BodyEnd::Undecodable(why)),
        };
        if body.len() + written > most {
            body.extend_from_slice(&piece[..most - body.len()]);
            return (body.freeze(), BodyEnd::TooLarge);
        }
        body.extend_from_slice(&piece[..written]);
        input = &input[read..];
        if (read, written) == (0, 0) {
            let is_cut = end == BodyEnd::Whole && !decoder.is_complete();
            let end = if is_cut { BodyEnd::Cut(incomplete(&decoder)) } else { end };
            return (body.freeze(), end);
        }
    }
}

impl ResponseBody {
    /// Decodes the body chunk by chunk, without a limit on its total size.
    pub(crate) fn decoded(self, decoder: Decoder) -> Self {
        let idle = self.idle;
        let start = (self, decoder, Bytes::new());
        let pieces = stream::try_unfold(start, |(mut incoming, mut decoder, mut input)| async {
            let mut piece = BytesMut::zeroed(CHUNK_SIZE);
            loop {
                let (read, written) =
                    decoder.decode(&input, &mut piece).map_err(TransportError::Broken)?;
                input.advance(read);
                if written > 0 {
                    piece.truncate(written);
                    return Ok(Some((piece.freeze(), (incoming, decoder, input))));
                }
                if read > 0 {
                    continue;
                }
                match incoming.next().await? {
                    Some(more) => input = more,
                    None if decoder.is_complete() => return Ok(None),
                    None => return Err(TransportError::Broken(incomplete(&decoder))),
                }
            }
        });
        Self::new(pieces, idle)
    }
}

fn incomplete(decoder: &Decoder) -> String {
    format!("the {} data is incomplete", decoder.coding.name())
}

/// Decodes a body with each encoding, whole and in pieces. The first byte is the size of the pieces.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) async fn fuzz_encoding(bytes: &[u8]) {
    const MOST: usize = 1 << 20;
    let Some((size, body)) = bytes.split_first() else { return };
    for coding in [ContentCoding::Gzip, ContentCoding::Deflate] {
        let decoder = || Decoder { coding, stream: None, has_ended: false };
        let (whole, _) = decode_whole(decoder(), body, BodyEnd::Whole, MOST);
        assert!(whole.len() <= MOST, "a decoded body is bounded");
        let pieces = body.chunks(usize::from(*size) + 1).map(Bytes::copy_from_slice);
        let pieces: Vec<_> = pieces.map(Ok).collect();
        let idle = std::time::Duration::from_secs(1);
        let mut incoming = ResponseBody::new(stream::iter(pieces), idle).decoded(decoder());
        let mut rest = &whole[..];
        while let Ok(Some(piece)) = incoming.next().await {
            let both = rest.len().min(piece.len());
            assert_eq!(rest[..both], piece[..both], "the size of pieces changes nothing");
            rest = &rest[both..];
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use futures_util::StreamExt as _;

    use super::*;
    use crate::client::transport::{REFUSAL_MAX, RESPONSE_MAX};

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(plain: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn bare(plain: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn head(status: u16, encoding: &str) -> ResponseHead {
        ResponseHead {
            status,
            content_encoding: Some(encoding.to_owned()),
            ..ResponseHead::default()
        }
    }

    fn decoded(status: u16, encoding: &str, body: &[u8]) -> (Vec<u8>, BodyEnd) {
        let body = Bytes::copy_from_slice(body);
        let response = Response { head: head(status, encoding), body, end: BodyEnd::Whole }
            .decoded(RESPONSE_MAX);
        (response.body.to_vec(), response.end)
    }

    /// Larger than a chunk, and partly compressible.
    fn plain() -> Vec<u8> {
        (0..200_000_u32)
            .map(|n| if n % 3 == 0 { 7 } else { n.wrapping_mul(n).to_le_bytes()[1] })
            .collect()
    }

    #[test]
    fn each_encoding_is_read() {
        let plain = plain();
        let two_members = [gzip(&plain[..100]), gzip(&plain[100..])].concat();
        let padded = [gzip(&plain), vec![0; 512]].concat();
        let table = [
            ("identity", plain.clone()),
            ("aws-chunked", plain.clone()),
            ("", plain.clone()),
            ("gzip", gzip(&plain)),
            ("X-GZip", gzip(&plain)),
            ("aws-chunked, gzip", gzip(&plain)),
            ("gzip", two_members),
            ("gzip", padded),
            ("deflate", zlib(&plain)),
            ("deflate", bare(&plain, 0)),
            ("deflate", bare(&plain, 6)),
        ];
        for (encoding, body) in table {
            let (read, end) = decoded(200, encoding, &body);
            assert_eq!(end, BodyEnd::Whole, "{encoding}");
            assert!(read == plain, "{encoding}");
        }
        for encoding in ["gzip", "deflate"] {
            assert_eq!(decoded(429, encoding, b""), (Vec::new(), BodyEnd::Whole), "{encoding}");
        }
    }

    #[test]
    fn an_encoding_that_cannot_be_read_is_named() {
        for encoding in ["br", "zstd", "gzip, gzip", "br,gzip"] {
            let (body, end) = decoded(200, encoding, &gzip(b"{}"));
            let BodyEnd::Undecodable(why) = end else { panic!("{encoding}: {end:?}") };
            assert!(body.is_empty() && why.contains(&encoding.replace(",g", ", g")), "{why}");
        }
    }

    #[test]
    fn damaged_and_truncated_bodies_are_told_apart() {
        let whole = gzip(&plain());
        let mut damaged = whole.clone();
        damaged[whole.len() - 5] ^= 1;
        let table = [
            ("gzip", damaged, "invalid gzip data"),
            ("gzip", b"{\"id\": \"j\"}".to_vec(), "invalid gzip data"),
            ("deflate", vec![0xff; 40], "invalid deflate data"),
        ];
        for (encoding, body, expected) in table {
            assert_eq!(decoded(200, encoding, &body).1, BodyEnd::Undecodable(expected.into()));
        }
        for length in [1, 9, 20, whole.len() / 2, whole.len() - 1] {
            let (_, end) = decoded(200, "gzip", &whole[..length]);
            assert_eq!(end, BodyEnd::Cut("the gzip data is incomplete".into()), "{length}");
        }
        let cut = zlib(&plain());
        assert!(matches!(decoded(200, "deflate", &cut[..cut.len() - 1]).1, BodyEnd::Cut(_)));
    }

    #[test]
    fn what_unpacks_to_more_than_an_answer_may_be_is_cut_at_the_bound() {
        let bomb = gzip(&vec![b' '; RESPONSE_MAX + 1]);
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        for (status, most) in [(200, RESPONSE_MAX), (400, REFUSAL_MAX)] {
            let (body, end) = decoded(status, "gzip", &bomb);
            assert_eq!((body.len(), end), (most, BodyEnd::TooLarge));
        }
        let (body, end) = decoded(200, "gzip", &gzip(&vec![b' '; RESPONSE_MAX]));
        assert_eq!((body.len(), end), (RESPONSE_MAX, BodyEnd::Whole));
    }

    /// `body`, sent in chunks of `size` bytes, decoded like an output.
    async fn streamed(encoding: &str, body: &[u8], size: usize) -> Result<Vec<u8>, TransportError> {
        let pieces: Vec<_> =
            body.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let idle = Duration::from_secs(5);
        let decoder = Decoder::new(&head(200, encoding)).unwrap().unwrap();
        let mut incoming = ResponseBody::new(stream::iter(pieces).boxed(), idle).decoded(decoder);
        let mut all = Vec::new();
        while let Some(piece) = incoming.next().await? {
            assert!(!piece.is_empty() && piece.len() <= CHUNK_SIZE);
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn a_stream_is_decoded_whatever_its_pieces() {
        let plain = plain();
        let two_members = [gzip(&plain[..100_000]), gzip(&plain[100_000..])].concat();
        for (encoding, body) in
            [("gzip", gzip(&plain)), ("gzip", two_members), ("deflate", bare(&plain, 6))]
        {
            for size in [1, 7, 10_000, body.len()] {
                assert!(
                    streamed(encoding, &body, size).await.unwrap() == plain,
                    "{encoding} {size}"
                );
            }
            let cut = streamed(encoding, &body[..body.len() - 1], 10_000).await;
            assert!(matches!(cut, Err(TransportError::Broken(_))), "{encoding}");
        }
        let damaged = streamed("gzip", b"no gzip at all", 5).await;
        assert_eq!(damaged, Err(TransportError::Broken("invalid gzip data".into())));
    }
}
