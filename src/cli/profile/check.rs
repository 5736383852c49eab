//! `rbgv profile check`: whether a profile works, by calls that cost nothing.

use crate::cli::session::Session;
use crate::client::{Call, Client, ListQuery};
use crate::model::{ExitClass, Failure};
use crate::output::{Cell, Table, Tone, human};
use crate::settings::Environment;

/// Something that was looked at.
struct Seen {
    check: &'static str,
    outcome: Result<String, Failure>,
}

pub(super) async fn run(session: &Session) -> Result<ExitClass, Failure> {
    let mut all = vec![key(session)];
    let client = match session.client(None) {
        Ok(client) => client,
        // What needs no key is looked at all the same.
        Err(_) => session.bare_client()?,
    };
    all.push(health(&client).await);
    all.push(prices(&client).await);
    if all[0].outcome.is_ok() {
        all.push(account("accepted", &client).await);
        all.push(jobs(&client).await);
    }
    match session.next_client(None) {
        Ok(Some(next)) => all.push(account("next key", &next).await),
        Ok(None) => {}
        Err(failure) => all.push(Seen { check: "next key", outcome: Err(failure) }),
    }
    all.extend(admin(session).await);
    all.extend(webhooks(session));
    let (mut classes, mut succeeded) = (Vec::new(), false);
    for seen in &all {
        match &seen.outcome {
            Ok(_) => succeeded = true,
            Err(failure) => classes.push(failure.kind.exit_class()),
        }
    }
    show(session, &all);
    Ok(ExitClass::combine(classes, succeeded))
}

fn key(session: &Session) -> Seen {
    let outcome = session.settings.api_key().map(|resolved| {
        let mut told = format!("{} from {}", resolved.key.fingerprint(), resolved.source);
        let age = session.settings.profile.key_age_warning(session.env.clock.wall());
        for warning in resolved.warnings.into_iter().chain(age) {
            told = format!("{told}; {warning}");
        }
        told
    });
    Seen { check: "key", outcome }
}

async fn health(client: &Client) -> Seen {
    let outcome = client.health(Call::plain()).await.map(|health| health.status);
    Seen { check: "service", outcome }
}

async fn prices(client: &Client) -> Seen {
    let outcome = client.pricing(Call::plain()).await.map(|pricing| {
        let prices: Vec<_> =
            pricing.per_minute.iter().map(|(model, rate)| format!("{model} {rate}")).collect();
        format!("credits a minute: {}", prices.join(", "))
    });
    Seen { check: "prices", outcome }
}

async fn account(check: &'static str, client: &Client) -> Seen {
    let outcome = client.usage_summary(1, Call::plain()).await.map(|usage| {
        let mut words = vec!["the service takes it".to_owned()];
        words
            .extend(usage.credits_used.map(|used| format!("used today: {}", human::credits(used))));
        words.extend(usage.credits_left.map(|left| format!("left: {}", human::credits(left))));
        words.join("; ")
    });
    Seen { check, outcome }
}

async fn jobs(client: &Client) -> Seen {
    let query = ListQuery { limit: 1, offset: 0, status: None };
    let outcome = client.list(query, Call::plain()).await.map(|page| match page.total {
        Some(total) => format!("{} visible to the key", human::count(total)),
        None if page.jobs.is_empty() => "none visible to the key".to_owned(),
        None => "some are visible to the key".to_owned(),
    });
    Seen { check: "jobs", outcome }
}

/// The admin token, where there is one.
async fn admin(session: &Session) -> Option<Seen> {
    let check = "admin token";
    let client = match session.settings.admin_token() {
        Ok(None) => return None,
        Ok(Some(_)) => session.admin_client(),
        Err(failure) => Err(failure),
    };
    let outcome = match client {
        Ok(client) => client.admin_keys(Call::plain()).await,
        Err(failure) => Err(failure),
    };
    let told =
        |keys: Vec<_>| format!("accepted; {}", human::counted(keys.len() as u64, "key", "keys"));
    Some(Seen { check, outcome: outcome.map(told) })
}

/// The secret of webhooks, where there is one.
fn webhooks(session: &Session) -> Option<Seen> {
    let secret = session.settings.webhook_secret(None).ok()?;
    let told = format!("secret {} from {}", secret.key.fingerprint(), secret.source);
    Some(Seen { check: "webhooks", outcome: Ok(told) })
}

fn show(session: &Session, all: &[Seen]) {
    let profile = &session.settings.profile;
    let printer = &session.printer;
    if printer.style().json {
        let checks: Vec<_> = all
            .iter()
            .map(|seen| {
                let failure = seen.outcome.as_ref().err().map(crate::output::json::failure);
                serde_json::json!({
                    "check": seen.check,
                    "ok": seen.outcome.is_ok(),
                    "says": seen.outcome.as_ref().ok(),
                    "failure": failure,
                })
            })
            .collect();
        printer.json(&serde_json::json!({
            "profile": profile.name,
            "base_url": profile.base_url.as_str(),
            "environment": profile.environment.as_str(),
            "checks": checks,
        }));
        return;
    }
    let kind = match profile.environment {
        Environment::Prod => "production",
        other => other.as_str(),
    };
    printer.note(&format!("profile {} ({kind}) at {}", profile.name, profile.base_url));
    let mut table = Table::new(["check", "", "says"]);
    for seen in all {
        let (word, told) = match &seen.outcome {
            Ok(told) => (Cell::toned(Tone::Good, "ok"), told.clone()),
            Err(failure) => (Cell::toned(Tone::Bad, "wrong"), failure.to_string()),
        };
        table.row([seen.check.into(), word, told.into()]);
    }
    printer.table(&table);
}
