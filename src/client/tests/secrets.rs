//! Keys and signatures never reach logs or errors, at any log level.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;

use super::server::{Server, Step, response, response_with};
use super::{KEY, TOKEN, client};
use crate::client::{RequestOptions, StartJob};
use crate::model::{JobId, JobOptions, OutputLink};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn every_call_is_logged_and_no_secret_is() {
    let server = Server::start(vec![
        Step::Say(response(200, r#"{"id": "j-1", "status": "completed", "output_url": "http://127.0.0.1:1/o?sig=s3cret-sig"}"#)),
        Step::Close,
        Step::Say(response(401, r#"{"error": {"code": "invalid_api_key", "message": "bad\u001b[2Jkey"}}"#)),
        Step::Say(response_with(403, "", "")),
    ])
    .await;
    let kept = Kept::default();
    // With a single subscriber in the process, a log line on another test thread could disable its
    // callsite for all. A second subscriber prevents that.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(kept.clone())
        .finish();
    let failures = async {
        let client = client(&server.url);
        let id = JobId("j-1".into());
        let call = || RequestOptions { input: Some("clip.mp4"), ..RequestOptions::plain() };
        let view = client.get(&id, call()).await.unwrap();
        let options = JobOptions::default();
        let job = StartJob { options: &options, background_image_url: None };
        let broken = client.start(&id, &job, call()).await.unwrap_err();
        let refused = client.admin_keys(call()).await.unwrap_err();
        let link = OutputLink::new(format!("{}/o?sig=s3cret-sig", server.url));
        let expired = client.download(&link, None, call()).await.unwrap_err();
        format!("{broken} {broken:?} {refused} {refused:?} {expired} {expired:?} {view:?}")
    }
    .with_subscriber(subscriber)
    .await;

    let log = kept.text();
    for secret in [KEY, TOKEN, "s3cret"] {
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!failures.contains(secret), "{secret} in {failures}");
    }
    let calls: Vec<&str> = log.lines().filter(|line| line.contains("rbgv::api")).collect();
    assert_eq!(calls.len(), 4, "{log}");
    for (call, wanted) in calls.iter().zip([
        r#"method="GET" path="/v1/jobs/j-1" status=200 attempt=1"#,
        r#"method="POST" path="/v1/jobs/j-1/start" attempt=1"#,
        r#"method="GET" path="/v1/admin/keys" status=401 attempt=1"#,
        r#"method="GET" path="http://127.0.0.1"#,
    ]) {
        assert!(call.contains(wanted), "{wanted} in {call}");
        assert!(call.contains(r#"item="clip.mp4""#), "{call}");
    }
    assert!(calls[0].contains(r#"request_id="r-head" job_id="j-1""#), "{}", calls[0]);
    assert!(!log.contains('\u{1b}'));
}
