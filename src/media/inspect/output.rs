//! Check of a downloaded output: size, container by content, completeness, alpha and length.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::media::archive::{ArchiveBounds, check_archive};
use crate::media::container::Container;
use crate::media::error::OutputError;
use crate::media::parse::{self, cursor::ParseError};
use crate::media::stream_info::{ExpectedLength, StreamDefect, StreamInfo};
use crate::model::OutputFormat;

/// Tolerated difference between output and input, in frames.
const TOLERATED_FRAMES: f64 = 2.0;

/// Assumed frame duration of an input without one, and the maximum frame duration of an output that
/// widens the tolerance, in seconds.
const MAX_FRAME_SECONDS: f64 = 0.1;

/// Rounding of times in any format, in seconds.
const ROUNDING_SECONDS: f64 = 0.005;

/// Frame rates of cinema and television, at which a service may sample a sequence.
const USUAL_RATES: [f64; 8] =
    [24.0, 25.0, 30.0, 50.0, 60.0, 24_000.0 / 1_001.0, 30_000.0 / 1_001.0, 60_000.0 / 1_001.0];

/// Size allowed for an output of any length, in bytes.
const MIN_SIZE_LIMIT: u64 = 256_000_000;

/// Assumed maximum length of a clip of unknown length, in seconds.
const DEFAULT_SECONDS: f64 = 600.0;

/// Characters shown of a text response.
const SHOWN_CHARS: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputSpec {
    pub format: OutputFormat,
    /// Whether it must have alpha.
    pub alpha: bool,
    /// Size announced by the server, in bytes.
    pub size: Option<u64>,
    /// Derived from the input, if known.
    pub length: Option<ExpectedLength>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedOutput {
    pub size: u64,
    /// Seconds, if known.
    pub duration: Option<f64>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// `None` if only a decoder can tell.
    pub has_alpha: Option<bool>,
}

/// Maximum size of an output of `seconds` in `format`, in bytes: 4K at 60 frames per second in the
/// best quality, and a minimum for short clips.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub fn largest_output(format: OutputFormat, seconds: Option<f64>) -> u64 {
    let bytes_per_second: u64 = match format {
        OutputFormat::Webm | OutputFormat::Mp4 => 40_000_000,
        OutputFormat::Webp | OutputFormat::Gif => 100_000_000,
        OutputFormat::Mov => 600_000_000,
        OutputFormat::PngSequence => 1_000_000_000,
    };
    let seconds = seconds.filter(|seconds| seconds.is_finite()).unwrap_or(DEFAULT_SECONDS);
    MIN_SIZE_LIMIT.saturating_add((bytes_per_second as f64 * seconds.max(0.0)) as u64)
}

/// Checks the file at `path` against `expected`.
///
/// # Errors
///
/// The difference. The file is not changed.
pub fn verify_output(path: &Path, expected: &OutputSpec) -> Result<VerifiedOutput, OutputError> {
    let unreadable = |error: io::Error| OutputError::Unreadable(error.to_string());
    let (container, size, mut file) = parse::open(path).map_err(unreadable)?;
    if let Some(promised) = expected.size
        && promised != size
    {
        return Err(OutputError::Length { expected: promised, actual: size });
    }
    if size == 0 {
        return Err(OutputError::Empty);
    }
    if !accepts(expected.format, container) {
        let (wanted, found) = (expected.format, container);
        return Err(match found {
            Container::Html | Container::Xml | Container::Json => {
                OutputError::Message { wanted, found, begins: text_start(file) }
            }
            _ => OutputError::WrongContainer { wanted, found },
        });
    }
    let stream = if expected.format == OutputFormat::PngSequence {
        sequence(path, container)?
    } else {
        parse::stream_info(container, &mut file, size)
            .map_err(|flaw| refusal(container, size, flaw))?
            .ok_or(OutputError::NoPictures(container))?
    };
    if expected.alpha && stream.has_alpha == Some(false) {
        return Err(OutputError::NoAlpha(container));
    }
    if let Some(StreamDefect::Overrun(end)) = stream.note {
        return Err(OutputError::CutShort { container, size, expected: Some(end) });
    }
    if let Some(length) = &expected.length {
        check_length(expected.format, length, &stream)?;
    }
    Ok(VerifiedOutput {
        size,
        duration: stream.duration,
        width: stream.width,
        height: stream.height,
        has_alpha: stream.has_alpha,
    })
}

fn accepts(format: OutputFormat, container: Container) -> bool {
    match format {
        OutputFormat::Webm => container == Container::WebM,
        OutputFormat::Mov => container == Container::QuickTime,
        OutputFormat::Mp4 => container == Container::Mp4,
        OutputFormat::Gif => container == Container::Gif,
        OutputFormat::Webp => container == Container::WebP,
        OutputFormat::PngSequence => {
            matches!(container, Container::Zip | Container::Tar | Container::TarGz)
        }
    }
}

/// Start of a text response.
fn text_start(file: File) -> String {
    let mut bytes = Vec::new();
    // Without text if it cannot be read.
    let _ = file.take(1_024).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN_CHARS).collect()
}

/// An archive of pictures as a stream without times.
fn sequence(path: &Path, container: Container) -> Result<StreamInfo, OutputError> {
    let summary = check_archive(path, ArchiveBounds::default())?;
    if summary.pictures == 0 {
        return Err(OutputError::NoPictures(container));
    }
    Ok(StreamInfo {
        width: summary.size.map(|(width, _)| width),
        height: summary.size.map(|(_, height)| height),
        // Some writers omit the channel in opaque pictures.
        has_alpha: Some(summary.with_alpha > 0),
        complete: true,
        frames: Some(summary.pictures),
        ..StreamInfo::default()
    })
}

/// Checks the length of an output against its input, if both are known.
fn check_length(
    format: OutputFormat,
    input: &ExpectedLength,
    stream: &StreamInfo,
) -> Result<(), OutputError> {
    let frames = stream.frames.filter(|frames| *frames > 0).map(|frames| frames as f64);
    let frame = input.frame.unwrap_or(MAX_FRAME_SECONDS);
    // The length with the frame duration of the input.
    let by_frames = frames.map(|frames| frames * frame);
    let Some(actual) = stream.duration.or(by_frames.filter(|_| input.frame.is_some())) else {
        return Ok(());
    };
    let own_frame = frames.map_or(0.0, |frames| actual / frames).min(MAX_FRAME_SECONDS);
    let tolerance = TOLERATED_FRAMES * frame.max(own_frame) + ROUNDING_SECONDS;
    let shortest = input.seconds - tolerance;
    let longest = input.reach.max(input.seconds) + tolerance;
    if (shortest..=longest).contains(&actual) {
        return Ok(());
    }
    let is_right = match format {
        // Every delay may be rounded on its own; then the number of frames must match.
        OutputFormat::Gif | OutputFormat::Webp => {
            let unit = if format == OutputFormat::Gif { 0.01 } else { 0.001 };
            frames.zip(by_frames).is_some_and(|(frames, by_frames)| {
                (by_frames - input.seconds).abs() <= tolerance
                    && (actual / frames - frame).abs() <= unit
            })
        }
        // Pictures of a sequence have no times; another usual rate is valid, too.
        OutputFormat::PngSequence => frames.is_some_and(|frames| {
            USUAL_RATES.iter().any(|rate| {
                [input.seconds, input.reach]
                    .iter()
                    .any(|seconds| (frames - seconds * rate).abs() <= TOLERATED_FRAMES)
            })
        }),
        OutputFormat::Webm | OutputFormat::Mov | OutputFormat::Mp4 => false,
    };
    if is_right { Ok(()) } else { Err(OutputError::Duration { expected: input.seconds, actual }) }
}

fn refusal(container: Container, size: u64, flaw: ParseError) -> OutputError {
    match flaw {
        ParseError::CutShort { expected } => OutputError::CutShort { container, size, expected },
        ParseError::Malformed(what) => OutputError::Malformed { container, what },
        ParseError::NoVideoTrack => OutputError::NoPictures(container),
        ParseError::Unusable(what) => OutputError::Unusable(what),
        ParseError::Io(error) => OutputError::Unreadable(error.to_string()),
    }
}
