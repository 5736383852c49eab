//! Calls to the API: requests, responses and failures.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::server::{Server, Step, gzip, response, response_of, response_with};
use super::uploads::upload_file;
use super::{KEY, Least, TOKEN, TestClock, client, client_with, draft, endpoint, timing};
use crate::client::{Client, EndpointRoute, LastRequestId, ListQuery, RequestOptions, StartJob};
use crate::model::Timing;
use crate::model::{Execution, Failure, FailureKind, JobId, JobOptions, JobStatus};

fn id() -> JobId {
    JobId("j-1".into())
}

async fn start_on(step: Step) -> (Result<crate::client::StartedJob, Failure>, Server) {
    let server = Server::start(vec![step]).await;
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    let result = client(&server.url).start(&id(), &job, RequestOptions::plain()).await;
    (result, server)
}

#[tokio::test]
async fn a_draft_is_made_and_started() {
    let server = Server::start(vec![
        Step::Say(response(200, r#"{"success": true, "id": "j-1", "status": "created"}"#)),
        Step::Say(response(
            200,
            r#"{"success": true, "id": "j-1", "status": "pending", "request_id": "r-body"}"#,
        )),
    ])
    .await;
    let client = client(&server.url);
    let options = JobOptions::default();
    let metadata = [("rbgv".to_owned(), "c-1".to_owned())].into();
    let job = draft(&options, &metadata);
    let last = LastRequestId::default();
    let call = RequestOptions { last_request_id: Some(&last), ..RequestOptions::plain() };
    let created = client.create(&job, call.clone()).await.unwrap();
    assert_eq!((created.id, created.status), (id(), Some(JobStatus::Created)));
    assert_eq!(last.take().as_deref(), Some("r-head"));
    let start = StartJob { options: &options, background_image_url: None };
    let started = client.start(&id(), &start, call).await.unwrap();
    assert_eq!(started.status, Some(JobStatus::Pending));
    assert_eq!(last.take().as_deref(), Some("r-body"));

    let seen = server.seen();
    assert!(seen[0].head.starts_with("post /v1/jobs http/1.1\r\n"), "{}", seen[0].head);
    assert!(seen[0].head.contains(&format!("x-api-key: {KEY}\r\n")));
    assert!(seen[0].head.contains("user-agent: rbgv/test\r\n"));
    assert!(!seen[0].head.contains("x-admin-token"));
    assert_eq!(seen[0].json()["metadata"]["rbgv"], "c-1");
    assert!(seen[1].head.starts_with("post /v1/jobs/j-1/start http/1.1\r\n"));
    assert_eq!(seen[1].json()["background"]["type"], "transparent");
}

#[tokio::test]
async fn credentials_go_only_where_they_belong() {
    let server = Server::start(vec![
        Step::Say(response(200, r#"{"status": "healthy"}"#)),
        Step::Say(response(200, r#"{"items": []}"#)),
    ])
    .await;
    let client = client(&server.url);
    client.health(RequestOptions::plain()).await.unwrap();
    client.admin_keys(RequestOptions::plain()).await.unwrap();
    let seen = server.seen();
    assert!(!seen[0].head.contains("x-api-key") && !seen[0].head.contains("x-admin-token"));
    assert!(seen[1].head.contains(&format!("x-admin-token: {TOKEN}")));
    assert!(!seen[1].head.contains("x-api-key"));
}

#[tokio::test]
async fn a_refusal_carries_its_story() {
    let body =
        r#"{"error": {"code": "not_found", "message": "Job not found", "request_id": "r-9"}}"#;
    let server = Server::start(vec![Step::Say(response(404, body))]).await;
    let failure = client(&server.url).get(&id(), RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert_eq!(failure.delivery, Execution::Refused);
    assert_eq!(failure.job, Some(id()));
    assert_eq!(
        failure.to_string(),
        "polling the job (GET /v1/jobs/j-1): Job not found (HTTP 404, not_found, job j-1, request r-9)"
    );
}

#[tokio::test]
async fn harmless_calls_are_repeated_and_told() {
    let gateway = "<html><title>502 Bad Gateway</title></html>";
    let server = Server::start(vec![
        Step::Say(response_with(502, "content-type: text/html\r\n", gateway)),
        Step::Close,
        Step::Say(response(200, r#"{"id": "j-1", "status": "processing", "progress": 40}"#)),
    ])
    .await;
    let told = Mutex::new(Vec::new());
    let on_retry = |failure: &Failure, wait: Duration| {
        told.lock().unwrap().push((failure.kind, failure.attempts, failure.why.clone(), wait));
    };
    let call = RequestOptions { on_retry: &on_retry, ..RequestOptions::plain() };
    let view = client(&server.url).get(&id(), call).await.unwrap();
    assert_eq!(view.progress, Some(40.0));
    let told = told.into_inner().unwrap();
    assert_eq!(
        told[0],
        (FailureKind::Unavailable, 1, "502 Bad Gateway".into(), Duration::from_millis(1))
    );
    assert_eq!(
        (told[1].0, told[1].1, told[1].3),
        (FailureKind::Broken, 2, Duration::from_millis(2))
    );
}

#[tokio::test]
async fn repetitions_end_with_the_last_failure() {
    let server = Server::start((0..3).map(|_| Step::Say(response(503, ""))).collect()).await;
    let failure = client(&server.url).pricing(RequestOptions::plain()).await.unwrap_err();
    assert_eq!((failure.kind, failure.attempts), (FailureKind::Unavailable, 3));
    assert_eq!(failure.request_id.as_deref(), Some("r-head"));
}

#[tokio::test]
async fn retry_after_is_obeyed_or_reported() {
    let limited = |after: &str| {
        Step::Say(response_with(
            429,
            &format!("retry-after: {after}\r\n"),
            r#"{"error": {"code": "rate_limited"}}"#,
        ))
    };
    let server = Server::start(vec![limited("0.05"), limited("-7"), limited("36000")]).await;
    let waits = Mutex::new(Vec::new());
    let on_retry = |_: &Failure, wait: Duration| waits.lock().unwrap().push(wait);
    let call = RequestOptions { on_retry: &on_retry, ..RequestOptions::plain() };
    let failure = client(&server.url).get(&id(), call).await.unwrap_err();
    assert_eq!(*waits.lock().unwrap(), [Duration::from_millis(50), Duration::from_millis(2)]);
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert_eq!(failure.retry_after, Some(Duration::from_hours(10)));
}

#[tokio::test]
async fn a_retry_after_date_is_held_against_the_service_s_own_clock() {
    // The local clock shows 08:49:37; that of the service is an hour behind or ahead.
    for hour in ["07", "09"] {
        let headers = format!(
            "date: Sun, 06 Nov 1994 {hour}:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 {hour}:49:47 GMT\r\n"
        );
        let limited = response_with(429, &headers, r#"{"error": {"code": "rate_limited"}}"#);
        let server = Server::start(vec![Step::Say(limited)]).await;
        let failure = client(&server.url).get(&id(), RequestOptions::plain()).await.unwrap_err();
        assert_eq!(failure.retry_after, Some(Duration::from_secs(10)), "{hour}");
    }
}

#[tokio::test]
async fn a_create_succeeds_with_any_status_of_success_and_with_or_without_a_state() {
    let bodies = [
        (
            r#"{"success": true, "id": "j-1", "status": "created", "message": "ok"}"#,
            Some("created"),
        ),
        (r#"{"success": true, "job_id": "j-1", "status": "pending"}"#, Some("pending")),
        (r#"{"id": "j-1", "job_id": "j-1", "status": "draft"}"#, Some("draft")),
        (r#"{"success": true, "id": "j-1"}"#, None),
        (r#"{"id": "j-1", "status": null, "progress": null, "billing_status": null}"#, None),
    ];
    let options = JobOptions::default();
    let metadata = std::collections::BTreeMap::new();
    let job = draft(&options, &metadata);
    for status in [200, 201, 202] {
        for (body, state) in bodies {
            let server = Server::start(vec![Step::Say(response(status, body))]).await;
            let created = client(&server.url).create(&job, RequestOptions::plain()).await.unwrap();
            let shown = created.status.as_ref().map(JobStatus::as_str);
            assert_eq!((created.id, shown), (id(), state), "{status} {body}");
        }
    }
}

#[tokio::test]
async fn compressed_answers_and_refusals_are_read() {
    let job = r#"{"id": "j-1", "status": "processing", "progress": 40}"#;
    let refusal = r#"{"error": {"code": "not_found", "message": "Job not found"}}"#;
    for encoding in ["gzip", "x-gzip"] {
        let headers = format!("content-encoding: {encoding}\r\n");
        let server = Server::start(vec![
            Step::Say(response_of(200, &headers, &gzip(job.as_bytes()))),
            Step::Say(response_of(404, &headers, &gzip(refusal.as_bytes()))),
        ])
        .await;
        let client = client(&server.url);
        let view = client.get(&id(), RequestOptions::plain()).await.unwrap();
        assert_eq!(view.progress, Some(40.0), "{encoding}");
        let failure = client.get(&id(), RequestOptions::plain()).await.unwrap_err();
        assert_eq!((failure.kind, failure.delivery), (FailureKind::NotFound, Execution::Refused));
        assert_eq!(failure.why, "Job not found", "{encoding}");
        assert!(server.seen()[0].head.contains("accept-encoding: gzip\r\n"));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_decoded_says_how_it_was_encoded() {
    let encoded = |status, headers: &str| Step::Say(response_of(status, headers, b"\x0b\x02\x80"));
    let table = [
        ("content-encoding: br\r\n", "br"),
        ("content-encoding: zstd\r\n", "zstd"),
        ("content-encoding: gzip\r\ncontent-encoding: gzip\r\n", "gzip, gzip"),
        ("content-encoding: gzip\r\n", "gzip"),
    ];
    for (headers, encoding) in table {
        let (result, _server) = start_on(encoded(200, headers)).await;
        let failure = result.unwrap_err();
        assert_eq!((failure.kind, failure.delivery), (FailureKind::Contract, Execution::Ambiguous));
        assert!(failure.why.contains(encoding), "{failure}");
        // A refusal is classified by its status alone.
        let (result, _server) = start_on(encoded(429, headers)).await;
        let failure = result.unwrap_err();
        assert_eq!(
            (failure.kind, failure.delivery),
            (FailureKind::RateLimited, Execution::NotExecuted)
        );
        assert!(failure.why.contains(encoding), "{failure}");
    }
}

#[tokio::test]
async fn an_answer_that_unpacks_to_too_much_is_not_unpacked_to_its_end() {
    let bomb = gzip(&vec![b' '; 50_000_000]);
    let headers = "content-encoding: gzip\r\n";
    let server = Server::start(vec![Step::Say(response_of(200, headers, &bomb))]).await;
    let failure = client(&server.url).pricing(RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Contract);
    assert!(failure.why.contains("larger"), "{failure}");
}

#[tokio::test]
async fn a_start_is_never_repeated_and_says_what_is_known() {
    use Execution::{Ambiguous, NotExecuted, Refused};
    use FailureKind as K;
    let html = |status| {
        Step::Say(response_with(status, "content-type: text/html\r\n", "<title>x</title>"))
    };
    let json = |status, code: &str| {
        Step::Say(response(status, &format!(r#"{{"error": {{"code": "{code}"}}}}"#)))
    };
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\": \"j".to_vec();
    let table = [
        (json(401, "invalid_api_key"), K::Unauthorized, NotExecuted),
        (json(402, "insufficient_credits"), K::InsufficientCredits, NotExecuted),
        (json(403, "insufficient_credits"), K::InsufficientCredits, NotExecuted),
        (json(403, "forbidden"), K::Forbidden, NotExecuted),
        (json(429, "rate_limited"), K::RateLimited, NotExecuted),
        (json(400, "invalid_request"), K::InvalidRequest, Refused),
        (json(404, "not_found"), K::NotFound, Refused),
        (json(409, "conflict"), K::Conflict, Ambiguous),
        (json(500, "internal_error"), K::Unavailable, Ambiguous),
        (html(401), K::Unauthorized, NotExecuted),
        (html(402), K::InsufficientCredits, NotExecuted),
        (html(403), K::Forbidden, NotExecuted),
        (html(429), K::RateLimited, NotExecuted),
        (Step::Say(response(429, "")), K::RateLimited, NotExecuted),
        (html(400), K::InvalidRequest, Ambiguous),
        (html(503), K::Unavailable, Ambiguous),
        (Step::Say(response(503, "")), K::Unavailable, Ambiguous),
        (Step::Close, K::Broken, Ambiguous),
        (Step::Say(cut), K::Broken, Ambiguous),
        (Step::Say(response(200, r#"{"id": "j-1", "sta"#)), K::Broken, Ambiguous),
        (Step::Say(response(200, "garbage")), K::Contract, Ambiguous),
        (Step::Say(response(200, "")), K::Contract, Ambiguous),
        (Step::Say(response(204, "")), K::Contract, Ambiguous),
        (Step::Say(response(200, r#"{"success": false}"#)), K::Contract, Ambiguous),
        (Step::Say(response(200, r#"{"id": "j-2", "status": "pending"}"#)), K::Contract, Ambiguous),
    ];
    for (step, kind, delivery) in table {
        // A second connection would hang, and the test with it.
        let failure = start_on(step).await.0.unwrap_err();
        assert_eq!(
            (failure.kind, failure.delivery, failure.attempts),
            (kind, delivery, 1),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_start_that_meets_silence_is_ambiguous() {
    let server = Server::start(vec![Step::StopReading]).await;
    let short = Duration::from_millis(50);
    let timing = Timing { idle_timeout: short, connect_timeout: short, ..timing() };
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    let client = client_with(&server.url, timing);
    let failure = client.start(&id(), &job, RequestOptions::plain()).await.unwrap_err();
    assert_eq!((failure.kind, failure.delivery), (FailureKind::Broken, Execution::Ambiguous));
}

#[tokio::test]
async fn a_refused_connection_is_certain() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    let failure = client(&url).start(&id(), &job, RequestOptions::plain()).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.delivery),
        (FailureKind::Unreachable, Execution::NotExecuted)
    );
    assert!(failure.why.contains("refused"), "{failure}");
}

#[tokio::test]
async fn calls_can_be_made_from_any_thread() {
    fn movable<T: Send>(_: T) {}
    let client = client("http://127.0.0.1:9");
    let (file, _kept) = upload_file(b"");
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    movable(client.upload(&file, RequestOptions::plain(), Arc::new(|_| ())));
    movable(client.start(&id(), &job, RequestOptions::plain()));
    movable(client.get(&id(), RequestOptions::plain()));
    let link = crate::model::OutputLink::new("http://127.0.0.1:9");
    movable(client.download(&link, None, RequestOptions::plain()));
}

#[tokio::test]
async fn the_last_check_has_the_last_word() {
    let server = Server::start(vec![]).await;
    let refuse = || {
        let refused = Failure::new(FailureKind::NeedsReview, "starting", "too late");
        ready(Err(refused)).boxed()
    };
    let call = RequestOptions { last_check: Some(&refuse), ..RequestOptions::plain() };
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    let failure = client(&server.url).start(&id(), &job, call).await.unwrap_err();
    assert_eq!(failure.why, "too late");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn redirects_elsewhere_get_neither_key_nor_body() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::start(vec![Step::Say(response(200, r#"{"id": "j-1"}"#))]).await;
        let to = format!("location: {}/v1/jobs/j-1/start?token=s3cret\r\n", elsewhere.url);
        let (result, _server) = start_on(Step::Say(response_with(status, &to, ""))).await;
        let failure = result.unwrap_err();
        assert_eq!((failure.kind, failure.delivery), (FailureKind::Contract, Execution::Ambiguous));
        assert!(failure.why.contains(&elsewhere.url), "{failure}");
        assert!(!failure.to_string().contains("s3cret"), "{failure}");
        assert!(elsewhere.seen().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn redirects_within_the_origin_keep_method_and_body() {
    let server = Server::start(vec![
        Step::Say(response_with(307, "location: /v1/jobs/j-1/start/\r\n", "")),
        Step::Say(response(200, r#"{"success": true}"#)),
    ])
    .await;
    let options = JobOptions::default();
    let job = StartJob { options: &options, background_image_url: None };
    client(&server.url).start(&id(), &job, RequestOptions::plain()).await.unwrap();
    let seen = server.seen();
    assert!(seen[1].head.starts_with("post /v1/jobs/j-1/start/ "), "{}", seen[1].head);
    assert_eq!(seen[0].body, seen[1].body);
    assert!(!seen[1].head.contains("referer"));
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 52428800\r\n\r\n["
            .to_vec();
    let server = Server::start(vec![Step::Flood(head, vec![b' '; 65_536])]).await;
    let page = ListQuery { limit: 100, offset: 0, status: None };
    let failure = client(&server.url).list(page, RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Contract);
    assert!(failure.why.contains("larger"), "{failure}");
    assert!(server.written() < 30_000_000, "{}", server.written());
}

#[tokio::test]
async fn a_huge_refusal_is_not_read_to_its_end() {
    let head =
        b"HTTP/1.1 400 Bad\r\ncontent-type: text/plain\r\ncontent-length: 52428800\r\n\r\nno"
            .to_vec();
    let server = Server::start(vec![Step::Flood(head, vec![b'o'; 65_536])]).await;
    let failure = client(&server.url).pricing(RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidRequest);
    assert!(failure.why.chars().count() < 300);
    assert!(server.written() < 20_000_000, "{}", server.written());
}

#[tokio::test]
async fn an_answer_that_stalls_is_broken() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"id\":".to_vec();
    let server = Server::start(vec![Step::SayAndHold(half)]).await;
    let timing = Timing { idle_timeout: Duration::from_millis(50), retries: 0, ..timing() };
    let failure =
        client_with(&server.url, timing).get(&id(), RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    assert!(failure.why.contains("no response for"), "{failure}");
}

#[tokio::test]
async fn a_page_is_asked_for_and_read() {
    let body =
        r#"{"jobs": [{"id": "a", "status": "completed", "output_url": "/o?sig=x"}], "total": 3}"#;
    let server = Server::start(vec![Step::Say(response(200, body))]).await;
    let page = ListQuery { limit: 100, offset: 200, status: Some(JobStatus::Completed) };
    let page = client(&server.url).list(page, RequestOptions::plain()).await.unwrap();
    assert_eq!((page.jobs.len(), page.total), (1, Some(3)));
    let link = page.jobs[0].output_url.as_ref().unwrap();
    assert_eq!(link.expose(), format!("{}/o?sig=x", server.url));
    assert!(
        server.seen()[0].head.starts_with("get /v1/jobs?limit=100&offset=200&status=completed ")
    );
}

#[tokio::test]
async fn a_witness_is_shown_what_was_understood_as_it_came() {
    let server = Server::start(vec![
        Step::Say(response(200, r#"{"success": true, "id": "j-1", "eta": 3}"#)),
        Step::Say(response(200, r#"{"id": "another", "status": "pending"}"#)),
    ])
    .await;
    let seen: Arc<Mutex<Vec<(EndpointRoute, serde_json::Value)>>> = Arc::default();
    let kept = Arc::clone(&seen);
    let client = client(&server.url).with_response_hook(Arc::new(move |route, response| {
        kept.lock().unwrap().push((route, response.clone()));
    }));
    let options = JobOptions::default();
    let start = StartJob { options: &options, background_image_url: None };
    client.start(&id(), &start, RequestOptions::plain()).await.unwrap();
    client.start(&id(), &start, RequestOptions::plain()).await.unwrap_err();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!((seen[0].0, seen[0].1["eta"].as_u64()), (EndpointRoute::Start, Some(3)));
}

#[tokio::test]
async fn an_address_without_the_api_is_a_matter_of_configuration() {
    let page = "<html><title>404 Not Found</title></html>";
    for (status, body) in [(404, page), (404, r#"{"detail": "Not Found"}"#), (410, "")] {
        for call in ["prices", "usage", "health"] {
            let server = Server::start(vec![Step::Say(response(status, body))]).await;
            let client = client(&format!("{}/wrong", server.url));
            let failure = match call {
                "prices" => client.pricing(RequestOptions::plain()).await.unwrap_err(),
                "usage" => client.usage_summary(1, RequestOptions::plain()).await.unwrap_err(),
                _ => client.health(RequestOptions::plain()).await.unwrap_err(),
            };
            assert_eq!(failure.kind, FailureKind::Configuration, "{call}: {failure}");
            assert!(
                failure.why.contains("base_url") && failure.why.contains("/wrong"),
                "{failure}"
            );
            assert_eq!(failure.attempts, 1);
        }
    }
    // Any other rejection concerns the request.
    let refusal = r#"{"error": {"code": "invalid_request", "message": "days"}}"#;
    let server = Server::start(vec![Step::Say(response(400, refusal))]).await;
    let failure = client(&server.url).usage_summary(0, RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidRequest);
}

#[tokio::test]
async fn tls_to_a_plain_port_is_told_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut hello = [0; 16];
        let _ = socket.read(&mut hello).await;
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        let _ = socket.read_to_end(&mut Vec::new()).await;
    });
    let made = Client::new(
        endpoint(&format!("https://127.0.0.1:{port}")),
        timing(),
        Arc::new(TestClock::new()),
        Arc::new(Least),
    );
    // A machine without certificates fails before it connects.
    if let Ok(client) = made {
        let failure = client.pricing(RequestOptions::plain()).await.unwrap_err();
        assert_eq!((failure.kind, failure.attempts), (FailureKind::Configuration, 1));
        assert!(failure.why.contains("http://"), "{failure}");
        answering.await.unwrap();
    }
}
