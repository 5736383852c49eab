//! `--reconcile`: fetches what the audit compares, looks again while charges may be on their way,
//! and tells what was found.

use std::time::Duration;

use serde_json::{Value, json};

use super::service::used;
use super::{Args, Budget, print_csv, rounded, since};
use crate::cli::session::Session;
use crate::client::{Call, Client};
use crate::flow::reconcile::{Basis, Books, Difference, Findings, Verdict, Wrong, reconcile};
use crate::ledger::{KeyId, Ledger, Spent};
use crate::model::{Credits, ExitClass, Failure, Fingerprint, JobId, Timestamp};
use crate::output::{Cell, Table, Tone, human, json};

/// The most events that the service gives (contract, *Endpoints*).
const EVENTS: u32 = 100;

/// Between two looks at usage that may lag.
const PAUSE: Duration = Duration::from_secs(5);

/// Attempts of so much before the period are loaded as well: at its edge, a charge may lie on
/// either side.
const EDGE: Duration = Duration::from_hours(24);

pub(super) async fn run(args: &Args, session: &Session) -> Result<ExitClass, Failure> {
    let ledger = session.ledger()?;
    let client = session.client(None)?;
    let began = session.env.clock.now();
    let (findings, credits) = loop {
        let looked = look(args, session, &client, &ledger).await?;
        let spent = session.env.clock.now().since(began);
        if !looked.0.may_be_late || spent >= args.lag {
            break looked;
        }
        let pause = PAUSE.min(args.lag.saturating_sub(spent)).max(Duration::from_millis(50));
        session.printer.note(&format!(
            "{} so far; usage may lag, so it is looked at again in {}",
            human::counted(looked.0.differences.len() as u64, "difference", "differences"),
            human::duration(pause)
        ));
        tokio::time::sleep(pause).await;
    };
    ledger.record_charges(&findings.charges)?;
    let budget = Budget::of(args, credits)?;
    if session.printer.style().json {
        session.printer.json(&document(args, &findings, budget));
    } else if args.csv {
        records(session, &findings);
    } else {
        show(args, session, &findings);
    }
    let differs = findings.verdict() == Verdict::Different || findings.basis == Basis::Nothing;
    let audit = if differs { ExitClass::Contract } else { ExitClass::Done };
    Ok(ExitClass::combine([audit, Budget::judge(budget, args.days, session)], true))
}

/// One look at everything.
async fn look(
    args: &Args,
    session: &Session,
    client: &Client,
    ledger: &Ledger,
) -> Result<(Findings, Option<Credits>), Failure> {
    let waiting = session.says_waiting();
    let call = || Call { on_retry: &waiting, ..Call::plain() };
    let events = client.usage_events(EVENTS, call()).await?;
    let summary = client.usage_summary(args.days, call()).await?;
    // Only attempts without an estimate need them, and then it is said that they are unpriced.
    let prices = client.pricing(call()).await.ok();
    let print = client.fingerprint().unwrap_or_else(|| Fingerprint(String::new()));
    let key = KeyId { origin: client.origin().to_owned(), print };
    let since = since(args, session);
    let named: Vec<JobId> = events.events.iter().filter_map(|event| event.job.clone()).collect();
    let attempts = attempts(ledger, &key, since.before(EDGE), &named)?;
    let findings = reconcile(&Books {
        attempts: &attempts,
        key: &key,
        events: &events,
        asked: EVENTS as usize,
        summary: &summary,
        prices: prices.as_ref(),
        since,
        now: session.env.clock.wall(),
    });
    Ok((findings, used(&summary)))
}

fn attempts(
    ledger: &Ledger,
    key: &KeyId,
    since: Timestamp,
    named: &[JobId],
) -> Result<Vec<Spent>, Failure> {
    let mut all = ledger.spending(since)?;
    all.retain(|attempt| attempt.key.origin == key.origin);
    let mut older = ledger.spending_of_jobs(&key.origin, named)?;
    older.retain(|attempt| attempt.at < since);
    older.sort_by_key(|attempt| attempt.task);
    older.dedup_by_key(|attempt| attempt.task);
    all.extend(older);
    Ok(all)
}

fn words(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::NotOurs => "charged, and not in this ledger",
        Wrong::NotStarted => "charged, and never started from here",
        Wrong::NotCharged => "completed, and not charged",
        Wrong::Twice => "charged more than once",
        Wrong::OtherAmount => "charged another amount",
        Wrong::OtherTotal => "another total than our jobs have",
    }
}

fn show(args: &Args, session: &Session, findings: &Findings) {
    let printer = &session.printer;
    if !findings.differences.is_empty() {
        let heads = ["difference", "job", "input", "day", "charged", "expected"];
        let mut table = Table::new(heads).numbers([4, 5]);
        let amount = |credits: Option<Credits>| credits.map(human::credits).unwrap_or_default();
        for difference in &findings.differences {
            table.row([
                Cell::toned(Tone::Bad, words(difference.wrong)),
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
        printer.data(&format!("remark: {remark}"));
    }
    for unchecked in &findings.unchecked {
        printer.data(&format!("not checked: {unchecked}"));
    }
    printer.data(&verdict(args, findings));
    if let Some(job) = findings.differences.iter().find_map(|difference| difference.job.as_ref()) {
        printer.note(&format!("what happened to a job: rbgv logs {job}"));
    }
}

fn verdict(args: &Args, findings: &Findings) -> String {
    let charges = human::counted(findings.matched as u64, "charged job", "charged jobs");
    let days = human::counted(u64::from(args.days), "day", "days");
    let credits = human::credits(findings.credits);
    match (findings.verdict(), findings.basis) {
        (Verdict::Matched, _) => format!(
            "all matched: {charges} in the last {days}, {credits}, each in this ledger, and each \
             completed job charged once"
        ),
        (Verdict::Different, _) => format!(
            "{}; {charges} matched, {credits}",
            human::counted(findings.differences.len() as u64, "difference", "differences")
        ),
        (Verdict::Unproven, Basis::Nothing) => {
            "nothing could be checked: the answers hold no figures that could be compared"
                .to_owned()
        }
        (Verdict::Unproven, Basis::Charges | Basis::ChargesAndDays) => format!(
            "no difference in what could be checked ({charges}, {credits}), which is not \
             everything: see above"
        ),
        (Verdict::Unproven, Basis::Days | Basis::Total) => {
            "no difference in the totals; single charges could not be checked".to_owned()
        }
    }
}

fn records(session: &Session, findings: &Findings) {
    let amount = |credits: Option<Credits>| super::field(credits.map(|credits| rounded(credits.0)));
    let rows = findings.differences.iter().map(|difference| {
        vec![
            difference.wrong.as_str().to_owned(),
            super::field(difference.job.as_ref()),
            super::field(difference.input.as_ref()),
            super::field(difference.day.as_ref()),
            amount(difference.charged),
            amount(difference.expected),
        ]
    });
    print_csv(session, &["difference", "job", "input", "day", "charged", "expected"], rows);
    for unchecked in &findings.unchecked {
        session.printer.warn(&format!("not checked: {unchecked}"));
    }
}

fn document(args: &Args, findings: &Findings, budget: Option<Budget>) -> Value {
    let difference = |difference: &Difference| {
        json!({
            "difference": difference.wrong.as_str(),
            "job": difference.job.as_ref().map(|job| &job.0),
            "input": difference.input,
            "day": difference.day,
            "charged": difference.charged.map(json::credits),
            "expected": difference.expected.map(json::credits),
        })
    };
    json!({
        "verdict": findings.verdict().as_str(),
        "basis": findings.basis.as_str(),
        "days": args.days,
        "matched": findings.matched,
        "matched_credits": json::credits(findings.credits),
        "differences": findings.differences.iter().map(difference).collect::<Vec<_>>(),
        "unchecked": findings.unchecked,
        "remarks": findings.remarks,
        "budget": budget.map(Budget::json),
    })
}
