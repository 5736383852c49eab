//! `rbgv listen verify`: why the signature of a webhook is refused.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::context::AppContext;
use crate::cli::files::absolute;
use crate::client::webhook::{HEADERS, WebhookHeaders, explain};
use crate::duration;
use crate::model::{ExitClass, Failure, FailureKind};

/// Explain why the signature of a webhook is refused
///
/// Names the header or timestamp that is wrong, and tries the usual mistakes: a body that was parsed
/// and written again, an extra line break, a timestamp in another form, a secret with a line break in
/// it. Ends with 10 if a receiver would refuse the webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Headers as lines of NAME: VALUE, such as curl or a proxy's log writes them
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,

    /// The body, byte for byte as it came
    #[arg(long, value_name = "FILE")]
    body: PathBuf,

    #[command(flatten)]
    belief: VerificationArgs,
}

/// What decides whether a webhook is believed.
#[derive(Debug, clap::Args)]
pub(crate) struct VerificationArgs {
    /// Read the signing secret from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,

    /// How old a webhook may be
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    pub(crate) max_age: Duration,
}

/// Most bytes of a webhook. A job is a few hundred.
pub(crate) const MAX_BODY: usize = 1 << 20;

pub(crate) fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let secret = app.settings.webhook_secret(args.belief.secret_file.as_deref())?;
    let lines = String::from_utf8_lossy(&read(app, &args.headers)?).into_owned();
    let body = read(app, &args.body)?;
    let headers = WebhookHeaders::read(|name| match values(&lines, name)[..] {
        [only] => Some(only.to_owned()),
        // The receiver does not choose between several values either.
        _ => None,
    });
    let now = app.env.clock.wall();
    let (refusal, mut why) = match explain(&headers, &body, &secret.key, now, args.belief.max_age) {
        Ok(_) => (None, Vec::new()),
        Err((refusal, why)) => (Some(refusal), why),
    };
    let repeated = HEADERS.into_iter().filter(|name| values(&lines, name).len() > 1);
    why.splice(0..0, repeated.map(|name| format!("{name} appears more than once; none is used")));
    let printer = &app.printer;
    let fingerprint = secret.key.fingerprint();
    if printer.style().json {
        printer.json(&serde_json::json!({
            "accepted": refusal.is_none(),
            "reason": refusal.as_ref().map(crate::client::webhook::WebhookError::as_str),
            "why": why,
            "secret_fingerprint": fingerprint.0,
            "secret_source": secret.source,
        }));
    } else {
        for line in &why {
            printer.data(line);
        }
        let verdict = if refusal.is_none() { "accept" } else { "refuse" };
        printer.data(&format!(
            "a receiver would {verdict} it; the secret used here has fingerprint {fingerprint}, from {}",
            secret.source
        ));
    }
    Ok(if refusal.is_none() { ExitClass::Done } else { ExitClass::Check })
}

/// A file, up to the size of a webhook that a receiver reads.
fn read(app: &AppContext, file: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |why: String| Failure::new(FailureKind::Usage, file.display().to_string(), why);
    let mut bytes = Vec::new();
    File::open(absolute(&app.env, file))
        .and_then(|opened| opened.take(MAX_BODY as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() > MAX_BODY {
        let why = format!("it is larger than {MAX_BODY} bytes: rbgv listen refuses such a webhook");
        return Err(wrong(why).with_next("name the file that holds the webhook"));
    }
    Ok(bytes)
}

/// The values of a header among lines, without the white space around them, which is not part of a
/// value in HTTP. A `<` or `>` as `curl -v` writes it is ignored.
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
