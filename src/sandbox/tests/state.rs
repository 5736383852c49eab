//! What survives a restart with a state directory.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::harness::{Lab, options};
use crate::sandbox::{Distribution, EngineChoice, Options};

fn kept(place: &tempfile::TempDir, service_time: u64) -> Options {
    Options {
        state: Some(place.path().to_owned()),
        engine: EngineChoice::Timer(Distribution::Fixed(Duration::from_millis(service_time))),
        ..options("")
    }
}

#[tokio::test]
async fn keys_jobs_charges_and_outputs_survive() {
    let place = tempfile::tempdir().unwrap();
    let lab = Lab::from(kept(&place, 30));
    let done = lab.finished().await;
    let draft = lab.draft().await;
    let (_, other) =
        lab.admin(Method::POST, "/v1/admin/keys", r#"{"client_id": "ops"}"#.into()).await;
    let (_, usage) = lab.get("/v1/usage/summary").await;
    let key = lab.key.clone();
    lab.sandbox.stop();

    let mut lab = Lab::from(kept(&place, 30));
    assert_eq!(lab.sandbox.api_key, key, "the same first key");
    let (_, again) = lab.get(&format!("/v1/jobs/{}", done["id"].as_str().unwrap())).await;
    assert_eq!((&again["status"], &again["created_at"]), (&done["status"], &done["created_at"]));
    let output = lab.client.get(again["output_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(output.status(), 200);
    assert_eq!(lab.get("/v1/usage/summary").await.1, usage);
    assert_eq!(lab.start(&draft).await.0, 200, "its upload is still known");
    assert_eq!(lab.follow(&draft).await["status"], "completed");
    lab.key = other["api_key"].as_str().unwrap().to_owned();
    assert_eq!(lab.get("/v1/jobs").await.0, 200);
}

#[tokio::test]
async fn a_running_job_runs_again_and_is_billed_once() {
    let place = tempfile::tempdir().unwrap();
    let lab = Lab::from(kept(&place, 60_000));
    let id = lab.draft().await;
    lab.start(&id).await;
    for _ in 0..100 {
        if lab.get(&format!("/v1/jobs/{id}")).await.1["status"] == "processing" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    lab.sandbox.stop();
    let lab = Lab::from(kept(&place, 30));
    assert_eq!(lab.follow(&id).await["status"], "completed");
    assert_eq!(lab.audit().await["charges"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn links_of_an_earlier_run_are_still_its_own() {
    let place = tempfile::tempdir().unwrap();
    let lab = Lab::from(kept(&place, 30));
    let video_url = lab.upload().await;
    lab.sandbox.stop();
    let lab = Lab::from(kept(&place, 30));
    let (status, answer) = lab.post("/v1/jobs", json!({ "video_url": video_url })).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(lab.follow(answer["id"].as_str().unwrap()).await["status"], "completed");
}

#[test]
fn a_damaged_state_is_refused_with_the_file() {
    let place = tempfile::tempdir().unwrap();
    crate::sandbox::start_thread(kept(&place, 30)).unwrap().stop();
    std::fs::write(place.path().join("service.json"), "{").unwrap();
    let error = crate::sandbox::start_thread(kept(&place, 30)).unwrap_err();
    assert!(error.to_string().contains("service.json"), "{error}");
}

#[tokio::test]
async fn a_state_that_names_files_elsewhere_is_refused_with_the_file() {
    let place = tempfile::tempdir().unwrap();
    let lab = Lab::from(kept(&place, 30));
    let done = lab.finished().await;
    lab.sandbox.stop();
    let path = place.path().join(format!("jobs/{}.json", done["id"].as_str().unwrap()));
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (field, value) in [
        ("/source", json!({ "Upload": "../../secret" })),
        ("/source", json!({ "Output": "/etc/passwd" })),
        ("/output/name", json!("../service.json")),
        ("/output/name", json!("other-1.webm")),
        ("/id", json!("../x")),
    ] {
        let mut changed = record.clone();
        *changed.pointer_mut(field).unwrap() = value;
        std::fs::write(&path, changed.to_string()).unwrap();
        let error = crate::sandbox::start_thread(kept(&place, 30)).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{field}: {error}");
    }
    std::fs::write(&path, record.to_string()).unwrap();
    assert_eq!(Lab::from(kept(&place, 30)).get("/v1/jobs").await.0, 200);
}

#[tokio::test]
async fn links_carry_the_host_that_others_know() {
    let listen = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let everywhere = Options { listen, cdn_listen: listen, ..options("") };
    let lab = Lab::from(everywhere.clone());
    assert!(lab.sandbox.base_url.starts_with("http://127.0.0.1:"));
    let named = Options { public_host: Some("localhost".to_owned()), ..everywhere };
    let lab = Lab::from(named);
    let job = lab.finished().await;
    let link = job["output_url"].as_str().unwrap();
    assert!(link.starts_with("http://localhost:"), "{link}");
    assert_eq!(lab.client.get(link).send().await.unwrap().status(), 200);
}

#[test]
fn a_taken_address_is_an_error_that_names_it() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let error =
        crate::sandbox::start_thread(Options { listen: address, ..options("") }).unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
