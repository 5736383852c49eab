//! What a user writes in an afternoon: eight threads with the vendor's SDK and the retry of its
//! readme. Each takes a job the whole way: upload, create with automatic start, a poll every 2 s,
//! download.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rbgv::client::UploadFile;
use rbgv::client::transport::{
    Auth, Method, PAGE_MAX, Payload, Progress, Response, Transport as _, TransportRequest,
};
use rbgv::sandbox::InProcess;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use url::Url;

use crate::dice::Dice;
use crate::server::seconds;
use crate::wire::{Client, Wire};

const THREADS: usize = 8;
const POLL: Duration = Duration::from_secs(2);

/// Works through a directory of inputs; gives the seconds that it took, unless it never ends.
pub async fn run(wire: &Arc<Wire>, inputs: &Path, patience: Duration) -> Option<f64> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(inputs).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    let queue = Arc::new(Mutex::new(VecDeque::from(files)));
    let began = wire.age();
    let mut threads = JoinSet::new();
    // The pool, too, keeps to what the user allows in flight.
    let number = THREADS.min(wire.server.in_flight as usize);
    for nth in 0..number {
        let thread = Thread {
            client: Client { wire: Arc::clone(wire), cut: None },
            dice: Dice::new(wire.server.seed, 100 + nth as u64),
        };
        let queue = Arc::clone(&queue);
        threads.spawn(async move {
            loop {
                let file = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(file) = file else { return };
                thread.job(&file).await;
            }
        });
    }
    let all = async { while threads.join_next().await.is_some() {} };
    tokio::time::timeout(patience, all).await.ok().map(|()| wire.age() - began)
}

struct Thread {
    client: Client,
    dice: Dice,
}

impl Thread {
    async fn job(&self, path: &Path) {
        let upload = UploadFile {
            content: path.to_owned().into(),
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size: 0,
            content_type: "video/mp4".to_owned(),
        };
        let uploaded = self.call(Method::Post, "/v1/uploads", Content::File(&upload)).await;
        let body = json!({
            "video_url": uploaded["video_url"],
            "model": "original",
            "output_format": "webm",
            "bg_type": "transparent",
        });
        let created = self.call(Method::Post, "/v1/jobs", Content::Json(&body)).await;
        let id = created["id"].as_str().or_else(|| created["job_id"].as_str());
        let Some(id) = id else { return };
        loop {
            sleep(POLL).await;
            let job = self.call(Method::Get, &format!("/v1/jobs/{id}"), Content::Nothing).await;
            if matches!(job["status"].as_str(), Some("completed" | "failed")) {
                if let Some(link) = job["output_url"].as_str()
                    && let Ok(url) = Url::parse(link)
                {
                    let _ = self.client.open(url, None).await;
                }
                return;
            }
        }
    }

    /// One call, repeated until it is answered well.
    async fn call(&self, method: Method, path: &str, content: Content<'_>) -> Value {
        for attempt in 0.. {
            let progress: Progress = Arc::new(|_| ());
            let payload = match &content {
                Content::Nothing => Payload::Empty,
                Content::Json(body) => Payload::Json(Bytes::from(body.to_string())),
                Content::File(file) => Payload::File { file, progress: &progress },
            };
            let url = Url::parse(&format!("{}{path}", InProcess::BASE_URL)).unwrap();
            let request = TransportRequest {
                method,
                url,
                auth: Auth::Key,
                payload,
                new_connection: false,
                response_max: PAGE_MAX,
            };
            let answered = self.client.send(request).await;
            if let Ok(Response { head, body, .. }) = &answered
                && (200..300).contains(&head.status)
            {
                return serde_json::from_slice(body).unwrap_or_default();
            }
            let asked = answered.ok().and_then(|answer| asked(&answer));
            let least = f64::from(1_u32 << attempt.min(3));
            let wait = asked.unwrap_or_else(|| self.dice.uniform(least, 2.0 * least));
            sleep(seconds(wait)).await;
        }
        Value::Null
    }
}

enum Content<'a> {
    Nothing,
    Json(&'a Value),
    File(&'a UploadFile),
}

/// `Retry-After` in seconds.
fn asked(answer: &Response) -> Option<f64> {
    let asked = answer.head.retry_after.as_deref()?;
    if let Ok(seconds) = asked.parse() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(asked).ok()?;
    let now = httpdate::parse_http_date(answer.head.date.as_deref()?).ok()?;
    at.duration_since(now).ok().map(|wait| wait.as_secs_f64())
}
