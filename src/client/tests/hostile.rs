//! Malicious or broken services, output hosts and proxies.

use std::sync::Arc;
use std::time::Duration;

use super::server::{Server, Step, response};
use super::{KEY, Least, TestClock, client, client_with, endpoint, timing};
use crate::client::{Client, ClientConfig, RequestOptions, UploadFile};
use crate::model::Timing;
use crate::model::{FailureKind, JobId, OutputLink};

#[tokio::test]
async fn a_link_that_must_not_be_followed_is_not() {
    let server = Server::start(vec![]).await;
    let port = server.url.rsplit(':').next().unwrap();
    let local = client(&server.url);
    let remote = client("https://api.example");
    for (client, link) in [
        (&local, format!("http://user:pw@127.0.0.1:{port}/o")),
        (&local, "http://cdn.example/o".to_owned()),
        (&local, format!("http://127.0.0.1:{port}/o?key={KEY}")),
        (&remote, format!("http://127.0.0.1:{port}/o")),
        (&remote, format!("https://127.0.0.1:{port}/o")),
        (&remote, "https://user@cdn.example/o".to_owned()),
    ] {
        let failure = client
            .download(&OutputLink::new(&*link), None, RequestOptions::plain())
            .await
            .unwrap_err();
        assert_eq!(failure.kind, FailureKind::Contract, "{link}");
        assert!(failure.why.contains("is rejected"), "{failure}");
        assert!(!failure.to_string().contains("pw") && !failure.to_string().contains(KEY));
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_leads_only_where_a_link_may() {
    for to in ["http://cdn.example/o", "http://user:s3cret@127.0.0.1:1/o", "file:///etc/passwd"] {
        let redirect = format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let server = Server::start(vec![Step::Say(redirect.into_bytes())]).await;
        let link = OutputLink::new(format!("{}/o", server.url));
        let client = client(&server.url);
        let failure = client.download(&link, None, RequestOptions::plain()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Contract, "{to}");
        assert!(failure.why.contains("redirects to"), "{failure}");
        assert!(!failure.why.contains("s3cret"), "{failure}");
    }
}

#[tokio::test]
async fn endless_interim_answers_come_to_an_end() {
    let interim = b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(100);
    let server = Server::start(vec![Step::Flood(Vec::new(), interim)]).await;
    let short = Duration::from_millis(300);
    let timing = Timing { connect_timeout: short, idle_timeout: short, retries: 0, ..timing() };
    let client = client_with(&server.url, timing);
    let failure = client.get(&JobId("j".into()), RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Broken);
    assert!(failure.why.contains("no response for"), "{failure}");
}

#[tokio::test]
async fn a_failure_behind_a_proxy_names_it_without_its_password() {
    let mut endpoint = ClientConfig { allow_http: true, ..endpoint("http://api.example") };
    endpoint.proxy.http = Some("http://user:hunter2@127.0.0.1:1".into());
    let timing = Timing { retries: 0, ..timing() };
    let client =
        Client::new(endpoint, timing, Arc::new(TestClock::new()), Arc::new(Least)).unwrap();
    let failure = client.health(RequestOptions::plain()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    let told = failure.to_string();
    assert!(told.contains("connection refused"), "{told}");
    assert!(told.contains("through the proxy http://127.0.0.1:1"), "{told}");
    assert!(!told.contains("hunter2") && !told.contains("os error"), "{told}");
}

#[tokio::test]
async fn an_address_of_an_upload_that_holds_a_key_is_not_used() {
    let body = format!(r#"{{"success": true, "video_url": "https://cdn.example/v?k={KEY}"}}"#);
    let server = Server::start(vec![Step::Say(response(200, &body))]).await;
    let clip = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(clip.path(), b"clip").unwrap();
    let file = UploadFile {
        content: clip.path().to_owned().into(),
        name: "a.mp4".into(),
        size: 4,
        content_type: "video/mp4".into(),
    };
    let client = client(&server.url);
    let failure =
        client.upload(&file, RequestOptions::plain(), Arc::new(|_| ())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Contract);
    assert!(!failure.to_string().contains(KEY), "{failure}");
}
