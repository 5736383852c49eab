//! What has to be refused, in the documented way and without a bill: a file that is no video, an
//! option that does not exist, a link that cannot be fetched, a key without credits.

use std::collections::BTreeMap;

use super::agreement::{Charge, ROUNDING, growth};
use super::batch::{Errand, Item, carry_out};
use super::free::other_than_documented;
use super::paid::{DAYS, USAGE_PAUSE, judged};
use super::run::Smoke;
use crate::client::{Call, Client, NewJob, UploadFile, UsageSummary};
use crate::flow::context::blocking;
use crate::flow::{Context, Destination, Named};
use crate::ledger::{Drafts, EntryId, EntryState};
use crate::model::smoke::{Cause, Outcome, Stage, StageResult};
use crate::model::{Credits, Failure, FailureKind, JobId, JobOptions, JobStatus};

/// What is sent as a video and is none.
const NO_VIDEO: &[u8] = b"This is a text. A smoke test sends it as a video, to see it refused.\n";

/// A model that no service has.
const NO_MODEL: &str = "rbgv-smoke-test-no-such-model";

/// An address that nothing can be fetched from: the name cannot exist (RFC 6761).
const DEAD_LINK: &str = "https://rbgv-smoke-test.invalid/no-such-clip.mp4";

/// Usage events that are read to see whether something was billed.
const EVENTS: u32 = 100;

impl Smoke<'_> {
    pub(super) async fn not_a_video(&self, call: Call<'_>) -> StageResult {
        let stage = Stage::NotAVideo;
        let keyed = match self.keyed(stage) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        let path = self.setup.place.join("not-a-video.mp4");
        let file = UploadFile {
            path: path.clone(),
            name: "not-a-video.mp4".to_owned(),
            size: NO_VIDEO.len() as u64,
            content_type: "video/mp4".to_owned(),
        };
        let written = blocking(move || {
            std::fs::write(&path, NO_VIDEO)
                .map_err(|error| Failure::local("writing a file that is no video", &error))
        });
        if let Err(failure) = written.await {
            return StageResult::of_failure(stage, &failure);
        }
        match keyed.upload(&file, call, std::sync::Arc::new(|_| ())).await {
            Err(failure) if failure.kind == FailureKind::InvalidRequest => {
                let told = format!("refused: {}", failure.why);
                StageResult::passed(stage, told)
            }
            // Whether a job of it would be billed is not found out: that might cost something.
            Ok(_) => StageResult::failed(
                stage,
                Cause::Contract,
                "a text was accepted as a video, where 400 \"Invalid file type\" is documented; \
                 no job was made of it",
            ),
            Err(failure) => other_than_documented(stage, "400", &failure),
        }
    }

    pub(super) async fn invalid_option(&self, call: Call<'_>) -> StageResult {
        let stage = Stage::InvalidOption;
        let keyed = match self.keyed(stage) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        // Where drafts are started at once, a request that is wrongly accepted may be billed.
        match self.drafts_are_free().await {
            Ok(true) => {}
            Ok(false) => {
                let why = "drafts of this key are not known to be free: run success first";
                return StageResult::skipped(stage, why);
            }
            Err(failure) => return StageResult::of_failure(stage, &failure),
        }
        let mut options = JobOptions::default();
        options.extra.insert("model".to_owned(), NO_MODEL.into());
        let job = NewJob {
            video_url: DEAD_LINK,
            options: &options,
            background_image_url: None,
            auto_start: false,
            metadata: &BTreeMap::new(),
        };
        match keyed.create(&job, call).await {
            Err(failure) if failure.kind == FailureKind::InvalidRequest => {
                StageResult::passed(stage, format!("refused: {}", failure.why))
            }
            Ok(created) => {
                let shown =
                    created.status.as_ref().map_or("no state", JobStatus::as_str).to_owned();
                let told = format!(
                    "a model that does not exist was accepted ({shown}), where 400 or 422 is \
                     documented"
                );
                let mut result = StageResult::failed(stage, Cause::Contract, told);
                result.job = Some(created.id);
                result
            }
            Err(failure) => other_than_documented(stage, "400 or 422", &failure),
        }
    }

    async fn drafts_are_free(&self) -> Result<bool, Failure> {
        let Some(context) = &self.setup.context else { return Ok(false) };
        let key = context.key.clone();
        Ok(context.ledger(move |ledger, _| ledger.drafts(&key)).await? == Drafts::Honoured)
    }

    pub(super) async fn dead_link(&mut self) -> StageResult {
        let stage = Stage::DeadLink;
        let Some(context) = self.setup.context.clone() else {
            return StageResult::skipped(stage, "there is no key");
        };
        // Without it, the growth cannot be told, which is said then.
        let before = context.service.usage_summary(DAYS, Call::plain()).await.ok();
        let began = self.setup.clock.now();
        let named = Named::Url(DEAD_LINK.to_owned());
        // What cannot be fetched has no length, and so no price: a bound would keep it from starting.
        let came = match carry_out(self.refusal(&context, named, None)).await {
            Ok(came) => came,
            Err(failure) => return StageResult::of_failure(stage, &failure),
        };
        let Some(item) = came.items.first() else {
            return StageResult::failed(stage, Cause::Local, "another process works on the link");
        };
        let mut result = match (&item.output, &item.failure) {
            (Some(_), _) => StageResult::failed(
                stage,
                Cause::Contract,
                "a job whose video cannot be fetched was completed",
            ),
            (None, Some(failure)) if is_refusal(failure) => {
                StageResult::passed(stage, format!("failed as it should: {}", failure.why))
            }
            _ => judged(stage, item, came.out_of_time),
        };
        result.job.clone_from(&item.job);
        if let Some(job) = &item.job {
            // How long usage lags behind says nothing of latency.
            let took = self.setup.clock.now().since(began);
            result.took.get_or_insert(took);
            self.unbilled(&context.service, job, before, &mut result).await;
        }
        result
    }

    pub(super) async fn no_credits(&mut self) -> StageResult {
        let stage = Stage::NoCredits;
        let Some((context, clip)) = self.setup.broke.clone() else {
            return StageResult::skipped(stage, "there is no key without credits");
        };
        // An earlier run has learned that this key has none, and would not ask again.
        if let Err(failure) = context.service.release_latches().await {
            return StageResult::of_failure(stage, &failure);
        }
        let errand = self.refusal(&context, Named::Path(clip), self.setup.budget);
        let came = match self.priced(errand).await {
            Ok(came) => came,
            Err(failure) => return StageResult::of_failure(stage, &failure),
        };
        let Some(item) = came.items.first() else {
            return StageResult::failed(stage, Cause::Local, "another process works on the clip");
        };
        let mut result = match (&item.output, &item.failure) {
            (Some(_), _) => StageResult::failed(
                stage,
                Cause::Ours,
                format!("profile {} has credits: the job was started", context.profile),
            ),
            (None, Some(failure)) if failure.kind == FailureKind::InsufficientCredits => {
                let told = format!("refused before anything was billed: {}", failure.why);
                StageResult::passed(stage, told)
            }
            _ => judged(stage, item, came.out_of_time),
        };
        result.job.clone_from(&item.job);
        // Left open, a later `resume` would start it as soon as the key has credits.
        if let Err(failure) = close(&context, item).await {
            result.fail(Cause::Local, failure.to_string());
        }
        result
    }

    fn refusal<'b>(
        &'b self,
        context: &'b std::sync::Arc<Context<Client>>,
        named: Named,
        budget: Option<Credits>,
    ) -> Errand<'b> {
        Errand {
            context,
            pricing: self.pricing.as_ref(),
            named: vec![named],
            destination: Destination::Directory(self.setup.place.clone()),
            options: &self.setup.options,
            budget,
            spool: self.setup.spool.clone(),
            patience: self.setup.policy.patience,
            in_flight: 1,
        }
    }
}

/// Whether a job was refused, or failed, because of what it was asked to do.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::JobFailed | FailureKind::InvalidRequest)
}

/// What was seen of the bill of a job that failed.
struct Unbilled {
    charge: Charge,
    /// Whether the usage events say of any charge which job it is for.
    names_jobs: bool,
    status: Option<String>,
    growth: Option<Credits>,
}

impl Unbilled {
    async fn look(
        client: &Client,
        job: &JobId,
        before: Option<&UsageSummary>,
    ) -> Result<Self, Failure> {
        let events = client.usage_events(EVENTS, Call::plain()).await?;
        let summary = client.usage_summary(DAYS, Call::plain()).await?;
        let view = client.get(job, Call::plain()).await?;
        Ok(Self {
            charge: Charge::of(&events.events, job),
            names_jobs: events.events.iter().any(|event| event.job.is_some()),
            status: view.billing_status,
            growth: before.and_then(|before| growth(before, &summary)),
        })
    }

    fn is_charged(&self) -> bool {
        matches!(self.charge, Charge::Told(charged, _) if charged.0 > 0.0)
            || self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("charged"))
    }

    /// Whether waiting can show nothing more: it was charged, or the service says what it did.
    fn is_settled(&self) -> bool {
        let says = |status: &str| !status.eq_ignore_ascii_case("pending");
        self.is_charged() || self.status.as_deref().is_some_and(says)
    }

    /// `alone` is whether nothing else that this test did can have let the summary grow.
    fn judge(&self, alone: bool, result: &mut StageResult) {
        if let Charge::Told(charged, _) = self.charge
            && charged.0 > 0.0
        {
            result.fail(Cause::Contract, format!("{charged} credits were charged for nothing"));
        }
        if let Some(status) = &self.status {
            if status.eq_ignore_ascii_case("charged") {
                result.fail(Cause::Contract, "the failed job calls itself charged");
            }
            result.details.push(format!("the job says: {status}"));
        }
        match self.growth.filter(|grown| grown.0 > ROUNDING) {
            Some(grown) if alone && !self.names_jobs => result.fail(
                Cause::Contract,
                format!("the usage summary grew by {grown} for a job that failed"),
            ),
            Some(grown) => result.warn(format!(
                "the usage summary grew by {grown} beside a job that failed: does another program \
                 use this key?"
            )),
            None if self.growth.is_some() => {
                result.details.push("the usage summary did not grow".to_owned());
            }
            None => result.warn("the usage summary tells no credits: it cannot be compared"),
        }
        if self.charge == Charge::Unnamed && self.growth.is_none() {
            result.warn("usage events name no jobs: whether it was billed cannot be told");
        } else if self.names_jobs && !self.is_charged() {
            result.details.push("no charge shows".to_owned());
        }
    }
}

impl Smoke<'_> {
    /// Whether a job that failed was billed, as far as can be told: at once where the job says so,
    /// otherwise when usage has had its time to show it.
    async fn unbilled(
        &self,
        client: &Client,
        job: &JobId,
        before: Option<UsageSummary>,
        result: &mut StageResult,
    ) {
        let began = self.setup.clock.now();
        let seen = loop {
            match Unbilled::look(client, job, before.as_ref()).await {
                Ok(seen) => {
                    let waited = self.setup.clock.now().since(began);
                    if seen.is_settled() || waited >= self.setup.policy.usage_lag {
                        break seen;
                    }
                }
                Err(failure) => {
                    result.warn(format!("whether it was billed cannot be told: {failure}"));
                    return;
                }
            }
            tokio::select! {
                () = self.setup.stop.cancelled() => {
                    result.warn("whether it was billed cannot be told: stopped");
                    return;
                }
                () = tokio::time::sleep(USAGE_PAUSE) => {}
            }
        };
        // The charge of the job that went well may be on its way, unless it was seen already.
        let settled = |stage: &StageResult| {
            stage.stage == Stage::Credits
                && matches!(stage.outcome, Outcome::Passed | Outcome::Warned)
        };
        let alone = self.finished.is_none() || self.found.stages.iter().any(settled);
        seen.judge(alone, result);
    }
}

async fn close(context: &Context<Client>, item: &Item) -> Result<(), Failure> {
    let (entry, failure) = (EntryId(item.entry), item.failure.clone());
    if item.output.is_some() {
        return Ok(());
    }
    context
        .ledger(move |ledger, _| ledger.settle(entry, EntryState::Failed, failure.as_ref()))
        .await
}
