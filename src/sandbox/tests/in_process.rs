//! The sandbox without sockets, in virtual time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST, RANGE};
use axum::http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::harness::CLIP;
use crate::sandbox::{Distribution, EngineChoice, InProcess, NoAnswer, Options, Route, Scenario};

/// A clip of a few bytes that is accepted as a video.
const SMALL_CLIP: &[u8] = include_bytes!("../assets/standin/standin.mp4");

pub(crate) struct Bare {
    pub(crate) sandbox: InProcess,
}

impl Bare {
    /// A sandbox with many workers whose jobs take two seconds.
    pub(crate) fn with(scenario: &str) -> Self {
        Self::timed(scenario, Distribution::Fixed(Duration::from_secs(2)))
    }

    fn timed(scenario: &str, times: Distribution) -> Self {
        let options = Options {
            engine: EngineChoice::Timer(times),
            scenario: Some(Scenario::parse(scenario).unwrap()),
            workers: 1000,
            ..Options::default()
        };
        Self { sandbox: InProcess::new(options, 7).unwrap() }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
    ) -> Result<Response<Body>, NoAnswer> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", InProcess::BASE_URL))
            .header("X-Api-Key", self.sandbox.api_key())
            .header(CONTENT_TYPE, kind)
            .body(body.into())
            .unwrap();
        self.sandbox.call(request).await
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.send(Method::GET, path, "application/json", Body::empty()).await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let body = body.to_string();
        read(self.send(Method::POST, path, "application/json", body).await.unwrap()).await
    }

    pub(crate) async fn upload(&self, clip: &[u8]) -> (u16, Value) {
        let head =
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\n\r\n";
        let body = [head.as_bytes(), clip, b"\r\n--x--\r\n"].concat();
        let kind = "multipart/form-data; boundary=x";
        read(self.send(Method::POST, "/v1/uploads", kind, body).await.unwrap()).await
    }

    pub(crate) async fn draft(&self, item: &str) -> String {
        let (status, upload) = self.upload(SMALL_CLIP).await;
        assert_eq!(status, 200, "{upload}");
        let metadata = json!({ "rbgv_id": item });
        let body = json!({
            "video_url": upload["video_url"], "auto_start": false, "metadata": metadata,
        });
        let (status, job) = self.post("/v1/jobs", body).await;
        assert!((200..300).contains(&status), "{job}");
        job["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn start(&self, id: &str) -> (u16, Value) {
        self.post(&format!("/v1/jobs/{id}/start"), json!({})).await
    }

    async fn download(&self, url: &str) -> Vec<u8> {
        let request = Request::get(url).body(Body::empty()).unwrap();
        let response = self.sandbox.call(request).await.unwrap();
        assert_eq!(response.status(), 200);
        to_bytes(response.into_body(), usize::MAX).await.unwrap().into()
    }
}

async fn read(response: Response<Body>) -> (u16, Value) {
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| text()))
}

#[tokio::test(start_paused = true)]
async fn a_job_goes_the_whole_way_in_virtual_time() {
    let bare = Bare::timed("", Distribution::Fixed(Duration::from_mins(2)));
    let began = Instant::now();
    let id = bare.draft("one").await;
    bare.draft("orphan").await;
    assert_eq!(bare.start(&id).await.0, 200);
    sleep(Duration::from_secs(30)).await;
    let path = format!("/v1/jobs/{id}");
    let (_, job) = bare.get(&path).await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("processing"), &json!(25)));
    assert_eq!(job["created_at"], "2026-01-01T00:00:00.000000Z");
    sleep(Duration::from_secs(89)).await;
    assert_eq!(bare.get(&path).await.1["status"], "processing");
    sleep(Duration::from_secs(2)).await;
    let (_, job) = bare.get(&path).await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("completed"), &json!(100)));
    let output = bare.download(job["output_url"].as_str().unwrap()).await;
    let stand_in = crate::sandbox::engine::stand_in::StandIn::new("webm", 0, 1.0).unwrap();
    assert!(output == stand_in.piece(0, u64::MAX), "the video lasts 1 s");
    assert_eq!(bare.get(&path).await.0, 200, "a poll too many");
    assert_eq!(began.elapsed(), Duration::from_secs(121));

    let truth = bare.sandbox.truth();
    let job = truth.jobs.iter().find(|job| job.id == id).unwrap();
    assert_eq!((job.rbgv_id.as_deref(), job.state, job.charges), (Some("one"), "completed", 1));
    assert_eq!(job.starts, [Duration::ZERO]);
    assert_eq!(job.ended, Some(Duration::from_mins(2)));
    assert_eq!(job.end_shown, Some(Duration::from_secs(121)));
    assert_eq!(job.polls_after_end_shown, [Duration::from_secs(121)]);
    let orphans: Vec<_> = truth.orphan_drafts().filter_map(|job| job.rbgv_id.as_deref()).collect();
    assert_eq!(orphans, ["orphan"]);
    assert_eq!(truth.most_in_flight.values().collect::<Vec<_>>(), [&1]);
    let calls = |route| truth.calls.get(&route).map(|count| (count.calls, count.refused));
    assert_eq!(calls(Route::Upload), Some((2, 0)));
    assert_eq!(calls(Route::Start), Some((1, 0)));
    assert_eq!(calls(Route::Get), Some((4, 0)));
    assert_eq!(calls(Route::List), None);
    assert_eq!(truth.downloads, 1);
}

/// Everything that a client sees of twenty jobs, and what really happened.
fn trace() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let scenario = "seed = 3\n[limits]\nin_flight = 5\n[[fault]]\non = \"GET /v1/jobs\"\n\
                        probability = 0.2\ndo = { answer = { status = 503 } }";
        let times = Distribution::Exponential(Duration::from_secs(3));
        let bare = Bare::timed(scenario, times);
        let mut seen = Vec::new();
        for item in 0..20 {
            let id = bare.draft(&item.to_string()).await;
            while bare.start(&id).await.0 != 200 {
                seen.push(bare.get("/v1/jobs").await);
                sleep(Duration::from_millis(700)).await;
            }
        }
        sleep(Duration::from_secs(30)).await;
        seen.push(bare.get("/v1/jobs").await);
        format!("{seen:?} {:?}", bare.sandbox.truth())
    })
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let first = trace();
    assert!(first.contains("completed") && first.contains("503"));
    assert_eq!(first, trace());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_call_has_no_answer_and_perhaps_an_effect() {
    let bare = Bare::with(
        "[[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 1\ndo = { reset = \"before\" }\n\
         [[fault]]\non = \"POST /v1/jobs/*/start\"\nnth = 2\ndo = { close = \"after\" }\n\
         [[fault]]\non = \"GET /v1/jobs\"\ndo = { cut = { at = 5 } }\n\
         [[fault]]\non = \"GET /v1/jobs/*\"\nnth = 1\ndo = { reset = \"after\" }",
    );
    let id = bare.draft("a").await;
    let path = format!("/v1/jobs/{id}/start");
    let start = || bare.send(Method::POST, &path, "application/json", Body::empty());
    assert_eq!(start().await.unwrap_err(), NoAnswer::Reset);
    assert_eq!(bare.sandbox.truth().jobs[0].charges, 0);
    assert_eq!(start().await.unwrap_err(), NoAnswer::Closed);
    assert_eq!(bare.sandbox.truth().jobs[0].charges, 1);
    let page = bare.send(Method::GET, "/v1/jobs", "", Body::empty()).await.unwrap();
    assert!(to_bytes(page.into_body(), usize::MAX).await.is_err());
    sleep(Duration::from_secs(3)).await;
    let get = bare.send(Method::GET, &format!("/v1/jobs/{id}"), "", Body::empty()).await;
    assert_eq!(get.unwrap_err(), NoAnswer::Reset);
    assert_eq!(bare.sandbox.truth().jobs[0].end_shown, None, "nobody saw it");
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_effect_when_its_caller_disconnects() {
    let bare = Bare::with("[[fault]]\non = \"POST /v1/jobs/*/start\"\ndo = { delay = \"5s\" }");
    let id = bare.draft("a").await;
    let left = tokio::time::timeout(Duration::from_secs(1), bare.start(&id)).await;
    assert!(left.is_err());
    assert_eq!(bare.sandbox.truth().jobs[0].charges, 0);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(bare.sandbox.truth().jobs[0].charges, 1);
}

#[tokio::test(start_paused = true)]
async fn outputs_are_padded_and_served_in_parts_without_a_file() {
    let bare = Bare::with("[timer]\noutput_bytes = 200000");
    let id = bare.draft("a").await;
    bare.start(&id).await;
    sleep(Duration::from_secs(3)).await;
    let (_, job) = bare.get(&format!("/v1/jobs/{id}")).await;
    let url = job["output_url"].as_str().unwrap();
    let whole = bare.download(url).await;
    assert_eq!(whole.len(), 200_000);
    let path = url.strip_prefix(InProcess::CDN_URL).unwrap();
    let part = Request::get(path)
        .header(HOST, "cdn.sandbox.test")
        .header(RANGE, "bytes=1000-150000")
        .body(Body::empty())
        .unwrap();
    let part = bare.sandbox.call(part).await.unwrap();
    assert_eq!(part.status(), 206);
    let part = to_bytes(part.into_body(), usize::MAX).await.unwrap();
    assert_eq!(part, whole[1000..=150_000]);
}

#[tokio::test(start_paused = true)]
async fn external_requests_fail_like_an_unreachable_host() {
    let bare = Bare::with("");
    let create = |url: &str| bare.post("/v1/jobs", json!({ "video_url": url }));
    let (status, job) = create("http://elsewhere.test/a.mp4").await;
    assert_eq!(status, 200, "{job}");
    let (_, unreadable) = bare.upload(b"\0\0\0\x20ftypisom, and then nothing").await;
    let (_, broken) = create(unreadable["video_url"].as_str().unwrap()).await;
    sleep(Duration::from_secs(1)).await;
    for (made, words) in [(&job, "could not be fetched"), (&broken, "not a readable video")] {
        let (_, job) = bare.get(&format!("/v1/jobs/{}", made["id"].as_str().unwrap())).await;
        assert_eq!(job["status"], "failed");
        assert!(job["error"].as_str().unwrap().contains(words), "{job}");
    }
    assert_eq!(bare.upload(CLIP).await.0, 200);
    assert_eq!(bare.upload(b"no video at all, but long enough").await.0, 400);
    assert!(InProcess::new(Options::default(), 1).is_err(), "only the timer");
}

#[tokio::test(start_paused = true)]
#[expect(clippy::disallowed_methods, reason = "the one test that measures the processor's time")]
async fn a_thousand_jobs_cost_little() {
    const JOBS: usize = 1000;
    let bare = Bare::timed("", Distribution::Fixed(Duration::from_secs(10)));
    let real = std::time::Instant::now();
    let submit = async {
        let mut ids = Vec::new();
        for item in 0..JOBS {
            let id = bare.draft(&item.to_string()).await;
            assert_eq!(bare.start(&id).await.0, 200);
            ids.push(id);
            sleep(Duration::from_millis(100)).await;
        }
        for id in &ids {
            for _ in 0..3 {
                bare.get(&format!("/v1/jobs/{id}")).await;
            }
        }
        sleep(Duration::from_secs(10)).await;
        for id in ids {
            let (_, job) = bare.get(&format!("/v1/jobs/{id}")).await;
            bare.download(job["output_url"].as_str().unwrap()).await;
        }
    };
    let (mut pages, mut bytes) = (0, 0);
    tokio::select! {
        biased;
        () = submit => {}
        () = async {
            loop {
                let page = bare.send(Method::GET, "/v1/jobs?limit=100", "", Body::empty()).await;
                bytes += to_bytes(page.unwrap().into_body(), usize::MAX).await.unwrap().len();
                pages += 1;
                sleep(Duration::from_millis(250)).await;
            }
        } => {}
    }
    println!("{JOBS} jobs and {pages} pages of {bytes} bytes took {:?}", real.elapsed());
    let truth = bare.sandbox.truth();
    assert_eq!(truth.jobs.iter().filter(|job| job.charges == 1).count(), JOBS);
    assert_eq!(truth.downloads, JOBS as u64);
    assert!(pages > 400);
}
