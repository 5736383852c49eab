//! The interface between the server and an engine. Benchmarks and simulations run without an
//! engine.

use std::collections::BTreeMap;
#[cfg(feature = "matting")]
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

/// Properties of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    pub duration_seconds: f64,
    /// Average frames per second.
    pub frame_rate: f64,
}

/// Background of the output.
#[derive(Debug, Clone, PartialEq)]
pub enum Backdrop {
    /// The output has alpha.
    Transparent,
    /// 0..1 per channel.
    Color([f32; 3]),
    /// A picture on disk, scaled to cover the frame.
    Image(PathBuf),
}

/// Position of the subject on a canvas.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct CanvasLayout {
    /// Size of the output in pixels; by default that of the video.
    pub canvas: Option<(u32, u32)>,
    /// For example `center`, `top-left`, `bottom-center`.
    pub anchor: Option<String>,
    pub scale: Option<f64>,
    /// Offset from the anchor in pixels, right and down.
    pub offset: Option<(i32, i32)>,
}

/// One job. Strings are values of the API (`original`, `png_sequence`, ...), checked by the server.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineTask {
    pub input: PathBuf,
    /// Path of the output, which does not exist yet.
    pub output: PathBuf,
    pub model: String,
    pub format: String,
    /// Background of the output.
    pub backdrop: Backdrop,
    /// Position of the subject on a canvas.
    pub layout: CanvasLayout,
    /// Reported, but not supported.
    pub text_prompt: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct EngineResult {
    /// Billed seconds of output.
    pub duration_seconds: f64,
    pub frames: u64,
    /// Name of the engine, for the job and the log.
    pub engine: String,
    /// Notes for the user: a fallback, an unsupported prompt.
    pub notes: Vec<String>,
}

/// The message of a failed job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

impl EngineError {
    /// For `map_err`: the message `what`, followed by the cause.
    #[cfg(feature = "matting")]
    pub(crate) fn because<E: Display>(what: &str) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{what}: {error}"))
    }
}

/// Blocking: called on a worker thread.
pub trait Engine: Send + Sync {
    fn probe(&self, file: &Path) -> Result<Probe, EngineError>;

    /// Runs `task`, reports `progress` (0 to 100) and stops soon after `cancel` is set.
    fn run(
        &self,
        task: &EngineTask,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<EngineResult, EngineError>;
}

/// Default environment of an engine's child processes.
pub(crate) fn program_vars() -> BTreeMap<String, String> {
    BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())])
}
