//! `rbgv profile add`: adds a profile to the user's configuration file.

use url::Url;

use super::key::{KeyArgs, KeyInput, StoredKey};
use crate::cli::context::AppContext;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::settings::{Environment, NewProfile, add_profile, checked_name};

/// Add a profile to your configuration file
///
/// The key is never given on the command line. Name its source (a variable, file, command or keyring
/// entry), pass it on standard input, or type it at a hidden prompt.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profile name (letters, digits, - and _)
    name: String,

    /// Base URL of the API [default: the vendor's URL]
    #[arg(long, value_name = "URL")]
    base_url: Option<Url>,

    /// Environment: dev, staging or prod (warns before every write)
    #[arg(long, value_name = "WORD", default_value = "dev")]
    environment: Environment,

    /// Make this the default profile
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
        let why = "a profile with this name already exists";
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
    app.printer.note(&format!("added profile {name} to {}", config.display()));
    if profile.key.is_none() {
        app.printer.note("the profile has no key; set RBGV_API_KEY to use it");
    }
    app.printer.note(&format!("to check it: rbgv profile check {name}"));
    if app.printer.style().json {
        app.printer.json(&serde_json::json!({
            "profile": name,
            "file": crate::output::events::json::path(&config),
        }));
    }
    Ok(ExitClass::Done)
}
