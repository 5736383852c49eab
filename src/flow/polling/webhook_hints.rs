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
        let (ledger, origin) = (&context.ledger, &context.key.origin);
        // A ledger error is ignored here; the next commit reports it.
        if let Ok(ended) = ledger.jobs_with_final_delivery(origin, &jobs).await
            && let Ok(listener) = ledger.listener_address(origin).await
        {
            list.hint(listener.is_some(), &ended);
        }
        if context.sleep(READ_INTERVAL).await.is_err() {
            return;
        }
    }
}
