//! How long a video is, read from its container without decoding: enough for the timer.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use super::content::{ENOUGH, Kind};

/// Seconds of video, when the container says so.
pub(crate) fn seconds(file: &Path) -> Option<f64> {
    let mut head = [0; ENOUGH];
    File::open(file).ok()?.read_exact(&mut head).ok()?;
    let reader = BufReader::new(File::open(file).ok()?);
    let seconds = match Kind::of(&head)? {
        Kind::Video("mp4" | "mov") => iso_seconds(reader),
        Kind::Video("webm") => matroska_seconds(reader),
        Kind::Video("avi") => avi_seconds(reader),
        _ => None,
    };
    seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0)
}

fn iso_seconds(mut reader: BufReader<File>) -> Option<f64> {
    let context = mp4parse::read_mp4(&mut reader).ok()?;
    let videos =
        context.tracks.iter().filter(|track| track.track_type == mp4parse::TrackType::Video);
    let lengths = videos.filter_map(|track| {
        let (duration, scale) = (track.duration?.0, track.timescale?.0);
        (scale > 0).then(|| duration as f64 / scale as f64)
    });
    lengths.max_by(f64::total_cmp)
}

fn matroska_seconds(reader: BufReader<File>) -> Option<f64> {
    let file = matroska_demuxer::MatroskaFile::open(reader).ok()?;
    let nanoseconds = file.info().timestamp_scale().get() as f64;
    file.info().duration().map(|ticks| ticks * nanoseconds / 1e9)
}

/// The main header of an AVI file: microseconds a frame, and frames.
fn avi_seconds(mut reader: BufReader<File>) -> Option<f64> {
    let mut head = [0; 512];
    let read = reader.read(&mut head).ok()?;
    let header = head[..read].windows(4).position(|word| word == b"avih")? + 8;
    let number = |at: usize| {
        let bytes = head.get(header + at..header + at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    Some(f64::from(number(0)?) * f64::from(number(16)?) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_clip_is_two_seconds_long() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clip");
        std::fs::write(&file, include_bytes!("assets/astronaut.mp4")).unwrap();
        let seconds = seconds(&file).unwrap();
        assert!((1.9..2.2).contains(&seconds), "{seconds}");
    }

    #[test]
    fn an_avi_header_is_read() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clip");
        let mut bytes = b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih\x38\0\0\0".to_vec();
        bytes.extend(40_000_u32.to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend(50_u32.to_le_bytes());
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(seconds(&file), Some(2.0));
    }

    #[test]
    fn rubbish_has_no_length() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clip");
        for bytes in [
            &b""[..],
            b"\0\0\0\x20ftypisomrubbish and more rubbish",
            b"\x1a\x45\xdf\xa3................",
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(seconds(&file), None);
        }
    }
}
