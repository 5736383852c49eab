//! Detection of the end of started jobs. In reading order:
//!
//! - `poll_schedule`: the time of the next poll. Pure
//! - `list_schedule`: the followed jobs, what pages of the key's list have shown of them, and what
//!   to do next for each. Pure
//! - `list_poll`: one list poll serves all followed jobs
//! - `job_list`: reading the key's list page by page
//! - `webhook_hints`: a webhook that reports an end brings the next poll forward
//! - `find_job`: one poll of a job, with the key that created it
//! - `duration_stats`: how long similar jobs took. Pure

pub(crate) mod duration_stats;
pub(crate) mod find_job;
pub(crate) mod job_list;
pub(crate) mod list_poll;
pub(crate) mod list_schedule;
pub(crate) mod poll_schedule;
pub(crate) mod webhook_hints;

pub(crate) use self::duration_stats::{DurationStats, REMEMBERED};
pub use self::find_job::poll_job;
pub(crate) use self::list_poll::{FollowedJob, ListPoller, poll_lists};
pub(crate) use self::webhook_hints::read_hints;
