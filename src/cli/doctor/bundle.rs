//! `--bundle`: an archive that can be shown to everybody. It holds what was made for it and nothing
//! that was copied: no file of the user's, no name of one, no address beyond its host.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::machine::proxy_vars;
use super::redact::{Redactor, is_sensitive, without_quotes};
use super::{Check, document};
use crate::env::Env;
use crate::ledger::{Ledger, Source, TaskLine};
use crate::model::{ApiKey, Failure, JobStatus};
use crate::output::human;
use crate::settings::{KEY_VARIABLES, Shown};

/// Most attempts that failed and are told of.
const FAILURES: u32 = 100;

/// The variables that are ours.
const OURS: &str = "RBGV_";

const READ_ME: &str = "Made by rbgv doctor --bundle, to be shown to those who help.\n\
\n\
doctor.json       every check, and every setting with the place it comes from\n\
environment.json  which variables of rbgv and of proxies are set, and harmless values\n\
ledger.json       how many jobs stand where, and the last that failed, with their request ids\n\
\n\
Keys are told by fingerprint. Links, tags, e-mail addresses, names of files and directories of\n\
yours are left out.\n";

/// What the archive is made from.
pub(super) struct Contents<'a> {
    pub(super) env: &'a Env,
    /// Whether the configuration could not be read: then what is said of it may quote it.
    pub(super) broken: bool,
    /// Every secret that was read.
    pub(super) secrets: Vec<ApiKey>,
    pub(super) state_dir: Option<&'a Path>,
    pub(super) checks: &'a [Check],
    pub(super) shown: &'a [Shown],
    pub(super) ledger: Option<&'a Ledger>,
}

/// Writes the archive. A file that is there already is left alone.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(path: &Path, contents: &Contents<'_>) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::local(format!("writing {}", path.display()), error)
            .with_next("rbgv doctor --bundle OTHER-FILE.tar.gz")
    };
    let redactor = redactor(contents);
    let pages = [
        ("README.txt", READ_ME.to_owned()),
        ("doctor.json", page(&redactor, &diagnosis(contents))),
        ("environment.json", page(&redactor, &environment(contents.env))),
        ("ledger.json", page(&redactor, &history(contents.ledger)?)),
    ];
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|error| failed(&error))?;
    archive(file, &pages, contents).map_err(|error| failed(&error))
}

fn archive(file: File, pages: &[(&str, String)], contents: &Contents<'_>) -> std::io::Result<()> {
    let made = contents.env.clock.wall().0 / 1_000;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for (name, text) in pages {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(u64::try_from(made).unwrap_or(0));
        archive.append_data(&mut header, format!("rbgv-doctor/{name}"), text.as_bytes())?;
    }
    let mut file = archive.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()
}

fn page(redactor: &Redactor, value: &Value) -> String {
    // A value that came from text can be written as text.
    serde_json::to_string_pretty(&redactor.clean_json(value)).unwrap_or_default() + "\n"
}

/// Everything that is known to be secret, or to name a person's directories.
fn redactor(contents: &Contents<'_>) -> Redactor {
    let mut redactor = Redactor::default();
    let env = contents.env;
    for key in &contents.secrets {
        redactor.secret(key.expose());
    }
    for (_, value) in env.vars.iter().filter(|(name, _)| is_sensitive(name)) {
        redactor.secret(value);
    }
    for address in proxy_vars().filter_map(|name| env.var(name)) {
        redactor.proxy(address);
    }
    redactor.place(&env.current_dir, "(here)");
    if let Some(directory) = contents.state_dir {
        redactor.own_place(directory, "(state)");
    }
    if let Some(dirs) = &env.dirs {
        redactor.own_place(&dirs.config_dir, "(config)");
        redactor.own_place(&dirs.cache_dir, "(cache)");
    }
    if let Some(home) = env.var("HOME") {
        redactor.place(Path::new(home), "~");
    }
    redactor
}

/// The checks and settings. What the user wrote in a file that cannot be read, or as tags, is not
/// ours to show.
fn diagnosis(contents: &Contents<'_>) -> Value {
    let mut checks = contents.checks.to_vec();
    if contents.broken {
        for check in checks.iter_mut().filter(|check| check.name == "configuration") {
            check.says = without_quotes(&check.says);
            check.mend = check.mend.as_deref().map(without_quotes);
        }
    }
    let shown: Vec<Shown> = contents
        .shown
        .iter()
        .map(|shown| {
            let own = shown.key.split('.').any(|part| part == "tags");
            let value = if own { "(hidden)".to_owned() } else { shown.value.clone() };
            Shown { value, ..shown.clone() }
        })
        .collect();
    document(&checks, &shown)
}

fn environment(env: &Env) -> Value {
    let plain = ["LANG", "LC_ALL", "LC_CTYPE", "TERM", "NO_COLOR", "RBGV_LOG"];
    env.vars
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name.starts_with(OURS)
                || KEY_VARIABLES.contains(&name)
                || plain.contains(&name)
                || proxy_vars().any(|proxy| proxy == name)
        })
        .map(|(name, value)| {
            let shown = plain.contains(&name.as_str());
            (name.clone(), Value::from(if shown { value.as_str() } else { "(set)" }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn history(ledger: Option<&Ledger>) -> Result<Value, Failure> {
    let Some(ledger) = ledger else { return Ok(Value::Null) };
    let tally: serde_json::Map<String, Value> = ledger
        .tally()?
        .into_iter()
        .map(|(phase, number)| (phase.as_str().to_owned(), number.into()))
        .collect();
    let failures: Vec<Value> = ledger.failed_tasks(FAILURES)?.iter().map(failure).collect();
    Ok(json!({ "jobs": tally, "failures": failures }))
}

fn failure(line: &TaskLine) -> Value {
    let task = &line.task;
    let failure = task.row.failure.as_ref();
    json!({
        "at": human::time(line.changed_at),
        "job": task.row.job.as_ref().map(|job| &job.0),
        "phase": task.row.phase.as_str(),
        "status": task.look.status.as_ref().map(JobStatus::as_str),
        "model": task.work.options.model.as_str(),
        "format": task.work.options.format.as_str(),
        "kind": failure.map(|failure| failure.kind.as_str()),
        "http_status": failure.and_then(|failure| failure.status),
        "code": failure.and_then(|failure| failure.code.as_deref()),
        "request_id": failure.and_then(|failure| failure.request_id.as_deref()),
        "attempts": failure.map(|failure| failure.attempts),
        "why": failure.map(|failure| nameless(&failure.why, line)),
    })
}

/// A reason without the input's name and path.
fn nameless(why: &str, line: &TaskLine) -> String {
    let mut names = vec![line.name.clone()];
    match &line.task.work.source {
        Source::Url(url) => names.push(url.clone()),
        Source::File { path, .. } => {
            names.push(path.to_string_lossy().into_owned());
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.retain(|name| name.chars().count() > 2);
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.iter().fold(why.to_owned(), |why, name| why.replace(name.as_str(), "(input)"))
}
