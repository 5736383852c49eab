//! `rbgv listen`: receives webhooks, settles the jobs that they speak of, and hands them on.

mod check;
mod handler;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::session::{Session, absolute};
use super::signals::stop_on_signals;
use crate::client::Client;
use crate::client::webhook::{Delivery, verify};
use crate::flow::{Context, Settling, settle_by_webhook};
use crate::ledger::{Ledger, Owner};
use crate::listen::{Incoming, Received, Reception, Stored, append, load, serve};
use crate::model::{ExitClass, Failure, FailureKind, Timestamp};
use crate::settings::duration;

use handler::{Handler, HandlerArgs};

/// Receive webhooks: verify, settle jobs, hand on
///
/// Prints a line for each webhook that is believed, once. A run whose jobs have this listener as
/// their --webhook-url looks at them as soon as they end. The secret comes from
/// RBGV_WEBHOOK_SECRET, from the profile, or from a file.
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
    /// Say why the signature of a webhook does, or does not, fit
    Verify(check::Args),
    /// Handle deliveries again that were kept with --keep
    Replay(ReplayArgs),
}

#[derive(Debug, clap::Args)]
struct ServeArgs {
    /// Where to receive; the service, or a proxy of yours, has to reach it
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8787")]
    listen: SocketAddr,

    /// Keep every delivery in this file, for listen replay; it holds links that open outputs
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

#[derive(Debug, clap::Args)]
struct ReplayArgs {
    /// What listen --keep wrote
    file: PathBuf,

    /// Only deliveries whose handling was never finished
    #[arg(long)]
    unhandled: bool,

    /// Read the signing secret from this file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    #[command(flatten)]
    handler: HandlerArgs,
}

/// Most bytes of a webhook. A job is a few hundred.
const MAX_BODY: usize = 1 << 20;

/// Deliveries that wait to be handled; beyond, the service is asked to come again.
const QUEUE: usize = 1_024;

/// How long delivery ids are remembered: far longer than any is believed.
const REMEMBERED: Duration = Duration::from_hours(30 * 24);

pub(super) async fn run(args: Args, session: &Session) -> Result<ExitClass, Failure> {
    match args.command {
        None => receive(args.serve, session).await,
        Some(Command::Verify(args)) => check::run(&args, session),
        Some(Command::Replay(args)) => replay(&args, session).await,
    }
}

/// What deliveries are handled with.
struct Desk<'a> {
    session: &'a Session,
    ledger: Ledger,
    /// With the key, when there is one: to confirm by a look what a webhook says.
    context: Option<Arc<Context<Client>>>,
    handler: Handler,
    keep: Option<PathBuf>,
}

async fn receive(args: ServeArgs, session: &Session) -> Result<ExitClass, Failure> {
    let secret = session.settings.webhook_secret(args.belief.secret_file.as_deref())?;
    for warning in &secret.warnings {
        session.printer.warn(warning);
    }
    let mut desk = Desk::open(session, &args.handler)?;
    desk.keep = args.keep.as_deref().map(|file| absolute(&session.env, file));
    let (stop, owner) = desk.presence()?;
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::local(format!("listening on {}", args.listen), &error)
            .with_next("choose another place with --listen ADDR:PORT")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let origin = session.settings.profile.base_url.origin().ascii_serialization();
    desk.ledger.listen(&owner, &origin, &address.to_string())?;
    let old = session.env.clock.wall().0 - i64::try_from(REMEMBERED.as_millis()).unwrap_or(0);
    desk.ledger.forget_deliveries(Timestamp(old))?;
    desk.tell_ready(address);
    let (told, mut incoming) = mpsc::channel(QUEUE);
    let reception = Reception {
        ledger: desk.ledger.clone(),
        origin,
        secret: secret.key,
        max_age: args.belief.max_age,
        max_body: MAX_BODY,
        clock: session.env.clock.clone(),
        told,
        in_hand: Arc::default(),
    };
    let serving = tokio::spawn(serve(listener, reception, stop));
    // Ends when the server has ended and everything that it took is handled.
    while let Some(incoming) = incoming.recv().await {
        desk.take(incoming).await;
    }
    serving.await.map_err(|error| Failure::local("receiving webhooks", &error))??;
    Ok(ExitClass::Done)
}

impl<'a> Desk<'a> {
    fn open(session: &'a Session, handler: &HandlerArgs) -> Result<Self, Failure> {
        let handler = Handler::new(handler, &session.env)?;
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
        Ok(Self { session, ledger, context, handler, keep: None })
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

    async fn take(&self, incoming: Incoming) {
        let printer = &self.session.printer;
        match incoming {
            Incoming::Taken(received) => self.handle(&received).await,
            Incoming::Repeated { id, event } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "repeated", "delivery": id, "webhook": event,
                }));
            }
            Incoming::Repeated { id, event } => {
                printer.note(&format!("{event} ({id}) came before; ignored"));
            }
            Incoming::Refused { word, why, id } if printer.style().json => {
                printer.json(&serde_json::json!({
                    "event": "refused", "delivery": id, "reason": word, "why": why,
                }));
            }
            Incoming::Refused { why, id, .. } => {
                let id = id.map(|id| format!(" ({id})")).unwrap_or_default();
                printer.warn(&format!("a webhook{id} was refused: {why}"));
            }
        }
    }

    /// Handles a delivery that was verified. What goes wrong is told, and the next one follows.
    async fn handle(&self, received: &Received) {
        let Received { delivery, headers, body, .. } = received;
        let kept = self.keep.as_deref().map(|path| {
            let now = self.session.env.clock.wall();
            Stored::new(headers, body, now).map_or(Ok(()), |stored| append(path, &stored))
        });
        if let Some(Err(failure)) = kept {
            self.session.printer.failure(&failure);
        }
        let settling = self.settle(delivery).await;
        self.tell(delivery, settling);
        let handled = self.handler.handle(delivery, headers, body.clone()).await;
        self.finish(&delivery.id, handled);
    }

    /// Says that a delivery was handled, or why it was not.
    fn finish(&self, id: &str, handled: Result<(), Failure>) -> bool {
        let finished =
            handled.and_then(|()| self.ledger.delivery_handled(id).map_err(Failure::from));
        if let Err(failure) = &finished {
            let next = match &self.keep {
                Some(file) => format!("rbgv listen replay --unhandled {}", file.display()),
                None => "keep deliveries with --keep FILE, to be able to replay them".to_owned(),
            };
            self.session.printer.failure(&failure.clone().with_next(next));
        }
        finished.is_ok()
    }

    /// One look, if the job has ended and nobody follows it.
    async fn settle(&self, delivery: &Delivery) -> Option<Settling> {
        let context = self.context.as_ref()?;
        let job = delivery.job.as_ref().filter(|_| delivery.says_final())?;
        match settle_by_webhook(context, job).await {
            Ok(settling) => Some(settling),
            Err(failure) => {
                self.session.printer.failure(&failure.with_next("rbgv resume"));
                None
            }
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

async fn replay(args: &ReplayArgs, session: &Session) -> Result<ExitClass, Failure> {
    let secret = session.settings.webhook_secret(args.secret_file.as_deref())?;
    let path = absolute(&session.env, &args.file);
    let mut desk = Desk::open(session, &args.handler)?;
    desk.keep = Some(path.clone());
    let (mut classes, mut succeeded) = (Vec::new(), false);
    for stored in load(&path)? {
        let headers = stored.headers();
        let body = stored.body.clone().into_bytes();
        // It was fresh when it came, which is what counts.
        let came = Timestamp(stored.received_at);
        let delivery = match verify(&headers, &body, &secret.key, came, Duration::from_hours(24)) {
            Ok(delivery) => delivery,
            Err(refusal) => {
                let id = headers.delivery_id.unwrap_or_default();
                session.printer.warn(&format!("a webhook ({id}) was refused: {refusal}"));
                classes.push(ExitClass::Check);
                continue;
            }
        };
        if args.unhandled && desk.ledger.is_handled(&delivery.id)? {
            continue;
        }
        let settling = desk.settle(&delivery).await;
        desk.tell(&delivery, settling);
        let handled = desk.handler.handle(&delivery, &headers, body.into()).await;
        if desk.finish(&delivery.id, handled) {
            succeeded = true;
        } else {
            classes.push(ExitClass::Some);
        }
    }
    Ok(ExitClass::combine(classes, succeeded))
}
