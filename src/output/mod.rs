//! Everything that a person or a script reads: the only place that writes to a terminal.
//!
//! [`Style`] decides once how output looks. [`Printer`] owns both streams: results go to standard
//! output, everything else to standard error. [`Reporter`] takes the events of a run and tells
//! them as bars, lines or JSON. The rest is pure: [`words`] and [`human`] put things into words,
//! [`Table`], [`Chart`] and [`csv`] lay them out, [`json`] owns the keys that scripts rely on. What
//! happens to a job is not decided here.

mod bar;
mod board;
mod chart;
pub mod csv;
mod dialog;
mod fit;
pub mod github;
pub mod human;
pub mod json;
mod junit;
pub mod log;
mod meter;
mod printer;
mod repeats;
mod reporter;
mod screen;
pub mod smoke;
mod stream;
mod style;
mod table;
mod telling;
pub mod words;

pub use chart::Chart;
pub use junit::junit;
pub use printer::{Printer, RawStdout};
pub use reporter::Reporter;
pub use stream::{Capture, Sink, SizeSource, Streams};
pub use style::{ColorChoice, Facts, Flags, Paint, Style, Tone};
pub use table::{Cell, Table};
