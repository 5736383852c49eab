//! Prices and charges, for `--max-credits`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::OnceCell;
use tracing::debug;

use super::start_evidence::EVENTS;
use crate::client::RequestOptions;
use crate::flow::context::Context;
use crate::ledger::{Attempt, BatchId};
use crate::model::{Credits, Failure, JobId, Pricing};

/// Marks that charges have not been read yet.
const NOT_READ: usize = usize::MAX;

/// What the jobs of a batch cost, as far as `--max-credits` needs it.
pub(crate) struct Spending {
    batch: BatchId,
    max_credits: Option<Credits>,
    prices: OnceCell<Pricing>,
    /// Jobs that ended in this run, and their number when charges were last read.
    ended: AtomicUsize,
    charges_known_of: AtomicUsize,
}

impl Spending {
    pub(crate) fn new(batch: BatchId, max_credits: Option<Credits>) -> Self {
        let (ended, charges_known_of) = (AtomicUsize::new(0), AtomicUsize::new(NOT_READ));
        Self { batch, max_credits, prices: OnceCell::new(), ended, charges_known_of }
    }

    pub(crate) fn job_ended(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Credits per second of the attempt's model; `None` if unknown, or without a limit.
    pub(crate) async fn credits_per_second(
        &self,
        context: &Context,
        attempt: &Attempt,
    ) -> Option<f64> {
        self.max_credits?;
        // Boxed, since the future is large and rarely needed.
        let request = Box::pin(
            self.prices.get_or_try_init(|| context.service.pricing(RequestOptions::plain())),
        );
        match request.await {
            Ok(prices) => prices.credits_per_second(attempt.work.options.model),
            Err(failure) => {
                // Only an input without an estimate needs prices.
                debug!(%failure, "prices are unknown");
                None
            }
        }
    }

    /// The `--max-credits` that is enough for the rest of the batch.
    pub(crate) async fn bound_needed(&self, context: &Context) -> Result<Option<Credits>, Failure> {
        let Some(attempt) = context.ledger.any_attempt(self.batch).await? else { return Ok(None) };
        let prices = self.prices.get();
        let rate = prices.and_then(|prices| prices.credits_per_second(attempt.work.options.model));
        context.ledger.credits_to_start_all(self.batch, rate).await.map(Some)
    }

    /// With `--max-credits`, reads what the service has charged once jobs have ended: it may exceed
    /// the estimate.
    pub(crate) async fn read_charges(&self, context: &Context) -> Result<(), Failure> {
        if self.max_credits.is_none() {
            return Ok(());
        }
        let ended = self.ended.load(Ordering::Relaxed);
        let known = self.charges_known_of.swap(ended, Ordering::Relaxed);
        if known == ended {
            return Ok(());
        }
        let (ledger, origin) = (&context.ledger, &context.key.origin);
        if known == NOT_READ && ledger.started_credits(self.batch).await?.0 <= 0.0 {
            return Ok(());
        }
        let call = RequestOptions { repeats: false, ..RequestOptions::plain() };
        let page = match Box::pin(context.service.usage_events(EVENTS, call)).await {
            Ok(page) => page,
            Err(failure) => {
                // The durations that jobs report count all the same.
                debug!(%failure, "usage events are unavailable");
                return Ok(());
            }
        };
        let mut by_job: BTreeMap<JobId, f64> = BTreeMap::new();
        for event in page.events {
            if let (Some(job), Some(credits)) = (event.job, event.credits) {
                *by_job.entry(job).or_default() += credits.0;
            }
        }
        let jobs: Vec<JobId> = by_job.keys().cloned().collect();
        let known = ledger.attempt_costs_of_jobs(origin, &jobs).await?;
        let charges: Vec<_> = known
            .iter()
            .filter_map(|spent| Some((spent.attempt, Credits(*by_job.get(spent.job.as_ref()?)?))))
            .filter(|(_, credits)| credits.0 > 0.0)
            .collect();
        ledger.record_charges(&charges).await
    }
}
