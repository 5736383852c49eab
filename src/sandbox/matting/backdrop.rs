//! The backdrop: a picture from disk, decoded and scaled to cover the canvas.

use std::path::Path;

use super::compose::BackgroundLayer;
use super::ffmpeg::probe::{address, guarded};
use super::ffmpeg::process::ProcessGroup;
use super::image::{Frame, to_byte};
use super::{Backdrop, EngineError, ffmpeg::container};

/// Prepares `backdrop` for a canvas of `size`; `max_pixels` is the limit for a video.
pub(crate) fn prepare(
    group: &ProcessGroup<'_>,
    max_pixels: u64,
    backdrop: &Backdrop,
    size: (usize, usize),
) -> Result<BackgroundLayer, EngineError> {
    match backdrop {
        Backdrop::Transparent => Ok(BackgroundLayer::Nothing),
        Backdrop::Color(color) => Ok(BackgroundLayer::Color(color.map(to_byte))),
        Backdrop::Image(file) => {
            picture(group, max_pixels, file, size).map(BackgroundLayer::Picture)
        }
    }
}

/// Decodes one picture, scales it until it covers `size` and crops it around its centre. Transparent
/// parts become black.
fn picture(
    group: &ProcessGroup<'_>,
    max_pixels: u64,
    file: &Path,
    (width, height): (usize, usize),
) -> Result<Frame, EngineError> {
    let demuxer = container::picture_demuxer(file)?;
    // A small file can claim a huge picture.
    let most = (max_pixels * 8).to_string();
    let filter = format!(
        "scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic+accurate_rnd,\
         crop={width}:{height},setsar=1,format=rgba,premultiply=inplace=1,format=rgb24"
    );
    let mut command = group.ffmpeg();
    command.args(guarded(demuxer)).args(["-max_pixels", &most, "-i"]).arg(address(file)).args([
        "-map",
        "0:v:0",
        "-frames:v",
        "1",
        "-vf",
        &filter,
        "-f",
        "rawvideo",
        "pipe:1",
    ]);
    let expected = width * height * 3;
    let data = group
        .output(command, expected)
        .map_err(EngineError::because("The background cannot be read"))?;
    if data.len() != expected {
        return Err(EngineError("The background holds no picture".to_owned()));
    }
    Ok(Frame { width, height, data })
}
