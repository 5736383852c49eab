//! One track: kind, length, size and alpha.

use super::boxes::{ByteRange, FourCc, VIDEO, child, skip_dates, time, version};
use super::samples::{SampleRun, SampleTables, SampleTotals};
use crate::media::parse::cursor::{Cursor, ParseResult};

/// Maximum number of applied edits; with more, the length is unknown.
const MAX_EDITS: u64 = 64;

/// Levels of boxes from a track to its sample table.
const MAX_DEPTH: u32 = 3;

/// Maximum number of chapter tracks that are kept.
const MAX_CHAPTERS: usize = 16;

/// Bytes of a video sample description before its extensions.
const DESCRIPTION_BYTES: u64 = 86;

#[derive(Default)]
pub(crate) struct Track {
    pub(crate) id: u32,
    pub(crate) handler: FourCc,
    /// Whether it is enabled by default.
    pub(crate) is_default: bool,
    /// Units of the media per second.
    timescale: u32,
    codec: FourCc,
    pub(crate) size: Option<(u32, u32)>,
    depth: u16,
    pub(crate) is_encrypted: bool,
    /// Whether the samples are in another file.
    pub(crate) is_external: bool,
    /// Ids of its chapter tracks.
    pub(crate) chapters: Vec<u32>,
    description: Option<ByteRange>,
    edits: Option<ByteRange>,
    pub(crate) tables: SampleTables,
    pub(crate) fragments: SampleRun,
    /// Start and end of the fragments, in units of the media.
    reach: Option<(u64, u64)>,
}

/// Length of a track in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrackLength {
    pub(crate) pictures: f64,
    /// Including pauses before and between pictures.
    pub(crate) reach: f64,
    /// Share of the table samples that the edits show.
    pub(crate) shown: f64,
}

impl Track {
    /// `trak`.
    pub(crate) fn read(&mut self, cursor: &mut Cursor<'_>, end: u64) -> ParseResult<()> {
        self.read_boxes(cursor, end, MAX_DEPTH)?;
        if self.handler == VIDEO
            && let Some(description) = self.description
        {
            self.read_descriptions(cursor, description)?;
        }
        Ok(())
    }

    /// The boxes down to the sample table, at most `deeper` levels.
    fn read_boxes(&mut self, cursor: &mut Cursor<'_>, end: u64, deeper: u32) -> ParseResult<()> {
        while let Some(head) = child(cursor, end)? {
            let content = (cursor.position(), head.end);
            match &head.kind {
                b"mdia" | b"minf" | b"dinf" | b"stbl" | b"edts" if deeper > 0 => {
                    self.read_boxes(cursor, head.end, deeper - 1)?;
                }
                b"tkhd" => {
                    self.is_default = skip_dates(cursor)? & 1 != 0;
                    self.id = cursor.be32()?;
                }
                b"mdhd" => {
                    skip_dates(cursor)?;
                    self.timescale = cursor.be32()?;
                }
                // `QuickTime` has a second one for data.
                b"hdlr" if self.handler == FourCc::default() => {
                    cursor.skip(8)?;
                    self.handler = cursor.take()?;
                }
                b"tref" => self.read_references(cursor, head.end)?,
                b"dref" => {
                    cursor.skip(8)?;
                    if child(cursor, head.end)?.is_some() {
                        self.is_external = version(cursor)?.1 & 1 == 0;
                    }
                }
                b"elst" => self.edits = Some(content),
                b"stsd" => self.description = Some(content),
                b"stts" => self.tables.durations = Some(content),
                b"ctts" => self.tables.offsets = Some(content),
                b"stsc" => self.tables.chunks = Some(content),
                b"stsz" | b"stz2" => {
                    self.tables.sizes = Some(content);
                    self.tables.has_compact_sizes = &head.kind == b"stz2";
                }
                b"stco" | b"co64" => {
                    self.tables.chunk_offsets = Some(content);
                    self.tables.has_wide_chunk_offsets = &head.kind == b"co64";
                }
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `tref`: the chapter tracks.
    fn read_references(&mut self, cursor: &mut Cursor<'_>, end: u64) -> ParseResult<()> {
        while let Some(head) = child(cursor, end)? {
            while &head.kind == b"chap"
                && head.end.saturating_sub(cursor.position()) >= 4
                && self.chapters.len() < MAX_CHAPTERS
            {
                self.chapters.push(cursor.be32()?);
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `stsd`: codec, size and depth of the first description, and whether any is encrypted.
    fn read_descriptions(
        &mut self,
        cursor: &mut Cursor<'_>,
        (start, end): ByteRange,
    ) -> ParseResult<()> {
        cursor.jump(start)?;
        version(cursor)?;
        let count = cursor.be32()?;
        for index in 0..count {
            let begin = cursor.position();
            let Some(head) = child(cursor, end)? else { break };
            self.is_encrypted |= matches!(&head.kind, b"encv" | b"drmi");
            if index == 0 && head.end.saturating_sub(begin) >= DESCRIPTION_BYTES {
                self.codec = head.kind;
                cursor.skip(24)?;
                let (width, height) = (u32::from(cursor.be16()?), u32::from(cursor.be16()?));
                self.size = (width > 0 && height > 0).then_some((width, height));
                cursor.skip(46)?;
                self.depth = cursor.be16()?;
            }
            if head.end.saturating_sub(begin) > DESCRIPTION_BYTES {
                cursor.jump(begin + DESCRIPTION_BYTES)?;
                // Old writers add a terminator that is not a box.
                while let Ok(Some(extension)) = child(cursor, head.end) {
                    self.is_encrypted |= &extension.kind == b"sinf";
                    cursor.jump(extension.end)?;
                }
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// Adds the samples of one `traf`, from `begin` if it is stated.
    pub(crate) fn add_fragment(&mut self, begin: Option<u64>, run: &SampleRun) {
        self.fragments.count = self.fragments.count.saturating_add(run.count);
        self.fragments.duration = self.fragments.duration.saturating_add(run.duration);
        self.fragments.end = self.fragments.end.max(run.end);
        let last = self.reach.map_or(0, |(_, last)| last);
        let begin = begin.unwrap_or(last);
        let end = begin.saturating_add(run.duration);
        let (first, last) = self.reach.unwrap_or((begin, end));
        self.reach = Some((first.min(begin), last.max(end)));
    }

    pub(crate) fn has_fragments(&self) -> bool {
        self.fragments.count > 0
    }

    /// Start and end of its fragments in seconds.
    pub(crate) fn fragment_span(&self) -> Option<(f64, f64)> {
        let (first, last) = self.reach.filter(|_| self.has_fragments())?;
        Some((self.seconds(first), self.seconds(last)))
    }

    fn seconds(&self, units: u64) -> f64 {
        units as f64 / f64::from(self.timescale.max(1))
    }

    /// Length of the table samples, as edited, and of the fragments; `None` if unknown.
    pub(crate) fn length(
        &self,
        cursor: &mut Cursor<'_>,
        samples: &SampleTotals,
        movie_scale: u32,
    ) -> ParseResult<Option<TrackLength>> {
        if self.timescale == 0 {
            return Ok(None);
        }
        let mut length = TrackLength { pictures: 0.0, reach: 0.0, shown: 1.0 };
        if samples.count > 0 {
            let Some(units) = self.tables.duration(cursor, samples.count)? else { return Ok(None) };
            match self.edited(cursor, units, movie_scale)? {
                Some(edited) => length = edited,
                None => return Ok(None),
            }
        }
        if self.has_fragments() {
            if self.fragments.duration == 0 {
                return Ok(None);
            }
            length.pictures += self.seconds(self.fragments.duration);
            length.reach += self.seconds(self.fragments.duration);
        }
        Ok(Some(length))
    }

    /// The part of media of length `units` that the edit list shows.
    fn edited(
        &self,
        cursor: &mut Cursor<'_>,
        units: u64,
        movie_scale: u32,
    ) -> ParseResult<Option<TrackLength>> {
        let all = self.seconds(units);
        let whole = TrackLength { pictures: all, reach: all, shown: 1.0 };
        let Some((start, end)) = self.edits else { return Ok(Some(whole)) };
        let first = self.tables.first_offset(cursor)? as f64 / f64::from(self.timescale);
        cursor.jump(start)?;
        let (version, _) = version(cursor)?;
        let width = if version == 0 { 12 } else { 20 };
        let count = u64::from(cursor.be32()?);
        let count = count.min(end.saturating_sub(cursor.position()) / width);
        // An edit list without a time scale shows everything.
        if count == 0 || movie_scale == 0 {
            return Ok(Some(whole));
        }
        if count > MAX_EDITS {
            return Ok(None);
        }
        let mut length = TrackLength { pictures: 0.0, reach: 0.0, shown: 1.0 };
        for _ in 0..count {
            let duration = time(cursor, version)? as f64 / f64::from(movie_scale);
            let from = if version == 0 {
                i64::from(cursor.be32()?.cast_signed())
            } else {
                cursor.be64()?.cast_signed()
            };
            cursor.skip(4)?;
            if from < 0 {
                length.reach += duration;
                continue;
            }
            let from = from as f64 / f64::from(self.timescale);
            let until = if duration > 0.0 { from + duration } else { f64::INFINITY };
            let shown = (until.min(first + all) - from.max(first)).max(0.0);
            length.pictures += shown;
            length.reach += if duration.is_finite() { duration.max(shown) } else { shown };
        }
        length.shown = length.pictures / all;
        Ok(Some(length))
    }

    /// Whether the pictures have alpha, according to the codec or the first sample at `first`.
    pub(crate) fn alpha(
        &self,
        cursor: &mut Cursor<'_>,
        first: Option<u64>,
    ) -> ParseResult<Option<bool>> {
        let by_depth = match self.depth {
            32 => Some(true),
            24 | 16 => Some(false),
            _ => None,
        };
        Ok(match &self.codec {
            // ProRes 4444 states in each frame header whether alpha follows (RDD 36).
            b"ap4h" | b"ap4x" => match sample_head::<26>(cursor, first)? {
                Some(frame) if &frame[4..8] == b"icpf" => Some(frame[25] & 0x0f != 0),
                _ => by_depth,
            },
            b"png " => match sample_head::<26>(cursor, first)? {
                Some(frame) if frame.starts_with(b"\x89PNG") => Some(matches!(frame[25], 4 | 6)),
                _ => by_depth,
            },
            b"rle " => by_depth,
            b"v408" | b"AYUV" | b"b64a" | b"Hap5" | b"HapM" => Some(true),
            b"avc1" | b"avc3" | b"mp4v" | b"av01" | b"vp08" | b"vp09" | b"jpeg" | b"mjpa"
            | b"apch" | b"apcn" | b"apcs" | b"apco" | b"s263" => Some(false),
            _ => None,
        })
    }
}

fn sample_head<const N: usize>(
    cursor: &mut Cursor<'_>,
    first: Option<u64>,
) -> ParseResult<Option<[u8; N]>> {
    match first {
        Some(offset) if offset.saturating_add(N as u64) <= cursor.length() => {
            cursor.jump(offset)?;
            cursor.take().map(Some)
        }
        _ => Ok(None),
    }
}
