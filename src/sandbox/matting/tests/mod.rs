//! The engine as the server sees it, on small clips that FFmpeg makes.

mod choices;
mod formats;
mod inputs;
mod limits;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use super::ffmpeg::probe::{ProbedVideo, probe_video};
use super::{
    Backdrop, CanvasLayout, Engine, EngineError, EngineLimits, EngineResult, EngineTask,
    RealEngine, Tools,
};

/// The shipped portrait: a person before a flag and a model of a shuttle.
const PORTRAIT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/assets/astronaut.mp4");

/// A grey clip of noise without a person, as arguments for [`clip`].
const NOISE: &str = "-f lavfi -i testsrc2=size=64x48:rate=10:duration=0.6";

fn engine() -> &'static RealEngine {
    static ENGINE: OnceLock<RealEngine> = OnceLock::new();
    ENGINE.get_or_init(|| RealEngine::new(Tools::default(), EngineLimits::default(), None).unwrap())
}

/// A temporary directory for one test's files.
struct TestDir(tempfile::TempDir);

impl TestDir {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a clip with FFmpeg, which runs in this folder. `arguments` are split at spaces, so files in
    /// them are named without their folder: that may have spaces.
    fn clip(&self, name: &str, arguments: &str) -> PathBuf {
        let file = self.file(name);
        let status = Command::new("ffmpeg")
            .current_dir(self.0.path())
            .args(["-v", "error", "-nostdin", "-y"])
            .args(arguments.split_whitespace())
            .arg(&file)
            .status()
            .expect("ffmpeg is needed for these tests: apt-get install ffmpeg");
        assert!(status.success(), "{arguments}");
        file
    }

    /// The portrait at `width`x`height`, `frames` frames of it, with its tone.
    fn portrait(&self, width: usize, height: usize, frames: usize) -> PathBuf {
        std::fs::copy(PORTRAIT, self.file("astronaut.mp4")).unwrap();
        self.clip(
            &format!("portrait-{width}x{height}-{frames}.mp4"),
            &format!(
                "-i astronaut.mp4 -t {:.4} -vf scale={width}:{height},setsar=1 -c:v libx264 -crf 12 \
                 -pix_fmt yuv444p -c:a aac",
                frames as f64 / 24.0
            ),
        )
    }

    fn task(&self, input: &Path, format: &str) -> EngineTask {
        EngineTask {
            input: input.to_owned(),
            output: self.file(&format!("output.{format}")),
            model: "light".to_owned(),
            format: format.to_owned(),
            backdrop: Backdrop::Transparent,
            layout: CanvasLayout::default(),
            text_prompt: None,
        }
    }
}

fn probed(file: &Path) -> ProbedVideo {
    let (tools, limits) = (Tools::default(), EngineLimits::default());
    probe_video(&tools, &limits, file, &AtomicBool::new(false)).unwrap()
}

fn run(task: &EngineTask) -> Result<EngineResult, EngineError> {
    engine().run(task, &|_| (), &AtomicBool::new(false))
}

/// What `FFprobe` says of `entries`, as text.
fn described(file: &Path, entries: &str) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "compact=p=0:nk=1"])
        .arg(file)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A decoded output: RGBA frames.
struct Seen {
    width: usize,
    frames: Vec<Vec<u8>>,
}

impl Seen {
    /// Decodes with FFmpeg; `decoder` names one that knows alpha where the usual one does not.
    fn decoded(file: &Path, decoder: Option<&str>, (width, height): (usize, usize)) -> Self {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin"]);
        if let Some(decoder) = decoder {
            command.args(["-c:v", decoder]);
        }
        let output = command
            .arg("-i")
            .arg(file)
            .args(["-f", "rawvideo", "-pix_fmt", "rgba", "-vsync", "passthrough", "-"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let bytes = width * height * 4;
        assert_eq!(output.stdout.len() % bytes, 0, "a size other than {width}x{height}");
        Self { width, frames: output.stdout.chunks_exact(bytes).map(<[u8]>::to_vec).collect() }
    }

    /// The pixel at a position given in fractions of the frame.
    fn at(&self, frame: usize, x: f64, y: f64) -> [u8; 4] {
        let data = &self.frames[frame];
        let height = data.len() / 4 / self.width;
        let index = |part: f64, side: usize| (0..side).rfind(|&at| at as f64 <= part * side as f64);
        let (x, y) = (index(x, self.width).unwrap(), index(y, height).unwrap());
        let at = (y * self.width + x) * 4;
        [data[at], data[at + 1], data[at + 2], data[at + 3]]
    }

    /// The woman is there; flag and shuttle are not.
    fn shows_the_portrait_alone(&self) {
        for frame in 0..self.frames.len() {
            let face = self.at(frame, 0.42, 0.25);
            assert!(face[3] > 230 && face[0] > 120, "frame {frame}: face {face:?}");
            let suit = self.at(frame, 0.3, 0.6);
            assert!(suit[3] > 230 && suit[0] > suit[2] + 60, "frame {frame}: suit {suit:?}");
            for (x, y) in [(0.08, 0.2), (0.9, 0.15), (0.75, 0.3)] {
                let behind = self.at(frame, x, y);
                assert!(behind[3] < 40, "frame {frame}: {x} {y} {behind:?}");
            }
        }
    }
}
