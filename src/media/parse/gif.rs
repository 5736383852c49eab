//! GIF, read with the `gif` crate: length, size and transparency.

use std::io::BufReader;
use std::num::NonZeroU64;

use gif::{DecodeOptions, DecodingError, DisposalMethod, Frame, MemoryLimit};

use super::cursor::{ParseError, ParseResult, Source};
use crate::media::memory_budget;
use crate::media::stream_info::StreamInfo;

/// Maximum size of a decoded frame in bytes: 16,384 x 16,384 pixels of one byte.
const MAX_FRAME_BYTES: NonZeroU64 = NonZeroU64::new(16_384 * 16_384).expect("not zero");

/// Delay that browsers use for frames without one, in hundredths of a second.
const DEFAULT_DELAY: u64 = 10;

pub(crate) fn read(source: &mut dyn Source) -> ParseResult<StreamInfo> {
    let mut options = DecodeOptions::new();
    options.set_memory_limit(MemoryLimit::Bytes(MAX_FRAME_BYTES));
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(BufReader::new(source)).map_err(parse_error)?;
    let (width, height) = (decoder.width(), decoder.height());
    let _memory = memory_budget::reserve(u64::from(width) * u64::from(height));

    // Encoders declare a transparent colour in opaque clips too, to omit unchanged parts.
    // Transparency is proven only by the first frame and by frames that are cleared.
    let first = decoder.read_next_frame().map_err(parse_error)?.ok_or(ParseError::NoVideoTrack)?;
    let covers = (first.left, first.top, first.width, first.height) == (0, 0, width, height);
    let mut has_alpha = !covers
        || first.transparent.is_some_and(|clear| first.buffer.contains(&clear))
        || clears(first);
    let mut centiseconds = delay(first);
    let mut frames = 1;
    while let Some(frame) = decoder.next_frame_info().map_err(parse_error)? {
        frames += 1;
        centiseconds += delay(frame);
        has_alpha |= clears(frame);
    }
    Ok(StreamInfo {
        duration: Some(centiseconds as f64 / 100.0),
        width: Some(u32::from(width)),
        height: Some(u32::from(height)),
        has_alpha: Some(has_alpha),
        complete: true,
        frames: Some(frames),
        ..StreamInfo::default()
    })
}

fn clears(frame: &Frame<'_>) -> bool {
    frame.transparent.is_some() && frame.dispose == DisposalMethod::Background
}

fn delay(frame: &Frame<'_>) -> u64 {
    match frame.delay {
        0 => DEFAULT_DELAY,
        stated => u64::from(stated),
    }
}

fn parse_error(error: DecodingError) -> ParseError {
    match error {
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            truncated()
        }
        DecodingError::Io(error) => ParseError::Io(error),
        DecodingError::UnexpectedEof => truncated(),
        DecodingError::MemoryLimit | DecodingError::OutOfMemory => {
            ParseError::Malformed("a frame is larger than 16384x16384 pixels")
        }
        _ => ParseError::Malformed("it does not follow the GIF format"),
    }
}

fn truncated() -> ParseError {
    ParseError::CutShort { expected: None }
}
