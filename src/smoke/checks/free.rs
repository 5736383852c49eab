//! Stages that cost nothing and change nothing.

use crate::client::{Client, ListQuery, RequestOptions, connectivity};
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{Failure, FailureKind, JobId, ModelName};
use crate::smoke::judgements::contract;
use crate::smoke::run::SmokeRun;

/// Jobs per list page.
const PAGE: u32 = 20;

/// Days of usage that are read.
pub(crate) const USAGE_DAYS: u32 = 7;

/// Recent usage events that are read.
const RECENT_EVENTS: u32 = 20;

impl SmokeRun<'_> {
    pub(crate) async fn name(&self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Name;
        if self.setup.proxied {
            return Ok(StageResult::skipped(stage, "names are resolved by the proxy"));
        }
        let (url, timeout) = (&self.setup.base_url, self.setup.connect_timeout);
        let found = connectivity::addresses(url, timeout).await?;
        let shown: Vec<String> = found.iter().take(3).map(ToString::to_string).collect();
        let more = match found.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Ok(StageResult::passed(stage, format!("{}{more}", shown.join(", "))))
    }

    pub(crate) async fn tls(&self) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Tls;
        if self.setup.proxied {
            return Ok(StageResult::skipped(stage, "connected through a proxy"));
        }
        let (url, timeout) = (&self.setup.base_url, self.setup.connect_timeout);
        Ok(if connectivity::handshake(url, timeout).await? {
            StageResult::passed(stage, "certificate accepted")
        } else {
            StageResult::skipped(stage, "plain http has no certificate")
        })
    }

    pub(crate) async fn health(
        &mut self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let health = self.setup.clients.keyless.health(call).await;
        self.silent = health.as_ref().is_err_and(|failure| failure.status.is_none());
        let health = health?;
        let mut result = StageResult::passed(SmokeStage::Health, health.status.clone());
        let unhealthy = health.failed_checks();
        if !contract::is_health(&health.status) {
            let message = format!("service reports {}, which is not documented", health.status);
            result.fail(StageFailure::Contract, message);
        } else if !unhealthy.is_empty() {
            let checks = unhealthy.join(", ");
            result.warn(format!("the service is {}: problems with {checks}", health.status));
        } else if !health.is_healthy() {
            result.warn(format!("service reports {}", health.status));
        }
        self.record_drift(contract::health(&health.raw), &mut result);
        Ok(result)
    }

    pub(crate) async fn prices(
        &mut self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let pricing = self.setup.clients.keyless.pricing(call).await?;
        let price = |model: &ModelName| {
            Some(format!("{model} {}", pricing.per_minute.get(model.as_str())?))
        };
        let prices: Vec<String> = ModelName::ALL.iter().filter_map(price).collect();
        let mut result =
            StageResult::passed(SmokeStage::Pricing, format!("{} per minute", prices.join(", ")));
        let wanted = self.setup.options.model;
        if !pricing.per_minute.get(wanted.as_str()).is_some_and(|price| *price > 0.0) {
            result.fail(StageFailure::Contract, format!("no price for model {wanted}"));
        }
        self.record_drift(contract::pricing(&pricing.raw), &mut result);
        self.pricing = Some(pricing);
        Ok(result)
    }

    pub(crate) async fn authentication(
        &self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        self.keyed()?.list(one_job(), call.clone()).await?;
        let message = "key accepted; missing and invalid keys are rejected";
        let mut result = StageResult::passed(SmokeStage::Authentication, message);
        let clients = &self.setup.clients;
        refused(&clients.keyless, "no key", "missing_api_key", call.clone(), &mut result).await;
        refused(&clients.wrong, "an invalid key", "invalid_api_key", call, &mut result).await;
        if let Some(warning) = &self.setup.key_warning {
            result.warn(warning.clone());
        }
        Ok(result)
    }

    pub(crate) async fn isolation(&self, call: RequestOptions<'_>) -> Result<StageResult, Failure> {
        let stage = SmokeStage::Isolation;
        let nobodys = JobId(format!("rbgv-smoke-test-{:016x}", self.setup.random.bits()));
        let failure = match self.keyed()?.get(&nobodys, call).await {
            Err(failure) if failure.kind == FailureKind::NotFound => failure,
            Err(failure) => return Ok(other_than_documented(stage, "404", &failure)),
            Ok(_) => {
                let message = "a job that does not exist was returned instead of 404";
                return Ok(StageResult::failed(stage, StageFailure::Contract, message));
            }
        };
        let mut result = StageResult::passed(stage, "other accounts' jobs return 404");
        // A gateway without such a path answers 404 too, but without the service's message.
        if failure.code.as_deref() != Some("not_found") && !names_the_job(&failure) {
            let said = failure.code.as_deref().unwrap_or(&failure.why);
            result.warn(format!("expected not_found or \"Job not found\", got: {said}"));
        }
        Ok(result)
    }

    pub(crate) async fn listing(
        &mut self,
        call: RequestOptions<'_>,
    ) -> Result<StageResult, Failure> {
        let query = ListQuery { limit: PAGE, offset: 0, status: None };
        let page = self.keyed()?.list(query, call).await?;
        let total = page.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let message = format!("{}{total} jobs listed", page.jobs.len());
        let mut result = StageResult::passed(SmokeStage::Listing, message);
        if page.unreadable > 0 {
            let message = format!("{} entries of the list are not jobs", page.unreadable);
            result.fail(StageFailure::Contract, message);
        }
        if page.jobs.len() > PAGE as usize {
            result.warn(format!("requested {PAGE} jobs, got {}", page.jobs.len()));
        }
        // A list page may show less of a job than a poll does: only its state counts here.
        for job in &page.jobs {
            self.record_drift(contract::state(&job.status), &mut result);
        }
        Ok(result)
    }

    pub(crate) async fn usage(&self, call: RequestOptions<'_>) -> Result<StageResult, Failure> {
        let keyed = self.keyed()?;
        let summary = keyed.usage_summary(USAGE_DAYS, call.clone()).await?;
        let events = keyed.usage_events(RECENT_EVENTS, call).await?.events.len();
        let used = match summary.credits_used {
            Some(credits) => format!("{credits} credits"),
            None => "an unknown number of credits".to_owned(),
        };
        let message = format!("{used} in {USAGE_DAYS} days, {events} recent events");
        let mut result = StageResult::passed(SmokeStage::Usage, message);
        if summary.credits_used.is_none() {
            result.warn("the summary contains no known field for credits");
        }
        if let Some(left) = summary.credits_left {
            result.details.push(format!("{left} credits left"));
        }
        Ok(result)
    }
}

/// The failure says that a job was not found (contract, *Errors*).
fn names_the_job(failure: &Failure) -> bool {
    failure.why.to_ascii_lowercase().contains("job not found")
}

pub(crate) fn one_job() -> ListQuery {
    ListQuery { limit: 1, offset: 0, status: None }
}

/// Checks that `client`, which has `what` instead of a good key, is rejected as documented.
async fn refused(
    client: &Client,
    what: &str,
    code: &str,
    call: RequestOptions<'_>,
    result: &mut StageResult,
) {
    match client.list(one_job(), call).await {
        Ok(_) => result.fail(StageFailure::Contract, format!("the service accepts {what}")),
        Err(failure) if failure.kind == FailureKind::Unauthorized => {
            let said = failure.code.unwrap_or_else(|| "missing".to_owned());
            if said != code {
                result.warn(format!("{what}: the error code is {said}, but {code} is documented"));
            }
        }
        Err(failure) => {
            let other = other_than_documented(SmokeStage::Authentication, "401", &failure);
            result.fail(
                other.cause.unwrap_or(StageFailure::Contract),
                format!("{what}: {}", other.told),
            );
            result.request_id = other.request_id;
        }
    }
}

/// A rejection of another kind than the documented one: a failure, or another contract.
pub(crate) fn other_than_documented(
    stage: SmokeStage,
    documented: &str,
    failure: &Failure,
) -> StageResult {
    let cause = match StageFailure::of(failure.kind) {
        trouble @ (StageFailure::Unavailable
        | StageFailure::Local
        | StageFailure::Interrupted
        | StageFailure::Usage) => trouble,
        _ => StageFailure::Contract,
    };
    let message = format!("expected {documented}, got: {failure}");
    StageResult {
        request_id: failure.request_id.clone(),
        job: failure.job.clone(),
        ..StageResult::failed(stage, cause, message)
    }
}
