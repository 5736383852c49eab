//! Which system calls are points at which a process can be killed, and which are not.

use std::path::Path;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::unistd::Pid;

/// The name of a system call that counts.
pub(crate) type Call = &'static str;

/// Calls by which something leaves the process or lasts beyond it.
const CALLS: &[(libc::c_long, Call)] = &[
    (libc::SYS_write, "write"),
    (libc::SYS_writev, "writev"),
    (libc::SYS_pwrite64, "pwrite64"),
    (libc::SYS_sendto, "sendto"),
    (libc::SYS_sendmsg, "sendmsg"),
    (libc::SYS_fsync, "fsync"),
    (libc::SYS_fdatasync, "fdatasync"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rename, "rename"),
    (libc::SYS_renameat, "renameat"),
    (libc::SYS_renameat2, "renameat2"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_link, "link"),
    (libc::SYS_linkat, "linkat"),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink"),
    (libc::SYS_unlinkat, "unlinkat"),
    (libc::SYS_ftruncate, "ftruncate"),
];

/// Where a shell's and a program's standard error is.
const STDERR: u64 = 2;

/// The system call that `thread`, stopped at the entry of one, is about to make, if it counts.
///
/// # Errors
/// `ESRCH` for a thread that was killed meanwhile.
pub(crate) fn entered(thread: Pid) -> Result<Option<Call>, Errno> {
    let (number, first) = number_and_first_argument(thread)?;
    let named = CALLS.iter().find(|(known, _)| u64::try_from(*known) == Ok(number));
    Ok(named.map(|(_, call)| *call).filter(|call| !is_inward(call, thread, first)))
}

/// Whether a call only wakes a thread of the same process, or only tells of progress.
fn is_inward(call: Call, thread: Pid, descriptor: u64) -> bool {
    if !matches!(call, "write" | "writev") {
        return false;
    }
    let link = Path::new("/proc").join(format!("{thread}/fd/{descriptor}"));
    let is_event =
        std::fs::read_link(link).is_ok_and(|target| target.to_string_lossy().contains("[eventfd]"));
    descriptor == STDERR || is_event
}

#[cfg(target_arch = "x86_64")]
fn number_and_first_argument(thread: Pid) -> Result<(u64, u64), Errno> {
    let registers = ptrace::getregs(thread)?;
    Ok((registers.orig_rax, registers.rdi))
}

#[cfg(target_arch = "aarch64")]
fn number_and_first_argument(thread: Pid) -> Result<(u64, u64), Errno> {
    let registers = ptrace::getregs(thread)?;
    Ok((registers.regs[8], registers.regs[0]))
}
