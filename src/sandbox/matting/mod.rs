//! The matting engine of the sandbox: reads an uploaded video and writes the output of a job. Built with the
//! feature `matting`.
//!
//! Reading order: `real` (the engine), `pipeline` (decode, matte, compose, encode), `ffmpeg/`, `matte/` (masks
//! and alpha), `image`, `compose`, `backdrop`, `sequence` (PNG archives).

mod backdrop;
mod compose;
pub(crate) mod ffmpeg;
mod image;
mod matte;
mod pipeline;
mod real;
mod sequence;

#[cfg(test)]
mod tests;

pub use self::ffmpeg::probe::EngineLimits;
pub use self::ffmpeg::process::Tools;
pub use self::matte::install::{install_rvm, installed_rvm};
pub use self::real::RealEngine;

use super::engine::{Backdrop, CanvasLayout, Engine, EngineError, EngineResult, EngineTask, Probe};
