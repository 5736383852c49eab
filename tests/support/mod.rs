//! What end-to-end tests share: a home of their own, a sandbox of their own, and questions to it.
//!
//! Nothing here waits a fixed time for an event: it checks whether the event has happened.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
pub const RBGV: &str = env!("CARGO_BIN_EXE_rbgv");

/// The clip that the repository ships.
pub fn astronaut() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/assets/astronaut.mp4")
}

/// Looks again and again until `reached`, for a minute at most.
pub fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let began = Instant::now();
    while !reached() {
        assert!(began.elapsed() < Duration::from_mins(1), "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A home directory, with configuration, ledger and a directory to work in.
pub struct Home {
    root: TempDir,
}

impl Home {
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("rbgv test ").tempdir().unwrap();
        for name in ["config/rbgv", "state", "work", "tmp"] {
            std::fs::create_dir_all(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// A home whose profile talks to `sandbox`, with every wait made short.
    pub fn with(sandbox: &Sandbox) -> Self {
        let home = Self::new();
        home.configure(sandbox, "");
        home
    }

    /// Writes the configuration; `more` goes into the profile's timing.
    pub fn configure(&self, sandbox: &Sandbox, more: &str) {
        let config = format!(
            r#"default_profile = "test"

[profiles.test]
base_url = "{}"
api_key_env = "TEST_KEY"

[profiles.test.timing]
connect_timeout = "5s"
{}{}{}{}{}{}{}{}{}{}"#,
            sandbox.base_url,
            unless(more, "backoff_first", "backoff_first = \"20ms\"\n"),
            unless(more, "backoff_max", "backoff_max = \"200ms\"\n"),
            unless(more, "poll_first", "poll_first = \"20ms\"\n"),
            unless(more, "poll_max", "poll_max = \"100ms\"\n"),
            unless(more, "breaker_cooldown", "breaker_cooldown = \"300ms\"\n"),
            unless(more, "settle", "settle = \"400ms\"\n"),
            unless(more, "idle_timeout", "idle_timeout = \"10s\"\n"),
            unless(more, "retry_after_max", "retry_after_max = \"5s\"\n"),
            unless(more, "outage_max", "outage_max = \"5s\"\n"),
            more
        );
        std::fs::write(self.path("config/rbgv/config.toml"), config).unwrap();
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// A copy of the shipped clip in the working directory.
    pub fn clip(&self, name: &str) -> PathBuf {
        let to = self.work().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(astronaut(), &to).unwrap();
        to
    }

    /// Copies of the shipped clip that differ in content, so that each is an input of its own.
    pub fn clips(&self, number: usize) {
        for n in 0..number {
            self.variant(&format!("clip-{n:03}.mp4"), n);
        }
    }

    /// A clip with the content of the shipped one and a box behind it that makes it differ.
    pub fn variant(&self, name: &str, n: usize) -> PathBuf {
        let path = self.clip(name);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        let body = format!("variant {n:08}");
        let size = u32::try_from(body.len() + 8).unwrap();
        file.write_all(&size.to_be_bytes()).unwrap();
        file.write_all(b"free").unwrap();
        file.write_all(body.as_bytes()).unwrap();
        path
    }

    /// The program, with nothing of the environment but what a program needs.
    pub fn command(&self) -> Command {
        let mut command = Command::new(RBGV);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TMPDIR", self.path("tmp"))
            .env("RBGV_STATE_DIR", self.path("state"))
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// The program with the key of `sandbox`.
    pub fn keyed(&self, sandbox: &Sandbox) -> Command {
        let mut command = self.command();
        command.env("TEST_KEY", &sandbox.api_key);
        command
    }

    /// Runs to the end.
    pub fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Ran {
        Ran::of(self.keyed(sandbox).args(args))
    }

    /// Runs to the end without any sandbox.
    pub fn run_alone(&self, args: &[&str]) -> Ran {
        Ran::of(self.command().args(args))
    }

    /// The program with the key of `sandbox`, as a user who is bound by permissions: not the superuser.
    pub fn unprivileged(&self, sandbox: &Sandbox) -> Command {
        use std::os::unix::process::CommandExt as _;
        const NOBODY: u32 = 65_534;
        let mut command = self.keyed(sandbox);
        if rustix::process::geteuid().is_root() {
            give(self.root.path(), NOBODY);
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Names of all files in the working directory, sorted, below it.
    pub fn files(&self) -> Vec<String> {
        let mut all = Vec::new();
        collect(&self.work(), &self.work(), &mut all);
        all.sort();
        all
    }

    /// Files whose names say that they are not finished.
    pub fn parts(&self) -> Vec<String> {
        self.files().into_iter().filter(|name| name.ends_with(".rbgv-part")).collect()
    }
}

/// Gives a tree to another user.
fn give(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if std::fs::symlink_metadata(path).unwrap().is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

fn unless(more: &str, key: &str, line: &'static str) -> &'static str {
    if more.contains(key) { "" } else { line }
}

fn collect(root: &Path, directory: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, all);
        } else {
            all.push(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// What a run printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::read(&command.output().unwrap())
    }

    /// Runs with `input` on standard input.
    pub fn with_input(command: &mut Command, input: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Self::read(&child.wait_with_output().unwrap())
    }

    /// Waits for the end of a program that runs.
    pub fn of_child(child: Child) -> Self {
        Self::read(&child.wait_with_output().unwrap())
    }

    fn read(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts on the exit code, and shows everything if it is another.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "stderr lacks {text:?}\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    pub fn json(&self) -> Vec<Value> {
        self.lines()
            .iter()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }
}

/// A sandbox in a process of its own.
pub struct Sandbox {
    child: Child,
    pub base_url: String,
    pub cdn_url: String,
    pub api_key: String,
    pub admin_token: String,
    _tmp: TempDir,
}

impl Sandbox {
    /// Jobs take a tenth of a second.
    pub fn quick() -> Self {
        Self::start(&["--timer", "100ms", "--workers", "64"])
    }

    pub fn start(args: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), args)
    }

    /// One that keeps its files below the directory `place`.
    pub fn start_in(place: &Path, args: &[&str]) -> Self {
        let tmp = tempfile::tempdir_in(place).unwrap();
        let mut child = Command::new(RBGV)
            .args(["sandbox", "--json"])
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", tmp.path())
            .env("TMPDIR", tmp.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        let word =
            |key: &str| ready[key].as_str().unwrap_or_else(|| panic!("{key}: {ready}")).to_owned();
        Self {
            base_url: word("base_url"),
            cdn_url: word("cdn_url"),
            api_key: word("api_key"),
            admin_token: word("admin_token"),
            child,
            _tmp: tmp,
        }
    }

    /// A quick sandbox in which `scenario` (TOML) holds from the beginning.
    pub fn with(scenario: &str) -> Self {
        let sandbox = Self::quick();
        sandbox.scenario(scenario);
        sandbox
    }

    /// The process that answers.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Replaces what happens from now on.
    pub fn scenario(&self, toml: &str) {
        let (status, body) = self.http("POST", "/sandbox/scenario", toml);
        assert_eq!(status, 200, "{body}\n{toml}");
    }

    pub fn top_up(&self, credits: f64) {
        let body = format!("{{\"credits\": {credits}}}");
        let (status, answer) = self.http("POST", "/sandbox/credits", &body);
        assert_eq!(status, 200, "{answer}");
    }

    /// Another key of the same client.
    pub fn new_key(&self) -> String {
        let (status, body) = self.http("POST", "/v1/admin/keys", "{\"client_id\": \"default\"}");
        assert_eq!(status, 200, "{body}");
        let answer: Value = serde_json::from_str(&body).unwrap();
        answer["api_key"].as_str().unwrap().to_owned()
    }

    pub fn audit(&self) -> Audit {
        let (status, body) = self.http("GET", "/sandbox/audit", "");
        assert_eq!(status, 200, "{body}");
        Audit(serde_json::from_str(&body).unwrap())
    }

    /// One request with the admin token, by hand: this must not be the client under test.
    pub fn http(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let address = self.base_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             X-Admin-Token: {}\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}",
            self.admin_token, self.api_key
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        (status, if chunked { unchunk(body) } else { body.to_owned() })
    }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The secret that tests sign webhooks with.
pub const WEBHOOK_SECRET: &str = "planted-webhook-secret";

/// The signature that fits [`WEBHOOK_SECRET`].
pub fn signature(stamp: &str, body: &str) -> String {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(format!("{stamp}.{body}").as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// This moment as the service writes it, to the second.
pub fn this_moment() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A listener in a process of its own.
pub struct Listener {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    pub address: String,
}

impl Listener {
    /// Listens with the settings of `command`, which has to be a fresh one of a [`Home`].
    pub fn start(mut command: Command, args: &[&str]) -> Self {
        let mut child = command
            .env("RBGV_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .args(["--json", "listen", "--listen", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        assert_eq!(ready["event"], "listening");
        let address = ready["address"].as_str().unwrap().to_owned();
        Self { child, lines, address }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next line for which `wanted` holds. Tests are run under a time limit.
    pub fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the listener has ended");
            let value: Value = serde_json::from_str(&line).unwrap();
            if wanted(&value) {
                return value;
            }
        }
    }

    /// Posts bytes with headers, and returns the status.
    pub fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut head = format!(
            "POST /hook HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.address,
            body.len()
        );
        for (name, value) in headers {
            head = head + name + ": " + value + "\r\n";
        }
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        // A server that refuses early does not read on.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Posts a webhook that is signed as the service signs, and returns the status.
    pub fn post_signed(&self, id: &str, stamp: &str, body: &str) -> u16 {
        let signature = signature(stamp, body);
        let headers = [
            ("X-Webhook-Delivery-Id", id),
            ("X-Webhook-Timestamp", stamp),
            ("X-Webhook-Signature", &signature),
        ];
        self.post(&headers, body.as_bytes())
    }

    /// Ends it as a crash does: nothing is finished.
    pub fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does, and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a sandbox saw.
pub struct Audit(pub Value);

impl Audit {
    fn rows(&self) -> &Vec<Value> {
        self.0["requests"].as_array().unwrap()
    }

    /// Requests of this method whose path ends with `end`.
    pub fn requests(&self, method: &str, end: &str) -> usize {
        let fits = |row: &&Value| {
            row["method"] == method && row["path"].as_str().is_some_and(|path| path.ends_with(end))
        };
        self.rows().iter().filter(fits).count()
    }

    pub fn uploads(&self) -> usize {
        self.requests("POST", "/v1/uploads")
    }

    pub fn creates(&self) -> usize {
        self.requests("POST", "/v1/jobs")
    }

    pub fn starts(&self) -> usize {
        self.requests("POST", "/start")
    }

    /// Charges that were made.
    pub fn bills(&self) -> usize {
        self.0["charges"].as_array().unwrap().len()
    }

    /// Whether this job was charged.
    pub fn is_charged(&self, job: &str) -> bool {
        self.0["charges"].as_array().unwrap().iter().any(|charge| charge["job_id"] == job)
    }

    pub fn most_in_flight(&self) -> u64 {
        self.0["most_in_flight"]
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_u64)
            .max()
            .unwrap()
    }

    /// Requests that were answered with this status.
    pub fn answered(&self, status: u16) -> usize {
        self.rows().iter().filter(|row| row["status"] == status).count()
    }

    pub fn refusals(&self) -> usize {
        self.answered(429)
    }
}

/// A number that looks random, from a seed and an index.
pub fn mixed(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
