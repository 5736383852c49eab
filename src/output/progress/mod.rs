//! Progress bars: `run_view` keeps the state of a run, `input_progress` that of one input, `bars` shows
//! both with the templates of `indicatif`, `screen` is the terminal below all printed lines.

pub(crate) mod bars;
pub(crate) mod input_progress;
pub(crate) mod run_view;
pub(crate) mod screen;
