//! `usage --reconcile`: fetches the data of the audit, repeats that while charges may be late, and
//! reports the findings.

use std::time::Duration;

use super::args::Args;
use super::figures::UsageFigures;
use super::report::{PeriodBudget, print_csv, since};
use crate::audit::{AuditInput, AuditResult, Coverage, Difference, Findings, Mismatch, reconcile};
use crate::cli::args::rows::rows;
use crate::cli::context::{AppContext, key_id};
use crate::client::{Client, RequestOptions, UsageEventPage, UsageSummary};
use crate::ledger::{ApiKeyId, AsyncLedger, AttemptCost};
use crate::model::{Credits, ExitClass, Failure, JobId, Pricing, Timestamp};
use crate::output::documents::usage::{AuditDocument, DifferenceLine};
use crate::output::{Cell, Table, TextTone, events::json, formats::amounts};

/// Maximum number of events that the service returns.
const EVENTS: u32 = 100;

/// Pause before usage that may lag is fetched again.
const PAUSE: Duration = Duration::from_secs(5);

/// Attempts from this long before the period are loaded too, because charges at its start may belong
/// to them.
const MARGIN: Duration = Duration::from_hours(24);

pub(crate) async fn run(args: &Args, app: &AppContext) -> Result<ExitClass, Failure> {
    let ledger = app.ledger()?;
    let clients = app.clients(None)?;
    let began = app.env.clock.now();
    let (findings, credits) = loop {
        let looked = compare(args, app, &clients, &ledger).await?;
        let spent = app.env.clock.now().since(began);
        if !looked.0.may_be_late || spent >= args.lag {
            break looked;
        }
        let pause = PAUSE.min(args.lag.saturating_sub(spent)).max(Duration::from_millis(50));
        let found = match looked.0.differences.len() as u64 {
            0 => "totals differ".to_owned(),
            found => amounts::counted(found, "difference", "differences"),
        };
        app.printer.note(&format!(
            "{found} so far; usage may lag, checking again in {}",
            amounts::duration(pause)
        ));
        tokio::time::sleep(pause).await;
    };
    ledger.record_charges(&findings.charges).await?;
    let budget = PeriodBudget::of(args, credits)?;
    let document = document(args, &findings, budget);
    if args.rows.is_given() {
        args.rows.print(&app.printer, &rows(&document.differences))?;
    } else if app.printer.style().json {
        app.printer.document(&document);
    } else if args.csv {
        let headings = ["difference", "job", "input", "day", "charged", "expected"];
        print_csv(app, &headings, &rows(&document.differences));
        note_limits(args, app, &findings);
    } else {
        show(args, app, &findings);
    }
    let unproven = args.strict && findings.verdict() == AuditResult::Unproven;
    let differs = findings.verdict() == AuditResult::Different;
    let audit = if differs || unproven { ExitClass::Contract } else { ExitClass::Done };
    Ok(ExitClass::combine([audit, PeriodBudget::judge(budget, args.days, app)], true))
}

/// The usage of one key, as reported by the service.
struct KeyUsage {
    key: ApiKeyId,
    events: UsageEventPage,
    summary: UsageSummary,
}

impl KeyUsage {
    async fn of(args: &Args, client: &Client, call: &RequestOptions<'_>) -> Result<Self, Failure> {
        Ok(Self {
            key: key_id(client),
            events: client.usage_events(EVENTS, call.clone()).await?,
            summary: client.usage_summary(args.days, call.clone()).await?,
        })
    }

    /// Whether both keys report the same charges, because the service counts by account.
    fn is_also_of(&self, other: &Self) -> bool {
        !self.events.events.is_empty()
            && self.events == other.events
            && self.summary.raw == other.summary.raw
    }
}

/// Fetches and compares everything once, with each key.
async fn compare(
    args: &Args,
    app: &AppContext,
    clients: &[Client],
    ledger: &AsyncLedger,
) -> Result<(Findings, Option<Credits>), Failure> {
    let call = RequestOptions::plain();
    let mut answers: Vec<KeyUsage> = Vec::new();
    for client in clients {
        answers.push(KeyUsage::of(args, client, &call).await?);
    }
    let keys: Vec<ApiKeyId> = answers.iter().map(|answers| answers.key.clone()).collect();
    answers.dedup_by(|later, earlier| later.is_also_of(earlier));
    // Only attempts without an estimate need prices.
    let prices = match clients {
        [first, ..] => first.pricing(call).await.ok(),
        [] => None,
    };
    let since = since(args, app);
    let mut all: Option<Findings> = None;
    for one in &answers {
        // One response for all keys, or one for each.
        let of = if answers.len() == 1 { &keys[..] } else { std::slice::from_ref(&one.key) };
        let found = audit(app, ledger, one, (of, &keys), prices.as_ref(), since).await?;
        all = Some(match all {
            Some(all) => all.and(found),
            None => found,
        });
    }
    let used = UsageFigures::used(answers.iter().map(|answers| &answers.summary));
    let nothing = || Failure::local("auditing", &"no API key");
    Ok((all.ok_or_else(nothing)?, used))
}

/// Compares the responses about the keys `of` with the ledger; `every` are all audited keys.
async fn audit(
    app: &AppContext,
    ledger: &AsyncLedger,
    answers: &KeyUsage,
    (of, every): (&[ApiKeyId], &[ApiKeyId]),
    prices: Option<&Pricing>,
    since: Timestamp,
) -> Result<Findings, Failure> {
    let events = &answers.events.events;
    let named: Vec<JobId> = events.iter().filter_map(|event| event.job.clone()).collect();
    let attempts = attempts(ledger, &answers.key, since.before(MARGIN), &named).await?;
    let mut findings = reconcile(&AuditInput {
        attempts: &attempts,
        keys: of,
        events: &answers.events,
        asked: EVENTS as usize,
        summary: &answers.summary,
        prices,
        since,
        now: app.env.clock.wall(),
    });
    // Reported once, not for every key.
    if every.first() == Some(&answers.key) {
        findings.report_other_keys(&attempts, &app.settings.profile.name, every, since);
    }
    Ok(findings)
}

async fn attempts(
    ledger: &AsyncLedger,
    key: &ApiKeyId,
    since: Timestamp,
    named: &[JobId],
) -> Result<Vec<AttemptCost>, Failure> {
    let mut all = ledger.attempt_costs(since).await?;
    all.retain(|attempt| attempt.key.origin == key.origin);
    let mut older = ledger.attempt_costs_of_jobs(&key.origin, named).await?;
    older.retain(|attempt| attempt.at < since);
    older.sort_by_key(|attempt| attempt.attempt);
    older.dedup_by_key(|attempt| attempt.attempt);
    all.extend(older);
    Ok(all)
}

fn words(wrong: Mismatch) -> &'static str {
    match wrong {
        Mismatch::NotOurs => "charged, but not in this ledger",
        Mismatch::NotStarted => "charged, but never started here",
        Mismatch::NotCharged => "completed, but not charged",
        Mismatch::Twice => "charged more than once",
        Mismatch::SecondAttempt => "charged again without --again or --retry-failed",
        Mismatch::OtherAmount => "charged a different amount",
    }
}

fn show(args: &Args, app: &AppContext, findings: &Findings) {
    let printer = &app.printer;
    if !findings.differences.is_empty() {
        let heads = ["difference", "job", "input", "day", "charged", "expected"];
        let mut table = Table::new(heads).numbers([4, 5]).words([0]).names([1, 2]).drops([3, 5, 1]);
        let amount = |credits: Option<Credits>| credits.map(amounts::credits).unwrap_or_default();
        for difference in &findings.differences {
            table.row([
                Cell::toned(TextTone::Bad, words(difference.wrong)),
                difference.job.as_ref().map(ToString::to_string).unwrap_or_default().into(),
                difference.input.clone().unwrap_or_default().into(),
                difference.day.clone().unwrap_or_default().into(),
                amount(difference.charged).into(),
                amount(difference.expected).into(),
            ]);
        }
        printer.table(&table);
    }
    for remark in &findings.remarks {
        printer.prose(&format!("note: {remark}"));
    }
    for unchecked in &findings.unchecked {
        printer.prose(&format!("not checked: {unchecked}"));
    }
    if findings.verdict() != AuditResult::Matched {
        for saw in &findings.saw {
            printer.prose(&format!("compared: {saw}"));
        }
    }
    printer.prose(&verdict(args, findings));
    let job = |ours: bool| {
        let mut differences = findings.differences.iter().filter(|d| d.input.is_some() == ours);
        differences.find_map(|difference| difference.job.as_ref())
    };
    if let Some(job) = job(true) {
        printer.note(&format!("for the history of a job: rbgv logs {job}"));
    } else if let Some(job) = job(false) {
        printer.note(&format!("for the state of a job: rbgv status {job}"));
    }
}

fn verdict(args: &Args, findings: &Findings) -> String {
    let charges = amounts::counted(findings.matched as u64, "charged job", "charged jobs");
    let days = amounts::counted(u64::from(args.days), "day", "days");
    let credits = amounts::credits(findings.credits);
    match (findings.verdict(), findings.basis) {
        (AuditResult::Matched, _) if findings.beyond_estimate > 0 => format!(
            "all charges of the last {days} match the length of their outputs ({charges}, {credits}), \
             but {} higher than estimated: see the notes",
            match findings.beyond_estimate {
                1 => "1 was".to_owned(),
                many => format!("{many} were"),
            }
        ),
        (AuditResult::Matched, _) => format!(
            "all matched: {charges} in the last {days}, {credits}; every charge is in this ledger, \
             every completed job was charged once, and no input was charged twice{}",
            match findings.asked_again {
                0 => String::new(),
                again => format!(" except on request ({again})"),
            }
        ),
        (AuditResult::Different, _) => format!(
            "{}; {charges} matched, {credits}",
            amounts::counted(findings.differences.len() as u64, "difference", "differences")
        ),
        (AuditResult::Unproven, Coverage::Nothing) => {
            "no charge could be checked (see above)".to_owned()
        }
        (AuditResult::Unproven, Coverage::Charges | Coverage::SomeCharges) => format!(
            "no difference found, but not everything could be checked (see above): {charges} \
             matched, {credits}"
        ),
    }
}

/// What CSV does not say of the comparison, as notes and warnings.
fn note_limits(args: &Args, app: &AppContext, findings: &Findings) {
    for remark in &findings.remarks {
        app.printer.note(remark);
    }
    for unchecked in &findings.unchecked {
        app.printer.warn(&format!("not checked: {unchecked}"));
    }
    for saw in &findings.saw {
        app.printer.note(&format!("compared: {saw}"));
    }
    app.printer.note(&verdict(args, findings));
}

fn document<'a>(
    args: &Args,
    findings: &'a Findings,
    budget: Option<PeriodBudget>,
) -> AuditDocument<'a> {
    let line = |difference: &'a Difference| DifferenceLine {
        difference: difference.wrong.as_str(),
        job: difference.job.as_ref().map(|job| job.0.as_str()),
        input: difference.input.as_deref(),
        day: difference.day.as_deref(),
        charged: difference.charged.map(json::credits),
        expected: difference.expected.map(json::credits),
    };
    AuditDocument {
        verdict: findings.verdict().as_str(),
        basis: findings.basis.as_str(),
        days: args.days,
        matched: findings.matched,
        matched_credits: json::credits(findings.credits),
        asked_again: findings.asked_again,
        beyond_estimate: findings.beyond_estimate,
        compared: &findings.saw,
        differences: findings.differences.iter().map(line).collect(),
        unchecked: &findings.unchecked,
        remarks: &findings.remarks,
        budget: budget.map(PeriodBudget::document),
    }
}
