//! Which engine a clip gets, and what is said about it.

use super::*;

fn original(room: &Room, input: &Path) -> (Outcome, Seen, (usize, usize)) {
    let probe = engine().probe(input).unwrap();
    let size = (probe.width as usize, probe.height as usize);
    let mut task = room.task(input, "mov");
    task.model = "original".to_owned();
    let outcome = run(&task).unwrap();
    let seen = Seen::decoded(&task.output, None, size);
    (outcome, seen, size)
}

#[test]
fn a_person_is_cut_out_of_whatever_is_behind() {
    let room = Room::new();
    let input = room.portrait(160, 160, 8);
    let (_, seen, _) = original(&room, &input);
    seen.shows_the_portrait_alone();
}

#[test]
fn a_green_screen_is_keyed() {
    let room = Room::new();
    let input = room.clip(
        "green.mp4",
        "-f lavfi -i color=0x20b040:size=96x64:rate=10:duration=0.8 \
         -f lavfi -i color=0xb08060:size=24x40:rate=10:duration=0.8 \
         -filter_complex [0][1]overlay=x='20+30*t':y=24 -crf 10 -pix_fmt yuv444p",
    );
    let (outcome, seen, _) = original(&room, &input);
    assert_eq!(outcome.engine, "chroma-key");
    for frame in 0..seen.frames.len() {
        assert!(seen.at(frame, 0.05, 0.5)[3] < 10);
        assert!(seen.at(frame, 0.9, 0.9)[3] < 10);
        let middle = (20.0 + 3.0 * frame as f64 + 12.0) / 96.0;
        let inside = seen.at(frame, middle, 0.8);
        assert!(inside[3] > 245 && inside[0] > inside[1], "{frame}: {inside:?}");
    }
}

#[test]
fn what_moves_before_a_still_camera_is_kept() {
    let room = Room::new();
    let input = room.clip(
        "still.mp4",
        "-f lavfi -i color=0x707868:size=96x64:rate=1 -f lavfi -i color=white:size=16x16:rate=10 \
         -filter_complex [0]trim=end_frame=1,loop=-1:1,fps=10[b];[b][1]overlay=x='8*n':y=40 \
         -t 1 -crf 10 -pix_fmt yuv444p",
    );
    let (outcome, seen, (width, _)) = original(&room, &input);
    assert_eq!(outcome.engine, "temporal-median");
    for frame in 0..seen.frames.len() {
        let middle = (8.0 * frame as f64 + 8.0) / width as f64;
        assert!(seen.at(frame, middle, 0.75)[3] > 200, "{frame}");
        assert!(seen.at(frame, middle, 0.2)[3] < 30, "{frame}");
    }
}

#[test]
fn a_model_that_is_not_installed_is_replaced_and_said_so() {
    let room = Room::new();
    let input = room.portrait(96, 96, 2);
    for model in ["human", "pro"] {
        let mut task = room.task(&input, "webm");
        task.model = model.to_owned();
        task.text_prompt = Some("the woman".to_owned());
        let outcome = run(&task).unwrap();
        assert_eq!(outcome.engine, "selfie");
        assert!(outcome.notes[0].contains("not installed"), "{:?}", outcome.notes);
        assert!(outcome.notes[1].contains("text_prompt"), "{:?}", outcome.notes);
    }
}

#[test]
fn weights_that_are_not_the_known_ones_are_not_used() {
    let room = Room::new();
    std::fs::write(room.file("rvm_mobilenetv3_fp32.onnx"), b"something else").unwrap();
    let folder = Some(room.0.path().to_owned());
    let engine = RealEngine::new(Tools::default(), Limits::default(), folder).unwrap();
    let input = room.portrait(64, 64, 1);
    let mut task = room.task(&input, "webm");
    task.model = "human".to_owned();
    let outcome = engine.run(&task, &|_| (), &AtomicBool::new(false)).unwrap();
    assert!(outcome.notes[0].contains("not the known ones"), "{:?}", outcome.notes);
}
