//! What cuts out the subject of a clip, what is kept, and what is said about it.

use super::*;

const MODELS: [&str; 4] = ["light", "original", "human", "pro"];

/// Runs `model` on `input` and decodes its output.
fn cut_out(dir: &TestDir, input: &Path, model: &str) -> (EngineResult, Seen) {
    let size = probed(input).size;
    let mut task = dir.task(input, "mov");
    task.model = model.to_owned();
    let outcome = run(&task).unwrap();
    let seen = Seen::decoded(&task.output, None, size);
    (outcome, seen)
}

#[test]
fn light_and_original_use_the_shipped_network_without_a_note() {
    let dir = TestDir::new();
    let input = dir.portrait(96, 96, 3);
    let [light, original] = ["light", "original"].map(|model| {
        let (outcome, seen) = cut_out(&dir, &input, model);
        assert_eq!(outcome.engine, "selfie-segmentation");
        assert!(outcome.notes.is_empty(), "{:?}", outcome.notes);
        seen
    });
    original.shows_the_portrait_alone();
    assert!(light.frames == original.frames, "one path, and the same result each time");
}

#[test]
fn an_object_before_a_green_screen_is_kept_with_a_note() {
    let dir = TestDir::new();
    let input = dir.clip(
        "green.mp4",
        "-f lavfi -i color=0x20b040:size=96x64:rate=10:duration=0.5 \
         -f lavfi -i color=0xb08060:size=24x40:rate=10:duration=0.5 \
         -filter_complex [0][1]overlay=x='20+30*t':y=24 -crf 10 -pix_fmt yuv444p",
    );
    let (outcome, seen) = cut_out(&dir, &input, "light");
    assert!(outcome.notes[0].contains("green screen"), "{:?}", outcome.notes);
    for frame in 0..seen.frames.len() {
        assert!(seen.at(frame, 0.05, 0.5)[3] < 10);
        assert!(seen.at(frame, 0.9, 0.9)[3] < 10);
        let middle = (20.0 + 3.0 * frame as f64 + 12.0) / 96.0;
        let inside = seen.at(frame, middle, 0.8);
        assert!(inside[3] > 245 && inside[0] > inside[1], "{frame}: {inside:?}");
    }
}

/// A still camera, a moving thing and no person: the background is not put together from other
/// frames, and nothing else is kept instead of a person.
#[test]
fn a_clip_without_a_person_is_empty_with_a_note() {
    let dir = TestDir::new();
    let input = dir.clip(
        "still.mp4",
        "-f lavfi -i color=0x707868:size=96x64:rate=1 -f lavfi -i color=white:size=16x16:rate=10 \
         -filter_complex [0]trim=end_frame=1,loop=-1:1,fps=10[b];[b][1]overlay=x='8*n':y=40 \
         -t 0.6 -crf 10 -pix_fmt yuv444p",
    );
    let (outcome, seen) = cut_out(&dir, &input, "original");
    assert_eq!(outcome.engine, "selfie-segmentation");
    assert!(outcome.notes[0].starts_with("No person was found in the video"), "{outcome:?}");
    let opaque = |frame: &Vec<u8>| frame.chunks_exact(4).filter(|pixel| pixel[3] >= 128).count();
    assert!(seen.frames.iter().all(|frame| opaque(frame) <= 96 * 64 / 1000));
}

#[test]
fn human_and_pro_without_their_model_name_the_one_used() {
    let dir = TestDir::new();
    let input = dir.portrait(96, 96, 2);
    for model in ["human", "pro"] {
        let mut task = dir.task(&input, "webm");
        task.model = model.to_owned();
        task.text_prompt = Some("the woman".to_owned());
        let outcome = run(&task).unwrap();
        assert_eq!(outcome.engine, "selfie-segmentation");
        assert!(outcome.notes[0].starts_with(model), "{:?}", outcome.notes);
        assert!(outcome.notes[0].contains("rbgv model install"), "{:?}", outcome.notes);
        assert!(outcome.notes[1].contains("text_prompt"), "{:?}", outcome.notes);
    }
}

#[test]
fn weights_that_are_not_the_known_ones_are_not_used() {
    let dir = TestDir::new();
    std::fs::write(dir.file("rvm_mobilenetv3_fp32.onnx"), b"something else").unwrap();
    let folder = Some(dir.0.path().to_owned());
    let engine = RealEngine::new(Tools::default(), EngineLimits::default(), folder).unwrap();
    let input = dir.portrait(64, 64, 1);
    for model in MODELS {
        let mut task = dir.task(&input, "webm");
        task.model = model.to_owned();
        let outcome = engine.run(&task, &|_| (), &AtomicBool::new(false)).unwrap();
        assert_eq!(outcome.engine, "selfie-segmentation");
        assert!(outcome.notes[0].contains("not the known ones"), "{:?}", outcome.notes);
    }
}
