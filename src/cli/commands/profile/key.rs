//! The `--key-...` flags of `profile add` and `profile rotate`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::context::AppContext;
use crate::cli::files::{absolute, new_file};
use crate::model::{ApiKey, Failure, FailureKind};
use crate::settings::{KeySource, checked_key};

#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_field_names, reason = "each is named like its flag")]
#[group(multiple = false)]
pub(crate) struct KeyArgs {
    /// Environment variable with the key
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,

    /// File that contains only the key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,

    /// Command that prints the key
    #[arg(long, value_name = "COMMAND")]
    key_command: Option<String>,

    /// Entry of the system keyring, as USER or SERVICE/USER (in builds with the keyring feature)
    #[arg(long, value_name = "ENTRY")]
    key_keyring: Option<String>,

    /// Read the key from standard input and save it next to the configuration file, readable only by
    /// you
    #[arg(long)]
    key_stdin: bool,
}

/// Maximum length of a key, in bytes.
const MAX_KEY_BYTES: u64 = 4_096;

pub(crate) enum KeyInput {
    /// The source of the key.
    Named(KeySource),
    /// The key itself, which is not saved yet.
    Itself(ApiKey),
}

impl KeyArgs {
    /// The given key; `None` without a flag and without a terminal. The prompt asks for the key of
    /// `owner`.
    pub(crate) fn given(&self, app: &AppContext, owner: &str) -> Result<Option<KeyInput>, Failure> {
        if let Some(variable) = &self.key_env {
            return Ok(Some(KeyInput::Named(KeySource::Variable(variable.clone()))));
        }
        if let Some(file) = &self.key_file {
            let file = absolute(&app.env, file);
            if file.to_str().is_none() {
                let why = "the configuration file needs a file name in UTF-8";
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
        Ok(self.typed(app, owner)?.map(KeyInput::Itself))
    }

    fn typed(&self, app: &AppContext, owner: &str) -> Result<Option<ApiKey>, Failure> {
        let wrong = |why: String| Failure::new(FailureKind::Usage, "the key", why);
        if self.key_stdin {
            let raw =
                app.printer.read_secret(MAX_KEY_BYTES).map_err(|error| wrong(error.to_string()))?;
            return checked_key(&raw).map(Some).map_err(wrong);
        }
        let terminal = app.env.terminal;
        if !terminal.stdin || !terminal.stderr {
            return Ok(None);
        }
        let question =
            format!("API key of {owner} (hidden; leave blank to use an environment variable):");
        let raw = app.printer.ask_secret(&question).map_err(|error| wrong(error.to_string()))?;
        if raw.trim().is_empty() {
            return Ok(None);
        }
        checked_key(&raw).map(Some).map_err(wrong)
    }

    /// Whether any of the flags is given.
    pub(crate) fn is_given(&self) -> bool {
        self.key_env.is_some()
            || self.key_file.is_some()
            || self.key_command.is_some()
            || self.key_keyring.is_some()
            || self.key_stdin
    }
}

/// A key in its own file next to the configuration file, readable only by its owner.
pub(crate) struct StoredKey {
    path: PathBuf,
    /// Whether the file already existed with this key.
    was_there: bool,
}

impl StoredKey {
    /// Saves `key` as `name.key` next to the configuration file `config`. A file with the same key,
    /// from an earlier try, is reused.
    pub(crate) fn new(key: &ApiKey, config: &Path, name: &str) -> Result<Self, Failure> {
        let path = config.parent().unwrap_or(Path::new(".")).join(format!("{name}.key"));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::local(format!("saving the key to {}", path.display()), error)
        };
        if std::fs::symlink_metadata(&path).is_ok() {
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            if ApiKey::new(&there).expose() == key.expose() {
                return Ok(Self { path, was_there: true });
            }
            let why = "the file exists with other content";
            return Err(
                failed(&why).with_next("move that file, or use --key-file with a file of your own")
            );
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

    /// Removes the file again.
    pub(crate) fn undo(self) {
        if !self.was_there {
            // A leftover file does no harm.
            let _ = std::fs::remove_file(self.path);
        }
    }
}
