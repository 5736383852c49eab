//! Inputs: small valid MP4 files, each with a content of its own, as large and as long as wanted.

use std::fs;
use std::io;
use std::path::Path;

/// Half a second of video in less than two kilobytes.
const SMALL: &[u8] = include_bytes!("../../media/plain.mp4");

/// What the clips of a batch are like.
#[derive(Debug, Clone, Copy)]
pub enum Clips {
    /// As small as they come.
    Small,
    /// Padded to this number of bytes.
    Sized(u64),
    /// With lengths from a long-tailed distribution: this median in seconds, this sigma.
    LongTailed(f64, f64),
}

/// Writes `number` clips into `directory`, whose contents differ from all with another `series`.
pub fn write(directory: &Path, series: u64, number: usize, clips: Clips) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut lengths = lengths(clips);
    for n in 0..number {
        let mut bytes = SMALL.to_vec();
        if let Some(seconds) = lengths.next() {
            set_length(&mut bytes, seconds);
        }
        let size = if let Clips::Sized(wanted) = clips { wanted } else { 0 };
        bytes.extend(padding(&format!("clip {series:08} {n:08}"), size, bytes.len() as u64));
        fs::write(directory.join(format!("clip-{n:06}.mp4")), bytes)?;
    }
    Ok(())
}

/// Seconds of the longest of this number of clips.
pub fn longest(number: usize, clips: Clips) -> f64 {
    lengths(clips).take(number).fold(0.0, f64::max)
}

/// How long the clips of a batch say that they are, where they are made to: the same in every
/// series, so that runs can be compared.
fn lengths(clips: Clips) -> impl Iterator<Item = f64> {
    let mut dice = fastrand::Rng::with_seed(7);
    let tail = match clips {
        Clips::LongTailed(median, sigma) => Some((median, sigma)),
        Clips::Small | Clips::Sized(_) => None,
    };
    std::iter::from_fn(move || {
        tail.map(|(median, sigma)| median * (sigma * normal(&mut dice)).exp())
    })
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

/// Makes headers say that the clip is so long: `mvhd` and `mdhd` hold a timescale and a duration, and
/// `tkhd` a duration by the scale of the first.
fn set_length(bytes: &mut [u8], seconds: f64) {
    let mut scale = 1.0;
    // Behind the version and flags: two times and a timescale, or two times, a number and a gap.
    for (kind, scale_at, duration_at) in
        [(*b"mvhd", Some(12), 16), (*b"tkhd", None, 20), (*b"mdhd", Some(12), 16)]
    {
        let body = find(bytes, kind);
        if let Some(at) = scale_at {
            scale = f64::from(u32::from_be_bytes(*field(bytes, body + at)));
        }
        // The lengths are 32 bits wide in version 0.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let duration = (seconds * scale) as u32;
        *field(bytes, body + duration_at) = duration.to_be_bytes();
    }
}

/// Where the body of the first box of a kind begins.
fn find(bytes: &[u8], kind: [u8; 4]) -> usize {
    let at = bytes.windows(4).position(|window| window == kind);
    at.expect("the clip has all of these boxes") + 4
}

fn field(bytes: &mut [u8], at: usize) -> &mut [u8; 4] {
    bytes.get_mut(at..at + 4).and_then(|field| field.try_into().ok()).expect("the clip is whole")
}
