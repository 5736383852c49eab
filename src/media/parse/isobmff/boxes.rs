//! Headers of boxes, and fields that several boxes share.

use crate::media::parse::cursor::{Cursor, ParseError, ParseResult};

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
pub(crate) fn next(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<Option<BoxHeader>> {
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
pub(crate) fn child(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<Option<BoxHeader>> {
    match next(cursor, end)? {
        Some(head) if head.end > end => {
            Err(ParseError::Malformed("a box reaches out of its parent"))
        }
        other => Ok(other),
    }
}

/// Version and flags of a full box.
pub(crate) fn version(cursor: &mut Cursor<'_>) -> ParseResult<(u8, u32)> {
    let [version, high, middle, low] = cursor.take()?;
    Ok((version, u32::from_be_bytes([0, high, middle, low])))
}

/// The flags of a full box that begins with two dates, which are skipped.
pub(crate) fn skip_dates(cursor: &mut Cursor<'_>) -> ParseResult<u32> {
    let (version, flags) = version(cursor)?;
    cursor.skip(if version == 0 { 8 } else { 16 })?;
    Ok(flags)
}

/// A time of 32 bits in version 0, of 64 in version 1.
pub(crate) fn time(cursor: &mut Cursor<'_>, version: u8) -> ParseResult<u64> {
    if version == 0 { cursor.be32().map(u64::from) } else { cursor.be64() }
}

/// The handler type in a `meta` box.
pub(crate) fn handler_of_meta(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<Option<FourCc>> {
    if end.saturating_sub(cursor.position()) < 12 {
        return Ok(None);
    }
    version(cursor)?;
    // The `QuickTime` variant has no version, so its children cannot be read.
    let Ok(Some(head)) = child(cursor, end) else { return Ok(None) };
    if &head.kind != b"hdlr" || head.end.saturating_sub(cursor.position()) < 12 {
        return Ok(None);
    }
    cursor.skip(8)?;
    cursor.take().map(Some)
}
