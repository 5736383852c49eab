//! What we know of files without asking a service: their type by content, duration, size, alpha,
//! whether they are whole, their hash, and whether an archive is safe to open.
//!
//! Pure Rust and bounded memory: everything here may be given hostile bytes (a clip from a
//! stranger, an output from a server that lies) and must answer with a typed refusal, never with a
//! panic, a loop or an allocation that the bytes chose. Containers are read by small readers of
//! our own (`isobmff`, `ebml`, `riff`) rather than by demuxer crates: those do not say whether a file is
//! cut short, how long fragments last or whether a codec carries alpha, and one of them can be made to
//! loop for ever. Lengths are counted from the pictures; what a header says of the whole is not believed.
//!
//! Nothing here talks to the network, prints, or decides what happens next.

mod archive;
mod background;
mod container;
mod disk_space;
mod hash;
mod input;
mod memory_budget;
mod opacity;
mod output;
mod parse;

#[cfg(test)]
mod tests;

pub use self::archive::{
    ArchiveBounds, ArchiveError, ArchiveSummary, check_archive, extract_archive,
};
pub use self::background::{BackgroundError, BackgroundImage, inspect_picture};
pub use self::container::{Container, SNIFF_BYTES, sniff};
pub use self::disk_space::check_room;
pub use self::hash::{ContentHash, hash_file};
pub use self::input::{
    InputError, MAX_UPLOAD_BYTES, Video, inspect_input, is_video, video_seconds,
};
pub use self::opacity::{Opacity, read_opacity, remark_on_opacity};
pub use self::output::{
    ExpectedLength, OutputError, OutputSpec, VerifiedOutput, largest_output, verify_output,
};
pub use self::parse::track_preference;
