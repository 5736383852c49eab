//! Which engine a job gets: by the model's name, by what is installed, and for `original` by what
//! the video looks like.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::decode;
use super::image::Resizer;
use super::install::installed_rvm;
use super::matte::chroma::Screen;
use super::matte::closer::Closer;
use super::matte::colors::Colors;
use super::matte::fine::Fine;
use super::matte::guided::Tuning;
use super::matte::plate::Differing;
use super::matte::rvm::{self, Rvm};
use super::matte::selfie::{self, Selfie, Shape};
use super::matte::survey::{Background, Sample, Survey, clearly, survey};
use super::matte::temporal::Steady;
use super::matte::{Finisher, Matter, Segmenter, working_size};
use super::probe::Source;
use super::process::{Leash, Tools};
use super::{EngineError, Task};

/// The longer side at which the selfie model's masks are worked on.
pub(crate) const SELFIE_SIDE: usize = 480;

/// The longer side of what Robust Video Matting is shown.
const RVM_SIDE: usize = 1280;

/// The shorter side at which it works inside, for `human` and for `pro`.
const RVM_INSIDE: [f32; 2] = [240.0, 360.0];

/// How many frames are looked at before the work starts.
const SAMPLES: u32 = 25;

/// How many frames Robust Video Matting is tried on.
const TRIALS: u32 = 4;

/// The part of the picture that a person covers clearly, at least, to count as found.
const FOUND: f32 = 0.01;

/// The networks, loaded once.
pub(crate) struct Networks {
    square: selfie::Network,
    landscape: selfie::Network,
    folder: Option<PathBuf>,
    rvm: Mutex<Option<Arc<rvm::Network>>>,
}

/// What was chosen, and what the user should know about it.
pub(crate) struct Choice<'n> {
    /// Cuts out the subject.
    pub(crate) matter: Matter<'n>,
    /// Fallbacks and the like.
    pub(crate) notes: Vec<String>,
}

impl Networks {
    /// Loads the shipped networks; `folder` is where Robust Video Matting is, if it is installed.
    pub(crate) fn load(folder: Option<PathBuf>) -> Result<Self, EngineError> {
        Ok(Self {
            square: selfie::Network::load(Shape::Square)?,
            landscape: selfie::Network::load(Shape::Landscape)?,
            folder,
            rvm: Mutex::new(None),
        })
    }

    /// Robust Video Matting, loaded when first wanted; in words why not, otherwise.
    pub(crate) fn rvm(&self) -> Result<Arc<rvm::Network>, String> {
        let mut loaded = self.rvm.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(network) = &*loaded {
            return Ok(Arc::clone(network));
        }
        let folder = self
            .folder
            .as_deref()
            .filter(|folder| installed_rvm(folder).is_some())
            .ok_or("Robust Video Matting is not installed")?;
        let network = rvm::Network::load(folder).map(Arc::new).map_err(|error| error.0)?;
        *loaded = Some(Arc::clone(&network));
        Ok(network)
    }

    /// The selfie network whose input is least distorted by frames of this size.
    fn overview(&self, (width, height): (usize, usize)) -> &selfie::Network {
        if width * 3 >= height * 4 { &self.landscape } else { &self.square }
    }
}

/// Chooses what cuts out the subject of `source`.
pub(crate) fn choose<'n>(
    networks: &'n Networks,
    leash: &Leash<'_>,
    tools: &Tools,
    task: &Task,
    source: &Source,
) -> Result<Choice<'n>, EngineError> {
    let mut choice = match task.model.as_str() {
        "light" => Choice { matter: light(networks, source), notes: Vec::new() },
        "original" => original(networks, leash, tools, source)?,
        "human" => with_rvm(networks, leash, tools, source, RVM_INSIDE[0])?,
        "pro" => with_rvm(networks, leash, tools, source, RVM_INSIDE[1])?,
        other => return Err(EngineError(format!("Unknown model: {other}"))),
    };
    if task.text_prompt.as_deref().is_some_and(|prompt| !prompt.trim().is_empty()) {
        let note = "text_prompt is kept with the job, but this engine does not understand it";
        choice.notes.push(note.to_owned());
    }
    Ok(choice)
}

fn matter<'n>(
    name: &'static str,
    source: &Source,
    working: (usize, usize),
    segmenter: Box<dyn Segmenter + 'n>,
    finisher: Box<dyn Finisher>,
) -> Matter<'n> {
    Matter { name, resizer: Resizer::new(source.size, working), segmenter, finisher }
}

fn light<'n>(networks: &'n Networks, source: &Source) -> Matter<'n> {
    let working = working_size(source.size, SELFIE_SIDE);
    let seen = Selfie::new(networks.overview(source.size), working);
    let segmenter = Box::new(Colors::new(Steady::new(seen, working)));
    matter("selfie-light", source, working, segmenter, Box::new(Tuning::default()))
}

/// The selfie model with everything that helps it.
fn selfie<'n>(networks: &'n Networks, source: &Source) -> Matter<'n> {
    let working = working_size(source.size, SELFIE_SIDE);
    let closer = Closer::new(networks.overview(source.size), &networks.square, working);
    let segmenter = Box::new(Colors::new(Steady::new(closer, working)));
    matter("selfie", source, working, segmenter, Box::new(Tuning::default()))
}

fn look_over(
    networks: &Networks,
    leash: &Leash<'_>,
    tools: &Tools,
    source: &Source,
) -> Result<Survey, EngineError> {
    let working = working_size(source.size, SELFIE_SIDE);
    let overview = networks.overview(source.size);
    let shrink = Resizer::new(source.size, working);
    let (enter, leave) =
        (Resizer::new(working, overview.size()), Resizer::new(overview.size(), working));
    let mut samples = Vec::new();
    decode::sample(leash, tools, source, SAMPLES, |frame| {
        let picture = shrink.frame(frame);
        let person = leave.plane(&overview.infer(&enter.picture(&picture))?);
        samples.push(Sample { picture, person });
        Ok(())
    })?;
    Ok(survey(&mut samples))
}

fn original<'n>(
    networks: &'n Networks,
    leash: &Leash<'_>,
    tools: &Tools,
    source: &Source,
) -> Result<Choice<'n>, EngineError> {
    let Survey { background, person } = look_over(networks, leash, tools, source)?;
    let people = person >= FOUND;
    let working = working_size(source.size, SELFIE_SIDE);
    let closer = Closer::new(networks.overview(source.size), &networks.square, working);
    let mut notes = Vec::new();
    let matter = match background {
        Background::Screen(key, plate) => {
            let finisher = Box::new(Screen::new(key, plate, source.size, people));
            matter("chroma-key", source, working, Box::new(closer), finisher)
        }
        Background::Still(plate) => {
            let steady = Steady::new(Differing::new(closer, plate, people), working);
            let segmenter: Box<dyn Segmenter> =
                if people { Box::new(Colors::new(steady)) } else { Box::new(steady) };
            matter("temporal-median", source, working, segmenter, Box::new(Tuning::default()))
        }
        Background::Unknown => {
            if !people {
                notes.push("No person was found: the output may be empty".to_owned());
            }
            selfie(networks, source)
        }
    };
    Ok(Choice { matter, notes })
}

/// Robust Video Matting, or the next best with a note.
fn with_rvm<'n>(
    networks: &'n Networks,
    leash: &Leash<'_>,
    tools: &Tools,
    source: &Source,
    inside: f32,
) -> Result<Choice<'n>, EngineError> {
    let network = match networks.rvm() {
        Ok(network) => network,
        Err(reason) => {
            let notes = vec![format!("{reason}: the selfie model was used instead")];
            return Ok(Choice { matter: selfie(networks, source), notes });
        }
    };
    let working = working_size(source.size, RVM_SIDE);
    let shrink = Resizer::new(source.size, working);
    let mut most = 0.0f32;
    decode::sample(leash, tools, source, TRIALS, |frame| {
        if most < FOUND {
            let mut trial = Rvm::new(Arc::clone(&network), inside);
            most = most.max(clearly(&trial.segment(frame, &shrink.frame(frame))?));
        }
        Ok(())
    })?;
    if most < FOUND {
        let mut choice = original(networks, leash, tools, source)?;
        let name = choice.matter.name;
        let note = format!("Robust Video Matting found no person: {name} was used instead");
        choice.notes.insert(0, note);
        return Ok(choice);
    }
    let segmenter = Box::new(Rvm::new(network, inside));
    let finisher = Box::new(Fine::new(working));
    let matter = matter("robust-video-matting", source, working, segmenter, finisher);
    Ok(Choice { matter, notes: Vec::new() })
}
