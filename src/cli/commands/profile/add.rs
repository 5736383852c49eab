//! `rbgv profile add`: a new profile in the user's own configuration file.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::cli::commands::keys::new_file;
use crate::cli::context::{AppContext, absolute};
use crate::model::{ApiKey, ExitClass, Failure, FailureKind};
use crate::settings::{
    Environment, KeySource, NewProfile, add_profile, check_profile_name, parse_key,
};

/// Add a profile to your configuration file
///
/// The key is never taken from the command line: it is named (a variable, a file, a command, the
/// keyring), read from standard input, or asked for on the terminal without being shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
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
pub(crate) struct KeyArgs {
    /// The key is in this variable
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,

    /// The key is in this file, alone
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// This command prints the key
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,

    /// The key is in the system's keyring, as USER or SERVICE/USER; builds with the feature keyring
    #[arg(long, value_name = "ENTRY")]
    key_keyring: Option<String>,

    /// Read the key from standard input, and keep it in a file beside the configuration that only
    /// you can read
    #[arg(long)]
    key_stdin: bool,
}

/// The longest input that can be a key, in bytes.
const LONGEST: u64 = 4_096;

/// A key as it was given: where it is, or itself.
pub(crate) enum KeyInput {
    /// It is to be read from there.
    Named(KeySource),
    /// It has yet to be kept.
    Itself(ApiKey),
}

impl KeyArgs {
    /// What was given; none when nothing was named and there is nobody to ask. The key of `whom` is
    /// asked for on a terminal.
    ///
    /// # Errors
    /// What was given is no key, or cannot be written into a file.
    pub(crate) fn given(&self, app: &AppContext, whom: &str) -> Result<Option<KeyInput>, Failure> {
        if let Some(variable) = &self.key_env {
            return Ok(Some(KeyInput::Named(KeySource::Variable(variable.clone()))));
        }
        if let Some(file) = &self.key_file {
            let file = absolute(&app.env, file);
            if file.to_str().is_none() {
                let why = "a configuration file is Unicode, and this name is not";
                return Err(Failure::new(FailureKind::Usage, file.display().to_string(), why)
                    .with_next("rename the file"));
            }
            return Ok(Some(KeyInput::Named(KeySource::File(file))));
        }
        if let Some(command) = &self.key_command {
            return Ok(Some(KeyInput::Named(KeySource::Command(command.clone()))));
        }
        if let Some(input) = &self.key_keyring {
            return Ok(Some(KeyInput::Named(KeySource::Keyring(input.clone()))));
        }
        Ok(self.typed(app, whom)?.map(KeyInput::Itself))
    }

    fn typed(&self, app: &AppContext, whom: &str) -> Result<Option<ApiKey>, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Usage, "the key", why);
        if self.key_stdin {
            let raw = app.printer.read_secret(LONGEST).map_err(|error| wrong(error.to_string()))?;
            return parse_key(&raw).map(Some).map_err(wrong);
        }
        let terminal = app.env.terminal;
        if !terminal.stdin || !terminal.stderr {
            return Ok(None);
        }
        let question = format!("key of {whom} (not shown; empty to give it by a variable):");
        let raw = app.printer.ask_secret(&question).map_err(|error| wrong(error.to_string()))?;
        if raw.trim().is_empty() {
            return Ok(None);
        }
        parse_key(&raw).map(Some).map_err(wrong)
    }

    /// Whether any of the flags was given.
    pub(crate) fn is_given(&self) -> bool {
        self.key_env.is_some()
            || self.key_file.is_some()
            || self.key_command.is_some()
            || self.key_keyring.is_some()
            || self.key_stdin
    }
}

/// A key in a file of its own beside the configuration, for its owner alone.
pub(crate) struct StoredKey {
    path: PathBuf,
    /// Whether the file was there, with this key in it.
    was_there: bool,
}

impl StoredKey {
    /// Keeps `key` in a file called after `name`, beside the configuration at `config`. One that holds
    /// this very key, from an earlier try, is taken as it is.
    ///
    /// # Errors
    /// It cannot be written, or another key is there.
    pub(crate) fn new(key: &ApiKey, config: &Path, name: &str) -> Result<Self, Failure> {
        let path = config.parent().unwrap_or(Path::new(".")).join(format!("{name}.key"));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::local(format!("keeping the key in {}", path.display()), error)
        };
        if std::fs::symlink_metadata(&path).is_ok() {
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            if ApiKey::new(&there).expose() == key.expose() {
                return Ok(Self { path, was_there: true });
            }
            let why = "a file of that name is there, with something else in it";
            return Err(failed(&why).with_next(
                "move it away, or keep the key in a file of your own and name that with --key-file",
            ));
        }
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        }
        let mut file = new_file(&path)?;
        writeln!(file, "{}", key.expose())
            .and_then(|()| file.sync_all())
            .map_err(|error| failed(&error))?;
        Ok(Self { path, was_there: false })
    }

    pub(crate) fn source(&self) -> KeySource {
        KeySource::File(self.path.clone())
    }

    /// Removes the file again, since nothing names it now.
    pub(crate) fn undo(self) {
        if !self.was_there {
            // What cannot be removed is in nobody's way.
            let _ = std::fs::remove_file(self.path);
        }
    }
}

pub(crate) fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let config = super::own_file(app)?;
    let name = &args.name;
    if app.settings.profiles().iter().any(|known| known.name == *name && known.key_source != "none")
    {
        let why = "there is a profile of this name already";
        return Err(Failure::new(FailureKind::Usage, format!("profile {name}"), why)
            .with_next("rbgv profile list"));
    }
    check_profile_name(name)
        .map_err(|why| Failure::new(FailureKind::Usage, format!("profile {name}"), why))?;
    let (key, kept) = match args.key.given(app, name)? {
        Some(KeyInput::Named(source)) => (Some(source), None),
        Some(KeyInput::Itself(key)) => {
            let kept = StoredKey::new(&key, &config, name)?;
            (Some(kept.source()), Some(kept))
        }
        None => (None, None),
    };
    let profile = NewProfile {
        name: name.clone(),
        base_url: args.base_url.clone(),
        environment: args.environment,
        key,
        make_default: args.default,
    };
    if let Err(failure) = add_profile(&config, &profile) {
        if let Some(kept) = kept {
            kept.undo();
        }
        return Err(failure);
    }
    app.printer.note(&format!("profile {name} is in {}", config.display()));
    if profile.key.is_none() {
        app.printer.note("it has no key of its own; RBGV_API_KEY gives one");
    }
    app.printer.note(&format!("try it: rbgv profile check {name}"));
    if app.printer.style().json {
        app.printer.json(&serde_json::json!({
            "profile": name,
            "file": crate::output::events::json::path(&config),
        }));
    }
    Ok(ExitClass::Done)
}
