//! `rbgv listen verify`: why the signature of a webhook does, or does not, fit.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{BeliefArgs, MAX_BODY};
use crate::cli::session::{Session, absolute};
use crate::client::webhook::{Finding, HEADERS, Outcome, WebhookHeaders, explain, moment};
use crate::model::{ExitClass, Failure, FailureKind, Timestamp};
use crate::output::{Cell, Table, Tone};

/// Say why the signature of a webhook does, or does not, fit
///
/// Tries what usually goes wrong on the way: a body that was parsed and written again, a line break
/// more or less, a timestamp in another form, a secret with a line break in it. Ends with 10 when a
/// receiver would refuse it.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Headers as lines of NAME: VALUE, such as curl or a proxy's log writes them
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,

    /// The body, byte for byte as it came
    #[arg(long, value_name = "FILE")]
    body: PathBuf,

    /// When it came, such as 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    at: Option<Timestamp>,

    #[command(flatten)]
    belief: BeliefArgs,
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    moment(text).ok_or_else(|| "give an ISO time such as 2026-01-31T12:00:00Z".to_owned())
}

pub(super) fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let secret = session.settings.webhook_secret(args.belief.secret_file.as_deref())?;
    let lines = String::from_utf8_lossy(&read(session, &args.headers)?).into_owned();
    let body = read(session, &args.body)?;
    let headers = WebhookHeaders::read(|name| header(&lines, name));
    let now = args.at.unwrap_or_else(|| session.env.clock.wall());
    let mut explained = explain(&headers, &body, &secret.key, now, args.belief.max_age);
    let repeated = HEADERS.into_iter().filter(|name| values(&lines, name).count() > 1);
    for told in repeated.map(|name| format!("{name} stands more than once; none is believed")) {
        explained.accepted = false;
        explained.findings.push(Finding { check: "headers", outcome: Outcome::Wrong, told });
    }
    let printer = &session.printer;
    if printer.style().json {
        printer.json(&serde_json::json!({
            "accepted": explained.accepted,
            "secret_fingerprint": secret.key.fingerprint().0,
            "secret_source": secret.source,
            "findings": explained.findings.iter().map(finding_json).collect::<Vec<_>>(),
        }));
    } else {
        let mut table = Table::new(["what", "", "says"]);
        for finding in &explained.findings {
            let (tone, word) = word(finding.outcome);
            table.row([
                finding.check.into(),
                Cell::toned(tone, word),
                finding.told.as_str().into(),
            ]);
        }
        printer.table(&table);
        printer.data("");
        let verdict = if explained.accepted { "believe" } else { "refuse" };
        let print = secret.key.fingerprint();
        printer.data(&format!(
            "a receiver would {verdict} it; the secret here has fingerprint {print}, from {}",
            secret.source
        ));
    }
    Ok(if explained.accepted { ExitClass::Done } else { ExitClass::Check })
}

fn word(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Fine => (Tone::Good, "fine"),
        Outcome::Wrong => (Tone::Bad, "wrong"),
        Outcome::Note => (Tone::Warn, "note"),
    }
}

fn finding_json(finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "check": finding.check,
        "outcome": word(finding.outcome).1,
        "why": finding.told,
    })
}

/// What is longer than a receiver reads is refused unread, so it is not looked into here either.
fn read(session: &Session, file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::new(FailureKind::Usage, file.display().to_string(), why);
    let mut bytes = Vec::new();
    File::open(absolute(&session.env, file))
        .and_then(|opened| opened.take(MAX_BODY as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > MAX_BODY {
        let why = format!("it is larger than {MAX_BODY} bytes: rbgv listen refuses such a webhook");
        return Err(wrong(why).with_next("name the file that holds the webhook"));
    }
    Ok(bytes)
}

/// The only value of a header among lines; of several nobody knows which was meant.
fn header(lines: &str, wanted: &str) -> Option<String> {
    let mut values = values(lines, wanted);
    let only = values.next()?;
    values.next().is_none().then(|| only.to_owned())
}

/// The values of a header among lines, without the white space around them, which is no part of a
/// value in HTTP. A `<` or `>` as `curl -v` writes it is passed over.
fn values<'a>(lines: &'a str, wanted: &str) -> impl Iterator<Item = &'a str> {
    lines.lines().filter_map(move |line| {
        let line = line.trim_start_matches(['<', '>']).trim_start();
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_as_tools_write_them() {
        let text = "POST / HTTP/1.1\r\nx-webhook-timestamp: 2026-01-01T00:00:00Z\r\n\
                    > X-Webhook-Signature: sha256=ab\n< X-Webhook-Event:job.failed\n";
        let of = |name| header(text, name);
        assert_eq!(of("X-Webhook-Timestamp").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(of("X-Webhook-Signature").as_deref(), Some("sha256=ab"));
        assert_eq!(of("X-Webhook-Event").as_deref(), Some("job.failed"));
        assert_eq!(of("X-Webhook-Delivery-Id"), None);
        let twice = "X-Webhook-Event: a\nx-webhook-event:  b \n";
        assert_eq!(header(twice, "X-Webhook-Event"), None);
        assert_eq!(values(twice, "X-Webhook-Event").collect::<Vec<_>>(), ["a", "b"]);
    }
}
