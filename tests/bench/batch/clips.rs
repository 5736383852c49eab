//! Inputs: small valid MP4 files, each with a content of its own, as large as wanted.

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
}

/// Writes `number` clips into `directory`, whose contents differ from all with another `series`.
pub fn write(directory: &Path, series: u64, number: usize, clips: Clips) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    for n in 0..number {
        let mut bytes = SMALL.to_vec();
        let size = if let Clips::Sized(wanted) = clips { wanted } else { 0 };
        bytes.extend(padding(&format!("clip {series:08} {n:08}"), size, bytes.len() as u64));
        fs::write(directory.join(format!("clip-{n:06}.mp4")), bytes)?;
    }
    Ok(())
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
