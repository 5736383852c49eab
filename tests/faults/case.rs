//! One case: a sandbox with a scenario, a home, and what must hold at the end.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Audit, Home, Ran, Sandbox};

pub(crate) struct Case {
    pub(crate) sandbox: Sandbox,
    pub(crate) home: Home,
    printed: String,
    scripted: bool,
    /// Bills that one attempt may have; more only where a row says so.
    pub(crate) bills_per_attempt: usize,
}

impl Case {
    pub(crate) fn new(scenario: &str) -> Self {
        Self::scripted(scenario, Self::of(Sandbox::with(scenario), ""))
    }

    /// A case whose profile has other waits.
    pub(crate) fn timed(scenario: &str, timing: &str) -> Self {
        Self::scripted(scenario, Self::of(Sandbox::with(scenario), timing))
    }

    pub(crate) fn of(sandbox: Sandbox, timing: &str) -> Self {
        let home = Home::new();
        home.configure(&sandbox, timing);
        Self { sandbox, home, printed: String::new(), scripted: false, bills_per_attempt: 1 }
    }

    /// A case in which drafts of the key are known to be honoured already.
    pub(crate) fn warm(scenario: &str) -> Self {
        let mut case = Self::new("");
        case.home.variant("warm.mp4", 999_999);
        case.run(&["run", "warm.mp4"]).ends_with(0);
        std::fs::remove_file(case.home.work().join("warm.mp4")).unwrap();
        std::fs::remove_file(case.home.work().join("warm-nobg.webm")).unwrap();
        case.sandbox.scenario(scenario);
        Self::scripted(scenario, case)
    }

    fn scripted(scenario: &str, mut case: Self) -> Self {
        case.scripted = scenario.contains("[[fault]]");
        case
    }

    /// Replaces what happens from now on by what must happen.
    pub(crate) fn then(&mut self, scenario: &str) {
        self.sandbox.scenario(scenario);
        self.scripted |= scenario.contains("[[fault]]");
    }

    pub(crate) fn run(&mut self, args: &[&str]) -> Ran {
        let ran = self.home.run(&self.sandbox, args);
        self.printed += &ran.stdout;
        self.printed += &ran.stderr;
        ran
    }

    pub(crate) fn audit(&self) -> Audit {
        self.sandbox.audit()
    }

    /// A scripted fault that no call has met would prove nothing.
    fn faults_were_met(&self) {
        if !self.scripted {
            return;
        }
        let audit = self.audit();
        let met = |row: &serde_json::Value| row["faults"].as_array().is_some_and(|f| !f.is_empty());
        assert!(audit.0["requests"].as_array().unwrap().iter().any(met), "no call met the fault");
    }

    fn ledger_is_intact(&self) {
        let path = self.home.path("state/ledger.sqlite3");
        if !path.exists() {
            return;
        }
        let db = rusqlite::Connection::open(path).unwrap();
        let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok");
        let lost: i64 = db
            .query_row(
                "SELECT count(*) FROM batch_inputs WHERE state NOT IN
                     ('open', 'paused', 'left', 'done', 'skipped', 'failed', 'rejected')",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(lost, 0);
    }

    fn no_secret_was_printed(&self) {
        for secret in [self.sandbox.api_key.as_str(), "sig=", "signature="] {
            assert!(!self.printed.contains(secret), "{secret} in {}", self.printed);
        }
    }

    fn bills_are_bounded(&self) {
        let audit = self.audit();
        let mut bills: BTreeMap<String, usize> = BTreeMap::new();
        for charge in audit.0["charges"].as_array().unwrap() {
            *bills.entry(charge["job_id"].as_str().unwrap_or_default().to_owned()).or_default() +=
                1;
        }
        let most = bills.values().max().copied().unwrap_or(0);
        assert!(most <= self.bills_per_attempt, "{most} bills for one job: {bills:?}");
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.faults_were_met();
        self.ledger_is_intact();
        self.no_secret_was_printed();
        self.bills_are_bounded();
        for name in self.home.files() {
            let path = self.home.work().join(&name);
            if name.ends_with("-nobg.webm") {
                whole(&path);
            }
        }
    }
}

/// A final name belongs to a whole file only: here, to what ends where its own header says.
fn whole(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x1a\x45\xdf\xa3") || bytes == b"precious", "{}", path.display());
}
