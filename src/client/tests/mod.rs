//! Tests of the whole client against scripted servers. Intervals are tiny and real: paused time
//! would jump whenever a runtime with sockets is idle.

mod calls;
mod connections;
mod downloads;
mod hostile;
mod limits;
mod pages;
mod secrets;
mod server;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Client, ClientConfig, NewJob, ProxyChoice};
use crate::model::Timing;
use crate::model::{ApiKey, Clock, Instant, JobOptions, Random, Sanitizer, Timestamp};

/// Starts at its creation.
struct TestClock(tokio::time::Instant);

impl TestClock {
    /// An hour after boot.
    fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(3_600_000 + u64::try_from(self.0.elapsed().as_millis()).unwrap())
    }

    fn wall(&self) -> Timestamp {
        Timestamp(784_111_777_000) // Sun, 06 Nov 1994 08:49:37 GMT
    }

    fn boot_id(&self) -> String {
        "test".into()
    }
}

/// Always the shortest wait.
struct Least;

impl Random for Least {
    fn unit(&self) -> f64 {
        0.0
    }

    fn bits(&self) -> u64 {
        0
    }
}

const KEY: &str = "sk-s3cret-key";
const TOKEN: &str = "s3cret-admin-token";

fn draft<'a>(options: &'a JobOptions, metadata: &'a BTreeMap<String, String>) -> NewJob<'a> {
    NewJob {
        video_url: "https://cdn.example/v",
        options,
        background_image_url: None,
        auto_start: false,
        metadata,
    }
}

fn timing() -> Timing {
    Timing {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        backoff_first: Duration::from_millis(1),
        backoff_max: Duration::from_millis(4),
        retry_after_max: Duration::from_secs(1),
        outage_max: Duration::from_secs(1),
        retries: 2,
        ..Timing::default()
    }
}

fn endpoint(base: &str) -> ClientConfig {
    ClientConfig {
        base_url: base.parse().unwrap(),
        key: Some(ApiKey::new(KEY)),
        admin_token: Some(ApiKey::new(TOKEN)),
        allow_http: false,
        proxy: ProxyChoice { http: Some("http://127.0.0.1:1".into()), ..ProxyChoice::default() },
        user_agent: "rbgv/test".into(),
        sanitizer: Sanitizer::default(),
    }
}

fn client_with(base: &str, timing: Timing) -> Client {
    Client::new(endpoint(base), timing, Arc::new(TestClock::new()), Arc::new(Least)).unwrap()
}

fn client(base: &str) -> Client {
    client_with(base, timing())
}
