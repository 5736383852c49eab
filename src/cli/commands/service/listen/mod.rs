//! `rbgv listen`: receives and verifies webhooks, updates their jobs, and forwards them. Reading
//! order: this file, `handler`, `verify`.

pub(crate) mod handler;
pub(crate) mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::handler::{Handler, HandlerArgs};
use self::verify::{MAX_BODY, VerificationArgs};
use crate::cli::context::AppContext;
use crate::cli::context::signals::stop_on_signals;
use crate::cli::files::absolute;
use crate::client::webhook::{VerifiedDelivery, WebhookHeaders};
use crate::flow::{Context, WebhookResult, settle_by_webhook};
use crate::ledger::LeasedLedger;
use crate::listen::{
    DeliveryLog, ReceivedDelivery, ReceivedEvent, TOO_MANY_CONNECTIONS, WebhookServer, serve,
};
use crate::model::text::escaped;
use crate::model::{ExitClass, Failure, FailureKind, JobStatus};
use crate::output::documents::webhooks::ListenLine;
use crate::output::{events::messages, formats::amounts};

/// Receive, verify and forward webhooks
///
/// Prints one line for each verified webhook; repeated deliveries are ignored. A run whose
/// --webhook-url leads here polls its jobs as soon as they end. The signing secret comes from
/// RBGV_WEBHOOK_SECRET, the profile or a file.
///
/// Webhooks are acknowledged before they are handled. With --keep they are saved to disk first, so
/// that those left by a crash or a failed command can be posted again.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Verify(verify::Args),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Address to listen on; the service, or your reverse proxy, must be able to reach it
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// Save every delivery to this file before it is acknowledged; it contains download links
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    verification: VerificationArgs,

    #[command(flatten)]
    handler: HandlerArgs,
}

/// Maximum number of deliveries that wait to be handled; more are answered with an error, so that the
/// service sends them again.
const QUEUE: usize = 1_024;

/// Minimum time for which delivery ids are kept; far longer than the usual maximum age.
const RETENTION: Duration = Duration::from_hours(30 * 24);

/// Interval between two removals of old delivery ids.
const CLEANUP_INTERVAL: Duration = Duration::from_hours(24);

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    match args.command {
        None => receive(args.serve, app).await,
        Some(Command::Verify(args)) => verify::run(&args, app),
    }
}

/// Handles deliveries.
struct DeliveryHandler<'a> {
    app: &'a AppContext,
    ledger: LeasedLedger,
    /// `None` without a key; with one, a poll confirms what a webhook says.
    context: Option<Arc<Context>>,
    handler: Handler,
    /// The file of `--keep`.
    kept: Option<PathBuf>,
}

async fn receive(args: ServeArgs, app: &AppContext) -> Result<ExitClass, Failure> {
    let secret_file = args.verification.secret_file.as_deref();
    let secret = app.warned(app.settings.webhook_secret(secret_file)?);
    app.env.sanitizer.add(secret.expose());
    let handler = DeliveryHandler::open(app, &args)?;
    let keep = handler.kept.clone().map(DeliveryLog::open).transpose()?.map(Arc::new);
    let stop = handler.stop_token()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::local(format!("listening on {}", args.listen), &error)
            .with_next("rbgv listen --listen 127.0.0.1:0")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let origin = app.settings.profile.base_url.origin().ascii_serialization();
    handler.ledger.register_listener(&origin, &address.to_string()).await?;
    handler.warn_unfinished(&origin).await?;
    handler.report_ready(address);
    let (sender, mut incoming) = mpsc::channel(QUEUE);
    let reception = WebhookServer {
        ledger: (*handler.ledger).clone(),
        keep,
        origin,
        secret,
        sanitizer: app.env.sanitizer.clone(),
        max_age: args.verification.max_age,
        max_body: MAX_BODY,
        clock: app.env.clock.clone(),
        events: sender,
        in_progress: Arc::default(),
        rejections: Arc::default(),
    };
    let mut serving = tokio::spawn(serve(listener, reception, stop));
    let mut served = None;
    // A delivery may be dated up to max_age in the future, so it is accepted for up to twice that.
    let remembered = RETENTION.max(args.verification.max_age.saturating_mul(2));
    let mut forgetting = tokio::time::interval(CLEANUP_INTERVAL);
    // Ends when the server has ended and every accepted delivery is handled.
    loop {
        tokio::select! {
            came = incoming.recv() => match came {
                Some(incoming) => handler.take(incoming).await,
                None => break,
            },
            // Connections that are still open add nothing more.
            ended = &mut serving, if served.is_none() => {
                served = Some(ended);
                incoming.close();
            }
            _ = forgetting.tick() => handler.forget(remembered).await,
        }
    }
    let served = match served {
        Some(served) => served,
        None => serving.await,
    };
    served.map_err(|error| Failure::local("receiving webhooks", &error))??;
    Ok(ExitClass::Done)
}

impl<'a> DeliveryHandler<'a> {
    fn open(app: &'a AppContext, args: &ServeArgs) -> Result<Self, Failure> {
        let handler = Handler::new(&args.handler, app)?;
        let kept = args.keep.as_deref().map(|file| absolute(&app.env, file));
        let context = match app.context() {
            Ok(context) => Some(context),
            Err(failure) if failure.kind == FailureKind::Configuration => {
                let why = "jobs are updated by the next run or resume";
                app.printer.warn(&format!("no API key: {why} ({failure})"));
                None
            }
            Err(failure) => return Err(failure),
        };
        let ledger = match &context {
            Some(context) => context.ledger.clone(),
            None => app.leased_ledger()?,
        };
        Ok(Self { app, ledger, context, handler, kept })
    }

    fn stop_token(&self) -> Result<CancellationToken, Failure> {
        match &self.context {
            Some(context) => Ok(context.stop.clone()),
            None => stop_on_signals(&self.app.printer),
        }
    }

    fn report_ready(&self, address: SocketAddr) {
        let printer = &self.app.printer;
        if !address.ip().is_loopback() {
            printer.warn("other machines can reach this address; unsigned webhooks are rejected");
        }
        if printer.style().json {
            printer.document(&ListenLine::Listening { address: address.to_string() });
        } else {
            printer.note(&format!("receiving webhooks at http://{address}/"));
        }
    }

    /// Warns about deliveries that an earlier process acknowledged but did not handle.
    async fn warn_unfinished(&self, origin: &str) -> Result<(), Failure> {
        let number = self.ledger.count_unhandled_deliveries(origin).await?;
        if number > 0 {
            let webhooks = amounts::counted(number, "webhook was", "webhooks were");
            self.app.printer.warn(&format!(
                "{webhooks} acknowledged earlier but not fully handled; {}",
                self.next_step()
            ));
        }
        Ok(())
    }

    /// What to do about a delivery that was not fully handled.
    fn next_step(&self) -> String {
        match &self.kept {
            Some(file) => format!(
                "rbgv resume updates its job; to forward it, post it again from {} \
                 (docs/production.md)",
                messages::argument(&file.to_string_lossy())
            ),
            None => "rbgv resume updates its job".to_owned(),
        }
    }

    /// Removes delivery ids older than `remembered`. A failure only delays that.
    async fn forget(&self, remembered: Duration) {
        let before = self.app.env.clock.wall().before(remembered);
        if let Err(error) = self.ledger.delete_deliveries_before(before).await {
            tracing::warn!("removing old delivery ids: {error}");
        }
    }

    async fn take(&self, incoming: ReceivedEvent) {
        let printer = &self.app.printer;
        log(&incoming, &self.app.settings.profile.name);
        match incoming {
            ReceivedEvent::Accepted(received) => {
                let ReceivedDelivery { delivery, headers, body, .. } = &*received;
                self.handle(delivery, headers, body.clone()).await;
            }
            ReceivedEvent::Repeated { id, event } if printer.style().json => {
                printer.document(&ListenLine::Repeated { delivery: &id, webhook: &event });
            }
            ReceivedEvent::Repeated { id, event } => {
                printer.note(&format!("{event} ({id}): repeated delivery, ignored"));
            }
            ReceivedEvent::Rejected { reason, why, id, unreported } if printer.style().json => {
                printer.document(&ListenLine::Refused {
                    delivery: id.as_deref(),
                    reason,
                    why: &why,
                    not_shown: unreported,
                });
            }
            ReceivedEvent::Rejected { reason, why, id, unreported } => {
                if unreported > 0 {
                    printer
                        .warn(&format!("{} more rejected, not shown", amounts::count(unreported)));
                }
                let what = match id {
                    _ if reason == TOO_MANY_CONNECTIONS => "connection".to_owned(),
                    Some(id) => format!("webhook {id}"),
                    None => "webhook".to_owned(),
                };
                printer.warn(&format!("{what} rejected: {why}; see rbgv explain {reason}"));
            }
        }
    }

    /// Updates the job of a verified delivery and runs the handler. Failures are reported.
    async fn handle(&self, delivery: &VerifiedDelivery, headers: &WebhookHeaders, body: Bytes) {
        let settled = self.settle(delivery).await;
        self.report(delivery, settled.as_ref().ok().copied().flatten());
        let handled = self.handler.handle(delivery, headers, body).await;
        if self.succeeded(delivery, &settled) & self.succeeded(delivery, &handled) {
            let marked = self.ledger.mark_delivery_handled(&delivery.id).await;
            self.succeeded(delivery, &marked);
        }
    }

    /// Reports a failure.
    fn succeeded<T>(&self, delivery: &VerifiedDelivery, result: &Result<T, Failure>) -> bool {
        if let Err(failure) = result {
            let printer = &self.app.printer;
            let failure = failure.clone().with_next(self.next_step());
            printer.failure(&failure);
            if printer.style().json {
                printer.document(&ListenLine::Failed {
                    delivery: &delivery.id,
                    failure: (&failure).into(),
                });
            }
        }
        result.is_ok()
    }

    /// Polls the job once, if it has ended and no run follows it.
    async fn settle(&self, delivery: &VerifiedDelivery) -> Result<Option<WebhookResult>, Failure> {
        let Some(context) = &self.context else { return Ok(None) };
        match delivery.job.as_ref().filter(|_| delivery.says_final()) {
            Some(job) => settle_by_webhook(context, job).await.map(Some),
            None => Ok(None),
        }
    }

    fn report(&self, delivery: &VerifiedDelivery, settling: Option<WebhookResult>) {
        let printer = &self.app.printer;
        let job = delivery.job.as_ref().map(|job| job.0.as_str());
        let status = delivery.status.as_ref().map(JobStatus::as_str);
        let outcome = settling.map(description);
        let settling = settling.map(WebhookResult::as_str);
        if printer.style().json {
            printer.document(&ListenLine::Webhook {
                delivery: &delivery.id,
                webhook: &delivery.event,
                job,
                status,
                settled: settling,
                data: &delivery.data,
            });
        } else {
            let words = [Some(delivery.event.as_str()), job, outcome];
            printer.data(&words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
    }
}

fn description(result: WebhookResult) -> &'static str {
    match result {
        WebhookResult::Unknown => "(unknown job)",
        WebhookResult::OtherKey => "(job of another key)",
        WebhookResult::Followed => "(tracked by a run)",
        WebhookResult::Already => "(already recorded)",
        WebhookResult::Settled => "(recorded)",
        WebhookResult::NotConfirmed => "(not confirmed by the service)",
    }
}

/// Logs a delivery. Foreign text is escaped, because logs are read in terminals.
fn log(incoming: &ReceivedEvent, profile: &str) {
    let (delivery, job_id, webhook, reason) = match incoming {
        ReceivedEvent::Accepted(received) => {
            let VerifiedDelivery { id, job, event, .. } = &received.delivery;
            (Some(id), job.as_ref().map(|job| &job.0), Some(event), None)
        }
        ReceivedEvent::Repeated { id, event } => (Some(id), None, Some(event), Some("repeated")),
        ReceivedEvent::Rejected { reason, id, .. } => (id.as_ref(), None, None, Some(*reason)),
    };
    let [delivery, job_id, webhook] =
        [delivery, job_id, webhook].map(|text| text.map(|text| escaped(text)));
    info!(target: "rbgv::webhook", profile, delivery, webhook, job_id, reason, "webhook");
}
