//! How many samples there are, how long they last and where they end: sample tables and the runs
//! of fragments. The tables are streamed, never kept.

use std::io::{Read, Seek};

use super::{ByteRange, skip, version};
use crate::media::parse::cursor::{Cursor, ParseError};

/// What holds for the samples of a fragment that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleDefaults {
    /// Units of the media.
    pub(crate) duration: u32,
    /// Bytes.
    pub(crate) size: u32,
}

/// The samples of the `trun` boxes of one track, or of one fragment of it.
#[derive(Debug, Default)]
pub(crate) struct SampleRun {
    pub(crate) count: u64,
    /// Units of the media.
    pub(crate) duration: u64,
    /// Where the last byte of them is followed by something else.
    pub(crate) end: u64,
}

impl SampleRun {
    /// Adds a `trun` box. Its data begins at `data` unless it says where from `base` on.
    pub(crate) fn add<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        end: u64,
        base: u64,
        data: &mut u64,
        defaults: SampleDefaults,
    ) -> Result<(), ParseError> {
        let (_, flags) = version(cursor)?;
        let count = cursor.be32()?;
        if flags & 0x1 != 0 {
            let offset = i64::from(cursor.be32()?.cast_signed());
            *data = base.saturating_add_signed(offset);
        }
        skip(cursor, if flags & 0x4 == 0 { 0 } else { 4 })?;
        let (has_duration, has_size) = (flags & 0x100 != 0, flags & 0x200 != 0);
        let rest = u64::from((flags & 0xc00).count_ones()) * 4;
        let each = u64::from((flags & 0xf00).count_ones()) * 4;
        let count = u64::from(count);
        if count * each > end.saturating_sub(cursor.position()) {
            return Err(ParseError::Malformed("a run has more samples than room"));
        }
        if !has_duration && !has_size {
            // Samples without bytes are none.
            if defaults.size == 0 {
                return Ok(());
            }
            self.duration = self.duration.saturating_add(count * u64::from(defaults.duration));
            *data = data.saturating_add(count * u64::from(defaults.size));
        } else {
            for _ in 0..count {
                let duration = if has_duration { cursor.be32()? } else { defaults.duration };
                let size = if has_size { cursor.be32()? } else { defaults.size };
                skip(cursor, rest)?;
                self.duration = self.duration.saturating_add(u64::from(duration));
                *data = data.saturating_add(u64::from(size));
            }
        }
        self.count = self.count.saturating_add(count);
        self.end = self.end.max(*data);
        Ok(())
    }
}

/// The sample tables of a track: where in the file each of them is.
#[derive(Debug, Default)]
pub(crate) struct SampleTables {
    /// `stts`: durations.
    pub(crate) durations: Option<ByteRange>,
    /// `ctts`: from decoding to presentation.
    pub(crate) offsets: Option<ByteRange>,
    /// `stsc`: samples of each chunk.
    pub(crate) chunks: Option<ByteRange>,
    /// `stsz`, or `stz2`.
    pub(crate) sizes: Option<ByteRange>,
    pub(crate) has_compact_sizes: bool,
    /// `stco`, or `co64`.
    pub(crate) places: Option<ByteRange>,
    pub(crate) has_wide_places: bool,
}

/// What the sample tables of a track amount to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleTotals {
    pub(crate) count: u64,
    /// Where the first one is.
    pub(crate) first: Option<u64>,
    /// Where the last one ends.
    pub(crate) end: u64,
}

/// Entries of a table of `width` bytes each: what is stated, but no more than it has room for. The
/// cursor is at the first one afterwards.
fn entries<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    (start, end): ByteRange,
    width: u64,
) -> Result<u64, ParseError> {
    cursor.jump(start)?;
    version(cursor)?;
    let count = u64::from(cursor.be32()?);
    Ok(count.min(end.saturating_sub(cursor.position()) / width))
}

impl SampleTables {
    /// Counts the samples and finds the end of the last one.
    pub(crate) fn samples<R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
    ) -> Result<SampleTotals, ParseError> {
        let (Some(places), Some(chunks), Some(sizes)) = (self.places, self.chunks, self.sizes)
        else {
            return Ok(SampleTotals::default());
        };
        let width = if self.has_wide_places { 8 } else { 4 };
        let number = entries(cursor, places, width)?;
        let (mut first, mut last) = (None, (0, 0));
        for chunk in 0..number {
            let place =
                if self.has_wide_places { cursor.be64()? } else { u64::from(cursor.be32()?) };
            first.get_or_insert(place);
            if place >= last.1 {
                last = (chunk, place);
            }
        }
        // Samples before the last chunk, in it, and in all.
        let (mut before, mut within, mut total) = (0_u64, 0_u64, 0_u64);
        let runs = entries(cursor, chunks, 12)?;
        let mut run = (0, 0);
        for index in 0..=runs {
            let (begin, each) = if index < runs {
                let begin = u64::from(cursor.be32()?).saturating_sub(1);
                let each = u64::from(cursor.be32()?);
                skip(cursor, 4)?;
                (begin.min(number), each)
            } else {
                (number, 0)
            };
            let (from, samples) = run;
            total = total.saturating_add(begin.saturating_sub(from).saturating_mul(samples));
            let early = last.0.clamp(from, begin.max(from)) - from;
            before = before.saturating_add(early.saturating_mul(samples));
            if (from..begin).contains(&last.0) {
                within = samples;
            }
            run = (begin.max(from), each);
        }
        let (count, bytes) = self.bytes(cursor, sizes, before, within)?;
        let count = count.min(total);
        let end = if count > 0 { last.1.saturating_add(bytes) } else { 0 };
        Ok(SampleTotals { count, first: first.filter(|_| count > 0), end })
    }

    /// How many samples have a size, and bytes of `number` of them from `from` on.
    fn bytes<R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
        (start, end): ByteRange,
        from: u64,
        number: u64,
    ) -> Result<(u64, u64), ParseError> {
        cursor.jump(start)?;
        version(cursor)?;
        let all_alike = cursor.be32()?;
        let stated = u64::from(cursor.be32()?);
        if !self.has_compact_sizes && all_alike > 0 {
            // Of compressed sound, old writers say 1, which is no size in bytes.
            let each = if all_alike == 1 { 0 } else { u64::from(all_alike) };
            let number = number.min(stated.saturating_sub(from));
            return Ok((stated, number.saturating_mul(each)));
        }
        // The compact form has the bits of a size in the place of the common size.
        let bits = if self.has_compact_sizes { u64::from(all_alike & 0xff) } else { 32 };
        if !matches!(bits, 4 | 8 | 16 | 32) {
            return Ok((0, 0));
        }
        let table = cursor.position();
        let count = stated.min(end.saturating_sub(table).saturating_mul(8) / bits);
        let number = number.min(count.saturating_sub(from));
        if number == 0 {
            return Ok((count, 0));
        }
        cursor.jump(table + from * bits / 8)?;
        let (mut total, mut pair) = (0_u64, 0_u8);
        for index in from..from + number {
            let size = match bits {
                32 => u64::from(cursor.be32()?),
                16 => u64::from(cursor.be16()?),
                8 => u64::from(u8::from_be_bytes(cursor.take()?)),
                _ => {
                    if index == from || index % 2 == 0 {
                        [pair] = cursor.take()?;
                    }
                    u64::from(if index % 2 == 0 { pair >> 4 } else { pair & 0xf })
                }
            };
            total = total.saturating_add(size);
        }
        Ok((count, total))
    }

    /// Units that `count` samples last, the last stated duration holding for all that follow; none
    /// where the table cannot be believed.
    pub(crate) fn duration<R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
        count: u64,
    ) -> Result<Option<u64>, ParseError> {
        let Some(table) = self.durations else { return Ok(None) };
        let (mut total, mut left, mut each) = (0_u64, count, 0);
        for _ in 0..entries(cursor, table, 8)? {
            let samples = u64::from(cursor.be32()?).min(left);
            each = cursor.be32()?;
            // Some writers mean negative corrections by such.
            if each > i32::MAX as u32 {
                return Ok(None);
            }
            total = total.saturating_add(samples.saturating_mul(u64::from(each)));
            left -= samples;
        }
        total = total.saturating_add(left.saturating_mul(u64::from(each)));
        Ok((total > 0).then_some(total))
    }

    /// When the first sample is shown, in units from its decoding on.
    pub(crate) fn first_offset<R: Read + Seek>(
        &self,
        cursor: &mut Cursor<R>,
    ) -> Result<i64, ParseError> {
        let Some(table) = self.offsets else { return Ok(0) };
        if entries(cursor, table, 8)? == 0 {
            return Ok(0);
        }
        skip(cursor, 4)?;
        Ok(i64::from(cursor.be32()?.cast_signed()))
    }
}
