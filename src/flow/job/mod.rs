//! One attempt, in the order in which things happen:
//!
//! - `driver`: the loop: ask the state machine, commit the state, carry out the effect, observe
//! - `effects`: the calls behind the effects
//! - `upload`, `lost_create`, `start_evidence`: sending the input; finding the job of a create that got
//!   no answer; what other jobs tell of a start that got none
//! - `follow`: waiting for the end of the job
//! - `collect`, `part_file`: the output, downloaded, verified and published
//!
//! and beside a run:
//!
//! - `orphans`: jobs in flight that no process follows
//! - `wait`: `rbgv status --wait`
//! - `webhook`: a webhook whose job no process follows
//! - `manual_review`: decisions that a person makes

pub(crate) mod collect;
pub(crate) mod driver;
pub(crate) mod effects;
pub(crate) mod follow;
pub(crate) mod lost_create;
pub(crate) mod manual_review;
pub(crate) mod orphans;
pub(crate) mod part_file;
pub(crate) mod start_evidence;
pub(crate) mod upload;
pub(crate) mod wait;
pub(crate) mod webhook;
