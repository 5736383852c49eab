//! Process environment: arguments, variables, terminal, clocks and random seed, read once.
//!
//! The only file that reads ambient state. All other code receives values, so that policies are
//! pure and tests are exact.
#![expect(clippy::disallowed_methods, reason = "this is the process edge")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use directories::ProjectDirs;
use rustix::fd::AsFd;
use rustix::time::ClockId;

use crate::model::{Clock, Failure, Instant, Random, Sanitizer, Timestamp};

/// Variables that select a proxy. Upper-case `HTTP_PROXY` is excluded: the client of a CGI program
/// can set it with a `Proxy` header.
pub const PROXY_VARS: [&str; 7] =
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// Inputs of the process, and its access to system services.
///
/// Not `Debug`, since variables may contain keys.
#[derive(Clone)]
pub struct Env {
    /// Command line, program name first.
    pub args: Vec<OsString>,
    /// Environment variables. Invalid Unicode is replaced, so that a use of the value fails
    /// visibly.
    pub vars: BTreeMap<String, String>,
    /// Base of relative paths.
    pub current_dir: PathBuf,
    /// Directories for files of this program; `None` if the user has no home directory.
    pub dirs: Option<Dirs>,
    pub terminal: Terminal,
    pub clock: Arc<dyn Clock>,
    /// Random numbers, seeded by the operating system.
    pub random: Arc<dyn Random>,
    pub pid: u32,
    /// Name of this machine, for people on others.
    pub host_name: String,
    /// Redacts the secrets loaded so far.
    pub sanitizer: Sanitizer,
}

/// Platform-specific directories; they may not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    pub config_dir: PathBuf,
    /// Directory of the ledger. The local data directory on platforms without a state directory.
    pub state_dir: PathBuf,
    /// Files that can be downloaded again.
    pub cache_dir: PathBuf,
}

/// Properties of the standard streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Terminal {
    /// Standard input is a terminal, so the user can be prompted.
    pub stdin: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal, so progress bars can be drawn.
    pub stderr: bool,
    /// Standard output and standard error are the same terminal, pipe or file.
    pub shared: bool,
    /// Initial columns and rows; [`terminal_size`] returns the current ones.
    pub size: Option<(u16, u16)>,
}

impl Env {
    /// # Errors
    /// The current directory does not exist, or the system has no random numbers.
    pub fn read() -> Result<Self, Failure> {
        let current_dir = std::env::current_dir()
            .map_err(|error| Failure::local("finding the current directory", &error))?;
        let readable = |text: OsString| text.to_string_lossy().into_owned();
        Ok(Self {
            args: std::env::args_os().collect(),
            vars: std::env::vars_os().map(|(k, v)| (readable(k), readable(v))).collect(),
            current_dir,
            dirs: Dirs::of_platform(),
            terminal: Terminal::read(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SystemRandom::new()?),
            pid: std::process::id(),
            host_name: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            sanitizer: Sanitizer::default(),
        })
    }

    /// Directory of downloaded models for the sandbox.
    #[must_use]
    pub fn models_dir(&self) -> Option<PathBuf> {
        self.dirs.as_ref().map(|dirs| dirs.cache_dir.join("models"))
    }

    /// Variables that most programs need to run. None of them contains a secret.
    #[must_use]
    pub fn program_vars(&self) -> BTreeMap<String, String> {
        self.vars_named(&["PATH", "LD_LIBRARY_PATH", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ"])
    }

    #[must_use]
    pub fn vars_named(&self, names: &[&str]) -> BTreeMap<String, String> {
        let found = |name: &&str| self.vars.get_key_value(*name);
        names.iter().filter_map(found).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The value of a variable, or `None` if it is unset or empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl Dirs {
    fn of_platform() -> Option<Self> {
        let project = ProjectDirs::from("", "", "rbgv")?;
        Some(Self {
            config_dir: project.config_dir().to_owned(),
            state_dir: project.state_dir().unwrap_or_else(|| project.data_local_dir()).to_owned(),
            cache_dir: project.cache_dir().to_owned(),
        })
    }
}

impl Terminal {
    fn read() -> Self {
        let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        let target = |stream: &dyn AsFd, is_terminal| {
            let stat = rustix::fs::fstat(stream.as_fd()).ok()?;
            // `/dev/tty` and the terminal behind it are two files of one device.
            Some(if is_terminal { (0, stat.st_rdev) } else { (stat.st_dev, stat.st_ino) })
        };
        let terminals = (stdout.is_terminal(), stderr.is_terminal());
        let targets = (target(&stdout, terminals.0), target(&stderr, terminals.1));
        Self {
            stdin: stdin.is_terminal(),
            stdout: stdout.is_terminal(),
            stderr: stderr.is_terminal(),
            shared: terminals.0 == terminals.1 && targets.0.is_some() && targets.0 == targets.1,
            size: terminal_size(),
        }
    }
}

/// Operating system and architecture of this build.
#[must_use]
pub fn platform() -> (&'static str, &'static str) {
    (std::env::consts::OS, std::env::consts::ARCH)
}

/// Current columns and rows of the terminal, by standard error or else standard output.
#[must_use]
pub fn terminal_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stdout()))
        .ok()?;
    // Terminals of unknown size, such as serial lines, report 0.
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// System clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    boot_id: String,
}

impl SystemClock {
    /// Without a boot ID from the system, all boots count as one, and only instants in the future
    /// reveal a reboot.
    #[must_use]
    pub fn new() -> Self {
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        match boot_id.trim() {
            "" => Self { boot_id: "unnamed".to_owned() },
            named => Self { boot_id: named.to_owned() },
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Includes the time spent in suspend, where the system has such a clock.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        let time = rustix::time::clock_gettime(BOOT_CLOCK);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let millis = u64::try_from(time.tv_nsec / 1_000_000).unwrap_or(0);
        Instant(seconds.saturating_mul(1_000).saturating_add(millis))
    }

    fn wall(&self) -> Timestamp {
        let (since, sign) = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => (since, 1),
            Err(before) => (before.duration(), -1),
        };
        Timestamp(sign * i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn boot_id(&self) -> String {
        self.boot_id.clone()
    }
}

/// Random numbers for jitter and identifiers; not cryptographically secure.
#[derive(Debug)]
pub struct SystemRandom(Mutex<fastrand::Rng>);

impl SystemRandom {
    /// Seeded by the operating system, so that processes started at the same time differ.
    pub fn new() -> Result<Self, Failure> {
        let seed =
            getrandom::u64().map_err(|error| Failure::local("getting a random seed", &error))?;
        Ok(Self(Mutex::new(fastrand::Rng::with_seed(seed))))
    }
}

impl Random for SystemRandom {
    fn unit(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    fn bits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_read() {
        let env = Env::read().unwrap();
        assert!(!env.args.is_empty());
        assert!(env.current_dir.is_absolute());
        assert!(env.var("no such variable").is_none());
        assert_eq!(env.pid, std::process::id());
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let mut env = Env::read().unwrap();
        env.vars.insert("A".into(), String::new());
        env.vars.insert("B".into(), "b".into());
        assert_eq!((env.var("A"), env.var("B")), (None, Some("b")));
    }

    #[test]
    fn clocks_run_forward_and_name_their_boot() {
        let clock = SystemClock::new();
        let first = clock.now();
        assert!(clock.now() >= first);
        // 2020, as a lower bound.
        assert!(clock.wall() > Timestamp(1_577_836_800_000));
        assert!(!clock.boot_id().is_empty());
        assert_eq!(clock.boot_id(), SystemClock::new().boot_id());
    }

    #[test]
    fn two_generators_differ() {
        let (one, two) = (SystemRandom::new().unwrap(), SystemRandom::new().unwrap());
        assert_ne!(one.bits(), two.bits());
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&one.unit())));
    }
}
