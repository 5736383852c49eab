//! Decoding: FFmpeg decodes, rotates and resamples in time, and writes raw RGB to a pipe. Colours other
//! than those of standard video are mapped.

use std::io::Read;
use std::process::{ChildStdout, Command};

use super::probe::{ProbedVideo, address, guarded};
use super::process::{ProcessGroup, Program};
use super::tone_map::Mapper;
use crate::sandbox::matting::EngineError;
use crate::sandbox::matting::image::Frame;

/// The frames of a video in order, one in memory at a time.
#[derive(Debug)]
pub(crate) struct Frames {
    program: Option<Program>,
    stdout: ChildStdout,
    size: (usize, usize),
    read: u64,
    /// Maps colours, where they are not the usual ones, from what is kept beside it.
    mapper: Option<(Mapper, Vec<u8>)>,
}

/// FFmpeg that writes frames of `source` as raw RGB: `rate` of them per second, at most `most`.
fn command(group: &ProcessGroup<'_>, source: &ProbedVideo, rate: &str, most: u64) -> Command {
    let fields = if source.interlaced { "yadif=deint=interlaced," } else { "" };
    // The first picture begins the output, also where the decoder cannot make it.
    let start = source.start.map(|start| format!(":start_time={start:.6}")).unwrap_or_default();
    let ((width, height), matrix) = (source.size, source.matrix);
    let layout = if source.wide.is_some() { "rgb48le" } else { "rgb24" };
    let filter = format!(
        "{fields}fps={rate}{start},setpts=PTS-STARTPTS,scale={width}:{height}:\
         in_color_matrix={matrix}:flags=bicubic+accurate_rnd+full_chroma_int,setsar=1,\
         format={layout}"
    );
    let mut command = group.ffmpeg();
    command
        .args(guarded(source.demuxer))
        // Pixels as stored are checked again by the decoder: a header may say less than the stream.
        .args(["-max_pixels", "134217728", "-i"])
        .arg(address(&source.file))
        .args(["-map", &format!("0:{}", source.stream), "-vf", &filter])
        .args(["-frames:v", &most.to_string(), "-f", "rawvideo", "pipe:1"]);
    command
}

/// Shows `count` frames, spread evenly over the video (fewer when it has fewer), to `see`, until it
/// answers false.
pub(crate) fn sample(
    group: &ProcessGroup<'_>,
    source: &ProbedVideo,
    count: u32,
    mut see: impl FnMut(&Frame) -> bool,
) -> Result<(), EngineError> {
    let count = f64::from(count).min(source.expected_frames());
    let rate = count / source.duration.max(f64::MIN_POSITIVE);
    let mut frames = Frames::start(group, source, &format!("{rate:.6}"), whole(count) + 1)?;
    let mut buffer = Vec::new();
    while let Some(frame) = frames.next_into(buffer)? {
        group.check()?;
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
    /// Starts decoding all frames of `source`.
    pub(crate) fn open(
        group: &ProcessGroup<'_>,
        source: &ProbedVideo,
    ) -> Result<Self, EngineError> {
        Self::start(group, source, &source.rate.to_string(), whole(source.expected_frames()))
    }

    fn start(
        group: &ProcessGroup<'_>,
        source: &ProbedVideo,
        rate: &str,
        most: u64,
    ) -> Result<Self, EngineError> {
        let mut program = group.start(command(group, source, rate, most), false)?;
        let stdout = program
            .stdout
            .take()
            .ok_or_else(|| EngineError("FFmpeg has no output pipe".to_owned()))?;
        let mapper = source.wide.map(|wide| (Mapper::new(wide), Vec::new()));
        Ok(Self { program: Some(program), stdout, size: source.size, read: 0, mapper })
    }

    /// The next frame into `buffer` (reused for its memory), or `None` at the end.
    pub(crate) fn next_into(&mut self, mut buffer: Vec<u8>) -> Result<Option<Frame>, EngineError> {
        let (width, height) = self.size;
        let bytes = width * height * 3;
        buffer.resize(bytes, 0);
        let (filled, wanted) = match &mut self.mapper {
            None => (fill(&mut self.stdout, &mut buffer)?, bytes),
            Some((mapper, deep)) => {
                deep.resize(bytes * 2, 0);
                let filled = fill(&mut self.stdout, deep)?;
                if filled == deep.len() {
                    mapper.map(deep, &mut buffer);
                }
                (filled, bytes * 2)
            }
        };
        if filled < wanted {
            return self.end(filled).map(|()| None);
        }
        self.read += 1;
        Ok(Some(Frame { width, height, data: buffer }))
    }

    /// Damage near the end of a file does not lose the frames before it.
    fn end(&mut self, rest: usize) -> Result<(), EngineError> {
        let ending = self.program.take().map_or(Ok(()), Program::finish);
        if self.read == 0 {
            ending.map_err(EngineError::because("Invalid video"))?;
            return Err(EngineError("Invalid video: no frame of it can be decoded".to_owned()));
        }
        if rest > 0 {
            return ending.and(Err(EngineError("Decoding ended within a frame".to_owned())));
        }
        ending
    }
}

/// Reads until `buffer` is full or the pipe ends; the number of bytes.
fn fill(pipe: &mut ChildStdout, buffer: &mut [u8]) -> Result<usize, EngineError> {
    let mut filled = 0;
    while filled < buffer.len() {
        let count = pipe
            .read(&mut buffer[filled..])
            .map_err(EngineError::because("Reading frames failed"))?;
        if count == 0 {
            break;
        }
        filled += count;
    }
    Ok(filled)
}
