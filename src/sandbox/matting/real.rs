//! The matting engine.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::compose::{self, Composer};
use super::ffmpeg::decode::Frames;
use super::ffmpeg::encode::{EncodeJob, Encoder, Format};
use super::ffmpeg::probe::{EngineLimits, ProbedVideo, probe_video};
use super::ffmpeg::process::{ProcessGroup, Tools};
use super::ffmpeg::tone_map::WideColors;
use super::matte::choose::{Networks, choose};
use super::pipeline::FramePipeline;
use super::{Backdrop, Engine, EngineError, EngineResult, EngineTask, Probe, backdrop};

/// Decodes, mattes and encodes on this machine.
pub struct RealEngine {
    tools: Tools,
    limits: EngineLimits,
    networks: Networks,
}

impl RealEngine {
    /// Loads the shipped models. Programs are found when they are first needed, and so is Robust Video
    /// Matting in the folder `rvm` (see [`super::install_rvm`]).
    pub fn new(
        tools: Tools,
        limits: EngineLimits,
        rvm: Option<PathBuf>,
    ) -> Result<Self, EngineError> {
        Ok(Self { tools, limits, networks: Networks::load(rvm)? })
    }

    /// Refuses what cannot be done, before anything is decoded.
    fn check(
        &self,
        task: &EngineTask,
        format: Format,
        source: &ProbedVideo,
    ) -> Result<(), EngineError> {
        if task.backdrop == Backdrop::Transparent && !format.has_alpha() {
            let words = "mp4 has no transparency: choose a background color or image";
            return Err(EngineError(words.to_owned()));
        }
        if format.is_animation() && source.duration > self.limits.animation_seconds {
            return Err(EngineError(format!(
                "Video too long for {}: {:.1} s, the limit is {:.0} s",
                task.format, source.duration, self.limits.animation_seconds
            )));
        }
        if let Some((width, height)) = task.layout.canvas
            && (width == 0
                || height == 0
                || u64::from(width) * u64::from(height) > self.limits.pixels)
        {
            return Err(EngineError(format!("The canvas of {width}x{height} is not possible")));
        }
        Ok(())
    }

    /// Writes the output; `notes` is what the user should already know.
    fn work(
        &self,
        group: &ProcessGroup<'_>,
        task: &EngineTask,
        format: Format,
        source: &ProbedVideo,
        mut notes: Vec<String>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<EngineResult, EngineError> {
        let canvas = compose::canvas(&task.layout, source.size, format.needs_even_sides());
        let place = compose::place(&task.layout, source.size, canvas)?;
        let backing = backdrop::prepare(group, self.limits.pixels, &task.backdrop, canvas)?;
        let composer = Composer::new(source.size, canvas, place, backing);
        if let Some((width, height)) = task.layout.canvas
            && format.needs_even_sides()
            && (width % 2, height % 2) != (0, 0)
        {
            notes.push(format!("mp4 needs even sides: the canvas is {}x{}", canvas.0, canvas.1));
        }
        let job = EncodeJob {
            format,
            size: canvas,
            alpha: composer.has_alpha(),
            source,
            output: &task.output,
        };
        let (matter, chosen) = choose(&self.networks, group, task, source)?;
        notes.extend(chosen);
        let (engine, subject) = (matter.name.to_owned(), matter.subject);
        let pipeline = FramePipeline {
            frames: Frames::open(group, source)?,
            matter,
            composer,
            encoder: Encoder::open(group, &job)?,
        };
        let written = pipeline.run(group, progress)?;
        notes.extend(written.note(subject));
        let duration_seconds = written.frames as f64 / source.rate.hertz();
        Ok(EngineResult { duration_seconds, frames: written.frames, engine, notes })
    }
}

impl Engine for RealEngine {
    fn probe(&self, file: &Path) -> Result<Probe, EngineError> {
        let never = AtomicBool::new(false);
        probe_video(&self.tools, &self.limits, file, &never).map(|source| source.describe())
    }

    fn run(
        &self,
        task: &EngineTask,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<EngineResult, EngineError> {
        let format = Format::parse(&task.format)?;
        let mut source = probe_video(&self.tools, &self.limits, &task.input, cancel)?;
        let mut notes: Vec<String> = source.wide.and_then(WideColors::note).into_iter().collect();
        let rate = format.rate(source.rate);
        if rate != source.rate {
            let (from, to) = (source.rate.hertz(), rate.hertz());
            notes.push(format!(
                "Reduced from {from:.0} to {to:.0} frames a second: players slow a faster {} down",
                task.format
            ));
            source.rate = rate;
        }
        self.check(task, format, &source)?;
        let expected = source.expected_frames();
        let done = |frames| progress((frames as f64 / expected * 100.0).min(99.0));
        let result = ProcessGroup::run(&self.tools, cancel, self.limits.job_time, |group| {
            self.work(group, task, format, &source, notes, &done)
        })
        .inspect_err(|_| {
            // Half an output is useless; there may be none yet.
            let _ = std::fs::remove_file(&task.output);
        })?;
        progress(100.0);
        Ok(result)
    }
}
