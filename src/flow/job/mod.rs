//! One attempt, in the order of events:
//!
//! - `driver`: the loop: run the state machine, commit the state, execute the effect, observe
//! - `effects`, `calls`: the calls behind the effects, and what is recorded of them
//! - `upload`, `lost_create`: sending the input; finding the job of a create that got no answer
//! - `follow`: waiting for the end of the job
//! - `collect`: the output, downloaded, verified and published
//!
//! and outside of a run:
//!
//! - `orphans`: jobs in flight that no process follows
//! - `wait`: `rbgv status --wait`
//! - `webhook`: a webhook whose job no process follows
//! - `manual_review`: decisions of the user

pub(crate) mod calls;
pub(crate) mod collect;
pub(crate) mod driver;
pub(crate) mod effects;
pub(crate) mod follow;
pub(crate) mod lost_create;
pub(crate) mod manual_review;
pub(crate) mod orphans;
pub(crate) mod upload;
pub(crate) mod wait;
pub(crate) mod webhook;
