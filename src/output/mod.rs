//! Output for people and scripts; the only module that writes to a terminal.
//!
//! Reading order: `style` (what output looks like, decided once), `streams`, `printer` (results to
//! standard output, everything else to standard error), `events` (the events of a run as lines, bars
//! or JSON), `progress` (bars), `stages` (checks as they end), `documents` (JSON of the commands),
//! `formats` (tables, charts, CSV, reports), `text_width`, `prompt` and `log`.

pub(crate) mod documents;
pub mod events;
pub mod formats;
pub mod log;
mod printer;
pub(crate) mod progress;
mod prompt;
mod stages;
mod streams;
mod style;
pub(crate) mod text_width;

pub use self::events::reporter::Reporter;
pub use self::formats::chart::Chart;
pub use self::formats::junit::junit;
pub use self::formats::table::{Cell, Table};
pub use self::printer::{Printer, RawStdout};
pub use self::stages::Stages;
pub use self::streams::{Capture, OutputStream, SizeSource, Streams};
pub use self::style::{ColorChoice, OutputFlags, Painter, Style, TerminalInfo, TextTone};
