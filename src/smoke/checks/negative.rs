//! Requests that have to be rejected, in the documented way and without a bill: a file that is not
//! a video, an invalid option, an unreachable link, a key without credits.

use std::collections::BTreeMap;

use super::billed::{DAYS, USAGE_PAUSE, judged};
use super::free::other_than_documented;
use crate::blocking::blocking;
use crate::client::{Client, NewJob, RequestOptions, UploadFile, UsageSummary};
use crate::flow::{Context, Destination, InputSpec};
use crate::ledger::{DraftSupport, InputId, InputState};
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{Credits, Failure, FailureKind, JobId, JobOptions, JobStatus, JobView, Pricing};
use crate::smoke::batch::{BatchSpec, InputRecord, run_single};
use crate::smoke::judgements::contract;
use crate::smoke::judgements::credit_check::{BilledField, EVENTS, EventCharge, ROUNDING, growth};
use crate::smoke::run::SmokeRun;

/// A file that is not a video, sent as one.
const NOT_A_VIDEO: &[u8] =
    b"This is a text. A smoke test sends it as a video, to see it refused.\n";

/// A model that no service has.
const UNKNOWN_MODEL: &str = "rbgv-smoke-test-no-such-model";

/// An unreachable URL: its host name cannot exist (RFC 6761).
const DEAD_LINK: &str = "https://rbgv-smoke-test.invalid/no-such-clip.mp4";

impl SmokeRun<'_> {
    pub(crate) async fn not_a_video(&self, call: RequestOptions<'_>) -> StageResult {
        let stage = SmokeStage::NotAVideo;
        let keyed = match self.keyed(stage) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        let path = self.setup.place.join("not-a-video.mp4");
        let file = UploadFile {
            content: path.clone().into(),
            name: "not-a-video.mp4".to_owned(),
            size: NOT_A_VIDEO.len() as u64,
            content_type: "video/mp4".to_owned(),
        };
        let written = blocking(move || {
            std::fs::write(&path, NOT_A_VIDEO)
                .map_err(|error| Failure::local("writing a file that is not a video", &error))
        });
        if let Err(failure) = written.await {
            return StageResult::of_failure(stage, &failure);
        }
        match keyed.upload(&file, call, std::sync::Arc::new(|_| ())).await {
            Err(failure) if failure.kind == FailureKind::InvalidRequest => {
                let message = format!("rejected: {}", failure.why);
                StageResult::passed(stage, message)
            }
            // A job of it is not created to see whether it is billed: that might cost something.
            Ok(_) => StageResult::failed(
                stage,
                StageFailure::Contract,
                "a text file was accepted as a video instead of 400 \"Invalid file type\"; no \
                 job was created",
            ),
            Err(failure) => other_than_documented(stage, "400", &failure),
        }
    }

    pub(crate) async fn invalid_option(&self, call: RequestOptions<'_>) -> StageResult {
        let stage = SmokeStage::InvalidOption;
        let keyed = match self.keyed(stage) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        // Where drafts are started at once, a request that is wrongly accepted may be billed.
        match self.drafts_are_free().await {
            Ok(true) => {}
            Ok(false) => {
                let why = "not known whether drafts of this key are free; run stage success first";
                return StageResult::skipped(stage, why);
            }
            Err(failure) => return StageResult::of_failure(stage, &failure),
        }
        let mut options = JobOptions::default();
        options.extra.insert("model".to_owned(), UNKNOWN_MODEL.into());
        let job = NewJob {
            // The model has to be the only reason for a rejection.
            video_url: self.upload.as_deref().unwrap_or(DEAD_LINK),
            options: &options,
            background_image_url: None,
            auto_start: false,
            metadata: &BTreeMap::new(),
        };
        match keyed.create(&job, call).await {
            Err(failure) if failure.kind == FailureKind::InvalidRequest => {
                let mut result = StageResult::passed(stage, format!("rejected: {}", failure.why));
                if self.upload.is_none() {
                    let message = "stage success did not run before, so the job may have been \
                                rejected because of its unreachable video";
                    result.details.push(message.to_owned());
                }
                result
            }
            Ok(created) => {
                let shown =
                    created.status.as_ref().map_or("no status", JobStatus::as_str).to_owned();
                let message =
                    format!("an unknown model was accepted ({shown}) instead of 400 or 422");
                let mut result = StageResult::failed(stage, StageFailure::Contract, message);
                result.job = Some(created.id);
                result
            }
            Err(failure) => other_than_documented(stage, "400 or 422", &failure),
        }
    }

    async fn drafts_are_free(&self) -> Result<bool, Failure> {
        let Some(context) = &self.setup.context else { return Ok(false) };
        Ok(context.ledger.draft_support(&context.key).await? == DraftSupport::Supported)
    }

    pub(crate) async fn dead_link(&mut self) -> StageResult {
        let stage = SmokeStage::DeadLink;
        let Some(context) = self.setup.context.clone() else {
            return StageResult::skipped(stage, "no API key");
        };
        // Without it the growth is unknown, which the result says.
        let before = context.service.usage_summary(DAYS, RequestOptions::plain()).await.ok();
        let named = InputSpec::Url(DEAD_LINK.to_owned());
        // An unreachable video has no length, and so no price: a budget would keep it from
        // starting.
        let spec = self.rejection_spec(&context, self.pricing.as_ref(), named, None);
        let (mut batch, input) = match run_single(stage, spec).await {
            Ok(run) => run,
            Err(result) => return result,
        };
        let mut result = match (&input.output, &input.failure) {
            (Some(_), _) => StageResult::failed(
                stage,
                StageFailure::Contract,
                "a job with an unreachable video was completed",
            ),
            (None, Some(failure)) if is_refusal(failure) => {
                StageResult::passed(stage, format!("failed as expected: {}", failure.why))
            }
            _ => judged(stage, &input, batch.out_of_time),
        };
        result.job.clone_from(&input.job);
        self.check_not_billed(&context.service, &input, before.as_ref(), &mut result).await;
        let drift = &mut batch.drift;
        input.unknown_states.iter().for_each(|status| drift.add(contract::state(status)));
        self.record_drift(batch.drift, &mut result);
        result
    }

    pub(crate) async fn no_credits(&mut self) -> StageResult {
        let stage = SmokeStage::NoCredits;
        let Some((context, clip)) = self.setup.broke.clone() else {
            return StageResult::skipped(stage, "no key without credits");
        };
        // An earlier run has learned that this key has no credits, and its stop would block the
        // request.
        if let Err(failure) = context.service.lift_key_blocks().await {
            return StageResult::of_failure(stage, &failure);
        }
        let pricing = match self.current_prices().await {
            Ok(pricing) => pricing,
            Err(failure) => return StageResult::of_failure(stage, &failure),
        };
        // The key should have no credits. If it has some, the budget applies to it too.
        let spec =
            self.rejection_spec(&context, Some(&pricing), InputSpec::Path(clip), self.left());
        let (batch, input) = match run_single(stage, spec).await {
            Ok(run) => run,
            Err(result) => return result,
        };
        self.reserve_budget(batch.estimate);
        let mut result = match (&input.output, &input.failure) {
            (Some(_), _) => StageResult::failed(
                stage,
                StageFailure::Configuration,
                format!("profile {} has credits, so the job was started", context.profile),
            ),
            (None, Some(failure)) if failure.kind == FailureKind::InsufficientCredits => {
                let message = format!("rejected without a charge: {}", failure.why);
                StageResult::passed(stage, message)
            }
            _ => judged(stage, &input, batch.out_of_time),
        };
        result.job.clone_from(&input.job);
        self.check_not_billed(&context.service, &input, None, &mut result).await;
        // Left open, a later `resume` would start it as soon as the key has credits.
        if let Err(failure) = close(&context, &input).await {
            result.fail(StageFailure::Local, failure.to_string());
        }
        result
    }

    /// Checks that a job without output was not billed: by the usage events, by its billing status,
    /// and by the growth of the summary since `before`. Usage may lag: it gets twice the time that
    /// the bill of the finished job took.
    async fn check_not_billed(
        &self,
        client: &Client,
        input: &InputRecord,
        before: Option<&UsageSummary>,
        result: &mut StageResult,
    ) {
        let Some(job) = &input.job else { return };
        let timeout = self.lag.unwrap_or_default() * 2;
        let began = self.setup.clock.now();
        let bill = loop {
            let bill = match NotBilledCheck::fetch(client, job, before).await {
                Ok(bill) => bill,
                Err(failure) => {
                    result.warn(format!("cannot check whether it was billed: {failure}"));
                    return;
                }
            };
            if bill.is_conclusive() || self.setup.clock.now().since(began) >= timeout {
                break bill;
            }
            tokio::time::sleep(USAGE_PAUSE.min(timeout)).await;
        };
        // The bill of the finished job may be delayed, unless it was seen.
        let exclusive = self.finished.is_none() || self.lag.is_some();
        bill.judge(self.lag.is_some(), exclusive, result);
    }

    fn rejection_spec<'b>(
        &'b self,
        context: &'b std::sync::Arc<Context>,
        pricing: Option<&'b Pricing>,
        named: InputSpec,
        budget: Option<Credits>,
    ) -> BatchSpec<'b> {
        BatchSpec {
            context,
            pricing,
            named: vec![named],
            destination: Destination::Directory(self.setup.place.clone()),
            options: &self.setup.options,
            budget,
            spool: self.setup.spool.clone(),
            timeout: self.setup.waits.jobs,
            in_flight: 1,
        }
    }
}

/// A job was rejected, or failed, because of its request.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::JobFailed | FailureKind::InvalidRequest)
}

/// Observed bill of a job without output.
struct NotBilledCheck {
    view: JobView,
    charge: EventCharge,
    /// Growth of the usage summary since the job was created.
    growth: Option<Credits>,
}

impl NotBilledCheck {
    async fn fetch(
        client: &Client,
        job: &JobId,
        before: Option<&UsageSummary>,
    ) -> Result<Self, Failure> {
        let view = client.get(job, RequestOptions::plain()).await?;
        let page = client.usage_events(EVENTS, RequestOptions::plain()).await?;
        let charge = EventCharge::of(&page.events, &view);
        let growth = match before {
            Some(before) => {
                growth(before, &client.usage_summary(DAYS, RequestOptions::plain()).await?)
            }
            None => None,
        };
        Ok(Self { view, charge, growth })
    }

    fn growth_above_rounding(&self) -> Option<Credits> {
        self.growth.filter(|growth| growth.0 > ROUNDING)
    }

    /// Waiting longer cannot change the result.
    fn is_conclusive(&self) -> bool {
        match self.charge {
            EventCharge::Nothing => false,
            EventCharge::Charged(..) => true,
            EventCharge::Unnamed | EventCharge::OutOfSight => {
                self.growth_above_rounding().is_some()
            }
        }
    }

    /// `waited`: usage had its time to show a bill. `exclusive`: no other request of this test can have
    /// raised the summary.
    fn judge(&self, waited: bool, exclusive: bool, result: &mut StageResult) {
        match self.charge {
            EventCharge::Charged(charged, _) if charged.0 > 0.0 => {
                result.fail(
                    StageFailure::Contract,
                    format!("{charged} credits were charged for a failed job"),
                );
            }
            EventCharge::Charged(..) => {
                result.details.push("the charge was refunded".to_owned());
            }
            EventCharge::Nothing if waited => result.details.push("no charge".to_owned()),
            EventCharge::Nothing => result.details.push(
                "no charge so far; without stage credits it is not known how long usage lags"
                    .to_owned(),
            ),
            EventCharge::Unnamed | EventCharge::OutOfSight => {
                self.judge_by_growth(exclusive, result);
            }
        }
        if let (EventCharge::Nothing, Some(growth)) = (self.charge, self.growth_above_rounding()) {
            result.warn(format!(
                "the usage summary grew by {growth} while a job failed; is another program using \
                 this key?"
            ));
        }
        self.judge_bill(result);
    }

    /// Judges by the summary where the events are inconclusive.
    fn judge_by_growth(&self, exclusive: bool, result: &mut StageResult) {
        match (self.growth, self.growth_above_rounding()) {
            (_, Some(growth)) if exclusive => result.fail(
                StageFailure::Contract,
                format!("the usage summary grew by {growth} for a job that failed"),
            ),
            (None, _) | (_, Some(_)) => {
                result.warn("the usage events do not show whether it was billed");
            }
            (Some(_), None) => result.details.push("the usage summary did not grow".to_owned()),
        }
    }

    fn judge_bill(&self, result: &mut StageResult) {
        let Some(status) = &self.view.billing_status else { return };
        match BilledField::of(status) {
            BilledField::Charged => {
                result.fail(StageFailure::Contract, format!("billing_status: {status}"));
            }
            BilledField::Open if self.view.status.is_final() => {
                result.warn(format!("the failed job still has billing_status {status}"));
            }
            _ => result.details.push(format!("billing_status: {status}")),
        }
    }
}

async fn close(context: &Context, input: &InputRecord) -> Result<(), Failure> {
    if input.output.is_some() {
        return Ok(());
    }
    let failure = input.failure.clone();
    context.ledger.set_input_state(InputId(input.input), InputState::Failed, failure).await
}
