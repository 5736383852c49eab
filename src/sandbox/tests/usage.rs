//! Usage in every form that a scenario can give it: always the same credits.

use reqwest::Method;
use serde_json::{Value, json};

use super::harness::Lab;

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
