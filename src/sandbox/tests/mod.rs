//! The sandbox from outside, with a client of the tests' own: over real sockets, or in process.

mod connections;
mod faults;
mod harness;
mod in_process;
mod jobs;
mod limits;
mod links;
mod safety;
mod state;
mod variants;
mod webhooks;
