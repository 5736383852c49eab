//! Setup of a smoke test, created by the caller, which has the settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::client::Client;
use crate::flow::Context;
use crate::media::Opacity;
use crate::model::{Clock, Credits, Failure, JobOptions, Random};

/// Clients of the free stages. Each keeps its own limits, which end with the process: a smoke test
/// measures the current state, not that of an earlier run, and a key that is rejected on purpose
/// must not stop other work.
pub struct Clients {
    /// With the key; the error says why there is none.
    pub keyed: Result<Client, Failure>,
    /// Without a key.
    pub keyless: Client,
    /// With an invalid key.
    pub wrong: Client,
    /// With the key, and a rate limit that permits a burst of that size; `None` unless one was
    /// requested.
    pub burst: Option<(Client, u32)>,
}

/// A clip with a known mask.
pub struct TestClip {
    /// Path, the same in every run, so that an unfinished job is found again.
    pub path: PathBuf,
    /// Opacity of the subject in the first frame.
    pub mask: Opacity,
}

impl TestClip {
    /// The clip at `path`, with a grey picture of its subject. The rectangle `doubt` (left, top,
    /// right and bottom, in shares of the picture) is not judged.
    pub fn new(path: PathBuf, mask: &[u8], doubt: [f64; 4]) -> Result<Self, Failure> {
        let mut mask = Opacity::from_mask(mask)
            .map_err(|bad| Failure::local("reading the mask of the built-in clip", &bad))?;
        let (width, height) = (mask.width.max(1) as usize, f64::from(mask.height.max(1)));
        let [left, top, right, bottom] = doubt;
        for (at, value) in mask.values.iter_mut().enumerate() {
            let across = (at % width) as f64 / width as f64;
            let down = (at / width) as f64 / height;
            if (left..right).contains(&across) && (top..bottom).contains(&down) {
                *value = UNJUDGED;
            }
        }
        Ok(Self { path, mask })
    }
}

/// Mask value of neither subject nor background.
const UNJUDGED: u8 = 128;

pub struct SmokeSetup {
    /// Base URL of the API.
    pub base_url: Url,
    /// Calls go through a proxy, which resolves names in our place.
    pub proxied: bool,
    /// Timeout of name resolution and of the TLS handshake.
    pub connect_timeout: Duration,
    /// For the free stages.
    pub clients: Clients,
    /// For the billed stages; `None` without a key, or if no billed stage was requested.
    pub context: Option<Arc<Context>>,
    /// Context of a key without credits, with its clip: a file of its own, so that its attempts are
    /// never taken for those of the other key.
    pub without_credits: Option<(Arc<Context>, PathBuf)>,
    pub clip: TestClip,
    /// Directory of the team's own clips, where they replace the built-in one.
    pub suite: Option<PathBuf>,
    /// Directory of outputs, and of files that have to be rejected.
    pub directory: PathBuf,
    /// Spool directory of outputs without a target.
    pub spool: PathBuf,
    pub options: JobOptions,
    /// Maximum credits, by estimate.
    pub budget: Option<Credits>,
    /// Timeout of all billed jobs together.
    pub timeout: Duration,
    /// Warning about the age of the key.
    pub key_warning: Option<String>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// Cancelled when the user stops.
    pub stop: CancellationToken,
}
