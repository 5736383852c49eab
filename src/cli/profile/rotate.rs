//! `rbgv profile rotate`: another key for a profile, in the vendor's four steps. The new key works
//! beside the old one, takes a growing share of new jobs, is watched, and then replaces it.

use std::time::Duration;

use super::add::KeyArgs;
use crate::cli::session::Session;
use crate::client::{Call, Client, UsageSummary};
use crate::ledger::{KeyFigures, KeyId};
use crate::model::{ExitClass, Failure, FailureKind, Fingerprint, Timestamp};
use crate::output::{Table, human, json};
use crate::settings::{RotationStep, rotate_key};

/// Change the key of a profile, step by step
///
/// --begin names the new key beside the old one and gives it a share of the new jobs; --share changes
/// how large; without either, the figures of both keys stand side by side; --finish makes the new
/// key the only one, once no job needs the old one. A job is always followed with the key that made
/// it.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a step")]
#[group(id = "step", multiple = false, args = ["begin", "status", "finish", "give_up"])]
pub(in crate::cli) struct Args {
    /// Which profile [default: the one in use]
    name: Option<String>,

    /// Name the new key, by one of the --key flags
    #[arg(long)]
    begin: bool,

    /// Give the new key N of a hundred new jobs [default with --begin: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100), conflicts_with_all = ["status", "finish", "give_up"])]
    share: Option<u32>,

    /// Show errors and usage of both keys side by side
    #[arg(long)]
    status: bool,

    /// The days that figures are of
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,

    /// Make the new key the only one; refused while a job needs the old one
    #[arg(long)]
    finish: bool,

    /// Keep the old key and forget the new one; refused while a job needs the new one
    #[arg(long)]
    give_up: bool,

    #[command(flatten)]
    key: KeyArgs,
}

/// The share that a new key gets at first.
const FIRST_SHARE: u32 = 10;

impl Args {
    /// The profile that is named.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    if args.key.is_given() && !args.begin {
        let why = "a key is named to begin with it";
        return Err(
            Failure::new(FailureKind::Usage, "profile rotate", why).with_next("add --begin")
        );
    }
    if args.begin {
        begin(&args, session).await
    } else if args.finish || args.give_up {
        end(session, args.finish)
    } else if let Some(share) = args.share {
        take(session, &RotationStep::Share(share))?;
        session.printer.note(&format!("{share} of a hundred new jobs go to the new key"));
        Ok(ExitClass::Done)
    } else {
        status(args.days, session).await
    }
}

fn take(session: &Session, step: &RotationStep) -> Result<(), Failure> {
    let name = &session.settings.profile.name;
    session.say_production("its key is being changed");
    rotate_key(&super::own_file(session)?, name, step)
}

/// The keys of a rotation that is under way.
struct Keys {
    old: Client,
    new: Client,
}

impl Keys {
    fn of(session: &Session) -> Result<Self, Failure> {
        let old = session.client(None)?;
        if let Some(new) = session.next_client()? {
            return Ok(Self { old, new });
        }
        let what = format!("profile {}", session.settings.profile.name);
        let why = "no rotation is under way, or a variable gives the key";
        Err(Failure::new(FailureKind::Usage, what, why)
            .with_next("rbgv profile rotate --begin --key-env NAME"))
    }
}

fn identity(client: &Client) -> KeyId {
    let print = client.fingerprint().unwrap_or_else(|| Fingerprint(String::new()));
    KeyId { origin: client.origin().to_owned(), print }
}

/// Names the new key once the service has taken it.
async fn begin(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let name = session.settings.profile.name.clone();
    let wrong = |why: &str| Failure::new(FailureKind::Usage, format!("profile {name}"), why);
    if session.settings.next_key()?.is_some() {
        return Err(
            wrong("its key is being changed already").with_next("rbgv profile rotate --status")
        );
    }
    let config = super::own_file(session)?;
    let file = format!("{name}-next");
    let Some(source) = args.key.source(session, &config, &file)? else {
        return Err(wrong("there is nobody to ask for the new key").with_next(
            "name it: --key-env, --key-file, --key-command, --key-keyring or --key-stdin",
        ));
    };
    let share = args.share.unwrap_or(FIRST_SHARE);
    take(session, &RotationStep::Begin(source, share))?;
    // Read from where it will be read from, and tried, before any job goes to it.
    let tried = try_new_key(session).await;
    if let Err(failure) = tried {
        rotate_key(&config, &name, &RotationStep::GiveUp)?;
        return Err(failure);
    }
    session.printer.note(&format!("{share} of a hundred new jobs go to the new key"));
    session.printer.note(&format!("watch it: rbgv profile rotate {name} --status"));
    Ok(ExitClass::Done)
}

async fn try_new_key(session: &Session) -> Result<(), Failure> {
    let session = session.reread()?;
    let keys = Keys::of(&session)?;
    if keys.old.fingerprint() == keys.new.fingerprint() {
        let why = "it is the key that the profile has already";
        return Err(Failure::new(FailureKind::Usage, "the new key", why));
    }
    keys.new.usage_summary(1, Call::plain()).await.map(drop)
}

/// Leaves one key, if no attempt needs the other.
fn end(session: &Session, finish: bool) -> Result<ExitClass, Failure> {
    let keys = Keys::of(session)?;
    let (kept, dropped) = if finish { (keys.new, keys.old) } else { (keys.old, keys.new) };
    let (kept, dropped) = (identity(&kept), identity(&dropped));
    let needing = session.ledger()?.attempts_that_need(&dropped)?;
    if needing > 0 {
        let what = format!("profile {}", session.settings.profile.name);
        let jobs = human::counted(needing, "job needs", "jobs need");
        let why =
            format!("{jobs} key {} still: open, to be fetched, or to be looked at", dropped.print);
        return Err(Failure::new(FailureKind::Usage, what, why)
            .with_next("rbgv status, then rbgv resume or rbgv fetch --all"));
    }
    let step = if finish { RotationStep::Finish } else { RotationStep::GiveUp };
    take(session, &step)?;
    let printer = &session.printer;
    printer.note(&format!("key {} is the only one of the profile now", kept.print));
    printer.note(&format!(
        "switch key {} off at the service, with rbgv keys disable or in the vendor's dashboard",
        dropped.print
    ));
    if finish && session.settings.profile.key_created.is_some() {
        printer.note("key_created of the profile is that of the old key; change it by hand");
    }
    Ok(ExitClass::Done)
}

/// What one key has done.
struct Column {
    which: &'static str,
    key: KeyId,
    share: u32,
    figures: KeyFigures,
    needing: u64,
    usage: Result<UsageSummary, Failure>,
}

async fn status(days: u32, session: &Session) -> Result<ExitClass, Failure> {
    let keys = Keys::of(session)?;
    let ledger = session.ledger()?;
    let share = session.settings.profile.next_key_share;
    let span = Duration::from_hours(24) * days;
    let since = session.env.clock.wall().0 - i64::try_from(span.as_millis()).unwrap_or(0);
    let mut columns = Vec::new();
    for (which, client, share) in [("old", keys.old, 100 - share), ("new", keys.new, share)] {
        let key = identity(&client);
        columns.push(Column {
            which,
            share,
            figures: ledger.key_figures(&key, Timestamp(since))?,
            needing: ledger.attempts_that_need(&key)?,
            usage: client.usage_summary(days, Call::plain()).await,
            key,
        });
    }
    show(session, &columns, days);
    let classes: Vec<_> = columns
        .iter()
        .filter_map(|column| column.usage.as_ref().err())
        .map(|failure| failure.kind.exit_class())
        .collect();
    Ok(ExitClass::combine(classes, true))
}

fn show(session: &Session, columns: &[Column], days: u32) {
    let printer = &session.printer;
    if printer.style().json {
        printer.json(&serde_json::json!({
            "profile": session.settings.profile.name,
            "days": days,
            "keys": columns.iter().map(column_json).collect::<Vec<_>>(),
        }));
        return;
    }
    let heading = format!("last {}", human::counted(u64::from(days), "day", "days"));
    let headings = [heading].into_iter().chain(columns.iter().map(|c| format!("{} key", c.which)));
    let mut table = Table::new(headings).numbers(1..=columns.len());
    let mut row = |what: &str, value: &dyn Fn(&Column) -> String| {
        table.row([what.to_owned()].into_iter().chain(columns.iter().map(value)));
    };
    row("fingerprint", &|c| c.key.print.to_string());
    row("of a hundred new jobs", &|c| c.share.to_string());
    row("jobs made here", &|c| human::count(c.figures.jobs));
    row("under way", &|c| human::count(c.figures.open));
    row("completed", &|c| human::count(c.figures.completed));
    row("failed", &|c| human::count(c.figures.failed));
    row("failed, of those that ended", &|c| {
        c.figures.failure_share().map_or_else(|| "-".to_owned(), human::percent)
    });
    row("to be looked at", &|c| human::count(c.figures.review));
    row("credits, estimated", &|c| human::credits(c.figures.credits));
    let service = |c: &Column, read: &dyn Fn(&UsageSummary) -> Option<String>| match &c.usage {
        Ok(usage) => read(usage).unwrap_or_else(|| "-".to_owned()),
        Err(failure) => failure.kind.as_str().replace('_', " "),
    };
    row("jobs, says the service", &|c| service(c, &|u| u.total_jobs.map(human::count)));
    row("failed, says the service", &|c| service(c, &|u| u.failed_jobs.map(human::count)));
    row("credits, says the service", &|c| service(c, &|u| u.credits_used.map(human::credits)));
    row("jobs that need this key", &|c| human::count(c.needing));
    printer.table(&table);
}

fn column_json(column: &Column) -> serde_json::Value {
    let figures = &column.figures;
    serde_json::json!({
        "which": column.which,
        "key_fingerprint": column.key.print.0,
        "share": column.share,
        "jobs": figures.jobs,
        "open": figures.open,
        "completed": figures.completed,
        "failed": figures.failed,
        "review": figures.review,
        "estimated_credits": json::credits(figures.credits),
        "needing": column.needing,
        "usage": column.usage.as_ref().ok().map(|usage| usage.raw.clone()),
        "failure": column.usage.as_ref().err().map(json::failure),
    })
}
