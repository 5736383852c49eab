//! Adapts the length of a stand-in to its video, since clients compare them. Its ten frames are
//! shown for longer; a sequence gets more pictures.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

/// Number of frames of a stand-in.
const STAND_IN_FRAMES: f64 = 10.0;

/// Pictures per second of a sequence.
const SEQUENCE_RATE: f64 = 25.0;

/// Minimum length in seconds: GIF delays are at least a hundredth.
const MIN_SECONDS: f64 = 0.1;

/// Maximum length in seconds; longer videos are refused.
const MAX_SECONDS: f64 = 3_600.0;

/// `bytes`, a stand-in of `format` of one second, changed to `seconds`.
pub(crate) fn stretched(format: &str, bytes: &[u8], seconds: f64) -> Option<Vec<u8>> {
    let seconds = seconds.clamp(MIN_SECONDS, MAX_SECONDS);
    let mut bytes = bytes.to_vec();
    match format {
        "webm" => webm(&mut bytes, seconds)?,
        "mp4" | "mov" => boxes(&mut bytes, seconds)?,
        "gif" => delays(&mut bytes, b"\x21\xf9\x04", 4, 2, seconds * 100.0),
        "webp" => delays(&mut bytes, b"ANMF", 20, 3, seconds * 1_000.0),
        "png_sequence" => return sequence(&bytes, seconds),
        _ => return None,
    }
    Some(bytes)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by MAX_SECONDS"
)]
fn whole(number: f64) -> u32 {
    number.round() as u32
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Lengthens the ticks with a wider number that overwrites the muxer name, and removes the stated frame
/// duration.
fn webm(bytes: &mut [u8], seconds: f64) -> Option<()> {
    let scale = find(bytes, b"\x2a\xd7\xb1\x83\x0f\x42\x40\x4d\x80\x84Lavf")?;
    let nanoseconds = u64::from(whole(seconds * 1_000.0)) * 1_000;
    bytes[scale + 3] = 0x88;
    bytes[scale + 4..scale + 12].copy_from_slice(&nanoseconds.to_be_bytes());
    // A `Void` element without content.
    bytes[scale + 12..scale + 14].copy_from_slice(b"\xec\x80");
    let frame = find(bytes, b"\x23\xe3\x83\x84")?;
    bytes[frame..frame + 2].copy_from_slice(b"\xec\x86");
    Some(())
}

/// Scales all times, which are in milliseconds.
fn boxes(bytes: &mut [u8], seconds: f64) -> Option<()> {
    const MILLISECONDS: u32 = 1_000;
    let all = whole(seconds * 1_000.0);
    let media = find(bytes, b"mdhd")?;
    let scale = f64::from(number(bytes, media + 16)?);
    let scaled = |units: u32| whole(f64::from(units) / scale * seconds * 1_000.0);
    for (name, scale, length) in
        [(b"mvhd", Some(16), 20), (b"mdhd", Some(16), 20), (b"tkhd", None, 24), (b"elst", None, 12)]
    {
        let Some(at) = find(bytes, name) else { continue };
        if let Some(scale) = scale {
            put(bytes, at + scale, MILLISECONDS)?;
        }
        put(bytes, at + length, all)?;
    }
    if let Some(edits) = find(bytes, b"elst") {
        let begin = number(bytes, edits + 16)?;
        put(bytes, edits + 16, scaled(begin))?;
    }
    for table in [b"stts", b"ctts"] {
        let Some(at) = find(bytes, table) else { continue };
        for entry in 0..number(bytes, at + 8)? as usize {
            let value = number(bytes, at + 16 + entry * 8)?;
            put(bytes, at + 16 + entry * 8, scaled(value))?;
        }
    }
    Some(())
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn put(bytes: &mut [u8], at: usize, value: u32) -> Option<()> {
    bytes.get_mut(at..at + 4)?.copy_from_slice(&value.to_be_bytes());
    Some(())
}

/// Distributes `total` over the little-endian delays of `width` bytes at `offset` after each
/// `mark`.
fn delays(bytes: &mut [u8], mark: &[u8], offset: usize, width: usize, total: f64) {
    let (mut at, mut frame) = (0, 0.0);
    let most = (1_u32 << (8 * width)) - 1;
    while let Some(found) = find(&bytes[at..], mark) {
        at += found + offset;
        let delay =
            whole(total * (frame + 1.0) / STAND_IN_FRAMES) - whole(total * frame / STAND_IN_FRAMES);
        let Some(field) = bytes.get_mut(at..at + width) else { return };
        field.copy_from_slice(&delay.min(most).to_le_bytes()[..width]);
        frame += 1.0;
    }
}

/// Repeats the pictures of the archive `bytes`.
fn sequence(bytes: &[u8], seconds: f64) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut pictures = Vec::new();
    for index in 0..archive.len() {
        let mut picture = Vec::new();
        archive.by_index(index).ok()?.read_to_end(&mut picture).ok()?;
        pictures.push(picture);
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let all = (1..=whole(seconds * SEQUENCE_RATE).max(1)).zip(pictures.iter().cycle());
    for (index, picture) in all {
        writer.start_file(format!("frame_{index:05}.png"), options).ok()?;
        writer.write_all(picture).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

#[cfg(test)]
mod tests {
    use crate::media::{ExpectedLength, OutputSpec, verify_output};
    use crate::model::OutputFormat;
    use crate::sandbox::engine::stand_in::StandIn;

    #[test]
    fn a_stand_in_lasts_as_long_as_the_video_in_every_format() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("output");
        for &format in OutputFormat::ALL {
            for seconds in [0.1, 0.5, 2.0, 17.3, 123.4, 599.0] {
                let stand_in = StandIn::new(format.as_str(), 100_000, seconds).unwrap();
                let mut bytes = Vec::new();
                while (bytes.len() as u64) < stand_in.size {
                    bytes.extend_from_slice(&stand_in.piece(bytes.len() as u64, u64::MAX));
                }
                std::fs::write(&path, &bytes).unwrap();
                let frame = Some(1.0 / 25.0);
                let length = Some(ExpectedLength { seconds, reach: seconds, frame });
                let expected = OutputSpec { format, alpha: false, size: None, length };
                let verified = verify_output(&path, &expected);
                let verified = verified.unwrap_or_else(|bad| panic!("{format} {seconds}: {bad}"));
                if let Some(lasts) = verified.duration {
                    assert!((lasts - seconds).abs() < 0.011, "{format} {seconds}: {lasts}");
                }
            }
        }
    }
}
