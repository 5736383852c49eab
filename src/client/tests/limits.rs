//! Limits of the whole client: what one call learns applies to the next, before anything is sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::server::{Server, Step, response, response_with};
use super::{Least, TestClock, endpoint, timing};
use crate::client::limits::LimitTuning;
use crate::client::{Client, MemoryStore, RateLimits, RequestOptions, StartJob};
use crate::model::limits::LimiterStore;
use crate::model::{Failure, FailureKind, JobId, JobOptions, Timing};

fn id() -> JobId {
    JobId("j-1".into())
}

/// A client on `store`, like one of another process, whose breaker cools down quickly.
fn sharing(base: &str, store: &Arc<MemoryStore>) -> Client {
    sharing_at(5.0, base, store)
}

/// The same, with this many starts a second.
fn sharing_at(initial_rate: f64, base: &str, store: &Arc<MemoryStore>) -> Client {
    let limits = RateLimits { initial_rate, ..RateLimits::default() };
    let store: Arc<dyn LimiterStore> = Arc::clone(store) as _;
    let clock = Arc::new(TestClock::new());
    let timing = Timing { breaker_cooldown: Duration::from_millis(300), ..timing() };
    Client::with_store(endpoint(base), timing, clock, Arc::new(Least), store, &limits).unwrap()
}

/// Responses that open a circuit breaker.
fn surge() -> Vec<Step> {
    (0..5).map(|_| Step::Say(response(503, ""))).collect()
}

async fn start(client: &Client, in_flight: Option<u32>) -> Result<(), Failure> {
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    let call = RequestOptions { in_flight, ..RequestOptions::plain() };
    client.start(&id(), &job, call).await.map(|_| ())
}

fn refused(status: u16, code: &str, headers: &str) -> Step {
    Step::Say(response_with(status, headers, &format!(r#"{{"error": {{"code": "{code}"}}}}"#)))
}

fn processing() -> Step {
    Step::Say(response(200, r#"{"id": "j-1", "status": "processing"}"#))
}

#[tokio::test]
async fn no_credits_stop_starts_and_nothing_else_until_released() {
    let steps = vec![refused(402, "insufficient_credits", ""), processing(), processing()];
    let server = Server::start(steps).await;
    let store = Arc::new(MemoryStore::default());
    let (client, other) = (sharing(&server.url, &store), sharing(&server.url, &store));
    assert_eq!(start(&client, None).await.unwrap_err().kind, FailureKind::InsufficientCredits);
    let stopped = start(&other, None).await.unwrap_err();
    assert_eq!((stopped.kind, stopped.status), (FailureKind::InsufficientCredits, None));
    assert_eq!(stopped.job, Some(id()));
    other.get(&id(), RequestOptions::plain()).await.unwrap();
    assert_eq!(server.seen().len(), 2, "the second start was not sent");
    client.lift_key_blocks().await.unwrap();
    start(&other, None).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_not_accepted_stops_all_its_calls() {
    let health = Step::Say(response(200, r#"{"status": "healthy"}"#));
    let server = Server::start(vec![refused(401, "invalid_api_key", ""), health]).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    for _ in 0..3 {
        let failure = client.get(&id(), RequestOptions::plain()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unauthorized);
    }
    client.health(RequestOptions::plain()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_probe_that_the_pace_holds_back_is_still_the_probe() {
    let mut steps = surge();
    steps.push(processing());
    let server = Server::start(steps).await;
    // The breaker opens for 300 ms, and starts are 500 ms apart.
    let client = sharing_at(2.0, &server.url, &Arc::new(MemoryStore::default()));
    for _ in 0..5 {
        assert_eq!(start(&client, None).await.unwrap_err().kind, FailureKind::Unavailable);
    }
    let began = tokio::time::Instant::now();
    start(&client, None).await.unwrap();
    // It waited for itself until the probe counted as lost: 75 s.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_pause_that_was_asked_for_is_kept_by_every_process_of_the_key() {
    let steps = vec![refused(429, "rate_limited", "retry-after: 0.4\r\n"), processing()];
    let server = Server::start(steps).await;
    let store = Arc::new(MemoryStore::default());
    let (client, other) = (sharing(&server.url, &store), sharing(&server.url, &store));
    let began = tokio::time::Instant::now();
    assert_eq!(start(&client, None).await.unwrap_err().kind, FailureKind::RateLimited);
    start(&other, None).await.unwrap();
    // Test clocks have a resolution of 1 ms.
    assert!(began.elapsed() >= Duration::from_millis(390), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_pause_that_is_too_long_ends_submissions_unsent_but_not_polls() {
    let steps = vec![refused(429, "rate_limited", "retry-after: 36000\r\n"), processing()];
    let server = Server::start(steps).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    start(&client, None).await.unwrap_err();
    let failure = start(&client, None).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::RateLimited, None));
    assert!(failure.retry_after.unwrap() > Duration::from_hours(9));
    client.get(&id(), RequestOptions::plain()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn two_starts_that_are_refused_beside_as_many_jobs_teach_the_window() {
    let refusal = || refused(429, "rate_limited", "");
    let server = Server::start(vec![processing(), refusal(), refusal(), processing()]).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    assert_eq!(client.in_flight_limit().await.unwrap(), 64);
    start(&client, Some(2)).await.unwrap();
    start(&client, Some(3)).await.unwrap_err();
    let suspected = client.limits().await.unwrap();
    assert_eq!((suspected.window, suspected.in_flight), (None, 64));
    assert!(suspected.submissions.ceiling.is_some(), "the pace is cut meanwhile");
    // Until then, the bucket of the service may still be empty.
    tokio::time::sleep(LimitTuning::DEFAULT.quiet).await;
    start(&client, Some(3)).await.unwrap_err();
    let known = client.limits().await.unwrap();
    assert_eq!((known.window, known.in_flight), (Some(3), 3));
    assert!(known.submissions.ceiling.is_none(), "and gets back what it lost: {known:?}");
    assert_eq!(known.submissions.refused, 2);
}

#[tokio::test]
async fn a_refused_poll_slows_polls_and_is_sent_again() {
    let server = Server::start(vec![refused(429, "rate_limited", ""), processing()]).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    client.get(&id(), RequestOptions::plain()).await.unwrap();
    let known = client.limits().await.unwrap();
    assert!(known.polls.rate < 5.0 && known.submissions.ceiling.is_none(), "{known:?}");
    assert_eq!((known.polls.refused, server.seen().len()), (1, 2));
}

#[tokio::test]
async fn failing_uploads_do_not_stop_polls() {
    let mut steps = surge();
    steps.push(processing());
    let server = Server::start(steps).await;
    let store = Arc::new(MemoryStore::default());
    let client = sharing(&server.url, &store);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"1234").unwrap();
    let upload = crate::client::UploadFile {
        content: file.path().to_owned().into(),
        name: "a.mp4".into(),
        size: 4,
        content_type: "video/mp4".into(),
    };
    let call = || RequestOptions { repeats: false, ..RequestOptions::plain() };
    for _ in 0..5 {
        client.upload(&upload, call(), Arc::new(|_| ())).await.unwrap_err();
    }
    let began = tokio::time::Instant::now();
    client.get(&id(), RequestOptions::plain()).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(250), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_host_in_trouble_is_left_alone_and_tried_again() {
    let mut steps = surge();
    steps.push(processing());
    let server = Server::start(steps).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    let told = Mutex::new(Vec::new());
    let on_retry = |failure: &Failure, _| told.lock().unwrap().push(failure.kind);
    let call = RequestOptions { on_retry: &on_retry, ..RequestOptions::plain() };
    let began = tokio::time::Instant::now();
    // Two retries a call.
    for _ in 0..2 {
        let _ = client.get(&id(), call.clone()).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(290), "{:?}", began.elapsed());
    assert_eq!(server.seen().len(), 6);
    assert!(told.lock().unwrap().iter().all(|kind| *kind == FailureKind::Unavailable));
}

#[tokio::test]
async fn leave_that_was_asked_for_is_used_without_a_wait() {
    let server = Server::start(vec![processing()]).await;
    let client = sharing(&server.url, &Arc::new(MemoryStore::default()));
    let leave = client.admit_start(&id(), &RequestOptions::plain()).await.unwrap();
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    client.start_admitted(leave, &id(), &job, RequestOptions::plain()).await.unwrap();
    assert_eq!(server.seen().len(), 1);
}
