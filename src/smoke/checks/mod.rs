//! The checks, each a stage of the smoke test. `free` cost nothing and change nothing; `billed` run the
//! built-in clip and the team's own through the flow; `negative` have to be rejected, and must not be
//! billed; `burst` sends many calls at once.

pub(crate) mod billed;
pub(crate) mod burst;
pub(crate) mod free;
pub(crate) mod negative;
