//! Checks of configuration, key and ledger.

use std::path::Path;

use rustix::fs::Access;

use super::check::{Check, CheckList};
use crate::cli::context::AppContext;
use crate::cli::context::open_ledger::{connect_ledger, shared_address};
use crate::client::NextCall;
use crate::env::Env;
use crate::ledger::{AsyncLedger, AttemptStatus, Ledger, LedgerError, Remedy};
use crate::model::{ApiKey, Failure, FailureKind};
use crate::output::{events::messages, formats::amounts};

/// Valid settings.
pub(crate) fn configuration(app: &AppContext) -> Vec<Check> {
    let settings = &app.settings;
    let files: Vec<String> = settings.files.iter().map(|path| path.display().to_string()).collect();
    let read = if files.is_empty() {
        match &settings.user_file {
            Some(path) => format!("defaults; no file at {}", path.display()),
            None => "defaults; no file".to_owned(),
        }
    } else {
        files.join(", ")
    };
    let profile = &settings.profile;
    let mut checks = vec![
        Check::good("configuration", read),
        Check::good(
            "profile",
            format!("{} ({}), {}", profile.name, profile.environment, profile.base_url),
        ),
    ];
    checks.extend(
        settings.warnings.iter().map(|warning| {
            Check::finding("configuration", warning.clone(), "see rbgv config show")
        }),
    );
    checks
}

/// Invalid settings.
pub(crate) fn broken(failure: &Failure) -> Check {
    let fix = failure
        .next
        .clone()
        .unwrap_or_else(|| "correct the file; config.example.toml lists every setting".to_owned());
    Check::finding("configuration", messages::failure(failure), fix)
}

/// The key: its source and age.
pub(crate) fn key(app: &AppContext, checks: &mut CheckList) -> Option<ApiKey> {
    let profile = &app.settings.profile;
    let resolved = match app.settings.api_key() {
        Ok(resolved) => resolved,
        Err(failure) => {
            let fix = format!(
                "set RBGV_API_KEY or a key source in [profiles.{}], or store a key: rbgv init",
                profile.name
            );
            checks.push(Check::finding("key", messages::failure(&failure), fix));
            return None;
        }
    };
    // Responses may contain the key, even to requests without it.
    app.env.sanitizer.add(resolved.key.expose());
    checks.push(Check::good(
        "key",
        format!("fingerprint {}, from {}", resolved.key.fingerprint(), resolved.source),
    ));
    checks.extend(
        resolved
            .warnings
            .iter()
            .map(|warning| Check::finding("key", warning.clone(), "chmod 600 the file")),
    );
    if let Some(warning) = profile.key_age_warning(app.env.clock.wall()) {
        checks.push(Check::finding(
            "key age",
            warning,
            "rbgv profile rotate, then set key_created in the profile to the date of the new key",
        ));
    }
    Some(resolved.key)
}

/// The profile's other secrets, if set. A next key that cannot be read stops every run.
pub(crate) fn other_secrets(app: &AppContext, checks: &mut CheckList) {
    let settings = &app.settings;
    let row = format!("profiles.{}.webhook_secret", settings.profile.name);
    let signed = settings.show().iter().any(|shown| shown.key == row);
    let webhooks = signed.then(|| settings.webhook_secret(None).map(|resolved| resolved.key));
    let secrets = [
        ("next key", settings.next_key().map(|next| next.map(|resolved| resolved.key))),
        ("admin token", settings.admin_token()),
        ("webhook secret", webhooks.transpose()),
    ];
    for (name, secret) in secrets {
        match secret {
            Ok(None) => {}
            Ok(Some(secret)) => {
                checks.push(Check::good(name, format!("fingerprint {}", secret.fingerprint())));
                app.env.sanitizer.add(secret.expose());
            }
            Err(failure) => checks.push(Check::finding(
                name,
                messages::failure(&failure),
                "correct its source or remove it from the profile; see rbgv config show",
            )),
        }
    }
}

/// The webhook listener and unfinished deliveries.
pub(crate) async fn webhooks(app: &AppContext, ledger: &AsyncLedger) -> Option<Check> {
    let origin = app.settings.profile.base_url.origin().ascii_serialization();
    let listener = ledger.listener_address(&origin).await.ok()?;
    let left = ledger.count_unhandled_deliveries(&origin).await.ok()?;
    let left = (left > 0).then(|| amounts::counted(left, "delivery was", "deliveries were"));
    match (listener, left) {
        (Some(address), _) => Some(Check::good("webhooks", format!("received at {address}"))),
        (None, Some(left)) => Some(Check::finding(
            "webhooks",
            format!("{left} acknowledged but not fully handled"),
            "rbgv resume updates their jobs; to forward them, post them again from the --keep file \
             (docs/production.md)",
        )),
        (None, None) => None,
    }
}

/// The ledger, if it exists: a check must not create it.
pub(crate) fn ledger(
    env: &Env,
    state_dir: Option<&Path>,
    checks: &mut CheckList,
) -> Option<AsyncLedger> {
    let directory = state_dir?;
    let file = Ledger::database_path(directory);
    let Ok(facts) = file.metadata() else {
        checks.push(absent(&file, directory));
        return None;
    };
    let opened = Ledger::open(directory, env.clock.clone())
        .and_then(|ledger| Ok((ledger.check_integrity()?, ledger.count_by_status()?, ledger)));
    match opened {
        Ok((integrity, tally, ledger)) if integrity == "ok" => {
            checks.extend(ledger.repairs().iter().map(|repair| Check::note("ledger", repair)));
            let name = format!("{}, {}, intact", file.display(), amounts::bytes(facts.len()));
            checks.extend(contents(&name, &tally));
            Some(AsyncLedger::new(ledger))
        }
        Ok((integrity, ..)) => {
            checks.push(damaged(&file, &integrity));
            None
        }
        Err(error) => {
            checks.push(unusable(&file, directory, error));
            None
        }
    }
}

/// The shared ledger of the settings, if it can be used.
pub(crate) fn shared_ledger(app: &AppContext, checks: &mut CheckList) -> Option<AsyncLedger> {
    let opened = shared_address(&app.settings, &app.env).and_then(|address| {
        let Some(address) = address else { return Ok(None) };
        let ledger = connect_ledger(&address, false, &app.settings, &app.env)?;
        Ok(Some((address, ledger.count_by_status()?, ledger)))
    });
    match opened {
        Ok(Some((address, tally, ledger))) => {
            checks.extend(contents(&address.to_string(), &tally));
            Some(AsyncLedger::new(ledger))
        }
        Ok(None) => None,
        Err(failure) if failure.kind == FailureKind::NotFound => {
            let says = format!("{}: empty; the first run creates its tables", failure.what);
            checks.push(Check::note("ledger", says));
            None
        }
        Err(failure) => {
            let fix = failure.next.clone().unwrap_or_else(|| "rbgv config show".to_owned());
            let says = format!("{}: {}", failure.what, failure.why);
            checks.push(Check::finding("ledger", says, fix));
            None
        }
    }
}

/// A ledger that does not exist yet, and whether it can be created.
fn absent(file: &Path, directory: &Path) -> Check {
    let there = directory.ancestors().find(|path| path.symlink_metadata().is_ok());
    let there = there.unwrap_or(directory);
    let (file, shown) = (file.display(), there.display());
    let why = if !there.is_dir() {
        format!("{shown} is not a directory")
    } else if rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        format!("no permission to write to {shown}")
    } else {
        return Check::note("ledger", format!("none yet (will be {file})"));
    };
    Check::finding("ledger", format!("cannot create {file}: {why}"), directory_fix(directory))
}

/// A ledger that cannot be opened. Only damaged content has to be replaced.
fn unusable(file: &Path, directory: &Path, error: LedgerError) -> Check {
    let says = match &error {
        LedgerError::File { .. } => error.to_string(),
        _ => format!("{}: {error}", file.display()),
    };
    let fix = match error.remedy() {
        Remedy::Content => return damaged(file, &error.to_string()),
        Remedy::Directory => directory_fix(directory),
        Remedy::Wait => "another process is using it; try again".to_owned(),
        Remedy::FollowHint => Failure::from(error).next.unwrap_or_else(|| directory_fix(directory)),
    };
    Check::finding("ledger", says, fix)
}

fn directory_fix(directory: &Path) -> String {
    let directory = messages::argument(&directory.to_string_lossy());
    format!(
        "make it a directory that you can write to (ls -ld {directory}), or set RBGV_STATE_DIR to \
         another one"
    )
}

fn damaged(file: &Path, why: &str) -> Check {
    let fix = format!(
        "copy {0} for later, then restore a backup or move it away; with a new ledger, rbgv asks \
         before it might pay again for existing jobs",
        file.display()
    );
    Check::finding("ledger", format!("{}: {why}", file.display()), fix)
}

fn contents(name: &str, tally: &[(AttemptStatus, u64)]) -> Vec<Check> {
    let sum = |fits: fn(AttemptStatus) -> bool| -> u64 {
        tally.iter().filter(|(phase, _)| fits(*phase)).map(|(_, number)| number).sum()
    };
    let (all, open) = (sum(|_| true), sum(|phase| !phase.is_settled()));
    let waiting = sum(|phase| matches!(phase, AttemptStatus::NeedsReview | AttemptStatus::Halted));
    let says = format!(
        "{name}; {}, {} in progress",
        amounts::counted(all, "job", "jobs"),
        amounts::count(open)
    );
    let mut checks = vec![Check::good("ledger", says)];
    if waiting > 0 {
        checks.push(Check::finding(
            "review",
            format!("{} review", amounts::counted(waiting, "job needs", "jobs need")),
            "rbgv status --failed, then rbgv resume --accept or --abandon",
        ));
    }
    checks
}

/// Whether the key is blocked until the user resumes.
pub(crate) async fn stops(
    app: &AppContext,
    ledger: &AsyncLedger,
    key: Option<&ApiKey>,
) -> Option<Check> {
    key?;
    let client = app.client(Some(ledger)).ok()?;
    let says = match client.limits().await.ok()?.next_start {
        NextCall::Blocked(FailureKind::InsufficientCredits) => {
            "out of credits (402); no jobs are started with this key"
        }
        NextCall::Blocked(_) => {
            "the service rejected this key (401 or 403); nothing is sent with it"
        }
        NextCall::AtPace | NextCall::Paused(_) => return None,
    };
    Some(Check::finding("stopped", says, "when that is fixed: rbgv resume"))
}
