//! Writing the output: raw frames go to FFmpeg through a pipe, the sound comes from the input
//! file. PNG sequences are written by [`crate::sandbox::matting::sequence`], without FFmpeg.

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command};

use super::frame_rate::FrameRatio;
use super::probe::{ProbedVideo, address, guarded};
use super::process::{ProcessGroup, Program};
use crate::sandbox::matting::EngineError;
use crate::sandbox::matting::sequence::Sequence;

/// The output formats of the API (contract, *Job request*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Format {
    /// VP9 with alpha.
    Webm,
    /// `ProRes` 4444 with alpha.
    Mov,
    /// H.264, no alpha.
    Mp4,
    /// One bit of alpha.
    Gif,
    /// Animated WebP with alpha.
    Webp,
    /// A ZIP archive of PNG files with alpha.
    PngSequence,
}

impl Format {
    /// From its name in the API.
    pub(crate) fn parse(word: &str) -> Result<Self, EngineError> {
        word.parse().map_err(|_| EngineError(format!("Unknown output format: {word}")))
    }

    /// Whether a transparent backdrop can be kept.
    pub(crate) fn has_alpha(self) -> bool {
        self != Self::Mp4
    }

    /// Whether the encoder keeps what it has made in memory.
    pub(crate) fn is_animation(self) -> bool {
        matches!(self, Self::Gif | Self::Webp)
    }

    /// Whether the container holds sound.
    pub(crate) fn has_sound(self) -> bool {
        matches!(self, Self::Webm | Self::Mov | Self::Mp4)
    }

    /// Frames a second that players honour, at most: most take a GIF's delay of less than 2/100 s for
    /// 1/10 s, and an animated WebP's of less than 11 ms likewise.
    fn fastest(self) -> Option<f64> {
        match self {
            Self::Gif => Some(50.0),
            Self::Webp => Some(90.0),
            _ => None,
        }
    }

    /// The rate at which a video of `rate` is written. If it is too high, only every second, third or nth
    /// frame is written, so that movement stays even.
    pub(crate) fn rate(self, rate: FrameRatio) -> FrameRatio {
        let mut divisor = 1;
        while self.fastest().is_some_and(|most| rate.divided(divisor).hertz() > most * 1.0001) {
            divisor += 1;
        }
        rate.divided(divisor)
    }

    /// Whether sides must be even (4:2:0 H.264).
    pub(crate) fn needs_even_sides(self) -> bool {
        self == Self::Mp4
    }
}

/// Video arguments of a format. `alpha` says whether any of it may be needed.
fn codec(format: Format, alpha: bool) -> &'static str {
    match (format, alpha) {
        (Format::Webm, true) => {
            "-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0 -deadline realtime -cpu-used 6 \
             -row-mt 1 -crf 24 -b:v 0 -f webm"
        }
        (Format::Webm, false) => {
            "-c:v libvpx-vp9 -pix_fmt yuv420p -deadline realtime -cpu-used 6 -row-mt 1 -crf 24 \
             -b:v 0 -f webm"
        }
        (Format::Mov, true) => {
            "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 -vendor apl0 \
             -f mov"
        }
        (Format::Mov, false) => {
            "-c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le -vendor apl0 -f mov"
        }
        (Format::Mp4, _) => {
            "-c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -movflags +faststart -f mp4"
        }
        (Format::Gif, _) => "-loop 0 -f gif",
        (Format::Webp, true) => {
            "-c:v libwebp_anim -pix_fmt yuva420p -lossless 0 -quality 80 -compression_level 2 \
             -loop 0 -f webp"
        }
        (Format::Webp, false) => {
            "-c:v libwebp_anim -pix_fmt yuv420p -lossless 0 -quality 80 -compression_level 2 \
             -loop 0 -f webp"
        }
        (Format::PngSequence, _) => "",
    }
}

/// Sound is kept as it is where the container can hold it, and encoded again elsewhere.
fn sound(format: Format, codec: &str) -> &'static str {
    match (format, codec) {
        (Format::Webm, "opus" | "vorbis") | (Format::Mov | Format::Mp4, "aac" | "mp3") => {
            "-c:a copy"
        }
        (Format::Webm, _) => {
            "-c:a libopus -b:a 128k -af aformat=channel_layouts=7.1|5.1|stereo|mono"
        }
        (Format::Mov | Format::Mp4, _) => "-c:a aac -b:a 192k",
        (Format::Gif | Format::Webp | Format::PngSequence, _) => "",
    }
}

/// Seconds of sound before the first picture that nobody hears as a shift.
const SOUND_AHEAD: f64 = 0.01;

/// Filters between the raw frames and the encoder.
fn filter(format: Format, alpha: bool) -> String {
    match format {
        // A palette a frame: one for all would keep all frames in memory.
        Format::Gif => {
            let hole = if alpha { "reserve_transparent=1" } else { "reserve_transparent=0" };
            format!(
                "split[a][b];[a]palettegen=stats_mode=single:{hole}[p];\
                 [b][p]paletteuse=new=1:alpha_threshold=128:dither=bayer:bayer_scale=4"
            )
        }
        Format::Webp | Format::PngSequence => "null".to_owned(),
        // An encoder that writes its own frame headers takes the tags from the frame.
        _ => "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,\
              setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
            .to_owned(),
    }
}

/// What is written, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EncodeJob<'a> {
    /// The container and its codecs.
    pub(crate) format: Format,
    /// Width and height of the frames.
    pub(crate) size: (usize, usize),
    /// Frames are RGBA with alpha, RGB without.
    pub(crate) alpha: bool,
    /// Where rate and sound come from.
    pub(crate) source: &'a ProbedVideo,
    /// The file; does not exist yet.
    pub(crate) output: &'a Path,
}

/// FFmpeg with raw frames on standard input and sound from the source.
fn command(group: &ProcessGroup<'_>, job: &EncodeJob<'_>) -> Command {
    let &EncodeJob { format, size, alpha, source, output } = job;
    let layout = if alpha { "rgba" } else { "rgb24" };
    let (size, rate) = (format!("{}x{}", size.0, size.1), source.rate.to_string());
    let mut command = group.ffmpeg();
    command.arg("-y").args(guarded("rawvideo"));
    command.args(["-pix_fmt", layout, "-video_size", &size, "-framerate", &rate, "-i", "pipe:0"]);
    if let (Some((stream, codec)), true) = (&source.sound, format.has_sound()) {
        // Sound before the first picture would come too late, and sound beyond the last one would make
        // the output longer than what is shown.
        if let Some(start) = source.start.filter(|&start| start > SOUND_AHEAD) {
            command.args(["-ss", &format!("{start:.6}")]);
        }
        command
            .args(["-t", &format!("{:.6}", source.duration)])
            .args(guarded(source.demuxer))
            .arg("-i")
            .arg(address(&source.file))
            .args(["-map", &format!("1:{stream}")])
            .args(sound(format, codec).split_whitespace());
    }
    let graph = format!("[0:v]{}[v]", filter(format, alpha));
    command
        .args(["-filter_complex", &graph, "-map", "[v]"])
        .args(codec(format, alpha).split_whitespace());
    if format == Format::Gif {
        // The last frame is shown for as long as the others, also where it is the only one.
        let hundredths = (100.0 / source.rate.hertz()).round().clamp(2.0, 65_535.0);
        command.args(["-final_delay", &format!("{hundredths:.0}")]);
    }
    if format.has_sound() {
        let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
        command.args(tags.split_whitespace());
    }
    command.arg(address(output));
    command
}

/// Where composed frames go.
pub(crate) enum Encoder {
    /// FFmpeg, waiting for raw frames.
    Program {
        /// The running program.
        program: Program,
        /// Its standard input.
        stdin: ChildStdin,
    },
    /// The archive writer.
    Sequence(Box<Sequence>),
}

impl Encoder {
    /// Starts writing.
    pub(crate) fn open(group: &ProcessGroup<'_>, job: &EncodeJob<'_>) -> Result<Self, EngineError> {
        if job.format == Format::PngSequence {
            return Sequence::create(job.output, job.size, job.alpha)
                .map(|sequence| Self::Sequence(Box::new(sequence)));
        }
        let mut program = group.start(command(group, job), true)?;
        let stdin = program
            .stdin
            .take()
            .ok_or_else(|| EngineError("FFmpeg has no input pipe".to_owned()))?;
        Ok(Self::Program { program, stdin })
    }

    /// Writes one frame; waits while the encoder is behind.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Result<(), EngineError> {
        match self {
            Self::Program { stdin, .. } => {
                stdin.write_all(frame).map_err(EngineError::because("Writing frames failed"))
            }
            Self::Sequence(sequence) => sequence.write(frame),
        }
    }

    /// Ends the input, and waits until the file is complete.
    pub(crate) fn finish(self) -> Result<(), EngineError> {
        match self {
            Self::Program { program, stdin } => {
                drop(stdin);
                program.finish().map_err(EngineError::because("Encoding failed"))
            }
            Self::Sequence(sequence) => sequence.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn animations_are_as_fast_as_players_honour() {
        for rate in 1..=240 {
            let whole = FrameRatio { frames: rate, seconds: 1 };
            assert_eq!(Format::Webm.rate(whole), whole);
            for (format, most) in [(Format::Gif, 50.0), (Format::Webp, 90.0)] {
                let written = format.rate(whole);
                assert!(written.hertz() <= most && written.hertz() > most.min(rate.into()) / 2.0);
                assert_eq!(written.frames, rate, "a part of {rate} with a whole divisor");
            }
        }
        let ntsc = FrameRatio { frames: 60_000, seconds: 1001 };
        assert_eq!(Format::Gif.rate(ntsc).to_string(), "60000/2002");
    }
}
