//! Reading frames out of a video: FFmpeg decodes, turns and resamples in time; raw RGB comes back
//! through a pipe.

use std::ffi::OsString;
use std::io::Read;
use std::process::ChildStdout;

use super::EngineError;
use super::image::Frame;
use super::probe::{Limits, Source, address, guarded};
use super::process::{Leash, Program, Tools};

/// The frames of a video in order, one in memory at a time.
#[derive(Debug)]
pub(crate) struct Frames {
    program: Option<Program>,
    stdout: ChildStdout,
    size: (usize, usize),
    read: u64,
    most: u64,
}

/// Which frames to read, and how large.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pace {
    /// All of them at the source's rate and size.
    All,
    /// So many a second.
    Some(f64),
}

/// Arguments that make FFmpeg write frames of `source` as raw RGB, at most `most` of them.
fn arguments(source: &Source, pace: Pace, most: u64) -> Vec<OsString> {
    let mut list: Vec<OsString> = ["-v", "error", "-nostdin"].map(Into::into).into();
    list.extend(guarded(source.demuxer));
    // Pixels as stored are checked again by the decoder: a header may say less than the stream.
    list.extend(["-max_pixels", "134217728", "-i"].map(OsString::from));
    list.push(address(&source.file));
    let fields = if source.interlaced { "yadif=deint=interlaced," } else { "" };
    let rate = match pace {
        Pace::All => source.rate.to_string(),
        Pace::Some(rate) => format!("{rate:.6}"),
    };
    let (width, height) = source.size;
    let filter = format!(
        "{fields}fps={rate}:start_time=0,\
         scale={width}:{height}:flags=bicubic+accurate_rnd+full_chroma_int,setsar=1,format=rgb24"
    );
    list.extend(["-map".to_owned(), format!("0:{}", source.stream)].map(OsString::from));
    list.extend(["-vf".into(), filter.into()]);
    list.extend(["-frames:v".to_owned(), most.to_string()].map(OsString::from));
    list.extend(["-f", "rawvideo", "pipe:1"].map(OsString::from));
    list
}

/// Shows `count` frames, spread evenly over the video (fewer when it has fewer), to `see`, until it
/// answers false.
pub(crate) fn sample(
    leash: &Leash<'_>,
    tools: &Tools,
    source: &Source,
    count: u32,
    mut see: impl FnMut(&Frame) -> bool,
) -> Result<(), EngineError> {
    let count = f64::from(count).min(source.expected_frames());
    let pace = Pace::Some(count / source.duration.max(f64::MIN_POSITIVE));
    let mut frames = Frames::start(leash, tools, source, pace, whole(count) + 1)?;
    let mut buffer = Vec::new();
    while let Some(frame) = frames.next_into(buffer)? {
        leash.check()?;
        if !see(&frame) {
            break;
        }
        buffer = frame.data;
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of frames, far below 2^53"
)]
fn whole(count: f64) -> u64 {
    count.ceil() as u64
}

impl Frames {
    /// Starts decoding `source`.
    pub(crate) fn open(
        leash: &Leash<'_>,
        tools: &Tools,
        source: &Source,
        limits: &Limits,
    ) -> Result<Self, EngineError> {
        // What the header says was checked; this is for headers that lie.
        let most = whole(limits.duration_seconds * source.rate.hertz()).saturating_add(1);
        Self::start(leash, tools, source, Pace::All, most)
    }

    fn start(
        leash: &Leash<'_>,
        tools: &Tools,
        source: &Source,
        pace: Pace,
        most: u64,
    ) -> Result<Self, EngineError> {
        let mut program =
            leash.start(&tools.ffmpeg, &arguments(source, pace, most.saturating_add(1)), false)?;
        let stdout = program
            .stdout
            .take()
            .ok_or_else(|| EngineError("FFmpeg has no output pipe".to_owned()))?;
        Ok(Self { program: Some(program), stdout, size: source.size, read: 0, most })
    }

    /// The next frame into `buffer` (reused for its memory), or `None` at the end.
    pub(crate) fn next_into(&mut self, mut buffer: Vec<u8>) -> Result<Option<Frame>, EngineError> {
        let (width, height) = self.size;
        buffer.resize(width * height * 3, 0);
        let mut filled = 0;
        while filled < buffer.len() {
            let count = self
                .stdout
                .read(&mut buffer[filled..])
                .map_err(|error| EngineError(format!("Reading frames failed: {error}")))?;
            if count == 0 {
                break;
            }
            filled += count;
        }
        if filled < buffer.len() {
            return self.end(filled).map(|()| None);
        }
        self.read += 1;
        if self.read > self.most {
            return Err(EngineError("The video has more frames than its limit allows".to_owned()));
        }
        Ok(Some(Frame { width, height, data: buffer }))
    }

    /// Damage near the end of a file is no reason to lose what came before it.
    fn end(&mut self, rest: usize) -> Result<(), EngineError> {
        let ending = self.program.take().map_or(Ok(()), Program::finish);
        if self.read == 0 {
            ending.map_err(|error| EngineError(format!("Invalid video: {error}")))?;
            return Err(EngineError("Invalid video: no frame of it can be decoded".to_owned()));
        }
        if rest > 0 {
            return ending.and(Err(EngineError("Decoding ended within a frame".to_owned())));
        }
        ending
    }
}
