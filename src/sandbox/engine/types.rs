//! What the server needs of what removes backgrounds. It knows only [`Engine`]; rehearsals,
//! benchmarks and simulations run without one: there jobs only take time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What a file is, as far as the server has to know before it accepts work on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Seconds of video.
    pub duration_seconds: f64,
    /// Width in pixels, after rotation.
    pub width: u32,
    /// Height in pixels, after rotation.
    pub height: u32,
    /// Frames a second, averaged.
    pub frame_rate: f64,
    /// Whether there is sound.
    pub has_audio: bool,
}

/// What stands behind the subject.
#[derive(Debug, Clone, PartialEq)]
pub enum Backdrop {
    /// Nothing; the output has alpha.
    Transparent,
    /// One colour, 0..1 a channel.
    Color([f32; 3]),
    /// A picture on disk, made to fit by covering the frame.
    Image(PathBuf),
}

/// Where the subject stands on a canvas.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CanvasLayout {
    /// Size of the output in pixels; the video's own when absent.
    pub canvas: Option<(u32, u32)>,
    /// A place such as `center`, `top-left`, `bottom-center`.
    pub anchor: Option<String>,
    /// Size factor of the subject.
    pub scale: Option<f64>,
    /// Shift from the anchor in pixels, right and down.
    pub offset: Option<(i32, i32)>,
}

/// One piece of work. Words are the API's (`original`, `png_sequence`, ...), checked by the server.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineTask {
    /// The uploaded file.
    pub input: PathBuf,
    /// Where the output goes; does not exist yet.
    pub output: PathBuf,
    /// The model's name.
    pub model: String,
    /// The output format's name.
    pub format: String,
    /// What stands behind the subject.
    pub backdrop: Backdrop,
    /// Where the subject stands.
    pub layout: CanvasLayout,
    /// Kept and reported, not understood.
    pub text_prompt: Option<String>,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineResult {
    /// Seconds of output, which is what is billed.
    pub duration_seconds: f64,
    /// Frames written.
    pub frames: u64,
    /// Which engine did it, for the job and the log.
    pub engine: String,
    /// What the user of the job should know: a fallback, a prompt that was not understood.
    pub notes: Vec<String>,
}

/// Why a task could not be done, in words that the failed job shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

/// Does the work. Blocking: called on a worker thread.
pub trait Engine: Send + Sync {
    /// Looks at an uploaded file.
    fn probe(&self, file: &Path) -> Result<Probe, EngineError>;

    /// Does `task`, telling `progress` how far it is (0 to 100) and stopping soon when `cancel`
    /// becomes true.
    fn run(
        &self,
        task: &EngineTask,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<EngineResult, EngineError>;
}

/// Variables of the programs that an engine runs, when the caller names none.
pub(crate) fn program_vars() -> BTreeMap<String, String> {
    BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())])
}
