//! Inputs before they are read. In reading order: `input_spec` (an input as the user names it),
//! `input_list`, `file_selection` (which files of a directory are inputs), `discover`, `skipped_files`,
//! `watch_folder`.

pub(crate) mod discover;
pub(crate) mod file_selection;
pub(crate) mod input_list;
pub(crate) mod input_spec;
pub(crate) mod skipped_files;
pub(crate) mod watch_folder;

pub use self::discover::DiscoveredInput;
pub(crate) use self::discover::{DirectoryItem, InspectedObject, ScannedDirectory, Take};
pub use self::file_selection::FileSelection;
pub(crate) use self::file_selection::{FileChoice, VIDEO_ENDINGS, has_video_ending};
pub use self::input_list::InputList;
pub use self::input_spec::InputSpec;
pub(crate) use self::skipped_files::SkippedFiles;
