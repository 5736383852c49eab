//! How the events of a run are shown: `reporter` receives them, `event_lines` picks the line of each,
//! `messages` words it, `repeated_warnings` counts repetitions, `json` is the same for scripts.

pub(crate) mod event_lines;
pub mod json;
pub mod messages;
pub(crate) mod repeated_warnings;
pub(crate) mod reporter;
