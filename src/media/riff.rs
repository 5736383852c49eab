//! Reads the two RIFF formats that matter here: AVI as an input, WebP as an output.

use std::io::{Read, Seek};

use super::probe::Facts;
use super::reader::{Cursor, Flaw};

/// A chunk: its name and where its bytes end, padding not counted.
struct Chunk {
    name: [u8; 4],
    end: u64,
}

/// The next chunk before `end`; none where only padding is left.
fn next<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<Option<Chunk>, Flaw> {
    if end.saturating_sub(cursor.position()) < 8 {
        return Ok(None);
    }
    cursor.visit()?;
    let name = cursor.take()?;
    let size = u64::from(cursor.le32()?);
    Ok(Some(Chunk { name, end: cursor.position() + size }))
}

/// Goes on behind a chunk, which begins at an even place.
fn leave<R: Read + Seek>(cursor: &mut Cursor<R>, chunk: &Chunk) -> Result<(), Flaw> {
    let padded = chunk.end + (chunk.end & 1);
    cursor.jump(padded.min(cursor.length().max(chunk.end)))
}

/// Whether `size` is what stands there until a recorder fills it in.
fn is_unstated(size: u64) -> bool {
    size == 0 || size == u64::from(u32::MAX)
}

/// The outermost chunk, and whether it states its size: a recorder fills it in when it is done.
fn outer<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<(u64, bool), Flaw> {
    let length = cursor.length();
    let chunk = next(cursor, length)?.ok_or(Flaw::Malformed("it ends within its header"))?;
    let stated = chunk.end - cursor.position();
    if is_unstated(stated) {
        return Ok((length, false));
    }
    if chunk.end > length {
        return Err(Flaw::CutShort { expected: Some(chunk.end) });
    }
    Ok((chunk.end, true))
}

#[derive(Default)]
struct Avi {
    /// Microseconds of a frame, and how many, from the main header.
    frame: u32,
    frames: u32,
    size: Option<(u32, u32)>,
    /// Units a second and length in units of the first video stream.
    stream: Option<(f64, u32)>,
    has_video: bool,
    has_data: bool,
    depth: u16,
}

/// Reads an AVI file.
pub(super) fn read_avi<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Facts, Flaw> {
    let (end, complete) = outer(cursor)?;
    cursor.take::<4>()?;
    let mut avi = Avi::default();
    avi.read_lists(cursor, end)?;
    if !avi.has_data {
        return Err(Flaw::CutShort { expected: None });
    }
    // Files over 1 GB go on in further outer chunks; each must be whole.
    cursor.jump(end + (end & 1).min(cursor.length() - end))?;
    while let Some(chunk) = next(cursor, cursor.length())? {
        if &chunk.name != b"RIFF" {
            break;
        }
        if chunk.end > cursor.length() {
            return Err(Flaw::CutShort { expected: Some(chunk.end) });
        }
        leave(cursor, &chunk)?;
    }
    avi.facts(complete)
}

impl Avi {
    /// The lists of the outer chunk: headers, then data.
    fn read_lists<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>, end: u64) -> Result<(), Flaw> {
        while let Some(chunk) = next(cursor, end)? {
            let data = cursor.position();
            match &chunk.name {
                b"LIST" => match &cursor.take::<4>()? {
                    // Their children follow at once: enter them and go on.
                    b"hdrl" | b"strl" => continue,
                    b"movi" => {
                        self.has_data = true;
                        // Written to a pipe: the size was never filled in, and data goes to the end.
                        if is_unstated(chunk.end - data) {
                            return cursor.jump(end);
                        }
                    }
                    _ => {}
                },
                b"avih" => {
                    self.frame = cursor.le32()?;
                    cursor.jump(cursor.position() + 12)?;
                    self.frames = cursor.le32()?;
                    cursor.jump(cursor.position() + 12)?;
                    self.size = Some((cursor.le32()?, cursor.le32()?));
                }
                b"strh" if !self.has_video => self.read_stream(cursor)?,
                b"strf" if self.has_video && self.depth == 0 => {
                    cursor.jump(cursor.position() + 14)?;
                    self.depth = u16::from_le_bytes(cursor.take()?);
                }
                _ => {}
            }
            if chunk.end > cursor.length() {
                return Err(Flaw::CutShort { expected: Some(chunk.end) });
            }
            leave(cursor, &chunk)?;
        }
        Ok(())
    }

    /// `strh`, kept if it is the first one of pictures.
    fn read_stream<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<(), Flaw> {
        if &cursor.take::<4>()? == b"vids" {
            self.has_video = true;
            cursor.jump(cursor.position() + 16)?;
            let (scale, rate) = (cursor.le32()?, cursor.le32()?);
            cursor.jump(cursor.position() + 4)?;
            self.stream = Some((f64::from(rate) / f64::from(scale), cursor.le32()?));
        }
        Ok(())
    }

    fn facts(&self, complete: bool) -> Result<Facts, Flaw> {
        if !self.has_video {
            return Err(Flaw::NoVideoTrack);
        }
        let stream = self.stream.map(|(rate, length)| f64::from(length) / rate);
        let header = f64::from(self.frame) * f64::from(self.frames) / 1e6;
        let usable = |seconds: &f64| seconds.is_finite() && *seconds > 0.0;
        let size = self.size.filter(|(width, height)| *width > 0 && *height > 0);
        Ok(Facts {
            // The lengths are filled in together with the size.
            duration: stream.filter(usable).or(Some(header).filter(usable)).filter(|_| complete),
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            has_alpha: (self.depth != 32).then_some(false),
            complete,
            frames: Some(u64::from(self.frames)),
        })
    }
}

#[derive(Default)]
struct WebP {
    size: Option<(u32, u32)>,
    milliseconds: u64,
    frames: u64,
    has_alpha: bool,
}

/// Reads a WebP file, animated or not.
pub(super) fn read_webp<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Facts, Flaw> {
    let (end, complete) = outer(cursor)?;
    cursor.take::<4>()?;
    let mut webp = WebP::default();
    let mut pictures = 0_u64;
    while let Some(chunk) = next(cursor, end)? {
        if chunk.end > cursor.length() {
            return Err(Flaw::CutShort { expected: Some(chunk.end) });
        }
        match &chunk.name {
            b"VP8X" => {
                cursor.take::<4>()?;
                webp.size = Some((small24(cursor)? + 1, small24(cursor)? + 1));
            }
            b"ANMF" => {
                webp.frames += 1;
                cursor.take::<12>()?;
                webp.milliseconds = webp.milliseconds.saturating_add(u64::from(small24(cursor)?));
                cursor.take::<1>()?;
                // The parts of a frame follow at once: enter it and go on.
                continue;
            }
            b"ALPH" => webp.has_alpha = true,
            b"VP8 " => pictures += 1,
            b"VP8L" => {
                pictures += 1;
                webp.lossless(cursor)?;
            }
            _ => {}
        }
        leave(cursor, &chunk)?;
    }
    if pictures == 0 {
        return Err(Flaw::NoVideoTrack);
    }
    Ok(Facts {
        duration: (webp.milliseconds > 0).then_some(webp.milliseconds as f64 / 1000.0),
        width: webp.size.map(|(width, _)| width),
        height: webp.size.map(|(_, height)| height),
        has_alpha: Some(webp.has_alpha),
        complete,
        frames: Some(webp.frames.max(1)),
    })
}

impl WebP {
    /// The head of a lossless picture: 14 bits each of width and height less one, then alpha.
    fn lossless<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<(), Flaw> {
        if cursor.take::<1>()? != [0x2f] {
            return Err(Flaw::Malformed("a picture has the wrong signature"));
        }
        let bits = cursor.le32()?;
        self.size.get_or_insert(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1));
        self.has_alpha |= bits >> 28 & 1 == 1;
        Ok(())
    }
}

/// A little-endian number of 24 bits.
fn small24<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<u32, Flaw> {
    let [low, middle, high] = cursor.take()?;
    Ok(u32::from_le_bytes([low, middle, high, 0]))
}
