//! Options of a sandbox.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::engine::stand_in::Distribution;
use super::engine::{Engine, program_vars};
use super::faults::scenario::Scenario;

/// Called with one line per request.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Clone)]
pub enum EngineChoice {
    /// The matting engine, with the feature `matting`.
    Real,
    /// Jobs only take time; outputs are stand-ins.
    Timer(Distribution),
    Custom(Arc<dyn Engine>),
}

/// Maximum size of an input.
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

/// The default listens on loopback, on free ports, and stores nothing.
#[derive(Clone)]
pub struct Options {
    /// Address of the API.
    pub listen: SocketAddr,
    /// Address of the output origin.
    pub cdn_listen: SocketAddr,
    /// Host in links, if it differs from the listening address, for other machines or containers.
    pub public_host: Option<String>,
    /// Persistent directory; temporary if `None`.
    pub state: Option<PathBuf>,
    pub scenario: Option<Scenario>,
    pub engine: EngineChoice,
    /// Folder of Robust Video Matting, if it may be installed.
    pub models: Option<PathBuf>,
    /// The complete environment of its child processes (FFmpeg).
    pub tool_vars: BTreeMap<String, String>,
    /// Random if `None`.
    pub api_key: Option<String>,
    /// Random if `None`.
    pub admin_token: Option<String>,
    /// Credits of each new client.
    pub credits: f64,
    /// Maximum number of running jobs, at least 1.
    pub workers: usize,
    /// Whether `video_url` and `bg_image_url` may name loopback and private addresses.
    pub allow_private_fetch: bool,
    pub log: Option<Log>,
    /// Webhooks are unsigned if `None`.
    pub webhook_secret: Option<String>,
    /// Maximum size of an input.
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
