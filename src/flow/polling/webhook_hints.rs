//! Webhooks as hints. A webhook decides nothing: it brings the next poll of its job forward.

use std::sync::Arc;
use std::time::Duration;

use super::list_poll::ListPoller;
use crate::flow::context::Context;

/// Interval at which the ledger is read for deliveries. One read serves every job of a run.
const READ_INTERVAL: Duration = Duration::from_millis(250);

/// Reads the deliveries that a listener of this machine received for the followed jobs, until the
/// run is stopped.
pub(crate) async fn read_hints(context: Arc<Context>, list: Arc<ListPoller>) {
    let waiting = |state: &mut super::list_schedule::ListSchedule, _| match state.unannounced() {
        jobs if jobs.is_empty() => Err(None),
        jobs => Ok(jobs),
    };
    while let Ok(jobs) = context.unless_stopped(list.wait_for(&context, waiting)).await {
        let origin = context.key.origin.clone();
        let read = context.ledger(move |ledger, _| {
            let mut ended = Vec::new();
            for job in jobs {
                if ledger.has_final_delivery(&origin, &job)? {
                    ended.push(job);
                }
            }
            Ok((ledger.listener_address(&origin)?.is_some(), ended))
        });
        // A ledger error is ignored here; the next commit reports it.
        if let Ok((has_listener, ended)) = read.await {
            list.hint(has_listener, &ended);
        }
        if context.sleep(READ_INTERVAL).await.is_err() {
            return;
        }
    }
}
