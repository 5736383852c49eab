//! Reads WebM: EBML elements (RFC 8794, RFC 9559). The file is walked flat, entering the elements
//! that matter and jumping over all others, so that recordings whose segments and clusters do not
//! state their size are read like any other, and no nesting can run deep.
//!
//! The length is counted from the times of the blocks: what the header says is zero in recordings of
//! browsers, and the length of the longest track elsewhere.

use super::cursor::{Cursor, ParseError, ParseResult};
use crate::media::stream_info::{StreamDefect, StreamInfo, track_preference};

mod id {
    pub(crate) const EBML: u64 = 0x1A45_DFA3;
    pub(crate) const DOC_TYPE: u64 = 0x4282;
    pub(crate) const SEGMENT: u64 = 0x1853_8067;
    pub(crate) const INFO: u64 = 0x1549_A966;
    pub(crate) const TIMESTAMP_SCALE: u64 = 0x2A_D7B1;
    pub(crate) const DURATION: u64 = 0x4489;
    pub(crate) const TRACKS: u64 = 0x1654_AE6B;
    pub(crate) const TRACK_ENTRY: u64 = 0xAE;
    pub(crate) const TRACK_NUMBER: u64 = 0xD7;
    pub(crate) const TRACK_TYPE: u64 = 0x83;
    pub(crate) const FLAG_DEFAULT: u64 = 0x88;
    pub(crate) const DEFAULT_DURATION: u64 = 0x23_E383;
    pub(crate) const TRACK_TIMESTAMP_SCALE: u64 = 0x23_314F;
    pub(crate) const CONTENT_ENCODINGS: u64 = 0x6D80;
    pub(crate) const CONTENT_ENCODING: u64 = 0x6240;
    pub(crate) const CONTENT_ENCODING_TYPE: u64 = 0x5033;
    pub(crate) const CONTENT_ENCRYPTION: u64 = 0x5035;
    pub(crate) const VIDEO: u64 = 0xE0;
    pub(crate) const PIXEL_WIDTH: u64 = 0xB0;
    pub(crate) const PIXEL_HEIGHT: u64 = 0xBA;
    pub(crate) const ALPHA_MODE: u64 = 0x53C0;
    pub(crate) const CLUSTER: u64 = 0x1F43_B675;
    pub(crate) const TIMESTAMP: u64 = 0xE7;
    pub(crate) const SIMPLE_BLOCK: u64 = 0xA3;
    pub(crate) const BLOCK_GROUP: u64 = 0xA0;
    pub(crate) const BLOCK: u64 = 0xA1;
    pub(crate) const BLOCK_DURATION: u64 = 0x9B;
    pub(crate) const BLOCK_ADDITIONS: u64 = 0x75A1;
    /// Attachments, chapters, cues, seek head and tags.
    pub(crate) const OTHERS: [u64; 5] =
        [0x1941_A469, 0x1043_A770, 0x1C53_BB6B, 0x114D_9B74, 0x1254_C367];
}

/// `TrackType` of video.
const VIDEO_TYPE: u64 = 1;

/// Default duration of a tick in nanoseconds.
const DEFAULT_SCALE: u64 = 1_000_000;

/// Maximum number of tracks that are kept.
const MAX_TRACKS: usize = 64;

/// Minimum size of an element with a picture, in bytes.
const MIN_PICTURE_BYTES: u64 = 12;

#[derive(Default)]
struct EbmlTrack {
    number: u64,
    kind: u64,
    width: u64,
    height: u64,
    /// Frame duration in nanoseconds.
    frame: u64,
    is_secondary: bool,
    /// Factor of its times (obsolete).
    own_scale: Option<f64>,
    is_encrypted: bool,
    declares_alpha: bool,
    seen: BlockTimes,
}

/// Times of the blocks of a track, in ticks.
#[derive(Default)]
struct BlockTimes {
    frames: u64,
    /// First and last time.
    times: Option<(i64, i64)>,
    /// Frames and stated duration of the block with the last time.
    last: (u64, Option<u64>),
}

#[derive(Default)]
struct Walk {
    /// Duration of a tick in nanoseconds.
    scale: u64,
    /// Duration of the longest track according to the header, in ticks.
    stated: Option<f64>,
    tracks: Vec<EbmlTrack>,
    cluster: u64,
    /// Track and time of the block of the current group, and the duration stated by the group.
    group: (Option<(usize, i64)>, Option<u64>),
    has_clusters: bool,
    has_additions: bool,
    states_size: bool,
    note: Option<StreamDefect>,
}

/// Parses a file that starts with an EBML header.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> ParseResult<StreamInfo> {
    let mut walk = Walk { scale: DEFAULT_SCALE, ..Walk::default() };
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
                // An index or tags do not affect the pictures.
                ParseError::CutShort { expected } if id::OTHERS.contains(&element) => {
                    end = end.max(expected.unwrap_or(end));
                }
                // The segment states how much is missing.
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
        if end - length > MIN_PICTURE_BYTES && !walk.has_all_it_states() {
            return Err(ParseError::CutShort { expected: Some(end) });
        }
    } else if end < length {
        walk.note = Some(StreamDefect::Tail(length - end));
    }
    walk.stream_info()
}

/// End of the header of a file, whose first bytes are in `cursor`; `None` if it is not stated.
pub(crate) fn header_end(cursor: &mut Cursor<'_>) -> Option<u64> {
    let (element, size) = header(cursor).ok()?;
    cursor.position().checked_add(size?).filter(|_| element == id::EBML)
}

/// Whether the `DocType` of a file is WebM. It may be anywhere in the header.
pub(crate) fn is_webm(cursor: &mut Cursor<'_>) -> ParseResult<bool> {
    let (_, size) = header(cursor)?;
    let end = size.map_or(cursor.length(), |size| cursor.position().saturating_add(size));
    while cursor.position() < end.min(cursor.length()) {
        let (element, Some(size)) = header(cursor)? else { break };
        let next = cursor.check_end(cursor.position().saturating_add(size))?;
        match element {
            // Short names may be padded with zeros.
            id::DOC_TYPE => {
                let has_name = size >= 4 && cursor.take()? == *b"webm";
                return Ok(has_name && (size == 4 || cursor.take()? == [0]));
            }
            id::SEGMENT => break,
            _ => cursor.jump(next)?,
        }
    }
    Ok(false)
}

fn is_known(element: u64) -> bool {
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

fn header(cursor: &mut Cursor<'_>) -> ParseResult<(u64, Option<u64>)> {
    Ok((identifier(cursor)?, size(cursor)?))
}

fn identifier(cursor: &mut Cursor<'_>) -> ParseResult<u64> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(ParseError::Malformed("an element has no valid name"));
    }
    cursor.be_bytes(first.into(), more.into())
}

/// The size of an element; `None` if unknown.
fn size(cursor: &mut Cursor<'_>) -> ParseResult<Option<u64>> {
    let [first] = cursor.take()?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(ParseError::Malformed("an element has no valid size"));
    }
    let value = cursor.be_bytes(u64::from(first) & (0x7f >> more), more.into())?;
    let unknown = (1_u64 << (7 * (more + 1))) - 1;
    Ok((value != unknown).then_some(value))
}

fn unsigned(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<u64> {
    let width = end - cursor.position();
    if width > 8 {
        return Err(ParseError::Malformed("a number is wider than 64 bits"));
    }
    cursor.be_bytes(0, width)
}

fn float(cursor: &mut Cursor<'_>, end: u64) -> ParseResult<f64> {
    match end - cursor.position() {
        0 => Ok(0.0),
        4 => cursor.take().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        8 => cursor.take().map(f64::from_be_bytes),
        _ => Err(ParseError::Malformed("a number has an impossible width")),
    }
}

/// Number of frames of a block according to its flags.
fn frames_of(cursor: &mut Cursor<'_>, flags: u8) -> ParseResult<u64> {
    if flags & 0x06 == 0 {
        return Ok(1);
    }
    let [more] = cursor.take()?;
    Ok(u64::from(more) + 1)
}

impl Walk {
    /// Processes an element after its header.
    fn element(
        &mut self,
        cursor: &mut Cursor<'_>,
        element: u64,
        size: Option<u64>,
    ) -> ParseResult<()> {
        match element {
            id::CLUSTER => {
                self.has_clusters = true;
                self.cluster = 0;
            }
            id::BLOCK_GROUP => self.group = (None, None),
            id::TRACK_ENTRY if self.tracks.len() < MAX_TRACKS => {
                self.tracks.push(EbmlTrack::default());
            }
            id::SEGMENT
            | id::INFO
            | id::TRACKS
            | id::TRACK_ENTRY
            | id::VIDEO
            | id::CONTENT_ENCODINGS
            | id::CONTENT_ENCODING => {}
            _ => {
                let size =
                    size.ok_or(ParseError::Malformed("an element does not state its size"))?;
                let end = cursor.check_end(cursor.position().saturating_add(size))?;
                self.leaf(cursor, element, end)?;
                cursor.jump(end)?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self, cursor: &mut Cursor<'_>, element: u64, end: u64) -> ParseResult<()> {
        match element {
            id::EBML => {}
            // Zero means the default.
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
            // May precede its block.
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

    /// Counts the frames of a block and records its time.
    fn block(&mut self, cursor: &mut Cursor<'_>) -> ParseResult<()> {
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

    /// Accepts unreadable data at `start` after the last possible picture.
    fn pass_tail(
        &mut self,
        cursor: &mut Cursor<'_>,
        start: u64,
        flaw: ParseError,
    ) -> ParseResult<()> {
        if !self.has_clusters || matches!(flaw, ParseError::Io(_)) {
            return Err(flaw);
        }
        cursor.jump(start)?;
        let mut last = 0_u32;
        while cursor.position() < cursor.length() {
            let [byte] = cursor.take()?;
            last = last << 8 | u32::from(byte);
            if u64::from(last) == id::CLUSTER {
                return Err(ParseError::Malformed("its pictures are interrupted by other bytes"));
            }
        }
        self.note = Some(StreamDefect::Tail(cursor.length() - start));
        Ok(())
    }

    fn seconds(&self, ticks: f64) -> f64 {
        ticks * self.scale as f64 / 1e9
    }

    /// Length of the track and frame duration in seconds, if known.
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

    /// Whether the tracks are as long as the header states.
    fn has_all_it_states(&self) -> bool {
        let Some(stated) = self.stated.filter(|ticks| *ticks > 0.0) else { return false };
        let reached = self.tracks.iter().filter_map(|track| {
            let (_, last) = track.seen.times?;
            Some(self.seconds(last as f64) + self.length(track).1.unwrap_or(0.0))
        });
        // Times are rounded, and the last frame may be short.
        reached.fold(0.0, f64::max) + 0.002 >= self.seconds(stated)
    }

    /// The track that FFmpeg chooses by default: the largest picture.
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

    fn stream_info(&self) -> ParseResult<StreamInfo> {
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
            // Players need both the declaration and the pictures in the additions.
            has_alpha: Some(video.declares_alpha && self.has_additions),
            complete: self.states_size,
            frames: Some(video.seen.frames),
            note: self.note,
        })
    }
}

impl EbmlTrack {
    fn leaf(&mut self, cursor: &mut Cursor<'_>, element: u64, end: u64) -> ParseResult<()> {
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
            id::TRACK_TIMESTAMP_SCALE => self.own_scale = Some(float(cursor, end)?),
            _ => {}
        }
        Ok(())
    }
}
