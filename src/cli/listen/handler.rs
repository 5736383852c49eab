//! What is done with a webhook that is believed: a command, or a program that listens here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use crate::client::Forwarder;
use crate::client::webhook::{Delivery, WebhookHeaders};
use crate::env::Env;
use crate::model::{Failure, FailureKind, JobStatus};

/// What is done with a webhook.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
pub(super) struct HandlerArgs {
    /// Run this for each webhook, by sh -c: its body on standard input, RBGV_EVENT, RBGV_JOB,
    /// RBGV_STATUS and RBGV_DELIVERY beside it
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,

    /// Send each webhook on to this address, with headers and body as they came
    #[arg(long, value_name = "URL")]
    forward: Option<Url>,

    /// Let --forward lead to another machine; webhooks hold links that open outputs
    #[arg(long, requires = "forward")]
    forward_anywhere: bool,
}

/// How long a command may take. The next webhook waits for it.
const PATIENCE: Duration = Duration::from_mins(10);

/// Does what the flags ask for.
pub(super) struct Handler {
    exec: Option<String>,
    forward: Option<Forwarder>,
    vars: BTreeMap<String, String>,
    current_dir: PathBuf,
}

impl Handler {
    pub(super) fn new(args: &HandlerArgs, env: &Env) -> Result<Self, Failure> {
        let forward = args.forward.clone().map(|url| Forwarder::new(url, args.forward_anywhere));
        Ok(Self {
            exec: args.exec.clone(),
            forward: forward.transpose()?,
            vars: env.vars.clone(),
            current_dir: env.current_dir.clone(),
        })
    }

    /// Runs the command, then sends on.
    ///
    /// # Errors
    /// One of them failed; then the other may have been done.
    pub(super) async fn handle(
        &self,
        delivery: &Delivery,
        headers: &WebhookHeaders,
        body: Bytes,
    ) -> Result<(), Failure> {
        if let Some(line) = &self.exec {
            self.execute(line, delivery, &body).await?;
        }
        match &self.forward {
            Some(forwarder) => forwarder.send(headers, body).await,
            None => Ok(()),
        }
    }

    /// What the webhook says reaches the command as values, and never as a part of the line.
    async fn execute(&self, line: &str, delivery: &Delivery, body: &[u8]) -> Result<(), Failure> {
        let what = || format!("--exec for {}", delivery.id);
        let failed = |error: std::io::Error| Failure::local(what(), &error);
        let job = delivery.job.as_ref().map_or("", |job| &job.0);
        let mut child = Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .envs(&self.vars)
            .env("RBGV_EVENT", plain(&delivery.event))
            .env("RBGV_JOB", job)
            .env("RBGV_STATUS", plain(delivery.status.as_ref().map_or("", JobStatus::as_str)))
            .env("RBGV_DELIVERY", &delivery.id)
            .current_dir(&self.current_dir)
            .stdin(Stdio::piped())
            // Standard output is for our own lines.
            .stdout(Stdio::from(std::io::stderr()))
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read its input is no failure.
            let _ = stdin.write_all(body).await;
        }
        match tokio::time::timeout(PATIENCE, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                Err(Failure::new(FailureKind::Local, what(), format!("the command: {status}")))
            }
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => {
                let why = format!("it took longer than {} s, and was ended", PATIENCE.as_secs());
                Err(Failure::new(FailureKind::Local, what(), why))
            }
        }
    }
}

/// Text without what a variable cannot hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
