//! What the caller decides about a sandbox.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::engine::stand_in::Distribution;
use super::engine::{Engine, program_vars};
use super::faults::scenario::Scenario;

/// Where request lines go; the caller decides how they are shown.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// What does the work.
#[derive(Clone)]
pub enum EngineChoice {
    /// The matting engine. Only builds with the feature `matting` have it.
    Real,
    /// Jobs only take time, this much of it; outputs are stand-ins.
    Timer(Distribution),
    /// An engine of the caller's.
    Custom(Arc<dyn Engine>),
}

impl fmt::Debug for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("Real"),
            Self::Timer(distribution) => f.debug_tuple("Timer").field(distribution).finish(),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

/// The most that an input may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UploadLimits {
    /// Bytes of a video (contract, *Upload*: 500 MB).
    pub bytes: u64,
    /// Bytes of a background picture.
    pub picture_bytes: u64,
    /// Seconds of video.
    pub seconds: f64,
    /// Frames of video.
    pub frames: u64,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self { bytes: 500_000_000, picture_bytes: 20 << 20, seconds: 600.0, frames: 36_000 }
    }
}

/// What the caller decides about a sandbox; [`Options::default`] listens on loopback, on ports
/// that are free, and keeps nothing.
#[derive(Clone)]
pub struct Options {
    /// Where the API answers. Anything but loopback is the caller's explicit wish.
    pub listen: SocketAddr,
    /// Where outputs are downloaded: a second origin, as with the real service.
    pub cdn_listen: SocketAddr,
    /// What stands for the host in links, when it is not the address that is listened on: a name
    /// under which other machines or containers reach this one.
    pub public_host: Option<String>,
    /// Directory that outlives the sandbox; a temporary one when absent.
    pub state: Option<PathBuf>,
    /// Faults, limits and behaviours.
    pub scenario: Option<Scenario>,
    /// What does the work.
    pub engine: EngineChoice,
    /// Folder in which Robust Video Matting may be installed; without it, the shipped models do all
    /// the work.
    pub models: Option<PathBuf>,
    /// Variables of the programs that it runs (FFmpeg): all that they get.
    pub tool_vars: BTreeMap<String, String>,
    /// The first key; a random one when absent.
    pub api_key: Option<String>,
    /// The admin token; a random one when absent.
    pub admin_token: Option<String>,
    /// Credits of the first client, and of each that an admin adds.
    pub credits: f64,
    /// Jobs that run at the same time, at least 1.
    pub workers: usize,
    /// Whether `video_url` and `bg_image_url` may name loopback and private addresses.
    pub allow_private_fetch: bool,
    /// Takes one line a request; silent when absent.
    pub log: Option<Log>,
    /// Signs webhooks when present.
    pub webhook_secret: Option<String>,
    /// The most that an input may be.
    pub limits: UploadLimits,
}

impl Default for Options {
    fn default() -> Self {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: any_port,
            cdn_listen: any_port,
            public_host: None,
            state: None,
            scenario: None,
            engine: EngineChoice::Real,
            models: None,
            tool_vars: program_vars(),
            api_key: None,
            admin_token: None,
            credits: 10_000.0,
            workers: 2,
            allow_private_fetch: false,
            log: None,
            webhook_secret: None,
            limits: UploadLimits::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("cdn_listen", &self.cdn_listen)
            .field("state", &self.state)
            .field("engine", &self.engine)
            .field("credits", &self.credits)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
