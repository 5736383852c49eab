//! Whether a downloaded output is what was asked for (design, *The protocol*, step 7): length,
//! container by content, whole, alpha when asked for.

use std::io;
use std::path::{Path, PathBuf};

use super::archive::{ArchiveBounds, ArchiveError, check_archive};
use super::container::Container;
use super::input::missing;
use super::parse::cursor::ParseError;
use super::parse::{self, StreamDefect, StreamInfo};
use crate::model::text::escaped;
use crate::model::{FailureKind, OutputFormat};

/// Frames by which an output may differ from its input.
const LOOSE_FRAMES: f64 = 2.0;

/// Seconds of a frame that is taken for granted where the input does not tell, and the longest frame of
/// an output that widens the tolerance.
const SLOW_FRAME: f64 = 0.1;

/// Seconds by which times are rounded in any format.
const ROUNDING: f64 = 0.005;

/// Rates at which a service may have taken the pictures of a sequence: those of cinema and television.
const USUAL_RATES: [f64; 8] =
    [24.0, 25.0, 30.0, 50.0, 60.0, 24_000.0 / 1_001.0, 30_000.0 / 1_001.0, 60_000.0 / 1_001.0];

/// Bytes that an output of any length may have.
const LARGEST_SHORT: u64 = 256_000_000;

/// Seconds that a clip of unknown length is taken to last at most.
const UNKNOWN_SECONDS: f64 = 600.0;

/// As much of a text that came in place of an output is shown.
const SHOWN_TEXT: usize = 120;

/// What an output should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputSpec {
    /// The format that was asked for.
    pub format: OutputFormat,
    /// Whether it must carry alpha.
    pub alpha: bool,
    /// Bytes, when the server promised a length.
    pub size: Option<u64>,
    /// Length of the input, when known.
    pub length: Option<ExpectedLength>,
}

/// How long an output should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedLength {
    /// Seconds of the pictures of the input.
    pub seconds: f64,
    /// The same with the pauses before and between them, which a service may fill or leave out.
    pub reach: f64,
    /// Seconds of one frame of the input, on average.
    pub frame: Option<f64>,
}

impl ExpectedLength {
    /// The length of an input of which nothing else is known.
    #[must_use]
    pub fn of_seconds(seconds: f64) -> Self {
        Self { seconds, reach: seconds, frame: None }
    }
}

/// What an output is.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedOutput {
    /// Type by content; a sequence may come as any of the archives.
    pub container: Container,
    /// Bytes.
    pub size: u64,
    /// Seconds, when the headers say.
    pub duration: Option<f64>,
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Whether it carries alpha; none where that takes a decoder.
    pub has_alpha: Option<bool>,
    /// Pictures, where they are counted.
    pub frames: Option<u64>,
}

/// Why an output is not published, in words that follow its name.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OutputError {
    /// It cannot be read from the disk.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It cannot be written to the disk.
    #[error("it cannot be written: {0}")]
    NotWritten(String),
    /// The directory to unpack into is there already.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// It has no bytes.
    #[error("it is empty")]
    Empty,
    /// It goes on beyond what its format takes.
    #[error("it is larger than {0} bytes, which no output of this format and length is")]
    TooLarge(u64),
    /// Its length is not the promised one.
    #[error("it has {actual} bytes, but the server announced {expected}")]
    Length {
        /// Bytes promised.
        expected: u64,
        /// Bytes that came.
        actual: u64,
    },
    /// A message of a server came in place of a file.
    #[error("it is {} in place of {wanted}; it begins: {}", .found.describe(), escaped(begins))]
    Message {
        /// The format that was asked for.
        wanted: OutputFormat,
        /// What came.
        found: Container,
        /// Its first words. Foreign text.
        begins: String,
    },
    /// It is something else than was asked for.
    #[error("it is {}, but {wanted} was asked for", .found.describe())]
    WrongContainer {
        /// The format that was asked for.
        wanted: OutputFormat,
        /// What came.
        found: Container,
    },
    /// It ends before its end.
    #[error("it is {} that is cut short{}", .container.describe(), missing(*.size, *.expected))]
    CutShort {
        /// Type by content.
        container: Container,
        /// Bytes it has.
        size: u64,
        /// Bytes it should have, at least, when it says.
        expected: Option<u64>,
    },
    /// It does not follow its format.
    #[error("it is {} that is damaged: {what}", .container.describe())]
    Malformed {
        /// Type by content.
        container: Container,
        /// What is wrong.
        what: &'static str,
    },
    /// It holds no pictures.
    #[error("it is {} without pictures", .0.describe())]
    NoPictures(Container),
    /// Transparency was asked for, and it has none.
    #[error("a transparent background was asked for, but it is {} without alpha", .0.describe())]
    NoAlpha(Container),
    /// It is something else in the container that was asked for.
    #[error("it is {0}")]
    Unusable(&'static str),
    /// It is longer or shorter than its input.
    #[error("it lasts {actual:.2} s, but its input lasts {expected:.2} s")]
    Duration {
        /// Seconds of the input.
        expected: f64,
        /// Seconds it has.
        actual: f64,
    },
    /// It should be an archive and is none.
    #[error("it is {}, not an archive", .0.describe())]
    NotAnArchive(Container),
    /// It is an archive that must not be opened.
    #[error("the archive cannot be used: {0}")]
    Archive(ArchiveError),
}

impl OutputError {
    /// The class of the failure: the disk's fault, or the output's.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Unreadable(_) | Self::NotWritten(_) | Self::Exists(_) => FailureKind::Local,
            _ => FailureKind::Unverified,
        }
    }
}

/// Most bytes of an output in `format` that lasts `seconds`: what 4K at 60 pictures a second takes at
/// the best quality, and what no clip needs at least.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub fn largest_output(format: OutputFormat, seconds: Option<f64>) -> u64 {
    let a_second: u64 = match format {
        OutputFormat::Webm | OutputFormat::Mp4 => 40_000_000,
        OutputFormat::Webp | OutputFormat::Gif => 100_000_000,
        OutputFormat::Mov => 600_000_000,
        OutputFormat::PngSequence => 1_000_000_000,
    };
    let seconds = seconds.filter(|seconds| seconds.is_finite()).unwrap_or(UNKNOWN_SECONDS);
    LARGEST_SHORT.saturating_add((a_second as f64 * seconds.max(0.0)) as u64)
}

/// Looks at the file at `path`: whether it is what `expected` says.
///
/// # Errors
/// Says in what it differs. Nothing is changed.
pub fn verify_output(path: &Path, expected: &OutputSpec) -> Result<VerifiedOutput, OutputError> {
    let unreadable = |error: io::Error| OutputError::Unreadable(error.to_string());
    let (container, size, file) = parse::open(path).map_err(unreadable)?;
    if let Some(promised) = expected.size
        && promised != size
    {
        return Err(OutputError::Length { expected: promised, actual: size });
    }
    if size == 0 {
        return Err(OutputError::Empty);
    }
    if !accepts(expected.format, container) {
        return Err(mismatch(path, expected.format, container));
    }
    let facts = if expected.format == OutputFormat::PngSequence {
        sequence(path, container)?
    } else {
        parse::facts(container, file, size)
            .map_err(|flaw| refusal(container, size, flaw))?
            .ok_or(OutputError::NoPictures(container))?
    };
    if expected.alpha && facts.has_alpha == Some(false) {
        return Err(OutputError::NoAlpha(container));
    }
    if let Some(StreamDefect::Overrun(end)) = facts.note {
        return Err(OutputError::CutShort { container, size, expected: Some(end) });
    }
    if let Some(length) = &expected.length {
        check_length(expected.format, length, &facts)?;
    }
    Ok(VerifiedOutput {
        container,
        size,
        duration: facts.duration,
        width: facts.width,
        height: facts.height,
        has_alpha: facts.has_alpha,
        frames: facts.frames,
    })
}

/// Whether `format` comes as `container`.
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

fn mismatch(path: &Path, wanted: OutputFormat, found: Container) -> OutputError {
    match found {
        Container::Html | Container::Xml | Container::Json => {
            OutputError::Message { wanted, found, begins: beginning(path) }
        }
        _ => OutputError::WrongContainer { wanted, found },
    }
}

/// The first words of a text that came in place of an output.
fn beginning(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| io::Read::read_to_end(&mut io::Read::take(file, 1_024), &mut bytes));
    // It was read a moment ago; if it is gone now, there is nothing to show.
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN_TEXT).collect()
}

/// An archive of pictures, as if it were a clip without a clock.
fn sequence(path: &Path, container: Container) -> Result<StreamInfo, OutputError> {
    let summary = check_archive(path, ArchiveBounds::default())?;
    if summary.pictures == 0 {
        return Err(OutputError::NoPictures(container));
    }
    Ok(StreamInfo {
        duration: None,
        reach: 0.0,
        width: summary.size.map(|(width, _)| width),
        height: summary.size.map(|(_, height)| height),
        // Some writers leave the channel out of pictures that are opaque everywhere.
        has_alpha: Some(summary.with_alpha > 0),
        complete: true,
        frames: Some(summary.pictures),
        note: None,
    })
}

/// Refuses an output that is longer or shorter than its input, as far as it tells.
fn check_length(
    format: OutputFormat,
    input: &ExpectedLength,
    facts: &StreamInfo,
) -> Result<(), OutputError> {
    let frames = facts.frames.filter(|frames| *frames > 0).map(|frames| frames as f64);
    let frame = input.frame.unwrap_or(SLOW_FRAME);
    // The length if each of its frames lasted as long as one of the input.
    let by_frames = frames.map(|frames| frames * frame);
    let Some(actual) = facts.duration.or(by_frames.filter(|_| input.frame.is_some())) else {
        return Ok(());
    };
    let own_frame = frames.map_or(0.0, |frames| actual / frames).min(SLOW_FRAME);
    let loose = LOOSE_FRAMES * frame.max(own_frame) + ROUNDING;
    let shortest = input.seconds - loose;
    let longest = input.reach.max(input.seconds) + loose;
    if (shortest..=longest).contains(&actual) {
        return Ok(());
    }
    let is_right = match format {
        // Each delay may be rounded for itself: then their number has to be right.
        OutputFormat::Gif | OutputFormat::Webp => {
            let unit = if format == OutputFormat::Gif { 0.01 } else { 0.001 };
            frames.zip(by_frames).is_some_and(|(frames, by_frames)| {
                (by_frames - input.seconds).abs() <= loose
                    && (actual / frames - frame).abs() <= unit
            })
        }
        // The pictures of a sequence carry no times: those of another usual rate are as right.
        OutputFormat::PngSequence => frames.is_some_and(|frames| {
            USUAL_RATES.iter().any(|rate| {
                [input.seconds, input.reach]
                    .iter()
                    .any(|seconds| (frames - seconds * rate).abs() <= LOOSE_FRAMES)
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
