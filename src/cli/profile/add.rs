//! `rbgv profile add`: a new profile in the user's own configuration file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use url::Url;

use super::super::keys::new_file;
use crate::cli::session::{Session, absolute};
use crate::model::{ApiKey, ExitClass, Failure, FailureKind};
use crate::settings::{Environment, KeySource, NewProfile, add_profile, checked_key};

/// Add a profile to your configuration file
///
/// The key is never taken from the command line: it is named (a variable, a file, a command, the
/// keyring), read from standard input, or asked for on the terminal without being shown.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name: letters, digits, - and _
    name: String,

    /// Where the API is [default: the vendor's address]
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,

    /// What it is for: dev, staging or prod, which says so before every write
    #[arg(long, value_name = "WORD", default_value = "dev")]
    environment: Environment,

    /// Use this profile when nothing names one
    #[arg(long)]
    default: bool,

    #[command(flatten)]
    key: KeyArgs,
}

/// Where a key comes from.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_field_names, reason = "each is called like its flag")]
#[group(multiple = false)]
pub(super) struct KeyArgs {
    /// The key is in this variable
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,

    /// The key is in this file, alone
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// This command prints the key
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,

    /// The key is in the system's keyring, as USER or SERVICE/USER
    #[arg(long, value_name = "ENTRY")]
    key_keyring: Option<String>,

    /// Read the key from standard input, and keep it in a file beside the configuration that only
    /// you can read
    #[arg(long)]
    key_stdin: bool,
}

/// The longest input that can be a key, in bytes.
const LONGEST: u64 = 4_096;

impl KeyArgs {
    /// The source that was named; a key that is given now is kept in a new file, called `name`,
    /// beside the configuration at `config`. None when there is nobody to ask.
    ///
    /// # Errors
    /// What was given is no key, or cannot be kept.
    pub(super) fn source(
        &self,
        session: &Session,
        config: &Path,
        name: &str,
    ) -> Result<Option<KeySource>, Failure> {
        if let Some(variable) = &self.key_env {
            return Ok(Some(KeySource::Variable(variable.clone())));
        }
        if let Some(file) = &self.key_file {
            return Ok(Some(KeySource::File(absolute(&session.env, file))));
        }
        if let Some(command) = &self.key_command {
            return Ok(Some(KeySource::Command(command.clone())));
        }
        if let Some(entry) = &self.key_keyring {
            return Ok(Some(KeySource::Keyring(entry.clone())));
        }
        let Some(key) = self.given(session, name)? else { return Ok(None) };
        let path = config.parent().unwrap_or(Path::new(".")).join(format!("{name}.key"));
        keep(&key, &path)?;
        Ok(Some(KeySource::File(path)))
    }

    fn given(&self, session: &Session, name: &str) -> Result<Option<ApiKey>, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Usage, "the key", why);
        if self.key_stdin {
            let raw =
                session.printer.read_secret(LONGEST).map_err(|error| wrong(error.to_string()))?;
            return checked_key(&raw).map(Some).map_err(wrong);
        }
        let terminal = session.env.terminal;
        if !terminal.stdin || !terminal.stderr {
            return Ok(None);
        }
        let question = format!("key of {name} (not shown; empty to give it by a variable):");
        let raw =
            session.printer.ask_secret(&question).map_err(|error| wrong(error.to_string()))?;
        if raw.trim().is_empty() {
            return Ok(None);
        }
        checked_key(&raw).map(Some).map_err(wrong)
    }
}

fn keep(key: &ApiKey, path: &Path) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::local(format!("keeping the key in {}", path.display()), error)
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    }
    let mut file = new_file(path)?;
    writeln!(file, "{}", key.expose())
        .and_then(|()| file.sync_all())
        .map_err(|error| failed(&error))
}

pub(super) fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let config = super::own_file(session)?;
    let name = &args.name;
    if session
        .settings
        .profiles()
        .iter()
        .any(|known| known.name == *name && known.key_source != "none")
    {
        let why = "there is a profile of this name already";
        return Err(Failure::new(FailureKind::Usage, format!("profile {name}"), why)
            .with_next("rbgv profile list"));
    }
    let key = args.key.source(session, &config, name)?;
    let made = match (&key, args.key.names_a_place()) {
        (Some(KeySource::File(path)), false) => Some(path.clone()),
        _ => None,
    };
    let profile = NewProfile {
        name: name.clone(),
        base_url: args.base_url.clone(),
        environment: args.environment,
        key,
        make_default: args.default,
    };
    if let Err(failure) = add_profile(&config, &profile) {
        if let Some(path) = made {
            // Nothing names it now.
            let _ = std::fs::remove_file(path);
        }
        return Err(failure);
    }
    session.printer.note(&format!("profile {name} is in {}", config.display()));
    if profile.key.is_none() {
        session.printer.note("it has no key of its own; RBGV_API_KEY gives one");
    }
    session.printer.note(&format!("try it: rbgv profile check {name}"));
    if session.printer.style().json {
        session.printer.json(&serde_json::json!({
            "profile": name,
            "file": crate::output::json::path(&config),
        }));
    }
    Ok(ExitClass::Done)
}

impl KeyArgs {
    /// Whether any of the flags was given.
    pub(super) fn is_given(&self) -> bool {
        self.names_a_place() || self.key_stdin
    }

    /// Whether a place that exists already was named, in place of giving the key itself.
    pub(super) fn names_a_place(&self) -> bool {
        self.key_env.is_some()
            || self.key_file.is_some()
            || self.key_command.is_some()
            || self.key_keyring.is_some()
    }
}
