//! What is refused, what is bounded, and how work ends early.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

#[test]
fn files_that_name_other_files_are_refused_before_they_are_opened() {
    let dir = TestDir::new();
    let canary = dir.clip("canary.mp4", NOISE);
    let path = canary.display();
    for (name, text) in [
        ("list.m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:{path}\n")),
        ("list.mp4", format!("#EXTM3U\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n")),
        ("concat.webm", format!("ffconcat version 1.0\nfile '{path}'\n")),
        ("page.avi", format!("<MPD><BaseURL>file://{path}</BaseURL></MPD>")),
        ("empty.mp4", String::new()),
    ] {
        let file = dir.file(name);
        std::fs::write(&file, text).unwrap();
        let error = engine().probe(&file).unwrap_err();
        assert!(error.0.starts_with("Invalid file type"), "{name}: {error}");
        let task = dir.task(&file, "webm");
        assert_eq!(run(&task).unwrap_err(), error, "{name}");
        assert!(!task.output.exists());
    }
}

/// A movie whose samples are, by its header, in another file.
#[test]
fn a_movie_that_refers_to_another_file_does_not_get_it() {
    let dir = TestDir::new();
    let canary = dir.clip("canary.mp4", NOISE);
    let mut bytes = std::fs::read(&canary).unwrap();
    let at = bytes.windows(4).position(|window| window == b"url ").unwrap();
    // The flag that says "in this file" is taken away.
    bytes[at + 7] = 0;
    let file = dir.file("refers.mp4");
    std::fs::write(&file, bytes).unwrap();
    // Whatever comes of it, only this file was read; what matters is that it ends.
    let _ = engine().probe(&file);
}

#[test]
fn garbage_is_a_readable_error() {
    let dir = TestDir::new();
    let mut bytes = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41".to_vec();
    bytes.extend((0..4000u32).map(|at| (at * 7919 % 251) as u8));
    let file = dir.file("garbage.mp4");
    std::fs::write(&file, bytes).unwrap();
    let error = engine().probe(&file).unwrap_err();
    assert!(error.0.starts_with("Invalid video: "), "{error}");
    assert!(!error.0.contains(&*dir.0.path().to_string_lossy()), "{error}");
    let sound = dir.clip("sound.mp4", "-f lavfi -i sine=duration=0.2 -c:a aac");
    assert!(engine().probe(&sound).unwrap_err().0.contains("no video stream"));
    assert!(engine().probe(&dir.file("missing.mp4")).is_err());
}

#[test]
fn limits_are_told() {
    let dir = TestDir::new();
    let input = dir.clip("clip.mp4", NOISE);
    let with = |limits: EngineLimits| RealEngine::new(Tools::default(), limits, None).unwrap();
    for (limits, word) in [
        (EngineLimits { file_bytes: 100, ..EngineLimits::default() }, "File too large"),
        (EngineLimits { duration_seconds: 0.3, ..EngineLimits::default() }, "too long"),
        (EngineLimits { pixels: 64 * 47, ..EngineLimits::default() }, "too large"),
    ] {
        let error = with(limits).probe(&input).unwrap_err();
        assert!(error.0.contains(word), "{error}");
    }
    let short = with(EngineLimits { animation_seconds: 0.3, ..EngineLimits::default() });
    let never = AtomicBool::new(false);
    let error = short.run(&dir.task(&input, "gif"), &|_| (), &never).unwrap_err();
    assert!(error.0.contains("too long for gif"), "{error}");
    assert!(short.run(&dir.task(&input, "png_sequence"), &|_| (), &never).is_ok());
    let hasty = with(EngineLimits { job_time: Duration::ZERO, ..EngineLimits::default() });
    let error = hasty.run(&dir.task(&input, "webm"), &|_| (), &never).unwrap_err();
    assert!(error.0.contains("longer than the limit"), "{error}");
    let mut task = dir.task(&input, "webm");
    task.layout.canvas = Some((100_000, 100_000));
    assert!(run(&task).unwrap_err().0.contains("canvas"));
}

#[test]
fn fast_videos_are_slowed_to_the_limit() {
    let dir = TestDir::new();
    let input = dir.clip("fast.mp4", "-f lavfi -i testsrc2=size=32x32:rate=100:duration=0.2");
    let limits = EngineLimits { frame_rate: 20, ..EngineLimits::default() };
    let engine = RealEngine::new(Tools::default(), limits, None).unwrap();
    let never = AtomicBool::new(false);
    assert_eq!(engine.run(&dir.task(&input, "webm"), &|_| (), &never).unwrap().frames, 4);
}

#[test]
fn without_ffmpeg_it_says_what_to_install() {
    let dir = TestDir::new();
    let input = dir.clip("clip.mp4", NOISE);
    let tools = Tools { ffmpeg: "/nonexistent/ffmpeg".into(), ..Tools::default() };
    let engine = RealEngine::new(tools, EngineLimits::default(), None).unwrap();
    let never = AtomicBool::new(false);
    let error = engine.run(&dir.task(&input, "webm"), &|_| (), &never).unwrap_err();
    assert!(error.0.contains("apt-get install ffmpeg"), "{error}");
}

#[test]
fn progress_rises_to_the_end() {
    let dir = TestDir::new();
    let input = dir.clip("clip.mp4", NOISE);
    let heard = Mutex::new(Vec::new());
    let never = AtomicBool::new(false);
    let task = dir.task(&input, "webm");
    engine().run(&task, &|part| heard.lock().unwrap().push(part), &never).unwrap();
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard.len(), 7, "one a frame and one at the end: {heard:?}");
    assert!(heard.is_sorted(), "{heard:?}");
    assert!((heard[2] - 50.0).abs() < 1.0, "{heard:?}");
    assert_eq!(heard.last(), Some(&100.0));
}

#[test]
fn cancelling_stops_the_work_and_leaves_nothing() {
    let dir = TestDir::new();
    let input = dir.clip("long.mp4", "-f lavfi -i testsrc2=size=64x48:rate=25:duration=60 -crf 40");
    let task = dir.task(&input, "webm");
    let cancel = AtomicBool::new(false);
    let frames = Mutex::new(0);
    let error = engine().run(
        &task,
        &|_| {
            let mut frames = frames.lock().unwrap();
            *frames += 1;
            if *frames == 3 {
                cancel.store(true, Ordering::Relaxed);
            }
        },
        &cancel,
    );
    assert_eq!(error.unwrap_err().0, "The job was cancelled");
    assert!(*frames.lock().unwrap() < 300, "1500 frames in all");
    assert!(!task.output.exists());
}

#[test]
fn unknown_values_are_refused() {
    let dir = TestDir::new();
    let input = dir.clip("clip.mp4", NOISE);
    let mut task = dir.task(&input, "mkv");
    assert!(run(&task).unwrap_err().0.contains("output format"));
    task.format = "webm".to_owned();
    task.model = "huge".to_owned();
    assert!(run(&task).unwrap_err().0.contains("model"));
}
