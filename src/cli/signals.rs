//! Ctrl-C and SIGTERM: the first ends the run cleanly, the second leaves at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// A token that is cancelled by the first signal. The second ends the process: the ledger is
/// consistent at every moment, so nothing is lost but the time to say goodbye.
pub(super) fn stop_on_signals(printer: &Printer) -> Result<CancellationToken, Failure> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::local("listening for signals", &error));
    let (interrupt, terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    tokio::spawn(watch(interrupt, terminate, stop.clone(), printer.clone()));
    Ok(stop)
}

async fn watch(
    mut interrupt: Signal,
    mut terminate: Signal,
    stop: CancellationToken,
    printer: Printer,
) {
    next(&mut interrupt, &mut terminate).await;
    stop.cancel();
    printer.note("stopping cleanly; once more to leave at once");
    next(&mut interrupt, &mut terminate).await;
    leave();
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::exit, reason = "the user asked twice; nothing that is left matters more")]
fn leave() -> ! {
    std::process::exit(i32::from(ExitClass::Interrupted.code()))
}
