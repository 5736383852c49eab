//! `rbgv profile check`: checks a profile with free calls.

use crate::cli::context::AppContext;
use crate::cli::new_profile;
use crate::client::{Client, ListQuery, RequestOptions};
use crate::model::{ApiKey, ExitClass, Failure};
use crate::output::documents::account::{ProfileCheck, ProfileChecks};
use crate::output::{Cell, Table, TextTone, formats::amounts};
use crate::settings::Environment;

/// Columns of the longest name and outcome.
const NAME: usize = 11;
const STATE: usize = 6;

struct CheckLine {
    check: &'static str,
    outcome: Result<String, Failure>,
}

pub(crate) async fn run(app: &AppContext) -> Result<ExitClass, Failure> {
    let profile = &app.settings.profile;
    if !app.printer.style().json {
        let kind = match profile.environment {
            Environment::Prod => "production",
            other => other.as_str(),
        };
        let text = format!("profile {} ({kind}) at {}", profile.name, profile.base_url);
        app.printer.note(&text);
    }
    let stages = app.printer.stages();
    let mut all = Vec::new();
    let mut ended = |line: CheckLine| {
        stages.end(line.check, Some(&table([&line])));
        all.push(line);
    };
    let (line, key) = key(app);
    let has_key = key.is_some();
    ended(line);
    // Without a key, what needs none is checked anyway.
    let client = app.probe(key)?;
    stages.begin("service");
    let service = health(&client).await;
    let responds = !matches!(
        &service.outcome,
        Err(failure) if failure.kind.exit_class() == ExitClass::Unavailable
    );
    ended(service);
    if responds {
        stages.begin("prices");
        ended(prices(&client).await);
    }
    if has_key && responds {
        stages.begin("account");
        ended(account("account", &client).await);
        stages.begin("jobs");
        ended(jobs(&client).await);
    }
    match app.next_client(None) {
        Ok(Some(next)) if responds => {
            stages.begin("next key");
            ended(account("next key", &next).await);
        }
        Ok(_) => {}
        Err(failure) => ended(CheckLine { check: "next key", outcome: Err(failure) }),
    }
    if responds {
        stages.begin("admin token");
        admin(app).await.into_iter().for_each(&mut ended);
    }
    webhooks(app).into_iter().for_each(&mut ended);
    let (mut classes, mut succeeded) = (Vec::new(), false);
    for line in &all {
        match &line.outcome {
            Ok(_) => succeeded = true,
            Err(failure) => classes.push(failure.kind.exit_class()),
        }
    }
    show(app, &all, stages.is_live());
    Ok(ExitClass::combine(classes, succeeded))
}

/// The key, read once: its source may be a command that asks the user.
fn key(app: &AppContext) -> (CheckLine, Option<ApiKey>) {
    let mut key = None;
    let outcome = app.settings.api_key().map(|resolved| {
        let mut text = format!("{} from {}", resolved.key.fingerprint(), resolved.source);
        let age = app.settings.profile.key_age_warning(app.env.clock.wall());
        for warning in resolved.warnings.into_iter().chain(age) {
            text = format!("{text}; {warning}");
        }
        key = Some(resolved.key);
        text
    });
    (CheckLine { check: "key", outcome }, key)
}

async fn health(client: &Client) -> CheckLine {
    let outcome = client.health(RequestOptions::plain()).await.map(|health| health.status);
    CheckLine { check: "service", outcome }
}

async fn prices(client: &Client) -> CheckLine {
    let outcome = client.pricing(RequestOptions::plain()).await.map(|pricing| {
        let prices: Vec<_> =
            pricing.per_minute.iter().map(|(model, rate)| format!("{model} {rate}")).collect();
        format!("credits per minute: {}", prices.join(", "))
    });
    CheckLine { check: "prices", outcome }
}

async fn account(check: &'static str, client: &Client) -> CheckLine {
    CheckLine { check, outcome: new_profile::check::account(client).await }
}

async fn jobs(client: &Client) -> CheckLine {
    let query = ListQuery { limit: 1, offset: 0, status: None };
    let outcome = client.list(query, RequestOptions::plain()).await.map(|page| match page.total {
        Some(total) => format!("{} visible to this key", amounts::count(total)),
        None if page.jobs.is_empty() => "none visible to this key".to_owned(),
        None => "some visible to this key".to_owned(),
    });
    CheckLine { check: "jobs", outcome }
}

/// The admin token, if one is set.
async fn admin(app: &AppContext) -> Option<CheckLine> {
    if matches!(app.settings.admin_token(), Ok(None)) {
        return None;
    }
    let keys = async { app.admin_client()?.admin_keys(RequestOptions::plain()).await };
    let outcome = keys
        .await
        .map(|keys| format!("accepted; {}", amounts::counted(keys.len() as u64, "key", "keys")));
    Some(CheckLine { check: "admin token", outcome })
}

/// The webhook secret, if one is set.
fn webhooks(app: &AppContext) -> Option<CheckLine> {
    let secret = app.settings.webhook_secret(None).ok()?;
    let text = format!("secret {} from {}", secret.key.fingerprint(), secret.source);
    Some(CheckLine { check: "webhooks", outcome: Ok(text) })
}

fn show<'a>(app: &AppContext, all: &'a [CheckLine], is_shown: bool) {
    let profile = &app.settings.profile;
    let printer = &app.printer;
    if printer.style().json {
        let line = |line: &'a CheckLine| ProfileCheck {
            check: line.check,
            ok: line.outcome.is_ok(),
            says: line.outcome.as_deref().ok(),
            failure: line.outcome.as_ref().err().map(Into::into),
        };
        printer.document(&ProfileChecks {
            profile: &profile.name,
            base_url: profile.base_url.as_str(),
            environment: profile.environment.as_str(),
            checks: all.iter().map(line).collect(),
        });
        return;
    }
    if !is_shown {
        printer.table(&table(all));
    }
    if let Some(failure) = all.iter().find_map(|line| line.outcome.as_ref().err()) {
        printer.next(failure.next.as_deref().unwrap_or("rbgv doctor"));
    }
}

fn table<'a>(lines: impl IntoIterator<Item = &'a CheckLine>) -> Table {
    let mut table =
        Table::new(["check", "", "result"]).words([2]).at_least(0, NAME).at_least(1, STATE);
    for line in lines {
        let (word, text) = match &line.outcome {
            Ok(text) => (Cell::toned(TextTone::Good, "ok"), text.clone()),
            Err(failure) => (Cell::toned(TextTone::Bad, "failed"), failure.to_string()),
        };
        table.row([line.check.into(), word, text.into()]);
    }
    table
}
