//! Reads WebM: EBML elements (RFC 8794, RFC 9559). The file is walked flat, entering the elements
//! that matter and jumping over all others, so that recordings whose segments and clusters do not
//! state their size are read like any other, and no nesting can run deep.

use std::io::{Read, Seek};

use super::probe::Facts;
use super::reader::{Cursor, Flaw};

mod id {
    pub(super) const EBML: u32 = 0x1A45_DFA3;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const INFO: u32 = 0x1549_A966;
    pub(super) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(super) const DURATION: u32 = 0x4489;
    pub(super) const TRACKS: u32 = 0x1654_AE6B;
    pub(super) const TRACK_ENTRY: u32 = 0xAE;
    pub(super) const TRACK_NUMBER: u32 = 0xD7;
    pub(super) const TRACK_TYPE: u32 = 0x83;
    pub(super) const DEFAULT_DURATION: u32 = 0x23_E383;
    pub(super) const VIDEO: u32 = 0xE0;
    pub(super) const PIXEL_WIDTH: u32 = 0xB0;
    pub(super) const PIXEL_HEIGHT: u32 = 0xBA;
    pub(super) const ALPHA_MODE: u32 = 0x53C0;
    pub(super) const CLUSTER: u32 = 0x1F43_B675;
    pub(super) const TIMESTAMP: u32 = 0xE7;
    pub(super) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(super) const BLOCK_GROUP: u32 = 0xA0;
    pub(super) const BLOCK: u32 = 0xA1;
    pub(super) const BLOCK_ADDITIONS: u32 = 0x75A1;
}

/// `TrackType` of pictures.
const VIDEO_TYPE: u64 = 1;

/// Ticks are milliseconds unless the file says otherwise.
const DEFAULT_SCALE: u64 = 1_000_000;

#[derive(Default)]
struct Track {
    number: u64,
    kind: u64,
    width: u64,
    height: u64,
    /// Nanoseconds of a frame.
    frame: u64,
    declares_alpha: bool,
}

struct Walk {
    /// Nanoseconds of a tick.
    scale: u64,
    /// Ticks.
    duration: Option<f64>,
    tracks: Vec<Track>,
    cluster: u64,
    /// Time of the first and the last block seen, in ticks.
    blocks: Option<(i64, i64)>,
    has_clusters: bool,
    has_additions: bool,
    states_size: bool,
}

/// Reads the file under `cursor`, which begins with an EBML header.
pub(super) fn read<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Facts, Flaw> {
    let mut walk = Walk {
        scale: DEFAULT_SCALE,
        duration: None,
        tracks: Vec::new(),
        cluster: 0,
        blocks: None,
        has_clusters: false,
        has_additions: false,
        states_size: false,
    };
    let mut end = cursor.length();
    while cursor.position() < end {
        cursor.visit()?;
        let element = identifier(cursor)?;
        let size = size(cursor)?;
        if element == id::SEGMENT
            && let Some(size) = size
        {
            walk.states_size = true;
            end = within(cursor, size)?;
        } else {
            walk.element(cursor, element, size)?;
        }
    }
    walk.facts()
}

/// Where an element of `size` that begins here ends; it must end inside the file.
fn within<R: Read + Seek>(cursor: &Cursor<R>, size: u64) -> Result<u64, Flaw> {
    let end = cursor.position().saturating_add(size);
    if end > cursor.length() {
        return Err(Flaw::CutShort { expected: Some(end) });
    }
    Ok(end)
}

fn identifier<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<u32, Flaw> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(Flaw::Malformed("an element has no valid name"));
    }
    let mut value = u32::from(first);
    for _ in 0..more {
        let [byte] = cursor.take()?;
        value = value << 8 | u32::from(byte);
    }
    Ok(value)
}

/// The size of an element; none when it is not stated.
fn size<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Option<u64>, Flaw> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(Flaw::Malformed("an element has no valid size"));
    }
    let mut value = u64::from(first) & (0x7f >> more);
    for _ in 0..more {
        let [byte] = cursor.take()?;
        value = value << 8 | u64::from(byte);
    }
    let unknown = (1_u64 << (7 * (more + 1))) - 1;
    Ok((value != unknown).then_some(value))
}

fn unsigned<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<u64, Flaw> {
    let width = end - cursor.position();
    if width > 8 {
        return Err(Flaw::Malformed("a number is wider than 64 bits"));
    }
    let mut value = 0;
    for _ in 0..width {
        let [byte] = cursor.take()?;
        value = value << 8 | u64::from(byte);
    }
    Ok(value)
}

fn float<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<f64, Flaw> {
    match end - cursor.position() {
        0 => Ok(0.0),
        4 => cursor.take().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        8 => cursor.take().map(f64::from_be_bytes),
        _ => Err(Flaw::Malformed("a number has an impossible width")),
    }
}

impl Walk {
    /// One element whose header was just read.
    fn element<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        element: u32,
        size: Option<u64>,
    ) -> Result<(), Flaw> {
        match element {
            id::CLUSTER => {
                self.has_clusters = true;
                self.cluster = 0;
                match size {
                    Some(size) if !self.needs_blocks() => {
                        let end = within(cursor, size)?;
                        cursor.jump(end)
                    }
                    _ => Ok(()),
                }
            }
            id::SEGMENT | id::INFO | id::TRACKS | id::VIDEO | id::BLOCK_GROUP => Ok(()),
            id::TRACK_ENTRY => {
                if self.tracks.len() < 64 {
                    self.tracks.push(Track::default());
                }
                Ok(())
            }
            _ => {
                let size = size.ok_or(Flaw::Malformed("an element does not state its size"))?;
                let end = within(cursor, size)?;
                self.leaf(cursor, element, end)?;
                cursor.jump(end)
            }
        }
    }

    fn leaf<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        element: u32,
        end: u64,
    ) -> Result<(), Flaw> {
        match element {
            id::EBML => {}
            id::TIMESTAMP_SCALE => self.scale = unsigned(cursor, end)?,
            id::DURATION => self.duration = Some(float(cursor, end)?),
            id::TIMESTAMP => self.cluster = unsigned(cursor, end)?,
            id::BLOCK_ADDITIONS => self.has_additions = true,
            id::SIMPLE_BLOCK | id::BLOCK => self.block(cursor)?,
            _ => {
                if let Some(track) = self.tracks.last_mut() {
                    track.leaf(cursor, element, end)?;
                }
            }
        }
        Ok(())
    }

    /// Notes the time of a block of the video track.
    fn block<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<(), Flaw> {
        let track = size(cursor)?;
        let offset = i64::from(i16::from_be_bytes(cursor.take()?));
        if self.video().is_some_and(|video| Some(video.number) == track) {
            let time = i64::try_from(self.cluster).unwrap_or(i64::MAX).saturating_add(offset);
            let (first, last) = self.blocks.unwrap_or((time, time));
            self.blocks = Some((first.min(time), last.max(time)));
        }
        Ok(())
    }

    /// Whether something is still to be learned from the blocks themselves.
    fn needs_blocks(&self) -> bool {
        let seeks_alpha = self.video().is_some_and(|video| video.declares_alpha);
        self.duration.is_none() || (seeks_alpha && !self.has_additions)
    }

    fn video(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.kind == VIDEO_TYPE)
    }

    fn facts(&self) -> Result<Facts, Flaw> {
        if self.tracks.is_empty() || !self.has_clusters {
            return Err(Flaw::CutShort { expected: None });
        }
        let video = self.video().ok_or(Flaw::NoVideoTrack)?;
        let seconds = |ticks: f64| ticks * self.scale as f64 / 1e9;
        let stated = self.duration.map(seconds);
        let seen = self.blocks.map(|(first, last)| {
            seconds(last.saturating_sub(first) as f64) + video.frame as f64 / 1e9
        });
        Ok(Facts {
            duration: stated.or(seen).filter(|seconds| seconds.is_finite() && *seconds > 0.0),
            width: u32::try_from(video.width).ok().filter(|width| *width > 0),
            height: u32::try_from(video.height).ok().filter(|height| *height > 0),
            // Players look at the declaration; the pictures are in the additions: it takes both.
            has_alpha: Some(video.declares_alpha && self.has_additions),
            complete: self.states_size,
            frames: None,
        })
    }
}

impl Track {
    fn leaf<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        element: u32,
        end: u64,
    ) -> Result<(), Flaw> {
        let field = match element {
            id::TRACK_NUMBER => &mut self.number,
            id::TRACK_TYPE => &mut self.kind,
            id::PIXEL_WIDTH => &mut self.width,
            id::PIXEL_HEIGHT => &mut self.height,
            id::DEFAULT_DURATION => &mut self.frame,
            id::ALPHA_MODE => {
                self.declares_alpha = unsigned(cursor, end)? == 1;
                return Ok(());
            }
            _ => return Ok(()),
        };
        *field = unsigned(cursor, end)?;
        Ok(())
    }
}
