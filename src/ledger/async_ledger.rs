//! The ledger for async code: each operation runs on a blocking thread.

use std::borrow::Borrow;
use std::convert::identity;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::blocking::blocking;
use crate::model::limits::HostLimits;
use crate::model::{Credits, Failure, FailureKind, JobId, Target, Timestamp};

use super::{
    AddResult, ApiKeyId, Attempt, AttemptCost, AttemptDetails, AttemptId, AttemptSummary, Batch,
    BatchId, BatchInput, BatchRecord, BatchSummary, BillingVisibility, Claim, Commit,
    DeliveryRecord, DraftSupport, DueReconciliation, InputCounts, InputId, InputOrder, InputState,
    JobDuration, KeyReport, Ledger, LedgerError, ListedJob, NewBatch, NewDelivery, NewInput,
    PlanTotals, ProcessLease, Reconciled, StartCommit, StartLimits, StepNote, UnfinishedInputs,
};

/// A ledger for async code.
#[derive(Clone)]
pub struct AsyncLedger(Ledger);

/// A ledger with the lease of this process, which owns attempts.
#[derive(Clone)]
pub struct LeasedLedger {
    ledger: AsyncLedger,
    lease: Arc<ProcessLease>,
}

/// Async methods for the methods of [`Ledger`] of the same names. Borrowed arguments are cloned, since
/// a blocking thread may outlive the caller. `&lease` passes the lease of a [`LeasedLedger`], and
/// `?&T` is an `Option<&T>`.
macro_rules! operations {
    ($(fn $name:ident(
        $(&$lease:ident $(,)?)?
        $($arg:ident: $(&$borrowed:tt)? $(?&$optional:tt)? $($owned:path)?),*
    ) -> $result:ty;)*) => { $(
        #[doc = concat!("[`Ledger::", stringify!($name), "`] on a blocking thread.")]
        pub async fn $name(
            &self,
            $($arg: $(&$borrowed)? $(Option<&$optional>)? $($owned)?),*
        ) -> Result<$result, Failure> {
            $(let $lease = Arc::clone(&self.$lease);)?
            $(
                $(let $arg = <$borrowed>::to_owned($arg);)?
                $(let $arg = $arg.map(<$optional>::to_owned);)?
            )*
            self.run(move |ledger| ledger.$name($(&$lease,)? $(
                $(Borrow::<$borrowed>::borrow(&$arg))?
                $($arg.as_deref().map(identity::<&$optional>))?
                $(identity::<$owned>($arg))?
            ),*)).await
        }
    )* };
}

impl AsyncLedger {
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self(ledger)
    }

    /// The ledger, for code that runs on a blocking thread already.
    #[must_use]
    pub fn blocking(&self) -> &Ledger {
        &self.0
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Ledger) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Failure> {
        let ledger = self.0.clone();
        blocking(move || operation(&ledger).map_err(Failure::from)).await
    }

    operations! {
        // Batches.
        fn create_batch(new: &NewBatch) -> BatchId;
        fn finish_plan(batch: BatchId) -> ();
        fn delete_batch(batch: BatchId) -> ();
        fn finish_batch(batch: BatchId) -> ();
        fn batch(id: BatchId) -> Option<Batch>;
        fn latest_batch() -> Option<BatchId>;
        fn latest_unfinished_batch() -> Option<Batch>;
        fn next_batch_to_work_on(origin: &str, after: BatchId) -> Option<Batch>;
        fn list_batches(limit: u32) -> Vec<BatchSummary>;
        fn batch_record(id: BatchId) -> Option<BatchRecord>;
        fn plan_totals(batch: BatchId) -> PlanTotals;
        fn options_have_succeeded(batch: BatchId) -> bool;
        fn take_over_batch(batch: BatchId) -> usize;
        fn started_credits(batch: BatchId) -> Credits;
        fn credits_to_start_all(batch: BatchId, rate: Option<f64>) -> Credits;

        // Inputs.
        fn add_existing_job(batch: BatchId, new: &NewInput, job: &JobId) -> AddResult;
        fn record_foreign_outputs(batch: BatchId, outputs: &[(String, String, u64)]) -> ();
        fn open_inputs(
            batch: BatchId, order: InputOrder, after: Option<(i64, InputId)>, limit: u32
        ) -> Vec<BatchInput>;
        fn find_input_by_job(job: &JobId) -> Option<BatchInput>;
        fn count_inputs(batch: BatchId) -> InputCounts;
        fn count_unfinished_inputs(batch: BatchId) -> UnfinishedInputs;
        fn count_failures_by_kind(batch: BatchId) -> Vec<(FailureKind, usize)>;
        fn count_paused_for(batch: BatchId, kinds: &[FailureKind]) -> usize;
        fn pause_open_inputs(batch: BatchId, failure: &Failure) -> usize;
        fn reopen_inputs(batch: BatchId) -> usize;
        fn reopen_paused_for(batch: BatchId, kinds: &[FailureKind]) -> usize;
        fn is_input_open(input: InputId) -> bool;
        fn set_input_state(input: InputId, state: InputState, failure: Option<Failure>) -> ();
        fn record_output_hash(input: InputId, sha256: &str, size: u64) -> ();
        fn output_targets(batch: BatchId) -> Vec<Target>;

        // Attempts.
        fn find_attempts(word: &str, path: &Path, limit: u32) -> Vec<AttemptId>;
        fn find_attempt_by_job(job: &JobId) -> Option<Attempt>;
        fn knows_job(job: &JobId, correlation_id: ?&str) -> bool;
        fn any_attempt(batch: BatchId) -> Option<Attempt>;
        fn attempt_details(id: AttemptId) -> AttemptDetails;
        fn list_open_attempts(limit: u32) -> Vec<AttemptSummary>;
        fn list_failed_attempts(limit: u32) -> Vec<AttemptSummary>;
        fn list_failed_inputs(limit: u32) -> Vec<BatchInput>;
        fn attempts_awaiting_review(batch: BatchId) -> Vec<AttemptId>;
        fn retry_failed_attempt(
            batch: BatchId, failed: AttemptId, correlation_id: &str
        ) -> AttemptId;
        fn outputs_of_attempt(attempt: AttemptId) -> Vec<(Target, String, u64)>;
        fn output_etag(id: AttemptId) -> Option<String>;
        fn attempt_costs(since: Timestamp) -> Vec<AttemptCost>;
        fn attempt_costs_of_jobs(origin: &str, jobs: &[JobId]) -> Vec<AttemptCost>;
        fn record_charges(charges: &[(AttemptId, Credits)]) -> ();

        // Keys.
        fn has_used_service(key: &ApiKeyId) -> bool;
        fn draft_support(key: &ApiKeyId) -> DraftSupport;
        fn record_draft_support(key: &ApiKeyId, drafts: DraftSupport) -> ();
        fn billing_visibility(key: &ApiKeyId) -> BillingVisibility;
        fn record_billing_visibility(key: &ApiKeyId, bills: BillingVisibility) -> ();
        fn find_upload(key: &ApiKeyId, sha256: &str) -> Option<String>;
        fn record_upload(key: &ApiKeyId, sha256: &str, url: &str) -> ();
        fn delete_upload(key: &ApiKeyId, sha256: &str) -> ();
        fn due_reconciliation(key: &ApiKeyId) -> Option<DueReconciliation>;
        fn oldest_open_attempt(key: &ApiKeyId) -> Option<Timestamp>;
        fn reconcile(key: &ApiKeyId, server: &str, jobs: &[ListedJob]) -> Reconciled;
        fn adopt_jobs(key: &ApiKeyId, batch: BatchId, jobs: &[(String, JobId)]) -> usize;
        fn jobs_without_output(key: &ApiKeyId, limit: u32) -> Vec<JobId>;
        fn orphaned_attempts(key: &ApiKeyId, limit: u32) -> Vec<AttemptId>;
        fn recent_job_durations(key: &ApiKeyId, limit: u32) -> Vec<JobDuration>;
        fn count_in_flight(key: &ApiKeyId, except: Option<AttemptId>) -> u32;
        fn count_running_since(key: &ApiKeyId, before: Timestamp) -> u32;
        fn count_attempts_needing_key(key: &ApiKeyId) -> u64;
        fn key_report(key: &ApiKeyId, since: Timestamp) -> KeyReport;
        fn host_limits() -> Vec<(String, HostLimits)>;
        fn count_living_processes() -> u64;

        // Webhooks.
        fn listener_address(origin: &str) -> Option<String>;
        fn record_delivery(new: &NewDelivery) -> DeliveryRecord;
        fn mark_delivery_handled(id: &str) -> ();
        fn count_unhandled_deliveries(origin: &str) -> u64;
        fn delete_deliveries_before(before: Timestamp) -> usize;
        fn jobs_with_final_delivery(origin: &str, jobs: &[JobId]) -> Vec<JobId>;
    }
}

impl LeasedLedger {
    /// Registers this process under `name`.
    pub fn register(ledger: AsyncLedger, name: &str) -> Result<Self, LedgerError> {
        let lease = Arc::new(ledger.blocking().register_process(name)?);
        Ok(Self { ledger, lease })
    }

    /// Renews the lease of this process in a [shared file](super::SharedFile), every
    /// [`RENEWAL`](super::RENEWAL). On a server, a thread does that.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn renew_lease(&self) -> Result<(), LedgerError> {
        self.ledger.blocking().renew_lease(self.lease.id)
    }

    operations! {
        fn claim(&lease, id: AttemptId) -> Claim;
        fn release(&lease, attempt: &Attempt) -> ();
        fn release_all(&lease) -> ();
        fn holds_lease(&lease, attempt: &Attempt) -> bool;
        fn commit(&lease, attempt: &Attempt, note: &StepNote, request_id: ?&str) -> Commit;
        fn commit_exclusive_create(
            &lease, attempt: &Attempt, request_id: ?&str
        ) -> Option<Commit>;
        fn commit_start(&lease, attempt: &Attempt, gate: &StartLimits) -> StartCommit;
        fn reassign_to_key(
            &lease, attempt: Attempt, key: &ApiKeyId, profile: &str
        ) -> Option<Attempt>;
        fn record_output_etag(&lease, id: AttemptId, etag: ?&str) -> ();
        fn register_listener(&lease, origin: &str, address: &str) -> ();
    }
}

impl Deref for LeasedLedger {
    type Target = AsyncLedger;

    fn deref(&self) -> &AsyncLedger {
        &self.ledger
    }
}
