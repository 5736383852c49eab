//! Every output format, with what it must carry; backdrops and layout.

use std::io::Cursor;

use super::*;

const SIDE: usize = 120;
const FRAMES: usize = 6;

/// Writes the portrait in `format` and returns the directory that holds the output.
fn output(format: &str) -> (TestDir, EngineTask, EngineResult) {
    let dir = TestDir::new();
    let input = dir.portrait(SIDE, SIDE, FRAMES);
    let task = dir.task(&input, format);
    let outcome = run(&task).unwrap();
    assert_eq!(outcome.frames, FRAMES as u64);
    assert!((outcome.duration_seconds - FRAMES as f64 / 24.0).abs() < 1e-6);
    assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
    (dir, task, outcome)
}

#[test]
fn webm_has_alpha_and_sound() {
    let (_room, task, _) = output("webm");
    let streams = described(&task.output, "stream=codec_name:stream_tags=alpha_mode");
    assert!(streams.contains("vp9|1") && streams.contains("opus"), "{streams}");
    let seen = Seen::decoded(&task.output, Some("libvpx-vp9"), (SIDE, SIDE));
    assert_eq!(seen.frames.len(), FRAMES);
    seen.shows_the_portrait_alone();
}

#[test]
fn mov_has_alpha_and_sound() {
    let (_room, task, _) = output("mov");
    let streams = described(&task.output, "stream=codec_name,pix_fmt,nb_frames");
    assert!(streams.contains("prores|yuva444p12le|6"), "{streams}");
    assert!(streams.contains("aac"), "{streams}");
    Seen::decoded(&task.output, None, (SIDE, SIDE)).shows_the_portrait_alone();
}

#[test]
fn gif_has_holes_in_every_frame() {
    let (_room, task, _) = output("gif");
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut reader = options.read_info(std::fs::File::open(&task.output).unwrap()).unwrap();
    let mut frames = 0;
    while let Some(frame) = reader.read_next_frame().unwrap() {
        assert!(frame.transparent.is_some());
        frames += 1;
    }
    assert_eq!(frames, FRAMES);
    Seen::decoded(&task.output, None, (SIDE, SIDE)).shows_the_portrait_alone();
}

#[test]
fn webp_is_animated_with_alpha() {
    let (_room, task, _) = output("webp");
    let bytes = std::fs::read(&task.output).unwrap();
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
    assert!(decoder.is_animated() && decoder.has_alpha());
    assert_eq!(decoder.num_frames() as usize, FRAMES);
    let mut frames = Vec::new();
    for _ in 0..FRAMES {
        let mut frame = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_frame(&mut frame).unwrap();
        frames.push(frame);
    }
    Seen { width: SIDE, frames }.shows_the_portrait_alone();
}

fn pictures(archive: &Path) -> Seen {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
    let mut seen = Seen { width: 0, frames: Vec::new() };
    for index in 0..archive.len() {
        let mut bytes = Vec::new();
        let mut entry = archive.by_index(index).unwrap();
        assert_eq!(entry.name().unwrap(), format!("frame_{:06}.png", index + 1));
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        let mut frame = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut frame).unwrap();
        assert_eq!(info.color_type, png::ColorType::Rgba);
        seen.width = info.width as usize;
        seen.frames.push(frame);
    }
    seen
}

#[test]
fn png_sequence_is_an_archive_of_pictures() {
    let (_room, task, _) = output("png_sequence");
    let seen = pictures(&task.output);
    assert_eq!((seen.width, seen.frames.len()), (SIDE, FRAMES));
    seen.shows_the_portrait_alone();
}

#[test]
fn mp4_needs_a_backdrop_and_shows_it() {
    let dir = TestDir::new();
    let input = dir.portrait(SIDE, SIDE, FRAMES);
    let mut task = dir.task(&input, "mp4");
    assert!(run(&task).unwrap_err().0.contains("no transparency"));
    assert!(!task.output.exists());
    task.backdrop = Backdrop::Color([0.0, 0.4, 1.0]);
    run(&task).unwrap();
    let streams = described(&task.output, "stream=codec_name,pix_fmt");
    assert!(streams.contains("h264|yuv420p") && streams.contains("aac"), "{streams}");
    let seen = Seen::decoded(&task.output, None, (SIDE, SIDE));
    let behind = seen.at(0, 0.08, 0.2);
    let off = [0, 102, 255].iter().zip(behind).map(|(a, b): (&u8, u8)| a.abs_diff(b)).max();
    assert!(off.unwrap() < 14, "{behind:?}");
    assert!(seen.at(0, 0.42, 0.25)[0] > 120);
}

#[test]
fn a_picture_covers_the_canvas_and_the_subject_keeps_its_position() {
    let dir = TestDir::new();
    let input = dir.portrait(SIDE, SIDE, 2);
    // Twice as wide as high: blue with a red middle third, which a square canvas shows alone.
    let picture = dir.clip(
        "picture.png",
        "-f lavfi -i color=blue:size=600x200 -vf drawbox=x=200:y=0:w=200:h=200:c=red:t=fill \
         -frames:v 1",
    );
    let mut task = dir.task(&input, "mov");
    task.backdrop = Backdrop::Image(picture);
    task.layout = CanvasLayout {
        canvas: Some((200, 200)),
        anchor: Some("bottom-left".to_owned()),
        scale: Some(0.5),
        offset: Some((10, 0)),
    };
    run(&task).unwrap();
    let seen = Seen::decoded(&task.output, None, (200, 200));
    for (x, y) in [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.5, 0.4)] {
        let pixel = seen.at(0, x, y);
        assert!(pixel[0] > 220 && pixel[2] < 40, "{x} {y}: {pixel:?}");
    }
    let suit = seen.at(0, 0.05 + 0.3 * 0.5, 0.5 + 0.6 * 0.5);
    assert!(suit[1] > 40, "the suit is orange, not red: {suit:?}");
}

#[test]
fn a_backdrop_that_is_no_picture_is_refused() {
    let dir = TestDir::new();
    let input = dir.portrait(64, 64, 1);
    let list = dir.file("list.png");
    std::fs::write(&list, "#EXTM3U\n").unwrap();
    let mut task = dir.task(&input, "webm");
    task.backdrop = Backdrop::Image(list);
    assert!(run(&task).unwrap_err().0.contains("PNG, JPEG, WebP or GIF"));
    assert!(!task.output.exists());
}

#[test]
fn odd_sizes_work_in_every_format() {
    let dir = TestDir::new();
    let input = dir.portrait(67, 45, 2);
    for format in ["webm", "mov", "mp4", "gif", "png_sequence", "webp"] {
        let mut task = dir.task(&input, format);
        if format == "mp4" {
            task.backdrop = Backdrop::Color([1.0, 1.0, 1.0]);
        }
        run(&task).unwrap_or_else(|error| panic!("{format}: {error}"));
        let size = match format {
            "png_sequence" => {
                assert_eq!(pictures(&task.output).width, 67);
                continue;
            }
            "webp" => {
                let bytes = std::fs::read(&task.output).unwrap();
                let decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
                assert_eq!(decoder.dimensions(), (67, 45));
                continue;
            }
            "mp4" => "66|44",
            _ => "67|45",
        };
        let found = described(&task.output, "stream=width,height");
        assert!(found.contains(size), "{format}: {found}");
    }
}

/// Players show a frame of less than 2/100 s for 1/10 s.
#[test]
fn a_fast_gif_plays_at_the_right_speed() {
    let dir = TestDir::new();
    for rate in ["24", "30000/1001", "50", "60", "75", "120"] {
        let input = dir.clip(
            "fast.mp4",
            &format!("-f lavfi -i testsrc2=size=32x32:rate={rate}:duration=1 -g 10"),
        );
        let task = dir.task(&input, "gif");
        let outcome = run(&task).unwrap();
        let mut reader = gif::DecodeOptions::new()
            .read_info(std::fs::File::open(&task.output).unwrap())
            .unwrap();
        let mut delays = Vec::new();
        while let Some(frame) = reader.read_next_frame().unwrap() {
            delays.push(frame.delay);
        }
        assert!(delays.iter().all(|&delay| delay >= 2), "{rate}: {delays:?}");
        let whole: u16 = delays.iter().sum();
        assert!(whole.abs_diff(100) <= 4, "{rate}: {whole} hundredths, {delays:?}");
        assert!((outcome.duration_seconds - 1.0).abs() < 0.04, "{rate}: {outcome:?}");
        let is_fast = matches!(rate, "60" | "75" | "120");
        assert_eq!(outcome.notes.iter().any(|note| note.contains("gif")), is_fast, "{rate}");
        std::fs::remove_file(&task.output).unwrap();
    }
}

#[test]
fn colours_are_tagged_in_containers_and_frames() {
    let dir = TestDir::new();
    let input = dir.portrait(32, 32, 2);
    for format in ["webm", "mov", "mp4"] {
        let mut task = dir.task(&input, format);
        for backdrop in [Backdrop::Transparent, Backdrop::Color([0.0, 1.0, 0.0])] {
            if format == "mp4" && backdrop == Backdrop::Transparent {
                continue;
            }
            task.backdrop = backdrop;
            run(&task).unwrap();
            let tags = "stream=codec_type,color_range,color_space,color_transfer,color_primaries";
            let found = described(&task.output, tags);
            assert!(found.contains("video|tv|bt709|bt709|bt709"), "{format}: {found}");
            if format == "mov" {
                let bytes = std::fs::read(&task.output).unwrap();
                let frames: Vec<usize> =
                    (0..bytes.len() - 4).filter(|&at| &bytes[at..at + 4] == b"icpf").collect();
                assert_eq!(frames.len(), 2);
                // Primaries, transfer and matrix: 1 is BT.709.
                assert!(frames.iter().all(|at| bytes[at + 18..at + 21] == [1, 1, 1]));
            }
            std::fs::remove_file(&task.output).unwrap();
        }
    }
}

#[test]
fn an_odd_canvas_is_made_even_for_mp4_with_a_note() {
    let dir = TestDir::new();
    let input = dir.portrait(32, 32, 1);
    let mut task = dir.task(&input, "mp4");
    task.backdrop = Backdrop::Color([0.0; 3]);
    task.layout.canvas = Some((41, 30));
    let outcome = run(&task).unwrap();
    assert!(outcome.notes.iter().any(|note| note.contains("40x30")), "{outcome:?}");
    assert!(described(&task.output, "stream=width,height").contains("40|30"));
}
