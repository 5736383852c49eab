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

pub(crate) mod duration_stats;
pub(crate) mod job_list;
pub(crate) mod list_poll;
pub(crate) mod list_schedule;
pub(crate) mod webhook_hints;

pub(crate) use self::duration_stats::{DurationStats, REMEMBERED};
pub(crate) use self::list_poll::{FollowedJob, ListPoller, poll_lists};
pub(crate) use self::webhook_hints::read_hints;
pub use self::webhook_hints::{WebhookResult, settle_by_webhook};
pub(crate) use super::job::orphans::OrphanPolls;
pub(crate) use super::job::wait::find_job;
pub use super::job::wait::{look, watch};
