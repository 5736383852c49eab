//! The room as a whole, on real clips (see `tests/media/README.md`) and on broken ones.

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

fn expect(format: F, alpha: bool) -> Expectation {
    Expectation { format, alpha, size: None, duration: Some(0.5) }
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
    assert_eq!(refused(&clip("plain.mkv")), BadInput::Unsupported(Container::Matroska));
    assert_eq!(refused(&clip("plain.ts")), BadInput::Unsupported(Container::MpegTs));
    assert_eq!(refused(&clip("plain.gif")), BadInput::Unsupported(Container::Gif));
    assert_eq!(refused(&clip("opaque.png")), BadInput::NotAVideo(Container::Png));
    assert_eq!(refused(&clip("sound.mp4")), BadInput::NoVideoTrack(Container::Mp4));
    assert_eq!(refused(&clip("no-such-file.mp4")), BadInput::Missing);
    assert_eq!(refused(&clip("")), BadInput::Directory);

    let (_kept, empty) = written(b"");
    assert_eq!(refused(&empty), BadInput::Empty);
    let (_kept, text) = written(b"<html>404</html>");
    assert_eq!(refused(&text).to_string(), "it is not a video: its content is a web page");
    #[cfg(unix)]
    assert_eq!(refused(Path::new("/dev/null")), BadInput::NotAFile);
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_is_read() {
    let (_kept, path) = written(&fs::read(clip("plain.mp4")).unwrap());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(MAX_UPLOAD_BYTES + 1).unwrap();
    let refusal = inspect_input(&path).unwrap_err();
    assert_eq!(refusal, BadInput::TooLarge { size: MAX_UPLOAD_BYTES + 1 });
    assert!(refusal.to_string().contains("at most 500 MB"), "{refusal}");
}

#[test]
fn clips_that_are_cut_anywhere_are_noticed() {
    for name in ["plain.mp4", "plain.mov", "plain.webm", "clear.webm", "plain.avi"] {
        let whole = fs::read(clip(name)).unwrap();
        for length in (64..whole.len()).step_by(37) {
            let (_kept, path) = written(&whole[..length]);
            assert!(inspect_input(&path).is_err(), "{name} cut to {length}");
        }
    }
}

#[test]
fn an_avi_from_a_pipe_is_taken_without_a_duration() {
    let mut bytes = fs::read(clip("plain.avi")).unwrap();
    let list = bytes.windows(4).position(|word| word == b"movi").unwrap();
    bytes[4..8].fill(0xff);
    bytes[list - 4..list].fill(0xff);
    let (_kept, path) = written(&bytes);
    let video = inspect_input(&path).unwrap();
    assert_eq!((video.duration, video.complete), (None, false));
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
        assert!(matches!(refusal, BadOutput::NoAlpha(_)), "{name}: {refusal}");
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
    assert!(matches!(refusal, BadOutput::Message { found: Container::Json, .. }));

    let refusal = verify_output(&clip("plain.mp4"), &expect(F::Webm, false)).unwrap_err();
    assert_eq!(refusal.to_string(), "it is an MP4 video, but webm was asked for");
}

#[test]
fn lengths_are_compared() {
    let path = clip("plain.mp4");
    let size = fs::metadata(&path).unwrap().len();
    let sized = |size| Expectation { size: Some(size), ..expect(F::Mp4, false) };
    assert!(verify_output(&path, &sized(size)).is_ok());
    assert!(matches!(verify_output(&path, &sized(size + 1)), Err(BadOutput::Length { .. })));
    let long = Expectation { duration: Some(9.0), ..expect(F::Mp4, false) };
    assert!(matches!(verify_output(&path, &long), Err(BadOutput::Duration { .. })));
}

#[test]
fn outputs_that_are_cut_are_not_accepted() {
    for (name, format) in [("clear.webp", F::Webp), ("clear.gif", F::Gif), ("clear.webm", F::Webm)]
    {
        let whole = fs::read(clip(name)).unwrap();
        let (_kept, path) = written(&whole[..whole.len() - 2]);
        let refusal = verify_output(&path, &expect(format, true)).unwrap_err();
        assert!(matches!(refusal, BadOutput::CutShort { .. }), "{name}: {refusal}");
    }
}

const READABLE: [Container; 7] = [
    Container::Mp4,
    Container::QuickTime,
    Container::WebM,
    Container::Matroska,
    Container::Avi,
    Container::WebP,
    Container::Gif,
];

const CLIPS: [&str; 10] = [
    "plain.mp4",
    "fragmented.mp4",
    "clear-prores.mov",
    "clear-rle.mov",
    "clear.webm",
    "streamed.webm",
    "plain.avi",
    "plain.gif",
    "plain.webp",
    "clear.webp",
];

fn read_as_everything(bytes: &[u8]) {
    for container in READABLE {
        // Any answer will do, as long as there is one.
        let _ = probe::facts(container, Cursor::new(bytes), bytes.len() as u64);
    }
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        read_as_everything(&bytes);
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
        read_as_everything(&bytes);
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
        read_as_everything(&bytes);
    }
}
