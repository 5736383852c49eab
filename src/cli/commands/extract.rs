//! Unpacking archives of pictures, bounded and never outside their directory.

use crate::cli::context::AppContext;
use crate::flow::Context;
use crate::ledger::BatchId;
use crate::media::{ArchiveBounds, OutputError, extract_archive};
use crate::model::Failure;

/// Unpacks every archive that a batch has fetched into a directory of its name. With `overwrite`, files
/// in a directory that exists are replaced.
pub(crate) async fn unpack(
    app: &AppContext,
    context: &Context,
    batch: BatchId,
    overwrite: bool,
) -> Result<(), Failure> {
    let targets = context.ledger(move |ledger, _| ledger.output_paths(batch)).await?;
    for archive in targets {
        if archive.extension().is_none_or(|ending| ending != "zip") {
            continue;
        }
        let directory = archive.with_extension("");
        let unpacked = {
            let (archive, directory) = (archive.clone(), directory.clone());
            tokio::task::spawn_blocking(move || {
                extract_archive(&archive, &directory, ArchiveBounds::default(), overwrite)
            })
            .await
            .map_err(|error| Failure::local("unpacking", &error))?
        };
        let files = unpacked.map_err(|bad| {
            let what = format!("unpacking {}", archive.display());
            let why = context.service.clean(&bad.to_string());
            let failure = Failure::new(bad.kind(), what, why);
            match bad {
                OutputError::Exists(_) if !overwrite => failure.with_next(
                    "add --overwrite, which replaces the files in it that are in the way",
                ),
                _ => failure,
            }
        })?;
        app.printer.note(&format!("{} pictures in {}", files.len(), directory.display()));
    }
    Ok(())
}
