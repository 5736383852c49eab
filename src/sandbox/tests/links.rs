//! Output links: parts, validators, expiry, and damage on the way.

use reqwest::{Response, StatusCode};
use serde_json::json;

use super::harness::{CLIP, Lab};

async fn link(lab: &Lab) -> String {
    lab.finished().await["output_url"].as_str().unwrap().to_owned()
}

async fn fetch(lab: &Lab, link: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(lab.client.get(link), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

#[tokio::test]
async fn parts_and_validators() {
    let lab = Lab::new();
    let link = link(&lab).await;
    let whole = fetch(&lab, &link, &[]).await;
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = whole.bytes().await.unwrap();

    let part = fetch(&lab, &link, &[("Range", "bytes=100-199"), ("If-Range", &etag)]).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], format!("bytes 100-199/{}", bytes.len()));
    assert_eq!(part.bytes().await.unwrap(), bytes.slice(100..200));

    let other = fetch(&lab, &link, &[("Range", "bytes=100-"), ("If-Range", "\"old\"")]).await;
    assert_eq!(other.status(), StatusCode::OK);
    let beyond = fetch(&lab, &link, &[("Range", "bytes=99999-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{}", bytes.len()));
}

#[tokio::test]
async fn links_are_signed_and_expire() {
    let lab = Lab::new();
    let job = lab.finished().await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let (_, shown) = lab.get(&path).await;
    let link = shown["output_url"].as_str().unwrap();
    assert_ne!(shown["output_url"], job["output_url"], "each answer has a link of its own");
    assert_eq!(fetch(&lab, &link.replace("signature=", "signature=0"), &[]).await.status(), 403);
    assert_eq!(fetch(&lab, link, &[]).await.status(), 200);
    let short = "[links]\nvalid = \"1ms\"".to_owned();
    lab.admin(reqwest::Method::POST, "/sandbox/scenario", short).await;
    let (_, shown) = lab.get(&path).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let dead = fetch(&lab, shown["output_url"].as_str().unwrap(), &[]).await;
    assert_eq!(dead.status(), 403);
    assert!(dead.text().await.unwrap().contains("Request has expired"));
}

#[tokio::test]
async fn a_link_can_die_in_the_middle_of_its_file() {
    let lab = Lab::with(
        r#"
        [timer]
        output_bytes = 200000
        [[fault]]
        on = "GET /outputs/**"
        nth = 1
        do = [{ cut = { at = "50%", how = "close" } }, "revoke_link"]
        "#,
    );
    let job = lab.finished().await;
    let link = job["output_url"].as_str().unwrap();
    let broken = fetch(&lab, link, &[]).await;
    assert_eq!(broken.headers()["content-length"], "200000");
    assert!(broken.bytes().await.is_err());
    assert_eq!(fetch(&lab, link, &[("Range", "bytes=100000-")]).await.status(), 403);
    let (_, again) = lab.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await;
    let fresh = again["output_url"].as_str().unwrap();
    let rest = fetch(&lab, fresh, &[("Range", "bytes=100000-")]).await;
    assert_eq!(rest.bytes().await.unwrap().len(), 100_000);
}

#[tokio::test]
async fn what_an_output_host_may_do() {
    let with = |actions: &str| {
        Lab::with(&format!("[[fault]]\non = \"GET /outputs/**\"\ndo = [{actions}]"))
    };
    let range = [("Range", "bytes=10-19")];

    let lab = with("\"no_range\"");
    let answer = fetch(&lab, &link(&lab).await, &range).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().get("accept-ranges").is_none());

    let lab = with("\"changing_etag\"");
    let url = link(&lab).await;
    let (one, two) = (fetch(&lab, &url, &[]).await, fetch(&lab, &url, &[]).await);
    assert_ne!(one.headers()["etag"], two.headers()["etag"]);

    let lab = with("\"wrong_content_range\"");
    let answer = fetch(&lab, &link(&lab).await, &range).await;
    assert!(answer.headers()["content-range"].to_str().unwrap().starts_with("bytes 9-18/"));

    let lab = with("{ shorten = 100 }");
    let url = link(&lab).await;
    let answer = fetch(&lab, &url, &[]).await;
    let stated: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
    assert_eq!(answer.bytes().await.unwrap().len(), stated, "in good order, but short");

    let lab = with("{ answer = { status = 200, body = \"html\" } }");
    let answer = fetch(&lab, &link(&lab).await, &[]).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().starts_with("<html>"));

    let lab =
        with("{ headers = { Content-Disposition = \"attachment; filename=\\\"../../x\\\"\" } }");
    let answer = fetch(&lab, &link(&lab).await, &[]).await;
    assert!(answer.headers()["content-disposition"].to_str().unwrap().contains("../../x"));

    let lab = with("{ length = 50 }");
    assert!(fetch(&lab, &link(&lab).await, &[]).await.bytes().await.is_err());

    let lab = with("{ drip = { bytes = 400, every = \"30ms\" } }");
    let url = link(&lab).await;
    let began = tokio::time::Instant::now();
    let size = fetch(&lab, &url, &[]).await.bytes().await.unwrap().len();
    assert!(size > 1000 && began.elapsed().as_millis() >= 80);
    assert_eq!(lab.audit().await["jobs"], json!({ "completed": 1 }));
}

/// The vendor serves uploads from a public address that ends as the file does.
#[tokio::test]
async fn an_upload_is_served_under_its_video_url() {
    let lab = Lab::new();
    let png = b"\x89PNG\r\n\x1a\n and nothing that anybody reads".as_slice();
    let webm = b"\x1a\x45\xdf\xa3 and nothing that anybody reads".as_slice();
    let avi = b"RIFF\x20\0\0\0AVI LIST and nothing that anybody reads".as_slice();
    for (bytes, name, extension, content_type) in [
        (CLIP, "clip.webm", "mp4", "video/mp4"),
        (b"\0\0\0\x14ftypqt  and nothing more", "a", "mov", "video/quicktime"),
        (webm, "b.mkv", "webm", "video/webm"),
        (avi, "c.AVI", "avi", "video/x-msvideo"),
        (png, "d.jpeg", "png", "image/png"),
    ] {
        let (status, upload) = lab.send_file(bytes, name).await;
        assert_eq!(status, 200, "{upload}");
        let url = upload["video_url"].as_str().unwrap();
        assert!(url.starts_with(&lab.sandbox.cdn_url), "{url}");
        assert!(url.ends_with(&format!(".{extension}")), "{name}: {url}");
        let whole = fetch(&lab, url, &[]).await;
        assert_eq!(whole.headers()["content-type"], content_type);
        assert_eq!(whole.headers()["accept-ranges"], "bytes");
        let etag = whole.headers()["etag"].clone();
        assert_eq!(whole.bytes().await.unwrap(), bytes);
        let range = [("Range", "bytes=4-9"), ("If-Range", etag.to_str().unwrap())];
        let part = fetch(&lab, url, &range).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.headers()["content-range"], format!("bytes 4-9/{}", bytes.len()));
        assert_eq!(part.bytes().await.unwrap(), bytes[4..10]);
        let head = lab.client.head(url).send().await.unwrap();
        assert_eq!(head.headers()["content-length"], bytes.len().to_string());
        assert!(head.bytes().await.unwrap().is_empty());
        for other in [url.replace(&format!(".{extension}"), ".gif"), format!("{url}x")] {
            assert_eq!(fetch(&lab, &other, &[]).await.status(), 404, "{other}");
            let body = json!({ "video_url": other });
            assert_eq!(lab.post("/v1/jobs", body).await.0, 400, "{other}");
        }
        assert_eq!(fetch(&lab, url, &[("Host", "evil.example")]).await.status(), 421);
        let on_the_api = url.replace(&lab.sandbox.cdn_url, &lab.sandbox.base_url);
        assert_eq!(fetch(&lab, &on_the_api, &[]).await.status(), 404);
    }
    let url = lab.upload().await;
    let short = "[uploads]\nforget_after = \"1ms\"".to_owned();
    lab.admin(reqwest::Method::POST, "/sandbox/scenario", short).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let gone = fetch(&lab, &url, &[]).await;
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.unwrap().contains("NoSuchKey"));
}
