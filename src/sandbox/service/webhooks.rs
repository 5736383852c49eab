//! Webhooks (contract, *Webhooks*): signed deliveries with retries.

use std::sync::Arc;

use serde_json::json;

use super::ServiceJob;
use crate::sandbox::api::{ClientView, written};
use crate::sandbox::faults::scenario::{Action, TimeForm, WebhookRules};
use crate::sandbox::state::app::App;
use crate::sandbox::state::audit::{WebhookDelivery, milliseconds};
use crate::sandbox::util::signature::webhook_signature;

/// Age of the timestamp of [`Action::OldTimestamp`], in hours.
const OLD_TIMESTAMP_HOURS: i64 = 1;

/// One event and its receiver.
struct WebhookMessage {
    app: Arc<App>,
    url: String,
    job_id: String,
    event: &'static str,
    delivery_id: String,
    body: Vec<u8>,
    bad_signature: bool,
    old: bool,
}

/// Sends `event` to the `webhook_url` of the job, if it has one; returns at once.
pub(crate) fn send(app: &Arc<App>, job: &ServiceJob, event: &'static str) {
    let Some(url) = job.request.webhook_url.clone() else { return };
    let injector = app.injector();
    let plan = injector.plan("WEBHOOK", event, Some(&job.key), app.now());
    let data = ClientView::now(app).job(job);
    let message = WebhookMessage {
        app: Arc::clone(app),
        url,
        job_id: job.id.clone(),
        event,
        delivery_id: format!("whd_{}", app.tokens.hex(20)),
        body: json!({ "event": event, "data": data }).to_string().into_bytes(),
        bad_signature: plan.has(&Action::BadSignature),
        old: plan.has(&Action::OldTimestamp),
    };
    if plan.has(&Action::Lose) {
        message.note(1, None, "lost");
        app.service().note_webhook(&job.id, event, "sent");
        return;
    }
    let copies = if plan.has(&Action::Duplicate) { 2 } else { 1 };
    let rules = injector.scenario.webhooks;
    tokio::spawn(async move {
        let mut sent = false;
        for _ in 0..copies {
            sent |= message.deliver(rules).await;
        }
        let outcome = if sent { "sent" } else { "failed" };
        message.app.service().note_webhook(&message.job_id, message.event, outcome);
    });
}

impl WebhookMessage {
    async fn deliver(&self, rules: WebhookRules) -> bool {
        let mut wait = rules.first_delay;
        for attempt in 1..=rules.attempts {
            let status = self.try_once(rules).await;
            let arrived = status.is_some_and(|status| (200..300).contains(&status));
            self.note(attempt, status, if arrived { "sent" } else { "failed" });
            if arrived {
                return true;
            }
            if attempt < rules.attempts {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
        }
        false
    }

    async fn try_once(&self, rules: WebhookRules) -> Option<u16> {
        let mut now = self.app.clock.wall();
        if self.old {
            now = now
                .checked_sub(jiff::SignedDuration::from_hours(OLD_TIMESTAMP_HOURS))
                .unwrap_or(now);
        }
        let timestamp = written(now, TimeForm::Utc);
        let mut request = self
            .app
            .webhooks
            .as_ref()?
            .post(&self.url)
            .timeout(rules.timeout)
            .header("Content-Type", "application/json")
            .header("X-Webhook-Event", self.event)
            .header("X-Webhook-Delivery-Id", &self.delivery_id)
            .header("X-Webhook-Timestamp", &timestamp);
        if let Some(secret) = &self.app.webhook_secret {
            let mut signature = webhook_signature(secret, &timestamp, &self.body);
            if self.bad_signature {
                signature = webhook_signature("another secret", &timestamp, &self.body);
            }
            request = request.header("X-Webhook-Signature", signature);
        }
        let response = request.body(self.body.clone()).send().await.ok()?;
        Some(response.status().as_u16())
    }

    fn note(&self, attempt: u32, status: Option<u16>, outcome: &'static str) {
        self.app.audit().delivered(WebhookDelivery {
            at: milliseconds(self.app.now()),
            id: self.delivery_id.clone(),
            event: self.event.to_owned(),
            job_id: self.job_id.clone(),
            attempt,
            status,
            outcome,
        });
    }
}
