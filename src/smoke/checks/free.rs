//! Stages that cost nothing and change nothing.

use crate::client::{Client, ListQuery, RequestOptions, connectivity};
use crate::model::smoke::{SmokeStage, StageFailure, StageResult};
use crate::model::{Failure, FailureKind, JobId, ModelName};
use crate::smoke::judgements::contract;
use crate::smoke::run::SmokeRun;

/// Jobs per list page.
const PAGE: u32 = 20;

/// Days and events of usage that are read.
const DAYS: u32 = 7;
const EVENTS: u32 = 20;

impl SmokeRun<'_> {
    pub(crate) async fn name(&self) -> StageResult {
        if self.setup.proxied {
            return StageResult::skipped(SmokeStage::Name, "names are resolved by the proxy");
        }
        match connectivity::addresses(&self.setup.base_url, self.setup.connect_timeout).await {
            Ok(found) => {
                let words: Vec<String> = found.iter().take(3).map(ToString::to_string).collect();
                let more = found.len().saturating_sub(words.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                StageResult::passed(SmokeStage::Name, format!("{}{more}", words.join(", ")))
            }
            Err(failure) => StageResult::of_failure(SmokeStage::Name, &failure),
        }
    }

    pub(crate) async fn tls(&self) -> StageResult {
        if self.setup.proxied {
            return StageResult::skipped(SmokeStage::Tls, "connected through a proxy");
        }
        let url = &self.setup.base_url;
        match connectivity::handshake(url, self.setup.connect_timeout).await {
            Ok(true) => StageResult::passed(SmokeStage::Tls, "certificate accepted"),
            Ok(false) => StageResult::skipped(SmokeStage::Tls, "plain http has no certificate"),
            Err(failure) => StageResult::of_failure(SmokeStage::Tls, &failure),
        }
    }

    pub(crate) async fn health(&mut self, call: RequestOptions<'_>) -> StageResult {
        let health = match self.setup.clients.keyless.health(call).await {
            Ok(health) => health,
            Err(failure) => {
                self.silent = failure.status.is_none();
                return StageResult::of_failure(SmokeStage::Health, &failure);
            }
        };
        let mut result = StageResult::passed(SmokeStage::Health, health.status.clone());
        let unhealthy = health.failed_checks();
        if !contract::is_health(&health.status) {
            let message = format!("service reports {}, which is not documented", health.status);
            result.fail(StageFailure::Contract, message);
        } else if !health.is_healthy() || !unhealthy.is_empty() {
            let message = match unhealthy.as_slice() {
                [] => format!("service reports {}", health.status),
                unhealthy => {
                    format!(
                        "the service is {}: problems with {}",
                        health.status,
                        unhealthy.join(", ")
                    )
                }
            };
            result.warn(message);
        }
        self.record_drift(contract::health(&health.raw), &mut result);
        result
    }

    pub(crate) async fn prices(&mut self, call: RequestOptions<'_>) -> StageResult {
        let pricing = match self.setup.clients.keyless.pricing(call).await {
            Ok(pricing) => pricing,
            Err(failure) => return StageResult::of_failure(SmokeStage::Pricing, &failure),
        };
        let words: Vec<String> = ModelName::ALL
            .iter()
            .filter_map(|model| {
                Some(format!("{model} {}", pricing.per_minute.get(model.as_str())?))
            })
            .collect();
        let mut result =
            StageResult::passed(SmokeStage::Pricing, format!("{} per minute", words.join(", ")));
        let wanted = self.setup.options.model;
        if !pricing.per_minute.get(wanted.as_str()).is_some_and(|price| *price > 0.0) {
            result.fail(StageFailure::Contract, format!("no price for model {wanted}"));
        }
        self.record_drift(contract::pricing(&pricing.raw), &mut result);
        self.pricing = Some(pricing);
        result
    }

    pub(crate) async fn authentication(&self, call: RequestOptions<'_>) -> StageResult {
        let keyed = match self.keyed(SmokeStage::Authentication) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        if let Err(failure) = keyed.list(one_job(), call.clone()).await {
            return StageResult::of_failure(SmokeStage::Authentication, &failure);
        }
        let message = "key accepted; missing and invalid keys are rejected";
        let mut result = StageResult::passed(SmokeStage::Authentication, message);
        let clients = &self.setup.clients;
        refused(&clients.keyless, "no key", "missing_api_key", call.clone(), &mut result).await;
        refused(&clients.wrong, "an invalid key", "invalid_api_key", call, &mut result).await;
        if let Some(warning) = &self.setup.key_warning {
            result.warn(warning.clone());
        }
        result
    }

    pub(crate) async fn isolation(&self, call: RequestOptions<'_>) -> StageResult {
        let keyed = match self.keyed(SmokeStage::Isolation) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        let nobodys = JobId(format!("rbgv-smoke-test-{:016x}", self.setup.random.bits()));
        match keyed.get(&nobodys, call).await {
            // A gateway without such a path answers 404 too, but without the service's message.
            Err(failure) if failure.kind == FailureKind::NotFound => {
                let message = "other accounts' jobs return 404";
                let mut result = StageResult::passed(SmokeStage::Isolation, message);
                if failure.code.as_deref() != Some("not_found") && !names_the_job(&failure) {
                    let said = failure.code.as_deref().unwrap_or(&failure.why);
                    let message = format!("expected not_found or \"Job not found\", got: {said}");
                    result.warn(message);
                }
                result
            }
            Ok(_) => StageResult::failed(
                SmokeStage::Isolation,
                StageFailure::Contract,
                "a job that does not exist was returned instead of 404",
            ),
            Err(failure) => other_than_documented(SmokeStage::Isolation, "404", &failure),
        }
    }

    pub(crate) async fn listing(&mut self, call: RequestOptions<'_>) -> StageResult {
        let keyed = match self.keyed(SmokeStage::Listing) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        let query = ListQuery { limit: PAGE, offset: 0, status: None };
        let page = match keyed.list(query, call).await {
            Ok(page) => page,
            Err(failure) => return StageResult::of_failure(SmokeStage::Listing, &failure),
        };
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
        result
    }

    pub(crate) async fn usage(&self, call: RequestOptions<'_>) -> StageResult {
        let keyed = match self.keyed(SmokeStage::Usage) {
            Ok(keyed) => keyed,
            Err(result) => return result,
        };
        let summary = match keyed.usage_summary(DAYS, call.clone()).await {
            Ok(summary) => summary,
            Err(failure) => return StageResult::of_failure(SmokeStage::Usage, &failure),
        };
        let events = match keyed.usage_events(EVENTS, call).await {
            Ok(events) => events,
            Err(failure) => return StageResult::of_failure(SmokeStage::Usage, &failure),
        };
        let used = summary.credits_used.map_or_else(
            || "an unknown number of credits".to_owned(),
            |credits| format!("{credits} credits"),
        );
        let message = format!("{used} in {DAYS} days, {} recent events", events.events.len());
        let mut result = StageResult::passed(SmokeStage::Usage, message);
        if summary.credits_used.is_none() {
            result.warn("the summary contains no known field for credits");
        }
        if let Some(left) = summary.credits_left {
            result.details.push(format!("{left} credits left"));
        }
        result
    }
}

/// The failure says that a job was not found (contract, *Errors*).
fn names_the_job(failure: &Failure) -> bool {
    failure.why.to_ascii_lowercase().contains("job not found")
}

fn one_job() -> ListQuery {
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
