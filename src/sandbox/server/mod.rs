//! Starts and stops a sandbox. `build` makes its state, which `listening` serves on sockets and
//! `in_process` without them, in virtual time.

mod build;
mod in_process;
mod listening;

pub use self::build::SandboxError;
pub use self::in_process::InProcess;
pub use self::listening::{Ready, Running, blocking_threads, serve, start_thread};
