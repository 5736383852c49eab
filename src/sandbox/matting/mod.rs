//! The matting engine behind the sandbox: takes an uploaded video and a task, writes the output.
//! Built with the feature `matting`.

mod backdrop;
mod choose;
mod compose;
mod container;
mod decode;
mod encode;
mod image;
mod install;
mod matte;
mod pictures;
mod pipeline;
mod probe;
mod process;
mod real;
mod sequence;
mod tone;

pub use install::{install_rvm, installed_rvm};
pub use probe::Limits;
pub use process::{Setting, Tools};
pub use real::RealEngine;

use super::engine::{Backdrop, Engine, EngineError, Layout, Outcome, Probe, Task};

#[cfg(test)]
mod tests;
