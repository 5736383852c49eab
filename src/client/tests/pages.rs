//! Job lists from a service that rejects the requested page size.

use std::sync::Arc;

use super::server::{Server, Step, response};
use super::{Least, TestClock, client, endpoint, timing};
use crate::client::{Client, ListQuery, MemoryStore, RateLimits, RequestOptions};
use crate::model::limits::LimiterStore;
use crate::model::{Failure, FailureKind};

/// A client on `store`, like one of another process.
fn sharing(base: &str, store: &Arc<MemoryStore>) -> Client {
    let store: Arc<dyn LimiterStore> = Arc::clone(store) as _;
    let clock = Arc::new(TestClock::new());
    let limits = RateLimits::default();
    Client::with_store(endpoint(base), timing(), clock, Arc::new(Least), store, &limits).unwrap()
}

fn refused(status: u16) -> Step {
    Step::Say(response(status, r#"{"error": {"code": "invalid_request", "message": "bad limit"}}"#))
}

fn page() -> Step {
    Step::Say(response(200, r#"{"items": [{"id": "j-1", "status": "created"}]}"#))
}

async fn list(client: &Client, limit: u32) -> Result<usize, Failure> {
    let query = ListQuery { limit, offset: 7, status: None };
    client.list(query, RequestOptions::plain()).await.map(|page| page.jobs.len())
}

/// Requested page sizes.
fn sizes(server: &Server) -> Vec<u32> {
    let size = |head: &str| {
        let (size, _) = head.split_once("limit=")?.1.split_once('&')?;
        assert!(head.contains("offset=7 "), "{head}");
        size.parse().ok()
    };
    server.seen().iter().filter_map(|seen| size(&seen.head)).collect()
}

#[tokio::test]
async fn a_refused_page_size_is_halved_and_the_accepted_one_remembered_for_the_key() {
    let steps = vec![refused(400), refused(422), page(), page(), page(), page()];
    let server = Server::start(steps).await;
    let store = Arc::new(MemoryStore::default());
    let (one, other) = (sharing(&server.url, &store), sharing(&server.url, &store));
    for (client, limit) in [(&one, 100), (&one, 100), (&other, 100), (&other, 10)] {
        assert_eq!(list(client, limit).await.unwrap(), 1);
    }
    assert_eq!(sizes(&server), [100, 50, 25, 25, 25, 10]);
}

#[tokio::test]
async fn a_list_that_is_refused_at_any_size_is_not_asked_for_in_steps_again() {
    let server = Server::start((0..8).map(|_| refused(400)).chain([page()]).collect()).await;
    let client = client(&server.url);
    for _ in 0..2 {
        let failure = list(&client, 100).await.unwrap_err();
        assert_eq!((failure.kind, failure.status), (FailureKind::InvalidRequest, Some(400)));
        assert_eq!(failure.why, "bad limit");
    }
    assert_eq!(list(&client, 100).await.unwrap(), 1);
    assert_eq!(sizes(&server), [100, 50, 25, 12, 6, 3, 1, 100, 100]);
}

#[tokio::test]
async fn only_a_refusal_of_the_request_makes_pages_smaller() {
    let no_credits = Step::Say(response(400, r#"{"error": {"code": "insufficient_credits"}}"#));
    let not_found = Step::Say(response(404, r#"{"detail": "Not Found"}"#));
    for step in [no_credits, not_found] {
        let server = Server::start(vec![step]).await;
        list(&client(&server.url), 100).await.unwrap_err();
        assert_eq!(sizes(&server), [100]);
    }
}
