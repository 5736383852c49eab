//! `rbgv doctor`: what is wrong on this machine, and how to mend it. Every check says what it
//! found, also where others failed: above all where the configuration cannot be read.

mod machine;
#[cfg(feature = "matting")]
mod matting;
mod service;
mod setup;

use serde_json::{Value, json};

use super::global::Global;
use super::session::{Session, resolve};
use crate::env::Env;
use crate::model::{ExitClass, Failure};
use crate::output::{Cell, Printer, Table, Tone, human};
use crate::settings::Shown;

/// Find out what is wrong, and how to mend it
///
/// Looks at configuration, key, service, clock, proxies, ledger, disk, sandbox and terminal. Changes
/// nothing, costs nothing, and ends with 10 if there is something to mend.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ask nothing of the network
    #[arg(long)]
    offline: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// As it should be.
    Good,
    /// Worth knowing, and nothing to mend.
    Note,
    /// To be mended.
    Finding,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Finding => "finding",
        }
    }

    fn tone(self) -> Tone {
        match self {
            Self::Good => Tone::Good,
            Self::Note => Tone::Plain,
            Self::Finding => Tone::Bad,
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq)]
struct Check {
    name: &'static str,
    state: State,
    says: String,
    mend: Option<String>,
}

impl Check {
    fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: State::Good, says: says.into(), mend: None }
    }

    fn note(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: State::Note, says: says.into(), mend: None }
    }

    fn finding(name: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Finding, says: says.into(), mend: Some(mend.into()) }
    }

    fn json(&self) -> Value {
        json!({
            "check": self.name,
            "state": self.state.as_str(),
            "says": self.says,
            "mend": self.mend,
        })
    }
}

pub(super) async fn run(
    args: &Args,
    env: &Env,
    global: &Global,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    let resolved = resolve(env, global)
        .map(|settings| Session::resolved(env.clone(), settings, printer.clone(), global));
    let mut checks = vec![version()];
    let mut shown = Vec::new();
    let session = match &resolved {
        Ok(session) => {
            checks.extend(setup::configuration(session));
            shown = session.settings.show();
            Some(session)
        }
        Err(failure) => {
            checks.push(setup::broken(failure));
            None
        }
    };
    let key = session.map(|session| setup::key(session, &mut checks));
    if let Some(session) = session {
        setup::other_secrets(session, &mut checks);
    }
    match session {
        Some(_) if args.offline => {
            checks.push(Check::note("service", "not looked at, because of --offline"));
        }
        Some(session) => service::checks(session, key.clone().flatten(), &mut checks).await,
        None => checks.push(Check::note(
            "service",
            "not looked at: without a configuration it is not known which service is meant",
        )),
    }
    checks.push(machine::proxies(env));
    let state_dir = setup::state_dir(env, session);
    let ledger = setup::ledger(env, state_dir.as_deref(), &mut checks);
    if let (Some(session), Some(ledger)) = (session, &ledger) {
        checks.extend(setup::stops(session, ledger, key.as_ref().and_then(Option::as_ref)).await);
        checks.extend(setup::webhooks(session, ledger));
    }
    checks.extend(machine::disk(env, state_dir.as_deref()));
    #[cfg(feature = "matting")]
    checks.extend(matting::checks(env).await);
    checks.push(machine::terminal(env));
    show(printer, &checks, &shown);
    let found = checks.iter().any(|check| check.state == State::Finding);
    Ok(if found { ExitClass::Check } else { ExitClass::Done })
}

fn version() -> Check {
    let (system, processor) = crate::env::platform();
    Check::good("rbgv", format!("{} on {system}, {processor}", env!("CARGO_PKG_VERSION")))
}

fn findings(checks: &[Check]) -> impl Iterator<Item = &Check> {
    checks.iter().filter(|check| check.state == State::Finding)
}

fn show(printer: &Printer, checks: &[Check], shown: &[Shown]) {
    let number = findings(checks).count();
    if printer.style().json {
        printer.json(&document(checks, shown));
    } else {
        let mut table = Table::new(["check", "", "what was found"]);
        for check in checks {
            table.row([
                Cell::from(check.name),
                Cell::toned(check.state.tone(), check.state.as_str()),
                check.says.clone().into(),
            ]);
        }
        printer.table(&table);
        let mut values = Table::new(["setting", "value", "from"]);
        for value in shown.iter().filter(|value| value.origin != "default") {
            values.row([value.key.clone(), value.value.clone(), value.origin.clone()]);
        }
        if !values.is_empty() {
            printer.data("");
            printer.table(&values);
        }
        printer.data("");
        for check in findings(checks) {
            printer.data(&format!("{}: {}", check.name, check.says));
            printer.data(&format!("  mend: {}", check.mend.as_deref().unwrap_or("-")));
        }
        printer.data(&match number {
            0 => "nothing to mend".to_owned(),
            some => human::counted(some as u64, "thing to mend", "things to mend"),
        });
    }
}

fn document(checks: &[Check], shown: &[Shown]) -> Value {
    let value =
        |shown: &Shown| json!({"key": shown.key, "value": shown.value, "origin": shown.origin});
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "findings": findings(checks).count(),
        "checks": checks.iter().map(Check::json).collect::<Vec<_>>(),
        "configuration": shown.iter().map(value).collect::<Vec<_>>(),
    })
}
