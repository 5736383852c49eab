//! Inputs of every kind that people upload.

use super::*;

fn to_webm(dir: &TestDir, input: &Path) -> EngineResult {
    let task = dir.task(input, "webm");
    run(&task).unwrap_or_else(|error| panic!("{}: {error}", input.display()))
}

#[test]
fn pixel_formats_and_containers() {
    let dir = TestDir::new();
    for (name, arguments) in [
        ("deep.mp4", "-c:v libx264 -pix_fmt yuv420p10le"),
        ("full.mp4", "-c:v libx264 -pix_fmt yuv444p"),
        ("deep-full.mov", "-c:v prores_ks -pix_fmt yuv444p10le"),
        ("rgb.mov", "-c:v png"),
        ("old.avi", "-c:v mpeg4"),
        ("web.webm", "-c:v libvpx-vp9 -pix_fmt yuva420p -auto-alt-ref 0"),
        ("older.webm", "-c:v libvpx"),
        ("grey.mp4", "-c:v libx264 -pix_fmt gray"),
    ] {
        let input = dir.clip(name, &format!("{NOISE} {arguments}"));
        let (probe, source) = (engine().probe(&input).unwrap(), probed(&input));
        assert_eq!((source.size, source.sound), ((64, 48), None), "{name}");
        assert!((probe.duration_seconds - 0.6).abs() < 0.05, "{name}: {probe:?}");
        assert_eq!(to_webm(&dir, &input).frames, 6, "{name}");
    }
}

#[test]
fn sound_that_the_container_cannot_hold_is_encoded_again() {
    let dir = TestDir::new();
    let tone = "-f lavfi -i sine=frequency=300:duration=0.6";
    for (name, sound, format, kept) in [
        ("a.avi", "-c:a pcm_s16le", "webm", "opus"),
        ("b.mov", "-c:a pcm_s24le -ac 6", "webm", "opus"),
        ("c.webm", "-c:a libopus", "webm", "opus"),
        ("d.webm", "-c:a libvorbis", "mp4", "aac"),
        ("e.mp4", "-c:a aac", "mov", "aac"),
    ] {
        let input = dir.clip(name, &format!("{NOISE} {tone} {sound}"));
        assert!(probed(&input).sound.is_some());
        let mut task = dir.task(&input, format);
        task.backdrop = Backdrop::Color([0.0; 3]);
        run(&task).unwrap_or_else(|error| panic!("{name}: {error}"));
        let streams = described(&task.output, "stream=codec_name");
        assert!(streams.contains(kept), "{name}: {streams}");
        let length: f64 = described(&task.output, "format=duration").trim().parse().unwrap();
        assert!((length - 0.6).abs() < 0.1, "{name}: {length}");
    }
}

#[test]
fn sound_shorter_or_longer_than_the_pictures_loses_no_frame() {
    let dir = TestDir::new();
    for seconds in ["0.2", "2"] {
        let tone = format!("-f lavfi -i sine=frequency=300:duration={seconds}");
        let input = dir.clip("uneven.mp4", &format!("{NOISE} {tone} -c:a aac"));
        let task = dir.task(&input, "webm");
        assert_eq!(run(&task).unwrap().frames, 6);
        let length: f64 = described(&task.output, "format=duration").trim().parse().unwrap();
        assert!(length < 0.8, "{length}");
    }
}

#[test]
fn a_turned_video_comes_out_as_it_is_shown() {
    let dir = TestDir::new();
    dir.clip("flat.mp4", NOISE);
    let turned = dir.clip("turned.mp4", "-i flat.mp4 -c copy -metadata:s:v:0 rotate=90");
    assert_eq!(probed(&turned).size, (48, 64));
    let task = dir.task(&turned, "mov");
    run(&task).unwrap();
    assert!(described(&task.output, "stream=width,height").contains("48|64"));
}

#[test]
fn oblong_pixels_come_out_square() {
    let dir = TestDir::new();
    let input = dir.clip("oblong.mp4", &format!("{NOISE} -vf setsar=2/1"));
    assert_eq!(probed(&input).size.0, 128);
    let task = dir.task(&input, "mov");
    run(&task).unwrap();
    assert!(described(&task.output, "stream=width,height").contains("128|48"));
}

#[test]
fn a_varying_frame_rate_keeps_its_time() {
    let dir = TestDir::new();
    let input = dir.clip(
        "varying.mp4",
        "-f lavfi -i testsrc2=size=64x48:rate=20:duration=1 \
         -vf select='lt(n,6)+not(mod(n,5))' -vsync vfr",
    );
    let stored: u32 = described(&input, "stream=nb_frames").trim().parse().unwrap();
    assert!(stored < 12, "{stored}");
    let outcome = to_webm(&dir, &input);
    assert!((outcome.duration_seconds - 0.8).abs() < 0.25, "{outcome:?}");
    let probe = engine().probe(&input).unwrap();
    assert!((outcome.duration_seconds - probe.duration_seconds).abs() < 0.11, "{probe:?}");
}

#[test]
fn one_frame_and_one_pixel() {
    let dir = TestDir::new();
    let one = dir.clip("one.mp4", "-f lavfi -i testsrc2=size=64x48:rate=10 -frames:v 1");
    for format in ["webm", "gif", "webp", "png_sequence", "mov"] {
        let task = dir.task(&one, format);
        assert_eq!(run(&task).unwrap().frames, 1, "{format}");
    }
    let mut task = dir.task(&one, "mp4");
    task.model = "original".to_owned();
    task.backdrop = Backdrop::Color([0.5; 3]);
    assert_eq!(run(&task).unwrap().frames, 1);
    let dot = dir.clip("dot.avi", "-f lavfi -i color=red:size=2x2:rate=5:duration=0.4 -c:v ffv1");
    let mut task = dir.task(&dot, "png_sequence");
    for model in ["light", "original"] {
        task.model = model.to_owned();
        task.output = dir.file(&format!("{model}.zip"));
        assert_eq!(run(&task).unwrap().frames, 2, "{model}");
    }
}

#[test]
fn a_stream_without_a_length_is_counted() {
    let dir = TestDir::new();
    let whole = dir.clip("whole.webm", &format!("{NOISE} -c:v libvpx"));
    // Written to a pipe, as a browser's recorder does, WebM has no length.
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&whole)
        .args(["-c", "copy", "-f", "webm", "-live", "1", "-"])
        .output()
        .unwrap();
    let endless = dir.file("endless.webm");
    std::fs::write(&endless, output.stdout).unwrap();
    assert!(described(&endless, "format=duration").contains("N/A"));
    let probe = engine().probe(&endless).unwrap();
    assert!((probe.duration_seconds - 0.6).abs() < 0.11, "{probe:?}");
    assert_eq!(to_webm(&dir, &endless).frames, 6);
}

#[test]
fn a_damaged_end_keeps_the_frames_before_it() {
    let dir = TestDir::new();
    let input = dir.clip("whole.avi", &format!("{NOISE} -c:v mjpeg"));
    let bytes = std::fs::read(&input).unwrap();
    let cut = dir.file("cut.avi");
    std::fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let task = dir.task(&cut, "webm");
    assert!(run(&task).unwrap().frames >= 2);
}

/// Recordings whose headers, lists and times are not what a plain file has; the output is as long as
/// their pictures, within a frame, and so does the duration that the upload reports.
#[test]
fn odd_recordings_keep_the_length_of_their_pictures() {
    let dir = TestDir::new();
    let pictures = "-f lavfi -i testsrc2=size=32x32:rate=25:duration=1";
    let tone = "-f lavfi -i sine=duration=2 -c:a aac";
    let h264 = "-c:v libx264 -pix_fmt yuv420p -bf 3";
    dir.clip("long.mp4", &format!("{pictures} {tone} {h264} -g 10"));
    let mut clips = vec![
        (dir.clip("shifted.mp4", &format!("{pictures} {tone} {h264} -use_editlist 0")), 1.0),
        (dir.clip("edited.mp4", "-ss 0.3 -i long.mp4 -an -c copy"), 0.72),
        (
            dir.clip(
                "late.webm",
                &format!(
                    "{pictures} -f lavfi -i sine=duration=2 -vf setpts=PTS+0.5/TB -c:v libvpx"
                ),
            ),
            1.0,
        ),
        (dir.clip("decoded.avi", &format!("{pictures} -c:v mpeg4 -bf 2")), 1.0),
        (
            dir.clip(
                "gap.webm",
                "-f lavfi -i testsrc2=size=32x32:rate=25:duration=1 \
                 -vf settb=1/1000,setpts='N*40+gte(N,10)*500' -vsync vfr -c:v libvpx",
            ),
            1.5,
        ),
        (
            dir.clip(
                "fields.mp4",
                "-f lavfi -i testsrc2=size=32x32:rate=50:duration=1 \
                 -vf tinterlace=interleave_top,fieldorder=tff -flags +ilme+ildct \
                 -c:v libx264 -x264opts tff=1 -pix_fmt yuv420p",
            ),
            1.0,
        ),
    ];
    // Headers that say an hour, and nothing at all.
    let piped = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(pictures.split(' '))
        .args(["-c:v", "mpeg4", "-f", "avi", "-"])
        .output()
        .unwrap();
    std::fs::write(dir.file("piped.avi"), piped.stdout).unwrap();
    clips.push((dir.file("piped.avi"), 1.0));
    let whole = dir.clip("whole.mp4", &format!("{pictures} {h264}"));
    let mut bytes = std::fs::read(whole).unwrap();
    for (name, at) in [(b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)] {
        let start = bytes.windows(4).position(|window| window == name).unwrap();
        bytes[start + at..start + at + 4].copy_from_slice(&46_080_000_u32.to_be_bytes());
    }
    std::fs::write(dir.file("hour.mp4"), bytes).unwrap();
    clips.push((dir.file("hour.mp4"), 1.0));
    let limits = EngineLimits { duration_seconds: 2.0, ..EngineLimits::default() };
    let engine = RealEngine::new(Tools::default(), limits, None).unwrap();
    for (input, seconds) in clips {
        let name = input.file_name().unwrap().to_owned();
        let is_right = |found: f64| (found - seconds).abs() <= 0.0401;
        let probe = engine.probe(&input).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert!(is_right(probe.duration_seconds), "{name:?}: {probe:?}");
        assert!((probe.frame_rate - 25.0).abs() < 0.8, "{name:?}: {probe:?}");
        let task = dir.task(&input, "mov");
        let outcome = engine.run(&task, &|_| (), &AtomicBool::new(false)).unwrap();
        assert!(is_right(outcome.duration_seconds), "{name:?}: {outcome:?}");
        let streams = described(&task.output, "stream=codec_type,duration");
        let shown = streams.lines().find_map(|line| line.strip_prefix("video|")).unwrap();
        assert!(is_right(shown.trim().parse().unwrap()), "{name:?}: {streams}");
        std::fs::remove_file(&task.output).unwrap();
    }
}

/// BT.2408 says where a grey card and white are in HLG and PQ: they come out where they are in the
/// standard version of the same picture.
#[test]
fn high_dynamic_range_is_mapped_to_standard_colours() {
    use std::time::Duration;

    use crate::sandbox::matting::ffmpeg::process::ProcessGroup;
    use crate::sandbox::matting::ffmpeg::{decode, probe};

    let dir = TestDir::new();
    let made = |name: &str, grey: u32, white: u32, tags: &str| {
        dir.clip(
            name,
            &format!(
                "-f lavfi -i color=black:size=32x16:rate=10:duration=0.2 -vf \
                 format=yuv420p10le,geq=lum='if(lt(X,16),{grey},{white})':cb=512:cr=512 \
                 -c:v libx264 -qp 0 {tags}"
            ),
        )
    };
    let wide = "-color_primaries bt2020 -colorspace bt2020nc -color_trc";
    let usual = "-color_primaries bt709 -colorspace bt709 -color_trc bt709";
    let (tools, never) = (Tools::default(), AtomicBool::new(false));
    // A signal of 38 % and 75 %, of 38 % and 58 %, of 42 % and 100 %.
    for (input, word) in [
        (made("hlg.mp4", 397, 721, &format!("{wide} arib-std-b67")), Some("HLG")),
        (made("pq.mp4", 397, 572, &format!("{wide} smpte2084")), Some("PQ")),
        (made("sdr.mp4", 432, 940, usual), None),
    ] {
        let source = probe::probe_video(&tools, &EngineLimits::default(), &input, &never).unwrap();
        let mut seen = Vec::new();
        ProcessGroup::run(&tools, &never, Duration::from_mins(1), |group| {
            decode::sample(group, &source, 1, |frame| {
                seen.push((frame.data[..3].to_vec(), frame.data[31 * 3..32 * 3].to_vec()));
                true
            })
        })
        .unwrap();
        let (grey, white) = &seen[0];
        assert!(grey.iter().all(|channel| (100..=114).contains(channel)), "{word:?}: {grey:?}");
        assert!(white.iter().all(|channel| *channel >= 240), "{word:?}: {white:?}");
        let outcome = to_webm(&dir, &input);
        let said = outcome.notes.iter().any(|note| note.contains("HDR"));
        assert_eq!(said, word.is_some(), "{outcome:?}");
        let mut hdr = outcome.notes.iter().filter(|note| note.contains("HDR"));
        assert!(hdr.all(|note| word.is_none_or(|word| note.contains(word))));
        std::fs::remove_file(dir.task(&input, "webm").output).unwrap();
    }
}
