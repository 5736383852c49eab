//! Reads MP4 and `QuickTime` files: boxes in boxes (ISO/IEC 14496-12, and the `QuickTime` file
//! format where it differs). Only what a plan and a check need: how long, how large, whether
//! alpha, whether whole. Media data and sample tables are jumped over.

mod track;

use std::io::{Read, Seek};

use super::probe::Facts;
use super::reader::{Cursor, Flaw};
use track::Track;

/// More tracks than this are not kept.
const MOST_TRACKS: usize = 64;

type Kind = [u8; 4];

/// A box: its name and where it ends.
struct Head {
    kind: Kind,
    end: u64,
}

#[derive(Default)]
struct Movie {
    timescale: u32,
    fragmented_length: u64,
    tracks: Vec<Track>,
    has_index: bool,
    has_fragments: bool,
    has_fragment_index: bool,
}

/// Reads the whole structure of the file under `cursor`.
pub(super) fn read<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Facts, Flaw> {
    let mut movie = Movie::default();
    while let Some(head) = next(cursor, cursor.length())? {
        if head.end > cursor.length() {
            // Padding or a foreign tail after a whole movie harms nobody.
            if movie.has_index && !is_known(head.kind) {
                break;
            }
            return Err(Flaw::CutShort { expected: Some(head.end) });
        }
        match &head.kind {
            b"moov" => {
                movie.has_index = true;
                movie.read_index(cursor, head.end)?;
            }
            b"moof" => {
                movie.has_fragments = true;
                movie.read_fragment(cursor, head.end)?;
            }
            b"mfra" => movie.has_fragment_index = true,
            _ => {}
        }
        cursor.jump(head.end)?;
    }
    if !movie.has_index {
        // Recorders write the index last: without it the file is unfinished or cut.
        return Err(Flaw::CutShort { expected: None });
    }
    movie.facts(cursor)
}

fn is_known(kind: Kind) -> bool {
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

/// The header of the next box before `end`; none where only padding is left.
fn next<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<Option<Head>, Flaw> {
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
        return Err(Flaw::Malformed("a box is smaller than its own header"));
    }
    let end = start.checked_add(size).ok_or(Flaw::Malformed("a box is larger than any file"))?;
    Ok(Some(Head { kind, end }))
}

/// The header of the next box inside a box that ends at `end`.
fn child<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64) -> Result<Option<Head>, Flaw> {
    match next(cursor, end)? {
        Some(head) if head.end > end => Err(Flaw::Malformed("a box reaches out of its parent")),
        other => Ok(other),
    }
}

/// Version and flags of a full box.
fn version<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<(u8, u32), Flaw> {
    let [version, high, middle, low] = cursor.take()?;
    Ok((version, u32::from_be_bytes([0, high, middle, low])))
}

/// A length that is 32 bits wide in version 0 and 64 in version 1; all ones mean "unknown".
fn length<R: Read + Seek>(cursor: &mut Cursor<R>, version: u8) -> Result<u64, Flaw> {
    Ok(if version == 0 {
        match cursor.be32()? {
            u32::MAX => 0,
            length => u64::from(length),
        }
    } else {
        match cursor.be64()? {
            u64::MAX => 0,
            length => length,
        }
    })
}

fn skip<R: Read + Seek>(cursor: &mut Cursor<R>, bytes: u64) -> Result<(), Flaw> {
    cursor.jump(cursor.position().saturating_add(bytes))
}

impl Movie {
    /// `moov`.
    fn read_index<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>, end: u64) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"mvhd" => {
                    let (version, _) = version(cursor)?;
                    skip(cursor, if version == 0 { 8 } else { 16 })?;
                    self.timescale = cursor.be32()?;
                }
                b"trak" if self.tracks.len() < MOST_TRACKS => {
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

    /// `mvex`: what holds for all fragments.
    fn read_extends<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
    ) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"mehd" => {
                    let (version, _) = version(cursor)?;
                    self.fragmented_length = length(cursor, version)?;
                }
                b"trex" => {
                    version(cursor)?;
                    let id = cursor.be32()?;
                    skip(cursor, 4)?;
                    let default = cursor.be32()?;
                    if let Some(track) = self.track(id) {
                        track.fragment_default = default;
                    }
                }
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `moof`.
    fn read_fragment<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
    ) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            if &head.kind == b"traf" {
                self.read_track_fragment(cursor, head.end)?;
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `traf`: where it begins (`tfdt`) and how long its samples are (`trun`).
    fn read_track_fragment<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
    ) -> Result<(), Flaw> {
        let (mut id, mut default, mut begin, mut samples) = (0, None, None, 0_u64);
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"tfhd" => {
                    let (_, flags) = version(cursor)?;
                    id = cursor.be32()?;
                    skip(cursor, if flags & 1 == 0 { 0 } else { 8 })?;
                    skip(cursor, if flags & 2 == 0 { 0 } else { 4 })?;
                    if flags & 8 != 0 {
                        default = Some(cursor.be32()?);
                    }
                }
                b"tfdt" => {
                    let (version, _) = version(cursor)?;
                    begin = Some(length(cursor, version)?);
                }
                b"trun" => {
                    let each = default
                        .or_else(|| self.track(id).map(|track| track.fragment_default))
                        .unwrap_or(0);
                    samples = samples.saturating_add(run_length(cursor, head.end, each)?);
                }
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        if let Some(track) = self.track(id) {
            let (first, last) = track.fragments.unwrap_or_else(|| {
                let start = begin.unwrap_or(0);
                (start, start)
            });
            let reached = begin.unwrap_or(last).saturating_add(samples);
            track.fragments = Some((first.min(begin.unwrap_or(first)), last.max(reached)));
        }
        Ok(())
    }

    fn track(&mut self, id: u32) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.id == id)
    }

    fn facts<R: Read + Seek>(&self, cursor: &mut Cursor<R>) -> Result<Facts, Flaw> {
        let track =
            self.tracks.iter().find(|track| &track.handler == b"vide").ok_or(Flaw::NoVideoTrack)?;
        Ok(Facts {
            duration: self.duration(track),
            width: track.size.map(|(width, _)| width),
            height: track.size.map(|(_, height)| height),
            has_alpha: track.alpha(cursor)?,
            complete: !self.has_fragments || self.has_fragment_index,
            frames: None,
        })
    }

    /// Seconds of the video track: the longest of what the headers and the fragments say.
    fn duration(&self, track: &Track) -> Option<f64> {
        let seconds = |length: u64, scale: u32| {
            if scale == 0 { 0.0 } else { length as f64 / f64::from(scale) }
        };
        let mut header = seconds(track.presented, self.timescale);
        if header == 0.0 {
            header = seconds(track.media, track.timescale);
        }
        let (first, last) = track.fragments.unwrap_or_default();
        let longest = header
            .max(seconds(last.saturating_sub(first), track.timescale))
            .max(seconds(self.fragmented_length, self.timescale));
        (longest > 0.0).then_some(longest)
    }
}

/// Units that the samples of one `trun` last, `each` being the length of those that do not say.
fn run_length<R: Read + Seek>(cursor: &mut Cursor<R>, end: u64, each: u32) -> Result<u64, Flaw> {
    let (_, flags) = version(cursor)?;
    let count = cursor.be32()?;
    skip(cursor, if flags & 1 == 0 { 0 } else { 4 })?;
    skip(cursor, if flags & 4 == 0 { 0 } else { 4 })?;
    if flags & 0x100 == 0 {
        return Ok(u64::from(count) * u64::from(each));
    }
    let rest = u64::from((flags & 0xe00).count_ones()) * 4;
    if u64::from(count) * (4 + rest) > end.saturating_sub(cursor.position()) {
        return Err(Flaw::Malformed("a run has more samples than room"));
    }
    let mut total = 0_u64;
    for _ in 0..count {
        total = total.saturating_add(u64::from(cursor.be32()?));
        skip(cursor, rest)?;
    }
    Ok(total)
}
