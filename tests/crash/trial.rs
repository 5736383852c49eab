//! One batch in a home of its own at a sandbox of its own, and what must hold of it after a crash.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Command, Stdio};

use crate::support::{Home, Ran, Sandbox};
use crate::tracer::{Point, Trace, traced};

/// Outputs of an undisturbed run, by name.
pub(crate) type Outputs = BTreeMap<String, Vec<u8>>;

/// Where outputs go, below the working directory.
const DONE: &str = "done/";

pub(crate) struct Trial {
    inputs: usize,
    sandbox: Sandbox,
    home: Home,
}

impl Trial {
    /// A batch of `inputs` clips whose jobs take `time` each.
    pub(crate) fn new(inputs: usize, time: &str) -> Self {
        let sandbox = Sandbox::start(&["--timer", time, "--workers", "64"]);
        let home = Home::with(&sandbox);
        for n in 0..inputs {
            home.variant(&format!("clips/clip-{n:03}.mp4"), n);
        }
        Self { inputs, sandbox, home }
    }

    /// The command, always the same.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.home.keyed(&self.sandbox);
        // A run that hangs is a failure, not a wait without end.
        command
            .args(["run", "clips", "-o", DONE, "--timeout", "60s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs under the tracer, up to `point` if there is one.
    ///
    /// Standard output is a file, so that nobody who reads it late can hold a write up.
    pub(crate) fn trace(&self, point: Option<Point>) -> Trace {
        let file = |name: &str| File::create(self.home.path("tmp").join(name)).unwrap();
        traced(&self.command(), point, file("stdout"), file("stderr"))
    }

    /// The files with final names.
    pub(crate) fn outputs(&self) -> Outputs {
        let is_final = |name: &String| name.starts_with(DONE) && !is_part(name);
        let read = |name: String| {
            let bytes = std::fs::read(self.home.work().join(&name)).unwrap();
            (name, bytes)
        };
        self.home.files().into_iter().filter(is_final).map(read).collect()
    }

    /// How far the batch has come, as the server and the directory show it: the ledger is not
    /// opened, since that would repair it.
    pub(crate) fn phase(&self) -> &'static str {
        let audit = self.sandbox.audit();
        let outputs = self.outputs().len();
        if outputs == self.inputs {
            "all outputs in place"
        } else if outputs > 0 {
            "some outputs in place"
        } else if audit.bills() == self.inputs {
            "all jobs billed"
        } else if audit.bills() > 0 {
            "some jobs billed"
        } else if audit.creates() > 0 {
            "jobs created"
        } else if audit.uploads() > 0 {
            "uploads begun"
        } else {
            "nothing uploaded"
        }
    }

    /// What must hold at any moment: only whole outputs have final names.
    pub(crate) fn check_names(&self, expected: &Outputs) -> Result<(), String> {
        for (name, bytes) in self.outputs() {
            let whole = expected.get(&name).ok_or_else(|| format!("{name}: not an output"))?;
            ensure(*whole == bytes, || {
                format!("{name}: {} bytes instead of the {} expected", bytes.len(), whole.len())
            })?;
        }
        Ok(())
    }

    /// Runs to the end, without a tracer.
    pub(crate) fn run(&self) -> Result<(), String> {
        let ran = Ran::of(self.command().stdout(Stdio::piped()).stderr(Stdio::piped()));
        ensure(ran.code == 0, || format!("the run ended with {}:\n{}", ran.code, ran.stderr))
    }

    /// Runs to the end, and checks what must hold then; answers how many jobs a person decided about.
    ///
    /// Where a start was lost in the crash and the state does not tell, the run leaves the job and says
    /// how to decide. The charges of the sandbox are what the vendor's dashboard would show.
    pub(crate) fn finish(&self, expected: &Outputs) -> Result<usize, String> {
        let mut decided = 0;
        loop {
            let ran = Ran::of(self.command().stdout(Stdio::piped()).stderr(Stdio::piped()));
            if ran.code == 0 {
                self.check_end(expected)?;
                return Ok(decided);
            }
            let ended = || format!("the run ended with {}:\n{}", ran.code, ran.stderr);
            let job = undecided(&ran.stderr).filter(|_| decided < self.inputs).ok_or_else(ended)?;
            let is_charged = self.sandbox.audit().is_charged(job);
            let decision = if is_charged { "--accept" } else { "--abandon" };
            let message = format!("rbgv resume {decision} --job {job}");
            ensure(ran.stderr.contains(&message), || {
                format!("not told {message}:\n{}", ran.stderr)
            })?;
            let resumed = self.home.run(&self.sandbox, &["resume", decision, "--job", job]);
            let shown = || format!("{message}: {}:\n{}", resumed.code, resumed.stderr);
            ensure(resumed.code == i32::from(!is_charged), shown)?;
            if !is_charged {
                let again = resumed.stderr.split_once("rbgv run --again ").ok_or_else(shown)?.1;
                let input = again.split("  #").next().unwrap_or_default().trim_matches('\'');
                let anew = self.home.run(&self.sandbox, &["run", "--again", input, "-o", DONE]);
                ensure(anew.code == 0, || format!("--again {input}:\n{}", anew.stderr))?;
            }
            decided += 1;
        }
    }

    /// What must hold at the end.
    pub(crate) fn check_end(&self, expected: &Outputs) -> Result<(), String> {
        self.check_names(expected)?;
        let (found, wanted) = (self.outputs().len(), expected.len());
        ensure(found == wanted, || format!("{found} outputs instead of {wanted}"))?;
        let parts = self.home.parts();
        ensure(parts.is_empty(), || format!("left behind: {parts:?}"))?;
        let bills = self.sandbox.audit().bills();
        ensure(bills == self.inputs, || format!("{bills} bills for {} inputs", self.inputs))?;
        self.check_ledger()
    }

    fn check_ledger(&self) -> Result<(), String> {
        let db = rusqlite::Connection::open(self.home.path("state/ledger.sqlite3")).unwrap();
        let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        ensure(verdict == "ok", || format!("ledger: {verdict}"))?;
        // An abandoned attempt is a failed one.
        let (completed, others): (usize, usize) = db
            .query_row(
                "SELECT count(*) FILTER (WHERE status = 'completed'),
                        count(*) FILTER (WHERE status NOT IN ('completed', 'failed')) FROM attempts",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        ensure((completed, others) == (self.inputs, 0), || {
            format!("{completed} attempts completed and {others} open for {} inputs", self.inputs)
        })?;
        let open: usize = db
            .query_row(
                "SELECT count(*) FROM batch_inputs WHERE batch = (SELECT max(id) FROM batches)
                     AND state NOT IN ('done', 'skipped')",
                [],
                |row| row.get(0),
            )
            .unwrap();
        ensure(open == 0, || format!("{open} items of the last batch are not done"))
    }
}

/// The job that a run leaves to a person.
fn undecided(stderr: &str) -> Option<&str> {
    let (_, after) = stderr.split_once("rbgv resume --accept --job ")?;
    after.split([';', '\n', ' ']).next()
}

fn is_part(name: &str) -> bool {
    name.ends_with(".rbgv-part")
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
