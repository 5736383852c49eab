//! The clips that the cases start from, made by few runs of FFmpeg.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

/// Content by name.
pub(crate) type Clips = HashMap<&'static str, Vec<u8>>;

const PICTURES: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2"];
const SMALL: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=32x24:rate=10:duration=1"];
const LARGE: [&str; 4] = ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=3"];
const SOUND: [&str; 4] = ["-f", "lavfi", "-i", "sine=duration=6"];

const H264: &str = "-c:v libx264 -preset ultrafast -crf 40 -g 5";
const H264_REORDERED: &str = "-c:v libx264 -preset veryfast -crf 40 -bf 2 -g 12";
const VP8: &str = "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 50k";
const MPEG4: &str = "-c:v mpeg4 -b:v 100k";
const AAC: &str = "-c:a aac -b:a 16k";
const VARYING: &str = "-vf select='not(mod(n,3))+gt(n,40)' -vsync vfr";

/// Runs FFmpeg on `inputs` once; each output is its name and how it is made.
fn run(directory: &Path, inputs: &[&[&str]], outputs: &[(&'static str, String)]) {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]).args(inputs.concat());
    for (name, how) in outputs {
        command.args(how.split_whitespace()).arg(name);
    }
    let output = command.current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An output that FFmpeg writes to a pipe, so that it cannot go back and fill in what it did not know.
fn piped(directory: &Path, inputs: &[&[&str]], how: &str) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin"])
        .args(inputs.concat())
        .args(how.split_whitespace())
        .arg("-")
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Makes all clips in `directory` and reads them.
pub(crate) fn make(directory: &Path) -> Clips {
    let words = "1\n00:00:00,000 --> 00:00:30,000\nhello\n";
    std::fs::write(directory.join("words.srt"), words).unwrap();
    let mut all = Clips::new();
    std::thread::scope(|scope| {
        let others = scope.spawn(|| (webm(directory), avi(directory)));
        let names = mp4(directory);
        let (webm, avi) = others.join().unwrap();
        for (made, piped) in [names, webm, avi] {
            all.extend(piped);
            for name in made {
                all.insert(name, std::fs::read(directory.join(name)).unwrap());
            }
        }
    });
    all
}

/// Names of the clips that are files now, and the content of those that are not.
type Made = (Vec<&'static str>, Vec<(&'static str, Vec<u8>)>);

fn webm(directory: &Path) -> Made {
    let webm = [
        ("plain.webm", VP8.to_owned()),
        ("clusters.webm", format!("{VP8} -cluster_time_limit 200")),
        ("flagged-live.webm", format!("{VP8} -live 1")),
        ("varying.webm", format!("{VP8} {VARYING}")),
        ("one.webm", format!("{VP8} -frames:v 1")),
        ("alpha.webm", format!("{VP8} -pix_fmt yuva420p -auto-alt-ref 0")),
        ("plain.mkv", VP8.to_owned()),
    ];
    run(directory, &[&PICTURES], &webm);
    let sound = [("sound.webm", format!("-map 0 -map 1 {VP8} -c:a libopus -b:a 16k"))];
    run(directory, &[&PICTURES, &SOUND], &sound);
    let words = [("words.webm", format!("-map 0 -map 1 {VP8} -c:s webvtt"))];
    run(directory, &[&PICTURES, &["-i", "words.srt"]], &words);
    let two = [("two.webm", format!("-map 0 -map 1 {VP8}"))];
    run(directory, &[&SMALL, &LARGE], &two);
    let late = [("late.webm", "-map 0 -map 1 -c:v copy -c:a libopus".to_owned())];
    run(directory, &[&["-itsoffset", "1", "-i", "plain.webm"], &SOUND], &late);
    run(directory, &[&SOUND], &[("only-sound.webm", "-t 1 -c:a libopus".to_owned())]);
    let live = piped(directory, &[&PICTURES], &format!("{VP8} -f webm"));
    let mut names: Vec<_> = webm.iter().map(|(name, _)| *name).collect();
    names.extend(["sound.webm", "words.webm", "two.webm", "late.webm", "only-sound.webm"]);
    (names, vec![("live.webm", live)])
}

fn avi(directory: &Path) -> Made {
    let avi = [
        ("plain.avi", MPEG4.to_owned()),
        ("reordered.avi", format!("{MPEG4} -bf 2")),
        ("jpeg.avi", "-c:v mjpeg".to_owned()),
    ];
    run(directory, &[&PICTURES], &avi);
    let sound = [("sound.avi", format!("-map 0 -map 1 {MPEG4} -c:a mp3 -b:a 16k"))];
    run(directory, &[&PICTURES, &SOUND], &sound);
    let pipe = |from: &str| piped(directory, &[&["-i", from]], "-c copy -f avi");
    let pipes = vec![("pipe.avi", pipe("sound.avi")), ("jpeg-pipe.avi", pipe("jpeg.avi"))];
    (vec!["plain.avi", "reordered.avi", "jpeg.avi", "sound.avi"], pipes)
}

fn mp4(directory: &Path) -> Made {
    let fragmented = "-movflags frag_keyframe+empty_moov";
    let mp4 = [
        ("plain.mp4", H264_REORDERED.to_owned()),
        ("fast.mp4", format!("{H264_REORDERED} -movflags faststart")),
        ("negative.mp4", format!("{H264_REORDERED} -movflags negative_cts_offsets")),
        ("plain.mov", H264_REORDERED.to_owned()),
        ("jpeg.mov", "-c:v mjpeg".to_owned()),
        ("fragments.mp4", format!("{H264} {fragmented}")),
        ("reordered-fragments.mp4", format!("{H264_REORDERED} {fragmented}+default_base_moof")),
        ("loose-fragments.mp4", format!("{H264} {fragmented}+default_base_moof")),
        ("partial.mp4", format!("{H264} -movflags frag_keyframe")),
        ("indexed-fragments.mp4", format!("{H264} {fragmented}+default_base_moof+global_sidx")),
        ("varying.mp4", format!("{H264} {VARYING}")),
        (
            "encrypted.mp4",
            format!(
                "{H264} -encryption_scheme cenc-aes-ctr -encryption_kid {0} -encryption_key {0}",
                "00112233445566778899aabbccddeeff"
            ),
        ),
    ];
    run(directory, &[&PICTURES], &mp4);
    let sound = [
        ("sound.mp4", format!("-map 0 -map 1 {H264} {AAC}")),
        ("sound-fragments.mp4", format!("-map 0 -map 1 {H264} {AAC} {fragmented}")),
        ("only-sound.mp4", format!("-map 1 -t 1 {AAC}")),
        (
            "cover.m4a",
            format!("-map 0 -map 1 -t 1 {AAC} -c:v mjpeg -frames:v 1 -disposition:v attached_pic"),
        ),
    ];
    run(directory, &[&PICTURES, &SOUND], &sound);
    let words = [("words.mp4", format!("-map 0 -map 1 {H264} -c:s mov_text"))];
    run(directory, &[&PICTURES, &["-i", "words.srt"]], &words);
    run(directory, &[&SMALL, &LARGE], &[("two.mp4", format!("-map 0 -map 1 {H264}"))]);
    run(
        directory,
        &[&["-ss", "0.5", "-i", "plain.mp4"]],
        &[("trimmed.mp4", "-c copy -t 1".to_owned())],
    );
    run(
        directory,
        &[&["-itsoffset", "1", "-i", "plain.mp4"], &SOUND],
        &[("late.mp4", format!("-map 0 -map 1 -c:v copy {AAC}"))],
    );
    let mut names: Vec<_> = mp4.iter().chain(&sound).map(|(name, _)| *name).collect();
    names.extend(["words.mp4", "two.mp4", "trimmed.mp4", "late.mp4"]);
    (names, Vec::new())
}
