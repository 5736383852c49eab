//! Webhooks, received by a small server of the tests' own and verified by code of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use super::harness::{Lab, options};
use crate::sandbox::Options;

#[derive(Debug, Clone)]
struct Received {
    event: String,
    id: String,
    timestamp: String,
    signature: Option<String>,
    body: Bytes,
}

struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A receiver that refuses the first `failures` deliveries.
async fn listener(failures: usize) -> Receiver {
    let received = Arc::new(Mutex::new(Vec::new()));
    let shelf = Arc::clone(&received);
    let handler = move |headers: HeaderMap, body: Bytes| async move {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let mut shelf = shelf.lock().unwrap();
        shelf.push(Received {
            event: text("x-webhook-event").unwrap(),
            id: text("x-webhook-delivery-id").unwrap(),
            timestamp: text("x-webhook-timestamp").unwrap(),
            signature: text("x-webhook-signature"),
            body,
        });
        if shelf.len() <= failures { StatusCode::BAD_GATEWAY } else { StatusCode::NO_CONTENT }
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", socket.local_addr().unwrap());
    let router = Router::new().route("/hook", post(handler));
    tokio::spawn(async move { axum::serve(socket, router).await });
    Receiver { url, received }
}

impl Receiver {
    async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..200 {
            if self.received.lock().unwrap().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Anything too many would come at once, too.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.received.lock().unwrap().clone()
    }
}

fn lab(scenario: &str) -> Lab {
    let rules = "[webhooks]\nfirst_delay = \"20ms\"\nattempts = 3\n";
    let options = options(&format!("{rules}{scenario}"));
    Lab::from(Options { webhook_secret: Some("s3cret".to_owned()), ..options })
}

async fn run(lab: &Lab, url: &str) -> Value {
    let body = json!({ "video_url": lab.upload().await, "webhook_url": url });
    let (_, created) = lab.post("/v1/jobs", body).await;
    lab.follow(created["id"].as_str().unwrap()).await
}

/// The job once both its events were delivered or given up.
async fn settled(lab: &Lab, job: &Value) -> Value {
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    for _ in 0..500 {
        let (_, job) = lab.get(&path).await;
        if job["webhook_events"].as_object().is_some_and(|events| events.len() == 2) {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the webhooks of {path} do not end");
}

fn verified(received: &Received) -> bool {
    let key = padded_key(b"s3cret");
    let signed = [received.timestamp.as_bytes(), b".", &received.body].concat();
    received.signature.as_deref() == Some(&format!("sha256={}", hex::encode(mac(&key, &signed))))
}

/// HMAC from its definition (RFC 2104), so that the sender's code is not its own judge.
fn padded_key(secret: &[u8]) -> [u8; 64] {
    let mut key = [0; 64];
    key[..secret.len()].copy_from_slice(secret);
    key
}

fn mac(key: &[u8; 64], message: &[u8]) -> Vec<u8> {
    use sha2::{Digest as _, Sha256};
    let inner = Sha256::digest([&key.map(|byte| byte ^ 0x36)[..], message].concat());
    Sha256::digest([&key.map(|byte| byte ^ 0x5c)[..], &inner].concat()).to_vec()
}

#[tokio::test]
async fn deliveries_are_signed_and_about_the_job() {
    let (lab, hook) = (lab(""), listener(0).await);
    let job = run(&lab, &hook.url).await;
    let received = hook.wait_for(2).await;
    let mut events: Vec<&str> = received.iter().map(|delivery| delivery.event.as_str()).collect();
    events.sort_unstable();
    assert_eq!(events, ["job.completed", "job.started"]);
    assert!(received.iter().all(verified));
    assert_ne!(received[0].id, received[1].id);
    let completed = received.iter().find(|delivery| delivery.event == "job.completed").unwrap();
    let body: Value = serde_json::from_slice(&completed.body).unwrap();
    assert_eq!((&body["event"], &body["data"]["id"]), (&json!("job.completed"), &job["id"]));
    assert_eq!(body["data"]["status"], "completed");
    let job = settled(&lab, &job).await;
    assert_eq!(job["webhook_events"], json!({ "job.completed": "sent", "job.started": "sent" }));
}

#[tokio::test]
async fn a_refused_delivery_is_repeated_with_its_id_and_then_given_up() {
    let (lab, hook) = (lab(""), listener(2).await);
    run(&lab, &hook.url).await;
    let received = hook.wait_for(4).await;
    assert_eq!(received.len(), 4, "two events, two refusals");
    let mut ids: Vec<&str> = received.iter().map(|delivery| delivery.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2);

    let nobody = nobody_there().await;
    let job = run(&lab, &nobody).await;
    let job = settled(&lab, &job).await;
    assert_eq!(job["webhook_events"]["job.completed"], "failed");
    assert_eq!(job["status"], "completed", "the job does not depend on it");
}

async fn nobody_there() -> String {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/hook", socket.local_addr().unwrap())
}

#[tokio::test]
async fn deliveries_that_are_lost_doubled_forged_or_old() {
    let with = |action: &str| {
        lab(&format!("[[fault]]\non = \"WEBHOOK job.completed\"\ndo = \"{action}\""))
    };
    let completed = async |action: &str, count| {
        let (lab, hook) = (with(action), listener(0).await);
        run(&lab, &hook.url).await;
        let received = hook.wait_for(count).await;
        received.into_iter().filter(|r| r.event == "job.completed").collect::<Vec<_>>()
    };
    assert!(completed("lose", 1).await.is_empty());
    let doubled = completed("duplicate", 3).await;
    assert_eq!(doubled.len(), 2);
    assert_eq!(doubled[0].id, doubled[1].id);
    assert!(!verified(&completed("bad_signature", 2).await[0]));
    let old = completed("old_timestamp", 2).await.remove(0);
    let now = crate::sandbox::util::clock::SandboxClock::new().wall();
    let age = now.duration_since(old.timestamp.parse().unwrap());
    assert!(verified(&old) && age.as_secs() > 3500);
}
