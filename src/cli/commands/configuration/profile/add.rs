//! `rbgv profile add`: adds a profile to the user's configuration file.

use crate::cli::context::AppContext;
use crate::cli::new_profile::add::{NewProfileArgs, ProfileToAdd, address, keyless, store};
use crate::cli::new_profile::check::{self, unchecked};
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::ProfileAdded;
use crate::output::events::json;

/// Add a profile to your configuration file
///
/// The key is never given on the command line. Name its source (a variable, file, command or keyring
/// entry), pass it on standard input, or type it at a hidden prompt. It is checked against the service,
/// free of charge, before anything is stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Profile name (letters, digits, - and _)
    name: String,

    #[command(flatten)]
    new: NewProfileArgs,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let Args { name, new } = args;
    let existing = keyless(app, &name)?;
    let base_url = address(new.base_url.as_ref(), existing.as_ref())?;
    let key = new.key.given(app, &name)?;
    let checked = match &key {
        Some(key) if !new.no_check => {
            Some(check::new_key(app, &name, &base_url, key).await.map_err(unchecked)?)
        }
        _ => None,
    };
    let has_key = key.is_some();
    let profile = ProfileToAdd {
        name: &name,
        base_url,
        environment: new.environment,
        make_default: new.default,
        key,
        keyring: false,
    };
    let config = store(app, profile)?;
    let printer = &app.printer;
    printer.note(&format!("added profile {name} to {}", config.display()));
    match &checked {
        Some(account) => printer.note(&format!("key {account}")),
        None if has_key => printer.note(&format!("to check it: rbgv profile check {name}")),
        None => printer.note("the profile has no key; set RBGV_API_KEY to use it"),
    }
    if printer.style().json {
        printer.document(&ProfileAdded {
            profile: &name,
            file: json::path(&config),
            checked: checked.is_some(),
        });
    }
    Ok(ExitClass::Done)
}
