//! The matting engine behind the sandbox: takes an uploaded video and a task, writes the output.
//! Built with the feature `matting`.

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
pub use self::ffmpeg::process::{Setting, Tools};
pub use self::matte::install::{install_rvm, installed_rvm};
pub use self::real::RealEngine;

use super::engine::{Backdrop, CanvasLayout, Engine, EngineError, EngineResult, EngineTask, Probe};
