//! `rbgv usage`: credits as counted by the service and by the ledger. Reading order: `args`, `report`
//! (shared), then the views: `service` with `figures`, `groups`, `audit`.

mod args;
mod audit;
mod figures;
mod groups;
mod report;
mod service;

pub(crate) use self::args::Args;
use crate::cli::context::AppContext;
use crate::model::{ExitClass, Failure};

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    if args.csv && app.printer.style().json {
        return Err(Failure::usage("--csv with --json", "use only one of them"));
    }
    match args.by {
        Some(by) => groups::run(&args, by, app).await,
        None if args.reconcile => audit::run(&args, app).await,
        None => service::run(&args, app).await,
    }
}
