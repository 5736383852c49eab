//! `rbgv listen`: receives webhooks, settles the jobs that they speak of, and hands them on.

mod handler;
mod verify;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::session::{Session, absolute};
use super::signals::stop_on_signals;
use crate::client::webhook::{Delivery, WebhookHeaders};
use crate::duration;
use crate::flow::{Context, Settling, settle_by_webhook};
use crate::ledger::{Ledger, Owner};
use crate::listen::{Incoming, Keep, Received, Reception, TOO_MANY_CONNECTIONS, serve};
use crate::model::text::escaped;
use crate::model::{ExitClass, Failure, FailureKind};
use crate::output::{human, json, words};

use handler::{Handler, HandlerArgs};

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
pub(super) struct Args {
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

    /// Keep every delivery in this file, before it is answered; it holds links that open outputs
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,

    #[command(flatten)]
    belief: BeliefArgs,

    #[command(flatten)]
    handler: HandlerArgs,
}

/// What decides whether a webhook is believed.
#[derive(Debug, clap::Args)]
struct BeliefArgs {
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

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    match args.command {
        None => receive(args.serve, session).await,
        Some(Command::Verify(args)) => verify::run(&args, session),
    }
}

/// What deliveries are handled with.
struct Desk<'a> {
    session: &'a Session,
    ledger: Ledger,
    /// With the key, when there is one: to confirm by a look what a webhook says.
    context: Option<Arc<Context>>,
    handler: Handler,
    /// The file of deliveries, if there is one.
    kept: Option<PathBuf>,
}

async fn receive(args: ServeArgs, session: &Session) -> Result<ExitClass, Failure> {
    let secret = session.settings.webhook_secret(args.belief.secret_file.as_deref())?;
    for warning in &secret.warnings {
        session.printer.warn_once(warning);
    }
    session.env.sanitizer.add(secret.key.expose());
    let desk = Desk::open(session, &args)?;
    let keep = desk.kept.clone().map(Keep::open).transpose()?.map(Arc::new);
    let (stop, owner) = desk.presence()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::local(format!("listening on {}", args.listen), &error)
            .with_next("choose another place with --listen ADDR:PORT")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let origin = session.settings.profile.base_url.origin().ascii_serialization();
    desk.ledger.listen(&owner, &origin, &address.to_string())?;
    desk.tell_unfinished(&origin)?;
    desk.tell_ready(address);
    let (told, mut incoming) = mpsc::channel(QUEUE);
    let reception = Reception {
        ledger: desk.ledger.clone(),
        keep,
        origin,
        secret: secret.key,
        sanitizer: session.env.sanitizer.clone(),
        max_age: args.belief.max_age,
        max_body: MAX_BODY,
        clock: session.env.clock.clone(),
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

impl<'a> Desk<'a> {
    fn open(session: &'a Session, args: &ServeArgs) -> Result<Self, Failure> {
        let handler = Handler::new(&args.handler, session)?;
        let kept = args.keep.as_deref().map(|file| absolute(&session.env, file));
        let context = match session.context(session.reporter()) {
            Ok(context) => Some(context),
            Err(failure) if failure.kind == FailureKind::Configuration => {
                let why = "jobs are settled by the next run or resume";
                session.printer.warn(&format!("without an API key, {why} ({failure})"));
                None
            }
            Err(failure) => return Err(failure),
        };
        let ledger = match &context {
            Some(context) => context.ledger.clone(),
            None => session.ledger()?,
        };
        Ok(Self { session, ledger, context, handler, kept })
    }

    /// What stops this process, and this process in the ledger.
    fn presence(&self) -> Result<(CancellationToken, Arc<Owner>), Failure> {
        if let Some(context) = &self.context {
            return Ok((context.stop.clone(), Arc::clone(&context.owner)));
        }
        let env = &self.session.env;
        let name = format!("{}-{:016x}", env.pid, env.random.bits());
        let owner = Arc::new(self.ledger.register(&name)?);
        Ok((stop_on_signals(&self.session.printer)?, owner))
    }

    fn tell_ready(&self, address: SocketAddr) {
        let printer = &self.session.printer;
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
        let number = self.ledger.unfinished_deliveries(origin)?;
        if number > 0 {
            let webhooks = human::counted(number, "webhook was", "webhooks were");
            self.session.printer.warn(&format!(
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
                words::argument(&file.to_string_lossy())
            ),
            None => "rbgv resume, which settles its job".to_owned(),
        }
    }

    /// Forgets deliveries that came longer ago than `remembered`. What cannot be forgotten now is
    /// forgotten another time.
    fn forget(&self, remembered: Duration) {
        let before = self.session.env.clock.wall().before(remembered);
        if let Err(error) = self.ledger.forget_deliveries(before) {
            tracing::warn!("forgetting old deliveries: {error}");
        }
    }

    async fn take(&self, incoming: Incoming) {
        let printer = &self.session.printer;
        log(&incoming, &self.session.settings.profile.name);
        match incoming {
            Incoming::Taken(received) => {
                let Received { delivery, headers, body, .. } = &*received;
                self.handle(delivery, headers, body.clone()).await;
            }
            Incoming::Repeated { id, event } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "repeated", "delivery": id, "webhook": event,
                }));
            }
            Incoming::Repeated { id, event } => {
                printer.note(&format!("{event} ({id}) came before; ignored"));
            }
            Incoming::Refused { word, why, id, untold } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "refused", "delivery": id, "reason": word, "why": why,
                    "not_shown": untold,
                }));
            }
            Incoming::Refused { word, why, id, untold } => {
                if untold > 0 {
                    let more = human::counted(untold, "more was", "more were");
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
    async fn handle(&self, delivery: &Delivery, headers: &WebhookHeaders, body: Bytes) {
        let settled = self.settle(delivery).await;
        self.tell(delivery, settled.as_ref().ok().copied().flatten());
        let handled = self.handler.handle(delivery, headers, body).await;
        if self.succeeded(delivery, &settled) & self.succeeded(delivery, &handled) {
            let marked = self.ledger.delivery_handled(&delivery.id).map_err(Failure::from);
            self.succeeded(delivery, &marked);
        }
    }

    /// Reports what did not succeed.
    fn succeeded<T>(&self, delivery: &Delivery, result: &Result<T, Failure>) -> bool {
        if let Err(failure) = result {
            let printer = &self.session.printer;
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
    async fn settle(&self, delivery: &Delivery) -> Result<Option<Settling>, Failure> {
        let Some(context) = &self.context else { return Ok(None) };
        match delivery.job.as_ref().filter(|_| delivery.says_final()) {
            Some(job) => settle_by_webhook(context, job).await.map(Some),
            None => Ok(None),
        }
    }

    fn tell(&self, delivery: &Delivery, settling: Option<Settling>) {
        let printer = &self.session.printer;
        let job = delivery.job.as_ref().map(|job| job.0.as_str());
        let status = delivery.status.as_ref().map(crate::model::JobStatus::as_str);
        let settling = settling.map(Settling::as_str);
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
fn log(incoming: &Incoming, profile: &str) {
    let (delivery, job_id, webhook, reason) = match incoming {
        Incoming::Taken(received) => {
            let Delivery { id, job, event, .. } = &received.delivery;
            (Some(id), job.as_ref().map(|job| &job.0), Some(event), None)
        }
        Incoming::Repeated { id, event } => (Some(id), None, Some(event), Some("repeated")),
        Incoming::Refused { word, id, .. } => (id.as_ref(), None, None, Some(*word)),
    };
    let [delivery, job_id, webhook] =
        [delivery, job_id, webhook].map(|text| text.map(|text| escaped(text)));
    info!(target: "rbgv::webhook", profile, delivery, webhook, job_id, reason, "webhook");
}
