//! One track: who it is for, how long it lasts, what its pictures are.

use std::io::{Read, Seek};

use super::{Kind, child, length, skip, version};
use crate::media::reader::{Cursor, Flaw};

#[derive(Default)]
pub(super) struct Track {
    pub(super) id: u32,
    pub(super) handler: Kind,
    /// Units a second, for the media.
    pub(super) timescale: u32,
    /// Length of the media in its own units.
    pub(super) media: u64,
    /// Length as presented, in the movie's units; edit lists are applied.
    pub(super) presented: u64,
    codec: Kind,
    pub(super) size: Option<(u32, u32)>,
    depth: u16,
    /// Where the first sample lies.
    first_sample: Option<u64>,
    /// Length of a sample in a fragment that does not say.
    pub(super) fragment_default: u32,
    /// From where to where the fragments reach, in the media's units.
    pub(super) fragments: Option<(u64, u64)>,
}

impl Track {
    /// `trak`, and the boxes on the way down to the sample table.
    pub(super) fn read<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
    ) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"tkhd" => {
                    let (version, _) = version(cursor)?;
                    skip(cursor, if version == 0 { 8 } else { 16 })?;
                    self.id = cursor.be32()?;
                    skip(cursor, 4)?;
                    self.presented = length(cursor, version)?;
                }
                b"mdia" => self.read_media(cursor, head.end)?,
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `mdia`.
    fn read_media<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>, end: u64) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                b"mdhd" => {
                    let (version, _) = version(cursor)?;
                    skip(cursor, if version == 0 { 8 } else { 16 })?;
                    self.timescale = cursor.be32()?;
                    self.media = length(cursor, version)?;
                }
                b"hdlr" => {
                    skip(cursor, 8)?;
                    self.handler = cursor.take()?;
                }
                b"minf" => self.read_information(cursor, head.end)?,
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// `minf` and `stbl`.
    fn read_information<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
    ) -> Result<(), Flaw> {
        while let Some(head) = child(cursor, end)? {
            match &head.kind {
                // Its children follow its header at once: enter it and go on.
                b"stbl" => continue,
                b"stsd" if &self.handler == b"vide" => self.read_description(cursor)?,
                b"stco" => {
                    skip(cursor, 4)?;
                    if cursor.be32()? > 0 {
                        self.first_sample = Some(u64::from(cursor.be32()?));
                    }
                }
                b"co64" => {
                    skip(cursor, 4)?;
                    if cursor.be32()? > 0 {
                        self.first_sample = Some(cursor.be64()?);
                    }
                }
                _ => {}
            }
            cursor.jump(head.end)?;
        }
        Ok(())
    }

    /// The first entry of `stsd`: codec, picture size, depth.
    fn read_description<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<(), Flaw> {
        version(cursor)?;
        if cursor.be32()? == 0 {
            return Ok(());
        }
        skip(cursor, 4)?;
        self.codec = cursor.take()?;
        skip(cursor, 24)?;
        let (width, height) = (u32::from(cursor.be16()?), u32::from(cursor.be16()?));
        self.size = (width > 0 && height > 0).then_some((width, height));
        skip(cursor, 46)?;
        self.depth = cursor.be16()?;
        Ok(())
    }

    /// Whether the pictures have alpha, where the codec or its first sample tells.
    pub(super) fn alpha<R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
    ) -> Result<Option<bool>, Flaw> {
        let by_depth = match self.depth {
            32 => Some(true),
            24 | 16 => Some(false),
            _ => None,
        };
        Ok(match &self.codec {
            // ProRes 4444 says in each frame header whether alpha follows (RDD 36).
            b"ap4h" | b"ap4x" => match self.sample_head::<26, _>(cursor)? {
                Some(frame) if &frame[4..8] == b"icpf" => Some(frame[25] & 0x0f != 0),
                _ => by_depth,
            },
            b"png " => match self.sample_head::<26, _>(cursor)? {
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

    fn sample_head<const N: usize, R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
    ) -> Result<Option<[u8; N]>, Flaw> {
        match self.first_sample {
            Some(offset) if offset.saturating_add(N as u64) <= cursor.length() => {
                cursor.jump(offset)?;
                cursor.take().map(Some)
            }
            _ => Ok(None),
        }
    }
}
