//! Requests that have to be rejected, in the documented way and without a bill: a file that is not
//! a video, an invalid option, an unreachable link, a key without credits.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::billed::{USAGE_PAUSE, judged, processed_elsewhere};
use super::free::{USAGE_DAYS, other_than_documented};
use crate::blocking::blocking;
use crate::client::{Client, NewJob, RequestOptions, UploadFile, UsageSummary};
use crate::flow::InputSpec;
use crate::ledger::{DraftSupport, InputId, InputState};
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{Failure, FailureKind, JobId, JobOptions, JobStatus};
use crate::smoke::batch::{BatchSpec, InputRecord, run_single};
use crate::smoke::judgements::credit_check::{EVENTS, EventCharge, growth};
use crate::smoke::judgements::no_charge::UnchargedJob;
use crate::smoke::run::SmokeRun;

/// A file that is not a video, sent as one.
const NOT_A_VIDEO: &[u8] =
    b"This is a text. A smoke test sends it as a video, to see it refused.\n";

/// A model that no service has.
const UNKNOWN_MODEL: &str = "rbgv-smoke-test-no-such-model";

/// An unreachable URL: its host name cannot exist (RFC 6761).
const DEAD_LINK: &str = "https://rbgv-smoke-test.invalid/no-such-clip.mp4";

impl SmokeRun<'_> {
    pub(crate) async fn not_a_video(
        &self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let stage = SmokeStage::NotAVideo;
        let keyed = self.keyed()?;
        let path = self.setup.directory.join("not-a-video.mp4");
        let file = UploadFile {
            content: path.clone().into(),
            name: "not-a-video.mp4".to_owned(),
            size: NOT_A_VIDEO.len() as u64,
            content_type: "video/mp4".to_owned(),
        };
        blocking(move || {
            std::fs::write(&path, NOT_A_VIDEO)
                .map_err(|error| Failure::local("writing a file that is not a video", &error))
        })
        .await?;
        Ok(match keyed.upload(&file, call, Arc::new(|_| ())).await {
            Err(failure) if failure.kind == FailureKind::InvalidRequest => {
                StageResult::passed(stage, format!("rejected: {}", failure.why))
            }
            // A job of it is not created to see whether it is billed: that might cost something.
            Ok(_) => StageResult::failed(
                stage,
                StageFailure::Contract,
                "a text file was accepted as a video instead of 400 \"Invalid file type\"; no \
                 job was created",
            ),
            Err(failure) => other_than_documented(stage, "400", &failure),
        })
    }

    pub(crate) async fn invalid_option(
        &self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let stage = SmokeStage::InvalidOption;
        let keyed = self.keyed()?;
        // Where drafts are started at once, a request that is wrongly accepted may be billed.
        if !self.drafts_are_free().await? {
            let why = "not known whether drafts of this key are free; run stage success first";
            return Ok(StageResult::skipped(stage, why));
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
        Ok(match keyed.create(&job, call).await {
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
                let shown = created.status.as_ref().map_or("no status", JobStatus::as_str);
                let message =
                    format!("an unknown model was accepted ({shown}) instead of 400 or 422");
                StageResult {
                    job: Some(created.id),
                    ..StageResult::failed(stage, StageFailure::Contract, message)
                }
            }
            Err(failure) => other_than_documented(stage, "400 or 422", &failure),
        })
    }

    async fn drafts_are_free(&self) -> Result<bool, Failure> {
        let Some(context) = &self.setup.context else { return Ok(false) };
        Ok(context.ledger.draft_support(&context.key).await? == DraftSupport::Supported)
    }

    pub(crate) async fn dead_link(&mut self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::DeadLink;
        let Some(context) = self.setup.context.clone() else {
            return Ok(StageResult::skipped(stage, "no API key"));
        };
        // Without it the growth is unknown, which the result says.
        let before = context.service.usage_summary(USAGE_DAYS, RequestOptions::plain()).await.ok();
        let spec = BatchSpec {
            // An unreachable video has no length, and so no price: a budget would keep it from
            // starting.
            budget: None,
            ..self.batch_spec(&context, InputSpec::Url(DEAD_LINK.to_owned()))
        };
        let Some((batch, input)) = run_single(spec).await? else {
            return Ok(processed_elsewhere(stage));
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
        self.record_drift(batch.drift, &mut result);
        Ok(result)
    }

    pub(crate) async fn no_credits(&mut self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::NoCredits;
        let Some((context, clip)) = self.setup.without_credits.clone() else {
            return Ok(StageResult::skipped(stage, "no key without credits"));
        };
        // An earlier run has learned that this key has no credits, and its stop would block the
        // request.
        context.service.lift_key_blocks().await?;
        self.read_prices().await?;
        let spec = BatchSpec {
            // The key should have no credits. If it has some, the budget applies to it too.
            budget: self.left(),
            ..self.batch_spec(&context, InputSpec::Path(clip))
        };
        let Some((batch, input)) = run_single(spec).await? else {
            return Ok(processed_elsewhere(stage));
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
        if input.output.is_none() {
            let id = InputId(input.input);
            let closed = context.ledger.set_input_state(id, InputState::Failed, input.failure);
            if let Err(failure) = closed.await {
                result.fail(StageFailure::Local, failure.to_string());
            }
        }
        Ok(result)
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
            let bill = match fetch_bill(client, job, before).await {
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
}

/// A job was rejected, or failed, because of its request.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::JobFailed | FailureKind::InvalidRequest)
}

/// The observed bill of `job`, with the growth of the summary since `before`.
async fn fetch_bill(
    client: &Client,
    job: &JobId,
    before: Option<&UsageSummary>,
) -> Result<UnchargedJob, Failure> {
    let view = client.get(job, RequestOptions::plain()).await?;
    let page = client.usage_events(EVENTS, RequestOptions::plain()).await?;
    let charge = EventCharge::of(&page.events, &view);
    let growth = match before {
        Some(before) => {
            growth(before, &client.usage_summary(USAGE_DAYS, RequestOptions::plain()).await?)
        }
        None => None,
    };
    Ok(UnchargedJob { view, charge, growth })
}
