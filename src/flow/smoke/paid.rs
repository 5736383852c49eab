//! The success path: a clip all the way, its output, and its credits. Jobs go through the flow and
//! its ledger; here it is only said what is sent, and judged what came back.

use std::path::Path;
use std::time::Duration;

use super::agreement::{Account, Charge, growth};
use super::batch::{Came, Errand, Item, carry_out};
use super::run::Smoke;
use super::{contract, quality};
use crate::client::{Call, Client};
use crate::flow::context::blocking;
use crate::flow::{Context, Destination, Named};
use crate::ledger::KeyId;
use crate::media::{self, BadOutput, Expectation};
use crate::model::event::Output;
use crate::model::smoke::{Cause, Outcome, Stage, StageResult};
use crate::model::{Background, Credits, Failure, FailureKind, JobId, JobView};

/// Pictures of an output that are looked at.
const PICTURES: usize = 64;

/// Days and events that are read to find a charge.
pub(super) const DAYS: u32 = 7;
const EVENTS: u32 = 100;

/// How often usage is looked at until a charge shows.
pub(super) const USAGE_PAUSE: Duration = Duration::from_secs(2);

/// A clip whose output is opaque, or clear, to this share of its pixels has probably not been
/// worked on.
const ALL: f64 = 0.995;
const NOTHING: f64 = 0.005;

/// A job of the built-in clip that went well.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    job: JobId,
    output: Output,
    estimate: Credits,
    /// Seconds of the clip.
    seconds: Option<f64>,
}

impl Smoke<'_> {
    pub(super) async fn success(&mut self) -> StageResult {
        let stage = Stage::Success;
        let Some(context) = self.setup.context.clone() else {
            return StageResult::skipped(stage, "there is no key");
        };
        let seconds = match self.fresh_clip(&context).await {
            Ok(seconds) => seconds,
            Err(failure) => return StageResult::of_failure(stage, &failure),
        };
        if self.watches_credits
            && let Ok(keyed) = self.keyed(stage)
        {
            // Without it, the growth cannot be told, which is said then.
            self.usage_before = keyed.usage_summary(DAYS, Call::plain()).await.ok();
        }
        let target =
            self.setup.place.join(format!("output.{}", self.setup.options.format.extension()));
        let errand = Errand {
            context: &context,
            pricing: self.pricing.as_ref(),
            named: vec![Named::Path(self.setup.clip.path.clone())],
            destination: Destination::File(target),
            options: &self.setup.options,
            budget: self.setup.budget,
            spool: self.setup.spool.clone(),
            patience: self.setup.policy.patience,
            in_flight: 1,
        };
        let came = match self.priced(errand).await {
            Ok(came) => came,
            Err(failure) => return StageResult::of_failure(stage, &failure),
        };
        self.found.estimate = Some(came.estimate);
        let Some(item) = came.items.first() else {
            return StageResult::failed(stage, Cause::Local, "another process works on the clip");
        };
        let mut result = judged(stage, item, came.out_of_time);
        self.look_at_job(&context, item, &mut result).await;
        if let (Some(output), Some(job)) = (&item.output, &item.job) {
            let (job, output) = (job.clone(), output.clone());
            self.finished = Some(Finished { job, output, estimate: came.estimate, seconds });
        }
        result
    }

    /// Carries an errand out with prices that are asked for where the stage for them did not run.
    pub(super) async fn priced(&self, errand: Errand<'_>) -> Result<Came, Failure> {
        if errand.pricing.is_some() {
            return carry_out(errand).await;
        }
        let pricing = self.setup.clients.keyless.pricing(Call::plain()).await?;
        carry_out(Errand { pricing: Some(&pricing), ..errand }).await
    }

    /// Makes sure that the clip is really sent, whatever an earlier run has sent; gives its length.
    async fn fresh_clip(&self, context: &Context<Client>) -> Result<Option<f64>, Failure> {
        let path = self.setup.clip.path.clone();
        let (seconds, sha256) = blocking(move || {
            let video = media::inspect_input(&path)
                .map_err(|bad| Failure::local("the built-in clip", &bad))?;
            let hash = media::hash_file(&path, &|_| ())
                .map_err(|error| Failure::local("reading the built-in clip", &error))?;
            Ok((video.duration, hash.sha256))
        })
        .await?;
        let key: KeyId = context.key.clone();
        context.ledger(move |ledger, _| ledger.forget_upload(&key, &sha256)).await?;
        Ok(seconds)
    }

    /// Holds the job, as the service shows it now, against the contract.
    async fn look_at_job(
        &mut self,
        context: &Context<Client>,
        item: &Item,
        result: &mut StageResult,
    ) {
        for status in &item.unknown_states {
            self.note_drift(contract::state(status), result);
        }
        let Some(job) = &item.job else { return };
        if let Ok(view) = context.service.get(job, Call::plain()).await {
            self.note_drift(contract::job(&view.status, &view.raw), result);
        }
    }

    pub(super) async fn suite(&mut self) -> Vec<StageResult> {
        let stage = Stage::Suite;
        let (Some(context), Some(directory)) =
            (self.setup.context.clone(), self.setup.suite.clone())
        else {
            return vec![StageResult::skipped(stage, "there is no key")];
        };
        let began = self.setup.clock.now();
        let errand = Errand {
            context: &context,
            pricing: self.pricing.as_ref(),
            named: vec![Named::Path(directory.clone())],
            destination: Destination::Directory(self.setup.place.clone()),
            options: &self.setup.options,
            budget: self.setup.budget,
            spool: self.setup.spool.clone(),
            patience: self.setup.policy.patience,
            in_flight: 64,
        };
        let came = match self.priced(errand).await {
            Ok(came) => came,
            Err(failure) => return vec![StageResult::of_failure(stage, &failure)],
        };
        self.found.estimate = Some(came.estimate);
        if came.items.is_empty() {
            let told = "there are no clips in the directory";
            return vec![StageResult::failed(stage, Cause::Usage, told)];
        }
        let mut results = Vec::new();
        for item in &came.items {
            let mut result = judged(stage, item, came.out_of_time);
            result.name = below(&item.name, &directory);
            result.took.get_or_insert_with(|| self.setup.clock.now().since(began));
            self.look_at_job(&context, item, &mut result).await;
            if let Some(output) = &item.output {
                self.look_at_output(output, None, &mut result).await;
            }
            results.push(result);
        }
        results
    }

    pub(super) async fn output(&self) -> StageResult {
        let Some(finished) = &self.finished else {
            return StageResult::skipped(Stage::Output, "there is no finished job");
        };
        let mut result = StageResult::passed(Stage::Output, "");
        result.job = Some(finished.job.clone());
        self.look_at_output(&finished.output, finished.seconds, &mut result).await;
        result
    }

    /// Container, duration and alpha; and the matte, where it can be decoded and is known. A
    /// length is known for the built-in clip alone.
    async fn look_at_output(
        &self,
        output: &Output,
        seconds: Option<f64>,
        result: &mut StageResult,
    ) {
        let Some(path) = output.path.clone() else { return };
        let options = &self.setup.options;
        let format = options.format;
        let transparent = options.background == Background::Transparent;
        let expected =
            Expectation { format, alpha: transparent, size: Some(output.size), duration: seconds };
        let looked = blocking(move || {
            let verified = media::verify_output(&path, &expected).map_err(|bad| failed(&bad))?;
            let pictures =
                media::read_opacity(&path, format, PICTURES).map_err(|bad| failed(&bad))?;
            Ok((verified, pictures))
        });
        let (verified, pictures) = match looked.await {
            Ok(looked) => looked,
            Err(failure) => {
                result.fail(Cause::of(failure.kind), failure.to_string());
                return;
            }
        };
        let (width, height) = (verified.width.unwrap_or(0), verified.height.unwrap_or(0));
        let lasts = verified.duration.map(|lasts| format!(", {lasts:.2} s")).unwrap_or_default();
        let told = format!("{width}x{height} {format}{lasts}, {} bytes", verified.size);
        if result.told.is_empty() {
            result.told = told;
        } else {
            result.details.push(told);
        }
        match pictures {
            _ if !transparent => {}
            None => result.details.push(format!(
                "the alpha of {format} is declared; to have it measured, give --format webp"
            )),
            Some(pictures) if result.stage == Stage::Output => {
                quality::judge(&pictures, &self.setup.clip.mask, result);
            }
            Some(pictures) => judge_coverage(&pictures, result),
        }
    }

    pub(super) async fn credits(&mut self, call: Call<'_>) -> StageResult {
        let stage = Stage::Credits;
        let (Some(finished), Some(context)) = (self.finished.clone(), self.setup.context.clone())
        else {
            return StageResult::skipped(stage, "there is no finished job");
        };
        let mut result = StageResult::passed(stage, "");
        result.job = Some(finished.job.clone());
        // How long usage lags behind says nothing of latency.
        result.took = Some(Duration::ZERO);
        let began = self.setup.clock.now();
        loop {
            let account = match self.account(&context.service, &finished, call.clone()).await {
                Ok(account) => account,
                Err(failure) => return StageResult::of_failure(stage, &failure),
            };
            let waited = self.setup.clock.now().since(began);
            if account.is_settled() || waited >= self.setup.policy.usage_lag {
                account.judge(&mut result);
                result.took = Some(self.setup.clock.now().since(began));
                break;
            }
            tokio::time::sleep(USAGE_PAUSE).await;
        }
        if let Err(why) = link_agrees(&context.service, &finished, call).await {
            result.fail(Cause::of(why.kind), why.to_string());
        }
        result
    }

    async fn account(
        &self,
        client: &Client,
        finished: &Finished,
        call: Call<'_>,
    ) -> Result<Account, Failure> {
        let view: JobView = client.get(&finished.job, call.clone()).await?;
        let events = client.usage_events(EVENTS, call.clone()).await?;
        let summary = client.usage_summary(DAYS, call).await?;
        let pricing = self.pricing.as_ref();
        let by_duration = view
            .duration_seconds
            .and_then(|seconds| pricing?.estimate(self.setup.options.model, seconds));
        Ok(Account {
            estimate: Some(finished.estimate).filter(|estimate| estimate.0 > 0.0),
            by_duration,
            billing_status: view.billing_status,
            charge: Charge::of(&events.events, &finished.job),
            growth: self.usage_before.as_ref().and_then(|before| growth(before, &summary)),
        })
    }
}

/// Whether the link that is given without a key leads to the same output.
async fn link_agrees(client: &Client, finished: &Finished, call: Call<'_>) -> Result<(), Failure> {
    let link = client.download_link(&finished.job, call.clone()).await?;
    let download = client.download(&link, None, call).await?;
    match download.total {
        Some(total) if total != finished.output.size => {
            let why = format!(
                "it leads to {total} bytes, the output that was fetched has {}",
                finished.output.size
            );
            Err(Failure::new(FailureKind::Contract, "the link of /api/download", why))
        }
        _ => Ok(()),
    }
}

fn failed(bad: &BadOutput) -> Failure {
    Failure::new(bad.kind(), "the output", bad.to_string())
}

/// What an item comes to.
pub(super) fn judged(stage: Stage, item: &Item, out_of_time: bool) -> StageResult {
    let mut result = match (&item.output, &item.failure) {
        (Some(_), _) => StageResult::passed(stage, "done, and verified"),
        (None, why) if out_of_time && is_impatience(why.as_ref()) => StageResult::failed(
            stage,
            Cause::Timeout,
            "it was not finished in time; the job goes on at the service",
        ),
        (None, Some(failure)) => StageResult::of_failure(stage, failure),
        (None, None) => StageResult::failed(stage, Cause::Local, "nothing came of it"),
    };
    result.job = result.job.or_else(|| item.job.clone());
    result.steps.clone_from(&item.steps);
    if !item.steps.is_empty() {
        result.took = Some(item.steps.iter().map(|(_, took)| *took).sum());
    }
    if !item.retries.is_empty() {
        let words: Vec<String> =
            item.retries.iter().map(|(kind, _)| kind.as_str().replace('_', " ")).collect();
        let told = format!("{} calls had to be repeated: {}", words.len(), words.join(", "));
        result.warn(told);
    }
    result
}

/// Whether nothing but the time that is over kept an item from its end.
fn is_impatience(failure: Option<&Failure>) -> bool {
    failure.is_none_or(|failure| {
        matches!(failure.kind, FailureKind::Interrupted | FailureKind::TimedOut)
    })
}

/// The name of a clip within its suite.
fn below(name: &str, suite: &Path) -> String {
    let below = Path::new(name).strip_prefix(suite).ok();
    below.map_or_else(|| name.to_owned(), |below| below.display().to_string())
}

/// Of a clip of which nothing is known, only the extremes can be told.
fn judge_coverage(pictures: &[media::Opacity], result: &mut StageResult) {
    let means: Vec<f64> = pictures.iter().map(media::Opacity::mean).collect();
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    result.measure("coverage", mean);
    if mean > ALL {
        result.warn("everything is opaque: was a background removed at all?");
    } else if mean < NOTHING {
        result.warn("nothing is opaque: no subject was found");
    } else if result.outcome != Outcome::Failed {
        result.details.push(format!("{:.0} % of the picture is opaque", mean * 100.0));
    }
}
