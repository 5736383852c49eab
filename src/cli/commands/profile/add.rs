//! `rbgv profile add`: a new profile in the user's own configuration file.

use url::Url;

use super::key::{KeyArgs, KeyInput, StoredKey};
use crate::cli::context::AppContext;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::settings::{Environment, NewProfile, add_profile, checked_name};

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

pub(crate) fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let config = app.user_file()?;
    let name = &args.name;
    if app.settings.profiles().iter().any(|known| known.name == *name && known.key_source != "none")
    {
        let why = "there is a profile of this name already";
        return Err(Failure::new(FailureKind::Usage, format!("profile {name}"), why)
            .with_next("rbgv profile list"));
    }
    checked_name(name)
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
