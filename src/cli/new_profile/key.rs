//! The `--key-...` flags of `init`, `profile add` and `profile rotate`, the prompt for a key, and its file.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cli::context::AppContext;
use crate::cli::files::{absolute, new_file};
use crate::flow::interrupted;
use crate::model::{ApiKey, Failure};
use crate::settings::{SecretSource, parse_key, store_in_keyring};

#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
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
    Named(SecretSource),
    /// The key itself, which is not saved yet.
    Itself(ApiKey),
}

impl KeyArgs {
    /// The given key; `None` without a flag and without a terminal. The prompt asks for the key of
    /// `owner`.
    pub(crate) fn given(&self, app: &AppContext, owner: &str) -> Result<Option<KeyInput>, Failure> {
        let source = if let Some(variable) = &self.key_env {
            SecretSource::Variable(variable.clone())
        } else if let Some(file) = &self.key_file {
            let file = absolute(&app.env, file);
            if file.to_str().is_none() {
                let why = "the configuration file needs a file name in UTF-8";
                return Err(
                    Failure::usage(file.display().to_string(), why).with_next("rename the file")
                );
            }
            SecretSource::File(file)
        } else if let Some(command) = &self.key_command {
            SecretSource::Command(command.clone())
        } else if let Some(entry) = &self.key_keyring {
            SecretSource::Keyring(entry.clone())
        } else {
            return Ok(self.typed(app, owner)?.map(KeyInput::Itself));
        };
        Ok(Some(KeyInput::Named(source)))
    }

    fn typed(&self, app: &AppContext, owner: &str) -> Result<Option<ApiKey>, Failure> {
        if self.key_stdin {
            let raw =
                app.printer.read_secret(MAX_KEY_BYTES).map_err(|error| wrong(error.to_string()))?;
            return parse_key(&raw).map(Some).map_err(wrong);
        }
        let terminal = app.env.terminal;
        if !terminal.stdin || !terminal.stderr {
            return Ok(None);
        }
        ask_key(
            app,
            &format!("API key of {owner} (hidden; leave blank to use an environment variable):"),
        )
    }

    /// Whether any of the flags is given.
    pub(crate) fn is_given(&self) -> bool {
        *self != Self::default()
    }
}

fn wrong(why: String) -> Failure {
    Failure::usage("the key", why)
}

/// Asks for a key at a hidden prompt; `None` if the answer is blank.
///
/// # Errors
/// `FailureKind::Usage`: the answer cannot be a key; `FailureKind::Interrupted`: Ctrl-C.
pub(crate) fn ask_key(app: &AppContext, question: &str) -> Result<Option<ApiKey>, Failure> {
    let raw = app.printer.ask_secret(question).map_err(|error| match error.kind() {
        ErrorKind::Interrupted => interrupted(),
        _ => wrong(error.to_string()),
    })?;
    if raw.trim().is_empty() {
        return Ok(None);
    }
    parse_key(&raw).map(Some).map_err(wrong)
}

/// A key that was stored for a profile.
pub(crate) enum StoredKey {
    /// A file next to the configuration file, readable only by its owner.
    File {
        path: PathBuf,
        /// Whether the file already existed with this key.
        was_there: bool,
    },
    /// An entry of the system keyring.
    Keyring(String),
}

impl StoredKey {
    /// Saves `key` as `name.key` next to the configuration file `config`. A file with the same key,
    /// from an earlier try, is reused.
    pub(crate) fn in_file(key: &ApiKey, config: &Path, name: &str) -> Result<Self, Failure> {
        let path = config.parent().unwrap_or(Path::new(".")).join(format!("{name}.key"));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::local(format!("saving the key to {}", path.display()), error)
        };
        if std::fs::symlink_metadata(&path).is_ok() {
            let there = std::fs::read_to_string(&path).unwrap_or_default();
            if ApiKey::new(&there).expose() == key.expose() {
                return Ok(Self::File { path, was_there: true });
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
        Ok(Self::File { path, was_there: false })
    }

    /// Saves `key` in the system keyring as the entry `rbgv/NAME`.
    pub(crate) fn in_keyring(key: &ApiKey, name: &str) -> Result<Self, Failure> {
        store_in_keyring(name, key)
            .map(|()| Self::Keyring(name.to_owned()))
            .map_err(|why| Failure::local("saving the key in the keyring", &why))
    }

    pub(crate) fn source(&self) -> SecretSource {
        match self {
            Self::File { path, .. } => SecretSource::File(path.clone()),
            Self::Keyring(entry) => SecretSource::Keyring(entry.clone()),
        }
    }

    /// Removes the file again. A leftover file or keyring entry does no harm.
    pub(crate) fn undo(self) {
        if let Self::File { path, was_there: false } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}
