//! TODO

pub(crate) mod container;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod frame_times;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod tone_map;
