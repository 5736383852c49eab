//! A server with known limits, a home with a profile for it, and runs of the real program in it.
//!
//! What is measured is said in the vendor's time. A scale below 1 makes everything quicker alike:
//! service times, rates, bandwidths, and every wait of the profile. What cannot be scaled is how
//! long this machine takes for a request, so a small scale is the harder test.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::clips::{self, Clips};
use crate::seen::{Mark, Seen};
use crate::support::{Home, Sandbox};

/// How long jobs take, in seconds.
#[derive(Debug, Clone, Copy)]
pub enum Times {
    Even(f64, f64),
    /// Median and sigma; not to be foreseen.
    LogNormal(f64, f64),
}

/// What the server allows, in the vendor's time.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub times: Times,
    /// Jobs in flight.
    pub cap: u32,
    /// Creates and starts per second, and polls per second.
    pub control: f64,
    pub poll: f64,
    /// Calls at once from a full bucket.
    pub burst: f64,
    /// Bytes a second.
    pub upload: Option<f64>,
    pub output: Option<f64>,
    pub output_bytes: u64,
    /// What a start without an answer is given to land.
    pub settle: f64,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            times: Times::Even(5.0, 15.0),
            cap: 20,
            control: 10.0,
            poll: 20.0,
            burst: 10.0,
            upload: None,
            output: None,
            output_bytes: 0,
            settle: 15.0,
        }
    }
}

impl Service {
    fn timer(&self, scale: f64) -> String {
        match self.times {
            Times::Even(low, high) => {
                format!("{:.0}ms..{:.0}ms", low * scale * 1_000.0, high * scale * 1_000.0)
            }
            Times::LogNormal(median, sigma) => {
                format!("lognormal:{:.0}ms,{sigma}", median * scale * 1_000.0)
            }
        }
    }

    /// The scenario; `more` is put behind the limits, where a schedule belongs.
    fn scenario(&self, scale: f64, more: &str) -> String {
        let bucket =
            |rate: f64| format!("{{ rate = {:?}, burst = {:?} }}", rate / scale, self.burst);
        let line = |name: &str, rate: Option<f64>| {
            rate.map_or_else(String::new, |rate| format!("{name} = {:?}\n", rate / scale))
        };
        // A header in whole seconds cannot be scaled.
        let retry_after = if scale < 1.0 { "absent" } else { "seconds" };
        format!(
            "seed = 7\n[timer]\noutput_bytes = {}\n[bandwidth]\n{}{}[limits]\nin_flight = {}\n\
             control = {}\npoll = {}\ntransfer = {}\nretry_after = \"{retry_after}\"\n{more}",
            self.output_bytes,
            line("upload", self.upload),
            line("output", self.output),
            self.cap,
            bucket(self.control),
            bucket(self.poll),
            bucket(20.0),
        )
    }
}

/// Five of a hundred calls fail, half of them before their effect and half after it; half of each
/// by a lost connection and half by a gateway's answer.
pub const FAULTS: &str = r#"
[[fault]]
on = "* *"
probability = 0.0125
do = { reset = "before" }
[[fault]]
on = "* *"
probability = 0.0125
do = { reset = "after" }
[[fault]]
on = "* *"
probability = 0.0125
do = { answer = { status = 503, body = "html" } }
[[fault]]
on = "* *"
probability = 0.0125
do = { answer = { status = 502, body = "html", when = "after" } }
"#;

/// Where audits and messages are kept, when that is asked for.
static TRACES: OnceLock<PathBuf> = OnceLock::new();

/// Keeps what the server saw of each run, and what the program said.
pub fn keep_traces(directory: PathBuf) {
    TRACES.get_or_init(|| directory);
}

/// How a run of a program went.
#[derive(Debug, Clone)]
pub struct Ran {
    pub wall: f64,
    pub code: i32,
    /// Most memory in use, in bytes.
    pub peak: u64,
    /// Processor time of the program and of the server, in seconds.
    pub cpu: f64,
    pub server_cpu: f64,
    pub stderr: String,
}

/// Server and home.
pub struct World {
    pub sandbox: Sandbox,
    pub home: Home,
    pub service: Service,
    pub scale: f64,
    mark: Mark,
    series: u64,
}

impl World {
    pub fn new(service: Service, scale: f64) -> io::Result<Self> {
        let home = Home::new();
        let scenario = home.path("scenario.toml");
        std::fs::write(&scenario, service.scenario(scale, ""))?;
        let (timer, scenario) = (service.timer(scale), scenario.to_string_lossy());
        let words = ["--timer", &timer, "--workers", "400", "--credits", "1000000000"];
        let words = [&words[..], &["--scenario", &scenario]].concat();
        // The server's disk is not what is measured; where it can be, it is memory.
        let sandbox = match Path::new("/dev/shm") {
            memory if memory.is_dir() => Sandbox::start_in(memory, &words),
            _ => Sandbox::start(&words),
        };
        let world = Self { sandbox, home, service, scale, mark: Mark::default(), series: 0 };
        world.configure()?;
        Ok(world)
    }

    fn configure(&self) -> io::Result<()> {
        let (scale, service) = (self.scale, &self.service);
        let wait = |name: &str, seconds: f64| {
            let milliseconds = (seconds * scale * 1000.0).max(10.0);
            format!("{name} = \"{milliseconds:.0}ms\"\n")
        };
        let rate = |name: &str, most: f64| format!("{name}_rate_max = {:?}\n", most / scale);
        let text = [
            format!(
                "default_profile = \"bench\"\n[profiles.bench]\nbase_url = \"{}\"\n\
                 api_key_env = \"TEST_KEY\"\n[profiles.bench.limits]\nin_flight_max = {}\n",
                self.sandbox.base_url,
                (service.cap * 2).max(64),
            ),
            rate("submission", 50.0),
            rate("poll", 20.0),
            "[profiles.bench.timing]\n".to_owned(),
            wait("poll_first", 2.0),
            wait("poll_max", 10.0),
            wait("poll_floor", 0.25),
            wait("backoff_first", 1.0),
            wait("backoff_max", 16.0),
            wait("breaker_cooldown", 15.0),
            wait("settle", service.settle),
        ]
        .concat();
        std::fs::write(self.home.path("config/rbgv/config.toml"), text)
    }

    /// Lets the same limits hold, with faults or a schedule in `more`; its clock begins now.
    pub fn load(&self, more: &str) {
        self.sandbox.scenario(&self.service.scenario(self.scale, more));
    }

    /// Keeps what the program knows now, for [`Self::recall_knowledge`]. No program may run.
    pub fn keep_knowledge(&self) -> io::Result<()> {
        copy_tree(&self.home.path("state"), &self.home.path("kept"))
    }

    /// Lets the program know what it knew when that was kept, and nothing else.
    pub fn recall_knowledge(&self) -> io::Result<()> {
        let state = self.home.path("state");
        std::fs::remove_dir_all(&state)?;
        copy_tree(&self.home.path("kept"), &state)
    }

    /// A directory of new inputs; gives its name and its bytes.
    pub fn inputs(&mut self, number: usize, clips: Clips) -> io::Result<(String, u64)> {
        self.series += 1;
        let name = format!("in-{}", self.series);
        let directory = self.home.work().join(&name);
        clips::write(&directory, self.series, number, clips)?;
        let mut bytes = 0;
        for entry in std::fs::read_dir(&directory)? {
            bytes += entry?.metadata()?.len();
        }
        Ok((name, bytes))
    }

    /// The program with these words and the key.
    pub fn rbgv(&self, words: &[&str]) -> Command {
        let mut command = self.home.keyed(&self.sandbox);
        command.args(words);
        command
    }

    /// Another program, with the same surroundings.
    pub fn program(&self, name: &str, word: impl AsRef<OsStr>) -> Command {
        let ours = self.home.keyed(&self.sandbox);
        let mut command = Command::new(name);
        command.arg(word).env_clear().current_dir(self.home.work()).stdin(Stdio::null());
        command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Runs a batch over a directory of inputs, and gives what the server saw of it.
    pub fn batch(&mut self, inputs: &str, more: &[&str]) -> io::Result<(Ran, Seen)> {
        let out = format!("{}/", outputs_of(inputs));
        let mut words = vec!["run", inputs, "-o", &out, "--yes", "--no-progress"];
        words.extend(more);
        let command = self.rbgv(&words);
        self.measured(command)
    }

    /// Runs any program, and gives what the server saw of it.
    pub fn measured(&mut self, command: Command) -> io::Result<(Ran, Seen)> {
        self.skip();
        let mut mark = self.mark;
        let before = cpu_time(self.sandbox.pid());
        let mut ran = run(command, &self.home.path("tmp/stderr"))?;
        ran.server_cpu = cpu_time(self.sandbox.pid()) - before;
        let (seen, audit) = Seen::with_audit(self, &mut mark);
        self.mark = mark;
        if let Some(directory) = TRACES.get() {
            std::fs::create_dir_all(directory)?;
            let name = |end: &str| directory.join(format!("run-{}{end}", self.series));
            std::fs::write(name(".json"), audit)?;
            std::fs::write(name(".stderr"), &ran.stderr)?;
        }
        Ok((ran, seen))
    }

    /// Forgets what the server saw so far.
    pub fn skip(&mut self) {
        let mut mark = self.mark;
        Seen::since(self, &mut mark);
        self.mark = mark;
    }

    /// Outputs that are there under their final names.
    pub fn outputs(&self, inputs: &str) -> usize {
        std::fs::read_dir(self.home.work().join(outputs_of(inputs))).map_or(0, |entries| {
            let finished = |name: &Path| name.extension().is_some_and(|end| end == "webm");
            entries.flatten().filter(|entry| finished(&entry.path())).count()
        })
    }
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to)?;
        } else {
            std::fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// Where the outputs of a directory of inputs go.
pub fn outputs_of(inputs: &str) -> String {
    inputs.replace("in-", "out-")
}

/// Runs a program to its end, sampling its memory.
pub fn run(mut command: Command, stderr: &PathBuf) -> io::Result<Ran> {
    let began = now();
    let mut child = command.stdout(Stdio::null()).stderr(File::create(stderr)?).spawn()?;
    let (mut peak, mut cpu) = (0, 0.0_f64);
    let status = loop {
        peak = peak.max(peak_memory(child.id()));
        cpu = cpu.max(cpu_time(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = now().duration_since(began).as_secs_f64();
    let stderr = std::fs::read_to_string(stderr)?;
    Ok(Ran { wall, code: status.code().unwrap_or(-1), peak, cpu, server_cpu: 0.0, stderr })
}

/// Most memory that a process has had, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}

/// Processor time that a process has had, children aside, in seconds.
fn cpu_time(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th
    // field behind it, in hundredths of a second.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, with its own clock")]
pub fn now() -> Instant {
    Instant::now()
}
