//! AVI inputs and WebP outputs, both RIFF.

use super::cursor::{Cursor, ParseError, ParseResult};
use crate::media::stream_info::{StreamDefect, StreamInfo, track_preference};

/// `end` without padding.
struct Chunk {
    name: [u8; 4],
    end: u64,
}

/// The next chunk before `end`; `None` if only padding is left.
fn next(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<Option<Chunk>> {
    if end.saturating_sub(cursor.position()) < 8 {
        return Ok(None);
    }
    cursor.visit()?;
    let name = cursor.take()?;
    let size = u64::from(cursor.le32()?);
    Ok(Some(Chunk { name, end: cursor.position() + size }))
}

/// Skips to the next chunk, which has an even offset.
fn skip_chunk(cursor: &mut Cursor<'_>, chunk: &Chunk) -> ParseResult<()> {
    let padded = chunk.end + (chunk.end & 1);
    cursor.jump(padded.min(cursor.length().max(chunk.end)))
}

/// Whether `size` is the placeholder of an unfinished recording.
fn is_unstated(size: u64) -> bool {
    size == 0 || size == u64::from(u32::MAX)
}

/// End of the outermost chunk, and whether it states its size, which recorders fill in last.
fn outer(cursor: &mut Cursor<'_>) -> ParseResult<(u64, bool)> {
    let length = cursor.length();
    let chunk = next(cursor, length)?.ok_or(ParseError::Malformed("it ends within its header"))?;
    let stated = chunk.end - cursor.position();
    if is_unstated(stated) {
        return Ok((length, false));
    }
    if chunk.end > length {
        return Err(ParseError::CutShort { expected: Some(chunk.end) });
    }
    Ok((chunk.end, true))
}

/// Maximum number of streams that are kept.
const MAX_STREAMS: usize = 64;

/// Maximum depth of nested lists.
const MAX_DEPTH: u32 = 3;

/// A video stream in an AVI file.
#[derive(Default)]
struct AviStream {
    /// Index among all streams, which starts the names of its chunks.
    number: usize,
    /// Frame duration in seconds.
    frame: Option<f64>,
    /// Frames according to the header.
    stated: u32,
    size: (u32, u32),
    depth: u16,
    /// Counted frames.
    frames: u64,
}

/// Contents of an AVI file. Frame durations come from headers; frames are counted, since recorders
/// that write to a pipe cannot fill in their number.
#[derive(Default)]
struct Avi {
    /// Frame duration from the main header, in microseconds.
    frame: u32,
    streams: usize,
    pictures: Vec<AviStream>,
    /// Whether the last stream header was for video, so that its format follows.
    is_described: bool,
    has_data: bool,
    /// Expected end of a truncated file.
    missing: Option<u64>,
    /// Whether invalid bytes interrupt the media, so that later frames are not counted.
    is_damaged: bool,
    note: Option<StreamDefect>,
}

pub(crate) fn read_avi(cursor: &mut Cursor<'_>) -> ParseResult<StreamInfo> {
    let mut avi = Avi::default();
    let mut complete = true;
    // Files over 1 GB continue in further outer chunks.
    loop {
        let start = cursor.position();
        let chunk = match next(cursor, cursor.length())? {
            Some(chunk) if &chunk.name == b"RIFF" => chunk,
            _ if start == 0 => return Err(ParseError::Malformed("it ends within its header")),
            Some(_) => {
                avi.note = avi.note.or(Some(StreamDefect::Tail(cursor.length() - start)));
                break;
            }
            None => break,
        };
        let stated = chunk.end - cursor.position();
        cursor.skip(4)?;
        let end = if is_unstated(stated) || chunk.end > cursor.length() {
            complete = false;
            if !is_unstated(stated) {
                avi.missing = avi.missing.max(Some(chunk.end));
            }
            cursor.length()
        } else {
            chunk.end
        };
        avi.read_chunks(cursor, end, MAX_DEPTH)?;
        cursor.jump((end + (end & 1)).min(cursor.length()))?;
    }
    if !avi.has_data {
        return Err(ParseError::CutShort { expected: avi.missing });
    }
    avi.stream_info(complete && avi.missing.is_none(), cursor.length())
}

impl Avi {
    /// The chunks before `end`, at most `deeper` levels.
    fn read_chunks(&mut self, cursor: &mut Cursor<'_>, end: u64, deeper: u32) -> ParseResult<()> {
        while let Some(chunk) = next(cursor, end)? {
            if !chunk.name.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                self.is_damaged |= self.has_data;
                return cursor.jump(end);
            }
            let stated = chunk.end - cursor.position();
            if &chunk.name == b"LIST" && (stated >= 4 || is_unstated(stated)) {
                let kind = cursor.take::<4>()?;
                self.has_data |= &kind == b"movi";
                if deeper > 0 && matches!(&kind, b"hdrl" | b"strl" | b"movi" | b"rec ") {
                    let is_open = is_unstated(stated) || chunk.end > end;
                    if is_open && !is_unstated(stated) {
                        self.missing = self.missing.max(Some(chunk.end));
                    }
                    let inner = if is_open { end } else { chunk.end };
                    self.read_chunks(cursor, inner, deeper - 1)?;
                    cursor.jump((inner + (inner & 1)).min(end))?;
                    continue;
                }
            }
            if chunk.end > cursor.length() {
                // An index does not affect the pictures.
                if Self::stream_of(chunk.name).is_some() || !self.has_data {
                    return Err(ParseError::CutShort {
                        expected: self.missing.max(Some(chunk.end)),
                    });
                }
                self.missing = self.missing.max(Some(chunk.end));
                return cursor.jump(cursor.length());
            }
            match &chunk.name {
                b"avih" => self.frame = cursor.le32()?,
                b"strh" => self.read_stream(cursor)?,
                b"strf" if self.is_described => self.read_format(cursor)?,
                name if self.has_data => self.count(*name),
                _ => {}
            }
            // Some writers omit the padding.
            cursor.jump(chunk.end)?;
            if chunk.end & 1 == 1 && end.saturating_sub(chunk.end) >= 4 {
                let is_unpadded = Self::stream_of(cursor.take()?).is_some();
                cursor.jump(chunk.end + u64::from(!is_unpadded))?;
            }
        }
        Ok(())
    }

    /// `strh`, kept for video.
    fn read_stream(&mut self, cursor: &mut Cursor<'_>) -> ParseResult<()> {
        let number = self.streams;
        self.streams += 1;
        let kind = cursor.take::<4>()?;
        let is_video = matches!(&kind, b"vids" | b"iavs") && self.pictures.len() < MAX_STREAMS;
        self.is_described = is_video && &kind == b"vids";
        if is_video {
            cursor.skip(16)?;
            let (scale, rate) = (cursor.le32()?, cursor.le32()?);
            cursor.skip(4)?;
            let frame = (scale > 0 && rate > 0).then(|| f64::from(scale) / f64::from(rate));
            let stated = cursor.le32()?;
            self.pictures.push(AviStream { number, frame, stated, ..AviStream::default() });
        }
        Ok(())
    }

    /// `strf` of video: size and depth.
    fn read_format(&mut self, cursor: &mut Cursor<'_>) -> ParseResult<()> {
        self.is_described = false;
        cursor.skip(4)?;
        // Negative heights mean top-down rows.
        let (width, height) = (cursor.le32()?, cursor.le32()?.cast_signed().unsigned_abs());
        cursor.skip(2)?;
        let depth = u16::from_le_bytes(cursor.take()?);
        if let Some(stream) = self.pictures.last_mut() {
            (stream.size, stream.depth) = ((width, height), depth);
        }
        Ok(())
    }

    /// The stream index in the name of a media chunk.
    fn stream_of(name: [u8; 4]) -> Option<usize> {
        let digit = |byte: u8| char::from(byte).to_digit(10);
        let is_kind = name[2..].iter().all(u8::is_ascii_graphic);
        usize::try_from(digit(name[0])? * 10 + digit(name[1])?).ok().filter(|_| is_kind)
    }

    /// Counts a frame, but not palette changes or index chunks.
    fn count(&mut self, name: [u8; 4]) {
        let Some(number) = Self::stream_of(name) else { return };
        if !matches!(&name[2..], b"pc" | b"wb" | b"tx" | b"ix")
            && let Some(stream) = self.pictures.iter_mut().find(|stream| stream.number == number)
        {
            stream.frames += 1;
        }
    }

    fn stream_info(&self, complete: bool, length: u64) -> ParseResult<StreamInfo> {
        // FFmpeg chooses the largest picture.
        let score = |stream: &AviStream| {
            (stream.frames > 0, track_preference(stream.size.0, stream.size.1, false))
        };
        let streams = self.pictures.iter().rev();
        let stream = streams.max_by_key(|stream| score(stream)).ok_or(ParseError::NoVideoTrack)?;
        // A truncated file must contain all frames that it states, unless the number was never
        // filled in.
        if let Some(missing) = self.missing
            && !is_unfilled(stream.stated)
            && stream.frames < u64::from(stream.stated)
        {
            return Err(ParseError::CutShort { expected: Some(missing) });
        }
        if stream.frames == 0 {
            return Err(ParseError::Unusable(
                "without a single picture: a recording that never began; record it again",
            ));
        }
        let frame = stream.frame.or((self.frame > 0).then_some(f64::from(self.frame) / 1e6));
        let duration = frame.map(|frame| frame * stream.frames as f64).filter(|_| !self.is_damaged);
        let overrun = self.missing.filter(|missing| *missing > length).map(StreamDefect::Overrun);
        let (width, height) = stream.size;
        let is_sized = width > 0 && height > 0;
        Ok(StreamInfo {
            duration: duration.filter(|seconds| seconds.is_finite() && *seconds > 0.0),
            width: is_sized.then_some(width),
            height: is_sized.then_some(height),
            has_alpha: (stream.depth != 32).then_some(false),
            complete,
            frames: Some(stream.frames),
            note: overrun.or(self.note),
            ..StreamInfo::default()
        })
    }
}

/// Whether a frame count is the placeholder of an unfinished recording.
fn is_unfilled(frames: u32) -> bool {
    frames == 0 || frames >= 0x4000_0000
}

#[derive(Default)]
struct WebP {
    size: Option<(u32, u32)>,
    milliseconds: u64,
    frames: u64,
    has_alpha: bool,
}

/// Reads a WebP file, animated or not.
pub(crate) fn read_webp(cursor: &mut Cursor<'_>) -> ParseResult<StreamInfo> {
    let (end, complete) = outer(cursor)?;
    cursor.skip(4)?;
    let mut webp = WebP::default();
    let mut pictures = 0_u64;
    while let Some(chunk) = next(cursor, end)? {
        if chunk.end > cursor.length() {
            return Err(ParseError::CutShort { expected: Some(chunk.end) });
        }
        match &chunk.name {
            b"VP8X" => {
                cursor.skip(4)?;
                webp.size = Some((le24(cursor)? + 1, le24(cursor)? + 1));
            }
            b"ANMF" => {
                webp.frames += 1;
                cursor.skip(12)?;
                webp.milliseconds = webp.milliseconds.saturating_add(u64::from(le24(cursor)?));
                cursor.skip(1)?;
                // The parts of a frame follow directly.
                continue;
            }
            b"ALPH" => webp.has_alpha = true,
            b"VP8 " => pictures += 1,
            b"VP8L" => {
                pictures += 1;
                webp.read_lossless(cursor)?;
            }
            _ => {}
        }
        skip_chunk(cursor, &chunk)?;
    }
    if pictures == 0 {
        return Err(ParseError::NoVideoTrack);
    }
    Ok(StreamInfo {
        duration: (webp.milliseconds > 0).then_some(webp.milliseconds as f64 / 1000.0),
        width: webp.size.map(|(width, _)| width),
        height: webp.size.map(|(_, height)| height),
        has_alpha: Some(webp.has_alpha),
        complete,
        frames: Some(webp.frames.max(1)),
        ..StreamInfo::default()
    })
}

impl WebP {
    /// Header of a lossless picture: width and height minus one in 14 bits each, then alpha.
    fn read_lossless(&mut self, cursor: &mut Cursor<'_>) -> ParseResult<()> {
        if cursor.take::<1>()? != [0x2f] {
            return Err(ParseError::Malformed("a picture has the wrong signature"));
        }
        let bits = cursor.le32()?;
        self.size.get_or_insert(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
        self.has_alpha |= bits >> 28 & 1 == 1;
        Ok(())
    }
}

fn le24(cursor: &mut Cursor<'_>) -> ParseResult<u32> {
    let [low, middle, high] = cursor.take()?;
    Ok(u32::from_le_bytes([low, middle, high, 0]))
}
