//! The backdrop: a picture from disk, decoded and scaled to cover the canvas.

use std::ffi::OsString;
use std::path::Path;

use super::compose::BackgroundLayer;
use super::ffmpeg::probe::{EngineLimits, address, guarded};
use super::ffmpeg::process::{ProcessGroup, Tools};
use super::image::{Frame, to_byte};
use super::{Backdrop, EngineError, ffmpeg::container};

/// Prepares `backdrop` for a canvas of `size`.
pub(crate) fn prepare(
    leash: &ProcessGroup<'_>,
    tools: &Tools,
    limits: &EngineLimits,
    backdrop: &Backdrop,
    size: (usize, usize),
) -> Result<BackgroundLayer, EngineError> {
    match backdrop {
        Backdrop::Transparent => Ok(BackgroundLayer::Nothing),
        Backdrop::Color(color) => Ok(BackgroundLayer::Color(color.map(to_byte))),
        Backdrop::Image(file) => {
            picture(leash, tools, limits, file, size).map(BackgroundLayer::Picture)
        }
    }
}

/// Decodes one picture, scales it until it covers `size` and crops it around its centre. Transparent
/// parts become black.
fn picture(
    leash: &ProcessGroup<'_>,
    tools: &Tools,
    limits: &EngineLimits,
    file: &Path,
    (width, height): (usize, usize),
) -> Result<Frame, EngineError> {
    let demuxer = container::picture_demuxer(file)?;
    let mut list: Vec<OsString> = ["-v", "error", "-nostdin"].map(Into::into).into();
    list.extend(guarded(demuxer));
    // A small file can claim a huge picture.
    let most = (limits.pixels * 8).to_string();
    list.extend(["-max_pixels", &most, "-i"].map(OsString::from));
    list.push(address(file));
    let filter = format!(
        "scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic+accurate_rnd,\
         crop={width}:{height},setsar=1,format=rgba,premultiply=inplace=1,format=rgb24"
    );
    list.extend(["-map", "0:v:0", "-frames:v", "1", "-vf", &filter].map(OsString::from));
    list.extend(["-f", "rawvideo", "pipe:1"].map(OsString::from));
    let expected = width * height * 3;
    let data = leash
        .output(&tools.ffmpeg, &list, expected)
        .map_err(|error| EngineError(format!("The background cannot be read: {error}")))?;
    if data.len() != expected {
        return Err(EngineError("The background holds no picture".to_owned()));
    }
    Ok(Frame { width, height, data })
}
