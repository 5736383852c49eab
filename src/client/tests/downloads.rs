//! Downloads: another host, no key, and resumable or mismatched parts.

use std::time::Duration;

use super::server::{Server, Step, gzip, response_of, response_with};
use super::{client, client_with, timing};
use crate::client::{Download, RequestOptions, ResumePoint};
use crate::model::Timing;
use crate::model::{Failure, FailureKind, OutputLink};

const ETAG: &str = "\"v1\"";

fn point(offset: u64) -> ResumePoint {
    ResumePoint { offset, etag: ETAG.into() }
}

fn whole(etag: &str, body: &str) -> Step {
    Step::Say(response_with(200, &format!("etag: {etag}\r\ncontent-type: video/webm\r\n"), body))
}

fn rest(range: &str, etag: &str, body: &str) -> Step {
    let headers = format!("etag: {etag}\r\ncontent-range: {range}\r\n");
    Step::Say(response_with(206, &headers, body))
}

async fn open(server: &Server, from: Option<ResumePoint>) -> Result<Download, Failure> {
    let link = OutputLink::new(format!("{}/o.webm?sig=s3cret", server.url));
    client("http://127.0.0.1:9").download(&link, from, RequestOptions::plain()).await
}

async fn content(download: &mut Download) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    while let Some(piece) = download.chunk().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn an_output_comes_whole_without_a_key() {
    let server = Server::start(vec![whole(ETAG, "0123456789")]).await;
    let mut download = open(&server, None).await.unwrap();
    assert_eq!((download.restarted, download.offset, download.total), (false, 0, Some(10)));
    assert_eq!(download.etag.as_deref(), Some(ETAG));
    assert_eq!(download.content_type.as_deref(), Some("video/webm"));
    assert_eq!(content(&mut download).await.unwrap(), b"0123456789");
    let head = &server.seen()[0].head;
    assert!(head.starts_with("get /o.webm?sig=s3cret "), "{head}");
    for absent in ["x-api-key", "x-admin-token", "referer", "range"] {
        assert!(!head.contains(absent), "{head}");
    }
}

#[tokio::test]
async fn the_rest_of_the_same_version_is_continued() {
    let server = Server::start(vec![rest("bytes 4-9/10", ETAG, "456789")]).await;
    let mut download = open(&server, Some(point(4))).await.unwrap();
    assert_eq!((download.restarted, download.offset, download.total), (false, 4, Some(10)));
    assert_eq!(content(&mut download).await.unwrap(), b"456789");
    let head = &server.seen()[0].head;
    assert!(
        head.contains("range: bytes=4-\r\n") && head.contains("if-range: \"v1\"\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn what_does_not_fit_restarts_from_zero() {
    let unfit = [
        rest("bytes 4-9/10", "\"v2\"", "456789"),
        rest("bytes 5-9/10", ETAG, "56789"),
        rest("bytes 0-9/10", ETAG, "0123456789"),
        rest("nonsense", ETAG, "456789"),
        Step::Say(response_with(416, "content-range: bytes */3\r\n", "")),
    ];
    for step in unfit {
        let server = Server::start(vec![step, whole("\"v2\"", "abcdefghij")]).await;
        let mut download = open(&server, Some(point(4))).await.unwrap();
        assert_eq!((download.restarted, download.offset), (true, 0));
        assert_eq!(download.etag.as_deref(), Some("\"v2\""));
        assert_eq!(content(&mut download).await.unwrap(), b"abcdefghij");
        assert!(!server.seen()[1].head.contains("range:"));
    }
    let server = Server::start(vec![whole("\"v2\"", "abcdefghij")]).await;
    let download = open(&server, Some(point(4))).await.unwrap();
    assert_eq!((download.restarted, download.offset), (true, 0));
}

#[tokio::test]
async fn an_output_that_comes_compressed_is_decoded_and_not_continued() {
    let headers = format!("etag: {ETAG}\r\ncontent-encoding: gzip\r\n");
    let plain: Vec<u8> = (0..300_000_u32).map(|n| n.wrapping_mul(n).to_le_bytes()[1]).collect();
    let whole = || Step::Say(response_of(200, &headers, &gzip(&plain)));
    let part = response_with(206, &format!("{headers}content-range: bytes 4-9/10\r\n"), "456789");

    let server = Server::start(vec![whole()]).await;
    let mut download = open(&server, None).await.unwrap();
    assert_eq!((download.total, &download.etag), (None, &None));
    assert!(content(&mut download).await.unwrap() == plain);
    assert!(server.seen()[0].head.contains("accept-encoding: identity\r\n"));

    for steps in [vec![Step::Say(part), whole()], vec![whole()]] {
        let server = Server::start(steps).await;
        let mut download = open(&server, Some(point(4))).await.unwrap();
        assert_eq!((download.restarted, download.offset), (true, 0));
        assert!(content(&mut download).await.unwrap() == plain);
    }

    let mut cut = gzip(&plain);
    cut.truncate(cut.len() / 2);
    let server = Server::start(vec![Step::Say(response_of(200, &headers, &cut))]).await;
    let failure = content(&mut open(&server, None).await.unwrap()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
}

#[tokio::test]
async fn an_output_that_cannot_be_decoded_is_not_taken_for_the_file() {
    let headers = "content-encoding: br\r\n";
    let server = Server::start(vec![Step::Say(response_with(200, headers, "0123"))]).await;
    let failure = open(&server, None).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Contract, Some(200)));
    assert!(failure.why.contains("unsupported encoding br"), "{failure}");
}

#[tokio::test]
async fn a_compressed_refusal_of_an_output_is_read() {
    let headers = "content-encoding: gzip\r\n";
    let page = gzip(b"<html><title>Slow Down</title></html>");
    let server = Server::start(vec![Step::Say(response_of(503, headers, &page))]).await;
    let failure = open(&server, None).await.unwrap_err();
    assert_eq!((failure.kind, failure.why.as_str()), (FailureKind::Unavailable, "Slow Down"));
}

#[tokio::test]
async fn a_weak_name_is_no_place_to_go_on_from() {
    let server = Server::start(vec![whole("W/\"v1\"", "x")]).await;
    assert_eq!(open(&server, None).await.unwrap().etag, None);
}

#[tokio::test]
async fn an_output_that_ends_early_is_broken() {
    let cut = b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let server = Server::start(vec![Step::Say(cut)]).await;
    let failure = content(&mut open(&server, None).await.unwrap()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);

    // The range is longer than the body.
    let short = rest("bytes 4-9/10", ETAG, "45");
    let server = Server::start(vec![short]).await;
    let failure = content(&mut open(&server, Some(point(4))).await.unwrap()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    assert!(failure.why.contains("received 6 bytes instead of 10"), "{failure}");
}

#[tokio::test]
async fn an_output_that_stalls_is_broken() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let server = Server::start(vec![Step::SayAndHold(half)]).await;
    let timing = Timing { idle_timeout: Duration::from_millis(50), ..timing() };
    let link = OutputLink::new(&server.url);
    let client = client_with("http://127.0.0.1:9", timing);
    let mut download = client.download(&link, None, RequestOptions::plain()).await.unwrap();
    let failure = content(&mut download).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    assert!(failure.why.contains("no response for"), "{failure}");
}

#[tokio::test]
async fn a_link_that_ended_says_so() {
    let xml = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>";
    for (status, kind) in [
        (403, FailureKind::LinkExpired),
        (404, FailureKind::LinkExpired),
        (410, FailureKind::LinkExpired),
        (400, FailureKind::LinkExpired),
        (503, FailureKind::Unavailable),
        (429, FailureKind::RateLimited),
        (302, FailureKind::Contract),
    ] {
        for from in [None, Some(point(4))] {
            let headers = "content-type: application/xml\r\n";
            let server = Server::start(vec![Step::Say(response_with(status, headers, xml))]).await;
            let failure = open(&server, from).await.unwrap_err();
            assert_eq!((failure.kind, failure.status), (kind, Some(status)));
            assert!(!failure.to_string().contains("s3cret"), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_redirect_of_an_output_is_followed_without_a_referer() {
    let store = Server::start(vec![whole(ETAG, "0123")]).await;
    let to = format!("location: {}/real?sig=s3cret\r\n", store.url);
    let server = Server::start(vec![Step::Say(response_with(302, &to, ""))]).await;
    let mut download = open(&server, None).await.unwrap();
    assert_eq!(content(&mut download).await.unwrap(), b"0123");
    assert!(!store.seen()[0].head.contains("referer"));
}

#[tokio::test]
async fn only_addresses_that_may_be_talked_to_are() {
    for bad in ["http://cdn.example/o.webm", "no address", "ftp://127.0.0.1/x"] {
        let link = OutputLink::new(bad);
        let failure = client("http://127.0.0.1:9")
            .download(&link, None, RequestOptions::plain())
            .await
            .unwrap_err();
        assert_eq!(failure.status, None, "{bad}");
    }
}
