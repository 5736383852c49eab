//! Storing a profile and its key.

use std::path::PathBuf;

use url::Url;

use super::key::{KeyArgs, KeyInput, StoredKey};
use crate::cli::context::AppContext;
use crate::model::Failure;
use crate::settings::{
    Environment, KEYRING, NewProfile, ProfileSummary, RotationStep, VENDOR_URL, add_profile,
    check_profile_name, defines_profile, parse_base_url, rotate_key,
};

#[derive(Debug, clap::Args)]
pub(crate) struct NewProfileArgs {
    /// Base URL of the API [default: the vendor's URL]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<Url>,

    /// Environment: dev, staging or prod (warns before every write) [default: dev]
    #[arg(long, value_name = "WORD")]
    pub(crate) environment: Option<Environment>,

    /// Make this the default profile
    #[arg(long)]
    pub(crate) default: bool,

    /// Store the key without checking it against the service
    #[arg(long)]
    pub(crate) no_check: bool,

    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

/// A profile that is not stored yet.
pub(crate) struct ProfileToAdd<'a> {
    pub(crate) name: &'a str,
    pub(crate) base_url: Url,
    pub(crate) environment: Option<Environment>,
    pub(crate) make_default: bool,
    pub(crate) key: Option<KeyInput>,
    /// Store a key that was typed or read from standard input in the system keyring.
    pub(crate) keyring: bool,
}

/// The failure of a profile that is not added.
pub(crate) fn refused(name: &str, why: impl Into<String>) -> Failure {
    Failure::usage(format!("profile {name}"), why)
}

/// A profile without a key that exists under this name.
///
/// # Errors
/// The name is invalid, or is that of a profile with a key.
pub(crate) fn keyless(app: &AppContext, name: &str) -> Result<Option<ProfileSummary>, Failure> {
    if app.settings.has_key(name) {
        return Err(
            refused(name, "a profile with this name already exists").with_next("rbgv profile list")
        );
    }
    check_profile_name(name).map_err(|why| refused(name, why))?;
    Ok(app.settings.defined_profile(name).cloned())
}

/// The address of a new profile: `given`, or else that of the profile without a key that exists under
/// its name, or else the vendor's.
pub(crate) fn address(
    given: Option<&Url>,
    existing: Option<&ProfileSummary>,
) -> Result<Url, Failure> {
    if let (None, Some(existing)) = (given, existing) {
        return Ok(existing.base_url.clone());
    }
    let text = given.map_or(VENDOR_URL, Url::as_str);
    parse_base_url(text, false).map_err(|why| Failure::configuration("--base-url", why))
}

/// Adds a profile to the user's configuration file, or a key to a profile there that has none. Returns
/// the file.
pub(crate) fn store(app: &AppContext, new: ProfileToAdd<'_>) -> Result<PathBuf, Failure> {
    let config = app.user_file()?;
    let ProfileToAdd { name, base_url, environment, make_default, key, keyring } = new;
    let existing = keyless(app, name)?.filter(|known| {
        base_url != known.base_url || environment.is_some_and(|given| given != known.environment)
    });
    let is_in_file = defines_profile(&config, name)?;
    if let Some(known) = existing.filter(|_| is_in_file) {
        let why = format!(
            "it exists without a key, as {} at {}; other values need rbgv config set",
            known.environment, known.base_url
        );
        return Err(refused(name, why).with_next(format!("rbgv profile show {name}")));
    }
    let (source, kept) = match key {
        Some(KeyInput::Named(source)) => (Some(source), None),
        Some(KeyInput::Itself(key)) => {
            let kept = if keyring && KEYRING {
                StoredKey::in_keyring(&key, name)?
            } else {
                StoredKey::in_file(&key, &config, name)?
            };
            (Some(kept.source()), Some(kept))
        }
        None => (None, None),
    };
    let stored = match source {
        Some(source) if is_in_file => rotate_key(&config, name, &RotationStep::First(source)),
        source => {
            let vendor = parse_base_url(VENDOR_URL, false).ok();
            let profile = NewProfile {
                name: name.to_owned(),
                base_url: Some(base_url).filter(|url| vendor.as_ref() != Some(url)),
                environment: environment.unwrap_or_default(),
                key: source,
                make_default,
            };
            add_profile(&config, &profile)
        }
    };
    if let Err(failure) = stored {
        if let Some(kept) = kept {
            kept.undo();
        }
        return Err(failure);
    }
    Ok(config)
}
