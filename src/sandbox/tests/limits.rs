//! Limits: refusals in each form, jobs in flight, changes with time.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;

use super::harness::{Held, Lab, options};
use crate::sandbox::engine::Engine;
use crate::sandbox::{EngineChoice, Options};

#[tokio::test]
async fn a_bucket_refuses_with_retry_after() {
    type Form<'a> = (&'a str, Option<&'a dyn Fn(&str) -> bool>);
    // So slow a bucket that no pause of the machine fills it again.
    let seconds = |text: &str| text.parse::<u32>().is_ok_and(|wait| (900..=1000).contains(&wait));
    let date = |text: &str| httpdate::parse_http_date(text).is_ok();
    let forms: [Form<'_>; 7] = [
        ("seconds", Some(&seconds)),
        ("date", Some(&date)),
        ("past", Some(&date)),
        ("absent", None),
        ("negative", Some(&|text| text == "-5")),
        ("ten_hours", Some(&|text| text == "36000")),
        ("garbage", Some(&|text| text == "soon")),
    ];
    for (form, expected) in forms {
        let lab = Lab::with(&format!(
            "[limits]\npoll = {{ rate = 0.001, burst = 2.0 }}\nretry_after = \"{form}\""
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
        for header in &refused {
            match (header, expected) {
                (None, None) => {}
                (Some(header), Some(fits)) => assert!(fits(header), "{form}: {header}"),
                _ => panic!("{form}: {header:?}"),
            }
        }
        lab.draft().await;
        assert_eq!(lab.audit().await["refusals_by_lane"], serde_json::json!({ "poll": 3 }));
    }
    let lab = Lab::with("[limits]\nshared = { rate = 0.001, burst = 1.0 }");
    lab.get("/v1/jobs").await;
    assert_eq!(lab.post("/v1/jobs", serde_json::json!({})).await.0, 429);
}

#[tokio::test]
async fn jobs_in_flight_are_capped_and_counted() {
    let engine = Arc::new(Held::default());
    let lab = Lab::from(Options {
        engine: EngineChoice::Custom(Arc::clone(&engine) as Arc<dyn Engine>),
        ..options("[limits]\nin_flight = 3")
    });
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(lab.draft().await);
    }
    for id in &ids[..3] {
        assert_eq!(lab.start(id).await.0, 200);
    }
    assert_eq!(lab.start(&ids[3]).await.0, 429);
    engine.let_go();
    for id in &ids[..3] {
        lab.follow(id).await;
    }
    assert_eq!(lab.start(&ids[3]).await.0, 200);
    let audit = lab.audit().await;
    let most: Vec<_> = audit["most_in_flight"].as_object().unwrap().values().collect();
    assert_eq!(most, [3]);
    assert!(audit["most_running"].as_u64().unwrap() <= 2, "no more than there are workers");
}

#[tokio::test]
async fn calls_at_the_same_time_are_capped() {
    let lab = Lab::with(
        "[limits]\nconcurrency = 1\n[[fault]]\non = \"POST /v1/uploads\"\ndo = { stall_upload = { at = 1, for = \"1h\" } }",
    );
    let poll = async {
        loop {
            let audit = lab.audit().await;
            let rows = audit["requests"].as_array().unwrap();
            if rows.iter().any(|row| row["lane"] == "transfer" && row["outcome"] == "open") {
                // The row is there a moment before the call is counted.
                let status = lab.get("/v1/jobs").await.0;
                if status != 200 {
                    return status;
                }
            }
        }
    };
    let status = tokio::select! {
        status = poll => status,
        _ = lab.upload() => panic!("the upload does not end"),
    };
    assert_eq!(status, 429);
}

#[tokio::test]
async fn bandwidth_is_shared_by_all_uploads_and_by_all_outputs() {
    // Five clips a second.
    let bytes = super::harness::CLIP.len() as f64;
    let lab = Lab::with(&format!("[bandwidth]\nupload = {:?}\noutput = 20000.0", bytes * 5.0));
    let began = tokio::time::Instant::now();
    tokio::join!(lab.upload(), lab.upload(), lab.upload());
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(600), "three fifths of a second: {took:?}");
    let job = lab.finished().await;
    let link = job["output_url"].as_str().unwrap();
    let began = tokio::time::Instant::now();
    let output = lab.client.get(link).send().await.unwrap().bytes().await.unwrap();
    let (took, least) = (began.elapsed(), Duration::from_secs_f64(output.len() as f64 / 20_000.0));
    assert!(took >= least, "{took:?} for {} bytes", output.len());
}

#[tokio::test]
async fn the_audit_has_every_start_with_its_times() {
    let engine = Arc::new(Held::default());
    let lab = Lab::from(Options {
        engine: EngineChoice::Custom(Arc::clone(&engine) as Arc<dyn Engine>),
        ..options("")
    });
    let id = lab.draft().await;
    lab.start(&id).await;
    lab.get(&format!("/v1/jobs/{id}")).await;
    let work = lab.audit().await["work"][0].clone();
    assert_eq!((&work["job_id"], &work["start_number"]), (&id.into(), &1.into()));
    assert!(work["started"].is_u64() && work["ended"].is_null() && work["told"].is_null());
    engine.let_go();
    // The list tells of an end as well as the job itself.
    while lab.audit().await["work"][0]["told"].is_null() {
        lab.get("/v1/jobs").await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let work = lab.audit().await["work"][0].clone();
    let times = ["started", "began", "ended", "told"].map(|name| work[name].as_u64().unwrap());
    assert!(times.is_sorted(), "{work}");
}

#[tokio::test]
async fn limits_change_on_a_schedule() {
    let lab = Lab::with(
        "[limits]\n[[limits.schedule]]\nat = \"50ms\"\npoll = { rate = 0.001, burst = 1.0 }",
    );
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
    assert_eq!(lab.get("/v1/jobs").await.0, 429);
}
