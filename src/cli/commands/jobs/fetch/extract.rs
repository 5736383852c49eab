//! `fetch --extract`: bounded extraction of image archives, never outside their directory.

use crate::blocking::blocking;
use crate::cli::context::AppContext;
use crate::flow::Context;
use crate::ledger::BatchId;
use crate::media::{ArchiveBounds, OutputError, extract_archive};
use crate::model::{Failure, Target};
use crate::output::formats::amounts;

/// Extracts every archive that a batch has downloaded into a directory of the same name. `overwrite`
/// allows an existing directory and replaces files in it.
pub(crate) async fn unpack(
    app: &AppContext,
    context: &Context,
    batch: BatchId,
    overwrite: bool,
) -> Result<(), Failure> {
    for target in context.ledger.output_targets(batch).await? {
        let archive = match target {
            Target::File(archive) => archive,
            Target::Object(url) => {
                let text = format!("{url} is not extracted: only local archives are");
                app.printer.warn(&text);
                continue;
            }
        };
        if archive.extension().is_none_or(|ending| ending != "zip") {
            continue;
        }
        let directory = archive.with_extension("");
        let unpacked = {
            let (archive, directory) = (archive.clone(), directory.clone());
            blocking(move || {
                Ok(extract_archive(&archive, &directory, ArchiveBounds::default(), overwrite))
            })
            .await?
        };
        let files = unpacked.map_err(|bad| {
            let what = format!("extracting {}", archive.display());
            let why = context.service.clean(&bad.to_string());
            let failure = Failure::new(bad.kind(), what, why);
            match bad {
                OutputError::Exists(_) if !overwrite => {
                    failure.with_next("add --overwrite to replace files in this directory")
                }
                _ => failure,
            }
        })?;
        let images = amounts::counted(files.len() as u64, "image", "images");
        app.printer.note(&format!("extracted {images} to {}", directory.display()));
    }
    Ok(())
}
