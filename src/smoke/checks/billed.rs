//! The success path: a clip from upload to output, and its credits. Jobs go through the flow and
//! its ledger; this module chooses what is sent, and judges the results.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::free::USAGE_DAYS;
use crate::blocking::blocking;
use crate::client::{Client, RequestOptions};
use crate::flow::{Context, Destination, InputSpec};
use crate::media::{self, ExpectedLength, OutputError, OutputSpec};
use crate::model::event::PublishedOutput;
use crate::model::smoke::{SmokeStage, StageFailure, StageOutcome, StageResult};
use crate::model::{Background, Failure, FailureKind, JobView, Target};
use crate::smoke::batch::{BatchSpec, InputRecord, recording_client, run_batch, run_single};
use crate::smoke::judgements::credit_check::{EVENTS, EventCharge, JobCredits, growth};
use crate::smoke::judgements::matte_check;
use crate::smoke::run::{FinishedJob, SmokeRun, warn_of_retries, words};

/// Maximum frames of an output that are checked.
const MAX_FRAMES: usize = 64;

/// Interval of reading usage until a charge shows.
pub(crate) const USAGE_PAUSE: Duration = Duration::from_secs(2);

/// Longest time until usage shows a charge.
const USAGE_LAG: Duration = Duration::from_mins(1);

/// Shares of opaque pixels from which, and up to which, a clip has probably not been processed.
const MIN_OPAQUE_WARNED: f64 = 0.995;
const MAX_OPAQUE_WARNED: f64 = 0.005;

impl SmokeRun<'_> {
    pub(crate) async fn success(&mut self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Success;
        let Some(context) = self.setup.context.clone() else {
            return Ok(StageResult::skipped(stage, "no API key"));
        };
        let (length, sha256) = self.fresh_clip(&context).await?;
        self.read_prices().await?;
        if self.watches_credits
            && let Ok(keyed) = self.keyed()
        {
            // Without it the growth is unknown, which the result says.
            let usage = keyed.usage_summary(USAGE_DAYS, RequestOptions::plain()).await;
            self.usage_before = usage.ok();
        }
        let target =
            self.setup.directory.join(format!("output.{}", self.setup.options.format.extension()));
        let spec = BatchSpec {
            destination: Destination::File(target),
            ..self.batch_spec(&context, InputSpec::Path(self.setup.clip.path.clone()))
        };
        let Some((batch, input)) = run_single(spec).await? else {
            return Ok(processed_elsewhere(stage));
        };
        self.reserve_budget(batch.estimate);
        let mut result = judged(stage, &input, batch.out_of_time);
        self.record_drift(batch.drift, &mut result);
        let sent = context.ledger.find_upload(&context.key, &sha256).await;
        self.upload = sent.ok().flatten();
        if let (Some(output), Some(job)) = (input.output, input.job) {
            self.finished = Some(FinishedJob { job, output, estimate: batch.estimate, length });
        }
        Ok(result)
    }

    /// Requests the prices, unless their stage did.
    pub(crate) async fn read_prices(&mut self) -> Result<(), Failure> {
        if self.pricing.is_none() {
            let pricing = self.setup.clients.keyless.pricing(RequestOptions::plain()).await?;
            self.pricing = Some(pricing);
        }
        Ok(())
    }

    /// Forgets an earlier upload of the clip, so that it is sent again; returns the clip's length and
    /// hash.
    async fn fresh_clip(
        &self,
        context: &Context,
    ) -> Result<(Option<ExpectedLength>, String), Failure> {
        let path = self.setup.clip.path.clone();
        let (length, sha256) = blocking(move || {
            let video = media::inspect_input(&path)
                .map_err(|error| Failure::local("the built-in clip", &error))?;
            let hash = media::hash_file(&path, &|_| ())
                .map_err(|error| Failure::local("reading the built-in clip", &error))?;
            Ok((video.length(), hash.sha256))
        })
        .await?;
        context.ledger.delete_upload(&context.key, &sha256).await?;
        Ok((length, sha256))
    }

    /// A result for each clip of the suite.
    pub(crate) async fn suite(&mut self) -> Result<Vec<StageResult>, Failure> {
        let stage = SmokeStage::Suite;
        let (Some(context), Some(directory)) =
            (self.setup.context.clone(), self.setup.suite.clone())
        else {
            return Ok(vec![StageResult::skipped(stage, "no API key")]);
        };
        let began = self.setup.clock.now();
        self.read_prices().await?;
        let spec = BatchSpec {
            in_flight: 64,
            ..self.batch_spec(&context, InputSpec::Path(directory.clone()))
        };
        let batch = run_batch(spec).await?;
        self.reserve_budget(batch.estimate);
        if batch.inputs.is_empty() {
            let message = "no clips in the directory";
            return Ok(vec![StageResult::failed(stage, StageFailure::Usage, message)]);
        }
        let mut results = Vec::new();
        // Differences of the answers belong to no single clip: the first reports them, except for
        // states.
        let mut drift = batch.drift;
        for input in &batch.inputs {
            drift.states.retain(|state| !input.unknown_states.contains(state));
        }
        for input in &batch.inputs {
            let mut result = judged(stage, input, batch.out_of_time);
            result.name = name_in_suite(&input.name, &directory);
            // The directory was named, not the clips in it.
            if result.cause == Some(StageFailure::Usage) {
                result.cause = Some(StageFailure::Input);
            }
            result.took.get_or_insert_with(|| self.setup.clock.now().since(began));
            drift.states.extend(input.unknown_states.iter().cloned());
            self.record_drift(std::mem::take(&mut drift), &mut result);
            if let Some(output) = &input.output {
                self.check_output(output, None, &mut result).await;
            }
            results.push(result);
        }
        Ok(results)
    }

    pub(crate) async fn output(&self) -> Result<StageResult, Failure> {
        let Some(finished) = &self.finished else {
            return Ok(StageResult::skipped(SmokeStage::Output, "no finished job"));
        };
        let mut result = StageResult::passed(SmokeStage::Output, "");
        result.job = Some(finished.job.clone());
        self.check_output(&finished.output, finished.length, &mut result).await;
        Ok(result)
    }

    /// Checks the container, duration and alpha; and the matte, where it can be decoded and the
    /// expected one is known. Only the built-in clip has a known length.
    async fn check_output(
        &self,
        output: &PublishedOutput,
        length: Option<ExpectedLength>,
        result: &mut StageResult,
    ) {
        let Some(Target::File(path)) = output.path.clone() else { return };
        let options = &self.setup.options;
        let format = options.format;
        let transparent = options.background == Background::Transparent;
        let expected = OutputSpec { format, alpha: transparent, size: Some(output.size), length };
        let checked = blocking(move || {
            let check = || {
                let verified = media::verify_output(&path, &expected)?;
                Ok((verified, media::read_opacity(&path, format, MAX_FRAMES)?))
            };
            check().map_err(|error: OutputError| {
                Failure::new(error.kind(), "the output", error.to_string())
            })
        });
        let (verified, pictures) = match checked.await {
            Ok(checked) => checked,
            Err(failure) => {
                let mut message = failure.to_string();
                // It may quote the output.
                if let Some(context) = &self.setup.context {
                    message = context.service.clean(&message);
                }
                result.fail(StageFailure::of(failure.kind), message);
                return;
            }
        };
        let (width, height) = (verified.width.unwrap_or(0), verified.height.unwrap_or(0));
        let duration =
            verified.duration.map(|duration| format!(", {duration:.2} s")).unwrap_or_default();
        let message = format!("{width}x{height} {format}{duration}, {} bytes", verified.size);
        if result.told.is_empty() {
            result.told = message;
        } else {
            result.details.push(message);
        }
        match pictures {
            _ if !transparent => {}
            None if result.stage == SmokeStage::Output => result.warn(format!(
                "the transparency of {format} is declared but was not measured; use --format \
                 webp to measure it"
            )),
            None => result.told.push_str("; transparency declared, not measured"),
            Some(pictures) if result.stage == SmokeStage::Output => {
                matte_check::judge(&pictures, &self.setup.clip.mask, result);
            }
            Some(pictures) => judge_coverage(&pictures, result),
        }
    }

    pub(crate) async fn credits(
        &mut self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Credits;
        let (Some(finished), Some(context)) = (self.finished.clone(), self.setup.context.clone())
        else {
            return Ok(StageResult::skipped(stage, "no finished job"));
        };
        let mut result = StageResult::passed(stage, "");
        result.job = Some(finished.job.clone());
        let began = self.setup.clock.now();
        let (client, answers) = recording_client(&context.service);
        loop {
            let credits = self.job_credits(&client, &finished, call.clone()).await?;
            let waited = self.setup.clock.now().since(began);
            if credits.is_settled() || waited >= USAGE_LAG {
                credits.judge(&mut result);
                self.lag = Some(waited);
                break;
            }
            tokio::time::sleep(USAGE_PAUSE).await;
        }
        if let Err(why) = link_agrees(&client, &finished, call).await {
            result.fail(StageFailure::of(why.kind), why.to_string());
        }
        self.record_drift(answers.take(), &mut result);
        Ok(result)
    }

    async fn job_credits(
        &self,
        client: &Client,
        finished: &FinishedJob,
        call: RequestOptions<'_>,
    ) -> Result<JobCredits, Failure> {
        let view: JobView = client.get(&finished.job, call.clone()).await?;
        let page = client.usage_events(EVENTS, call.clone()).await?;
        let summary = client.usage_summary(USAGE_DAYS, call).await?;
        let pricing = self.pricing.as_ref();
        let by_duration = view
            .duration_seconds
            .and_then(|seconds| pricing?.estimate(self.setup.options.model, seconds));
        Ok(JobCredits {
            estimate: Some(finished.estimate).filter(|estimate| estimate.0 > 0.0),
            by_duration,
            charge: EventCharge::of(&page.events, &view),
            billing_status: view.billing_status,
            growth: self.usage_before.as_ref().and_then(|before| growth(before, &summary)),
        })
    }
}

/// The link that is given without a key returns the same output, byte by byte.
async fn link_agrees(
    client: &Client,
    finished: &FinishedJob,
    call: RequestOptions<'_>,
) -> Result<(), Failure> {
    let link = client.download_link(&finished.job, call.clone()).await?;
    let mut download = client.download(&link, None, call).await?;
    let (mut digest, mut size) = (Sha256::new(), 0);
    while let Some(piece) = download.chunk().await? {
        digest.update(&piece);
        size += piece.len() as u64;
    }
    if hex::encode(digest.finalize()) == finished.output.sha256 {
        return Ok(());
    }
    let fetched = finished.output.size;
    let why = format!("it returns {size} bytes that differ from the {fetched} downloaded before");
    Err(Failure::new(FailureKind::Contract, "the link of /api/download", why))
}

/// Result of a stage whose input has an attempt of another process.
pub(crate) fn processed_elsewhere(stage: SmokeStage) -> StageResult {
    StageResult::failed(stage, StageFailure::Local, "another process is processing the input")
}

/// Judges an input by its record.
pub(crate) fn judged(stage: SmokeStage, input: &InputRecord, out_of_time: bool) -> StageResult {
    let mut result = match (&input.output, &input.failure) {
        (Some(_), _) => StageResult::passed(stage, "done and verified"),
        (None, why) if out_of_time && is_timeout(why.as_ref()) => StageResult::failed(
            stage,
            StageFailure::Timeout,
            "not finished in time; the job is still running at the service",
        ),
        (None, Some(failure)) => StageResult::of_failure(stage, failure),
        (None, None) => StageResult::failed(stage, StageFailure::Local, "no result"),
    };
    result.job = result.job.or_else(|| input.job.clone());
    result.steps.clone_from(&input.steps);
    if !input.steps.is_empty() {
        result.took = Some(input.steps.iter().map(|(_, took)| *took).sum());
    }
    let reasons: Vec<String> = input.retries.iter().map(|(kind, _)| words(*kind)).collect();
    warn_of_retries(&reasons, &mut result);
    result
}

/// The timeout is the only reason why an input did not end.
fn is_timeout(failure: Option<&Failure>) -> bool {
    failure.is_none_or(|failure| {
        matches!(failure.kind, FailureKind::Interrupted | FailureKind::TimedOut)
    })
}

/// Name of a clip within its suite.
fn name_in_suite(name: &str, suite: &Path) -> String {
    let relative = Path::new(name).strip_prefix(suite).ok();
    relative.map_or_else(|| name.to_owned(), |relative| relative.display().to_string())
}

/// Judges a clip without a known matte: only the extremes are certain.
fn judge_coverage(pictures: &[media::Opacity], result: &mut StageResult) {
    let means: Vec<f64> = pictures.iter().map(media::Opacity::mean).collect();
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    result.measure("coverage", mean);
    if mean > MIN_OPAQUE_WARNED {
        result.warn("everything is opaque: no background was removed");
    } else if mean < MAX_OPAQUE_WARNED {
        result.warn("nothing is opaque: no subject was found");
    } else if result.outcome != StageOutcome::Failed {
        result.details.push(format!("{:.0} % of the image is opaque", mean * 100.0));
    }
}
