//! One line of the result of `rbgv doctor`.

use crate::output::documents::local::DoctorCheck;

use crate::output::{Cell, Printer, Stages, Table, TextTone};

/// Columns of the longest name and state.
const NAME: usize = 14;
const STATE: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    Good,
    /// Information, not a problem.
    Note,
    /// A problem to fix.
    Finding,
}

impl CheckState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Finding => "finding",
        }
    }

    pub(crate) fn tone(self) -> TextTone {
        match self {
            Self::Good => TextTone::Good,
            Self::Note => TextTone::Plain,
            Self::Finding => TextTone::Bad,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) state: CheckState,
    pub(crate) says: String,
    pub(crate) fix: Option<String>,
}

/// The checks so far. On a terminal, each is shown as it ends.
pub(crate) struct CheckList {
    stages: Stages,
    running: &'static str,
    checks: Vec<Check>,
}

impl CheckList {
    pub(crate) fn new(printer: &Printer) -> Self {
        Self { stages: printer.stages(), running: "", checks: Vec::new() }
    }

    /// Shows what is being checked until the next result.
    pub(crate) fn begin(&mut self, what: &'static str) {
        self.running = what;
        self.stages.begin(what);
    }

    pub(crate) fn push(&mut self, check: Check) {
        self.stages.end(self.running, Some(&table([&check])));
        self.checks.push(check);
    }

    pub(crate) fn extend(&mut self, checks: impl IntoIterator<Item = Check>) {
        for check in checks {
            self.push(check);
        }
    }

    /// The checks, and whether they have been shown.
    pub(crate) fn ended(self) -> (Vec<Check>, bool) {
        (self.checks, self.stages.is_live())
    }
}

pub(crate) fn table<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Table {
    let mut table =
        Table::new(["check", "", "result"]).words([2]).at_least(0, NAME).at_least(1, STATE);
    for check in checks {
        table.row([
            Cell::from(check.name),
            Cell::toned(check.state.tone(), check.state.as_str()),
            check.says.clone().into(),
        ]);
    }
    table
}

impl Check {
    pub(crate) fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: CheckState::Good, says: says.into(), fix: None }
    }

    pub(crate) fn note(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: CheckState::Note, says: says.into(), fix: None }
    }

    pub(crate) fn finding(
        name: &'static str,
        says: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { name, state: CheckState::Finding, says: says.into(), fix: Some(fix.into()) }
    }

    pub(crate) fn document(&self) -> DoctorCheck<'_> {
        DoctorCheck {
            check: self.name,
            state: self.state.as_str(),
            says: &self.says,
            mend: self.fix.as_deref(),
        }
    }
}
