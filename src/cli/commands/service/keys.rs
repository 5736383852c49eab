//! `rbgv keys`: manages API keys of the service, with an admin token.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::args::rows::{RowArgs, rows};
use crate::cli::context::AppContext;
use crate::cli::files::{absolute, new_file};
use crate::client::{AdminKey, Client, NewKey, RequestOptions};
use crate::model::{Execution, ExitClass, Failure};
use crate::output::Table;
use crate::output::documents::account::{KeyLine, KeySwitch, NewKeyDocument};
use crate::output::events::json;

/// List, create and disable API keys (admin token required)
///
/// The token comes from RBGV_ADMIN_TOKEN or the profile. The fingerprints are those of the service,
/// which differ from the fingerprints that other commands show.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the keys
    List {
        #[command(flatten)]
        rows: RowArgs,
    },
    /// Create a key, which is shown only once
    Create {
        /// Client that the key is for
        client_id: String,
        /// Note stored with the key
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
        /// Write the key to a new file that only you can read, instead of printing it
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Disable a key
    Disable {
        /// Fingerprint of the key, as shown by rbgv keys list
        fingerprint: String,
    },
    /// Enable a disabled key
    Enable {
        /// Fingerprint of the key, as shown by rbgv keys list
        fingerprint: String,
    },
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let client = app.admin_client()?;
    let call = || RequestOptions::plain();
    match args.command {
        Command::List { rows } => list(app, &client, &rows).await?,
        Command::Create { client_id, note, to } => {
            app.warn_production(&format!("creates a key for {client_id}"));
            let to = to.map(|file| absolute(&app.env, &file));
            create(app, &client, &client_id, note.as_deref(), to.as_deref()).await?;
        }
        Command::Disable { fingerprint } => {
            if app.warn_production(&format!("disables key {fingerprint}")) {
                app.confirm(&format!("Disable key {fingerprint}?"))?;
            }
            client.admin_disable_key(&fingerprint, call()).await?;
            report_switch(app, &fingerprint, false);
        }
        Command::Enable { fingerprint } => {
            app.warn_production(&format!("enables key {fingerprint}"));
            client.admin_enable_key(&fingerprint, call()).await?;
            report_switch(app, &fingerprint, true);
        }
    }
    Ok(ExitClass::Done)
}

async fn list(app: &AppContext, client: &Client, form: &RowArgs) -> Result<(), Failure> {
    let keys = client.admin_keys(RequestOptions::plain()).await?;
    let printer = &app.printer;
    if form.is_given() {
        return form.print(printer, &rows(keys.iter().map(key_line)));
    }
    if printer.style().json {
        printer.document(&keys.iter().map(key_line).collect::<Vec<_>>());
        return Ok(());
    }
    let mut table =
        Table::new(["client", "fingerprint", "enabled", "note"]).names([0]).words([3]).drops([3]);
    for key in keys {
        let note = key.raw.get("note").and_then(|note| note.as_str()).unwrap_or_default();
        table.row([
            key.client_id.clone().unwrap_or_default(),
            key.key_fingerprint.clone().unwrap_or_default(),
            key.enabled.map_or("?", |enabled| if enabled { "yes" } else { "no" }).to_owned(),
            note.to_owned(),
        ]);
    }
    printer.table(&table);
    Ok(())
}

fn key_line(key: &AdminKey) -> KeyLine<'_> {
    KeyLine {
        client_id: key.client_id.as_deref(),
        key_fingerprint: key.key_fingerprint.as_deref(),
        enabled: key.enabled,
        answer: &key.raw,
    }
}

async fn create(
    app: &AppContext,
    client: &Client,
    client_id: &str,
    note: Option<&str>,
    to: Option<&Path>,
) -> Result<(), Failure> {
    // The file first, because a key that cannot be saved would be lost.
    let file = to.map(new_file).transpose()?;
    let made = client.admin_create_key(client_id, note, RequestOptions::plain()).await;
    let made = made.map_err(|failure| {
        if let Some(path) = to {
            // The file is still empty.
            let _ = std::fs::remove_file(path);
        }
        match failure.delivery {
            Execution::Ambiguous => {
                failure.with_next("rbgv keys list  # then disable the new key, if it was created")
            }
            _ => failure,
        }
    })?;
    if let (Some(mut file), Some(path)) = (file, to) {
        writeln!(file, "{}", made.api_key.expose()).and_then(|()| file.sync_all()).map_err(
            |error| {
                let next = made.key_fingerprint.as_deref().map_or_else(
                    || "rbgv keys list  # then disable the new key".to_owned(),
                    |fingerprint| format!("rbgv keys disable {fingerprint}"),
                );
                Failure::local(format!("writing the new key to {}", path.display()), &error)
                    .with_next(next)
            },
        )?;
    }
    report_new_key(app, client_id, &made, to);
    Ok(())
}

/// Reports a new key. The key itself goes to the file or to standard output, never to both.
fn report_new_key(app: &AppContext, client_id: &str, made: &NewKey, to: Option<&Path>) {
    let printer = &app.printer;
    let fingerprint = made.key_fingerprint.as_deref();
    if printer.style().json {
        printer.document(&NewKeyDocument {
            client_id,
            key_fingerprint: fingerprint,
            file: to.map(json::path),
            api_key: to.is_none().then(|| made.api_key.expose()),
        });
        return;
    }
    let called = fingerprint.unwrap_or("(fingerprint unknown)");
    if let Some(path) = to {
        printer.note(&format!("created key {called}"));
        printer.path(path);
    } else {
        printer.note(&format!("created key {called}; it is not shown again"));
        printer.data(made.api_key.expose());
    }
}

fn report_switch(app: &AppContext, fingerprint: &str, enabled: bool) {
    let printer = &app.printer;
    if printer.style().json {
        printer.document(&KeySwitch { key_fingerprint: fingerprint, enabled });
    } else {
        printer.note(&format!(
            "key {fingerprint} is {}",
            if enabled { "enabled" } else { "disabled" }
        ));
    }
}
