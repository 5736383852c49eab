//! The page about a batch: one HTML file that needs no network and no other file but the clips that
//! it links to.
//!
//! Reading order:
//!
//! - `data`: the content of a page as a value
//! - `gather`: from the ledger's record of a batch to that value
//! - `media_links`: the clips of the page: links to files, posters, embedded clips
//! - `charts`: timeline and histogram as SVG
//! - `page`: the HTML; `page.css` and `page.js` are part of it

mod charts;
mod data;
mod gather;
mod media_links;
mod page;

pub use self::data::{
    BatchFacts, Clip, ClipKind, Cost, Histogram, PhaseTimes, Report, ReportRow, RowState, Side,
    Timeline,
};
pub use self::gather::gather;
pub use self::media_links::{EmbedResult, MediaLinks};
pub use self::page::{PAGE_HEAD, is_page, render};
