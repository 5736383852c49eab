//! FFmpeg as a child process: `process` (running it within limits), `container` (which demuxer may open a
//! file), `probe`, `frame_times`, `frame_rate`, `tone_map`, `decode` and `encode`.

pub(crate) mod container;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod frame_rate;
pub(crate) mod frame_times;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod tone_map;
