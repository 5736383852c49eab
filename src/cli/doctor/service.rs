//! Checks of the service: name, connection, certificate, health, clock, and whether it takes the
//! key. Free of charge.

use std::time::Duration;

use tokio::time::timeout;

use super::{Check, State};
use crate::cli::session::{Session, proxies};
use crate::client::{Call, Health, ListQuery};
use crate::model::{ApiKey, Failure, FailureKind, Timestamp};
use crate::output::{human, words};

/// Longest wait for a name.
const NAME: Duration = Duration::from_secs(5);

/// How far two clocks may be apart: signatures and links live for minutes.
const SKEW: Duration = Duration::from_secs(30);

pub(super) async fn checks(session: &Session, key: Option<ApiKey>, checks: &mut Vec<Check>) {
    let url = &session.settings.profile.base_url;
    let proxy = proxies(&session.env);
    let proxied = match url.scheme() {
        "https" => proxy.https.is_some(),
        _ => proxy.http.is_some(),
    };
    let name = name(url).await;
    // Behind a proxy it is the proxy that resolves names.
    checks.push(if proxied { Check { state: State::Note, ..name } } else { name });
    let client = match session.probe(None) {
        Ok(client) => client,
        Err(failure) => {
            checks.push(unusable("connection", &failure));
            return;
        }
    };
    let began = session.env.clock.now();
    let asked = session.env.clock.wall();
    match client.health(Call::plain()).await {
        Ok(health) => {
            let took = session.env.clock.now().since(began);
            checks.push(Check::good("connection", format!("answers in {}", human::duration(took))));
            if url.scheme() == "https" {
                checks.push(Check::good("TLS", "the certificate is accepted"));
            }
            checks.push(healthy(&health));
            let middle = Timestamp(i64::midpoint(asked.0, session.env.clock.wall().0));
            checks.extend(health.date.map(|theirs| clock(middle, theirs)));
        }
        Err(failure) => {
            checks.push(unusable("connection", &failure));
            if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Broken) {
                return;
            }
        }
    }
    if let Some(key) = key {
        checks.push(accepted(session, key).await);
    }
}

async fn name(url: &url::Url) -> Check {
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Check::finding("name", "base_url names no host", "mend base_url in the profile");
    };
    // An address of version 6 stands in brackets in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(NAME, tokio::net::lookup_host((host, port))).await;
    let failed = |why: String| {
        Check::finding(
            "name",
            format!("{host}: {why}"),
            "check base_url in the profile, and the name server of this machine",
        )
    };
    match found {
        Ok(Ok(addresses)) => {
            let mut all: Vec<String> = addresses.map(|address| address.ip().to_string()).collect();
            all.dedup();
            Check::good("name", format!("{host}: {}", all.join(", ")))
        }
        Ok(Err(error)) => failed(error.to_string()),
        Err(_) => failed(format!("no answer in {}", human::duration(NAME))),
    }
}

fn unusable(name: &'static str, failure: &Failure) -> Check {
    let mend = match failure.kind {
        FailureKind::Unreachable => {
            "check the network, base_url and the proxy variables; certificates come with \
             apt-get install ca-certificates"
        }
        FailureKind::Broken => "try again; if it stays so, a proxy or firewall may cut connections",
        FailureKind::Unavailable | FailureKind::RateLimited => {
            "wait; nothing is lost, rbgv resume goes on"
        }
        FailureKind::NotFound => "check base_url in the profile: there is no API at this address",
        _ => "check base_url in the profile",
    };
    // What failures usually name is this very command.
    let next = failure.next.clone().filter(|next| !next.starts_with("rbgv doctor"));
    let mend = next.unwrap_or_else(|| mend.to_owned());
    Check::finding(name, words::failure(failure), mend)
}

fn healthy(health: &Health) -> Check {
    let bad: Vec<&str> =
        health.checks.iter().filter(|(_, good)| !**good).map(|(name, _)| name.as_str()).collect();
    let which = if bad.is_empty() { String::new() } else { format!(": {}", bad.join(", ")) };
    let says = format!("the service calls itself {}{which}", health.status);
    if health.is_healthy() {
        Check::good("health", says)
    } else {
        Check::finding("health", says, "wait, or ask the service's support; rbgv resume goes on")
    }
}

/// The two clocks against each other. A `Date` header has whole seconds.
fn clock(ours: Timestamp, theirs: Timestamp) -> Check {
    let apart = Duration::from_millis(ours.0.abs_diff(theirs.0));
    if apart <= Duration::from_secs(2) {
        return Check::good("clock", "agrees with the service's");
    }
    let side = if ours > theirs { "ahead of" } else { "behind" };
    let says = format!("{} {side} the service's", human::duration(apart));
    if apart <= SKEW {
        return Check::good("clock", says);
    }
    let mend = "set the clock, for example timedatectl set-ntp true: links and webhook signatures \
                are only valid for a time";
    Check::finding("clock", says, mend)
}

async fn accepted(session: &Session, key: ApiKey) -> Check {
    let query = ListQuery { limit: 1, offset: 0, status: None };
    let asked = match session.probe(Some(key)) {
        Ok(client) => client.list(query, Call::plain()).await,
        Err(failure) => Err(failure),
    };
    match asked {
        Ok(_) => Check::good("key accepted", "the service takes the key"),
        Err(failure) if failure.kind == FailureKind::Unauthorized => Check::finding(
            "key accepted",
            words::failure(&failure),
            "compare the fingerprint with the key you meant; it may be disabled, or of another \
             environment",
        ),
        Err(failure) => unusable("key accepted", &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_apart_are_told_with_their_side() {
        let at = |millis: i64| Timestamp(1_000_000 + millis);
        let table = [
            (0, State::Good, "agrees"),
            (-1_900, State::Good, "agrees"),
            (20_000, State::Good, "20 s ahead of"),
            (-3_600_000, State::Finding, "1 h behind"),
        ];
        for (apart, state, says) in table {
            let check = clock(at(apart), at(0));
            assert_eq!(check.state, state, "{check:?}");
            assert!(check.says.contains(says), "{check:?}");
        }
    }
}
