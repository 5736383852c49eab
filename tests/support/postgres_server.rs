//! A PostgreSQL server for tests: Debian's programs, a directory of its own, no network. It ends with
//! the process that started it, however that ends.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests use what they need of it, and a failed unwrap is a failed test"
)]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A running server.
pub struct PostgresServer {
    programs: PathBuf,
    directory: tempfile::TempDir,
    /// Where it listens, besides its socket.
    address: String,
    /// Ends the server when its standard input is closed.
    guard: Mutex<Child>,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Starts a server. `None` on a machine without PostgreSQL, unless `RBGV_REQUIRE_POSTGRES` is set.
    pub fn start() -> Option<Self> {
        Self::start_on("")
    }

    /// Starts a server that other machines reach at an address of this one, without a password.
    pub fn start_on(address: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("RBGV_REQUIRE_POSTGRES").is_none(), "no PostgreSQL found");
            return None;
        };
        let directory = tempfile::Builder::new().prefix("rbgv-pg").tempdir().unwrap();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let data = directory.path().join("data");
        let init = as_server_user(&programs.join("initdb"))
            .args(["--auth=trust", "--username=rbgv", "--no-sync", "--locale=C", "--encoding=UTF8"])
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
        if !address.is_empty() {
            let rules = data.join("pg_hba.conf");
            let mut rules = std::fs::OpenOptions::new().append(true).open(rules).unwrap();
            rules.write_all(b"host all all samenet trust\n").unwrap();
        }
        let server = Self {
            guard: Mutex::new(guard(&programs, directory.path(), address)),
            programs,
            directory,
            address: address.to_owned(),
            databases: AtomicU32::new(0),
        };
        server.wait_until_ready();
        Some(server)
    }

    /// The address of a new, empty database.
    pub fn new_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        self.address(&name)
    }

    pub fn address(&self, database: &str) -> String {
        let socket = self.directory.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://rbgv@{socket}/{database}")
    }

    /// Runs SQL, and returns its rows without headings.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let ran = Command::new(self.programs.join("psql"))
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", "rbgv", "-h"])
            .arg(self.directory.path())
            .args([database, "-c", sql])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{sql}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// Stops the server at once, as a crash of its machine would, and starts it again.
    pub fn crash_and_restart(&self) {
        self.crash();
        self.start_again();
    }

    /// Stops the server at once, as a crash of its machine would.
    pub fn crash(&self) {
        let data = self.directory.path().join("data");
        let stopped = as_server_user(&self.programs.join("pg_ctl"))
            .args(["stop", "-m", "immediate", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(stopped.status.success(), "{}", String::from_utf8_lossy(&stopped.stderr));
        let _ = self.guard().wait();
    }

    pub fn start_again(&self) {
        *self.guard() = guard(&self.programs, self.directory.path(), &self.address);
        self.wait_until_ready();
    }

    /// A standby, which receives what this server commits.
    pub fn start_standby(&self) -> Self {
        let directory = tempfile::Builder::new().prefix("rbgv-pg").tempdir().unwrap();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let copied = as_server_user(&self.programs.join("pg_basebackup"))
            .args(["-U", "rbgv", "-R", "-X", "stream", "-c", "fast", "-h"])
            .arg(self.directory.path())
            .arg("-D")
            .arg(directory.path().join("data"))
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let standby = Self {
            guard: Mutex::new(guard(&self.programs, directory.path(), "")),
            programs: self.programs.clone(),
            directory,
            address: String::new(),
            databases: AtomicU32::new(0),
        };
        standby.wait_until_ready();
        standby
    }

    /// From now on, this standby receives nothing more.
    pub fn stop_receiving(&self) {
        self.psql("postgres", "ALTER SYSTEM SET primary_conninfo = ''");
        self.psql("postgres", "SELECT pg_reload_conf()");
        while self.psql("postgres", "SELECT count(*) FROM pg_stat_wal_receiver") != "0" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Makes this standby the server.
    pub fn promote(&self) {
        assert_eq!(self.psql("postgres", "SELECT pg_promote()"), "t");
    }

    /// The address of a database on this server or, once it has taken over, on its standby.
    pub fn address_with(&self, standby: &Self, database: &str) -> String {
        let socket = |server: &Self| server.directory.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://rbgv@{},{}/{database}", socket(self), socket(standby))
    }

    /// The socket that the server listens on.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join(".s.PGSQL.5432")
    }

    /// Creates a user who has to log in with a password.
    pub fn create_user(&self, name: &str, password: &str) {
        let rules = self.directory.path().join("data/pg_hba.conf");
        let old = std::fs::read_to_string(&rules).unwrap();
        std::fs::write(&rules, format!("local all {name} scram-sha-256\n{old}")).unwrap();
        let create = format!("CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'");
        self.psql("postgres", &create);
        self.psql("postgres", "SELECT pg_reload_conf()");
        // The server reads its rules again in its own time.
        let logs_in_without = || {
            let psql = Command::new(self.programs.join("psql"))
                .args(["-X", "-w", "-U", name, "-c", "SELECT 1", "postgres", "-h"])
                .arg(self.directory.path())
                .output();
            psql.unwrap().status.success()
        };
        while logs_in_without() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// From now on, the server offers TLS, and nothing else to other machines. `certificate` and `key` are PEM.
    pub fn require_tls(&self, certificate: &str, key: &str) {
        let data = self.directory.path().join("data");
        let owner = std::fs::metadata(&data).unwrap();
        for (name, content) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let rules = "local all all trust\nhostssl all all samenet trust\n";
        std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
        self.psql("postgres", "ALTER SYSTEM SET ssl = on");
        self.psql("postgres", "SELECT pg_reload_conf()");
        // The server reads its settings again in its own time.
        while self.psql("postgres", "SHOW ssl") != "on" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn guard(&self) -> MutexGuard<'_, Child> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until_ready(&self) {
        for _ in 0..300 {
            let ready = Command::new(self.programs.join("pg_isready"))
                .args(["-q", "-h"])
                .arg(self.directory.path())
                .status();
            if ready.unwrap().success() {
                return;
            }
            let mut guard = self.guard();
            if guard.try_wait().unwrap().is_some() {
                let mut text = String::new();
                let _ = guard.stderr.take().unwrap().read_to_string(&mut text);
                panic!("the server ended: {text}");
            }
            drop(guard);
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("the server does not become ready");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let mut guard = self.guard();
        drop(guard.stdin.take());
        let _ = guard.wait();
    }
}

/// The server, below a shell that ends it and removes `directory` when this process ends.
fn guard(programs: &Path, directory: &Path, address: &str) -> Child {
    let script = "directory=$1; shift; exec 3<&0; \"$@\" </dev/null & server=$!; \
                  (cat; kill -QUIT $server && { \
                      while kill -0 $server; do sleep 0.1; done; rm -rf \"$directory\"; \
                  }) <&3 >/dev/null 2>&1 & wait $server";
    let server = as_server_user(&programs.join("postgres"));
    Command::new("sh")
        .args(["-c", script, "guard"])
        .arg(directory)
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(directory.join("data"))
        .arg("-k")
        .arg(directory)
        .args(["-c", &format!("listen_addresses={address}"), "-c", "max_connections=200"])
        .args(["-c", "log_min_messages=fatal"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// PostgreSQL refuses to run as root.
fn as_server_user(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

/// The folder of the newest server programs: Debian keeps them out of the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> =
        versions.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect();
    folders.retain(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
    folders.sort();
    folders.pop()
}
