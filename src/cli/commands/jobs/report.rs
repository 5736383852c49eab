//! `rbgv report`: a page about a batch.

use std::path::PathBuf;

use crate::cli::context::AppContext;
use crate::cli::report_file::ReportTarget;
use crate::ledger::BatchId;
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::ReportWritten;
use crate::output::events::json;

/// Write a page about a batch: before and after, times, credits, failures
///
/// The page is one HTML file that loads nothing from the network. It links to inputs and outputs
/// relative to its own directory. Reads this machine's ledger, not the service.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Batch number, as shown by rbgv status [default: the newest batch]
    batch: Option<i64>,

    /// Page to write; an earlier page is replaced [default: rbgv-report-BATCH.html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Embed posters, and clips of up to 1 MiB, so that the page can be sent alone (50 MiB at most)
    #[arg(long)]
    embed: bool,
}

pub(crate) async fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    let batch = match args.batch {
        Some(number) => BatchId(number),
        None => match ledger.latest_batch().await? {
            Some(batch) => batch,
            None => return Ok(app.nothing_to_do("no batches yet")),
        },
    };
    let named = args.output.clone();
    let file = named.unwrap_or_else(|| format!("rbgv-report-{}.html", batch.0).into());
    let written = ReportTarget::new(app, &file)?.write(app, &ledger, batch, args.embed).await?;
    for warning in written.embedded.warnings() {
        app.printer.warn(&warning);
    }
    if app.printer.style().json {
        app.printer.document(&ReportWritten {
            batch: batch.0,
            report: json::path(&written.path),
            inputs: written.inputs,
            bytes: written.bytes,
        });
    } else {
        app.printer.path(&file);
    }
    Ok(ExitClass::Done)
}
