//! Handling of a verified webhook: `--exec` and `--forward`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use crate::cli::context::AppContext;
use crate::client::Forwarder;
use crate::client::webhook::{VerifiedDelivery, WebhookHeaders};
use crate::model::{Failure, JobStatus};

#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts name variables without backticks")]
pub(crate) struct HandlerArgs {
    /// Run this command with sh -c for each webhook, with the body on standard input and RBGV_EVENT,
    /// RBGV_JOB, RBGV_STATUS and RBGV_DELIVERY in the environment (use quotes: "$RBGV_JOB")
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,

    /// Forward each webhook to this URL, with unchanged headers and body
    #[arg(long, value_name = "URL")]
    forward: Option<Url>,

    /// Allow --forward to another machine; webhooks contain download links
    #[arg(long, requires = "forward")]
    forward_anywhere: bool,
}

/// Timeout of a command. The next webhook waits for it.
const TIMEOUT: Duration = Duration::from_mins(10);

pub(crate) struct Handler {
    exec: Option<String>,
    forward: Option<Forwarder>,
    vars: BTreeMap<String, String>,
    current_dir: PathBuf,
    timeout: Duration,
}

impl Handler {
    pub(crate) fn new(args: &HandlerArgs, app: &AppContext) -> Result<Self, Failure> {
        let forward =
            args.forward.clone().map(|url| Forwarder::new(url, "--forward", args.forward_anywhere));
        Ok(Self {
            exec: args.exec.clone(),
            forward: forward.transpose()?,
            vars: app.settings.child_vars().clone(),
            current_dir: app.env.current_dir.clone(),
            timeout: TIMEOUT,
        })
    }

    /// Runs the command, then forwards. If one fails, the other may have succeeded.
    pub(crate) async fn handle(
        &self,
        delivery: &VerifiedDelivery,
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

    /// Content of the webhook reaches the command as values, never as part of the command line.
    async fn execute(
        &self,
        line: &str,
        delivery: &VerifiedDelivery,
        body: &[u8],
    ) -> Result<(), Failure> {
        let failed = |why: String| Failure::local(format!("--exec for {}", delivery.id), &why);
        let mut child = Command::new("sh")
            .args(["-c", line])
            .env_clear()
            .envs(&self.vars)
            .env("RBGV_EVENT", plain(&delivery.event))
            .env("RBGV_JOB", plain(delivery.job.as_ref().map_or("", |job| &job.0)))
            .env("RBGV_STATUS", plain(delivery.status.as_ref().map_or("", JobStatus::as_str)))
            .env("RBGV_DELIVERY", plain(&delivery.id))
            .current_dir(&self.current_dir)
            .stdin(Stdio::piped())
            // Standard output is reserved for the lines of this command.
            .stdout(Stdio::from(std::io::stderr()))
            // Its own process group: Ctrl-C does not reach it, and a timeout kills all of it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let group = child.id();
        let ended = tokio::time::timeout(self.timeout, async {
            if let Some(mut stdin) = child.stdin.take() {
                // A command may ignore its input.
                let _ = stdin.write_all(body).await;
            }
            child.wait().await
        });
        match ended.await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(failed(format!("the command failed: {status}"))),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => {
                end(group);
                Err(failed(format!("the command took longer than {} s", self.timeout.as_secs())))
            }
        }
    }
}

/// Kills a command and its children.
fn end(group: Option<u32>) {
    let group = group.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(group) = group {
        // It may have ended already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Text without characters that a variable cannot hold.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::JobId;

    fn handler(exec: &str, directory: &std::path::Path, timeout: Duration) -> Handler {
        let vars = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let current_dir = directory.to_owned();
        Handler { exec: Some(exec.to_owned()), forward: None, vars, current_dir, timeout }
    }

    fn delivery(job: &str) -> VerifiedDelivery {
        VerifiedDelivery {
            id: "d-1".into(),
            signature: String::new(),
            event: "job.completed\0\n".into(),
            job: Some(JobId(job.into())),
            status: Some(JobStatus::Completed),
            data: serde_json::Value::Null,
        }
    }

    async fn handled(handler: &Handler, job: &str, body: &[u8]) -> Result<(), Failure> {
        let body = Bytes::copy_from_slice(body);
        handler.handle(&delivery(job), &WebhookHeaders::default(), body).await
    }

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn what_a_webhook_says_is_never_a_command() {
        let dir = tempfile::tempdir().unwrap();
        let line = "printf %s \"$RBGV_JOB $RBGV_EVENT\" > said; cat > body";
        let job = "$(touch planted)`touch planted`;touch planted \u{1b}[2J";
        handled(&handler(line, dir.path(), LONG), job, b"b\0dy").await.unwrap();
        let said = std::fs::read_to_string(dir.path().join("said")).unwrap();
        assert_eq!(said, "$(touch planted)`touch planted`;touch planted [2J job.completed");
        assert_eq!(std::fs::read(dir.path().join("body")).unwrap(), b"b\0dy");
        assert!(!dir.path().join("planted").exists());
    }

    #[tokio::test]
    async fn a_command_need_not_read_and_its_failure_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let long = vec![b'x'; 1 << 20];
        handled(&handler("exec true", dir.path(), LONG), "j", &long).await.unwrap();
        let failure = handled(&handler("exit 3", dir.path(), LONG), "j", &long).await.unwrap_err();
        assert!(failure.why.contains('3') && failure.what.contains("d-1"), "{failure}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_command_that_takes_too_long_ends_with_all_that_it_began() {
        let dir = tempfile::tempdir().unwrap();
        // Does not read, either: a body larger than a pipe waits for it.
        let line = "sleep 1000 & echo $! > child; wait";
        let short = handler(line, dir.path(), Duration::from_secs(1));
        let failure = handled(&short, "j", &vec![b'x'; 1 << 20]).await.unwrap_err();
        assert!(failure.why.contains("longer than 1 s"), "{failure}");
        let child = std::fs::read_to_string(dir.path().join("child")).unwrap();
        let state = format!("/proc/{}/stat", child.trim());
        let runs = || std::fs::read_to_string(&state).is_ok_and(|stat| !stat.contains(") Z "));
        for _ in 0..600 {
            if !runs() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{state}: it goes on");
    }
}
