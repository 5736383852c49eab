//! What cuts out the subject of a job: Robust Video Matting where it is installed, the shipped
//! network otherwise, and a green screen where there is one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::colors::Colors;
use super::green_screen::{GreenScreen, KeyedSegmenter, Search};
use super::guided::GuidedFilter;
use super::install::installed_rvm;
use super::rvm::{self, Rvm};
use super::selfie::{self, Selfie, Shape};
use super::soft_mask::SoftMask;
use super::temporal_smoothing::SmoothedSegmenter;
use super::{Finisher, Matter, Segmenter, working_size};
use crate::sandbox::matting::ffmpeg::decode;
use crate::sandbox::matting::ffmpeg::probe::ProbedVideo;
use crate::sandbox::matting::ffmpeg::process::ProcessGroup;
use crate::sandbox::matting::image::Resizer;
use crate::sandbox::matting::{EngineError, EngineTask};
use crate::sandbox::util::lock;

/// The longer side at which coarse masks are worked on before they are refined.
const COARSE_SIDE: usize = 480;

/// The longer side of what Robust Video Matting is shown.
const RVM_SIDE: usize = 1280;

/// How many frames are sampled in search of a green screen.
const SAMPLES: u32 = 25;

/// The API's models, and the shorter side in pixels at which Robust Video Matting works for each.
const MODELS: [(&str, f32); 4] =
    [("light", 192.0), ("original", 216.0), ("human", 240.0), ("pro", 360.0)];

/// The networks, loaded once.
pub(crate) struct Networks {
    square: selfie::SelfieNetwork,
    landscape: selfie::SelfieNetwork,
    folder: Option<PathBuf>,
    rvm: Mutex<Option<Arc<rvm::RvmNetwork>>>,
}

impl Networks {
    /// Loads the shipped networks; `folder` is where Robust Video Matting is, if it is installed.
    pub(crate) fn load(folder: Option<PathBuf>) -> Result<Self, EngineError> {
        Ok(Self {
            square: selfie::SelfieNetwork::load(Shape::Square)?,
            landscape: selfie::SelfieNetwork::load(Shape::Landscape)?,
            folder,
            rvm: Mutex::new(None),
        })
    }

    /// Robust Video Matting, loaded when first needed; `None` when it is not installed.
    fn rvm(&self) -> Option<Result<Arc<rvm::RvmNetwork>, EngineError>> {
        let mut loaded = lock(&self.rvm);
        if let Some(network) = &*loaded {
            return Some(Ok(Arc::clone(network)));
        }
        let folder = self.folder.as_deref().filter(|folder| installed_rvm(folder).is_some())?;
        let network = rvm::RvmNetwork::load(folder).map(Arc::new);
        *loaded = network.as_ref().ok().map(Arc::clone);
        Some(network)
    }

    /// The shipped network whose input is least distorted by frames of this size.
    fn shipped(&self, (width, height): (usize, usize)) -> &selfie::SelfieNetwork {
        if width * 3 >= height * 4 { &self.landscape } else { &self.square }
    }
}

/// Chooses what cuts out the subject of `source`, with notes on how this differs from the request.
pub(crate) fn choose<'n>(
    networks: &'n Networks,
    group: &ProcessGroup<'_>,
    task: &EngineTask,
    source: &ProbedVideo,
) -> Result<(Matter<'n>, Vec<String>), EngineError> {
    let Some(&(model, inside)) = MODELS.iter().find(|(model, _)| *model == task.model) else {
        return Err(EngineError(format!("Unknown model: {}", task.model)));
    };
    let mut notes = Vec::new();
    let screen = green_screen(group, source)?;
    if screen.is_some() {
        notes
            .push("The background is a green screen: everything in front of it is kept".to_owned());
    }
    let matter = match networks.rvm() {
        Some(Ok(network)) => with_rvm(network, inside, source, screen),
        Some(Err(error)) => {
            notes.push(format!("{error}: the smaller network that comes with rbgv was used"));
            shipped(networks, source, screen)
        }
        None => {
            if matches!(model, "human" | "pro") {
                notes.push(format!(
                    "{model} was done by the smaller network that comes with rbgv, as light and \
                     original are: Robust Video Matting is not installed (rbgv model install)"
                ));
            }
            shipped(networks, source, screen)
        }
    };
    if task.text_prompt.as_deref().is_some_and(|prompt| !prompt.trim().is_empty()) {
        notes.push("text_prompt was ignored: the sandbox cannot select by text".to_owned());
    }
    Ok((matter, notes))
}

/// The green screen in the background, if there is one in all sampled frames.
fn green_screen(
    group: &ProcessGroup<'_>,
    source: &ProbedVideo,
) -> Result<Option<GreenScreen>, EngineError> {
    let shrink = Resizer::new(source.size, working_size(source.size, COARSE_SIDE));
    let mut search = Search::default();
    decode::sample(group, source, SAMPLES, |frame| search.see(&shrink.frame(frame)))?;
    Ok(search.found())
}

/// The shipped network, steadied, helped by colours and refined.
fn shipped<'n>(
    networks: &'n Networks,
    source: &ProbedVideo,
    screen: Option<GreenScreen>,
) -> Matter<'n> {
    let working = working_size(source.size, COARSE_SIDE);
    let selfie = Selfie::new(networks.shipped(source.size), working);
    Matter {
        name: "selfie-segmentation",
        subject: subject(screen),
        resizer: Resizer::new(source.size, working),
        segmenter: keyed(Colors::new(SmoothedSegmenter::new(selfie, working)), screen),
        finisher: Box::new(GuidedFilter),
    }
}

/// Robust Video Matting, working at `inside` pixels of the shorter side.
fn with_rvm<'n>(
    network: Arc<rvm::RvmNetwork>,
    inside: f32,
    source: &ProbedVideo,
    screen: Option<GreenScreen>,
) -> Matter<'n> {
    // A key's masks are coarse, those of the network are not.
    let side = if screen.is_some() { COARSE_SIDE } else { RVM_SIDE };
    let working = working_size(source.size, side);
    let finisher: Box<dyn Finisher> =
        if screen.is_some() { Box::new(GuidedFilter) } else { Box::new(SoftMask::new(working)) };
    Matter {
        name: "robust-video-matting",
        subject: subject(screen),
        resizer: Resizer::new(source.size, working),
        segmenter: keyed(Rvm::new(network, inside), screen),
        finisher,
    }
}

/// What the job segments.
fn subject(screen: Option<GreenScreen>) -> &'static str {
    if screen.is_some() { "subject" } else { "person" }
}

fn keyed<'n>(
    segmenter: impl Segmenter + 'n,
    screen: Option<GreenScreen>,
) -> Box<dyn Segmenter + 'n> {
    match screen {
        Some(screen) => Box::new(KeyedSegmenter::new(segmenter, screen)),
        None => Box::new(segmenter),
    }
}
