//! The interface of a matting engine (`types`), and its stand-in for benchmarks, simulations and tests:
//! `stand_in` lets time pass and returns small valid files, whose length `stretch` adapts to the video.

pub(crate) mod stand_in;
mod stretch;
mod types;

pub(crate) use self::types::program_vars;
pub use self::types::{
    Backdrop, CanvasLayout, Engine, EngineError, EngineResult, EngineTask, Probe,
};
