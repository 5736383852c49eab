//! What strangers may not do: fill the disk, choose paths, reach the inside, or crash it.

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{CLIP, Lab, options};
use crate::sandbox::{Options, UploadLimits};

async fn multipart(lab: &Lab, body: Vec<u8>) -> (u16, Value) {
    let request = lab
        .call(Method::POST, "/v1/uploads")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .body(body);
    let (status, answer) = super::harness::read(request.send().await.unwrap()).await;
    (status.as_u16(), answer)
}

fn part(headers: &str, bytes: &[u8]) -> Vec<u8> {
    [b"--b\r\n", headers.as_bytes(), b"\r\n\r\n", bytes, b"\r\n"].concat()
}

#[tokio::test]
async fn multipart_in_every_reasonable_form() {
    let lab = Lab::new();
    let typed = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"\r\nContent-Type: video/mp4";
    let untyped = "Content-Disposition: form-data; name=\"file\"; filename=\"a.mp4\"";
    let unnamed = "Content-Disposition: form-data; name=\"file\"";
    let other = "Content-Disposition: form-data; name=\"note\"";
    let end = b"--b--\r\n".to_vec();
    for headers in [typed, untyped, unnamed] {
        let (status, answer) = multipart(&lab, [part(headers, CLIP), end.clone()].concat()).await;
        assert_eq!(status, 200, "{headers}: {answer}");
    }
    let both = [part(other, b"hello"), part(untyped, CLIP), part(other, b"bye"), end.clone()];
    assert_eq!(multipart(&lab, both.concat()).await.0, 200);
    assert_eq!(multipart(&lab, [part(other, b"hello"), end.clone()].concat()).await.0, 400);
    assert_eq!(multipart(&lab, end).await.0, 400);
    assert_eq!(multipart(&lab, part(untyped, &CLIP[..100])).await.0, 400, "no end");
    let plain = lab.call(Method::POST, "/v1/uploads").body("x").send().await.unwrap();
    assert_eq!(plain.status(), 400);
}

#[tokio::test]
async fn what_is_too_large_or_too_long_is_refused_in_order() {
    let limits = UploadLimits { bytes: 3 << 20, ..UploadLimits::default() };
    let lab = Lab::from(Options { limits, ..options("") });
    let big = [CLIP, &vec![0; 4 << 20]].concat();
    let (status, answer) = lab.send_file(&big, "clip.mp4").await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("invalid_request")));
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("File too large"));
    lab.admin(Method::POST, "/sandbox/scenario", "[uploads]\ntoo_large_status = 413".into()).await;
    assert_eq!(lab.send_file(&big, "clip.mp4").await.0, 413);
    for limits in [
        UploadLimits { seconds: 1.0, ..UploadLimits::default() },
        UploadLimits { frames: 10, ..UploadLimits::default() },
    ] {
        let lab = Lab::from(Options { limits, ..options("") });
        let (status, answer) = lab.send_file(CLIP, "clip.mp4").await;
        assert_eq!(status, 400);
        assert!(answer["error"]["message"].as_str().unwrap().starts_with("Video too long"));
    }
    let long = json!({ "video_url": "x".repeat(2 << 20) });
    assert_eq!(lab.post("/v1/jobs", long).await.0, 413);
}

#[tokio::test]
async fn names_never_become_paths() {
    let place = tempfile::tempdir().unwrap();
    let state = place.path().join("state");
    let lab = Lab::from(Options { state: Some(state.clone()), ..options("") });
    for name in ["../../evil.mp4", "/etc/evil.mp4", "a\"b.mp4", "ünï 漢.mp4", "..", "con.mp4"] {
        let (status, answer) = lab.send_file(CLIP, name).await;
        assert_eq!(status, 200, "{answer}");
        assert!(
            answer["video_url"].as_str().unwrap().rsplit('/').next().unwrap().starts_with("vid_")
        );
    }
    let outside: Vec<_> = std::fs::read_dir(place.path()).unwrap().collect();
    assert_eq!(outside.len(), 1);
    let names = std::fs::read_dir(state.join("uploads")).unwrap();
    assert!(
        names
            .into_iter()
            .all(|name| { name.unwrap().file_name().to_str().unwrap().starts_with("vid_") })
    );
    let link = format!("{}/outputs/..%2f..%2fservice/x?signature=0", lab.sandbox.cdn_url);
    assert_eq!(lab.client.get(link).send().await.unwrap().status(), 403);
}

/// A web page whose host name resolves to this machine gets no response to any request.
#[tokio::test]
async fn requests_under_a_foreign_host_are_refused() {
    let lab = Lab::new();
    let link = lab.finished().await["output_url"].as_str().unwrap().to_owned();
    let paths = ["/health", "/v1/jobs", "/sandbox/audit", "/nothing"];
    let mut all: Vec<_> =
        paths.iter().map(|path| format!("{}{path}", lab.sandbox.base_url)).collect();
    all.push(link);
    for address in &all {
        let ask = |host: &str| {
            let request = lab.client.get(address).header("Host", host);
            request.header("X-Api-Key", &lab.key).header("X-Admin-Token", "admin").send()
        };
        assert_eq!(ask("evil.example").await.unwrap().status(), 421, "{address}");
        assert_eq!(ask("127.0.0.1.evil.example:80").await.unwrap().status(), 421, "{address}");
        assert_ne!(ask("localhost:1").await.unwrap().status(), 421, "{address}");
    }
}

/// A server inside, which must never be asked.
async fn inside(answer: &'static str) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    let router = axum::Router::new().fallback(move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        answer
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port.to_string(), asked)
}

#[tokio::test]
async fn private_addresses_are_not_fetched() {
    let (port, asked) = inside("secret").await;
    let lab = Lab::new();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f000001"] {
        let address = format!("http://{host}:{port}/clip.mp4");
        let (_, created) = lab.post("/v1/jobs", json!({ "video_url": address })).await;
        let job = lab.follow(created["id"].as_str().unwrap()).await;
        assert_eq!(job["status"], "failed");
        assert!(job["error"].as_str().unwrap().contains("not public"), "{job}");
        assert_eq!(job["billing_status"], "not_charged");
    }
    let background = format!("http://127.0.0.1:{port}/i.png");
    let body = json!({
        "video_url": lab.upload().await, "bg_type": "image", "bg_image_url": background,
    });
    let (_, created) = lab.post("/v1/jobs", body).await;
    assert_eq!(lab.follow(created["id"].as_str().unwrap()).await["status"], "failed");
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0);
}

/// Playlists name other files and addresses; a reader that follows them is led by its input.
#[cfg(feature = "matting")]
#[tokio::test]
async fn playlists_are_not_videos() {
    let (port, asked) = inside("secret").await;
    let canary = format!("http://127.0.0.1:{port}/canary");
    let real = Options { engine: crate::sandbox::EngineChoice::Real, ..options("") };
    let lab = Lab::from(real);
    let playlists = [
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n"),
        format!("ffconcat version 1.0\nfile '{canary}'\nduration 1\n"),
        format!(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nu={canary}\nm=video 5 RTP/AVP 96\n"
        ),
    ];
    for playlist in &playlists {
        assert_eq!(lab.send_file(playlist.as_bytes(), "clip.mp4").await.0, 400, "{playlist}");
        // The same words behind the first bytes of a video.
        let disguised = [b"\0\0\0\x08ftypisom\0\0\0\0\n", playlist.as_bytes()].concat();
        let (status, upload) = lab.send_file(&disguised, "clip.mp4").await;
        if status == 200 {
            let body = json!({ "video_url": upload["video_url"] });
            let (_, created) = lab.post("/v1/jobs", body).await;
            let job = lab.follow(created["id"].as_str().unwrap()).await;
            assert_eq!(job["status"], "failed", "{job}");
        }
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn allowed_private_addresses_are_fetched_and_billed_by_length() {
    let router = axum::Router::new()
        .route("/clip.mp4", axum::routing::get(|| async { CLIP }))
        .route("/list.mp4", axum::routing::get(|| async { "#EXTM3U\nhttp://127.0.0.1/" }))
        .route(
            "/moved",
            axum::routing::get(|| async { axum::response::Redirect::to("/clip.mp4") }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let lab = Lab::from(Options { allow_private_fetch: true, ..options("") });
    for (path, status) in [
        ("clip.mp4", "completed"),
        ("moved", "completed"),
        ("list.mp4", "failed"),
        ("gone", "failed"),
    ] {
        let body = json!({ "video_url": format!("{origin}/{path}") });
        let (_, created) = lab.post("/v1/jobs", body).await;
        let job = lab.follow(created["id"].as_str().unwrap()).await;
        assert_eq!(job["status"], status, "{path}: {job}");
    }
    assert_eq!(lab.audit().await["charges"].as_array().unwrap().len(), 2);
}

/// One runtime and one sandbox for all cases of a property.
fn for_each_case(check: impl Fn(&tokio::runtime::Runtime, &Lab)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let lab = Lab::new();
    check(&runtime, &lab);
    assert_eq!(runtime.block_on(lab.get("/health")).0, 200, "still there");
}

#[test]
fn no_json_body_causes_a_panic() {
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e308)),
        Just(json!("")),
        Just(json!("http://[::1")),
        Just(json!([])),
        Just(json!({})),
        Just(json!({ "type": "color", "color": [1, 2] })),
        Just(json!({ "canvas": { "width": 1e30, "height": "x" } })),
        ".{0,40}".prop_map(Value::from),
    ];
    let names = proptest::sample::select(vec![
        "video_url",
        "model",
        "output_format",
        "bg_type",
        "bg_color",
        "bg_image_url",
        "background",
        "composition",
        "text_prompt",
        "webhook_url",
        "auto_start",
        "metadata",
        "surprise",
    ]);
    let fields = proptest::collection::btree_map(names, value, 0..8);
    for_each_case(|runtime, lab| {
        proptest!(ProptestConfig::with_cases(150), |(fields in &fields)| {
            let (status, answer) = runtime.block_on(lab.post("/v1/jobs", json!(fields)));
            prop_assert!(matches!(status.as_u16(), 200 | 400), "{status} {answer}");
        });
    });
}

#[test]
fn no_bytes_cause_a_panic() {
    let pieces = proptest::sample::select(vec![
        &b"--b\r\n"[..],
        b"--b--\r\n",
        b"\r\n\r\n",
        b"\r\n",
        b"Content-Disposition: form-data; name=\"file\"; filename=\"a\"",
        b"Content-Disposition: ;;=",
        b"Content-Type: \xff",
        b"\0\0\0\x20ftypisom",
        b"\x1a\x45\xdf\xa3",
        b"{\"video_url\":",
        b"\xff\xfe",
    ]);
    let bodies = proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    for_each_case(|runtime, lab| {
        proptest!(ProptestConfig::with_cases(150), |(body in &bodies)| {
            let (status, answer) = runtime.block_on(multipart(lab, body.clone()));
            prop_assert!(matches!(status, 200 | 400), "{status} {answer}");
            let request = lab.call(Method::POST, "/v1/jobs").body(body);
            let status = runtime.block_on(request.send()).unwrap().status();
            prop_assert!(matches!(status.as_u16(), 200 | 400), "{status}");
        });
    });
}
