//! Checks of the service: name, connection, TLS, health, clock, and whether it takes the
//! key. Free of charge.

use std::time::Duration;

use super::check::{Check, CheckState};
use crate::cli::context::{AppContext, proxies};
use crate::client::{Health, ListQuery, RequestOptions, connectivity};
use crate::model::{ApiKey, Failure, FailureKind, Timestamp};
use crate::output::{events::messages, formats::amounts};

/// Longest wait for a name, and for a TLS handshake.
const PATIENCE: Duration = Duration::from_secs(5);

/// How far two clocks may be apart: signatures and links live for minutes.
const SKEW: Duration = Duration::from_secs(30);

pub(crate) async fn checks(app: &AppContext, key: Option<ApiKey>, checks: &mut Vec<Check>) {
    let url = &app.settings.profile.base_url;
    let proxied = connectivity::is_proxied(url, &proxies(&app.env));
    let name = name(url).await;
    let unresolved = name.state == CheckState::Finding;
    // Behind a proxy it is the proxy that resolves names.
    checks.push(if proxied { Check { state: CheckState::Note, mend: None, ..name } } else { name });
    if unresolved && !proxied {
        return;
    }
    if proxied {
        checks.push(Check::note("TLS", "not looked at: a proxy stands between"));
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
            checks
                .push(Check::good("connection", format!("answers in {}", amounts::duration(took))));
            checks.push(healthy(&health));
            let middle = Timestamp(i64::midpoint(asked.0, app.env.clock.wall().0));
            checks.push(health.date.map_or_else(
                || Check::note("clock", "not compared: the answer has no Date"),
                |theirs| clock(middle, theirs),
            ));
        }
        Err(failure) => {
            let mut check = unusable("connection", &failure);
            if proxied {
                check.mend =
                    Some("a proxy stands between: check it first (see proxies)".to_owned());
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
    match connectivity::addresses(url, PATIENCE).await {
        Ok(found) => {
            let all: Vec<String> = found.iter().map(ToString::to_string).collect();
            Check::good("name", format!("{host}: {}", all.join(", ")))
        }
        Err(failure) => Check::finding(
            "name",
            messages::failure(&failure),
            "check base_url in the profile, and the name server of this machine",
        ),
    }
}

/// A TLS handshake, for https. If the service cannot be reached at all, the check of the connection
/// says so.
///
/// # Errors
/// The certificate is not accepted: then nothing else can be asked.
async fn tls(url: &url::Url) -> Result<Option<Check>, Check> {
    match connectivity::handshake(url, PATIENCE).await {
        Ok(shaken) => Ok(shaken.then(|| Check::good("TLS", "the certificate is accepted"))),
        Err(failure) if failure.kind == FailureKind::Unreachable => Ok(None),
        Err(failure) => Err(unusable("TLS", &failure)),
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
    Check::finding(name, messages::failure(failure), mend)
}

fn healthy(health: &Health) -> Check {
    let ill = health.ill();
    let which = if ill.is_empty() { String::new() } else { format!(": {}", ill.join(", ")) };
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
    let says = format!("{} {side} the service's", amounts::duration(apart));
    if apart <= SKEW {
        return Check::good("clock", says);
    }
    let mend = "set the clock, for example timedatectl set-ntp true: links and webhook signatures \
                are only valid for a time";
    Check::finding("clock", says, mend)
}

async fn accepted(app: &AppContext, key: ApiKey) -> Check {
    let query = ListQuery { limit: 1, offset: 0, status: None };
    let asked = match app.probe(Some(key)) {
        Ok(client) => client.list(query, RequestOptions::plain()).await,
        Err(failure) => Err(failure),
    };
    match asked {
        Ok(_) => Check::good("key accepted", "the service takes the key"),
        Err(failure) if failure.kind == FailureKind::Unauthorized => Check::finding(
            "key accepted",
            messages::failure(&failure),
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
            (0, CheckState::Good, "agrees"),
            (-1_900, CheckState::Good, "agrees"),
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
