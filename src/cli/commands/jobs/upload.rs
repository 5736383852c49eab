//! `rbgv upload`: uploads files and prints their URLs.

use std::path::PathBuf;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::flow::upload_files;
use crate::model::{ExitClass, Failure};
use crate::output::documents::local::UploadLine;
use crate::output::events::json;
use crate::output::formats::amounts;

/// Upload videos and print their URLs, one per line
///
/// A file with the same content is not uploaded again while its URL is known to work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Videos to upload
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Upload even if the service already has the file
    #[arg(long)]
    again: bool,

    /// Use a built-in local server (no account, no cost)
    #[arg(long)]
    pub(crate) sandbox: bool,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let uploads = amounts::counted(args.files.len() as u64, "upload", "uploads");
    app.warn_production(&format!("{uploads} (free)"));
    let context = app.context()?;
    context.service.lift_key_blocks().await?;
    let named = |file: &PathBuf| (file.display().to_string(), absolute(&app.env, file));
    let files: Vec<(String, PathBuf)> = args.files.iter().map(named).collect();
    let printer = &app.printer;
    let mut uploaded = 0;
    let class = upload_files(&context, &files, args.again, |path, url| {
        uploaded += 1;
        if printer.style().json {
            let input = json::path(path);
            printer.document(&UploadLine::Uploaded { input, video_url: url });
        } else {
            printer.data(url);
        }
    })
    .await?;
    if uploaded > 0 && !printer.style().json {
        let files = amounts::counted(uploaded, "file is", "files are");
        printer.note(&format!("{files} at the service (free)"));
    }
    Ok(class)
}
