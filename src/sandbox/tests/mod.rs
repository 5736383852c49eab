//! The sandbox from outside, over real sockets, with a client of the tests' own.

mod documentation;
mod faults;
mod harness;
mod in_process;
mod jobs;
mod limits;
mod links;
mod safety;
mod state;
mod usage;
mod webhooks;
