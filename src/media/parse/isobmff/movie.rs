//! A whole file: its index (`moov`), fragments (`moof`), and the track that is played.

use super::boxes::{
    FourCc, SOUND, STILLS, VIDEO, child, handler_of_meta, next, skip_dates, time, version,
};
use super::samples::{SampleDefaults, SampleRun, SampleTotals};
use super::track::Track;
use crate::media::parse::cursor::{Cursor, ParseError, ParseResult};
use crate::media::stream_info::{StreamDefect, StreamInfo, track_preference};

/// Maximum number of tracks that are kept.
const MAX_TRACKS: usize = 64;

#[derive(Default)]
struct Movie {
    /// Units per second in edit lists.
    timescale: u32,
    tracks: Vec<Track>,
    /// Defaults of `trex` by track id, which may precede the track.
    defaults: Vec<(u32, SampleDefaults)>,
    has_index: bool,
    fragments: u64,
    has_fragment_index: bool,
    /// Whether the file is a HEIF or AVIF picture.
    has_stills: bool,
    note: Option<StreamDefect>,
}

/// Parses the file.
pub(crate) fn read(cursor: &mut Cursor<'_>) -> ParseResult<StreamInfo> {
    let mut movie = Movie::default();
    loop {
        let start = cursor.position();
        let head = match next(cursor, cursor.length()) {
            Ok(Some(head)) => head,
            Ok(None) => break,
            // Data after a complete movie is not part of it.
            Err(ParseError::Malformed(_)) if movie.has_index => {
                movie.note = Some(StreamDefect::Tail(cursor.length() - start));
                break;
            }
            Err(flaw) => return Err(flaw),
        };
        if head.end > cursor.length() {
            if matches!(&head.kind, b"moov" | b"moof") {
                return Err(ParseError::CutShort { expected: Some(head.end) });
            }
            // The sample tables decide whether pictures are missing.
            movie.note = Some(if is_known(head.kind) {
                StreamDefect::Overrun(head.end)
            } else {
                StreamDefect::Tail(cursor.length() - start)
            });
            break;
        }
        match &head.kind {
            b"moov" if !movie.has_index => {
                movie.has_index = true;
                movie.read_index(cursor, head.end)?;
            }
            b"moof" => {
                movie.fragments += 1;
                movie.read_fragment(cursor, start, head.end)?;
            }
            b"mfra" => movie.has_fragment_index = true,
            b"meta" => movie.has_stills |= handler_of_meta(cursor, head.end)? == Some(STILLS),
            _ => {}
        }
        cursor.jump(head.end)?;
    }
    if movie.has_index {
        return movie.stream_info(cursor);
    }
    Err(if movie.fragments > 0 {
        ParseError::Unusable(
            "a segment of a stream without its initialisation segment; join them first: \
             cat init.mp4 segment*.m4s > whole.mp4",
        )
    } else if movie.has_stills {
        ParseError::Unusable("a HEIF or AVIF picture, not a video")
    } else {
        // Recorders write the index last: without it the file is unfinished or truncated.
        match movie.note {
            Some(StreamDefect::Overrun(end)) => ParseError::CutShort { expected: Some(end) },
            _ => ParseError::CutShort { expected: None },
        }
    })
}

fn is_known(kind: FourCc) -> bool {
    matches!(
        &kind,
        b"ftyp"
            | b"moov"
            | b"mdat"
            | b"moof"
            | b"mfra"
            | b"free"
            | b"skip"
            | b"wide"
            | b"udta"
            | b"meta"
            | b"sidx"
            | b"styp"
            | b"uuid"
    )
}

impl Movie {
    /// `moov`.
    fn read_index(&mut self, cursor: &mut Cursor<'_>, end: u64) -> ParseResult<()> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"mvhd" => {
                    skip_dates(cursor)?;
                    self.timescale = cursor.be32()?;
                }
                b"trak" if self.tracks.len() < MAX_TRACKS => {
                    let mut track = Track::default();
                    track.read(cursor, head.end)?;
                    self.tracks.push(track);
                }
                b"mvex" => self.read_extends(cursor, head.end)?,
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `mvex`: defaults of all fragments.
    fn read_extends(&mut self, cursor: &mut Cursor<'_>, end: u64) -> ParseResult<()> {
        while let Some(head) = child(cursor, end)? {
            if &head.kind == b"trex" && self.defaults.len() < MAX_TRACKS {
                version(cursor)?;
                let id = cursor.be32()?;
                cursor.skip(4)?;
                let (duration, size) = (cursor.be32()?, cursor.be32()?);
                self.defaults.push((id, SampleDefaults { duration, size }));
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `moof` at `start`.
    fn read_fragment(&mut self, cursor: &mut Cursor<'_>, start: u64, end: u64) -> ParseResult<()> {
        // Default start of the data of the next track fragment.
        let mut data = start;
        while let Some(head) = child(cursor, end)? {
            if &head.kind == b"traf" {
                self.read_track_fragment(cursor, start, &mut data, head.end)?;
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `traf`: its start (`tfdt`) and the durations of its samples (`trun`).
    fn read_track_fragment(
        &mut self,
        cursor: &mut Cursor<'_>,
        moof: u64,
        data: &mut u64,
        end: u64,
    ) -> ParseResult<()> {
        let (mut id, mut defaults, mut begin) = (0, SampleDefaults::default(), None);
        let mut base = *data;
        let mut run = SampleRun::default();
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"tfhd" => {
                    let (_, flags) = version(cursor)?;
                    id = cursor.be32()?;
                    let known = self.defaults.iter().find(|(track, _)| *track == id);
                    defaults = known.map(|(_, defaults)| *defaults).unwrap_or_default();
                    if flags & 0x1 != 0 {
                        base = cursor.be64()?;
                    } else if flags & 0x2_0000 != 0 {
                        base = moof;
                    }
                    *data = base;
                    cursor.skip(if flags & 0x2 == 0 { 0 } else { 4 })?;
                    if flags & 0x8 != 0 {
                        defaults.duration = cursor.be32()?;
                    }
                    if flags & 0x10 != 0 {
                        defaults.size = cursor.be32()?;
                    }
                }
                b"tfdt" => {
                    let (version, _) = version(cursor)?;
                    begin = Some(time(cursor, version)?);
                }
                b"trun" => run.add(cursor, head.end, base, data, defaults)?,
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) {
            track.add_fragment(begin, &run);
        }
        Ok(())
    }

    /// The track that FFmpeg chooses by default, with its samples: the largest picture, except for
    /// covers and chapters.
    fn video<'a>(
        &self,
        tracks: &[(&'a Track, SampleTotals)],
    ) -> ParseResult<(&'a Track, SampleTotals)> {
        let of_kind = |kind: FourCc| self.tracks.iter().filter(move |track| track.handler == kind);
        let is_chapter =
            |track: &Track| self.tracks.iter().any(|other| other.chapters.contains(&track.id));
        let has_pictures =
            |track: &Track, samples: &SampleTotals| track.has_fragments() || samples.count > 0;
        let videos =
            tracks.iter().filter(|(track, _)| track.handler == VIDEO && !is_chapter(track));
        let chosen = videos.rev().max_by_key(|(track, samples)| {
            let (width, height) = track.size.unwrap_or_default();
            (has_pictures(track, samples), track_preference(width, height, track.is_default))
        });
        match chosen {
            Some((track, _)) if track.is_encrypted => Err(ParseError::ENCRYPTED),
            Some((track, samples)) if has_pictures(track, samples) => Ok((*track, *samples)),
            Some(_) => Err(ParseError::NO_PICTURES),
            None if of_kind(VIDEO).next().is_some() => {
                Err(ParseError::Unusable("sound with chapter pictures, not a video"))
            }
            None if of_kind(STILLS).next().is_some() => {
                Err(ParseError::Unusable("a sequence of HEIF or AVIF pictures, not a video"))
            }
            None => Err(ParseError::NoVideoTrack),
        }
    }

    fn stream_info(&self, cursor: &mut Cursor<'_>) -> ParseResult<StreamInfo> {
        let mut tracks = Vec::new();
        for track in self.tracks.iter().filter(|track| [VIDEO, SOUND].contains(&track.handler)) {
            tracks.push((track, track.tables.samples(cursor)?));
        }
        let (track, table) = self.video(&tracks)?;
        let mut end = table.end;
        for (other, samples) in tracks.iter().filter(|(track, _)| !track.is_external) {
            end = end.max(samples.end).max(other.fragments.end);
        }
        if end > cursor.length() {
            return Err(if track.is_external {
                ParseError::Unusable(
                    "a reference movie: its pictures are in another file; save it self-contained",
                )
            } else {
                ParseError::CutShort { expected: Some(end) }
            });
        }
        let length = track.length(cursor, &table, self.timescale)?;
        let shown = shown(table.count, length.map_or(1.0, |length| length.shown));
        let frames = shown.saturating_add(track.fragments.count);
        // The file starts with its earliest track.
        let spans = self.tracks.iter().filter_map(Track::fragment_span);
        let first = spans.map(|(first, _)| first).fold(f64::MAX, f64::min);
        let reached = track.fragment_span().map_or(0.0, |(_, last)| last - first);
        Ok(StreamInfo {
            duration: length.map(|length| length.pictures).filter(|seconds| *seconds > 0.0),
            reach: length.map_or(0.0, |length| length.reach).max(reached),
            width: track.size.map(|(width, _)| width),
            height: track.size.map(|(_, height)| height),
            has_alpha: track.alpha(cursor, table.first)?,
            complete: self.fragments == 0 || self.has_fragment_index,
            frames: Some(frames),
            note: self.note,
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
fn shown(count: u64, share: f64) -> u64 {
    (count as f64 * share).round() as u64
}
