//! TODO

pub(crate) mod draw_target;
pub(crate) mod input_line;
pub(crate) mod run_view;
pub(crate) mod text_width;
pub(crate) mod throughput;
