//! Learning of the end of started jobs. Read in this order:
//!
//! - `list_state`: the jobs that are followed, what pages of the key's list have shown of them, and
//!   what to do next for each. Pure
//! - `list_poll`: one list poll serves all followed jobs; whoever follows a job waits here
//! - `follow`: one attempt of a run, to its end
//! - `watch`: jobs that `rbgv status --wait` only shows
//! - `webhook_hints`: a webhook that says that a job has ended brings its next poll forward
//! - `duration_stats`: how long like jobs took. Pure
//! - `strays`: jobs in flight that no process follows

mod duration_stats;
mod follow;
mod list_poll;
mod list_state;
mod strays;
mod watch;
mod webhook_hints;

pub(super) use self::duration_stats::{DurationStats, REMEMBERED};
pub(super) use self::list_poll::{Followed, ListPoll, poll_lists};
pub(super) use self::strays::StrayRound;
pub(super) use self::watch::find_job;
pub use self::watch::{look, watch};
pub(super) use self::webhook_hints::read_hints;
pub use self::webhook_hints::{Settling, settle_by_webhook};
