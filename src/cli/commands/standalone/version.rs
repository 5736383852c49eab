//! `rbgv version`: the version and how it was built.

use crate::output::documents::local::VersionDocument;

use crate::env::platform;
use crate::model::ExitClass;
use crate::output::Printer;
use crate::smoke::CONTRACT;

/// Print the version, target, features and API contract
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The commit, where the build sets this variable.
const COMMIT: Option<&str> = option_env!("RBGV_COMMIT");

pub(crate) fn run(printer: &Printer) -> ExitClass {
    let version = env!("CARGO_PKG_VERSION");
    let features: Vec<&str> =
        [("keyring", cfg!(feature = "keyring")), ("matting", cfg!(feature = "matting"))]
            .into_iter()
            .filter_map(|(name, is_built)| is_built.then_some(name))
            .collect();
    let (system, machine) = platform();
    let libc = if cfg!(target_env = "musl") { "-musl" } else { "" };
    let target = format!("{machine}-{system}{libc}");
    let commit = COMMIT.filter(|commit| !commit.is_empty());
    if printer.style().json {
        printer.document(&VersionDocument {
            version,
            commit,
            target: &target,
            features: &features,
            contract: CONTRACT,
        });
        return ExitClass::Done;
    }
    let listed = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    printer.data(&format!("rbgv {version}"));
    printer.data(&format!("commit: {}", commit.unwrap_or("unknown")));
    printer.data(&format!("target: {target}"));
    printer.data(&format!("features: {listed}"));
    printer.data(&format!("API contract: {CONTRACT}"));
    ExitClass::Done
}
