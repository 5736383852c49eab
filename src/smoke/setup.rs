//! What a smoke test works with. Made by the caller, which knows the settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::Url;

use crate::client::Client;
use crate::flow::Context;
use crate::media::Opacity;
use crate::model::{Clock, Credits, Failure, JobOptions, Random};

/// The clients of the free stages. Each keeps limits of its own, which end with the process: a
/// smoke test finds out how things are now, and not what an earlier run has learned, and a key that
/// is refused on purpose must not stop the work of others.
pub struct Clients {
    /// With the key; why there is none, otherwise.
    pub keyed: Result<Client, Failure>,
    /// Without a key.
    pub keyless: Client,
    /// With a key that nobody has.
    pub wrong: Client,
    /// With the key, and a lane that lets a burst through; only where one was asked for.
    pub burst: Option<(Client, u32)>,
}

/// A clip of which it is known what belongs to the subject.
pub struct TestClip {
    /// Where it lies. The same file in every run, so that a job that was left is found again.
    pub path: PathBuf,
    /// Opacity of the subject in the first picture.
    pub mask: Opacity,
}

impl TestClip {
    /// The clip at `path`, and a grey picture of its subject. What lies in `start_ambiguous` (left, top, right
    /// and bottom, in shares of the picture) is not judged.
    ///
    /// # Errors
    /// [`FailureKind::Local`](crate::model::FailureKind::Local): the mask cannot be read.
    pub fn new(path: PathBuf, mask: &[u8], doubt: [f64; 4]) -> Result<Self, Failure> {
        let mut mask = Opacity::from_mask(mask)
            .map_err(|bad| Failure::local("reading the mask of the built-in clip", &bad))?;
        let (width, height) = (mask.width.max(1) as usize, f64::from(mask.height.max(1)));
        let [left, top, right, bottom] = doubt;
        for (at, value) in mask.values.iter_mut().enumerate() {
            let across = (at % width) as f64 / width as f64;
            let down = (at / width) as f64 / height;
            if (left..right).contains(&across) && (top..bottom).contains(&down) {
                *value = DOUBT;
            }
        }
        Ok(Self { path, mask })
    }
}

/// Neither subject nor background.
const DOUBT: u8 = 128;

/// How long a smoke test waits for what takes its time.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// How long the paid jobs may take in all.
    pub jobs: Duration,
    /// How long usage may take to show a charge.
    pub usage_lag: Duration,
}

/// What a smoke test works with.
pub struct SmokeSetup {
    /// Where the API is.
    pub base_url: Url,
    /// Whether calls go through a proxy, which looks names up in our place.
    pub proxied: bool,
    /// How long a name or a handshake is waited for.
    pub connect_timeout: Duration,
    /// For the free stages.
    pub clients: Clients,
    /// For what is billed; none where the key is missing or nothing of it is asked for.
    pub context: Option<Arc<Context>>,
    /// The same with a key that has no credits, and the clip for it: a file of its own, so that
    /// its attempts are never taken for those of the other key.
    pub broke: Option<(Arc<Context>, PathBuf)>,
    /// The built-in clip.
    pub clip: TestClip,
    /// The directory with the team's own clips, where they take its place.
    pub suite: Option<PathBuf>,
    /// Where outputs go, and files that have to be refused.
    pub place: PathBuf,
    /// Where the flow keeps outputs without a target.
    pub spool: PathBuf,
    /// What is wanted of the clips.
    pub options: JobOptions,
    /// Most credits, by estimate.
    pub budget: Option<Credits>,
    /// How long it waits.
    pub waits: Waits,
    /// What there is to say of the age of the key.
    pub key_warning: Option<String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Cancelled when the user wants to stop.
    pub stop: CancellationToken,
}
