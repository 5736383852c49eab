//! `rbgv profile rotate`: replaces the key of a profile. New jobs use the new key, existing jobs finish
//! with the old key, and then the new key replaces it.

use std::time::Duration;

use crate::cli::context::{AppContext, key_id};
use crate::cli::new_profile::key::{KeyArgs, KeyInput, StoredKey};
use crate::client::{Client, LimitsReport, RequestOptions, UsageSummary};
use crate::ledger::{ApiKeyId, AsyncLedger, KeyReport};
use crate::model::{ExitClass, Failure};
use crate::output::documents::account::{RotatingKey, RotationDocument, RotationStatus};
use crate::output::{Table, events::json, formats::amounts};
use crate::settings::{RotationStep, rotate_key};

/// Replace the key of a profile, step by step
///
/// --begin adds the new key: new jobs use it, existing jobs finish with the old key. Without a step,
/// shows both keys side by side. --finish removes the old key, once no job needs it.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step")]
#[group(id = "step", multiple = false, args = ["begin", "status", "finish", "abort"])]
pub(crate) struct Args {
    /// Profile name [default: the active profile]
    name: Option<String>,

    /// Add the new key, given by one of the --key options
    #[arg(long)]
    begin: bool,

    /// Show jobs, errors and usage of both keys side by side
    #[arg(long)]
    status: bool,

    /// Period shown by --status, in days
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,

    /// Remove the old key (not while a job needs it)
    #[arg(long)]
    finish: bool,

    /// Keep the old key and remove the new one (not while a job needs it)
    #[arg(long)]
    abort: bool,

    #[command(flatten)]
    key: KeyArgs,
}

impl Args {
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    if args.key.is_given() && !args.begin {
        let why = "the --key options belong to --begin";
        return Err(Failure::usage("profile rotate", why).with_next("add --begin"));
    }
    if args.begin {
        begin(&args, app).await
    } else if args.finish || args.abort {
        end(app, args.finish).await
    } else {
        status(args.days, app).await
    }
}

fn apply_step(app: &AppContext, step: &RotationStep) -> Result<(), Failure> {
    let name = &app.settings.profile.name;
    app.warn_production("changes the API key");
    rotate_key(&app.user_file()?, name, step)
}

fn wrong(app: &AppContext, why: impl Into<String>) -> Failure {
    Failure::usage(format!("profile {}", app.settings.profile.name), why)
}

/// The keys of a rotation in progress.
struct RotatingKeys {
    old: Client,
    new: Client,
}

impl RotatingKeys {
    fn of(app: &AppContext, ledger: Option<&AsyncLedger>) -> Result<Self, Failure> {
        not_by_variable(app)?;
        let Some(new) = app.next_client(ledger)? else {
            return Err(wrong(app, "no rotation is in progress")
                .with_next("rbgv profile rotate --begin --key-env NAME"));
        };
        Ok(Self { old: app.client(ledger)?, new })
    }
}

/// Fails if a variable sets the key, because it overrides the keys of the profile.
fn not_by_variable(app: &AppContext) -> Result<(), Failure> {
    let Some(variable) = app.settings.key_variable() else { return Ok(()) };
    let why = format!("{variable} is set and overrides the keys of the profile");
    Err(wrong(app, why).with_next(format!("unset {variable}")))
}

/// Fails if the service does not accept the key.
async fn try_key(client: &Client) -> Result<(), Failure> {
    client.usage_summary(1, RequestOptions::plain()).await.map(drop)
}

/// Adds the new key after the service has accepted it, so that no job uses a key that does not work,
/// even if this process is killed half-way.
async fn begin(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let name = app.settings.profile.name.clone();
    not_by_variable(app)?;
    if app.settings.is_rotating() {
        let why = "a rotation is already in progress";
        return Err(wrong(app, why).with_next("rbgv profile rotate --status"));
    }
    let config = app.user_file()?;
    if let Some(file) = app.settings.key_file().filter(|file| **file != config) {
        let why = format!("its key is set in {}, which overrides your own file", file.display());
        return Err(wrong(app, why).with_next("change the key in that file"));
    }
    let Some(given) = args.key.given(app, &format!("{name} (new key)"))? else {
        return Err(wrong(app, "no new key given, and no terminal to prompt on")
            .with_next("add --key-env, --key-file, --key-command, --key-keyring or --key-stdin"));
    };
    let key = match &given {
        KeyInput::Named(source) => app.warned(app.settings.key_from(source)?),
        KeyInput::Itself(key) => key.clone(),
    };
    let old = app.client(None)?;
    let new = app.client_of(key.clone(), None)?;
    if old.fingerprint() == new.fingerprint() {
        let why = "the profile already uses this key";
        return Err(Failure::usage("the new key", why));
    }
    try_key(&new).await?;
    let begun = match given {
        KeyInput::Named(source) => apply_step(app, &RotationStep::Begin(source)),
        KeyInput::Itself(_) => {
            // The file name contains the fingerprint, so that the next rotation does not collide.
            let kept = StoredKey::in_file(&key, &config, &format!("{name}-{}", key.fingerprint()))?;
            let begun = apply_step(app, &RotationStep::Begin(kept.source()));
            if begun.is_err() {
                kept.undo();
            }
            begun
        }
    };
    begun?;
    let printer = &app.printer;
    if printer.style().json {
        printer.document(&RotationDocument::Begin {
            profile: &name,
            old_key_fingerprint: &key_id(&old).fingerprint.0,
            new_key_fingerprint: &key_id(&new).fingerprint.0,
        });
    } else {
        printer.note("new jobs use the new key; existing jobs finish with the old key");
        printer.note(&format!("to compare both keys: rbgv profile rotate {name} --status"));
    }
    Ok(ExitClass::Done)
}

/// Removes one key, if no attempt needs it.
async fn end(app: &AppContext, finish: bool) -> Result<ExitClass, Failure> {
    let keys = RotatingKeys::of(app, None)?;
    let (kept, dropped) = if finish { (keys.new, keys.old) } else { (keys.old, keys.new) };
    let dropped_key =
        if finish { Some(app.settings.api_key()?) } else { app.settings.next_key()? };
    let source = dropped_key.map(|resolved| resolved.source).unwrap_or_default();
    if finish {
        // The old key may be disabled next, so the new one has to work.
        try_key(&kept).await?;
    }
    let (kept, dropped) = (key_id(&kept), key_id(&dropped));
    let ledger = app.ledger()?;
    let needing = ledger.count_attempts_needing_key(&dropped).await?;
    if needing > 0 {
        let jobs = amounts::counted(needing, "job still needs", "jobs still need");
        let why = format!(
            "{jobs} key {} (unfinished, not downloaded, or in review)",
            dropped.fingerprint
        );
        return Err(
            wrong(app, why).with_next("rbgv status  # then rbgv resume, or rbgv fetch --all")
        );
    }
    let step = if finish { RotationStep::Finish } else { RotationStep::Abort };
    apply_step(app, &step)?;
    let printer = &app.printer;
    let living = ledger.count_living_processes().await?;
    if living > 0 {
        printer.warn(&format!(
            "{} on this machine may still use key {}; wait for them or restart them before you \
             disable it",
            amounts::counted(living, "rbgv process", "rbgv processes"),
            dropped.fingerprint
        ));
    }
    if printer.style().json {
        let profile = app.settings.profile.name.as_str();
        let kept_key_fingerprint = kept.fingerprint.0.as_str();
        let dropped_key_fingerprint = dropped.fingerprint.0.as_str();
        printer.document(&if finish {
            RotationDocument::Finish { profile, kept_key_fingerprint, dropped_key_fingerprint }
        } else {
            RotationDocument::Abort { profile, kept_key_fingerprint, dropped_key_fingerprint }
        });
        return Ok(ExitClass::Done);
    }
    printer.note(&format!("rotation complete: the profile uses key {}", kept.fingerprint));
    printer.note(&format!(
        "now disable key {} at the service (rbgv keys disable, or the vendor's dashboard); it is \
         still stored in {source}",
        dropped.fingerprint
    ));
    if finish && app.settings.profile.key_created.is_some() {
        printer.note("update key_created in the profile: it is still the date of the old key");
    }
    Ok(ExitClass::Done)
}

/// One key of the comparison.
struct KeyColumn {
    which: &'static str,
    key: ApiKeyId,
    figures: KeyReport,
    needing: u64,
    limits: LimitsReport,
    usage: Result<UsageSummary, Failure>,
}

async fn status(days: u32, app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    let keys = RotatingKeys::of(app, Some(&ledger))?;
    let span = Duration::from_hours(24) * days;
    let since = app.env.clock.wall().before(span);
    let mut columns = Vec::new();
    for (which, client) in [("old", keys.old), ("new", keys.new)] {
        let key = key_id(&client);
        columns.push(KeyColumn {
            which,
            figures: ledger.key_report(&key, since).await?,
            needing: ledger.count_attempts_needing_key(&key).await?,
            limits: client.limits().await?,
            usage: client.usage_summary(days, RequestOptions::plain()).await,
            key,
        });
    }
    show(app, &columns, days);
    let classes: Vec<_> = columns
        .iter()
        .filter_map(|column| column.usage.as_ref().err())
        .map(|failure| failure.kind.exit_class())
        .collect();
    Ok(ExitClass::combine(classes, true))
}

fn show(app: &AppContext, columns: &[KeyColumn], days: u32) {
    let printer = &app.printer;
    if printer.style().json {
        printer.document(&RotationStatus {
            profile: &app.settings.profile.name,
            days,
            keys: columns.iter().map(rotating_key).collect(),
        });
        return;
    }
    let heading = format!("last {}", amounts::counted(u64::from(days), "day", "days"));
    let headings = [heading].into_iter().chain(columns.iter().map(|c| format!("{} key", c.which)));
    let mut table = Table::new(headings).numbers(1..=columns.len());
    let mut row = |what: &str, value: &dyn Fn(&KeyColumn) -> String| {
        table.row([what.to_owned()].into_iter().chain(columns.iter().map(value)));
    };
    row("fingerprint", &|c| c.key.fingerprint.to_string());
    row("jobs (this machine)", &|c| amounts::count(c.figures.jobs));
    row("in progress", &|c| amounts::count(c.figures.open));
    row("completed", &|c| amounts::count(c.figures.completed));
    row("failed", &|c| amounts::count(c.figures.failed));
    row("failure rate", &|c| {
        c.figures.failure_share().map_or_else(|| "-".to_owned(), amounts::percent)
    });
    row("needs review", &|c| amounts::count(c.figures.review));
    row("estimated cost", &|c| amounts::credits(c.figures.credits));
    let service = |c: &KeyColumn, read: &dyn Fn(&UsageSummary) -> Option<String>| match &c.usage {
        Ok(usage) => read(usage).unwrap_or_else(|| "-".to_owned()),
        Err(failure) => failure.kind.as_str().replace('_', " "),
    };
    row("jobs (service)", &|c| service(c, &|u| u.total_jobs.map(amounts::count)));
    row("failed (service)", &|c| service(c, &|u| u.failed_jobs.map(amounts::count)));
    row("credits (service)", &|c| service(c, &|u| u.used().map(amounts::credits)));
    row("calls in the last hour", &|c| amounts::count(u64::from(c.limits.calls)));
    row("rejected calls", &|c| amounts::count(u64::from(c.limits.refused)));
    row("jobs that need this key", &|c| amounts::count(c.needing));
    printer.table(&table);
}

fn rotating_key(column: &KeyColumn) -> RotatingKey<'_> {
    let figures = &column.figures;
    RotatingKey {
        which: column.which,
        key_fingerprint: &column.key.fingerprint.0,
        jobs: figures.jobs,
        open: figures.open,
        completed: figures.completed,
        failed: figures.failed,
        review: figures.review,
        estimated_credits: json::credits(figures.credits),
        needing: column.needing,
        calls_last_hour: column.limits.calls,
        refused_last_hour: column.limits.refused,
        usage: column.usage.as_ref().ok().map(|usage| usage.raw.clone()),
        failure: column.usage.as_ref().err().map(Into::into),
    }
}
