//! Notes about long waits for the service. One task watches each client, so that single calls do not
//! have to.

use std::sync::Arc;
use std::time::Duration;

use crate::client::{Client, OutageView};
use crate::model::{Clock, Instant};
use crate::output::{Printer, events::messages, formats::amounts};

/// Interval between two checks.
const TICK: Duration = Duration::from_millis(250);

/// A wait is reported once it has lasted this long.
const NOTICE: Duration = Duration::from_millis(1_500);

/// What was reported.
#[derive(Default)]
struct WaitNote {
    /// Start of the reported time without a response.
    since: Option<Instant>,
    /// Whether failing calls were reported.
    failing: bool,
    /// End of the reported pause.
    pause: Option<Instant>,
}

/// Reports long waits of `client` from now on. Runs report them as events.
pub(crate) fn watch_waits(client: &Client, printer: &Printer, clock: &Arc<dyn Clock>) {
    let (view, printer, clock) = (client.outage_view(), printer.clone(), Arc::clone(clock));
    let host = client.origin().to_owned();
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(watch(view, host, printer, clock));
    }
}

async fn watch(view: OutageView, host: String, printer: Printer, clock: Arc<dyn Clock>) {
    let mut reported = WaitNote::default();
    loop {
        tokio::time::sleep(TICK).await;
        let Some(wait) = view.now() else { return };
        let now = clock.now();
        if let Some(pause) = wait.pause().filter(|pause| pause.until > now)
            && reported.pause != Some(pause.until)
            && !wait.is_reported()
        {
            let why = messages::failure(&pause.failure);
            let wait = amounts::elapsed(pause.until.since(now));
            printer.warn(&format!("{why}; continuing in {wait}"));
            reported.pause = Some(pause.until);
        }
        let Some(unanswered) = wait.unanswered() else { continue };
        if reported.since != Some(unanswered.since) {
            (reported.since, reported.failing) = (None, false);
        }
        let age = now.since(unanswered.since);
        if age < NOTICE || wait.is_reported() || !wait.is_waiting() {
            continue;
        }
        match &unanswered.failure {
            Some(failure) if !reported.failing => {
                printer.warn(&messages::outage(failure, age, None));
                (reported.since, reported.failing) = (Some(unanswered.since), true);
            }
            None if reported.since.is_none() => {
                printer.note(&format!("waiting for {host}: {}", unanswered.what));
                reported.since = Some(unanswered.since);
            }
            _ => {}
        }
    }
}
