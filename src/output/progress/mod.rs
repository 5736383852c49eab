//! Progress bars: `run_view` keeps the state of a run, `input_line` draws the line of one input,
//! `throughput` estimates speed and remaining time, `text_width` measures columns, `draw_target` is
//! the terminal.

pub(crate) mod draw_target;
pub(crate) mod input_line;
pub(crate) mod run_view;
pub(crate) mod text_width;
pub(crate) mod throughput;
