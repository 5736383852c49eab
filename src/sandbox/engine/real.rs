//! The engine that really does the work.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::decode::Frames;
use super::encode::{Encoder, Format};
use super::matte::selfie::{Network, Selfie, Shape};
use super::matte::working_size;
use super::probe::{self, Limits};
use super::process::{Leash, Tools};
use super::{Engine, EngineError, Outcome, Probe, Task, pipeline};

/// Decodes, mattes and encodes on this machine.
pub struct RealEngine {
    tools: Tools,
    limits: Limits,
    square: Network,
}

impl RealEngine {
    /// Loads the shipped models. Programs are looked for when they are first needed.
    pub fn new(tools: Tools, limits: Limits) -> Result<Self, EngineError> {
        Ok(Self { tools, limits, square: Network::load(Shape::Square)? })
    }
}

impl Engine for RealEngine {
    fn probe(&self, file: &Path) -> Result<Probe, EngineError> {
        let never = AtomicBool::new(false);
        probe::look(&self.tools, &self.limits, file, &never).map(|source| source.describe())
    }

    fn run(
        &self,
        task: &Task,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<Outcome, EngineError> {
        let format = Format::parse(&task.format)?;
        let source = probe::look(&self.tools, &self.limits, &task.input, cancel)?;
        let expected = source.expected_frames();
        let written = Leash::held(cancel, self.limits.job_time, |leash| {
            let frames = Frames::open(leash, &self.tools, &source, &self.limits)?;
            let encoder = Encoder::open(
                leash,
                &self.tools,
                format,
                source.size,
                true,
                &source,
                &task.output,
            )?;
            let mut segmenter = Selfie::new(&self.square, working_size(source.size, 480));
            pipeline::run(leash, source.size, frames, &mut segmenter, encoder, &|done| {
                progress((done as f64 / expected * 100.0).min(99.0));
            })
        })?;
        progress(100.0);
        Ok(Outcome {
            duration_seconds: written as f64 / source.rate.hertz(),
            frames: written,
            engine: "selfie".to_owned(),
            notes: Vec::new(),
        })
    }
}
