//! Many parallel calls, to check that a 429 is waited out and no call is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use super::free::one_job;
use crate::client::RequestOptions;
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{Failure, FailureKind};
use crate::smoke::run::SmokeRun;

impl SmokeRun<'_> {
    pub(crate) async fn burst(&self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Burst;
        let Some((client, calls)) = &self.setup.clients.burst else {
            return Ok(StageResult::skipped(stage, "--burst was not given"));
        };
        let refusals = AtomicUsize::new(0);
        let count = |failure: &Failure, _: Duration| {
            if failure.kind == FailureKind::RateLimited {
                refusals.fetch_add(1, Ordering::Relaxed);
            }
        };
        let answers = join_all((0..*calls).map(|_| {
            let call = RequestOptions { on_retry: &count, ..RequestOptions::plain() };
            client.list(one_job(), call)
        }));
        let lost: Vec<Failure> = answers.await.into_iter().filter_map(Result::err).collect();
        let refused = refusals.load(Ordering::Relaxed);
        let message = match refused {
            0 => format!(
                "{calls} calls at once, none was rate-limited, so the handling of 429 was not tested"
            ),
            _ => format!("{calls} calls at once, {refused} rate-limited, all succeeded in the end"),
        };
        let mut result = StageResult::passed(stage, message);
        result.measure("refusals", refused as f64);
        if let Some(first) = lost.first() {
            let message = format!("{} of {calls} calls failed: {first}", lost.len());
            result.fail(StageFailure::of(first.kind), message);
            result.request_id.clone_from(&first.request_id);
        }
        Ok(result)
    }
}
