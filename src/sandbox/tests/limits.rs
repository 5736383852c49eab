//! Limits: refusals in each form, jobs in flight, changes with time.

use std::time::Duration;

use reqwest::Method;

use super::harness::Lab;

#[tokio::test]
async fn a_bucket_refuses_and_says_when() {
    let forms = [
        ("seconds", Some("1")),
        ("absent", None),
        ("negative", Some("-5")),
        ("ten_hours", Some("36000")),
        ("garbage", Some("soon")),
    ];
    for (form, expected) in forms {
        let lab = Lab::with(&format!(
            "[limits]\npoll = {{ rate = 1.0, burst = 2.0 }}\nretry_after = \"{form}\""
        ));
        let mut refused = Vec::new();
        for _ in 0..5 {
            let response = lab.call(Method::GET, "/v1/jobs").send().await.unwrap();
            if response.status() == 429 {
                let header = response.headers().get("retry-after");
                refused.push(header.map(|value| value.to_str().unwrap().to_owned()));
            }
        }
        assert_eq!(refused.len(), 3, "{form}");
        assert!(refused.iter().all(|header| header.as_deref() == expected), "{form}: {refused:?}");
        lab.draft().await;
        assert_eq!(lab.audit().await["refusals_by_lane"], serde_json::json!({ "poll": 3 }));
    }
    let lab = Lab::with("[limits]\nshared = { rate = 0.1, burst = 1.0 }\nretry_after = \"date\"");
    lab.get("/v1/jobs").await;
    let refused = lab.call(Method::POST, "/v1/jobs").body("{}").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    let date = refused.headers()["retry-after"].to_str().unwrap();
    assert!(httpdate::parse_http_date(date).is_ok(), "{date}");
}

#[tokio::test]
async fn jobs_in_flight_are_capped_and_counted() {
    let slow = crate::sandbox::Options {
        engine: crate::sandbox::EngineChoice::Timer(crate::sandbox::Distribution::Fixed(
            Duration::from_millis(400),
        )),
        ..super::harness::options("[limits]\nin_flight = 2")
    };
    let lab = Lab::from(slow);
    let ids = [lab.draft().await, lab.draft().await, lab.draft().await];
    assert_eq!(lab.start(&ids[0]).await.0, 200);
    assert_eq!(lab.start(&ids[1]).await.0, 200);
    assert_eq!(lab.start(&ids[2]).await.0, 429);
    lab.follow(&ids[0]).await;
    lab.follow(&ids[1]).await;
    assert_eq!(lab.start(&ids[2]).await.0, 200);
    let audit = lab.audit().await;
    let most: Vec<_> = audit["most_in_flight"].as_object().unwrap().values().collect();
    assert_eq!(most, [2]);
    assert_eq!(audit["most_running"], 2);
}

#[tokio::test]
async fn calls_at_the_same_time_are_capped() {
    let lab = Lab::with(
        "[limits]\nconcurrency = 1\n[[fault]]\non = \"GET /v1/jobs\"\nnth = 1\ndo = { delay = \"1ms\" }",
    );
    let upload = async {
        lab.admin(
            Method::POST,
            "/sandbox/scenario",
            "[limits]\nconcurrency = 1\n[[fault]]\non = \"POST /v1/uploads\"\ndo = { stall_upload = { at = 1, for = \"300ms\" } }".into(),
        )
        .await;
        lab.upload().await
    };
    let poll = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        lab.get("/v1/jobs").await.0
    };
    let (_, status) = tokio::join!(upload, poll);
    assert_eq!(status, 429);
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
}

#[tokio::test]
async fn limits_change_on_a_schedule() {
    let lab = Lab::with(
        "[limits]\n[[limits.schedule]]\nat = \"300ms\"\npoll = { rate = 0.01, burst = 1.0 }",
    );
    for _ in 0..5 {
        assert_eq!(lab.get("/v1/jobs").await.0, 200);
    }
    tokio::time::sleep(Duration::from_millis(350)).await;
    lab.get("/v1/jobs").await;
    assert_eq!(lab.get("/v1/jobs").await.0, 429);
}
