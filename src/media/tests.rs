//! The whole module, on real clips (see `tests/media/README.md`) and on broken ones.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::model::OutputFormat as F;

fn clip(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/media").join(name)
}

/// `bytes` in a file of their own, and the directory that keeps it.
fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clip");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn expect(format: F, alpha: bool) -> OutputSpec {
    OutputSpec { format, alpha, size: None, length: Some(ExpectedLength::of_seconds(0.5)) }
}

#[test]
fn inputs_are_described() {
    let table = [
        ("plain.mp4", Container::Mp4, "video/mp4", "mp4", Some(false), true),
        ("fragmented.mp4", Container::Mp4, "video/mp4", "mp4", Some(false), true),
        ("plain.mov", Container::QuickTime, "video/quicktime", "mov", Some(false), true),
        ("clear-prores.mov", Container::QuickTime, "video/quicktime", "mov", Some(true), true),
        ("plain.webm", Container::WebM, "video/webm", "webm", Some(false), true),
        ("streamed.webm", Container::WebM, "video/webm", "webm", Some(false), false),
        ("clear.webm", Container::WebM, "video/webm", "webm", Some(true), true),
        ("plain.avi", Container::Avi, "video/x-msvideo", "avi", Some(false), true),
    ];
    for (name, container, content_type, extension, has_alpha, complete) in table {
        let path = clip(name);
        let video = inspect_input(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (video.container, video.content_type, video.extension),
            (container, content_type, extension),
            "{name}"
        );
        assert_eq!((video.width, video.height), (Some(32), Some(18)), "{name}");
        assert_eq!((video.has_alpha, video.complete), (has_alpha, complete), "{name}");
        let seconds = video.duration.unwrap();
        assert!((seconds - 0.5).abs() < 0.11, "{name}: {seconds}");
        assert_eq!(video.size, fs::metadata(&path).unwrap().len());
    }
}

#[test]
fn the_shipped_clip_is_known() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/assets/astronaut.mp4");
    let video = inspect_input(&path).unwrap();
    assert_eq!((video.width, video.height), (Some(480), Some(480)));
    assert!((video.duration.unwrap() - 2.0).abs() < 0.1);
}

#[test]
fn an_upload_is_named_after_its_content() {
    let video = inspect_input(&clip("plain.webm")).unwrap();
    assert_eq!(video.upload_name(Path::new("/a/holiday.mp4")), "holiday.webm");
    assert_eq!(video.upload_name(Path::new("a\x1bb\n")), "ab.webm");
    assert_eq!(video.upload_name(Path::new("/")), "video.webm");
}

#[test]
fn inputs_that_cannot_be_sent_say_why() {
    let refused = |path: &Path| inspect_input(path).unwrap_err();
    assert_eq!(refused(&clip("plain.mkv")), InputError::Unsupported(Container::Matroska));
    assert_eq!(refused(&clip("plain.ts")), InputError::Unsupported(Container::MpegTs));
    assert_eq!(refused(&clip("plain.gif")), InputError::Unsupported(Container::Gif));
    assert_eq!(refused(&clip("opaque.png")), InputError::NotAVideo(Container::Png));
    assert_eq!(refused(&clip("sound.mp4")), InputError::NoVideoTrack(Container::Mp4));
    assert_eq!(refused(&clip("no-such-file.mp4")), InputError::Missing);
    assert_eq!(refused(&clip("")), InputError::Directory);

    let (_kept, empty) = written(b"");
    assert_eq!(refused(&empty), InputError::Empty);
    let (_kept, text) = written(b"<html>404</html>");
    assert_eq!(refused(&text).to_string(), "it is not a video: its content is a web page");
    assert_eq!(refused(Path::new("/dev/null")), InputError::NotAFile);
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let (_kept, path) = written(&fs::read(clip("plain.mp4")).unwrap());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(MAX_UPLOAD_BYTES + 1).unwrap();
    let refusal = inspect_input(&path).unwrap_err();
    assert_eq!(refusal, InputError::TooLarge { size: MAX_UPLOAD_BYTES + 1 });
    assert!(refusal.to_string().contains("at most 500 MB"), "{refusal}");
}

#[test]
fn clips_that_are_cut_anywhere_are_noticed() {
    for name in ["plain.mp4", "plain.mov", "plain.webm", "clear.webm", "plain.avi"] {
        let whole = fs::read(clip(name)).unwrap();
        let all = inspect_input(&clip(name)).unwrap();
        for length in (64..whole.len()).step_by(37) {
            let (_kept, path) = written(&whole[..length]);
            // What is lost of an index harms no picture, and is said.
            let harmless = |video: Video| video.frames == all.frames && video.note.is_some();
            assert!(inspect_input(&path).ok().is_none_or(harmless), "{name} cut to {length}");
        }
    }
}

#[test]
fn the_frames_of_an_avi_from_a_pipe_are_counted() {
    let mut bytes = fs::read(clip("plain.avi")).unwrap();
    let list = bytes.windows(4).position(|word| word == b"movi").unwrap();
    bytes[4..8].fill(0xff);
    bytes[list - 4..list].fill(0xff);
    let (_kept, path) = written(&bytes);
    let video = inspect_input(&path).unwrap();
    assert_eq!((video.duration, video.complete), (Some(0.5), false));
}

#[test]
fn padding_after_a_whole_movie_is_no_damage() {
    let mut bytes = fs::read(clip("plain.mp4")).unwrap();
    bytes.extend_from_slice(&[0; 100]);
    let (_kept, path) = written(&bytes);
    assert!(inspect_input(&path).is_ok());
}

#[test]
fn outputs_are_verified() {
    let table = [
        ("clear.webm", F::Webm, true),
        ("clear-prores.mov", F::Mov, true),
        ("clear-png.mov", F::Mov, true),
        ("clear-rle.mov", F::Mov, true),
        ("clear.gif", F::Gif, true),
        ("clear.webp", F::Webp, true),
        ("plain.mp4", F::Mp4, false),
        ("plain.webm", F::Webm, false),
        ("plain.webp", F::Webp, false),
        ("streamed.webm", F::Webm, false),
    ];
    for (name, format, alpha) in table {
        let verified = verify_output(&clip(name), &expect(format, alpha))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((verified.width, verified.height), (Some(32), Some(18)), "{name}");
        assert_eq!(verified.has_alpha, Some(alpha), "{name}");
    }
}

#[test]
fn alpha_is_missed_where_it_was_asked_for() {
    let table = [
        ("plain.webm", F::Webm),
        ("plain.mov", F::Mov),
        ("opaque-prores.mov", F::Mov),
        ("opaque-rle.mov", F::Mov),
        ("plain.gif", F::Gif),
        ("plain.webp", F::Webp),
    ];
    for (name, format) in table {
        let refusal = verify_output(&clip(name), &expect(format, true)).unwrap_err();
        assert!(matches!(refusal, OutputError::NoAlpha(_)), "{name}: {refusal}");
    }
}

#[test]
fn what_came_in_place_of_an_output_is_named() {
    let (_kept, page) = written(b"<html>\n<h1>Access\x1b[2J denied</h1>");
    let refusal = verify_output(&page, &expect(F::Webm, true)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "it is a web page in place of webm; it begins: <html> <h1>Access\\u{1b}[2J denied</h1>"
    );
    let (_kept, answer) = written(b"{\"error\": \"expired\"}");
    let refusal = verify_output(&answer, &expect(F::Mp4, false)).unwrap_err();
    assert!(matches!(refusal, OutputError::Message { found: Container::Json, .. }));

    let refusal = verify_output(&clip("plain.mp4"), &expect(F::Webm, false)).unwrap_err();
    assert_eq!(refusal.to_string(), "it is an MP4 video, but webm was asked for");
}

#[test]
fn lengths_are_compared() {
    let path = clip("plain.mp4");
    let size = fs::metadata(&path).unwrap().len();
    let sized = |size| OutputSpec { size: Some(size), ..expect(F::Mp4, false) };
    assert!(verify_output(&path, &sized(size)).is_ok());
    assert!(matches!(verify_output(&path, &sized(size + 1)), Err(OutputError::Length { .. })));
    let long =
        OutputSpec { length: Some(ExpectedLength::of_seconds(0.8)), ..expect(F::Mp4, false) };
    assert!(matches!(verify_output(&path, &long), Err(OutputError::Duration { .. })));
}

/// Lengths that outputs may have, and that they may not, for an input of 0.5 s and 5 pictures.
#[test]
fn an_output_is_as_long_as_its_input() {
    let input = |seconds: f64, frames: f64| {
        Some(ExpectedLength { seconds, reach: seconds, frame: Some(seconds / frames) })
    };
    let table = [
        ("plain.mp4", F::Mp4),
        ("plain.webm", F::Webm),
        ("streamed.webm", F::Webm),
        ("plain.mov", F::Mov),
        ("plain.gif", F::Gif),
        ("plain.webp", F::Webp),
    ];
    for (name, format) in table {
        let path = clip(name);
        let verify =
            |length| verify_output(&path, &OutputSpec { format, alpha: false, size: None, length });
        // (seconds of the input, its frames, whether the output is right)
        let inputs = [
            (0.5, 5.0, true),
            (0.6, 6.0, true),
            (0.5, 15.0, true),
            (0.9, 9.0, false),
            (0.8, 20.0, false),
            (0.2, 5.0, false),
        ];
        for (seconds, frames, is_right) in inputs {
            let verified = verify(input(seconds, frames));
            assert_eq!(verified.is_ok(), is_right, "{name} for {seconds} s: {verified:?}");
            if let Err(bad) = verified {
                let message = format!("it lasts 0.50 s, but its input lasts {seconds:.2} s");
                assert_eq!(bad.to_string(), message, "{name}");
                assert_eq!(bad.kind(), crate::model::FailureKind::Unverified);
            }
        }
        // A service may fill a pause of the input, or leave it out.
        let paused = Some(ExpectedLength { seconds: 0.2, reach: 0.6, frame: Some(0.04) });
        assert!(verify(paused).is_ok(), "{name}");
        assert!(verify(None).is_ok(), "{name}");
    }
    // Each delay of a GIF is rounded for itself: the number of pictures tells that it is whole.
    let gif = |seconds, frames| {
        let length = input(seconds, frames);
        let expected = OutputSpec { format: F::Gif, alpha: false, size: None, length };
        verify_output(&clip("plain.gif"), &expected).is_ok()
    };
    assert!(gif(0.5, 5.0));
    assert!(gif(0.54, 5.0));
    assert!(!gif(1.0, 10.0));
}

/// A sequence has no clock: its pictures are counted, at the rate of the input or a usual one.
#[test]
fn a_sequence_has_as_many_pictures_as_its_input() {
    let picture = fs::read(clip("clear.png")).unwrap();
    let verify = |pictures: usize, seconds: f64, frames: f64| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..pictures {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(format!("{index:05}.png"), options).unwrap();
            std::io::Write::write_all(&mut writer, &picture).unwrap();
        }
        let (_kept, path) = written(&writer.finish().unwrap().into_inner());
        let length =
            Some(ExpectedLength { seconds, reach: seconds, frame: Some(seconds / frames) });
        let format = F::PngSequence;
        verify_output(&path, &OutputSpec { format, alpha: true, size: None, length })
    };
    for (pictures, seconds, frames, is_right) in [
        (20, 2.0, 20.0, true),
        (18, 2.0, 20.0, true),
        (15, 2.0, 20.0, false),
        (20, 1.0, 20.0, true),
        (48, 2.0, 240.0, true),
        (40, 2.0, 50.0, false),
        (10, 2.0, 50.0, false),
        (80, 2.0, 50.0, false),
    ] {
        let verified = verify(pictures, seconds, frames);
        assert_eq!(verified.is_ok(), is_right, "{pictures} for {seconds} s: {verified:?}");
    }
}

#[test]
fn a_webm_that_is_cut_between_clusters_does_not_verify() {
    let whole = fs::read(clip("plain.webm")).unwrap();
    let index = whole.windows(4).rposition(|window| window == b"\x1c\x53\xbb\x6b").unwrap();
    let (_kept, path) = written(&whole[..index]);
    let refusal = verify_output(&path, &expect(F::Webm, false)).unwrap_err();
    assert!(matches!(refusal, OutputError::CutShort { .. }), "{refusal}");
    let note = inspect_input(&path).unwrap().note.unwrap();
    assert!(note.contains("all of its pictures are there"), "{note}");
}

#[test]
fn outputs_that_are_cut_are_not_accepted() {
    for (name, format) in [("clear.webp", F::Webp), ("clear.gif", F::Gif), ("clear.webm", F::Webm)]
    {
        let whole = fs::read(clip(name)).unwrap();
        let (_kept, path) = written(&whole[..whole.len() - 2]);
        let refusal = verify_output(&path, &expect(format, true)).unwrap_err();
        assert!(matches!(refusal, OutputError::CutShort { .. }), "{name}: {refusal}");
    }
}

const CLIPS: [&str; 13] = [
    "plain.mp4",
    "fragmented.mp4",
    "clear-prores.mov",
    "clear-rle.mov",
    "clear.webm",
    "streamed.webm",
    "plain.mov",
    "plain.mkv",
    "clear-png.mov",
    "plain.avi",
    "plain.gif",
    "plain.webp",
    "clear.webp",
];

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        super::fuzz_container(&bytes);
    }

    #[test]
    fn damaged_clips_never_panic(
        clip_index in 0..CLIPS.len(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fs::read(clip(CLIPS[clip_index])).unwrap();
        for (place, value) in changes {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        super::fuzz_container(&bytes);
    }

    #[test]
    fn sizes_that_lie_never_panic(
        clip_index in 0..CLIPS.len(),
        place in any::<prop::sample::Index>(),
        lie in prop::sample::select(vec![0_u32, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, u32::MAX]),
    ) {
        let mut bytes = fs::read(clip(CLIPS[clip_index])).unwrap();
        let at = place.index(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
        super::fuzz_container(&bytes);
        bytes[at..at + 4].copy_from_slice(&lie.to_le_bytes());
        super::fuzz_container(&bytes);
    }

    #[test]
    fn parts_that_repeat_or_are_missing_never_panic(
        clip_index in 0..CLIPS.len(),
        from in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        moves in any::<bool>(),
    ) {
        let mut bytes = fs::read(clip(CLIPS[clip_index])).unwrap();
        let from = from.index(bytes.len());
        let part = bytes[from..from + length.index(bytes.len() - from)].to_vec();
        if moves {
            bytes.drain(from..from + part.len());
        }
        let to = to.index(bytes.len().max(1));
        bytes.splice(to..to, part);
        super::fuzz_container(&bytes);
    }

    /// Every table of the index is made as long, or each of its numbers as large, as can be.
    #[test]
    fn tables_that_lie_never_panic(
        clip_index in 0..CLIPS.len(),
        table in prop::sample::select(vec![
            "stts", "ctts", "stsc", "stsz", "stco", "elst", "trun", "tfhd", "trex", "mdhd", "stsd",
            "dref", "strh", "strf", "avih", "movi",
        ]),
        offset in 0_usize..40,
        lie in any::<u32>(),
    ) {
        let mut bytes = fs::read(clip(CLIPS[clip_index])).unwrap();
        if let Some(at) = bytes.windows(4).position(|window| window == table.as_bytes()) {
            let at = (at + 4 + offset).min(bytes.len() - 4);
            bytes[at..at + 4].copy_from_slice(&lie.to_be_bytes());
            super::fuzz_container(&bytes);
        }
    }
}
