//! Measuring the mattes: error, overlap and flicker against clips of known alpha, with and without
//! our additions, and time a frame, step by step and for the whole way.
//!
//! The clock is the caller's.

mod clips;
mod report;
mod score;
mod singles;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub use report::{Pipe, Report, Row};

use super::choose::{Networks, SELFIE_SIDE, choose};
use super::compose::{Backing, Composer, Place};
use super::decode::{self, Frames};
use super::encode::{Encoder, Format, Order};
use super::image::{Frame, Plane, Resizer};
use super::matte::guided::Tuning;
use super::matte::plate::Plate;
use super::matte::selfie::{self, Selfie, Shape};
use super::matte::survey::Sample;
use super::matte::{Cut, Matter, working_size};
use super::probe::{self, Limits, Source};
use super::process::{Leash, Tools};
use super::real::RealEngine;
use super::{Backdrop, Engine, EngineError, Layout, Task};
use clips::{Clip, MOST_FRAMES, Scene, Subject};
use score::Tally;

/// How long a whole benchmark may take.
const PATIENCE: Duration = Duration::from_hours(4);

/// What to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The programs.
    pub tools: Tools,
    /// Where Robust Video Matting is, if it is to be measured.
    pub rvm: Option<PathBuf>,
    /// Sizes of the clips, at least 64x64.
    pub sizes: Vec<(usize, usize)>,
    /// Frames a clip, at most 96.
    pub frames: usize,
    /// Where to keep clips, truths and pictures to look at; nowhere when absent.
    pub keep: Option<PathBuf>,
}

/// Measures, telling `say` what is done.
pub fn run(
    request: &Request,
    clock: &dyn Fn() -> Duration,
    say: &mut dyn FnMut(&str),
) -> Result<Report, EngineError> {
    let never = AtomicBool::new(false);
    let room = tempfile::tempdir().map_err(|error| unusable(&error))?;
    let folder = request.keep.as_deref().unwrap_or(room.path());
    std::fs::create_dir_all(folder).map_err(|error| unusable(&error))?;
    let networks = Networks::load(request.rvm.clone())?;
    let square = selfie::Network::load(Shape::Square)?;
    let landscape = selfie::Network::load(Shape::Landscape)?;
    let mut report = Report::default();
    Leash::held(&request.tools.setting, &never, PATIENCE, |leash| {
        let bench = Bench { request, leash, clock, folder, networks, square, landscape };
        let subject = Subject::load(leash, &request.tools, folder)?;
        for &size in &request.sizes {
            for scene in Scene::ALL {
                bench.scene(&subject, scene, size, &mut report, say)?;
            }
        }
        Ok(())
    })?;
    Ok(report)
}

/// What all measurements share.
struct Bench<'a> {
    request: &'a Request,
    leash: &'a Leash<'a>,
    clock: &'a dyn Fn() -> Duration,
    folder: &'a Path,
    networks: Networks,
    square: selfie::Network,
    landscape: selfie::Network,
}

/// A cut-out to be measured.
struct Contestant<'n> {
    model: String,
    single: bool,
    engine: &'static str,
    matter: Matter<'n>,
}

impl Bench<'_> {
    fn scene(
        &self,
        subject: &Subject,
        scene: Scene,
        size: (usize, usize),
        report: &mut Report,
        say: &mut dyn FnMut(&str),
    ) -> Result<(), EngineError> {
        let tools = &self.request.tools;
        let frames = self.request.frames.min(MOST_FRAMES);
        let clip = clips::make(self.leash, tools, subject, scene, size, frames, self.folder)?;
        if self.request.keep.is_some() {
            keep_truth(&clip)?;
        }
        let never = AtomicBool::new(false);
        let source = probe::look(tools, &Limits::default(), &clip.file, &never)?;
        let models = ["light", "original", "human", "pro"];
        let rvm = self.request.rvm.is_some();
        let mut contestants = self.singles(scene, &source)?;
        for model in models.into_iter().take(if rvm { 4 } else { 2 }) {
            let task = task(&clip.file, self.folder, model);
            let choice = choose(&self.networks, self.leash, tools, &task, &source)?;
            contestants.push(Contestant {
                model: model.to_owned(),
                single: false,
                engine: choice.matter.name,
                matter: choice.matter,
            });
        }
        for contestant in contestants {
            let row = self.measure(contestant, &clip, scene, &source)?;
            say(&format!("{} {}: {:.2}", row.scene, row.model, row.error * 1000.0));
            report.rows.push(row);
        }
        if scene == Scene::MovingLeaves {
            for model in models.into_iter().take(if rvm { 3 } else { 2 }) {
                report.pipes.push(self.pipe(&clip, &source, model)?);
                say(&format!("whole way of {model}"));
            }
        }
        Ok(())
    }

    /// The single engines that fit the scene.
    fn singles(&self, scene: Scene, source: &Source) -> Result<Vec<Contestant<'_>>, EngineError> {
        let working = working_size(source.size, SELFIE_SIDE);
        let single = |model: &str, engine, segmenter, finisher| Contestant {
            model: model.to_owned(),
            single: true,
            engine,
            matter: Matter {
                name: engine,
                resizer: Resizer::new(source.size, working),
                segmenter,
                finisher,
            },
        };
        let guided = || Box::new(Tuning::default());
        let square = Box::new(Selfie::new(&self.square, working));
        let landscape = Box::new(Selfie::new(&self.landscape, working));
        let mut list = vec![
            single("selfie 256x256 + guided filter", "selfie", square, guided()),
            single("selfie 256x144 + guided filter", "selfie-light", landscape, guided()),
        ];
        match scene {
            Scene::Green => {
                let key = Box::new(singles::GreenKey);
                list.push(single(
                    "green-difference key",
                    "chroma-key",
                    Box::new(singles::Blank),
                    key,
                ));
            }
            Scene::StaticLeaves => {
                let median = Box::new(singles::Median { plate: self.median(source, working)? });
                list.push(single("median + guided filter", "temporal-median", median, guided()));
            }
            Scene::MovingLeaves | Scene::MovingFractal | Scene::MovingCard => {}
        }
        Ok(list)
    }

    fn median(&self, source: &Source, working: (usize, usize)) -> Result<Plate, EngineError> {
        let shrink = Resizer::new(source.size, working);
        let mut samples = Vec::new();
        decode::sample(self.leash, &self.request.tools, source, 25, |frame| {
            let person = Plane::filled(working.0, working.1, 0.0);
            samples.push(Sample { picture: shrink.frame(frame), person });
            Ok(())
        })?;
        Ok(Plate::of_still(&samples))
    }

    /// One pass over the clip, timing the two steps.
    fn measure(
        &self,
        contestant: Contestant<'_>,
        clip: &Clip,
        scene: Scene,
        source: &Source,
    ) -> Result<Row, EngineError> {
        let Contestant { model, single, engine, mut matter } = contestant;
        let mut tally = Tally::default();
        let mut last: Option<Vec<u8>> = None;
        let picture = clip.truth.len() / 2;
        let (times, count) = self.cut(&mut matter, source, |index, cut| {
            let truth = &clip.truth[index];
            tally.frame(&cut.alpha, truth);
            if let Some(last) = &last {
                tally.step([last, &cut.alpha], [&clip.truth[index - 1], truth]);
            }
            if index == picture && self.request.keep.is_some() {
                let name = format!("{}-{}-{}.png", scene.name(), source.size.0, model);
                picture_of(&cut, truth, &self.folder.join(name.replace(' ', "-")))?;
            }
            last = Some(cut.alpha);
            Ok(())
        })?;
        Ok(Row {
            scene: scene.name(),
            size: source.size,
            model,
            single,
            engine,
            error: tally.error(),
            overlap: tally.overlap(),
            flicker: tally.flicker(),
            milliseconds: times.map(|time| milliseconds(time, count)),
        })
    }

    /// Cuts every frame out, one step after the other; gives the time of each step and the number
    /// of frames.
    fn cut(
        &self,
        matter: &mut Matter<'_>,
        source: &Source,
        mut see: impl FnMut(usize, Cut) -> Result<(), EngineError>,
    ) -> Result<([Duration; 2], usize), EngineError> {
        let mut frames = Frames::open(self.leash, &self.request.tools, source, &Limits::default())?;
        let mut times = [Duration::ZERO; 2];
        let mut count = 0;
        while let Some(frame) = frames.next_into(Vec::new())? {
            let start = (self.clock)();
            let small = matter.resizer.frame(&frame);
            let mask = matter.segmenter.segment(&frame, &small)?;
            let found = (self.clock)();
            let cut = matter.finisher.finish(frame, &small, &mask);
            let finished = (self.clock)();
            times[0] += found.saturating_sub(start);
            times[1] += finished.saturating_sub(found);
            see(count, cut)?;
            count += 1;
        }
        Ok((times, count))
    }

    /// Times the whole way of `model`, and each of its steps with nothing beside it.
    fn pipe(&self, clip: &Clip, source: &Source, model: &str) -> Result<Pipe, EngineError> {
        let tools = &self.request.tools;
        let start = (self.clock)();
        let mut frames = Frames::open(self.leash, tools, source, &Limits::default())?;
        let (mut count, mut buffer) = (0, Vec::new());
        while let Some(frame) = frames.next_into(buffer)? {
            count += 1;
            buffer = frame.data;
        }
        let decoded = (self.clock)().saturating_sub(start);
        let task = task(&clip.file, self.folder, model);
        let start = (self.clock)();
        let mut matter = choose(&self.networks, self.leash, tools, &task, source)?.matter;
        let choosing = (self.clock)().saturating_sub(start);
        let place = Place { left: 0, top: 0, size: source.size };
        let composer = Composer::new(source.size, source.size, place, Backing::Nothing);
        let mut outputs = Vec::new();
        let mut composing = Duration::ZERO;
        let (times, _) = self.cut(&mut matter, source, |_, cut| {
            let start = (self.clock)();
            let mut output = Vec::new();
            composer.compose(&cut, &mut output);
            composing += (self.clock)().saturating_sub(start);
            outputs.push(output);
            Ok(())
        })?;
        let encoded = self.encode(&outputs, source)?;
        let engine = RealEngine::new(tools.clone(), Limits::default(), self.request.rvm.clone())?;
        let never = AtomicBool::new(false);
        let start = (self.clock)();
        engine.run(&task, &|_| (), &never)?;
        let whole = (self.clock)().saturating_sub(start).saturating_sub(choosing);
        let _ = std::fs::remove_file(&task.output);
        let steps = [decoded, times[0], times[1] + composing, encoded];
        Ok(Pipe {
            size: source.size,
            model: model.to_owned(),
            steps: steps.map(|step| milliseconds(step, count)),
            whole: milliseconds(whole, count),
        })
    }

    fn encode(&self, frames: &[Vec<u8>], source: &Source) -> Result<Duration, EngineError> {
        let output = self.folder.join("encoded.webm");
        let order =
            Order { format: Format::Webm, size: source.size, alpha: true, source, output: &output };
        let start = (self.clock)();
        let mut encoder = Encoder::open(self.leash, &self.request.tools, &order)?;
        for frame in frames {
            encoder.write(frame)?;
        }
        encoder.finish()?;
        let time = (self.clock)().saturating_sub(start);
        let _ = std::fs::remove_file(&output);
        Ok(time)
    }
}

fn milliseconds(time: Duration, frames: usize) -> f64 {
    time.as_secs_f64() * 1000.0 / frames.max(1) as f64
}

fn task(input: &Path, folder: &Path, model: &str) -> Task {
    Task {
        input: input.to_owned(),
        output: folder.join(format!("whole-{model}.webm")),
        model: model.to_owned(),
        format: "webm".to_owned(),
        backdrop: Backdrop::Transparent,
        layout: Layout::default(),
        text_prompt: None,
    }
}

/// All truths of a clip as one file of bytes, beside it, for other programs to compare with.
fn keep_truth(clip: &Clip) -> Result<(), EngineError> {
    std::fs::File::create(clip.file.with_extension("truth"))
        .and_then(|mut file| clip.truth.iter().try_for_each(|frame| file.write_all(frame)))
        .map_err(|error| unusable(&error))
}

/// A picture to look at: the cut-out over a checkerboard, and beside it what is missing in red
/// and what is too much in green.
fn picture_of(cut: &Cut, truth: &[u8], file: &Path) -> Result<(), EngineError> {
    let (width, height) = (cut.colors.width, cut.colors.height);
    let mut data = Vec::with_capacity(width * height * 6);
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let alpha = f32::from(cut.alpha[at]) / 255.0;
            let board = if (x / 16 + y / 16) % 2 == 0 { 160.0 } else { 220.0 };
            for &color in &cut.colors.data[at * 3..at * 3 + 3] {
                let mixed = f32::from(color) * alpha + board * (1.0 - alpha);
                data.push(super::image::to_byte(mixed / 255.0));
            }
        }
        let row = y * width..(y + 1) * width;
        for (&is, &should) in cut.alpha[row.clone()].iter().zip(&truth[row]) {
            let base = should / 4;
            data.push(base.saturating_add(should.saturating_sub(is)));
            data.push(base.saturating_add(is.saturating_sub(should)));
            data.push(base);
        }
    }
    write_png(&Frame { width: width * 2, height, data }, file)
}

fn write_png(frame: &Frame, file: &Path) -> Result<(), EngineError> {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let out = std::fs::File::create(file).map_err(|error| unusable(&error))?;
    let mut encoder = png::Encoder::new(out, side(frame.width), side(frame.height));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&frame.data))
        .map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::fmt::Display) -> EngineError {
    EngineError(format!("The benchmark cannot go on: {error}"))
}
