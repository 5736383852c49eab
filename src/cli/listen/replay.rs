//! `rbgv listen replay`: handles again what `--keep` wrote.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::Desk;
use super::handler::HandlerArgs;
use crate::cli::session::{Session, absolute};
use crate::client::webhook::verify;
use crate::listen::{Stored, load, new_delivery};
use crate::model::{ApiKey, ExitClass, Failure, FailureKind, Timestamp};
use crate::output::human;

/// Handle deliveries again that were kept with --keep
#[derive(Debug, clap::Args)]
pub(super) struct Args {
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

/// How old a delivery may have been when it came, for a replay: --max-age decided then.
const REPLAYED_AGE: Duration = Duration::from_hours(24);

pub(super) async fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let secret = session.settings.webhook_secret(args.secret_file.as_deref())?;
    session.env.sanitizer.add(secret.key.expose());
    let path = absolute(&session.env, &args.file);
    let mut desk = Desk::open(session, &args.handler)?;
    desk.kept = Some(path.clone());
    let (stop, _owner) = desk.presence()?;
    let (mut classes, mut succeeded) = (Vec::new(), false);
    let (mut read, mut unreadable) = (0_u64, Vec::new());
    for line in load(&path)? {
        if stop.is_cancelled() {
            classes.push(ExitClass::Interrupted);
            break;
        }
        let stored = match line {
            Ok(stored) => stored,
            Err(number) => {
                unreadable.push(number);
                continue;
            }
        };
        read += 1;
        match desk.again(&stored, &secret.key, args.unhandled).await? {
            Replayed::Handled => succeeded = true,
            Replayed::Unfinished => classes.push(ExitClass::Some),
            Replayed::Refused => classes.push(ExitClass::Check),
            Replayed::Before => {}
        }
    }
    if read == 0 && !unreadable.is_empty() {
        let why = "it holds no deliveries";
        return Err(Failure::new(FailureKind::Usage, path.display().to_string(), why)
            .with_next("name a file that rbgv listen --keep FILE wrote"));
    }
    if let Some(first) = unreadable.first() {
        let lines = human::counted(unreadable.len() as u64, "line is", "lines are");
        let why = format!("{lines} no delivery, line {first} first; the others were read");
        session.printer.warn(&format!("{}: {why}", path.display()));
        classes.push(ExitClass::Check);
    }
    Ok(ExitClass::combine(classes, succeeded))
}

/// What became of a delivery of a file.
enum Replayed {
    Handled,
    Unfinished,
    /// It is not to be believed.
    Refused,
    /// It was handled before, and only others were asked for.
    Before,
}

impl Desk<'_> {
    async fn again(
        &self,
        stored: &Stored,
        secret: &ApiKey,
        unhandled: bool,
    ) -> Result<Replayed, Failure> {
        let (headers, body) = (stored.headers(), Bytes::from(stored.body.clone()));
        // It was fresh when it came, which is what counts.
        let came = Timestamp(stored.received_at);
        let sanitizer = &self.session.env.sanitizer;
        let delivery = match verify(&headers, &body, secret, came, REPLAYED_AGE, sanitizer) {
            Ok(delivery) => delivery,
            Err(refusal) => {
                let printer = &self.session.printer;
                let id = sanitizer.clean_short(&headers.delivery_id.unwrap_or_default());
                printer.warn(&format!("a webhook ({id}) was refused: {refusal}"));
                if printer.style().json {
                    printer.json(&serde_json::json!({
                        "event": "refused",
                        "delivery": id,
                        "reason": refusal.as_str(),
                        "why": refusal.to_string(),
                    }));
                }
                return Ok(Replayed::Refused);
            }
        };
        if unhandled && self.ledger.is_handled(&delivery.id)? {
            return Ok(Replayed::Before);
        }
        // The file may come from another machine: then this ledger hears of it now.
        let origin = self.session.settings.profile.base_url.origin().ascii_serialization();
        self.ledger.take_delivery(&new_delivery(&delivery, &origin))?;
        let complete = self.handle(&delivery, &headers, body).await;
        Ok(if complete { Replayed::Handled } else { Replayed::Unfinished })
    }
}
