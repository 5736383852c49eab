//! `rbgv doctor`: diagnoses problems on this machine and suggests fixes. A check that fails does not
//! stop the others, above all if the configuration is invalid.

mod check;
mod config_checks;
#[cfg(feature = "matting")]
mod matting;
mod service_checks;
mod system_checks;

use crate::output::documents::local::DoctorDocument;

use self::check::{Check, CheckList, CheckState};
use crate::cli::args::global::Global;
use crate::cli::context::{AppContext, resolve, setting_line, settings_table, state_dir};
use crate::env::Env;
use crate::model::{ExitClass, Failure};
use crate::output::{Printer, formats::amounts};
use crate::settings::EffectiveValue;

/// Diagnose problems and suggest fixes
///
/// Checks configuration, key, service, clock, proxies, ledger, disk, sandbox and terminal. Changes
/// nothing and is free. Exits with 10 if it finds a problem.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Skip all checks that need the network
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(
    args: &Args,
    env: &Env,
    global: &Global,
    printer: &Printer,
) -> Result<ExitClass, Failure> {
    let resolved =
        resolve(env, global).map(|settings| AppContext::resolved(env, settings, printer, global));
    let mut checks = CheckList::new(printer);
    checks.push(version());
    let mut shown: &[EffectiveValue] = &[];
    let app = match &resolved {
        Ok(app) => {
            checks.extend(config_checks::configuration(app));
            shown = app.settings.show();
            Some(app)
        }
        Err(failure) => {
            checks.push(config_checks::broken(failure));
            None
        }
    };
    let key = app.and_then(|app| config_checks::key(app, &mut checks));
    if let Some(app) = app {
        config_checks::other_secrets(app, &mut checks);
    }
    match app {
        Some(_) if args.offline => {
            checks.push(Check::note("service", "not checked (--offline)"));
        }
        Some(app) => {
            checks.begin("service");
            service_checks::checks(app, key.clone(), &mut checks).await;
        }
        None => checks.push(Check::note(
            "service",
            "not checked: the configuration does not say which service to use",
        )),
    }
    checks.push(system_checks::proxies(env));
    let state_dir = state_dir(env, global);
    let ledger = match &app {
        Some(app) if app.settings.has_shared_ledger() => {
            config_checks::shared_ledger(app, &mut checks)
        }
        _ => config_checks::ledger(env, state_dir.as_deref(), &mut checks),
    };
    if let (Some(app), Some(ledger)) = (app, &ledger) {
        checks.extend(config_checks::stops(app, ledger, key.as_ref()).await);
        checks.extend(config_checks::webhooks(app, ledger).await);
    }
    checks.extend(system_checks::disk(env, state_dir.as_deref()));
    #[cfg(feature = "matting")]
    checks.begin("matting");
    #[cfg(feature = "matting")]
    checks.extend(matting::checks(env).await);
    checks.push(system_checks::terminal(env));
    let (checks, is_shown) = checks.ended();
    show(printer, &checks, is_shown, shown);
    let found = checks.iter().any(|check| check.state == CheckState::Finding);
    Ok(if found { ExitClass::Check } else { ExitClass::Done })
}

fn version() -> Check {
    let (system, processor) = crate::env::platform();
    Check::good("rbgv", format!("{} on {system}, {processor}", env!("CARGO_PKG_VERSION")))
}

fn findings(checks: &[Check]) -> impl Iterator<Item = &Check> {
    checks.iter().filter(|check| check.state == CheckState::Finding)
}

fn show(printer: &Printer, checks: &[Check], is_shown: bool, shown: &[EffectiveValue]) {
    let number = findings(checks).count();
    if printer.style().json {
        printer.document(&document(checks, shown));
    } else {
        if !is_shown {
            printer.table(&check::table(checks));
        }
        let values = settings_table(shown.iter().filter(|value| value.origin != "default"));
        if !values.is_empty() {
            printer.data("");
            printer.table(&values);
        }
        printer.data("");
        for check in findings(checks) {
            printer.prose(&format!(
                "to fix {}: {}",
                check.name,
                check.fix.as_deref().unwrap_or("-")
            ));
        }
        printer.data(&match number {
            0 => "No problems found".to_owned(),
            some => amounts::counted(some as u64, "problem found", "problems found"),
        });
    }
}

fn document<'a>(checks: &'a [Check], shown: &'a [EffectiveValue]) -> DoctorDocument<'a> {
    DoctorDocument {
        version: env!("CARGO_PKG_VERSION"),
        findings: findings(checks).count(),
        checks: checks.iter().map(Check::document).collect(),
        configuration: shown.iter().map(setting_line).collect(),
    }
}
