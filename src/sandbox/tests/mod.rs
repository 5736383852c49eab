//! The sandbox from outside, with a client of the tests' own: over real sockets, or in process.

mod connections;
mod documentation;
mod faults;
mod harness;
mod in_process;
mod jobs;
mod limits;
mod links;
mod refusals;
mod safety;
mod state;
mod usage;
mod variants;
mod webhooks;
