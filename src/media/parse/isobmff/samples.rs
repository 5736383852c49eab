//! Number, duration and end of samples, from sample tables and from the runs of fragments. Tables
//! are streamed.

use super::boxes::{ByteRange, version};
use crate::media::parse::cursor::{Cursor, ParseError, ParseResult};

/// Defaults for samples of a fragment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleDefaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
}

/// Totals of the `trun` boxes of a track or a fragment.
#[derive(Debug, Default)]
pub(crate) struct SampleRun {
    pub(crate) count: u64,
    pub(crate) duration: u64,
    /// Offset after the last byte.
    pub(crate) end: u64,
}

impl SampleRun {
    /// Adds a `trun` box with data at `data`, or at its own offset from `base`.
    pub(crate) fn add(
        &mut self,
        cursor: &mut Cursor<'_>,
        end: u64,
        base: u64,
        data: &mut u64,
        defaults: SampleDefaults,
    ) -> ParseResult<()> {
        let (_, flags) = version(cursor)?;
        let count = cursor.be32()?;
        if flags & 0x1 != 0 {
            let offset = i64::from(cursor.be32()?.cast_signed());
            *data = base.saturating_add_signed(offset);
        }
        cursor.skip(if flags & 0x4 == 0 { 0 } else { 4 })?;
        let (has_duration, has_size) = (flags & 0x100 != 0, flags & 0x200 != 0);
        let rest = u64::from((flags & 0xc00).count_ones()) * 4;
        let each = u64::from((flags & 0xf00).count_ones()) * 4;
        let count = u64::from(count);
        if count * each > end.saturating_sub(cursor.position()) {
            return Err(ParseError::Malformed("a run has more samples than its box can hold"));
        }
        if !has_duration && !has_size {
            // Samples without bytes do not count.
            if defaults.size == 0 {
                return Ok(());
            }
            self.duration = self.duration.saturating_add(count * u64::from(defaults.duration));
            *data = data.saturating_add(count * u64::from(defaults.size));
        } else {
            for _ in 0..count {
                let duration = if has_duration { cursor.be32()? } else { defaults.duration };
                let size = if has_size { cursor.be32()? } else { defaults.size };
                cursor.skip(rest)?;
                self.duration = self.duration.saturating_add(u64::from(duration));
                *data = data.saturating_add(u64::from(size));
            }
        }
        self.count = self.count.saturating_add(count);
        self.end = self.end.max(*data);
        Ok(())
    }
}

/// Positions of the sample tables of a track.
#[derive(Debug, Default)]
pub(crate) struct SampleTables {
    /// `stts`: durations.
    pub(crate) durations: Option<ByteRange>,
    /// `ctts`: offsets from decoding to presentation.
    pub(crate) offsets: Option<ByteRange>,
    /// `stsc`: samples per chunk.
    pub(crate) chunks: Option<ByteRange>,
    /// `stsz`, or `stz2`.
    pub(crate) sizes: Option<ByteRange>,
    pub(crate) has_compact_sizes: bool,
    /// `stco`, or `co64`.
    pub(crate) chunk_offsets: Option<ByteRange>,
    pub(crate) has_wide_chunk_offsets: bool,
}

/// Totals of the sample tables of a track.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleTotals {
    pub(crate) count: u64,
    /// Offset of the first sample.
    pub(crate) first: Option<u64>,
    /// Offset after the last sample.
    pub(crate) end: u64,
}

/// The number of entries of `width` bytes in a table, limited by its size. Moves the cursor to the
/// first one.
fn entries(cursor: &mut Cursor<'_>, (start, end): ByteRange, width: u64) -> ParseResult<u64> {
    cursor.jump(start)?;
    version(cursor)?;
    let count = u64::from(cursor.be32()?);
    Ok(count.min(end.saturating_sub(cursor.position()) / width))
}

impl SampleTables {
    /// Counts the samples and finds the end of the last.
    pub(crate) fn samples(&self, cursor: &mut Cursor<'_>) -> ParseResult<SampleTotals> {
        let (Some(chunk_offsets), Some(chunks), Some(sizes)) =
            (self.chunk_offsets, self.chunks, self.sizes)
        else {
            return Ok(SampleTotals::default());
        };
        let width = if self.has_wide_chunk_offsets { 8 } else { 4 };
        let number = entries(cursor, chunk_offsets, width)?;
        let (mut first, mut last) = (None, (0, 0));
        for chunk in 0..number {
            let offset = if self.has_wide_chunk_offsets {
                cursor.be64()?
            } else {
                u64::from(cursor.be32()?)
            };
            first.get_or_insert(offset);
            if offset >= last.1 {
                last = (chunk, offset);
            }
        }
        // Samples before the last chunk, in it, and in total.
        let (mut before, mut within, mut total) = (0_u64, 0_u64, 0_u64);
        let runs = entries(cursor, chunks, 12)?;
        let mut run = (0, 0);
        for index in 0..=runs {
            let (begin, each) = if index < runs {
                let begin = u64::from(cursor.be32()?).saturating_sub(1);
                let each = u64::from(cursor.be32()?);
                cursor.skip(4)?;
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

    /// The number of samples with a size, and the bytes of `number` samples from `from` on.
    fn bytes(
        &self,
        cursor: &mut Cursor<'_>,
        (start, end): ByteRange,
        from: u64,
        number: u64,
    ) -> ParseResult<(u64, u64)> {
        cursor.jump(start)?;
        version(cursor)?;
        let all_alike = cursor.be32()?;
        let stated = u64::from(cursor.be32()?);
        if !self.has_compact_sizes && all_alike > 0 {
            // Old writers state 1 for compressed audio, which is not a size in bytes.
            let each = if all_alike == 1 { 0 } else { u64::from(all_alike) };
            let number = number.min(stated.saturating_sub(from));
            return Ok((stated, number.saturating_mul(each)));
        }
        // The compact form has the bits per size instead of a common size.
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

    /// Duration of `count` samples in units of the media. The last entry applies to all further
    /// samples. `None` if the table is implausible.
    pub(crate) fn duration(&self, cursor: &mut Cursor<'_>, count: u64) -> ParseResult<Option<u64>> {
        let Some(table) = self.durations else { return Ok(None) };
        let (mut total, mut left, mut each) = (0_u64, count, 0);
        for _ in 0..entries(cursor, table, 8)? {
            let samples = u64::from(cursor.be32()?).min(left);
            each = cursor.be32()?;
            // Some writers use these for negative corrections.
            if each > i32::MAX as u32 {
                return Ok(None);
            }
            total = total.saturating_add(samples.saturating_mul(u64::from(each)));
            left -= samples;
        }
        total = total.saturating_add(left.saturating_mul(u64::from(each)));
        Ok((total > 0).then_some(total))
    }

    /// Offset from decoding to presentation of the first sample, in units of the media.
    pub(crate) fn first_offset(&self, cursor: &mut Cursor<'_>) -> ParseResult<i64> {
        let Some(table) = self.offsets else { return Ok(0) };
        if entries(cursor, table, 8)? == 0 {
            return Ok(0);
        }
        cursor.skip(4)?;
        Ok(i64::from(cursor.be32()?.cast_signed()))
    }
}
