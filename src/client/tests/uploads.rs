//! Uploads: streaming, stall detection, and retries from the start.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::{Server, Step, response};
use super::{client, client_with, timing};
use crate::client::{RequestOptions, UploadFile};
use crate::model::FailureKind;
use crate::model::Timing;

pub(crate) fn upload_file(content: &[u8]) -> (UploadFile, tempfile::NamedTempFile) {
    let on_disk = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(on_disk.path(), content).unwrap();
    let file = UploadFile {
        content: on_disk.path().to_owned().into(),
        name: "clip 1.mp4".into(),
        size: content.len() as u64,
        content_type: "video/mp4".into(),
    };
    (file, on_disk)
}

#[tokio::test]
async fn an_upload_is_streamed_whole() {
    let server = Server::start(vec![
        Step::Close,
        Step::Say(response(
            200,
            r#"{"success": true, "video_url": "https://cdn.example/v", "size": 700000}"#,
        )),
    ])
    .await;
    let (file, _kept) = upload_file(&vec![7; 700_000]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let progress = Arc::new(move |sent| listener.lock().unwrap().push(sent));
    let uploaded =
        client(&server.url).upload(&file, RequestOptions::plain(), progress).await.unwrap();
    assert_eq!(uploaded.video_url, "https://cdn.example/v");
    assert_eq!(uploaded.size, Some(700_000));

    // The first attempt broke: the second one sends the file again from its start.
    for seen in server.seen() {
        let head = String::from_utf8_lossy(&seen.body[..300]).into_owned();
        assert!(head.contains(r#"name="file"; filename="clip_1.mp4""#), "{head}");
        assert!(head.contains("Content-Type: video/mp4"), "{head}");
        let content = seen.body.split(|byte| *byte != 7).map(<[u8]>::len).max();
        assert_eq!(content, Some(700_000));
    }
    assert_eq!(told.lock().unwrap().last(), Some(&700_000));
}

#[tokio::test]
async fn a_stalled_upload_is_noticed() {
    let server = Server::start(vec![Step::StopReading, Step::StopReading, Step::StopReading]).await;
    let (file, _kept) = upload_file(&vec![7; 30_000_000]);
    let timing = Timing { idle_timeout: Duration::from_millis(80), ..timing() };
    let began = std::time::Duration::from_secs(20);
    let client = client_with(&server.url, timing);
    let uploading = client.upload(&file, RequestOptions::plain(), Arc::new(|_| ()));
    let failure = tokio::time::timeout(began, uploading).await.unwrap().unwrap_err();
    assert_eq!((failure.kind, failure.attempts), (FailureKind::Broken, 3));
    assert!(failure.why.contains("no response for"), "{failure}");
}

#[tokio::test]
async fn an_upload_that_is_refused_early_is_not_sent_to_its_end() {
    let refusal = response(413, r#"{"error": "File too large"}"#);
    let server = Server::start(vec![Step::SayEarly(refusal)]).await;
    let (file, _kept) = upload_file(&vec![7; 60_000_000]);
    let sent = Arc::new(Mutex::new(0));
    let listener = Arc::clone(&sent);
    let progress = Arc::new(move |sent| *listener.lock().unwrap() = sent);
    let failure =
        client(&server.url).upload(&file, RequestOptions::plain(), progress).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.why.as_str()),
        (FailureKind::InvalidRequest, "File too large")
    );
    assert!(*sent.lock().unwrap() < 60_000_000);
}

#[tokio::test]
async fn a_slow_upload_is_not_a_stalled_one() {
    // The server reads the request slowly, for longer than the idle timeout.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sipping = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut sip = vec![0; 1_000_000];
        let mut taken = 0;
        for _ in 0..25 {
            taken += socket.read(&mut sip).await.unwrap();
            tokio::time::sleep(Duration::from_millis(80)).await;
        }
        while taken < 60_000_000 {
            taken += socket.read(&mut sip).await.unwrap();
        }
        socket.write_all(&response(200, r#"{"video_url": "v"}"#)).await.unwrap();
    });
    let (file, _kept) = upload_file(&vec![7; 60_000_000]);
    let timing = Timing { idle_timeout: Duration::from_millis(1_500), retries: 0, ..timing() };
    let began = tokio::time::Instant::now();
    let uploaded =
        client_with(&url, timing).upload(&file, RequestOptions::plain(), Arc::new(|_| ())).await;
    assert_eq!(uploaded.unwrap().video_url, "v");
    assert!(began.elapsed() > timing.idle_timeout);
    sipping.await.unwrap();
}

#[tokio::test]
async fn a_file_that_shrank_is_not_sent_again() {
    let server = Server::start(vec![Step::Close]).await;
    let (mut file, _kept) = upload_file(b"short");
    file.size = 50;
    let failure = client(&server.url)
        .upload(&file, RequestOptions::plain(), Arc::new(|_| ()))
        .await
        .unwrap_err();
    assert_eq!((failure.kind, failure.attempts), (FailureKind::Local, 1));
    assert!(failure.why.contains("the file changed"), "{failure}");
}
