//! Everything that a person or a script reads: the only place that writes to a terminal.
//!
//! [`Style`] decides once how output looks. [`Printer`] owns both streams: results go to standard
//! output, everything else to standard error. [`Reporter`] takes the events of a run and tells
//! them as bars, lines or JSON. The rest is pure: [`words`] and [`human`] put things into words,
//! [`Table`], [`Chart`] and [`csv`] lay them out, [`json`] owns the keys that scripts rely on. What
//! happens to a job is not decided here.

pub mod events;
pub mod formats;
pub mod log;
mod printer;
pub(crate) mod progress;
mod prompt;
mod streams;
mod style;

pub use self::events::reporter::Reporter;
pub use self::formats::chart::Chart;
pub use self::formats::junit::junit;
pub use self::formats::table::{Cell, Table};
pub use self::printer::{Printer, RawStdout};
pub use self::streams::{Capture, OutputStream, SizeSource, Streams};
pub use self::style::{ColorChoice, OutputFlags, Painter, Style, TerminalInfo, TextTone};
