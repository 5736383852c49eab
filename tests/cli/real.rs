//! The whole way on real video: the sandbox inside the process, the shipped clip, the real engine.

use std::process::Command;

use crate::support::{Home, Ran, Sandbox, astronaut};

/// Mean alpha of a rectangle in the middle frame, 0 to 255.
fn alpha(video: &std::path::Path, crop: &str) -> u8 {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-c:v", "libvpx-vp9", "-ss", "1", "-i"])
        .arg(video)
        .args(["-frames:v", "1", "-vf", &format!("alphaextract,crop={crop},scale=1:1:flags=area")])
        .args(["-f", "rawvideo", "-pix_fmt", "gray", "-"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout[0]
}

#[test]
fn the_shipped_clip_loses_its_background_and_keeps_its_sound() {
    let home = Home::new();
    home.clip("astronaut.mp4");
    let ran = home.run_alone(&["run", "--sandbox", "astronaut.mp4"]).ends_with(0);
    let video = std::path::PathBuf::from(ran.lines()[0]);
    assert_eq!(video, home.work().join("astronaut-nobg.webm"));
    // The portrait fills the lower middle; flag and shuttle are in the upper corners.
    assert!(alpha(&video, "80:80:200:330") > 240, "the astronaut is kept");
    assert!(alpha(&video, "60:120:10:60") < 15, "the flag is gone");
    assert!(alpha(&video, "60:120:410:60") < 15, "the shuttle is gone");
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_type:format=duration", "-of", "csv"])
        .arg(&video)
        .output()
        .unwrap();
    let probe = String::from_utf8_lossy(&probe.stdout).into_owned();
    assert!(probe.contains("audio"), "{probe}");
    assert!(!home.path("state").join("ledger.sqlite3").exists(), "a ledger of its own");
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0, "nothing is left behind");
    the_first_real_run_is_not_affected(&home, &video);
}

/// The same clip at a service, after `video` was made by the sandbox.
fn the_first_real_run_is_not_affected(home: &Home, video: &std::path::Path) {
    let of_sandbox = std::fs::read(video).unwrap();
    let service = Sandbox::quick();
    home.configure(&service, "");
    let directory = home.run(&service, &["run", ".", "--dry-run", "--json"]).ends_with(0);
    let plan = directory.json().pop().unwrap();
    assert_eq!((&plan["todo"], &plan["done"]), (&1.into(), &0.into()), "{plan}");
    assert_eq!(std::fs::read(video).unwrap(), of_sandbox, "a dry run replaces nothing");
    home.run(&service, &["run", "astronaut.mp4"])
        .ends_with(0)
        .says("is an output of the sandbox and will be replaced");
    let audit = service.audit();
    assert_eq!((audit.uploads(), audit.bills()), (1, 1));
    assert_ne!(std::fs::read(video).unwrap(), of_sandbox);
    // A file that is not exactly what the sandbox wrote is kept.
    std::fs::write(video, [&of_sandbox[..], b"mine"].concat()).unwrap();
    home.variant("b.mp4", 1);
    home.run(&service, &["run", "b.mp4", "-o", "astronaut-nobg.webm"]).ends_with(2);
    std::fs::write(video, &of_sandbox).unwrap();
    home.run(&service, &["run", "b.mp4", "-o", "astronaut-nobg.webm"]).ends_with(0);
}

#[test]
fn an_unreadable_video_becomes_a_failed_job_with_a_reason() {
    let home = Home::new();
    // A container that looks whole, without a frame in it that can be decoded.
    let mut bytes = std::fs::read(astronaut()).unwrap();
    let start = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    let end = bytes.windows(4).position(|window| window == b"moov").unwrap() - 4;
    let media = if start < end { start..end } else { start..bytes.len() };
    bytes[media].fill(0);
    std::fs::write(home.work().join("empty.mp4"), bytes).unwrap();
    let mut command = home.command();
    command.args(["run", "--sandbox", "empty.mp4"]);
    Ran::of(&mut command).ends_with(6).says("empty.mp4").says("job");
}
