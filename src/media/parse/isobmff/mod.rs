//! MP4 and `QuickTime` files: boxes in boxes (ISO/IEC 14496-12, and the `QuickTime` file format where it
//! differs). Only what a plan and a check need is read: length, size, alpha, completeness.
//!
//! The length is counted from the sample tables and the fragments; no length in a header is trusted. The
//! same tables show whether all samples are in the file. Media data is skipped.
//!
//! Reading order: `boxes`, `samples` (sample tables and runs), `track`, `movie`.

mod boxes;
mod movie;
mod samples;
mod track;

pub(crate) use self::movie::read;
