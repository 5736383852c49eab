//! Runs a program under ptrace, counts its calls, and kills it at the one that is asked for.
//!
//! Only how; what is run and what must hold afterwards is `trial`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::call::{Call, entered};

/// Holds the program back until the tracer is attached, without a line of code between fork and
/// exec: the shell makes no call that counts, and becomes the program.
const GATE: &str = "read -r open && exec \"$0\" \"$@\" </dev/null";

/// The n-th entry of a call, counted from one over all threads of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) call: Call,
    pub(crate) nth: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.call, self.nth)
    }
}

/// How a traced process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Exited(i32),
    /// By us at the point, as the kernel reports it.
    Killed,
    /// By a signal that is not ours.
    Died(Signal),
}

/// What was seen of a traced process.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) counts: BTreeMap<Call, usize>,
    pub(crate) ending: Ending,
}

/// Runs `command` and, if there is a `point`, kills it there, before the kernel carries the call
/// out. Standard streams of `command` are replaced by `stdout` and `stderr`.
pub(crate) fn traced(
    command: &Command,
    point: Option<Point>,
    stdout: impl Into<Stdio>,
    stderr: impl Into<Stdio>,
) -> Trace {
    let mut gated = Command::new("/bin/sh");
    gated.args(["-c", GATE]).arg(command.get_program()).args(command.get_args()).env_clear();
    gated.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    if let Some(directory) = command.get_current_dir() {
        gated.current_dir(directory);
    }
    gated.stdin(Stdio::piped()).stdout(stdout).stderr(stderr);
    // A thread of its own, since a tracer waits for all children of its thread.
    std::thread::scope(|scope| scope.spawn(|| Tracer::start(&mut gated, point).follow()).join())
        .expect("the tracer goes through")
}

struct Tracer {
    /// Reaped by [`Tracer::follow`], together with its threads.
    child: Child,
    point: Option<Point>,
    counts: BTreeMap<Call, usize>,
    has_killed: bool,
}

impl Tracer {
    fn start(gated: &mut Command, point: Option<Point>) -> Self {
        let mut child = gated.spawn().unwrap();
        let mut gate = child.stdin.take().unwrap();
        let leader = pid(&child);
        let options = Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(leader, options).unwrap();
        ptrace::interrupt(leader).unwrap();
        waitpid(leader, Some(WaitPidFlag::__WALL)).unwrap();
        ptrace::syscall(leader, None).unwrap();
        gate.write_all(b"\n").unwrap();
        Self { child, point, counts: BTreeMap::new(), has_killed: false }
    }

    fn follow(mut self) -> Trace {
        let leader = pid(&self.child);
        let any = Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD);
        loop {
            // A thread that was killed between two lines is gone; its end is reported by itself.
            match waitpid(None, any).unwrap() {
                WaitStatus::Exited(thread, code) if thread == leader => {
                    return Trace { counts: self.counts, ending: Ending::Exited(code) };
                }
                WaitStatus::Signaled(thread, signal, _) if thread == leader => {
                    let is_ours = self.has_killed && signal == Signal::SIGKILL;
                    let ending = if is_ours { Ending::Killed } else { Ending::Died(signal) };
                    return Trace { counts: self.counts, ending };
                }
                WaitStatus::PtraceSyscall(thread) => {
                    self.count(thread);
                    if !self.has_killed {
                        let _ = ptrace::syscall(thread, None);
                    }
                }
                WaitStatus::PtraceEvent(thread, _, _) => {
                    let _ = ptrace::syscall(thread, None);
                }
                WaitStatus::Stopped(thread, signal) => {
                    let _ = ptrace::syscall(thread, signal);
                }
                _ => {}
            }
        }
    }

    /// Counts the call at whose entry `thread` is stopped, and kills the process if it is the one.
    fn count(&mut self, thread: Pid) {
        let is_entry = ptrace::syscall_info(thread)
            .is_ok_and(|info| info.op == libc::PTRACE_SYSCALL_INFO_ENTRY);
        if self.has_killed || !is_entry {
            return;
        }
        let Ok(Some(call)) = entered(thread) else { return };
        let nth = self.counts.entry(call).or_default();
        *nth += 1;
        if self.point == Some(Point { call, nth: *nth }) {
            kill(pid(&self.child), Signal::SIGKILL).unwrap();
            self.has_killed = true;
        }
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}
