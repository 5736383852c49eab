//! Writing the output: raw frames go to FFmpeg through a pipe, the sound comes from the input
//! file. PNG sequences are written by [`super::sequence`], without FFmpeg.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ChildStdin;

use super::EngineError;
use super::probe::{Source, address, guarded};
use super::process::{Leash, Program, Tools};

/// The output formats of the API (contract, *Job request*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// VP9 with alpha.
    Webm,
    /// ProRes 4444 with alpha.
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
    /// From the API's word.
    pub(crate) fn parse(word: &str) -> Result<Self, EngineError> {
        Ok(match word {
            "webm" => Self::Webm,
            "mov" => Self::Mov,
            "mp4" => Self::Mp4,
            "gif" => Self::Gif,
            "webp" => Self::Webp,
            "png_sequence" => Self::PngSequence,
            _ => return Err(EngineError(format!("Unknown output format: {word}"))),
        })
    }

    /// Whether a transparent backdrop can be kept.
    pub(crate) fn has_alpha(self) -> bool {
        self != Self::Mp4
    }

    /// Whether the encoder keeps what it has made in memory.
    pub(crate) fn is_animation(self) -> bool {
        matches!(self, Self::Gif | Self::Webp)
    }

    /// Whether sides must be even (4:2:0 H.264).
    pub(crate) fn needs_even_sides(self) -> bool {
        self == Self::Mp4
    }
}

/// Video and sound arguments of a format. `alpha` says whether any of it may be needed.
fn codec(format: Format, alpha: bool, source: &Source) -> Vec<String> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut list = match (format, alpha) {
        (Format::Webm, _) => {
            let layout = if alpha { "yuva420p" } else { "yuv420p" };
            words(&format!(
                "-c:v libvpx-vp9 -pix_fmt {layout} -auto-alt-ref 0 -deadline realtime -cpu-used 6 \
                 -row-mt 1 -crf 24 -b:v 0 -f webm"
            ))
        }
        (Format::Mov, true) => words(
            "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -alpha_bits 16 -vendor apl0 \
             -f mov",
        ),
        (Format::Mov, false) => {
            words("-c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le -vendor apl0 -f mov")
        }
        (Format::Mp4, _) => words(
            "-c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p -movflags +faststart -f mp4",
        ),
        (Format::Gif, _) => words("-loop 0 -f gif"),
        (Format::Webp, _) => words(
            "-c:v libwebp_anim -pix_fmt yuva420p -lossless 0 -quality 80 -compression_level 2 \
             -loop 0 -f webp",
        ),
        (Format::PngSequence, _) => Vec::new(),
    };
    if let Some((_, codec)) = &source.sound {
        list.extend(words(sound(format, codec)));
    }
    list
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
        _ => "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int"
            .to_owned(),
    }
}

/// All arguments: raw frames of `size` on standard input, sound from the source, into `output`.
fn arguments(
    format: Format,
    size: (usize, usize),
    alpha: bool,
    source: &Source,
    output: &Path,
) -> Vec<OsString> {
    let mut list: Vec<OsString> = ["-v", "error", "-nostdin", "-y"].map(Into::into).into();
    list.extend(guarded("rawvideo"));
    let layout = if alpha { "rgba" } else { "rgb24" };
    let raw = [
        "-pix_fmt",
        layout,
        "-video_size",
        &format!("{}x{}", size.0, size.1),
        "-framerate",
        &source.rate.to_string(),
        "-i",
        "pipe:0",
    ]
    .map(OsString::from);
    list.extend(raw);
    let keeps_sound = !format.is_animation();
    if let (Some((stream, _)), true) = (&source.sound, keeps_sound) {
        // Sound beyond the last frame would make the output longer than what is shown.
        list.extend(["-t".to_owned(), format!("{:.6}", source.duration)].map(OsString::from));
        list.extend(guarded(source.demuxer));
        list.push("-i".into());
        list.push(address(&source.file));
        list.extend(["-map".to_owned(), format!("1:{stream}")].map(OsString::from));
    }
    list.extend(
        ["-filter_complex".to_owned(), format!("[0:v]{}[v]", filter(format, alpha))]
            .map(OsString::from),
    );
    list.extend(["-map", "[v]"].map(OsString::from));
    list.extend(codec(format, alpha, source).into_iter().map(OsString::from));
    if matches!(format, Format::Webm | Format::Mov | Format::Mp4) {
        let tags = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv";
        list.extend(tags.split_whitespace().map(OsString::from));
    }
    list.push(address(output));
    list
}

/// FFmpeg, waiting for raw frames.
#[derive(Debug)]
pub(crate) struct Encoder {
    program: Program,
    stdin: ChildStdin,
}

impl Encoder {
    /// Starts encoding frames of `size`, RGBA with `alpha` and RGB without.
    pub(crate) fn open(
        leash: &Leash<'_>,
        tools: &Tools,
        format: Format,
        size: (usize, usize),
        alpha: bool,
        source: &Source,
        output: &Path,
    ) -> Result<Self, EngineError> {
        let arguments = arguments(format, size, alpha, source, output);
        let mut program = leash.start(&tools.ffmpeg, &arguments, true)?;
        let stdin = program
            .stdin
            .take()
            .ok_or_else(|| EngineError("FFmpeg has no input pipe".to_owned()))?;
        Ok(Self { program, stdin })
    }

    /// Hands over one frame; waits when FFmpeg is behind.
    pub(crate) fn write(&mut self, frame: &[u8]) -> std::io::Result<()> {
        self.stdin.write_all(frame)
    }

    /// Says that this was all, and waits until the file is complete.
    pub(crate) fn finish(self) -> Result<(), EngineError> {
        drop(self.stdin);
        self.program.finish().map_err(|error| EngineError(format!("Encoding failed: {error}")))
    }
}
