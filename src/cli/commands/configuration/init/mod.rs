//! `rbgv init`: the first profile, from the key to a first clip. Reading order: this file, `sample`.

mod sample;

use url::Url;

use self::sample::SampleChoice;
use crate::cli::context::AppContext;
use crate::cli::new_profile::add::{NewProfileArgs, ProfileToAdd, address, keyless, store};
use crate::cli::new_profile::check::{self, unchecked};
use crate::cli::new_profile::key::{KeyInput, ask_key};
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::documents::local::ProfileAdded;
use crate::output::events::json;
use crate::settings::{Environment, KEYRING, VENDOR_URL};

/// Set up rbgv: check and store your API key, and try a sample clip
///
/// In a terminal, it asks for everything. Otherwise the key comes from one of the --key options, and
/// --profile names the profile. The key is checked against the service, free of charge, before anything
/// is stored.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    new: NewProfileArgs,

    /// Process a sample clip afterwards: in the sandbox (on this machine, free) or at the service (billed)
    /// [default: ask in a terminal, otherwise none]
    #[arg(long, value_enum, value_name = "WHERE")]
    sample: Option<SampleChoice>,
}

/// The rest of the setup, once the profile is stored.
pub(crate) struct SetupEnd {
    /// The command that processes the sample clip.
    pub(crate) sample: Option<Vec<std::ffi::OsString>>,
    /// The last words to the user.
    pub(crate) closing: Option<String>,
}

const INTRO: &str = "\
rbgv removes the background of videos through the RemoveBGVideo API, from one clip to ten thousand. \
It needs an API key, which you create in the dashboard of the service (API Management).
";

/// Name of the first profile.
const FIRST_PROFILE: &str = "default";

/// Sets up the profile `name`, or one whose name is asked for.
pub(crate) async fn run(
    args: Args,
    name: Option<String>,
    app: &AppContext,
) -> Result<SetupEnd, Failure> {
    let terminal = app.env.terminal;
    let is_attended = terminal.stdin && terminal.stderr;
    if is_attended {
        app.printer.message(INTRO);
    } else if !args.new.key.is_given() {
        let why = "no terminal to ask for the key on; add --key-stdin, --key-env NAME, --key-file FILE, \
                   --key-command COMMAND or --key-keyring ENTRY, and --profile, --environment or \
                   --base-url if the defaults do not fit";
        return Err(Failure::usage("init", why).with_next("rbgv init --help"));
    }
    if let Some(name) = &name {
        keyless(app, name)?;
    }
    let base_url = base_url(&args.new, name.as_deref(), app)?;
    let given = if args.new.key.is_given() { args.new.key.given(app, "init")? } else { None };
    let found = match given {
        Some(key) if args.new.no_check => Some((key, None)),
        Some(key) => {
            let owner = name.as_deref().unwrap_or(FIRST_PROFILE);
            let account = check::new_key(app, owner, &base_url, &key).await.map_err(unchecked)?;
            Some((key, Some(account)))
        }
        None => ask_for_key(app, &base_url, args.new.no_check).await?,
    };
    let Some((key, account)) = found else {
        app.printer.help("No key entered, and nothing stored.", false);
        let sample = sample::choose(app, None, args.sample, is_attended).await?;
        let closing = "To set up a key later: rbgv init".to_owned();
        return Ok(SetupEnd { sample, closing: Some(closing) });
    };
    if let Some(account) = &account {
        app.printer.note(&format!("key {account}"));
    }
    let name = match name {
        Some(name) => name,
        None if is_attended => ask_for_name(app)?,
        None => FIRST_PROFILE.to_owned(),
    };
    let existing = keyless(app, &name)?;
    let environment = match (args.new.environment, &existing) {
        (Some(environment), _) => Some(environment),
        (None, None) if is_attended => Some(ask_for_environment(app)?),
        _ => None,
    };
    let is_typed = matches!(key, KeyInput::Itself(_));
    let keyring = KEYRING
        && is_typed
        && is_attended
        && app.printer.ask("Store the key in the system keyring instead of a file?");
    let profile = ProfileToAdd {
        name: &name,
        base_url,
        environment,
        make_default: args.new.default,
        key: Some(key),
        keyring,
    };
    let config = store(app, profile)?;
    app.printer.note(&format!("added profile {name} to {}", config.display()));
    if app.printer.style().json {
        app.printer.document(&ProfileAdded {
            profile: &name,
            file: json::path(&config),
            checked: account.is_some(),
        });
    }
    ready(app, &name, account.is_some(), args.sample, is_attended).await
}

/// The offer of a sample clip, and three commands to try, with the stored profile.
async fn ready(
    app: &AppContext,
    name: &str,
    is_checked: bool,
    wanted: Option<SampleChoice>,
    is_attended: bool,
) -> Result<SetupEnd, Failure> {
    if let Some(variable) = app.settings.key_variable() {
        app.printer.warn(&format!("{variable} is set and overrides the keys of all profiles"));
    }
    let stored = app.with_profile(name)?;
    let service = is_checked.then_some(&stored);
    let sample = sample::choose(app, service, wanted, is_attended).await?;
    let choice = if app.active_profile().is_ok_and(|active| active == name) {
        String::new()
    } else {
        format!(" --profile {name}")
    };
    let try_next = [
        ("run clip.mp4 --dry-run", "what would be sent, and the price"),
        ("run clip.mp4", "writes clip-nobg.webm next to it"),
        ("usage", "credits per day"),
    ];
    let width = try_next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let lines = try_next.map(|(command, what)| {
        format!("  rbgv {command}{choice}{}  # {what}", " ".repeat(width - command.len()))
    });
    let closing = is_attended.then(|| format!("Three commands to try:\n{}", lines.join("\n")));
    Ok(SetupEnd { sample, closing })
}

/// The address of the service: as given, or that of the profile `name`, or that of the active profile.
fn base_url(new: &NewProfileArgs, name: Option<&str>, app: &AppContext) -> Result<Url, Failure> {
    let active = &app.settings.profile;
    let named = name.filter(|name| **name != active.name);
    let existing = named.map(|name| keyless(app, name)).transpose()?.flatten();
    let given = new.base_url.as_ref().or(existing.is_none().then_some(&active.base_url));
    let url = address(given, existing.as_ref())?;
    if new.base_url.is_none() && url.as_str().trim_end_matches('/') != VENDOR_URL {
        app.printer.note(&format!("the service is {url}; to use another, add --base-url"));
    }
    Ok(url)
}

/// A key that the service accepts, with what it says about the account; `None` if none is entered.
/// Without an answer of the service, the user decides whether to continue with an unchecked key.
async fn ask_for_key(
    app: &AppContext,
    base_url: &Url,
    no_check: bool,
) -> Result<Option<(KeyInput, Option<String>)>, Failure> {
    loop {
        let question = "API key (hidden; leave blank to try rbgv without one first):";
        let key = match ask_key(app, question) {
            Ok(Some(key)) => KeyInput::Itself(key),
            Ok(None) => return Ok(None),
            Err(failure) if failure.kind == FailureKind::Usage => {
                app.printer.failure(&failure);
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if no_check {
            return Ok(Some((key, None)));
        }
        match check::new_key(app, FIRST_PROFILE, base_url, &key).await {
            Ok(account) => return Ok(Some((key, Some(account)))),
            Err(failure) if failure.kind.exit_class() == ExitClass::Credentials => {
                let next = "enter the key again, as the dashboard of the service shows it";
                app.printer.failure(&failure.with_next(next));
            }
            Err(failure) => {
                app.printer.failure(&Failure { next: None, ..failure.clone() });
                if app.printer.ask("The key could not be checked. Store it unchecked?") {
                    return Ok(Some((key, None)));
                }
                return Err(
                    Failure::usage("cancelled", "nothing was stored").with_next("rbgv doctor")
                );
            }
        }
    }
}

fn cancelled() -> Failure {
    Failure::usage("cancelled", "nothing was stored").with_next("rbgv init")
}

/// The name of a profile that does not have a key yet.
fn ask_for_name(app: &AppContext) -> Result<String, Failure> {
    let active = app.settings.profile.name.as_str();
    let usual = [active, FIRST_PROFILE].into_iter().find(|name| !app.settings.has_key(name));
    loop {
        let shown = usual.map(|name| format!(" [{name}]")).unwrap_or_default();
        let answer =
            app.printer.ask_text(&format!("Profile name{shown}:")).ok_or_else(cancelled)?;
        let name = if answer.is_empty() { usual.unwrap_or_default().to_owned() } else { answer };
        match keyless(app, &name) {
            Ok(_) => return Ok(name),
            Err(failure) => app.printer.failure(&failure),
        }
    }
}

fn ask_for_environment(app: &AppContext) -> Result<Environment, Failure> {
    loop {
        let question = "Environment: dev, staging or prod (warns before every write) [dev]:";
        let answer = app.printer.ask_text(question).ok_or_else(cancelled)?;
        if answer.is_empty() {
            return Ok(Environment::Dev);
        }
        match answer.parse() {
            Ok(environment) => return Ok(environment),
            Err(why) => app.printer.error(&why),
        }
    }
}
