//! A reader with a position, a known end and a limit on the number of parts, independent of the
//! format.

use std::io::{self, BufReader, Read, Seek};

/// Maximum number of boxes, elements or chunks in one file. Ten hours of blocks have fewer; a file
/// of empty boxes cannot keep the process busy.
const MAX_PARTS: u32 = 16_000_000;

/// Bytes per read. Small, because most reads are a header followed by a jump.
const BUFFER_BYTES: usize = 4 * 1024;

#[derive(Debug)]
pub(crate) enum ParseError {
    /// The file ends before announced content or before its index.
    CutShort {
        /// Minimum size in bytes, if known.
        expected: Option<u64>,
    },
    Malformed(&'static str),
    NoVideoTrack,
    /// Not a playable video; the text follows "it is".
    Unusable(&'static str),
    Io(io::Error),
}

impl ParseError {
    pub(crate) const ENCRYPTED: Self = Self::Unusable(
        "encrypted (DRM), so nobody without its key can show it; export an unprotected copy",
    );

    pub(crate) const NO_PICTURES: Self = Self::Unusable(
        "without a single picture: the initialisation segment of a stream, or a recording that never \
         began; join it with its segments, or record it again",
    );
}

impl From<io::Error> for ParseError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(crate) type ParseResult<T> = Result<T, ParseError>;

/// A file, a part of one in memory, or an object of a store.
pub(crate) trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

pub(crate) struct Cursor<'a> {
    source: BufReader<&'a mut dyn Source>,
    position: u64,
    length: u64,
    parts: u32,
}

impl<'a> Cursor<'a> {
    /// Reads `source`, which is at its start and has `length` bytes.
    pub(crate) fn new(source: &'a mut dyn Source, length: u64) -> Self {
        let source = BufReader::with_capacity(BUFFER_BYTES, source);
        Self { source, position: 0, length, parts: 0 }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Counts a part.
    pub(crate) fn visit(&mut self) -> ParseResult<()> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(ParseError::Malformed("it has more parts than any real video"));
        }
        Ok(())
    }

    /// `end`, which must be inside the file.
    pub(crate) fn check_end(&self, end: u64) -> ParseResult<u64> {
        if end > self.length {
            return Err(ParseError::CutShort { expected: Some(end) });
        }
        Ok(end)
    }

    /// Jumps to an absolute position inside the file.
    pub(crate) fn jump(&mut self, target: u64) -> ParseResult<()> {
        self.check_end(target)?;
        let distance = i64::try_from(i128::from(target) - i128::from(self.position))
            .map_err(|_| ParseError::Malformed("a position is out of range"))?;
        self.source.seek_relative(distance)?;
        self.position = target;
        Ok(())
    }

    pub(crate) fn skip(&mut self, bytes: u64) -> ParseResult<()> {
        self.jump(self.position.saturating_add(bytes))
    }

    pub(crate) fn take<const N: usize>(&mut self) -> ParseResult<[u8; N]> {
        let end = self.check_end(self.position.saturating_add(N as u64))?;
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.position = end;
        Ok(bytes)
    }

    pub(crate) fn be16(&mut self) -> ParseResult<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub(crate) fn be32(&mut self) -> ParseResult<u32> {
        self.take().map(u32::from_be_bytes)
    }

    pub(crate) fn be64(&mut self) -> ParseResult<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// An unsigned number of `width` bytes, at most eight, after the more significant bits `high`.
    pub(crate) fn be_bytes(&mut self, high: u64, width: u64) -> ParseResult<u64> {
        let mut value = high;
        for _ in 0..width {
            let [byte] = self.take()?;
            value = value << 8 | u64::from(byte);
        }
        Ok(value)
    }

    pub(crate) fn le32(&mut self) -> ParseResult<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_never_passed() {
        let mut bytes = io::Cursor::new([1, 2, 3, 4, 5]);
        let mut cursor = Cursor::new(&mut bytes, 5);
        assert_eq!(cursor.be32().unwrap(), 0x0102_0304);
        assert!(matches!(cursor.be16(), Err(ParseError::CutShort { expected: Some(6) })));
        assert!(matches!(cursor.jump(u64::MAX), Err(ParseError::CutShort { .. })));
        cursor.jump(1).unwrap();
        assert_eq!(cursor.be16().unwrap(), 0x0203);
        assert_eq!(cursor.position(), 3);
    }
}
