//! `rbgv preview`: one frame in the terminal.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;

use crate::cli::files::absolute;
use crate::env::Env;
use crate::media::{self, FrameError, FrameFormat, FrameRequest};
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::Printer;
use crate::output::formats::picture::{Protocol, draw};

/// Show a frame of a video or image in the terminal
///
/// Transparent parts are shown over a checkerboard. Uses the graphics of kitty, iTerm2 and sixel
/// terminals, otherwise coloured blocks. Needs ffmpeg.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Video or image
    file: PathBuf,

    /// Time of the frame, such as 1.5s or 2m
    #[arg(long, value_name = "TIME", default_value = "0s", hide_default_value = true, value_parser = crate::duration::parse)]
    at: Duration,

    /// Graphics of the terminal [default: detected]
    #[arg(long, value_enum, value_name = "KIND")]
    graphics: Option<Graphics>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Graphics {
    Kitty,
    Iterm2,
    Sixel,
    /// Two pixels per character
    Blocks,
}

/// Assumed size of a terminal that does not report one.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Lines that stay free for the prompt.
const FREE_LINES: u16 = 2;

/// Assumed size of a character in pixels.
const CELL: (u32, u32) = (10, 20);

pub(crate) fn run(args: &Args, env: &Env, printer: &Printer) -> Result<ExitClass, Failure> {
    let file = absolute(env, &args.file);
    let failed = |kind, why: String| Failure::new(kind, args.file.display().to_string(), why);
    if !env.terminal.stdout || printer.style().json {
        let why = "a preview needs a terminal as standard output".to_owned();
        return Err(failed(FailureKind::Usage, why).with_next("rbgv open JOB"));
    }
    let protocol = match args.graphics {
        Some(Graphics::Kitty) => Protocol::Kitty,
        Some(Graphics::Iterm2) => Protocol::Iterm2,
        Some(Graphics::Sixel) => Protocol::Sixel,
        Some(Graphics::Blocks) => Protocol::Blocks,
        None => Protocol::detect(|name| env.var(name)),
    };
    let (columns, rows) = env.terminal.size.unwrap_or(USUAL_SIZE);
    let cells = (u32::from(columns.max(1)), u32::from(rows.saturating_sub(FREE_LINES).max(1)));
    let max_size = match protocol {
        Protocol::Blocks => (cells.0, cells.1 * 2),
        _ => (cells.0 * CELL.0, cells.1 * CELL.1),
    };
    let png = extract(&file, args.at, max_size, env)
        .map_err(|error| describe(&failed(kind_of(&error), error.to_string()), &error))?;
    let picture = media::decode_picture(&png).ok_or_else(|| {
        failed(FailureKind::Local, "FFmpeg returned a damaged picture".to_owned())
    })?;
    let drawn = draw(picture.width, picture.height, &picture.rgba, protocol)
        .ok_or_else(|| failed(FailureKind::Local, "it cannot be drawn".to_owned()))?;
    printer
        .raw_stdout()
        .write_all(&drawn)
        .map_err(|error| Failure::local("writing to standard output", &error))?;
    Ok(ExitClass::Done)
}

fn extract(
    file: &Path,
    at: Duration,
    max_size: (u32, u32),
    env: &Env,
) -> Result<Vec<u8>, FrameError> {
    let vars = env.program_vars();
    media::extract_frame(&FrameRequest {
        file,
        at,
        max_size,
        format: FrameFormat::Png,
        vars: &vars,
    })
}

fn kind_of(error: &FrameError) -> FailureKind {
    match error {
        FrameError::NotInstalled | FrameError::TimedOut => FailureKind::Local,
        FrameError::Unreadable(_)
        | FrameError::NoPictures(_)
        | FrameError::PastEnd(_)
        | FrameError::Undecodable(_) => FailureKind::Usage,
    }
}

/// Adds the next command, where there is one.
fn describe(failure: &Failure, error: &FrameError) -> Failure {
    let failure = failure.clone();
    match error {
        FrameError::NotInstalled => failure.with_next("apt-get install ffmpeg"),
        FrameError::PastEnd(_) => failure.with_next("use an earlier time with --at"),
        _ => failure,
    }
}
