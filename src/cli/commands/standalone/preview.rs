//! `rbgv preview`: one frame in the terminal.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::files::absolute;
use crate::env::Env;
use crate::media::{self, FrameError, FrameFormat, FrameRequest};
use crate::model::{ExitClass, Failure};
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
    graphics: Option<Protocol>,
}

/// Assumed size of a terminal that does not report one.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Lines that stay free for the prompt.
const FREE_LINES: u16 = 2;

/// Assumed size of a character in pixels.
const CELL: (u32, u32) = (10, 20);

pub(crate) fn run(args: &Args, env: &Env, printer: &Printer) -> Result<ExitClass, Failure> {
    let file = absolute(env, &args.file);
    let what = || args.file.display().to_string();
    if !env.terminal.stdout || printer.style().json {
        let why = "a preview needs a terminal as standard output";
        return Err(Failure::usage(what(), why).with_next("rbgv open JOB"));
    }
    let protocol = args.graphics.unwrap_or_else(|| Protocol::detect(|name| env.var(name)));
    let (columns, rows) = env.terminal.size.unwrap_or(USUAL_SIZE);
    let cells = (u32::from(columns.max(1)), u32::from(rows.saturating_sub(FREE_LINES).max(1)));
    let max_size = match protocol {
        Protocol::Blocks => (cells.0, cells.1 * 2),
        _ => (cells.0 * CELL.0, cells.1 * CELL.1),
    };
    let (format, vars) = (FrameFormat::Png, env.program_vars());
    let frame = FrameRequest { file: &file, at: args.at, max_size, format, vars: &vars };
    let png = media::extract_frame(&frame).map_err(|error| frame_failure(what(), &error))?;
    let picture = media::decode_picture(&png)
        .ok_or_else(|| Failure::local(what(), &"FFmpeg returned a damaged picture"))?;
    let drawn = draw(picture.width, picture.height, &picture.rgba, protocol)
        .ok_or_else(|| Failure::local(what(), &"it cannot be drawn"))?;
    printer
        .raw_stdout()
        .write_all(&drawn)
        .map_err(|error| Failure::local("writing to standard output", &error))?;
    Ok(ExitClass::Done)
}

fn frame_failure(what: String, error: &FrameError) -> Failure {
    match error {
        FrameError::NotInstalled => Failure::local(what, error).with_next("apt-get install ffmpeg"),
        FrameError::TimedOut => Failure::local(what, error),
        FrameError::PastEnd(_) => {
            Failure::usage(what, error.to_string()).with_next("use an earlier time with --at")
        }
        FrameError::Unreadable(_) | FrameError::NoPictures(_) | FrameError::Undecodable(_) => {
            Failure::usage(what, error.to_string())
        }
    }
}
