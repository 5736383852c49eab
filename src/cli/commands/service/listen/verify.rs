//! `rbgv listen verify`: explains why the signature of a webhook is rejected.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::client::webhook::WebhookError;
use crate::client::webhook::{HEADERS, WebhookHeaders, explain};
use crate::duration;
use crate::model::{ExitClass, Failure};
use crate::output::documents::webhooks::VerificationDocument;

/// Explain why the signature of a webhook is rejected
///
/// Names the wrong header or timestamp and tries common mistakes: a body that was parsed and written
/// again, an extra line break, another timestamp format, a line break in the secret. Exits with 10 if
/// a receiver would reject the webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Headers as lines of NAME: VALUE, as written by curl or a proxy log
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,

    /// Body, byte for byte as received
    #[arg(long, value_name = "FILE")]
    body: PathBuf,

    #[command(flatten)]
    verification: VerificationArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerificationArgs {
    /// File with the signing secret
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// Maximum age of a webhook
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    pub(crate) max_age: Duration,
}

/// Maximum size of a webhook in bytes; usual ones have a few hundred.
pub(crate) const MAX_BODY: usize = 1 << 20;

pub(crate) fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let secret = app.settings.webhook_secret(args.verification.secret_file.as_deref())?;
    let lines = String::from_utf8_lossy(&read(app, &args.headers)?).into_owned();
    let body = read(app, &args.body)?;
    let headers = WebhookHeaders::read(|name| match values(&lines, name)[..] {
        [only] => Some(only.to_owned()),
        // Like a receiver, which does not choose between several values.
        _ => None,
    });
    let now = app.env.clock.wall();
    let (refusal, mut why) =
        match explain(&headers, &body, &secret.key, now, args.verification.max_age) {
            Ok(_) => (None, Vec::new()),
            Err((refusal, why)) => (Some(refusal), why),
        };
    let repeated = HEADERS.into_iter().filter(|name| values(&lines, name).len() > 1);
    why.splice(
        0..0,
        repeated.map(|name| format!("{name} appears more than once, so none is used")),
    );
    let printer = &app.printer;
    let fingerprint = secret.key.fingerprint();
    if printer.style().json {
        printer.document(&VerificationDocument {
            accepted: refusal.is_none(),
            reason: refusal.as_ref().map(WebhookError::as_str),
            why: &why,
            secret_fingerprint: &fingerprint.0,
            secret_source: &secret.source,
        });
    } else {
        for line in &why {
            printer.data(line);
        }
        let verdict = if refusal.is_none() { "accept" } else { "reject" };
        printer.data(&format!(
            "a receiver would {verdict} this webhook; secret used: fingerprint {fingerprint}, from {}",
            secret.source
        ));
    }
    Ok(if refusal.is_none() { ExitClass::Done } else { ExitClass::Check })
}

/// Reads a file of at most `MAX_BODY` bytes.
fn read(app: &AppContext, file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::usage(file.display().to_string(), why);
    let mut bytes = Vec::new();
    File::open(absolute(&app.env, file))
        .and_then(|opened| opened.take(MAX_BODY as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > MAX_BODY {
        let why = format!("larger than {MAX_BODY} bytes; rbgv listen rejects such webhooks");
        return Err(wrong(why).with_next("check that this file holds only the webhook"));
    }
    Ok(bytes)
}

/// The trimmed values of a header in lines of headers. A leading `<` or `>` of `curl -v` is ignored.
fn values<'a>(lines: &'a str, wanted: &str) -> Vec<&'a str> {
    let value = |line: &'a str| {
        let line = line.trim_start_matches(['<', '>']).trim_start();
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
    };
    lines.lines().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_as_tools_write_them() {
        let text = "POST / HTTP/1.1\r\nx-webhook-timestamp: 2026-01-01T00:00:00Z\r\n\
                    > X-Webhook-Signature: sha256=ab\n< X-Webhook-Event:job.failed\n";
        assert_eq!(values(text, "X-Webhook-Timestamp"), ["2026-01-01T00:00:00Z"]);
        assert_eq!(values(text, "X-Webhook-Signature"), ["sha256=ab"]);
        assert_eq!(values(text, "X-Webhook-Event"), ["job.failed"]);
        assert!(values(text, "X-Webhook-Delivery-Id").is_empty());
        let twice = "X-Webhook-Event: a\nx-webhook-event:  b \n";
        assert_eq!(values(twice, "X-Webhook-Event"), ["a", "b"]);
    }
}
