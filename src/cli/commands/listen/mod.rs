//! `rbgv listen`: receives webhooks, settles the jobs that they speak of, and hands them on.

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

use crate::cli::context::{AppContext, absolute};
use crate::cli::signals::stop_on_signals;
use crate::client::webhook::{VerifiedDelivery, WebhookHeaders};
use crate::duration;
use crate::flow::{Context, WebhookResult, settle_by_webhook};
use crate::ledger::{Ledger, ProcessLease};
use crate::listen::{
    DeliveryLog, ReceivedDelivery, ReceivedEvent, TOO_MANY_CONNECTIONS, WebhookServer, serve,
};
use crate::model::text::escaped;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{
    events::{json, messages},
    formats::amounts,
};

use self::handler::{Handler, HandlerArgs};

/// Receive webhooks: verify, settle jobs, hand on
///
/// Prints a line for each webhook that is believed, once. A run whose jobs have this listener as
/// their --webhook-url looks at them as soon as they end. The secret comes from
/// RBGV_WEBHOOK_SECRET, from the profile, or from a file.
///
/// The service is answered before a webhook is handled. With --keep it is on the disk by then: what
/// a crash or a failed command left can be posted again, and what was handled is then ignored.
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
    /// Explain why the signature of a webhook is refused
    Verify(verify::Args),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Where to receive; the service, or a proxy of yours, has to reach it
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// DeliveryLog every delivery in this file, before it is answered; it holds links that open outputs
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    belief: VerificationArgs,

    #[command(flatten)]
    handler: HandlerArgs,
}

/// What decides whether a webhook is believed.
#[derive(Debug, clap::Args)]
struct VerificationArgs {
    /// Read the signing secret from this file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// How old a webhook may be
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    max_age: Duration,
}

/// Most bytes of a webhook. A job is a few hundred.
const MAX_BODY: usize = 1 << 20;

/// Deliveries that wait to be handled; beyond, the service is asked to come again.
const QUEUE: usize = 1_024;

/// How long delivery ids are remembered, at least: far longer than any is usually believed.
const REMEMBERED: Duration = Duration::from_hours(30 * 24);

/// How often those that are old enough are forgotten.
const FORGETTING: Duration = Duration::from_hours(24);

pub(crate) async fn run(args: Args, app: &AppContext) -> Result<ExitClass, Failure> {
    match args.command {
        None => receive(args.serve, app).await,
        Some(Command::Verify(args)) => verify::run(&args, app),
    }
}

/// What deliveries are handled with.
struct DeliveryHandler<'a> {
    app: &'a AppContext,
    ledger: Ledger,
    /// With the key, when there is one: to confirm by a look what a webhook says.
    context: Option<Arc<Context>>,
    handler: Handler,
    /// The file of deliveries, if there is one.
    kept: Option<PathBuf>,
}

async fn receive(args: ServeArgs, app: &AppContext) -> Result<ExitClass, Failure> {
    let secret = app.settings.webhook_secret(args.belief.secret_file.as_deref())?;
    for warning in &secret.warnings {
        app.printer.warn_once(warning);
    }
    app.env.sanitizer.add(secret.key.expose());
    let desk = DeliveryHandler::open(app, &args)?;
    let keep = desk.kept.clone().map(DeliveryLog::open).transpose()?.map(Arc::new);
    let (stop, owner) = desk.presence()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::local(format!("listening on {}", args.listen), &error)
            .with_next("choose another place with --listen ADDR:PORT")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let origin = app.settings.profile.base_url.origin().ascii_serialization();
    desk.ledger.register_listener(&owner, &origin, &address.to_string())?;
    desk.tell_unfinished(&origin)?;
    desk.tell_ready(address);
    let (told, mut incoming) = mpsc::channel(QUEUE);
    let reception = WebhookServer {
        ledger: desk.ledger.clone(),
        keep,
        origin,
        secret: secret.key,
        sanitizer: app.env.sanitizer.clone(),
        max_age: args.belief.max_age,
        max_body: MAX_BODY,
        clock: app.env.clock.clone(),
        told,
        in_hand: Arc::default(),
        remarks: Arc::default(),
    };
    let mut serving = tokio::spawn(serve(listener, reception, stop));
    let mut served = None;
    // A delivery from as far in the future as is believed is believed for twice that time.
    let remembered = REMEMBERED.max(args.belief.max_age.saturating_mul(2));
    let mut forgetting = tokio::time::interval(FORGETTING);
    // Ends when the server has ended and everything that it took is handled.
    loop {
        tokio::select! {
            came = incoming.recv() => match came {
                Some(incoming) => desk.take(incoming).await,
                None => break,
            },
            // A connection that lingers puts nothing more into the queue.
            ended = &mut serving, if served.is_none() => {
                served = Some(ended);
                incoming.close();
            }
            _ = forgetting.tick() => desk.forget(remembered),
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
        let context = match app.context(app.reporter()) {
            Ok(context) => Some(context),
            Err(failure) if failure.kind == FailureKind::Configuration => {
                let why = "jobs are settled by the next run or resume";
                app.printer.warn(&format!("without an API key, {why} ({failure})"));
                None
            }
            Err(failure) => return Err(failure),
        };
        let ledger = match &context {
            Some(context) => context.ledger.clone(),
            None => app.ledger()?,
        };
        Ok(Self { app, ledger, context, handler, kept })
    }

    /// What stops this process, and this process in the ledger.
    fn presence(&self) -> Result<(CancellationToken, Arc<ProcessLease>), Failure> {
        if let Some(context) = &self.context {
            return Ok((context.stop.clone(), Arc::clone(&context.owner)));
        }
        let env = &self.app.env;
        let name = format!("{}-{:016x}", env.pid, env.random.bits());
        let owner = Arc::new(self.ledger.register_process(&name)?);
        Ok((stop_on_signals(&self.app.printer)?, owner))
    }

    fn tell_ready(&self, address: SocketAddr) {
        let printer = &self.app.printer;
        if !address.ip().is_loopback() {
            printer.warn("other machines can reach this listener; what is not signed is refused");
        }
        if printer.style().json {
            let address = address.to_string();
            printer.json(&serde_json::json!({"event": "listening", "address": address}));
        } else {
            printer.note(&format!("receiving webhooks at http://{address}/"));
        }
    }

    /// Says what an earlier process answered, and did not handle to the end.
    fn tell_unfinished(&self, origin: &str) -> Result<(), Failure> {
        let number = self.ledger.count_unhandled_deliveries(origin)?;
        if number > 0 {
            let webhooks = amounts::counted(number, "webhook was", "webhooks were");
            self.app.printer.warn(&format!(
                "{webhooks} answered before and not handled to the end; {}",
                self.next_step()
            ));
        }
        Ok(())
    }

    /// What to do about a webhook that was not handled to the end.
    fn next_step(&self) -> String {
        match &self.kept {
            Some(file) => format!(
                "rbgv resume, which settles its job; to hand it on, post it again from {} \
                 (docs/production.md)",
                messages::argument(&file.to_string_lossy())
            ),
            None => "rbgv resume, which settles its job".to_owned(),
        }
    }

    /// Forgets deliveries that came longer ago than `remembered`. What cannot be forgotten now is
    /// forgotten another time.
    fn forget(&self, remembered: Duration) {
        let before = self.app.env.clock.wall().before(remembered);
        if let Err(error) = self.ledger.delete_deliveries_before(before) {
            tracing::warn!("forgetting old deliveries: {error}");
        }
    }

    async fn take(&self, incoming: ReceivedEvent) {
        let printer = &self.app.printer;
        log(&incoming, &self.app.settings.profile.name);
        match incoming {
            ReceivedEvent::Taken(received) => {
                let ReceivedDelivery { delivery, headers, body, .. } = &*received;
                self.handle(delivery, headers, body.clone()).await;
            }
            ReceivedEvent::Repeated { id, event } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "repeated", "delivery": id, "webhook": event,
                }));
            }
            ReceivedEvent::Repeated { id, event } => {
                printer.note(&format!("{event} ({id}) came before; ignored"));
            }
            ReceivedEvent::Refused { word, why, id, untold } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "refused", "delivery": id, "reason": word, "why": why,
                    "not_shown": untold,
                }));
            }
            ReceivedEvent::Refused { word, why, id, untold } => {
                if untold > 0 {
                    let more = amounts::counted(untold, "more was", "more were");
                    printer.warn(&format!("{more} refused, and not shown one by one"));
                }
                let what = match id {
                    _ if word == TOO_MANY_CONNECTIONS => "a connection".to_owned(),
                    Some(id) => format!("a webhook ({id})"),
                    None => "a webhook".to_owned(),
                };
                printer.warn(&format!("{what} was refused: {why}; rbgv explain {word}"));
            }
        }
    }

    /// Settles its job and hands a verified delivery on. What goes wrong is told, and the next one
    /// follows.
    async fn handle(&self, delivery: &VerifiedDelivery, headers: &WebhookHeaders, body: Bytes) {
        let settled = self.settle(delivery).await;
        self.tell(delivery, settled.as_ref().ok().copied().flatten());
        let handled = self.handler.handle(delivery, headers, body).await;
        if self.succeeded(delivery, &settled) & self.succeeded(delivery, &handled) {
            let marked = self.ledger.mark_delivery_handled(&delivery.id).map_err(Failure::from);
            self.succeeded(delivery, &marked);
        }
    }

    /// Reports what did not succeed.
    fn succeeded<T>(&self, delivery: &VerifiedDelivery, result: &Result<T, Failure>) -> bool {
        if let Err(failure) = result {
            let printer = &self.app.printer;
            let failure = failure.clone().with_next(self.next_step());
            printer.failure(&failure);
            if printer.style().json {
                printer.json(&serde_json::json!({
                    "event": "failed",
                    "delivery": delivery.id,
                    "failure": json::failure(&failure),
                }));
            }
        }
        result.is_ok()
    }

    /// One look, if the job has ended and nobody follows it.
    async fn settle(&self, delivery: &VerifiedDelivery) -> Result<Option<WebhookResult>, Failure> {
        let Some(context) = &self.context else { return Ok(None) };
        match delivery.job.as_ref().filter(|_| delivery.says_final()) {
            Some(job) => settle_by_webhook(context, job).await.map(Some),
            None => Ok(None),
        }
    }

    fn tell(&self, delivery: &VerifiedDelivery, settling: Option<WebhookResult>) {
        let printer = &self.app.printer;
        let job = delivery.job.as_ref().map(|job| job.0.as_str());
        let status = delivery.status.as_ref().map(crate::model::JobStatus::as_str);
        let settling = settling.map(WebhookResult::as_str);
        if printer.style().json {
            printer.json(&serde_json::json!({
                "event": "webhook",
                "delivery": delivery.id,
                "webhook": delivery.event,
                "job": job,
                "status": status,
                "settled": settling,
                "data": delivery.data,
            }));
        } else {
            let words = [Some(delivery.event.as_str()), job, settling];
            printer.data(&words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
    }
}

/// Writes to the log what came in, with what support asks for. Foreign text is escaped, since a log
/// is read in a terminal, too.
fn log(incoming: &ReceivedEvent, profile: &str) {
    let (delivery, job_id, webhook, reason) = match incoming {
        ReceivedEvent::Taken(received) => {
            let VerifiedDelivery { id, job, event, .. } = &received.delivery;
            (Some(id), job.as_ref().map(|job| &job.0), Some(event), None)
        }
        ReceivedEvent::Repeated { id, event } => (Some(id), None, Some(event), Some("repeated")),
        ReceivedEvent::Refused { word, id, .. } => (id.as_ref(), None, None, Some(*word)),
    };
    let [delivery, job_id, webhook] =
        [delivery, job_id, webhook].map(|text| text.map(|text| escaped(text)));
    info!(target: "rbgv::webhook", profile, delivery, webhook, job_id, reason, "webhook");
}
