//! Headers of boxes, and fields that several boxes share.

use std::io::{Read, Seek};

use crate::media::parse::cursor::{Cursor, ParseError};

/// Handler type of video tracks.
pub(crate) const VIDEO: FourCc = *b"vide";

pub(crate) const SOUND: FourCc = *b"soun";

/// Handler type of pictures and picture sequences.
pub(crate) const STILLS: FourCc = *b"pict";

pub(crate) type FourCc = [u8; 4];

pub(crate) struct BoxHeader {
    pub(crate) kind: FourCc,
    pub(crate) end: u64,
}

/// Start and end of the content of a box.
pub(crate) type ByteRange = (u64, u64);

/// The header of the next box before `end`; `None` if only padding is left.
pub(crate) fn next<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    end: u64,
) -> Result<Option<BoxHeader>, ParseError> {
    let start = cursor.position();
    if end.saturating_sub(start) < 8 {
        return Ok(None);
    }
    cursor.visit()?;
    let short = cursor.be32()?;
    let kind = cursor.take()?;
    let size = match short {
        0 => end - start,
        1 => cursor.be64()?,
        size => u64::from(size),
    };
    let header = cursor.position() - start;
    if size < header {
        return Err(ParseError::Malformed("a box is smaller than its own header"));
    }
    let end =
        start.checked_add(size).ok_or(ParseError::Malformed("a box is larger than any file"))?;
    Ok(Some(BoxHeader { kind, end }))
}

/// The header of the next child of a box that ends at `end`.
pub(crate) fn child<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    end: u64,
) -> Result<Option<BoxHeader>, ParseError> {
    match next(cursor, end)? {
        Some(head) if head.end > end => {
            Err(ParseError::Malformed("a box reaches out of its parent"))
        }
        other => Ok(other),
    }
}

/// Version and flags of a full box.
pub(crate) fn version<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<(u8, u32), ParseError> {
    let [version, high, middle, low] = cursor.take()?;
    Ok((version, u32::from_be_bytes([0, high, middle, low])))
}

/// A time of 32 bits in version 0, of 64 in version 1.
pub(crate) fn time<R: Read + Seek>(cursor: &mut Cursor<R>, version: u8) -> Result<u64, ParseError> {
    if version == 0 { cursor.be32().map(u64::from) } else { cursor.be64() }
}

pub(crate) fn skip<R: Read + Seek>(cursor: &mut Cursor<R>, bytes: u64) -> Result<(), ParseError> {
    cursor.jump(cursor.position().saturating_add(bytes))
}

/// The handler type in a `meta` box.
pub(crate) fn handler_of_meta<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    end: u64,
) -> Result<Option<FourCc>, ParseError> {
    if end.saturating_sub(cursor.position()) < 12 {
        return Ok(None);
    }
    version(cursor)?;
    // The `QuickTime` variant has no version, so its children cannot be read.
    let Ok(Some(head)) = child(cursor, end) else { return Ok(None) };
    if &head.kind != b"hdlr" || head.end.saturating_sub(cursor.position()) < 12 {
        return Ok(None);
    }
    skip(cursor, 8)?;
    cursor.take().map(Some)
}
