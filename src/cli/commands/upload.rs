//! `rbgv upload`: gives files to the service and prints their addresses.

use std::path::PathBuf;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::flow::upload_files;
use crate::model::{ExitClass, Failure};
use crate::output::formats::amounts;

/// Upload videos and print their addresses, one a line
///
/// The same bytes are not sent twice while the address is known to work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Videos
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Send the bytes even if the service has them
    #[arg(long)]
    again: bool,

    /// Use a server inside this process: no account, no cost
    #[arg(long)]
    pub(crate) sandbox: bool,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let uploads = amounts::counted(args.files.len() as u64, "upload", "uploads");
    app.warn_production(&format!("{uploads}, which cost nothing"));
    let context = app.context(app.reporter())?;
    context.service.release_latches().await?;
    let files: Vec<PathBuf> = args.files.iter().map(|file| absolute(&app.env, file)).collect();
    let printer = &app.printer;
    upload_files(&context, &files, args.again, |path, url| {
        if printer.style().json {
            printer.json(&serde_json::json!({
                "event": "uploaded",
                "input": crate::output::events::json::path(path),
                "video_url": url,
            }));
        } else {
            printer.data(url);
        }
    })
    .await
}
