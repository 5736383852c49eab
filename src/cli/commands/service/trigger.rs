//! `rbgv trigger`: sends a sample webhook, signed like one of the service.

use std::path::PathBuf;

use bytes::Bytes;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};
use url::Url;

use crate::cli::context::AppContext;
use crate::client::Forwarder;
use crate::client::webhook::sign;
use crate::model::secret::redact_url;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::documents::webhooks::WebhookSent;

/// Send a signed sample webhook to your receiver
///
/// The receiver is rbgv listen or your own server. Nothing is sent to the service. Exits with 5 if the
/// receiver does not accept the webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Event
    #[arg(value_parser = PossibleValuesParser::new(["job.started", "job.completed", "job.failed"]))]
    event: String,

    /// URL of the receiver
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8787/")]
    to: Url,

    /// Allow --to on another machine
    #[arg(long)]
    to_anywhere: bool,

    /// ID of the job in the webhook [default: one that does not exist]
    #[arg(long, value_name = "JOB")]
    job: Option<String>,

    /// File with the signing secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let Args { event, to, to_anywhere, job, secret_file } = args;
    let secret = app.warned(app.settings.webhook_secret(secret_file.as_deref())?);
    let receiver = Forwarder::new(to.clone(), "--to", to_anywhere)?;
    let job = job.unwrap_or_else(|| format!("sample-{:016x}", app.env.random.bits()));
    let delivery = format!("sample-{:016x}", app.env.random.bits());
    let body = sample(&event, &job).to_string();
    let now = app.env.clock.wall();
    let headers = sign(&event, &delivery, body.as_bytes(), &secret, now);
    receiver.send(&headers, Bytes::from(body)).await.map_err(|failure| {
        let next = match failure.kind {
            FailureKind::Unreachable => {
                "rbgv listen  # in another terminal, or start your own receiver"
            }
            _ => "check that the receiver has the secret of this profile (rbgv profile check)",
        };
        failure.with_next(next)
    })?;
    let shown = redact_url(to.as_str());
    app.printer.note(&format!("{event} accepted by {shown} (delivery {delivery}, job {job})"));
    if app.printer.style().json {
        app.printer.document(&WebhookSent {
            event: &event,
            delivery_id: &delivery,
            job: &job,
            to: &shown,
        });
    }
    Ok(ExitClass::Done)
}

/// The body of a webhook about `job`, with the documented fields.
fn sample(event: &str, job: &str) -> Value {
    let (status, progress) = match event {
        "job.completed" => ("completed", 100),
        "job.failed" => ("failed", 40),
        _ => ("processing", 0),
    };
    let is_completed = status == "completed";
    json!({
        "event": event,
        "data": {
            "id": job,
            "status": status,
            "progress": progress,
            "output_url": is_completed.then_some("https://cdn.example/sample.webm"),
            "error": (status == "failed").then_some("Processing failed"),
            "duration_seconds": is_completed.then_some(2.0),
        },
    })
}
