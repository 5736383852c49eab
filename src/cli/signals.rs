//! Ctrl-C and SIGTERM: the first ends the run cleanly, the second leaves at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::flow::{Context, interrupted};
use crate::model::{ExitClass, Failure};
use crate::output::Printer;

/// A token that is cancelled by the first signal. The second ends the process: the ledger is
/// consistent at every moment, so nothing is lost but the time to say goodbye.
pub(crate) fn stop_on_signals(printer: &Printer) -> Result<CancellationToken, Failure> {
    let listen =
        |kind| signal(kind).map_err(|error| Failure::local("listening for signals", &error));
    let (interrupt, terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    tokio::spawn(watch(interrupt, terminate, stop.clone(), printer.clone()));
    Ok(stop)
}

/// How long a command that was stopped may take to end by itself.
const LEAVE_AFTER: Duration = Duration::from_millis(4_500);

/// Ends the process when a command that was stopped, by a signal or since its time is over, does not
/// end by itself: it may wait for an answer of the user, or of a file system.
pub(crate) fn leave_when_stopped(context: Arc<Context>, printer: &Printer) {
    let printer = printer.clone();
    tokio::spawn(async move {
        context.stop.cancelled().await;
        tokio::time::sleep(LEAVE_AFTER).await;
        let failure = context.explained(interrupted());
        printer.failure(&failure.clone().with_next("rbgv resume"));
        leave(failure.kind.exit_class());
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
    printer.note("stopping cleanly; once more to leave at once");
    next(&mut interrupt, &mut terminate).await;
    leave(ExitClass::Interrupted);
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(clippy::exit, reason = "the user waits for the end; nothing that is left matters more")]
fn leave(class: ExitClass) -> ! {
    std::process::exit(i32::from(class.code()))
}
