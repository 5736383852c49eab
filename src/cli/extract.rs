//! Unpacking archives of pictures, bounded and never outside their directory.

use super::session::Session;
use crate::flow::Context;
use crate::ledger::BatchId;
use crate::media::{ArchiveBounds, extract_archive};
use crate::model::{Failure, FailureKind};

/// Unpacks every archive that a batch has fetched into a directory of its name.
pub(super) async fn unpack(
    session: &Session,
    context: &Context,
    batch: BatchId,
) -> Result<(), Failure> {
    let targets = context.ledger(move |ledger, _| ledger.fetched(batch)).await?;
    for archive in targets {
        if archive.extension().is_none_or(|ending| ending != "zip") {
            continue;
        }
        let directory = archive.with_extension("");
        let unpacked = {
            let (archive, directory) = (archive.clone(), directory.clone());
            tokio::task::spawn_blocking(move || {
                extract_archive(&archive, &directory, ArchiveBounds::default())
            })
            .await
            .map_err(|error| Failure::local("unpacking", &error))?
        };
        let files = unpacked.map_err(|bad| {
            let what = format!("unpacking {}", archive.display());
            Failure::new(FailureKind::Unverified, what, bad.to_string())
        })?;
        session.printer.note(&format!("{} pictures in {}", files.len(), directory.display()));
    }
    Ok(())
}
