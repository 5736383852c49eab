//! Faults in front of the API: what a call meets, and what it did nevertheless.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::{CLIP, Lab};

fn fault(on: &str, rest: &str) -> String {
    format!("[[fault]]\non = \"{on}\"\n{rest}\n")
}

/// The charges and the number of jobs that the sandbox has seen.
async fn counts(lab: &Lab) -> (usize, u64) {
    let audit = lab.audit().await;
    let jobs = audit["jobs"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    (audit["charges"].as_array().unwrap().len(), jobs)
}

#[tokio::test]
async fn resets_before_and_after_the_effect() {
    for (phase, charges) in [("before", 0), ("after", 1)] {
        let scenario =
            fault("POST /v1/jobs/*/start", &format!("nth = 1\ndo = {{ reset = \"{phase}\" }}"));
        let lab = Lab::with(&scenario);
        let id = lab.draft().await;
        let request = lab.call(Method::POST, &format!("/v1/jobs/{id}/start"));
        let error = request.body("{}").send().await.unwrap_err();
        let mut text = format!("{error:?}");
        text.make_ascii_lowercase();
        assert!(text.contains("reset"), "an RST, not an end: {text}");
        let audit = lab.audit().await;
        assert_eq!(audit["charges"].as_array().unwrap().len(), charges, "{phase}");
        let rows = audit["requests"].as_array().unwrap();
        let row = rows.iter().find(|row| row["outcome"] == "reset").unwrap();
        assert_eq!(row["effect"], charges == 1);
        assert_eq!(row["job_id"], id.as_str());
        assert_eq!(row["faults"], json!(["POST /v1/jobs/*/start"]));
    }
}

#[tokio::test]
async fn a_closed_connection_is_an_end_without_an_answer() {
    let lab = Lab::with(&fault("POST /v1/jobs", "do = { close = \"after\" }"));
    let body = json!({ "video_url": lab.upload().await, "auto_start": false });
    assert!(lab.call_with("/v1/jobs", &body).send().await.is_err());
    assert_eq!(counts(&lab).await, (0, 1));
}

#[tokio::test]
async fn a_delayed_start_lands_though_its_client_has_gone() {
    let lab = Lab::with(&fault("POST /v1/jobs/*/start", "do = { delay = \"1s\" }"));
    let id = lab.draft().await;
    let request = lab.call(Method::POST, &format!("/v1/jobs/{id}/start"));
    let gone = request.timeout(Duration::from_millis(50)).send().await;
    assert!(gone.unwrap_err().is_timeout());
    assert_eq!(lab.follow(&id).await["status"], "completed");
    assert_eq!(counts(&lab).await.0, 1);
}

#[tokio::test]
async fn a_delayed_answer_is_late() {
    let lab = Lab::with(&fault("GET /health", "do = { delay_answer = \"100ms\" }"));
    let began = tokio::time::Instant::now();
    assert_eq!(lab.get("/health").await.0, 200);
    assert!(began.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn made_up_answers() {
    let table = [
        ("{ status = 503 }", 503, "internal_error"),
        ("{ status = 502, body = \"html\" }", 502, "<html>"),
        ("{ status = 500, body = \"empty\" }", 500, ""),
        ("{ status = 200, body = \"garbage\" }", 200, "\"jo"),
        ("{ status = 400, code = \"insufficient_credits\" }", 400, "insufficient_credits"),
        ("{ status = 422, message = \"\\u001b[31mred\\u0007\" }", 422, "\\u001b[31mred"),
    ];
    for (answer, status, text) in table {
        let lab = Lab::with(&fault("GET /v1/jobs", &format!("do = {{ answer = {answer} }}")));
        let response = lab.call(Method::GET, "/v1/jobs").send().await.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.text().await.unwrap().contains(text), "{answer}");
    }
    let lab = Lab::with(&fault(
        "GET /v1/jobs",
        "do = { answer = { status = 429, retry_after = \"36000\" } }",
    ));
    let response = lab.call(Method::GET, "/v1/jobs").send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "36000");
}

#[tokio::test]
async fn an_answer_after_the_effect_hides_it() {
    let rest = "do = { answer = { status = 502, body = \"html\", when = \"after\" } }";
    let lab = Lab::with(&fault("POST /v1/jobs/*/start", rest));
    let id = lab.draft().await;
    assert_eq!(lab.start(&id).await.0, 502);
    assert_eq!(lab.follow(&id).await["status"], "completed");
}

#[tokio::test]
async fn redirects_lead_where_they_say() {
    let rest = "do = { redirect = { to = \"http://other.example{path}\", status = 307 } }";
    let lab = Lab::with(&fault("GET /v1/**", rest));
    let response = lab.call(Method::GET, "/v1/jobs?limit=3").send().await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(response.headers()["location"], "http://other.example/v1/jobs?limit=3");
}

#[tokio::test]
async fn broken_bodies() {
    let lab = Lab::with(&fault("GET /v1/jobs", "do = { cut = { at = 10 } }"));
    assert!(lab.call(Method::GET, "/v1/jobs").send().await.unwrap().bytes().await.is_err());
    let lab = Lab::with(&fault("GET /v1/jobs", "do = { length = -5 }"));
    let (status, text) = lab.get("/v1/jobs").await;
    assert!(status == 200 && text.is_string(), "cut short in good order: {text}");
    let lab = Lab::with(&fault("GET /v1/jobs", "do = { pad = 3000000 }"));
    assert_eq!(lab.get("/v1/jobs").await.1["padding"].as_str().unwrap().len(), 3_000_000);
    let lab = Lab::with(&fault("GET /v1/jobs", "do = \"garble\""));
    assert!(lab.get("/v1/jobs").await.1.is_string());
}

#[tokio::test]
async fn jobs_change_under_way() {
    let rest = "do = [{ set = { status = \"archived\" } }, { null = [\"output_url\"] }]";
    let lab = Lab::with(&fault("GET /v1/jobs/*", rest));
    let id = lab.draft().await;
    let (_, job) = lab.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!((&job["status"], &job["output_url"]), (&json!("archived"), &json!(null)));

    let lab = Lab::with(&fault("GET /v1/jobs/*", "do = \"progress_backwards\""));
    let id = lab.draft().await;
    assert_eq!(lab.get(&format!("/v1/jobs/{id}")).await.1["progress"], 0, "a draft makes none");
    lab.start(&id).await;
    assert_eq!(lab.follow(&id).await["progress"], 0.0, "counted down");

    let lab = Lab::with(&fault("POST /v1/jobs/*/start", "do = { fail_job = \"no luck\" }"));
    let id = lab.draft().await;
    assert_eq!(lab.start(&id).await.0, 200);
    let job = lab.follow(&id).await;
    assert_eq!((&job["status"], &job["error"]), (&json!("failed"), &json!("no luck")));
    assert_eq!(counts(&lab).await.0, 1, "billed all the same");
}

#[tokio::test]
async fn lists_that_mislead() {
    let shown = async |rest: &str| {
        let lab = Lab::with(&fault("GET /v1/jobs", rest));
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(lab.draft().await);
        }
        ids.reverse();
        let (_, page) = lab.get("/v1/jobs?limit=3").await;
        let page: Vec<usize> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| ids.iter().position(|id| job["id"] == id.as_str()).unwrap())
            .collect();
        page
    };
    assert_eq!(shown("do = \"list_ignores_limit\"").await, [0, 1, 2, 3]);
    assert_eq!(shown("do = { list_shift = 1 }").await, [1, 2, 3]);
    assert_eq!(shown("do = { list_omits = 2 }").await, [0, 2]);
    let lab = Lab::with("[answers]\nlist = \"array\"\nid = \"job_id\"");
    lab.upload().await;
    assert_eq!(lab.get("/v1/jobs").await.1, json!([]));
}

#[tokio::test]
async fn uploads_that_break_stall_lie_or_are_forgotten() {
    let big: Vec<u8> = [CLIP, &vec![0; 4_000_000]].concat();
    let form = |bytes: &[u8]| {
        let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("clip.mp4");
        reqwest::multipart::Form::new().part("file", part)
    };
    let lab = Lab::with(&fault("POST /v1/uploads", "do = { cut_upload = \"50%\" }"));
    let request = lab.call(Method::POST, "/v1/uploads").multipart(form(&big));
    assert!(request.send().await.is_err());

    let rest = "do = { stall_upload = { at = 1000000, for = \"10s\" } }";
    let lab = Lab::with(&fault("POST /v1/uploads", rest));
    let request = lab.call(Method::POST, "/v1/uploads").multipart(form(&big));
    let stalled = request.timeout(Duration::from_millis(300)).send().await;
    assert!(stalled.unwrap_err().is_timeout());

    let lab = Lab::with(&fault("POST /v1/uploads", "do = { set = { size = 1 } }"));
    assert_eq!(lab.send_file(CLIP, "clip.mp4").await.1["size"], 1);

    let lab = Lab::with(&fault("POST /v1/jobs", "nth = 1\ndo = \"forget_upload\""));
    let body = json!({ "video_url": lab.upload().await, "auto_start": false });
    assert_eq!(lab.post("/v1/jobs", body).await.0, 400);
    let body = json!({ "video_url": lab.upload().await, "auto_start": false });
    assert_eq!(lab.post("/v1/jobs", body).await.0, 200);

    let lab = Lab::with("[uploads]\nforget_after = \"50ms\"");
    let video_url = lab.upload().await;
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(lab.post("/v1/jobs", json!({ "video_url": video_url })).await.0, 400);
}

#[tokio::test]
async fn starts_behave_as_the_scenario_says() {
    let lab = Lab::with("[jobs]\nsecond_start = \"again\"");
    let id = lab.finished().await["id"].as_str().unwrap().to_owned();
    assert_eq!(lab.start(&id).await.0, 200);
    lab.follow(&id).await;
    assert_eq!(counts(&lab).await.0, 2, "runs and bills again");
    assert_eq!(lab.audit().await["charges"][1]["start_number"], 2);

    let lab = Lab::with("[jobs]\nsecond_start = \"same\"");
    let id = lab.finished().await["id"].as_str().unwrap().to_owned();
    let (status, answer) = lab.start(&id).await;
    assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("completed")));
    assert_eq!(counts(&lab).await.0, 1);

    let lab = Lab::with("[jobs]\nauto_start = \"ignored\"");
    let id = lab.draft().await;
    lab.follow(&id).await;
    assert_eq!(counts(&lab).await.0, 1);

    let lab = Lab::with("[jobs]\ndraft_state = \"created\"");
    let id = lab.draft().await;
    assert_eq!(lab.get(&format!("/v1/jobs/{id}")).await.1["status"], "created");
    assert_eq!(lab.get("/v1/jobs?status=created").await.1["total"], 1);
    assert_eq!(lab.get("/v1/jobs?status=pending").await.1["total"], 0);

    let failing = "nth = 1\ndo = { fail_job = \"no luck\" }";
    let rules = "[jobs]\nfailed_start = \"again\"\nrefund_failed = true\n";
    let lab = Lab::with(&format!("{rules}{}", fault("POST /v1/jobs/*/start", failing)));
    let id = lab.draft().await;
    lab.start(&id).await;
    assert_eq!(lab.follow(&id).await["billing_status"], "refunded");
    assert_eq!(lab.start(&id).await.0, 200);
    assert_eq!(lab.follow(&id).await["status"], "completed");
    let credits = lab.audit().await["charges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|charge| charge["credits"].as_f64().unwrap())
        .sum::<f64>();
    assert!((credits - 2.0).abs() < 0.2, "one run was paid: {credits}");
}

#[tokio::test]
async fn scenarios_can_change_while_it_runs() {
    let lab = Lab::new();
    let scenario = fault("GET /v1/jobs", "do = { answer = { status = 500 } }");
    let (status, _) = lab.admin(Method::POST, "/sandbox/scenario", scenario).await;
    assert_eq!(status, 200);
    assert_eq!(lab.get("/v1/jobs").await.0, 500);
    lab.admin(Method::POST, "/sandbox/scenario", String::new()).await;
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
    let (status, answer) = lab.admin(Method::POST, "/sandbox/scenario", "sed = 1".into()).await;
    assert_eq!(status, 400);
    assert!(answer["error"]["message"].as_str().unwrap().contains("unknown field `sed`"));
    assert_eq!(lab.get("/sandbox/audit").await.0, 401, "the token opens it, not a key");
}

#[tokio::test]
async fn clocks_and_ids_that_are_off() {
    let lab = Lab::with("[clock]\nskew = \"-48h\"\n[answers]\nrequest_id = \"header\"");
    let response = lab.call(Method::GET, "/v1/jobs/job_x").send().await.unwrap();
    let date = httpdate::parse_http_date(response.headers()["date"].to_str().unwrap()).unwrap();
    let created: jiff::Timestamp = {
        let id = lab.draft().await;
        let (_, job) = lab.get(&format!("/v1/jobs/{id}")).await;
        job["created_at"].as_str().unwrap().parse().unwrap()
    };
    let difference = jiff::Timestamp::try_from(date).unwrap().duration_since(created);
    assert!(difference.as_secs().abs() < 60, "both are behind alike: {difference}");
    assert!(response.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert!(body["error"]["request_id"].is_null());
}
