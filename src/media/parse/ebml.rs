//! Reads WebM: EBML elements (RFC 8794, RFC 9559). The file is walked flat, entering the elements
//! that matter and jumping over all others, so that recordings whose segments and clusters do not
//! state their size are read like any other, and no nesting can run deep.
//!
//! The length is counted from the times of the blocks: what the header says is zero in recordings of
//! browsers, and the length of the longest track elsewhere.

use std::io::{Read, Seek};

use super::cursor::{Cursor, ParseError};
use super::{StreamDefect, StreamInfo, track_preference};

mod id {
    pub(crate) const EBML: u32 = 0x1A45_DFA3;
    pub(crate) const SEGMENT: u32 = 0x1853_8067;
    pub(crate) const INFO: u32 = 0x1549_A966;
    pub(crate) const TIMESTAMP_SCALE: u32 = 0x2A_D7B1;
    pub(crate) const DURATION: u32 = 0x4489;
    pub(crate) const TRACKS: u32 = 0x1654_AE6B;
    pub(crate) const TRACK_ENTRY: u32 = 0xAE;
    pub(crate) const TRACK_NUMBER: u32 = 0xD7;
    pub(crate) const TRACK_TYPE: u32 = 0x83;
    pub(crate) const FLAG_DEFAULT: u32 = 0x88;
    pub(crate) const DEFAULT_DURATION: u32 = 0x23_E383;
    pub(crate) const TRACK_TIMESTAMP_SCALE: u32 = 0x23_314F;
    pub(crate) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(crate) const CONTENT_ENCODING: u32 = 0x6240;
    pub(crate) const CONTENT_ENCODING_TYPE: u32 = 0x5033;
    pub(crate) const CONTENT_ENCRYPTION: u32 = 0x5035;
    pub(crate) const VIDEO: u32 = 0xE0;
    pub(crate) const PIXEL_WIDTH: u32 = 0xB0;
    pub(crate) const PIXEL_HEIGHT: u32 = 0xBA;
    pub(crate) const ALPHA_MODE: u32 = 0x53C0;
    pub(crate) const CLUSTER: u32 = 0x1F43_B675;
    pub(crate) const TIMESTAMP: u32 = 0xE7;
    pub(crate) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(crate) const BLOCK_GROUP: u32 = 0xA0;
    pub(crate) const BLOCK: u32 = 0xA1;
    pub(crate) const BLOCK_DURATION: u32 = 0x9B;
    pub(crate) const BLOCK_ADDITIONS: u32 = 0x75A1;
    /// Attachments, chapters, cues, the seek head and tags.
    pub(crate) const OTHERS: [u32; 5] =
        [0x1941_A469, 0x1043_A770, 0x1C53_BB6B, 0x114D_9B74, 0x1254_C367];
}

/// `TrackType` of pictures.
const VIDEO_TYPE: u64 = 1;

/// Ticks are milliseconds unless the file says otherwise.
const DEFAULT_SCALE: u64 = 1_000_000;

/// More tracks than this are not kept.
const MOST_TRACKS: usize = 64;

/// An element that holds a picture has more bytes than this.
const SMALLEST_PICTURE: u64 = 12;

#[derive(Default)]
struct EbmlTrack {
    number: u64,
    kind: u64,
    width: u64,
    height: u64,
    /// Nanoseconds of a frame.
    frame: u64,
    is_secondary: bool,
    /// Factor of its times, which nobody uses.
    own_scale: Option<f64>,
    is_encrypted: bool,
    declares_alpha: bool,
    seen: BlockTimes,
}

/// The blocks of a track, in ticks.
#[derive(Default)]
struct BlockTimes {
    frames: u64,
    /// The first time and the last.
    times: Option<(i64, i64)>,
    /// Frames and stated length of the block with the last time.
    last: (u64, Option<u64>),
}

struct Walk {
    /// Nanoseconds of a tick.
    scale: u64,
    /// Ticks of the longest track, by the header.
    stated: Option<f64>,
    tracks: Vec<EbmlTrack>,
    cluster: u64,
    /// Track and time of the block of the group, and the length that the group states.
    group: (Option<(usize, i64)>, Option<u64>),
    has_clusters: bool,
    has_additions: bool,
    states_size: bool,
    note: Option<StreamDefect>,
}

/// Reads the file under `cursor`, which begins with an EBML header.
pub(crate) fn read<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<StreamInfo, ParseError> {
    let mut walk = Walk {
        scale: DEFAULT_SCALE,
        stated: None,
        tracks: Vec::new(),
        cluster: 0,
        group: (None, None),
        has_clusters: false,
        has_additions: false,
        states_size: false,
        note: None,
    };
    let length = cursor.length();
    let mut end = length;
    while cursor.position() < end.min(length) {
        cursor.visit()?;
        let start = cursor.position();
        let (element, size) = match header(cursor) {
            Ok(header) => header,
            Err(flaw) => {
                walk.pass_tail(cursor, start, flaw)?;
                break;
            }
        };
        if element == id::SEGMENT
            && let Some(size) = size
        {
            walk.states_size = true;
            end = cursor.position().saturating_add(size);
        } else if let Err(flaw) = walk.element(cursor, element, size) {
            match flaw {
                // Of the pictures, an index or tags say nothing.
                ParseError::CutShort { expected } if id::OTHERS.contains(&element) => {
                    end = end.max(expected.unwrap_or(end));
                }
                // The segment knows best how much is missing.
                ParseError::CutShort { expected } if is_known(element) => {
                    let expected = expected.max((end > length).then_some(end));
                    return Err(ParseError::CutShort { expected });
                }
                flaw if is_known(element) => return Err(flaw),
                flaw => walk.pass_tail(cursor, start, flaw)?,
            }
            break;
        }
    }
    if end > length {
        walk.states_size = false;
        walk.note = Some(StreamDefect::Overrun(end));
        if end - length > SMALLEST_PICTURE && !walk.has_all_it_states() {
            return Err(ParseError::CutShort { expected: Some(end) });
        }
    } else if end < length {
        walk.note = Some(StreamDefect::Tail(length - end));
    }
    walk.facts()
}

fn is_known(element: u32) -> bool {
    matches!(
        element,
        id::EBML
            | id::SEGMENT
            | id::INFO
            | id::TRACKS
            | id::TRACK_ENTRY
            | id::CLUSTER
            | id::TIMESTAMP
            | id::SIMPLE_BLOCK
            | id::BLOCK_GROUP
            | id::BLOCK
    )
}

/// Name and size of the next element.
fn header<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<(u32, Option<u64>), ParseError> {
    Ok((identifier(cursor)?, size(cursor)?))
}

/// Where an element of `size` that begins here ends; it must end inside the file.
fn within<R: Read + Seek>(cursor: &Cursor<R>, size: u64) -> Result<u64, ParseError> {
    let end = cursor.position().saturating_add(size);
    if end > cursor.length() {
        return Err(ParseError::CutShort { expected: Some(end) });
    }
    Ok(end)
}

fn identifier<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<u32, ParseError> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(ParseError::Malformed("an element has no valid name"));
    }
    let mut value = u32::from(first);
    for _ in 0..more {
        let [byte] = cursor.take()?;
        value = value << 8 | u32::from(byte);
    }
    Ok(value)
}

/// The size of an element; none when it is not stated.
fn size<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Option<u64>, ParseError> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(ParseError::Malformed("an element has no valid size"));
    }
    let mut value = u64::from(first) & (0x7f >> more);
    for _ in 0..more {
        let [byte] = cursor.take()?;
        value = value << 8 | u64::from(byte);
    }
    let unknown = (1_u64 << (7 * (more + 1))) - 1;
    Ok((value != unknown).then_some(value))
}

fn unsigned<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<u64, ParseError> {
    let width = end - cursor.position();
    if width > 8 {
        return Err(ParseError::Malformed("a number is wider than 64 bits"));
    }
    let mut value = 0;
    for _ in 0..width {
        let [byte] = cursor.take()?;
        value = value << 8 | u64::from(byte);
    }
    Ok(value)
}

fn float<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<f64, ParseError> {
    match end - cursor.position() {
        0 => Ok(0.0),
        4 => cursor.take().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        8 => cursor.take().map(f64::from_be_bytes),
        _ => Err(ParseError::Malformed("a number has an impossible width")),
    }
}

/// Frames of a block whose header ends here, by its flags.
fn frames_of<R: Read + Seek>(cursor: &mut Cursor<R>, flags: u8) -> Result<u64, ParseError> {
    if flags & 0x06 == 0 {
        return Ok(1);
    }
    let [more] = cursor.take()?;
    Ok(u64::from(more) + 1)
}

impl Walk {
    /// One element whose header was just read.
    fn element<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        element: u32,
        size: Option<u64>,
    ) -> Result<(), ParseError> {
        match element {
            id::CLUSTER => {
                self.has_clusters = true;
                self.cluster = 0;
                Ok(())
            }
            id::BLOCK_GROUP => {
                self.group = (None, None);
                Ok(())
            }
            id::SEGMENT
            | id::INFO
            | id::TRACKS
            | id::VIDEO
            | id::CONTENT_ENCODINGS
            | id::CONTENT_ENCODING => Ok(()),
            id::TRACK_ENTRY => {
                if self.tracks.len() < MOST_TRACKS {
                    self.tracks.push(EbmlTrack::default());
                }
                Ok(())
            }
            _ => {
                let size =
                    size.ok_or(ParseError::Malformed("an element does not state its size"))?;
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
    ) -> Result<(), ParseError> {
        match element {
            id::EBML => {}
            // None, or zero, is the same as none stated.
            id::TIMESTAMP_SCALE => match unsigned(cursor, end)? {
                0 => {}
                scale => self.scale = scale,
            },
            id::DURATION => self.stated = Some(float(cursor, end)?),
            id::TIMESTAMP => self.cluster = unsigned(cursor, end)?,
            id::BLOCK_ADDITIONS => self.has_additions = true,
            id::SIMPLE_BLOCK => {
                self.group = (None, None);
                self.block(cursor)?;
            }
            id::BLOCK => self.block(cursor)?,
            // It may precede the block that it is about.
            id::BLOCK_DURATION => {
                let length = unsigned(cursor, end)?;
                self.group.1 = Some(length);
                if let (Some((track, time)), _) = self.group
                    && let Some(EbmlTrack { seen, .. }) = self.tracks.get_mut(track)
                    && seen.times.is_some_and(|(_, last)| last == time)
                {
                    seen.last.1 = Some(length);
                }
            }
            _ if self.has_clusters => {}
            _ => {
                if let Some(track) = self.tracks.last_mut() {
                    track.leaf(cursor, element, end)?;
                }
            }
        }
        Ok(())
    }

    /// Counts the frames of a block and notes its time.
    fn block<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<(), ParseError> {
        let number = size(cursor)?;
        let offset = i64::from(i16::from_be_bytes(cursor.take()?));
        let [flags] = cursor.take()?;
        let Some(index) = self.tracks.iter().position(|track| Some(track.number) == number) else {
            return Ok(());
        };
        let frames = frames_of(cursor, flags)?;
        let time = i64::try_from(self.cluster).unwrap_or(i64::MAX).saturating_add(offset);
        self.group.0 = Some((index, time));
        let seen = &mut self.tracks[index].seen;
        seen.frames = seen.frames.saturating_add(frames);
        let (first, last) = seen.times.unwrap_or((time, time));
        if time >= last {
            seen.last = (frames, self.group.1);
        }
        seen.times = Some((first.min(time), last.max(time)));
        Ok(())
    }

    /// What cannot be read at `start` is accepted where pictures were seen and none can follow.
    fn pass_tail<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        start: u64,
        flaw: ParseError,
    ) -> Result<(), ParseError> {
        if !self.has_clusters || matches!(flaw, ParseError::Io(_)) {
            return Err(flaw);
        }
        cursor.jump(start)?;
        let mut last = 0_u32;
        while cursor.position() < cursor.length() {
            let [byte] = cursor.take()?;
            last = last << 8 | u32::from(byte);
            if last == id::CLUSTER {
                return Err(ParseError::Malformed("its pictures are interrupted by other bytes"));
            }
        }
        self.note = Some(StreamDefect::Tail(cursor.length() - start));
        Ok(())
    }

    fn seconds(&self, ticks: f64) -> f64 {
        ticks * self.scale as f64 / 1e9
    }

    /// Seconds of the track's frames, and how long one lasts; none where that is not known.
    fn length(&self, track: &EbmlTrack) -> (Option<f64>, Option<f64>) {
        let Some((first, last)) = track.seen.times else { return (None, None) };
        let (frames, length) = track.seen.last;
        let span = self.seconds(last.saturating_sub(first) as f64);
        let earlier = track.seen.frames.saturating_sub(frames);
        let mean = (span > 0.0 && earlier > 0).then(|| span / earlier as f64);
        let stated = (track.frame > 0).then_some(track.frame as f64 / 1e9);
        let frame = match (mean, stated) {
            (Some(mean), Some(stated)) => Some(mean.min(stated)),
            (mean, stated) => mean.or(stated),
        };
        let tail = length
            .filter(|ticks| *ticks > 0)
            .map(|ticks| self.seconds(ticks as f64))
            .or(frame.map(|frame| frame * frames as f64));
        (tail.map(|tail| span + tail), frame)
    }

    /// Whether the tracks reach as far as the header says that the longest one does.
    fn has_all_it_states(&self) -> bool {
        let Some(stated) = self.stated.filter(|ticks| *ticks > 0.0) else { return false };
        let reached = self.tracks.iter().filter_map(|track| {
            let (_, last) = track.seen.times?;
            Some(self.seconds(last as f64) + self.length(track).1.unwrap_or(0.0))
        });
        // Times are rounded, and a last frame may be as short as any.
        reached.fold(0.0, f64::max) + 0.002 >= self.seconds(stated)
    }

    /// The track that FFmpeg takes by default: the largest picture.
    fn video(&self) -> Option<&EbmlTrack> {
        let score = |track: &EbmlTrack| {
            let pixels = |side: u64| u32::try_from(side).unwrap_or(0);
            let size =
                track_preference(pixels(track.width), pixels(track.height), !track.is_secondary);
            (track.seen.frames > 0, size)
        };
        let videos = self.tracks.iter().filter(|track| track.kind == VIDEO_TYPE);
        videos.rev().max_by_key(|track| score(track))
    }

    fn facts(&self) -> Result<StreamInfo, ParseError> {
        if self.tracks.is_empty() {
            return Err(ParseError::CutShort { expected: None });
        }
        let video = self.video().ok_or(ParseError::NoVideoTrack)?;
        if video.is_encrypted {
            return Err(ParseError::ENCRYPTED);
        }
        let Some((begin, last)) = video.seen.times else {
            return Err(ParseError::NO_PICTURES);
        };
        let (length, frame) = self.length(video);
        let duration = length.filter(|seconds| {
            seconds.is_finite()
                && *seconds > 0.0
                && video.own_scale.is_none_or(|scale| (scale - 1.0).abs() < 1e-9)
        });
        let first = self.tracks.iter().filter_map(|track| track.seen.times.map(|(first, _)| first));
        let first = first.min().unwrap_or(begin);
        Ok(StreamInfo {
            duration,
            reach: self.seconds(last.saturating_sub(first) as f64) + frame.unwrap_or(0.0),
            width: u32::try_from(video.width).ok().filter(|width| *width > 0),
            height: u32::try_from(video.height).ok().filter(|height| *height > 0),
            // Players look at the declaration; the pictures are in the additions: it takes both.
            has_alpha: Some(video.declares_alpha && self.has_additions),
            complete: self.states_size,
            frames: Some(video.seen.frames),
            note: self.note,
        })
    }
}

impl EbmlTrack {
    fn leaf<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        element: u32,
        end: u64,
    ) -> Result<(), ParseError> {
        match element {
            id::TRACK_NUMBER => self.number = unsigned(cursor, end)?,
            id::TRACK_TYPE => self.kind = unsigned(cursor, end)?,
            id::PIXEL_WIDTH => self.width = unsigned(cursor, end)?,
            id::PIXEL_HEIGHT => self.height = unsigned(cursor, end)?,
            id::DEFAULT_DURATION => self.frame = unsigned(cursor, end)?,
            id::FLAG_DEFAULT => self.is_secondary = unsigned(cursor, end)? == 0,
            id::ALPHA_MODE => self.declares_alpha = unsigned(cursor, end)? == 1,
            id::CONTENT_ENCODING_TYPE => self.is_encrypted |= unsigned(cursor, end)? == 1,
            id::CONTENT_ENCRYPTION => self.is_encrypted = true,
            id::TRACK_TIMESTAMP_SCALE => {
                self.own_scale = Some(float(cursor, end)?);
            }
            _ => {}
        }
        Ok(())
    }
}
