//! Free checks of the service: DNS, TLS, connection, health, clock, key.

use std::time::Duration;

use super::check::{Check, CheckList, CheckState};
use crate::cli::context::{AppContext, proxies};
use crate::client::{Health, ListQuery, RequestOptions, connectivity};
use crate::model::{ApiKey, Failure, FailureKind, Timestamp};
use crate::output::{events::messages, formats::amounts};

/// Timeout of a DNS lookup and of a TLS handshake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum difference between the clocks: signatures and links are valid for minutes.
const SKEW: Duration = Duration::from_secs(30);

pub(crate) async fn checks(app: &AppContext, key: Option<ApiKey>, checks: &mut CheckList) {
    let url = &app.settings.profile.base_url;
    let proxied = connectivity::is_proxied(url, &proxies(&app.env));
    let name = name(url).await;
    let unresolved = name.state == CheckState::Finding;
    // Behind a proxy, the proxy resolves names.
    checks.push(if proxied { Check { state: CheckState::Note, fix: None, ..name } } else { name });
    if unresolved && !proxied {
        return;
    }
    if proxied {
        checks.push(Check::note("TLS", "not checked: connected through a proxy"));
    } else {
        match tls(url).await {
            Ok(check) => checks.extend(check),
            Err(refused) => {
                checks.push(refused);
                return;
            }
        }
    }
    let client = match app.probe(None) {
        Ok(client) => client,
        Err(failure) => {
            checks.push(unusable("connection", &failure));
            return;
        }
    };
    let began = app.env.clock.now();
    let asked = app.env.clock.wall();
    match client.health(RequestOptions::plain()).await {
        Ok(health) => {
            let took = app.env.clock.now().since(began);
            checks.push(Check::good(
                "connection",
                format!("responds in {}", amounts::duration(took)),
            ));
            checks.push(healthy(&health));
            let middle = Timestamp(i64::midpoint(asked.0, app.env.clock.wall().0));
            checks.push(health.date.map_or_else(
                || Check::note("clock", "not compared: the response has no Date header"),
                |theirs| clock(middle, theirs),
            ));
        }
        Err(failure) => {
            let mut check = unusable("connection", &failure);
            if proxied {
                check.fix = Some("check the proxy first (see proxies)".to_owned());
            }
            checks.push(check);
            if matches!(failure.kind, FailureKind::Unreachable | FailureKind::Broken) {
                return;
            }
        }
    }
    if let Some(key) = key {
        checks.push(accepted(app, key).await);
    }
}

async fn name(url: &url::Url) -> Check {
    let host = url.host_str().unwrap_or_default();
    match connectivity::addresses(url, TIMEOUT).await {
        Ok(found) => {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            Check::good("name", format!("{host}: {}", all.join(", ")))
        }
        Err(failure) => Check::finding(
            "name",
            messages::failure(&failure),
            "check base_url in the profile and the DNS settings of this machine",
        ),
    }
}

/// A TLS handshake, for https. Fails if the certificate is rejected; an unreachable service is left to
/// the connection check.
async fn tls(url: &url::Url) -> Result<Option<Check>, Check> {
    match connectivity::handshake(url, TIMEOUT).await {
        Ok(is_https) => Ok(is_https.then(|| Check::good("TLS", "certificate accepted"))),
        Err(failure) if failure.kind == FailureKind::Unreachable => Ok(None),
        Err(failure) => Err(unusable("TLS", &failure)),
    }
}

fn unusable(name: &'static str, failure: &Failure) -> Check {
    let fix = match failure.kind {
        FailureKind::Unreachable => {
            "check the network, base_url and the proxy variables; for certificates: \
             apt-get install ca-certificates"
        }
        FailureKind::Broken => {
            "try again; if this persists, check whether a proxy or firewall cuts connections"
        }
        FailureKind::Unavailable | FailureKind::RateLimited => {
            "wait, then rbgv resume; nothing is lost"
        }
        FailureKind::NotFound => "check base_url in the profile: no API at this URL",
        _ => "check base_url in the profile",
    };
    // Most failures suggest this very command.
    let next = failure.next.clone().filter(|next| !next.starts_with("rbgv doctor"));
    let fix = next.unwrap_or_else(|| fix.to_owned());
    Check::finding(name, messages::failure(failure), fix)
}

fn healthy(health: &Health) -> Check {
    let failed = health.failed_checks();
    let which = if failed.is_empty() { String::new() } else { format!(": {}", failed.join(", ")) };
    let says = format!("service reports {}{which}", health.status);
    if health.is_healthy() {
        Check::good("health", says)
    } else {
        Check::finding("health", says, "wait or contact the service's support, then rbgv resume")
    }
}

/// Compares the clocks. A `Date` header has whole seconds.
fn clock(ours: Timestamp, theirs: Timestamp) -> Check {
    let apart = Duration::from_millis(ours.0.abs_diff(theirs.0));
    if apart <= Duration::from_secs(2) {
        return Check::good("clock", "matches the clock of the service");
    }
    let side = if ours > theirs { "ahead of" } else { "behind" };
    let says = format!("{} {side} the clock of the service", amounts::duration(apart));
    if apart <= SKEW {
        return Check::good("clock", says);
    }
    let fix = "set the clock (timedatectl set-ntp true): links and webhook signatures expire";
    Check::finding("clock", says, fix)
}

async fn accepted(app: &AppContext, key: ApiKey) -> Check {
    let query = ListQuery { limit: 1, offset: 0, status: None };
    let listed = async { app.probe(Some(key))?.list(query, RequestOptions::plain()).await };
    match listed.await {
        Ok(_) => Check::good("key accepted", "accepted by the service"),
        Err(failure) if failure.kind == FailureKind::Unauthorized => Check::finding(
            "key accepted",
            messages::failure(&failure),
            "compare the fingerprint with the intended key; it may be disabled, or belong to another \
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
            (0, CheckState::Good, "matches"),
            (-1_900, CheckState::Good, "matches"),
            (20_000, CheckState::Good, "20 s ahead of"),
            (-3_600_000, CheckState::Finding, "1 h behind"),
        ];
        for (apart, state, says) in table {
            let check = clock(at(apart), at(0));
            assert_eq!(check.state, state, "{check:?}");
            assert!(check.says.contains(says), "{check:?}");
        }
    }
}
