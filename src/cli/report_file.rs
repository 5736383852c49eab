//! Writing the page about a batch: used by report, run and open.

use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::context::AppContext;
use super::files::{absolute, unwritable};
use crate::ledger::{AsyncLedger, BatchId};
use crate::model::Failure;
use crate::report::{EmbedResult, MediaLinks, PAGE_HEAD, gather, is_page, render};

/// Permissions of the page, less what the umask of the process removes.
const PAGE_MODE: u32 = 0o644;

/// Where a page goes. Made before a run, so that a wrong path costs nothing.
#[derive(Debug, Clone)]
pub(crate) struct ReportTarget {
    path: PathBuf,
    /// Without links, as the browser sees it.
    directory: PathBuf,
}

#[derive(Debug)]
pub(crate) struct WrittenReport {
    pub(crate) path: PathBuf,
    pub(crate) inputs: usize,
    pub(crate) bytes: usize,
    pub(crate) embedded: EmbedResult,
}

impl ReportTarget {
    pub(crate) fn new(app: &AppContext, file: &Path) -> Result<Self, Failure> {
        let path = absolute(&app.env, file);
        let wrong = |why: String| {
            Failure::usage(format!("the report {}", path.display()), why)
                .with_next("name a file in an existing directory, such as report.html")
        };
        if path.is_dir() {
            return Err(wrong("it is a directory".to_owned()));
        }
        refuse_other_files(&path)?;
        let (Some(parent), Some(_)) = (path.parent(), path.file_name()) else {
            return Err(wrong("it is not a file name".to_owned()));
        };
        match parent.canonicalize() {
            Ok(directory) if directory.is_dir() => Ok(Self { path, directory }),
            Ok(_) => Err(wrong(format!("{} is not a directory", parent.display()))),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Writes the page in one step. `embed`: with posters and small clips.
    pub(crate) async fn write(
        &self,
        app: &AppContext,
        ledger: &AsyncLedger,
        batch: BatchId,
        embed: bool,
    ) -> Result<WrittenReport, Failure> {
        let Some(record) = ledger.batch_record(batch).await? else {
            let why = "no such batch in this machine's ledger";
            return Err(Failure::usage(format!("batch {}", batch.0), why).with_next("rbgv status"));
        };
        let mut links = if embed {
            MediaLinks::embedding(self.directory.clone(), app.env.program_vars())
        } else {
            MediaLinks::relative_to(self.directory.clone())
        };
        // An output may have been written there since.
        refuse_other_files(&self.path)?;
        let now = app.env.clock.wall();
        let clips = |input: &_, source: Option<&_>| links.sides(input, source);
        let page = render(&gather(&record, now, &app.env.sanitizer, clips));
        write_in_one_step(&self.path, page.as_bytes())
            .map_err(|error| unwritable(&self.path, &error))?;
        Ok(WrittenReport {
            path: self.path.clone(),
            inputs: record.inputs.len(),
            bytes: page.len(),
            embedded: links.embedded(),
        })
    }
}

/// Refuses to replace anything but an earlier page: a mistyped name may be that of a video.
fn refuse_other_files(path: &Path) -> Result<(), Failure> {
    let failed = |why: String| Failure::usage(path.display().to_string(), why);
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(PAGE_HEAD).read_to_end(&mut head)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error.to_string())),
        Ok(_) if is_page(&head) => Ok(()),
        Ok(_) => Err(failed("there is a file of this name, which is not a report".to_owned())
            .with_next("choose another name for the report")),
    }
}

fn write_in_one_step(path: &Path, page: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".rbgv-report-")
        .permissions(Permissions::from_mode(PAGE_MODE))
        .tempfile_in(directory)?;
    file.write_all(page)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
