//! Inputs before they are read. In reading order: `input_spec`, `input_list`, `discover`,
//! `skipped_files`, `watch_folder`.

pub(crate) mod discover;
pub(crate) mod input_list;
pub(crate) mod input_spec;
pub(crate) mod skipped_files;
pub(crate) mod watch_folder;
