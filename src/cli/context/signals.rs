//! Ctrl-C and SIGTERM: the first stops the run cleanly, the second quits immediately.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::flow::{Context, interrupted};
use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// A token that is cancelled by the first signal. The second ends the process, which is safe because
/// the ledger is always consistent.
pub(crate) fn stop_on_signals(printer: &Printer) -> Result<CancellationToken, Failure> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::local("listening for signals", &error));
    let (interrupt, terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    tokio::spawn(watch(interrupt, terminate, stop.clone(), printer.clone()));
    Ok(stop)
}

/// Time that a stopped command has to end by itself.
const STOP_TIMEOUT: Duration = Duration::from_millis(4_500);

/// Ends the process if a stopped command does not end by itself, for example because it waits for
/// user input or for a file system.
pub(crate) fn leave_when_stopped(context: Arc<Context>, printer: &Printer) {
    let printer = printer.clone();
    tokio::spawn(async move {
        context.stop.cancelled().await;
        tokio::time::sleep(STOP_TIMEOUT).await;
        let failure = context.with_stop_reason(interrupted()).or_next_of_kind();
        printer.failure(&failure);
        leave(&printer, failure.kind.exit_class());
    });
}

async fn watch(
    mut interrupt: Signal,
    mut terminate: Signal,
    stop: CancellationToken,
    printer: Printer,
) {
    next(&mut interrupt, &mut terminate).await;
    stop.cancel();
    printer.note("stopping; press Ctrl-C again to quit now");
    next(&mut interrupt, &mut terminate).await;
    leave(&printer, ExitClass::Interrupted);
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::exit, reason = "the user wants to quit now, and the ledger is consistent")]
fn leave(printer: &Printer, class: ExitClass) -> ! {
    printer.abandon_bars();
    std::process::exit(i32::from(class.code()))
}
