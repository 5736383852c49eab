//! A sandbox for one test, and the calls that tests make of it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::sandbox::engine::{Engine, EngineError, EngineResult, EngineTask, Probe};
use crate::sandbox::{
    Distribution, EngineChoice, Options, Running, Scenario, start_thread, util::http_client,
};

/// The shipped clip: MP4, 480x480, two seconds.
pub(crate) const CLIP: &[u8] = include_bytes!("../assets/astronaut.mp4");

pub(crate) struct Lab {
    pub(crate) sandbox: Running,
    pub(crate) client: Client,
    pub(crate) key: String,
}

/// Options for jobs that take 30 ms.
pub(crate) fn options(scenario: &str) -> Options {
    Options {
        engine: EngineChoice::Timer(Distribution::Fixed(Duration::from_millis(30))),
        scenario: Some(Scenario::parse(scenario).unwrap()),
        admin_token: Some("admin".to_owned()),
        ..Options::default()
    }
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    pub(crate) fn with(scenario: &str) -> Self {
        Self::from(options(scenario))
    }

    pub(crate) fn from(options: Options) -> Self {
        let sandbox = start_thread(options).unwrap();
        let client =
            http_client::build(|builder| builder.timeout(Duration::from_secs(20))).unwrap();
        let key = sandbox.api_key.clone();
        Self { sandbox, client, key }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.sandbox.base_url);
        self.client.request(method, url).header("X-Api-Key", &self.key)
    }

    /// A POST with a JSON body.
    pub(crate) fn call_with(&self, path: &str, body: &Value) -> RequestBuilder {
        let call = self.call(Method::POST, path).header("Content-Type", "application/json");
        call.body(body.to_string())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.call(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        read(self.call_with(path, &body).send().await.unwrap()).await
    }

    /// A call with the admin token.
    pub(crate) async fn admin(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> (StatusCode, Value) {
        let request = self.call(method, path).header("X-Admin-Token", "admin").body(body);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn audit(&self) -> Value {
        self.admin(Method::GET, "/sandbox/audit", String::new()).await.1
    }

    pub(crate) async fn send_file(&self, bytes: &[u8], name: &str) -> (StatusCode, Value) {
        let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = Form::new().part("file", part);
        read(self.call(Method::POST, "/v1/uploads").multipart(form).send().await.unwrap()).await
    }

    pub(crate) async fn upload(&self) -> String {
        let (status, answer) = self.send_file(CLIP, "clip.mp4").await;
        assert_eq!(status, 200, "{answer}");
        answer["video_url"].as_str().unwrap().to_owned()
    }

    /// Uploads and makes a draft; its id.
    pub(crate) async fn draft(&self) -> String {
        let video_url = self.upload().await;
        let body = json!({ "video_url": video_url, "auto_start": false });
        let (status, answer) = self.post("/v1/jobs", body).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn start(&self, id: &str) -> (StatusCode, Value) {
        self.post(&format!("/v1/jobs/{id}/start"), json!({})).await
    }

    /// Follows a job to its end.
    pub(crate) async fn follow(&self, id: &str) -> Value {
        for _ in 0..3000 {
            let (status, job) = self.get(&format!("/v1/jobs/{id}")).await;
            assert_eq!(status, 200, "{job}");
            if matches!(job["status"].as_str(), Some("completed" | "failed")) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("job {id} does not end");
    }

    /// A finished job.
    pub(crate) async fn finished(&self) -> Value {
        let id = self.draft().await;
        let (status, answer) = self.start(&id).await;
        assert_eq!(status, 200, "{answer}");
        self.follow(&id).await
    }
}

/// An engine whose jobs end when the test releases them.
#[derive(Debug, Default)]
pub(crate) struct Held {
    let_go: AtomicBool,
}

impl Held {
    pub(crate) fn let_go(&self) {
        self.let_go.store(true, Ordering::Relaxed);
    }
}

impl Engine for Held {
    fn probe(&self, _: &Path) -> Result<Probe, EngineError> {
        Ok(Probe { duration_seconds: 2.0, frame_rate: 24.0 })
    }

    fn run(
        &self,
        task: &EngineTask,
        progress: &(dyn Fn(f64) + Sync),
        cancel: &AtomicBool,
    ) -> Result<EngineResult, EngineError> {
        progress(50.0);
        while !self.let_go.load(Ordering::Relaxed) {
            if cancel.load(Ordering::Relaxed) {
                return Err(EngineError("Cancelled".to_owned()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        std::fs::write(&task.output, b"done").map_err(|error| EngineError(error.to_string()))?;
        let (engine, notes) = ("held".to_owned(), Vec::new());
        Ok(EngineResult { duration_seconds: 2.0, frames: 48, engine, notes })
    }
}

pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, value)
}
