//! Each way in which a service may answer, as a scenario key.

use std::io::Read as _;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER};
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::in_process::Bare;
use crate::sandbox::{EarlyCall, InProcess, Route};

async fn seconds(seconds: f64) {
    sleep(Duration::from_secs_f64(seconds)).await;
}

/// The states of the listed jobs, in the order of the list.
async fn listed(bare: &Bare) -> Vec<(String, String)> {
    let (status, page) = bare.get("/v1/jobs").await;
    assert_eq!(status, 200, "{page}");
    let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
    let jobs = page["items"].as_array().unwrap().iter();
    jobs.map(|job| (text(&job["id"]), text(&job["status"]))).collect()
}

#[tokio::test(start_paused = true)]
async fn drafts_have_any_name_and_creates_may_hide_it() {
    for word in ["pending", "created", "draft", "queued for review"] {
        let bare = Bare::with(&format!("[jobs]\ndraft_state = \"{word}\""));
        let id = bare.draft("a").await;
        assert_eq!(bare.get(&format!("/v1/jobs/{id}")).await.1["status"], word);
        let filter = word.replace(' ', "%20");
        let (_, page) = bare.get(&format!("/v1/jobs?status={filter}")).await;
        assert_eq!(page["total"], 1, "{word}: {page}");
        assert_eq!(bare.get("/v1/jobs?status=archived").await.0, 400);
        let (_, started) = bare.start(&id).await;
        assert_eq!(started["status"], "pending");
    }
    let bare = Bare::with("[jobs]\ncreate_state = \"absent\"");
    let (_, upload) = bare.upload(super::harness::CLIP).await;
    let body = json!({ "video_url": upload["video_url"], "auto_start": false });
    let (_, created) = bare.post("/v1/jobs", body).await;
    assert!(created["id"].is_string() && created.get("status").is_none(), "{created}");
    let id = created["id"].as_str().unwrap();
    assert_eq!(bare.get(&format!("/v1/jobs/{id}")).await.1["status"], "pending");
    assert_eq!(bare.start(id).await.1["status"], "pending");
}

#[tokio::test(start_paused = true)]
async fn billing_and_progress_may_be_null_throughout() {
    for (key, field) in [("billing", "billing_status"), ("progress", "progress")] {
        let bare = Bare::with(&format!("[jobs]\n{key} = \"null\""));
        let id = bare.draft("a").await;
        bare.start(&id).await;
        for _ in 0..3 {
            let (_, job) = bare.get(&format!("/v1/jobs/{id}")).await;
            assert!(job[field].is_null() && job.get(field).is_some(), "{job}");
            let (_, page) = bare.get("/v1/jobs").await;
            assert!(page["items"][0][field].is_null(), "{page}");
            seconds(1.1).await;
        }
        assert_eq!(bare.sandbox.truth().jobs[0].charges, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn automatic_start_that_is_ignored_bills_with_and_without_saying_so() {
    for billing in ["shown", "null"] {
        let rules = format!("[jobs]\nauto_start = \"ignored\"\nbilling = \"{billing}\"");
        let bare = Bare::with(&rules);
        let id = bare.draft("a").await;
        let (_, job) = bare.get(&format!("/v1/jobs/{id}")).await;
        let expected = if billing == "shown" { json!("charged") } else { Value::Null };
        assert_eq!((&job["status"], &job["billing_status"]), (&json!("processing"), &expected));
        assert_eq!(bare.start(&id).await.0, 409);
        assert_eq!(bare.sandbox.truth().jobs[0].charges, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_start_may_be_an_invalid_request() {
    let bare = Bare::with("[jobs]\nsecond_start = \"invalid\"");
    let id = bare.draft("a").await;
    bare.start(&id).await;
    let (status, answer) = bare.start(&id).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("invalid_request")));
    assert_eq!(bare.sandbox.truth().jobs[0].charges, 1);
}

#[tokio::test(start_paused = true)]
async fn drafts_that_are_not_started_are_forgotten() {
    let bare = Bare::with("[jobs]\nforget_drafts_after = \"10m\"");
    let (kept, lost) = (bare.draft("kept").await, bare.draft("lost").await);
    seconds(1.0).await;
    let later = bare.draft("later").await;
    bare.start(&kept).await;
    seconds(599.5).await;
    assert_eq!(bare.start(&lost).await.0, 404);
    assert_eq!(bare.get(&format!("/v1/jobs/{lost}")).await.0, 404);
    let states = [(later, "pending".to_owned()), (kept, "completed".to_owned())];
    assert_eq!(listed(&bare).await, states);
    assert_eq!(bare.sandbox.truth().orphan_drafts().count(), 1);
    seconds(1.0).await;
    assert_eq!(listed(&bare).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn creates_are_answered_with_the_status_asked_for() {
    for status in [200, 201, 202] {
        let bare = Bare::with(&format!("[answers]\ncreate_status = {status}"));
        let (uploaded, upload) = bare.upload(super::harness::CLIP).await;
        let body = json!({ "video_url": upload["video_url"], "auto_start": false });
        let (created, job) = bare.post("/v1/jobs", body).await;
        let (started, _) = bare.start(job["id"].as_str().unwrap()).await;
        assert_eq!((uploaded, created, started), (200, status, 200));
    }
}

#[tokio::test(start_paused = true)]
async fn times_are_written_as_asked() {
    for (form, at) in [
        ("utc", "2026-01-01T00:00:05.000000Z"),
        ("naive", "2026-01-01T00:00:05.000000"),
        ("offset", "2026-01-01T02:00:05.000000+02:00"),
    ] {
        let bare = Bare::with(&format!("[answers]\ntimes = \"{form}\""));
        seconds(5.0).await;
        let id = bare.draft("a").await;
        bare.start(&id).await;
        assert_eq!(bare.get(&format!("/v1/jobs/{id}")).await.1["created_at"], at);
        assert_eq!(bare.get("/v1/usage/events").await.1["items"][0]["created_at"], at);
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_begins_at_either_end() {
    for order in ["newest", "oldest"] {
        let bare = Bare::with(&format!("[answers]\norder = \"{order}\"\npage = 2"));
        let mut made = Vec::new();
        for item in ["a", "b", "c"] {
            made.push(bare.draft(item).await);
        }
        if order == "newest" {
            made.reverse();
        }
        let ids: Vec<String> = listed(&bare).await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, made[..2], "{order}");
        let (_, page) = bare.get("/v1/jobs?offset=2").await;
        assert_eq!((&page["items"][0]["id"], &page["total"]), (&json!(made[2]), &json!(3)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_may_be_late() {
    let bare = Bare::with("[answers]\nlist_lag = \"2s\"");
    let id = bare.draft("a").await;
    seconds(0.5).await;
    bare.start(&id).await;
    // Made at 0, started at 0.5, ended at 2.5.
    let mut seen = Vec::new();
    for pause in [1.25, 0.5, 0.5, 1.5, 0.5] {
        seconds(pause).await;
        let (_, page) = bare.get("/v1/jobs").await;
        let job = &page["items"][0];
        let (status, billing) = (job["status"].as_str(), job["billing_status"].as_str());
        seen.push(format!("{}/{}", status.unwrap_or("-"), billing.unwrap_or("-")));
        assert_eq!(page["total"], u64::from(status.is_some()));
        assert_eq!(job["output_url"].is_string(), status == Some("completed"));
    }
    let running = "processing/charged";
    assert_eq!(seen, ["-/-", "pending/-", running, running, "completed/charged"]);
    let truth = bare.sandbox.truth();
    assert_eq!(truth.jobs[0].ended, Some(Duration::from_millis(2500)));
    assert_eq!(truth.jobs[0].end_shown, Some(Duration::from_millis(4750)));
    assert_eq!(bare.get(&format!("/v1/jobs/{id}")).await.1["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn pages_that_are_too_long_are_refused() {
    let bare = Bare::with("[answers]\npage_refused_above = 50");
    let (status, answer) = bare.get("/v1/jobs?limit=51").await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("invalid_request")));
    for query in ["", "?limit=50"] {
        assert_eq!(bare.get(&format!("/v1/jobs{query}")).await.0, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_are_compressed_as_asked() {
    let table = [
        ("gzip", Some("gzip"), Some("gzip")),
        ("gzip", Some("br"), None),
        ("gzip", None, None),
        ("deflate", Some("gzip, deflate"), Some("deflate")),
        ("always-gzip", None, Some("gzip")),
    ];
    for (rule, accepted, expected) in table {
        let bare = Bare::with(&format!("[answers]\ncompress = \"{rule}\""));
        for (path, status) in [("/v1/jobs", 200), ("/v1/jobs/job_none", 404)] {
            let request = Request::get(format!("{}{path}", InProcess::BASE_URL))
                .header("X-Api-Key", bare.sandbox.api_key());
            let request = match accepted {
                Some(accepted) => request.header(ACCEPT_ENCODING, accepted),
                None => request,
            };
            let response = bare.sandbox.call(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), status);
            let coding = response.headers().get(CONTENT_ENCODING).cloned();
            assert_eq!(coding.as_ref().map(|coding| coding.to_str().unwrap()), expected);
            let length = response.headers()["content-length"].to_str().unwrap().to_owned();
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert_eq!(length, bytes.len().to_string());
            let mut text = String::new();
            let read = match expected {
                Some("gzip") => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text),
                Some(_) => flate2::read::ZlibDecoder::new(&bytes[..]).read_to_string(&mut text),
                None => (&bytes[..]).read_to_string(&mut text),
            };
            read.unwrap();
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{rule}: {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_counts_the_calls_that_it_names() {
    let bare = Bare::with(
        "[[limits.bucket]]\ncalls = [\"create\", \"list\"]\nrate = 0.1\nburst = 3.0\n\
         [[limits.schedule]]\nat = \"1m\"\n\
         bucket = [{ calls = [\"usage\"], rate = 0.1, burst = 1.0 }]",
    );
    let (a, _) = (bare.draft("a").await, bare.draft("b").await);
    assert_eq!(bare.start(&a).await.0, 200);
    assert_eq!(bare.get("/v1/jobs").await.0, 200);
    for _ in 0..3 {
        assert_eq!(bare.get(&format!("/v1/jobs/{a}")).await.0, 200);
        assert_eq!(bare.get("/v1/usage/summary").await.0, 200);
    }
    assert_eq!(bare.get("/v1/jobs").await.0, 429);
    let counts = bare.sandbox.truth().calls;
    assert_eq!((counts[&Route::List].calls, counts[&Route::List].refused), (2, 1));
    assert_eq!((counts[&Route::Get].calls, counts[&Route::Get].refused), (3, 0));
    seconds(60.0).await;
    assert_eq!(bare.get("/v1/usage/summary").await.0, 200);
    assert_eq!(bare.get("/v1/usage/summary").await.0, 429);
    for _ in 0..9 {
        assert_eq!(bare.get("/v1/jobs").await.0, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn the_preset_allows_a_hundred_calls_and_three_starts_a_minute() {
    let bare = Bare::with("[limits]\npreset = \"per-minute\"");
    let mut starts = Vec::new();
    for item in 0..5 {
        let id = bare.draft(&item.to_string()).await;
        starts.push(bare.start(&id).await.0);
    }
    assert_eq!(starts, [200, 200, 200, 429, 429]);
    let mut polls = 0;
    while bare.get("/v1/jobs").await.0 == 200 {
        polls += 1;
    }
    assert_eq!(polls, 100 - 5 * 2 - 3, "refused starts took no token");
    seconds(60.0).await;
    let id = bare.draft("later").await;
    assert_eq!(bare.start(&id).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_that_of_the_bucket_that_refused_and_early_calls_are_recorded() {
    let bare = Bare::with(
        "[limits]\nbucket = [\n\
         { calls = [\"upload\", \"create\", \"start\"], rate = 1.0, burst = 3.0 },\n\
         { calls = [\"list\"], rate = 0.05, burst = 1.0 } ]",
    );
    let id = bare.draft("a").await;
    assert_eq!(bare.start(&id).await.0, 200);
    bare.get("/v1/jobs").await;
    let asked = async |path: &str, method| {
        let response = bare.send(method, path, "application/json", Body::empty()).await.unwrap();
        let wait = response.headers().get(RETRY_AFTER).map(|wait| wait.to_str().unwrap().into());
        (response.status().as_u16(), wait)
    };
    let refused = |wait: &str| (429, Some(wait.to_owned()));
    assert_eq!(asked("/v1/jobs", Method::GET).await, refused("20"));
    assert_eq!(asked("/v1/jobs", Method::POST).await, refused("1"));
    assert_eq!(bare.sandbox.truth().early_calls, [], "a pause of other calls");
    seconds(0.5).await;
    bare.upload(super::harness::CLIP).await;
    bare.get(&format!("/v1/jobs/{id}")).await;
    seconds(1.0).await;
    bare.upload(super::harness::CLIP).await;
    seconds(17.5).await;
    assert_eq!(asked("/v1/jobs", Method::GET).await, refused("1"));
    seconds(1.0).await;
    assert_eq!(asked("/v1/jobs", Method::GET).await, (200, None));
    let early = |route, at, refused, until| {
        let time = Duration::from_secs_f64;
        EarlyCall { route, at: time(at), refused, announced: time(0.0), until: time(until) }
    };
    assert_eq!(
        bare.sandbox.truth().early_calls,
        [
            early(Route::Upload, 0.5, Route::Create, 1.0),
            early(Route::List, 19.0, Route::List, 20.0),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn refused_starts_may_be_executed_anyway() {
    for (share, charges) in [(0.0, 1), (1.0, 5)] {
        let bare = Bare::with(&format!(
            "[limits]\nexecutes_anyway = {share:?}\nrefusal = \"html\"\n\
             bucket = [{{ calls = [\"start\"], rate = 0.001, burst = 1.0 }}]"
        ));
        for item in 0..5 {
            let id = bare.draft(&item.to_string()).await;
            let (status, answer) = bare.start(&id).await;
            assert_eq!(status, if item == 0 { 200 } else { 429 });
            assert_eq!(answer.as_str().is_some_and(|page| page.starts_with("<html>")), item > 0);
        }
        let truth = bare.sandbox.truth();
        assert_eq!(truth.jobs.iter().map(|job| job.charges).sum::<usize>(), charges);
        assert_eq!(truth.calls[&Route::Start].refused, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_time_counts_as_running_meanwhile() {
    let bare = Bare::with("[limits]\nconcurrency = 2\n[answers]\ntakes = \"100ms\"");
    let began = tokio::time::Instant::now();
    let (a, b, c) = tokio::join!(bare.get("/v1/jobs"), bare.get("/v1/jobs"), bare.get("/v1/jobs"));
    assert_eq!([a.0, b.0, c.0], [200, 200, 429]);
    assert_eq!(began.elapsed(), Duration::from_millis(100));
    assert_eq!(bare.get("/v1/jobs").await.0, 200);
}

#[test]
fn invalid_values_are_refused() {
    for text in [
        "[answers]\ncreate_status = 204",
        "[answers]\nlist_lag = \"25h\"",
        "[answers]\ncompress = \"br\"",
        "[jobs]\ndraft_state = \"\"",
        "[connections]\nclose = \"later\"",
    ] {
        assert!(crate::sandbox::Scenario::parse(text).is_err(), "{text}");
    }
}
