//! The documented way of a job, the documented refusals, and usage in every form that a scenario can give it.

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{CLIP, Lab};

#[tokio::test]
async fn the_whole_way() {
    let lab = Lab::new();
    let (status, upload) = lab.send_file(CLIP, "clip.mp4").await;
    assert_eq!(status, 200);
    assert_eq!(upload["success"], true);
    assert_eq!(upload["size"], CLIP.len());
    assert_eq!(upload["filename"], "clip.mp4");
    let body = json!({
        "video_url": upload["video_url"], "model": "human", "auto_start": false,
        "metadata": { "item": 7 },
    });
    let (status, draft) = lab.post("/v1/jobs", body).await;
    assert_eq!((status.as_u16(), &draft["status"]), (200, &json!("pending")));
    let id = draft["id"].as_str().unwrap();
    let (_, shown) = lab.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!((&shown["output_url"], &shown["billing_status"]), (&json!(null), &json!(null)));

    let (status, started) = lab.start(id).await;
    assert_eq!((status.as_u16(), &started["status"]), (200, &json!("pending")));
    let job = lab.follow(id).await;
    assert_eq!((&job["status"], &job["progress"]), (&json!("completed"), &json!(100)));
    assert_eq!(job["metadata"], json!({ "item": 7 }));
    assert_eq!(job["billing_status"], "charged");
    // Contract, *Job*, and nothing else: what a client may find here, it may find at the service.
    let mut fields: Vec<&str> = job.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "billing_status",
            "created_at",
            "duration_seconds",
            "error",
            "id",
            "metadata",
            "output_url",
            "progress",
            "status",
            "webhook_events",
            "webhook_url",
        ]
    );
    let (_, audit) = lab.admin(Method::GET, "/sandbox/audit", String::new()).await;
    assert!(audit["work"][0]["engine"].is_string(), "how it was made is told there: {audit}");

    let link = job["output_url"].as_str().unwrap();
    assert!(link.starts_with(&lab.sandbox.cdn_url) && lab.sandbox.cdn_url != lab.sandbox.base_url);
    let output = lab.client.get(link).send().await.unwrap();
    assert_eq!(output.headers()["content-type"], "video/webm");
    assert_eq!(&output.bytes().await.unwrap()[..4], b"\x1a\x45\xdf\xa3");
    let (_, download) = lab.get(&format!("/api/download/{id}")).await;
    assert_eq!(download["output_format"], "webm");
    assert!(download["download_url"].as_str().unwrap().starts_with(&lab.sandbox.cdn_url));
}

#[tokio::test]
async fn charges_usage_and_balance_agree() {
    let lab = Lab::new();
    let job = lab.finished().await;
    lab.draft().await;
    let seconds = job["duration_seconds"].as_f64().unwrap();
    let (_, summary) = lab.get("/v1/usage/summary?days=1").await;
    let (_, events) = lab.get("/v1/usage/events").await;
    let used = summary["credits_used"].as_f64().unwrap();
    assert!((used - seconds).abs() < 0.001, "original costs a credit a second: {summary}");
    assert_eq!(summary["daily"][0]["credits_used"], summary["credits_used"]);
    assert_eq!((&summary["total_jobs"], &summary["completed_jobs"]), (&json!(1), &json!(1)));
    assert_eq!(events["items"].as_array().unwrap().len(), 1);
    assert_eq!(events["items"][0]["job_id"], job["id"]);
    assert_eq!(events["items"][0]["credits"], summary["credits_used"]);
    let (_, keys) = lab.admin(Method::GET, "/v1/admin/keys", String::new()).await;
    assert!((keys["items"][0]["credits"].as_f64().unwrap() - (10_000.0 - used)).abs() < 0.001);
}

#[tokio::test]
async fn a_job_can_start_at_once() {
    let lab = Lab::new();
    let video_url = lab.upload().await;
    let (_, created) = lab.post("/v1/jobs", json!({ "video_url": video_url })).await;
    assert_eq!(created["status"], "pending");
    let job = lab.follow(created["id"].as_str().unwrap()).await;
    assert_eq!(job["status"], "completed");
}

#[tokio::test]
async fn every_refusal_has_the_documented_shape() {
    let lab = Lab::new();
    let video_url = lab.upload().await;
    let draft = lab.draft().await;
    let missing = lab.client.get(format!("{}/v1/jobs", lab.sandbox.base_url)).send().await.unwrap();
    let (status, answer) = super::harness::read(missing).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (401, &json!("missing_api_key")));

    let table = [
        (lab.get("/v1/jobs/job_other").await, 404, "not_found"),
        (lab.get("/v1/jobs?limit=0").await, 400, "invalid_request"),
        (lab.get("/v1/jobs?status=lost").await, 400, "invalid_request"),
        (lab.get("/v1/usage/summary?days=91").await, 400, "invalid_request"),
        (lab.get("/v1/usage/events?limit=101").await, 400, "invalid_request"),
        (lab.get(&format!("/api/download/{draft}")).await, 400, "invalid_request"),
        (lab.get("/v1/nothing").await, 404, "not_found"),
        (lab.post("/v1/jobs", json!([])).await, 400, "invalid_request"),
        (lab.post("/v1/jobs", json!({ "video_url": "no" })).await, 400, "invalid_request"),
        (
            lab.post("/v1/jobs", json!({ "video_url": video_url, "output_format": "mp4" })).await,
            400,
            "invalid_request",
        ),
        (lab.send_file(b"this is no video at all", "clip.mp4").await, 400, "invalid_request"),
        (lab.post("/v1/usage/summary", json!({})).await, 405, "method_not_allowed"),
    ];
    for ((status, answer), expected, code) in table {
        assert_eq!(status, expected, "{answer}");
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{answer}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
        assert!(error["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{answer}");
    }
}

#[tokio::test]
async fn keys_do_not_see_each_other() {
    let mut lab = Lab::new();
    let job = lab.finished().await;
    let upload = lab.upload().await;
    let body = json!({ "client_id": "team b", "credits": 0.0 }).to_string();
    let (_, other) = lab.admin(Method::POST, "/v1/admin/keys", body).await;
    lab.key = other["api_key"].as_str().unwrap().to_owned();

    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    assert_eq!(lab.get(&path).await.0, 404);
    assert_eq!(lab.post(&format!("{path}/start"), json!({})).await.0, 404);
    assert_eq!(lab.get("/v1/jobs").await.1["total"], 0);
    assert_eq!(lab.get("/v1/usage/summary").await.1["total_jobs"], 0);
    let (status, _) = lab.post("/v1/jobs", json!({ "video_url": upload })).await;
    assert_eq!(status, 400, "the upload of another key");
}

#[tokio::test]
async fn no_credits_no_job_until_some_are_granted() {
    let lab = Lab::from(crate::sandbox::Options { credits: 1.0, ..super::harness::options("") });
    let id = lab.draft().await;
    let (status, answer) = lab.start(&id).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (402, &json!("insufficient_credits")));
    let video_url = lab.upload().await;
    assert_eq!(lab.post("/v1/jobs", json!({ "video_url": video_url })).await.0, 402);
    assert_eq!(lab.get("/v1/jobs").await.1["total"], 1, "no job is left of a refused create");
    let (status, _) = lab.admin(Method::POST, "/sandbox/credits", r#"{"credits": 5}"#.into()).await;
    assert_eq!(status, 200);
    assert_eq!(lab.start(&id).await.0, 200);
    assert_eq!(lab.follow(&id).await["status"], "completed");
}

#[tokio::test]
async fn a_second_start_is_a_conflict_and_bills_nothing() {
    let lab = Lab::new();
    let job = lab.finished().await;
    let (status, answer) = lab.start(job["id"].as_str().unwrap()).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (409, &json!("conflict")));
    assert_eq!(lab.audit().await["charges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn pages_and_filters() {
    let lab = Lab::new();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(lab.draft().await);
    }
    lab.start(&ids[0]).await;
    lab.follow(&ids[0]).await;
    let (_, page) = lab.get("/v1/jobs?limit=2&offset=1").await;
    let shown: Vec<&str> =
        page["items"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect();
    assert_eq!(shown, [ids[3].as_str(), ids[2].as_str()], "newest first");
    assert_eq!(page["total"], 5);
    let (_, done) = lab.get("/v1/jobs?status=completed").await;
    assert_eq!((&done["total"], &done["items"][0]["id"]), (&json!(1), &json!(ids[0])));
}

#[tokio::test]
async fn admin_changes_take_effect() {
    let mut lab = Lab::new();
    assert_eq!(lab.get("/v1/admin/keys").await.0, 401);
    let body = r#"{"client_id": "ops", "note": "rotation"}"#.to_owned();
    let (status, made) = lab.admin(Method::POST, "/v1/admin/keys", body).await;
    assert_eq!(status, 200, "{made}");
    lab.key = made["api_key"].as_str().unwrap().to_owned();
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
    let which = json!({ "key_fingerprint": made["key_fingerprint"] }).to_string();
    lab.admin(Method::POST, "/v1/admin/keys/disable", which.clone()).await;
    assert_eq!(lab.get("/v1/jobs").await.0, 401);
    lab.admin(Method::POST, "/v1/admin/keys/enable", which).await;
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
    let (_, keys) = lab.admin(Method::GET, "/v1/admin/keys", String::new()).await;
    assert_eq!(keys["items"][1]["client_id"], "ops");
    assert!(keys["items"][1]["api_key"].is_null(), "a key is shown once");
    assert_eq!(lab.admin(Method::GET, "/v1/admin/config", String::new()).await.0, 200);
}

#[tokio::test]
async fn an_unreadable_video_is_a_failed_job_that_costs_nothing() {
    let lab = Lab::new();
    let (_, upload) = lab.send_file(b"\0\0\0\x20ftypisom, and then rubbish", "clip.mp4").await;
    let (_, created) = lab.post("/v1/jobs", json!({ "video_url": upload["video_url"] })).await;
    let job = lab.follow(created["id"].as_str().unwrap()).await;
    assert_eq!(job["status"], "failed");
    assert!(job["error"].as_str().unwrap().contains("not a readable video"), "{job}");
    assert_eq!(lab.audit().await["charges"], json!([]));
}

/// The first of several fields that is present.
fn first<'a>(value: &'a Value, places: &[&str]) -> &'a Value {
    places.iter().find_map(|place| value.pointer(place)).unwrap()
}

#[tokio::test]
async fn every_form_adds_up_to_the_charges() {
    let lab = Lab::new();
    lab.finished().await;
    let job = lab.finished().await;
    let charged: f64 = {
        let audit = lab.audit().await;
        let charges = audit["charges"].as_array().unwrap().iter();
        charges.map(|charge| charge["credits"].as_f64().unwrap()).sum()
    };
    for names in ["plain", "short", "camel", "nested"] {
        for events in ["charges", "all", "anonymous", "daily"] {
            let scenario = format!("[usage]\nnames = \"{names}\"\nevents = \"{events}\"");
            lab.admin(Method::POST, "/sandbox/scenario", scenario).await;
            let (_, summary) = lab.get("/v1/usage/summary").await;
            let total = first(
                &summary,
                &["/credits_used", "/credits", "/creditsUsed", "/data/totals/credits_used"],
            );
            assert!((total.as_f64().unwrap() - charged).abs() < 1e-6, "{names}: {summary}");
            let (_, answer) = lab.get("/v1/usage/events").await;
            let list = first(&answer, &["/items", "/events", "/data/events", ""]);
            let list = list.as_array().unwrap();
            let sum: f64 = list
                .iter()
                .map(|event| {
                    let places = ["/credits", "/amount", "/creditsUsed", "/credits_used"];
                    first(event, &places).as_f64().unwrap()
                })
                .sum();
            assert!((sum - charged).abs() < 1e-6, "{names}/{events}: {answer}");
            let expected = match events {
                "daily" => 1,
                "all" => 4,
                _ => 2,
            };
            assert_eq!(list.len(), expected, "{names}/{events}");
            let named = answer.to_string().contains(job["id"].as_str().unwrap());
            assert_eq!(named, matches!(events, "charges" | "all"), "{names}/{events}");
        }
    }
}

#[tokio::test]
async fn usage_can_lag() {
    let lab = Lab::with("[usage]\nlag = \"1h\"");
    lab.finished().await;
    assert_eq!(lab.get("/v1/usage/events").await.1["items"], json!([]));
    assert_eq!(lab.get("/v1/usage/summary").await.1["credits_used"], 0.0);
    lab.admin(Method::POST, "/sandbox/scenario", "[usage]\nlag = \"0s\"".into()).await;
    assert_eq!(lab.get("/v1/usage/events").await.1["items"].as_array().unwrap().len(), 1);
    assert_eq!(lab.get("/v1/usage/summary").await.1["total_jobs"], 1);
}
