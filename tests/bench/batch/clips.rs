//! Inputs: small valid MP4 files, each with a content of its own, as large and as long as wanted.

use std::fs;
use std::io;
use std::path::Path;

/// Two seconds of video in less than two kilobytes.
const SMALL: &[u8] = include_bytes!("../../media/plain.mp4");

/// What the clips of a batch are like.
#[derive(Debug, Clone, Copy)]
pub enum Clips {
    /// As small as they come.
    Small,
    /// Padded to so many bytes.
    Sized(u64),
    /// With lengths from a long-tailed distribution: this median in seconds, this sigma.
    LongTailed(f64, f64),
}

/// Writes `number` clips into `directory`, whose contents differ from all with another `series`.
pub fn write(directory: &Path, series: u64, number: usize, clips: Clips) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    // The same lengths in every series, so that runs can be compared.
    let mut dice = fastrand::Rng::with_seed(7);
    for n in 0..number {
        let mut bytes = SMALL.to_vec();
        let mut size = 0;
        match clips {
            Clips::Small => {}
            Clips::Sized(wanted) => size = wanted,
            Clips::LongTailed(median, sigma) => {
                set_length(&mut bytes, median * (sigma * normal(&mut dice)).exp());
            }
        }
        bytes.extend(padding(&format!("clip {series:08} {n:08}"), size, bytes.len() as u64));
        fs::write(directory.join(format!("clip-{n:06}.mp4")), bytes)?;
    }
    Ok(())
}

/// Box-Muller.
fn normal(dice: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - dice.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * dice.f64()).cos()
}

/// A `free` box that begins with `text` and makes a file of `present` bytes one of `wanted`.
fn padding(text: &str, wanted: u64, present: u64) -> Vec<u8> {
    let least = text.len() as u64 + 8;
    let size = wanted.saturating_sub(present).max(least);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    bytes.extend(u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(b"free");
    bytes.extend(text.as_bytes());
    bytes.resize(usize::try_from(size).unwrap_or(0), b'.');
    bytes
}

/// Makes headers say that the clip is so long: `mvhd` and `mdhd` hold a timescale and a duration.
fn set_length(bytes: &mut [u8], seconds: f64) {
    for kind in [b"mvhd", b"mdhd"] {
        let Some(at) = bytes.windows(4).position(|window| window == kind) else { continue };
        // Version, flags, two times; the lengths are 32 bits wide in version 0.
        let timescale = at + 4 + 4 + 8;
        let Some(field) = bytes.get(timescale..timescale + 4) else { continue };
        let scale = field.try_into().map_or(1, u32::from_be_bytes);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let duration = (seconds * f64::from(scale)) as u32;
        bytes[timescale + 4..timescale + 8].copy_from_slice(&duration.to_be_bytes());
    }
}
